/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers that KVM and TCG keep in different ways. */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "exec/exec-all.h"
#include "system/cpu-timers.h"
#include "tcg/helper-tcg.h"
#include "../env.h"
#include "../vcpu-state.h"
#include "vt-cpu.h"

/* More ticks than any read takes: some milliseconds. */
#define TSC_STEP (16 * 1000 * 1000)

/*
 * KVM reads its TSC inside the ioctl and the host's is read after it, so each
 * estimate is a little low; the largest seen is the best, and time never runs
 * backwards across a hand-over.
 */
void partial_regs_learn_tsc(CPUState *cpu)
{
    const CPUX86State *env = cpu_env(cpu);
    PartialRegs *r = &cpu->accel->vt->regs;
    int64_t delta = (int64_t)(env->tsc - env->tsc_adjust) -
                    cpu_get_host_ticks();

    /* Far below what was learnt the guest has set its TSC back. */
    if (!r->tsc_valid || delta > r->tsc_delta ||
        r->tsc_delta - delta > TSC_STEP) {
        r->tsc_delta = delta;
        r->tsc_valid = true;
    }
}

int64_t partial_elapsed_ticks(void)
{
    CPUState *cpu = current_cpu;

    if (cpu && cpu->accel && partial_window_is_open(cpu) &&
        cpu->accel->vt->regs.tsc_valid) {
        return cpu_get_host_ticks() + cpu->accel->vt->regs.tsc_delta;
    }
    return cpu_get_ticks();
}

static void fpu_for_tcg(PartialRegs *r, CPUX86State *env)
{
    if (!r->fpu_by_number && partial_mixed()) {
        partial_env_rotate_fpu(env, env->fpstt);
        r->fpu_by_number = true;
    }
}

static void fpu_for_kvm(PartialRegs *r, CPUX86State *env)
{
    if (r->fpu_by_number) {
        partial_env_rotate_fpu(env, 8 - env->fpstt);
        r->fpu_by_number = false;
    }
}

void partial_regs_fpu_take(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    fpu_for_tcg(&cpu->accel->vt->regs, env);
    update_fp_status(env);
    update_mxcsr_status(env);
}

void partial_regs_fpu_is_kvms(CPUState *cpu)
{
    cpu->accel->vt->regs.fpu_by_number = false;
}

void partial_regs_forget(CPUState *cpu)
{
    cpu->accel->vt->regs.fpu_by_number = false;
    cpu->accel->vt->regs.tsc_valid = false;
}

void partial_regs_fpu_give(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    update_mxcsr_from_sse_status(env);
    env->mxcsr &= 0xffff;
    fpu_for_kvm(&cpu->accel->vt->regs, env);
    /* TCG does not track which parts it changed: KVM must load them all. */
    env->xstate_bv |= env->xcr0 | XSTATE_FP_MASK | XSTATE_SSE_MASK;
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
                      ARRAY_SIZE(((PartialRegs *)0)->bases));
    return base[i];
}

static uint64_t canonical(CPUX86State *env, uint64_t address)
{
    unsigned unused = 64 - cpu_x86_virtual_addr_width(env);

    return (int64_t)(address << unused) >> unused;
}
#endif

void partial_regs_note_bases(CPUState *cpu)
{
#ifdef TARGET_X86_64
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(cpu->accel->vt->regs.bases); i++) {
        cpu->accel->vt->regs.bases[i] = *base_of(cpu_env(cpu), i);
    }
#endif
}

/* What VT had stays as it was: KVM may hold more bits than CPUID shows. */
static void make_bases_acceptable(PartialRegs *r, CPUX86State *env)
{
#ifdef TARGET_X86_64
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(r->bases); i++) {
        uint64_t *base = base_of(env, i);

        if (*base != r->bases[i]) {
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
void partial_regs_make_acceptable(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);
    int i;

    make_bases_acceptable(&cpu->accel->vt->regs, env);
    if (!partial_window_is_bounded(cpu)) {
        make_control_acceptable(env);
    }
    partial_env_make_enterable(env);
    env->tsc_aux &= 0xffffffff;
    for (i = 0; i < 64; i += 8) {
        uint8_t memory_type = env->pat >> i;

        /* SDM vol. 3A, 12.12.2: 2, 3 and all above 7 are reserved. */
        if (memory_type > 7 || memory_type == 2 || memory_type == 3) {
            env->pat &= ~(0xffull << i);
        }
    }
}
