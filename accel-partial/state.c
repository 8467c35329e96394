/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vCPU's state on its way between KVM and TCG. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "exec/exec-all.h"
#include "exec/cputlb.h"
#include "hw/i386/apic.h"
#include "kvm/kvm_i386.h"
#include "system/cpu-timers.h"
#include "system/kvm.h"
#include "partial.h"
#include "events.h"
#include "light.h"
#include "state.h"

/* More ticks than any read takes: some milliseconds. */
#define TSC_STEP (16 * 1000 * 1000)

/*
 * KVM reads its TSC inside the ioctl and the host's is read after it, so each
 * estimate is a little low; the largest seen is the best, and time never runs
 * backwards across a hand-over.
 */
void partial_state_learn_tsc(CPUState *cpu)
{
    const CPUX86State *env = cpu_env(cpu);
    AccelCPUState *acc = cpu->accel;
    int64_t delta = (int64_t)env->tsc - cpu_get_host_ticks();

    /* Far below what was learnt the guest has set its TSC back. */
    if (!acc->tsc_valid || delta > acc->tsc_delta ||
        acc->tsc_delta - delta > TSC_STEP) {
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

void partial_state_fpu_take(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    fpu_for_tcg(cpu->accel, env);
    update_fp_status(env);
    update_mxcsr_status(env);
}

void partial_state_fpu_give(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    update_mxcsr_from_sse_status(env);
    env->mxcsr &= 0xffff;
    fpu_for_kvm(cpu->accel, env);
    /* TCG does not track which parts it changed: KVM must load them all. */
    env->xstate_bv |= env->xcr0 | XSTATE_FP_MASK | XSTATE_SSE_MASK;
}

/* Flags that TCG derives from registers and keeps beside them. */
void partial_state_derive_flags(CPUX86State *env)
{
    target_ulong dr7 = env->dr[7];

    env->hflags &= ~PARTIAL_HFLAGS_IN_EFLAGS;
    cpu_load_efer(env, env->efer);
    cpu_x86_update_cr4(env, env->cr[4]);
    cpu_breakpoint_remove_all(env_cpu(env), BP_CPU);
    cpu_watchpoint_remove_all(env_cpu(env), BP_CPU);
    memset(env->cpu_breakpoint, 0, sizeof(env->cpu_breakpoint));
    env->dr[7] = dr7 & ~(DR7_GLOBAL_BP_MASK | DR7_LOCAL_BP_MASK);
    cpu_x86_update_dr7(env, dr7);
}

/*
 * QEMU's own APIC keeps INIT and SMI in interrupt_request, from where reading
 * KVM's events would drop them.
 */
static void read_kvm(CPUState *cpu)
{
    uint32_t own = kvm_irqchip_in_kernel() ? 0 : cpu->interrupt_request &
                   (CPU_INTERRUPT_INIT | CPU_INTERRUPT_SMI);

    partial_light_flush(cpu);
    kvm_cpu_synchronize_state(cpu);
    cpu->interrupt_request |= own;
    cpu->accel->stats.syncs++;
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
        partial_state_learn_tsc(cpu);
    }
    partial_state_fpu_take(cpu);
    partial_state_derive_flags(env);
    partial_events_take(cpu);
    cpu->cflags_next_tb = -1;
    /* VT may have changed any translation, with or without an INVLPG. */
    tlb_flush(cpu);
    cpu->accel->light.keeps_walks = false;
    return true;
}

#ifdef TARGET_X86_64
static uint64_t canonical(const CPUX86State *env, uint64_t address)
{
    int unused = env->cr[4] & CR4_LA57_MASK ? 7 : 16;

    return (int64_t)(address << unused) >> unused;
}
#endif

/*
 * What TCG lets a guest load and KVM refuses, where QEMU would assert or stop:
 * such a value is made one that a CPU can hold.
 */
void partial_state_make_acceptable(CPUX86State *env)
{
    uint32_t type = (env->tr.flags >> DESC_TYPE_SHIFT) & 0xf;
    int i;

#ifdef TARGET_X86_64
    env->segs[R_FS].base = canonical(env, env->segs[R_FS].base);
    env->segs[R_GS].base = canonical(env, env->segs[R_GS].base);
    env->kernelgsbase = canonical(env, env->kernelgsbase);
    env->lstar = canonical(env, env->lstar);
    env->cstar = canonical(env, env->cstar);
#endif
    env->tsc_aux &= 0xffffffff;
    for (i = 0; i < 64; i += 8) {
        uint8_t memory_type = env->pat >> i;

        /* SDM vol. 3A, 12.12.2: 2, 3 and all above 7 are reserved. */
        if (memory_type > 7 || memory_type == 2 || memory_type == 3) {
            env->pat &= ~(0xffull << i);
        }
    }
    /*
     * VM entry wants segments that have been accessed, as a CPU makes them when
     * they are loaded, and a busy TSS (SDM vol. 3C, 27.3.1.2).  TCG's far jumps
     * and LTR leave both out.
     */
    for (i = 0; i < 6; i++) {
        if (env->segs[i].flags & DESC_P_MASK) {
            env->segs[i].flags |= DESC_A_MASK;
        }
    }
    if (env->tr.flags & DESC_P_MASK && (type == 1 || type == 9)) {
        env->tr.flags |= DESC_TSS_BUSY_MASK;
    }
}

/*
 * Make KVM start with an empty TLB: a bounded window leaves INVLPG and its like
 * to VT, one for a CPU mode does not.  KVM drops what it has derived from the
 * paging registers when one of them changes; the put that follows changes it
 * back.
 */
static void forget_translations(CPUState *cpu)
{
    struct kvm_sregs s;

    if (kvm_vcpu_ioctl(cpu, KVM_GET_SREGS, &s) == 0) {
        s.cr0 ^= CR0_WP_MASK;
        kvm_vcpu_ioctl(cpu, KVM_SET_SREGS, &s);
    }
}

void partial_state_give(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    if (partial_mixed() && !cpu->accel->bounded) {
        forget_translations(cpu);
    }

    /* All flags are in eflags now: let nobody add what TCG last computed. */
    CC_OP = CC_OP_EFLAGS;
    CC_SRC = 0;
    env->df = 1;
    partial_events_give(cpu);
    partial_state_make_acceptable(env);
    partial_state_fpu_give(cpu);
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
