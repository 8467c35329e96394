/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions, interrupts, NMIs and shadows on their way between KVM and TCG
 * (KVM API, KVM_GET_VCPU_EVENTS).
 *
 * Both directions run in the vCPU's own thread with the BQL held.
 */
#ifndef ACCEL_PARTIAL_EVENTS_H
#define ACCEL_PARTIAL_EVENTS_H

#include "hw/core/cpu.h"

/**
 * partial_events_drop_ud: take back the #UD that KVM queued
 * @cpu: a vCPU with an instruction that KVM could not emulate
 */
void partial_events_drop_ud(CPUState *cpu);

/**
 * partial_events_take: leave to cpu_exec() what KVM had begun to deliver
 * @cpu: the vCPU, its state in env
 */
void partial_events_take(CPUState *cpu);

/**
 * partial_events_give: the reverse, before KVM runs the vCPU again
 * @cpu: the vCPU, which has left cpu_exec()
 *
 * Carries the interrupt shadow, which QEMU does not, and an event that TCG did
 * not come to deliver.
 */
void partial_events_give(CPUState *cpu);

#endif
