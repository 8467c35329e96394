/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at each KVM exit before KVM's own handler has it. */
#ifndef ACCEL_PARTIAL_EXITS_H
#define ACCEL_PARTIAL_EXITS_H

#include "cpu.h"
#include "../partial.h"
#include <linux/kvm.h>

/* Written by the vCPU's thread. */
typedef struct PartialExits {
    uint64_t count;            /* to user space; atomic */
    PartialReason reason;      /* why TCG is to take over */
    struct {                   /* an access that KVM repeats */
        uint64_t gpa;
        uint32_t count;
        bool armed;
        struct kvm_regs regs;
    } repeat;
} PartialExits;

/**
 * partial_exit: KVM's exit hook
 * @cpu: the vCPU; called by its own thread without the BQL
 * @run: what KVM said
 *
 * Returns: 0 if KVM's handler shall go on, EXCP_PARTIAL if TCG takes over
 */
int partial_exit(CPUState *cpu, struct kvm_run *run);

/**
 * partial_exit_reason: why TCG is to take over
 * @cpu: the vCPU, for which partial_exit() has returned EXCP_PARTIAL
 */
PartialReason partial_exit_reason(CPUState *cpu);

/**
 * partial_exit_count: how often the vCPU has left KVM for user space
 * @cpu: the vCPU; any thread
 */
uint64_t partial_exit_count(CPUState *cpu);

/**
 * partial_exit_check_repeat: whether KVM repeats an access without progress
 * @cpu: the vCPU, after kvm_cpu_exec() completed what was in flight
 *
 * Returns: true if the registers are as they were before the access
 */
bool partial_exit_check_repeat(CPUState *cpu);

/**
 * partial_exit_same_place: whether two sets of registers are of one
 * instruction that was tried again
 * @a: registers
 * @b: the same, later
 *
 * Not a plain comparison: a fault's exit from Intel's VT leaves RFLAGS.RF set,
 * and KVM's emulator clears it when it has tried.
 */
bool partial_exit_same_place(const struct kvm_regs *a,
                             const struct kvm_regs *b);

#endif
