/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions, interrupts, NMIs and shadows on their way. */

#include "qemu/osdep.h"
#include "system/kvm.h"
#include "../window.h"
#include "events.h"

void partial_events_drop_ud(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    /* What KVM queued, having nothing better, is not the guest's fault. */
    if (partial_window_reason(cpu) == PARTIAL_REASON_EMULATION &&
        env->exception_nr == EXCP06_ILLOP) {
        env->exception_nr = -1;
        env->exception_injected = 0;
        env->exception_pending = 0;
    }
}

static void forget_events(CPUX86State *env)
{
    env->exception_nr = -1;
    env->exception_injected = 0;
    env->exception_pending = 0;
    env->exception_has_payload = false;
    env->interrupt_injected = -1;
    env->nmi_injected = 0;
}

static void take_exception(CPUX86State *env)
{
    if (env->exception_has_payload && env->exception_pending) {
        if (env->exception_nr == EXCP0E_PAGE) {
            env->cr[2] = env->exception_payload;
        } else if (env->exception_nr == EXCP01_DB) {
            env->dr[6] |= env->exception_payload;
        }
    }
    env->exception_is_int = 0;
    env->exception_next_eip = env->eip;
}

/*
 * A pending NMI stays in KVM through a bounded window.  A window without bound
 * delivers it, and KVM must forget its own copy.
 */
static void take_nmi(CPUState *cpu, CPUX86State *env)
{
    if (env->nmi_injected) {
        env->hflags2 &= ~HF2_NMI_MASK;
        cpu->interrupt_request |= CPU_INTERRUPT_NMI;
    }
    if (env->nmi_pending && !partial_window_is_bounded(cpu)) {
        env->nmi_pending = 0;
        cpu->interrupt_request |= CPU_INTERRUPT_NMI;
    }
}

static void take_shadow(CPUState *cpu, CPUX86State *env)
{
    struct kvm_vcpu_events e;

    if (partial_mixed() &&
        kvm_vcpu_ioctl(cpu, KVM_GET_VCPU_EVENTS, &e) == 0 &&
        e.flags & KVM_VCPUEVENT_VALID_SHADOW && e.interrupt.shadow) {
        env->hflags |= HF_INHIBIT_IRQ_MASK;
    } else {
        env->hflags &= ~HF_INHIBIT_IRQ_MASK;
    }
}

void partial_events_take(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    partial_window_set_event(cpu, -1, false);
    if (env->exception_injected || env->exception_pending) {
        take_exception(env);
        partial_window_set_event(cpu, env->exception_nr, false);
    } else if (env->interrupt_injected >= 0 && !env->soft_interrupt) {
        /* A software interrupt's instruction is simply executed again. */
        partial_window_set_event(cpu, env->interrupt_injected, true);
    }
    take_nmi(cpu, env);
    take_shadow(cpu, env);
    forget_events(env);
}

/* A window that closed before its first block still has KVM's event. */
static void give_back_undelivered(CPUState *cpu, CPUX86State *env)
{
    bool is_irq;
    int vector = partial_window_take_event(cpu, &is_irq);

    if (vector < 0 || vector > 255) {
        return;
    }
    if (is_irq) {
        env->interrupt_injected = vector;
        env->soft_interrupt = 0;
    } else if (!env->exception_is_int) {
        env->exception_nr = vector;
        env->exception_injected = 1;
    }
}

static void give_shadow(CPUState *cpu, CPUX86State *env)
{
    struct kvm_vcpu_events e;

    if (kvm_vcpu_ioctl(cpu, KVM_GET_VCPU_EVENTS, &e) < 0) {
        return;
    }
    if (kvm_irqchip_in_kernel() && e.flags & KVM_VCPUEVENT_VALID_SMM &&
        e.smi.latched_init) {
        /* It came during the window: QEMU's put would erase it. */
        cpu->interrupt_request |= CPU_INTERRUPT_INIT;
    }
    e.flags = KVM_VCPUEVENT_VALID_SHADOW;
    e.interrupt.shadow = 0;
    if (env->hflags & HF_INHIBIT_IRQ_MASK) {
        e.interrupt.shadow = env->eflags & IF_MASK ? KVM_X86_SHADOW_INT_STI
                                                   : KVM_X86_SHADOW_INT_MOV_SS;
    }
    if (!partial_window_is_bounded(cpu)) {
        e.flags |= KVM_VCPUEVENT_VALID_NMI_PENDING;
        e.nmi.pending = 0;
    }
    kvm_vcpu_ioctl(cpu, KVM_SET_VCPU_EVENTS, &e);
}

/*
 * KVM said at its last exit whether it could take an interrupt; that was before
 * the window.  A stale "no" lets the guest run an instruction first, which may
 * be the CLI after its HLT.
 */
static void give_readiness(CPUState *cpu, CPUX86State *env)
{
    cpu->kvm_run->ready_for_interrupt_injection =
        env->eflags & IF_MASK && !(env->hflags & HF_INHIBIT_IRQ_MASK) &&
        env->interrupt_injected < 0 && !env->exception_injected;
}

void partial_events_give(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    give_back_undelivered(cpu, env);
    give_readiness(cpu, env);
    env->old_exception = -1;
    if (partial_mixed()) {
        give_shadow(cpu, env);
    }
    env->hflags &= ~HF_INHIBIT_IRQ_MASK;
}
