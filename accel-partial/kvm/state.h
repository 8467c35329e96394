/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vCPU's state on its way between KVM and TCG.
 *
 * Both directions run in the vCPU's own thread with the BQL held, at an
 * instruction boundary: an access that KVM has in flight is completed first.
 */
#ifndef ACCEL_PARTIAL_STATE_H
#define ACCEL_PARTIAL_STATE_H

#include "cpu.h"

/* Its vCPU's thread's own. */
typedef struct PartialFullState {
    uint64_t tsc_adjust;       /* as KVM has it */
} PartialFullState;

/**
 * partial_state_take: make env the master copy and ready for TCG
 * @cpu: the vCPU
 *
 * Events that KVM had begun to deliver are left for cpu_exec() to deliver; a
 * #UD that KVM queued for an instruction it could not emulate is taken back
 * (KVM API, KVM_CAP_EXIT_ON_EMULATION_FAILURE).
 * Call partial_light_flush() before.
 * Returns: false if the VM is being stopped, stops as KVM did not give its
 * state, or KVM has the vCPU wait for something
 */
bool partial_state_take(CPUState *cpu);

/**
 * partial_state_give: env goes back to KVM at its next entry
 * @cpu: the vCPU, which has just left cpu_exec()
 * @forget: KVM must not use what it derived from page tables before
 */
void partial_state_give(CPUState *cpu, bool forget);

/**
 * partial_state_reload_root: have KVM tell the CPU again where its tables are
 * @cpu: a vCPU that had a triple fault, which KVM made a reset of
 *
 * On SVM, KVM 6.12 clears the VMCB at a triple fault, nested CR3 included, and
 * writes it again only if paging was on or a control register changes.  Without
 * that the guest walks page tables at address 0 after its reset, for ever.
 * Nothing that the guest sees changes.
 */
void partial_state_reload_root(CPUState *cpu);

/**
 * partial_state_halt_in_kernel: let KVM sleep through a HLT that TCG executed
 * @cpu: a halted vCPU whose interrupt controller is KVM's
 */
void partial_state_halt_in_kernel(CPUState *cpu);

#endif
