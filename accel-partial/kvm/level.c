/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What KVM and the vCPUs have to be told when takeover= changes. */

#include "qemu/osdep.h"
#include "system/kvm.h"
#include "../vt.h"
#include "accel.h"
#include "level.h"
#include "posted.h"
#include "vcpu.h"
#include "watchdog.h"

static void start_bursts(CPUState *cpu, run_on_cpu_data unused)
{
    partial_vcpu_start_bursts(cpu);
}

void partial_level_apply(void)
{
    PartialState *s = PARTIAL_ACCEL(kvm_state);
    bool failures = partial_config->level >= PARTIAL_FAILURES;
    CPUState *cpu;

    /* Without it a program gets #UD for what KVM's emulator does not know. */
    s->facts.reports_failures =
        kvm_vm_enable_cap(kvm_state, KVM_CAP_EXIT_ON_EMULATION_FAILURE, 0,
                          (int)failures) == 0 && failures;
    if (failures && partial_mixed()) {
        partial_watchdog_start();
    }
    if (partial_config->level < PARTIAL_BURSTS) {
        partial_posted_resume();
    }
    CPU_FOREACH(cpu) {
        run_on_cpu(cpu, start_bursts, RUN_ON_CPU_NULL);
    }
}
