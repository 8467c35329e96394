/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSRs that QEMU gives to KVM at a reset only. */

#include "qemu/osdep.h"
#include "kvm/kvm_i386.h"
#include "system/kvm.h"
#include "cpu.h"
#include "msr.h"

/* Memory types (SDM vol. 4, table 2-2); all else travels with a hand-over. */
static bool stays_behind(uint32_t index)
{
    return (index >= MSR_MTRRphysBase(0) &&
            index <= MSR_MTRRphysMask(MSR_MTRRcap_VCNT - 1)) ||
           index == MSR_MTRRfix64K_00000 || index == MSR_MTRRfix16K_80000 ||
           index == MSR_MTRRfix16K_A0000 ||
           (index >= MSR_MTRRfix4K_C0000 && index <= MSR_MTRRfix4K_F8000) ||
           index == MSR_MTRRdefType;
}

void partial_msr_written(CPUState *cpu, uint32_t index)
{
    const CPUX86State *env = cpu_env(cpu);
    struct {
        struct kvm_msrs info;
        struct kvm_msr_entry entries[1];
    } msrs = {
        .info.nmsrs = 1, .entries[0].index = index,
        .entries[0].data = (uint64_t)env->regs[R_EDX] << 32 |
                           (uint32_t)env->regs[R_EAX],
    };

    if (stays_behind(index)) {
        /* KVM may refuse what a CPU would not take either; TCG takes it. */
        kvm_vcpu_ioctl(cpu, KVM_SET_MSRS, &msrs);
    }
}
