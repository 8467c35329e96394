/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers that KVM and TCG keep in different ways. */
#ifndef ACCEL_PARTIAL_KVM_REGS_H
#define ACCEL_PARTIAL_KVM_REGS_H

#include "cpu.h"

/* Its vCPU's thread's own. */
typedef struct PartialRegs {
    int64_t tsc_delta;         /* TSC less IA32_TSC_ADJUST and the host's */
    bool tsc_valid;
    bool fpu_by_number;        /* env->fpregs are in TCG's order */
    uint64_t bases[5];         /* addresses as VT had them in registers */
} PartialRegs;

/**
 * partial_elapsed_ticks: the TSC as the guest sees it, for TCG
 *
 * Agrees with KVM's where both engines run the guest; QEMU's own elsewhere.
 */
int64_t partial_elapsed_ticks(void);

/**
 * partial_regs_learn_tsc: note how far the guest's TSC is from the host's
 * @cpu: the vCPU, right after env->tsc was read from KVM
 */
void partial_regs_learn_tsc(CPUState *cpu);

/**
 * partial_regs_fpu_take: env's FPU, as KVM gave it, becomes what TCG expects
 * @cpu: the vCPU
 */
void partial_regs_fpu_take(CPUState *cpu);

/**
 * partial_regs_fpu_is_kvms: env's FPU is not TCG's any more
 * @cpu: the vCPU; KVM has the registers, env's are not used
 */
void partial_regs_fpu_is_kvms(CPUState *cpu);

/**
 * partial_regs_forget: a reset or loadvm has replaced the state
 * @cpu: the vCPU, in its thread
 */
void partial_regs_forget(CPUState *cpu);

/**
 * partial_regs_fpu_give: env's FPU becomes what KVM expects
 * @cpu: the vCPU
 */
void partial_regs_fpu_give(CPUState *cpu);

/**
 * partial_regs_make_acceptable: replace values that KVM would refuse
 * @cpu: the vCPU, whose registers are TCG's
 */
void partial_regs_make_acceptable(CPUState *cpu);

/**
 * partial_regs_note_bases: remember the addresses that VT had in registers
 * @cpu: the vCPU, whose registers are VT's
 *
 * partial_regs_make_acceptable() leaves those alone that did not change.
 */
void partial_regs_note_bases(CPUState *cpu);

#endif
