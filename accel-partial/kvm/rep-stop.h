/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM, once it emulates a REP that reads a device's memory, makes its elements
 * one exit after the other and lets go when RCX is a multiple of 1024, however
 * much somebody waits.  So while an element is in flight RCX is made a number
 * at whose end KVM stops, and put right as soon as it has.
 */
#ifndef ACCEL_PARTIAL_REP_STOP_H
#define ACCEL_PARTIAL_REP_STOP_H

#include "hw/core/cpu.h"

/* Its vCPU's thread's own. */
typedef struct PartialRepStop {
    bool armed;
    uint64_t rcx;              /* the guest's */
    uint64_t pretended;
} PartialRepStop;

/**
 * partial_rep_stop_arm: have KVM stop after the element in flight
 * @cpu: the vCPU, at the second exit in a row for the same instruction
 * @count: RCX at the exit before
 *
 * Does nothing unless the exit is for a load, RCX went down by one, and the
 * instruction in memory is a REP that loads.  Registers must be part of what
 * each exit puts into the run page (KVM API, 5. "kvm_valid_regs"), segments
 * part of what this one has put there.
 * Context: the vCPU's thread, before the next KVM_RUN.
 */
void partial_rep_stop_arm(CPUState *cpu, uint64_t count);

/**
 * partial_rep_stop_settle: RCX is the guest's own again
 * @cpu: the vCPU, right after KVM_RUN, whether or not KVM did stop
 *
 * The right value goes to KVM with the next KVM_RUN; whoever lets somebody read
 * registers from KVM before calls partial_light_flush() first.
 * Returns: whether there was something to put right.
 */
bool partial_rep_stop_settle(CPUState *cpu);

/**
 * partial_rep_stop_forget: a reset or loadvm has replaced the registers
 * @cpu: the vCPU, in its thread
 */
void partial_rep_stop_forget(CPUState *cpu);

#endif
