/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at each KVM exit before KVM's own handler has it. */
#ifndef ACCEL_PARTIAL_EXITS_H
#define ACCEL_PARTIAL_EXITS_H

#include "hw/core/cpu.h"

struct kvm_regs;
struct kvm_run;

/**
 * partial_exit: KVM's exit hook
 * @cpu: the vCPU; called by its own thread without the BQL
 * @run: what KVM said
 *
 * Returns: 0 if KVM's handler shall go on, EXCP_PARTIAL if TCG takes over for
 * the reason in @cpu's accel state
 */
int partial_exit(CPUState *cpu, struct kvm_run *run);

/**
 * partial_exit_check_repeat: has an access that KVM repeated come further?
 * @cpu: the vCPU, after kvm_cpu_exec() completed what was in flight
 *
 * Returns: true if not: KVM would repeat it for ever
 */
bool partial_exit_check_repeat(CPUState *cpu);

/**
 * partial_exit_same_place: are these the registers of one instruction, tried
 * again?
 *
 * Not a plain comparison: a fault's exit from Intel's VT leaves RFLAGS.RF set,
 * and KVM's emulator clears it when it has tried.
 */
bool partial_exit_same_place(const struct kvm_regs *a,
                             const struct kvm_regs *b);

#endif
