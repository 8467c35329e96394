/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vCPU's state on its way between KVM and TCG. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "exec/exec-all.h"
#include "exec/cputlb.h"
#include "hw/i386/apic.h"
#include "kvm/kvm_i386.h"
#include "system/cpu-timers.h"
#include "system/kvm.h"
#include "system/runstate.h"
#include "partial.h"
#include "state.h"

/*
 * KVM reads its TSC inside the ioctl and the host's is read after it, so each
 * estimate is a little low; the largest seen is the best, and time never runs
 * backwards across a hand-over.
 */
static void learn_tsc(AccelCPUState *acc, const CPUX86State *env)
{
    int64_t delta = (int64_t)env->tsc - cpu_get_host_ticks();

    if (!acc->tsc_valid || delta > acc->tsc_delta) {
        acc->tsc_delta = delta;
        acc->tsc_valid = true;
    }
}

int64_t partial_elapsed_ticks(void)
{
    AccelCPUState *acc = current_cpu ? current_cpu->accel : NULL;

    if (acc && acc->in_window && acc->tsc_valid) {
        return cpu_get_host_ticks() + acc->tsc_delta;
    }
    return cpu_get_ticks();
}

/*
 * KVM's registers arrive as FXSAVE stores them, ST(0) first; TCG keeps them by
 * register number (SDM vol. 1, 8.1.2 and 10.5.1.1).
 */
static void rotate_fpu(CPUX86State *env, unsigned by)
{
    FPReg regs[8];
    unsigned i;

    if (by % 8 == 0) {
        return;
    }
    memcpy(regs, env->fpregs, sizeof(regs));
    for (i = 0; i < 8; i++) {
        env->fpregs[(i + by) % 8] = regs[i];
    }
}

static void fpu_for_tcg(AccelCPUState *acc, CPUX86State *env)
{
    if (!acc->fpu_by_number && partial_mixed()) {
        rotate_fpu(env, env->fpstt);
        acc->fpu_by_number = true;
    }
}

static void fpu_for_kvm(AccelCPUState *acc, CPUX86State *env)
{
    if (acc->fpu_by_number) {
        rotate_fpu(env, 8 - env->fpstt);
        acc->fpu_by_number = false;
    }
}

/* Flags that TCG derives from registers and keeps beside them. */
static void derive_flags(CPUX86State *env)
{
    target_ulong dr7 = env->dr[7];

    cpu_load_efer(env, env->efer);
    cpu_x86_update_cr4(env, env->cr[4]);
    cpu_breakpoint_remove_all(env_cpu(env), BP_CPU);
    cpu_watchpoint_remove_all(env_cpu(env), BP_CPU);
    env->dr[7] = dr7 & ~(DR7_GLOBAL_BP_MASK | DR7_LOCAL_BP_MASK);
    cpu_x86_update_dr7(env, dr7);
}

/* What KVM queued for want of anything better is not the guest's fault. */
static void drop_queued_ud(CPUState *cpu, CPUX86State *env)
{
    if (cpu->accel->reason == PARTIAL_REASON_EMULATION &&
        env->exception_nr == EXCP06_ILLOP) {
        env->exception_nr = -1;
        env->exception_injected = 0;
        env->exception_pending = 0;
    }
}

static void take_exception(CPUState *cpu, CPUX86State *env)
{
    if (env->exception_has_payload && env->exception_pending) {
        if (env->exception_nr == EXCP0E_PAGE) {
            env->cr[2] = env->exception_payload;
        } else if (env->exception_nr == EXCP01_DB) {
            env->dr[6] |= env->exception_payload;
        }
    }
    cpu->exception_index = env->exception_nr;
    env->exception_is_int = 0;
    env->exception_next_eip = env->eip;
}

static void take_events(CPUState *cpu, CPUX86State *env)
{
    cpu->exception_index = -1;
    cpu->accel->event_is_irq = false;
    if (env->exception_injected || env->exception_pending) {
        take_exception(cpu, env);
    } else if (env->interrupt_injected >= 0 && !env->soft_interrupt) {
        /* A software interrupt's instruction is simply executed again. */
        cpu->exception_index = env->interrupt_injected;
        cpu->accel->event_is_irq = true;
    }
    if (env->nmi_injected || env->nmi_pending) {
        if (env->nmi_injected) {
            env->hflags2 &= ~HF2_NMI_MASK;
        }
        cpu->interrupt_request |= CPU_INTERRUPT_NMI;
    }
    env->exception_nr = -1;
    env->exception_injected = 0;
    env->exception_pending = 0;
    env->exception_has_payload = false;
    env->interrupt_injected = -1;
    env->nmi_injected = 0;
    env->nmi_pending = 0;
}

bool partial_state_settle(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;
    int level = acc->put_level;
    Error *err = NULL;

    acc->put_level = 0;
    if (!cpu->vcpu_dirty || level <= KVM_PUT_RUNTIME_STATE) {
        return true;
    }
    if (kvm_arch_put_registers(cpu, level, &err) < 0) {
        error_reportf_err(err, "accel partial: KVM does not take the state of "
                          "vCPU %d: ", cpu->cpu_index);
        vm_stop(RUN_STATE_INTERNAL_ERROR);
        return false;
    }
    cpu->vcpu_dirty = false;
    return true;
}

bool partial_state_take(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    /* So that KVM's TSC runs, and TCG's can agree with it. */
    if (partial_mixed() && !partial_state_settle(cpu)) {
        return false;
    }
    if (!cpu->vcpu_dirty) {
        kvm_cpu_synchronize_state(cpu);
        cpu->accel->stats.syncs++;
        drop_queued_ud(cpu, env);
        if (cpu->stop) {
            /* KVM did not give its state, or the VM is being stopped. */
            return false;
        }
        learn_tsc(cpu->accel, env);
    }
    fpu_for_tcg(cpu->accel, env);
    derive_flags(env);
    take_events(cpu, env);
    cpu->cflags_next_tb = -1;
    /* VT may have changed any translation, with or without an INVLPG. */
    tlb_flush(cpu);
    return true;
}

void partial_state_give(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    /* All flags are in eflags now: let nobody add what TCG last computed. */
    CC_OP = CC_OP_EFLAGS;
    CC_SRC = 0;
    env->df = 1;
    env->old_exception = -1;
    cpu->exception_index = -1;
    fpu_for_kvm(cpu->accel, env);
    /* TCG does not track which parts it changed: KVM must load them all. */
    env->xstate_bv |= env->features[FEAT_XSAVE_XCR0_LO] |
                      XSTATE_FP_MASK | XSTATE_SSE_MASK;
}

void partial_state_halt_in_kernel(CPUState *cpu)
{
    struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_HALTED };

    if (!cpu->halted || !kvm_irqchip_in_kernel()) {
        return;
    }
    cpu->halted = 0;
    cpu_env(cpu)->mp_state = KVM_MP_STATE_HALTED;
    if (kvm_vcpu_ioctl(cpu, KVM_SET_MP_STATE, &state) < 0) {
        warn_report_once("accel partial: KVM_SET_MP_STATE failed; "
                         "the guest polls instead of halting");
    }
}
