/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vCPU's state on its way between KVM and TCG. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "exec/exec-all.h"
#include "exec/cputlb.h"
#include "hw/i386/apic.h"
#include "kvm/kvm_i386.h"
#include <linux/kvm.h>
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
    int64_t delta = (int64_t)(env->tsc - env->tsc_adjust) -
                    cpu_get_host_ticks();

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
    env->hflags &= ~PARTIAL_HFLAGS_IN_EFLAGS;
    cpu_load_efer(env, env->efer);
    cpu_x86_update_cr4(env, env->cr[4]);
    partial_state_derive_breakpoints(env);
}

void partial_state_derive_breakpoints(CPUX86State *env)
{
    target_ulong dr7 = env->dr[7];

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
    cpu->accel->tsc_adjust = env->tsc_adjust;
    partial_state_note_bases(cpu);
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
/* Registers that hold a canonical address. */
static uint64_t *base_of(CPUX86State *env, unsigned i)
{
    uint64_t *const base[] = {
        &env->segs[R_FS].base, &env->segs[R_GS].base, &env->kernelgsbase,
        &env->lstar, &env->cstar,
    };

    QEMU_BUILD_BUG_ON(ARRAY_SIZE(base) !=
                      ARRAY_SIZE(((AccelCPUState *)0)->bases));
    return base[i];
}

static uint64_t canonical(CPUX86State *env, uint64_t address)
{
    unsigned unused = 64 - cpu_x86_virtual_addr_width(env);

    return (int64_t)(address << unused) >> unused;
}
#endif

void partial_state_note_bases(CPUState *cpu)
{
#ifdef TARGET_X86_64
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(cpu->accel->bases); i++) {
        cpu->accel->bases[i] = *base_of(cpu_env(cpu), i);
    }
#endif
}

/* What VT had stays as it was: KVM may hold more bits than CPUID shows. */
static void make_bases_acceptable(AccelCPUState *acc, CPUX86State *env)
{
#ifdef TARGET_X86_64
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(acc->bases); i++) {
        uint64_t *base = base_of(env, i);

        if (*base != acc->bases[i]) {
            *base = canonical(env, *base);
        }
    }
#endif
}

/*
 * RSM loads control registers from memory as they are there.  A CPU would shut
 * down for what KVM refuses (SDM vol. 3C, 32.4.1); here it goes on with less.
 */
static void make_control_acceptable(CPUX86State *env)
{
    bool paging = env->cr[0] & CR0_PG_MASK && env->cr[0] & CR0_PE_MASK;

    env->cr[0] = (uint32_t)env->cr[0];
    if (!paging) {
        env->cr[0] &= ~(uint64_t)CR0_PG_MASK;
    }
    if (!(env->cr[0] & CR0_CD_MASK)) {
        env->cr[0] &= ~(uint64_t)CR0_NW_MASK;
    }
    env->cr[4] &= ~cr4_reserved_bits(env);
    if (paging && env->efer & MSR_EFER_LME) {
        env->efer |= MSR_EFER_LMA;
        env->cr[4] |= CR4_PAE_MASK;
        env->cr[3] &= MAKE_64BIT_MASK(0, env_archcpu(env)->phys_bits);
    } else {
        env->efer &= ~(uint64_t)MSR_EFER_LMA;
    }
}

/*
 * What TCG lets a guest load and KVM refuses, where QEMU would assert or stop:
 * such a value is made one that a CPU can hold.
 */
void partial_state_make_acceptable(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);
    uint32_t type = (env->tr.flags >> DESC_TYPE_SHIFT) & 0xf;
    int i;

    make_bases_acceptable(cpu->accel, env);
    if (!cpu->accel->bounded) {
        make_control_acceptable(env);
    }
    if (!(env->efer & MSR_EFER_LMA)) {
        /* A CPU ignores it there. */
        env->segs[R_CS].flags &= ~DESC_L_MASK;
    }
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

void partial_state_give(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    if (partial_mixed()) {
        if (!cpu->accel->bounded || cpu->accel->mmu_changed) {
            forget_translations(cpu);
        }
        move_tsc(cpu, env->tsc_adjust - cpu->accel->tsc_adjust);
    }

    /* All flags are in eflags now: let nobody add what TCG last computed. */
    CC_OP = CC_OP_EFLAGS;
    CC_SRC = 0;
    env->df = 1;
    partial_events_give(cpu);
    partial_state_make_acceptable(cpu);
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
