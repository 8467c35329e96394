/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person reads when neither engine can go on. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "exec/cpu-common.h"
#include "system/runstate.h"
#include "partial.h"
#include "report.h"
#include <linux/kvm.h>

static void print_bytes(GString *s, const uint8_t *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        g_string_append_printf(s, "%s%02x", i ? " " : "", bytes[i]);
    }
}

char *partial_failure_describe(const PartialFailure *f)
{
    GString *s = g_string_new("");

    switch (f->exit_reason) {
    case KVM_EXIT_INTERNAL_ERROR:
        g_string_printf(s, "internal error, suberror %u%s", f->suberror,
                        f->suberror == KVM_INTERNAL_ERROR_EMULATION ?
                        " (emulation failure)" : "");
        break;
    case KVM_EXIT_FAIL_ENTRY:
        g_string_printf(s, "entry failed, hardware error 0x%" PRIx64,
                        f->hardware);
        break;
    case KVM_EXIT_SHUTDOWN:
        g_string_append(s, "shutdown (triple fault)");
        break;
    case 0:
        g_string_append(s, "not asked");
        break;
    default:
        g_string_printf(s, "exit reason %u", f->exit_reason);
    }
    if (f->len) {
        g_string_append(s, ", instruction bytes ");
        print_bytes(s, f->bytes, f->len);
    }
    return g_string_free(s, false);
}

void partial_site_note(const PartialFailure *f, uint64_t rip)
{
    PartialState *s = partial_state;
    unsigned i;

    QEMU_LOCK_GUARD(&s->sites_lock);
    for (i = 0; i < s->nr_sites; i++) {
        if (s->sites[i].rip == rip &&
            !memcmp(&s->sites[i].failure, f, sizeof(*f))) {
            s->sites[i].count++;
            return;
        }
    }
    if (i < ARRAY_SIZE(s->sites)) {
        s->sites[s->nr_sites++] = (PartialSite) {
            .failure = *f, .rip = rip, .count = 1
        };
    }
}

void partial_report(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);
    AccelCPUState *acc = cpu->accel;
    g_autofree char *kvm = partial_failure_describe(&acc->failure);
    g_autoptr(GString) bytes = g_string_new("");
    uint8_t code[15];

    if (cpu_memory_rw_debug(cpu, env->segs[R_CS].base + env->eip, code,
                            sizeof(code), false) == 0) {
        print_bytes(bytes, code, sizeof(code));
    } else {
        g_string_append(bytes, "not readable");
    }
    error_report("accel partial: neither engine can go on; the VM is paused");
    error_printf("  vCPU %d, mode %s, RIP 0x%" PRIx64 " (CS base 0x%" PRIx64
                 ")\n  bytes there: %s\n  KVM: %s\n  TCG: %s\n",
                 cpu->cpu_index, partial_mode_name[partial_mode_of(env)],
                 (uint64_t)env->eip, (uint64_t)env->segs[R_CS].base,
                 bytes->str, kvm,
                 acc->stop == PARTIAL_STOP_NOWHERE ?
                 "there is no memory where this code should be" :
                 "undefined instruction, or one on KVM's own APIC");
    cpu_dump_state(cpu, stderr, CPU_DUMP_FPU | CPU_DUMP_CODE);
    vm_stop(RUN_STATE_INTERNAL_ERROR);
}
