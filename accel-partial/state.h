/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vCPU's state on its way between KVM and TCG.
 *
 * Both directions run in the vCPU's own thread with the BQL held, at an
 * instruction boundary: an access that KVM has in flight is completed first.
 */
#ifndef ACCEL_PARTIAL_STATE_H
#define ACCEL_PARTIAL_STATE_H

#include "hw/core/cpu.h"
#include "cpu.h"

/**
 * partial_state_take: make env the master copy and ready for TCG
 * @cpu: the vCPU
 *
 * Events that KVM had begun to deliver are left for cpu_exec() to deliver; a
 * #UD that KVM queued for an instruction it could not emulate is taken back
 * (KVM API, KVM_CAP_EXIT_ON_EMULATION_FAILURE).
 * Returns: false if the VM is being stopped, be it because KVM did not give
 * its state
 */
bool partial_state_take(CPUState *cpu);

/**
 * partial_state_give: env goes back to KVM at its next entry
 * @cpu: the vCPU, which has just left cpu_exec()
 */
void partial_state_give(CPUState *cpu);

/**
 * partial_state_halt_in_kernel: let KVM sleep through a HLT that TCG executed
 * @cpu: a halted vCPU whose interrupt controller is KVM's
 */
void partial_state_halt_in_kernel(CPUState *cpu);

/**
 * partial_elapsed_ticks: the TSC as the guest sees it, for TCG
 *
 * Agrees with KVM's where both engines run the guest; QEMU's own elsewhere.
 */
int64_t partial_elapsed_ticks(void);

/**
 * partial_state_learn_tsc: note how far the guest's TSC is from the host's
 * @cpu: the vCPU, right after env->tsc was read from KVM
 */
void partial_state_learn_tsc(CPUState *cpu);

/**
 * partial_state_fpu_take: env's FPU, as KVM gave it, becomes what TCG expects
 * @cpu: the vCPU
 */
void partial_state_fpu_take(CPUState *cpu);

/**
 * partial_state_fpu_give: env's FPU becomes what KVM expects
 * @cpu: the vCPU
 */
void partial_state_fpu_give(CPUState *cpu);

/* KVM's side of QEMU copies these from eflags; TCG keeps them there alone. */
#define PARTIAL_HFLAGS_IN_EFLAGS (HF_TF_MASK | HF_VM_MASK | HF_IOPL_MASK)

/**
 * partial_state_derive_flags: what TCG keeps beside the registers
 * @env: the vCPU's registers, from KVM
 */
void partial_state_derive_flags(CPUX86State *env);

/**
 * partial_state_derive_breakpoints: let TCG see what DR0 to DR7 say
 * @env: the vCPU's registers; called between blocks
 */
void partial_state_derive_breakpoints(CPUX86State *env);

/**
 * partial_state_make_acceptable: replace values that KVM would refuse
 * @cpu: the vCPU, whose registers are TCG's
 */
void partial_state_make_acceptable(CPUState *cpu);

/**
 * partial_state_note_bases: remember the addresses that VT had in registers
 * @cpu: the vCPU, whose registers are VT's
 *
 * partial_state_make_acceptable() leaves those alone that did not change.
 */
void partial_state_note_bases(CPUState *cpu);

#endif
