/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of the vCPU's state on its way between KVM and TCG. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "exec/exec-all.h"
#include "exec/cputlb.h"
#include "hw/i386/apic.h"
#include "kvm/kvm_i386.h"
#include <linux/kvm.h>
#include "system/kvm.h"
#include "../env.h"
#include "../vcpu-state.h"
#include "events.h"
#include "vt-cpu.h"

/*
 * QEMU's own APIC keeps INIT and SMI in interrupt_request, from where reading
 * KVM's events would drop them.
 */
static void read_kvm(CPUState *cpu)
{
    uint32_t own = kvm_irqchip_in_kernel() ? 0 : cpu->interrupt_request &
                   (CPU_INTERRUPT_INIT | CPU_INTERRUPT_SMI);

    kvm_cpu_synchronize_state(cpu);
    cpu->interrupt_request |= own;
    PARTIAL_COUNT(cpu, syncs);
}

bool partial_state_take(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    if (!cpu->vcpu_dirty) {
        read_kvm(cpu);
        partial_events_drop_ud(cpu);
        if (cpu->stop || (kvm_irqchip_in_kernel() &&
                          env->mp_state != KVM_MP_STATE_RUNNABLE)) {
            /* KVM did not give its state, or something else comes first. */
            return false;
        }
        partial_regs_learn_tsc(cpu);
    }
    cpu->accel->vt->state.tsc_adjust = env->tsc_adjust;
    partial_regs_note_bases(cpu);
    partial_regs_fpu_take(cpu);
    partial_env_derive_flags(env);
    partial_events_take(cpu);
    cpu->cflags_next_tb = -1;
    /* VT may have changed any translation, with or without an INVLPG. */
    tlb_flush(cpu);
    return true;
}

/*
 * Make KVM start with an empty TLB.  KVM drops what it has derived from the
 * paging registers when one of them changes; the put that follows, or a second
 * call, changes it back.
 */
static void forget_translations(CPUState *cpu)
{
    struct kvm_sregs s;

    if (kvm_vcpu_ioctl(cpu, KVM_GET_SREGS, &s) == 0) {
        s.cr0 ^= CR0_WP_MASK;
        kvm_vcpu_ioctl(cpu, KVM_SET_SREGS, &s);
    }
}

void partial_state_reload_root(CPUState *cpu)
{
    forget_translations(cpu);
    forget_translations(cpu);
}

/*
 * The guest wrote IA32_TSC or IA32_TSC_ADJUST: QEMU's put tells KVM the latter
 * only.  By its offset, since KVM takes small steps of IA32_TSC for a wish that
 * vCPUs agree (KVM's devices/vcpu.rst, KVM_VCPU_TSC_CTRL).
 */
static void move_tsc(CPUState *cpu, uint64_t by)
{
    uint64_t offset;
    struct kvm_device_attr attr = {
        .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
        .addr = (uintptr_t)&offset,
    };

    if (by == 0) {
        return;
    }
    if (kvm_vcpu_ioctl(cpu, KVM_GET_DEVICE_ATTR, &attr) == 0) {
        offset += by;
        if (kvm_vcpu_ioctl(cpu, KVM_SET_DEVICE_ATTR, &attr) == 0) {
            return;
        }
    }
    warn_report_once("accel partial: this KVM cannot move a TSC; the guest's "
                     "write to IA32_TSC has no effect under KVM");
}

void partial_state_give(CPUState *cpu, bool forget)
{
    CPUX86State *env = cpu_env(cpu);

    if (partial_mixed()) {
        if (forget) {
            forget_translations(cpu);
        }
        move_tsc(cpu, env->tsc_adjust - cpu->accel->vt->state.tsc_adjust);
    }

    /* All flags are in eflags now: let nobody add what TCG last computed. */
    CC_OP = CC_OP_EFLAGS;
    CC_SRC = 0;
    env->df = 1;
    partial_events_give(cpu);
    partial_regs_make_acceptable(cpu);
    partial_regs_fpu_give(cpu);
    /* TCG walks from memory: what KVM had loaded may be another CR3's. */
    env->pdptrs_valid = false;
}

void partial_state_halt_in_kernel(CPUState *cpu)
{
    struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_HALTED };

    if (!cpu->halted || !kvm_irqchip_in_kernel()) {
        return;
    }
    cpu->halted = 0;
    if (cpu_env(cpu)->mp_state != KVM_MP_STATE_RUNNABLE) {
        return;
    }
    cpu_env(cpu)->mp_state = KVM_MP_STATE_HALTED;
    if (kvm_vcpu_ioctl(cpu, KVM_SET_MP_STATE, &state) < 0) {
        warn_report_once("accel partial: KVM_SET_MP_STATE failed; "
                         "the guest polls instead of halting");
    }
}
