/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VT failed on, and what a person reads when neither engine can go on. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "exec/cpu-common.h"
#include "system/runstate.h"
#include "vcpu-state.h"
#include "vt.h"

/* A distinct instruction that VT failed on. */
typedef struct Site {
    PartialFailure failure;
    uint64_t rip;
    uint64_t count;
} Site;

static QemuMutex lock;
static Site sites[32];         /* protected by lock */
static unsigned nr_sites;      /* protected by lock */

void partial_report_init(void)
{
    qemu_mutex_init(&lock);
}

void partial_report_bytes(GString *s, const uint8_t *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        g_string_append_printf(s, "%s%02x", i ? " " : "", bytes[i]);
    }
}

void partial_report_failure(CPUState *cpu, const PartialFailure *failure)
{
    cpu->accel->failure = *failure;
}

void partial_report_site(const PartialFailure *failure, uint64_t rip)
{
    unsigned i;

    QEMU_LOCK_GUARD(&lock);
    for (i = 0; i < nr_sites; i++) {
        if (sites[i].rip == rip &&
            !memcmp(&sites[i].failure, failure, sizeof(*failure))) {
            sites[i].count++;
            return;
        }
    }
    if (i < ARRAY_SIZE(sites)) {
        sites[nr_sites++] = (Site) {
            .failure = *failure, .rip = rip, .count = 1
        };
    }
}

void partial_report_each(void (*fn)(uint64_t rip, uint64_t count,
                                    const char *what, void *opaque),
                         void *opaque)
{
    unsigned i;

    QEMU_LOCK_GUARD(&lock);
    for (i = 0; i < nr_sites; i++) {
        g_autofree char *what = partial_vt->describe(&sites[i].failure);

        fn(sites[i].rip, sites[i].count, what, opaque);
    }
}

static void print(uint64_t rip, uint64_t count, const char *what, void *opaque)
{
    g_string_append_printf(opaque, "VT failed %" PRIu64 " times at 0x%" PRIx64
                           ": %s\n", count, rip, what);
}

void partial_report_sites(GString *s)
{
    partial_report_each(print, s);
}

void partial_report(CPUState *cpu, PartialStop stop)
{
    CPUX86State *env = cpu_env(cpu);
    g_autofree char *vt = partial_vt->describe(&cpu->accel->failure);
    g_autoptr(GString) bytes = g_string_new("");
    uint8_t code[15];

    if (cpu_memory_rw_debug(cpu, env->segs[R_CS].base + env->eip, code,
                            sizeof(code), false) == 0) {
        partial_report_bytes(bytes, code, sizeof(code));
    } else {
        g_string_append(bytes, "not readable");
    }
    error_report("accel partial: neither engine can go on; the VM is paused");
    error_printf("  vCPU %d, mode %s, RIP 0x%" PRIx64 " (CS base 0x%" PRIx64
                 ")\n  bytes there: %s\n  %s: %s\n  TCG: %s\n",
                 cpu->cpu_index, partial_mode_name[partial_mode_of(env)],
                 (uint64_t)env->eip, (uint64_t)env->segs[R_CS].base,
                 bytes->str, partial_vt->name, vt,
                 stop == PARTIAL_STOP_NOWHERE ?
                 "there is no memory where this code should be" :
                 "undefined instruction, or one on VT's own APIC");
    cpu_dump_state(cpu, stderr, CPU_DUMP_FPU | CPU_DUMP_CODE);
    vm_stop(RUN_STATE_INTERNAL_ERROR);
}
