/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vCPU's thread: run VT, look at the exit, run a window, go back. */
#ifndef ACCEL_PARTIAL_VCPU_H
#define ACCEL_PARTIAL_VCPU_H

#include "hw/core/cpu.h"

/**
 * partial_vcpu_start: create the thread of a vCPU
 * @cpu: a realized vCPU; called with the BQL held
 */
void partial_vcpu_start(CPUState *cpu);

/**
 * partial_cpu_unrealize: the vCPU goes away, its thread has ended
 * @cpu: the vCPU; called with the BQL held
 */
void partial_cpu_unrealize(CPUState *cpu);

/**
 * partial_vcpu_start_bursts: get the vCPU ready for bursts if they are wanted
 * @cpu: the vCPU; called by its own thread with the BQL held
 */
void partial_vcpu_start_bursts(CPUState *cpu);

/**
 * partial_vcpu_kick: make the vCPU's thread look at its events
 * @cpu: the vCPU; any thread, also before its own one exists
 *
 * Both engines are kicked: TCG by a flag, KVM_RUN by a signal.
 */
void partial_vcpu_kick(CPUState *cpu);

/**
 * partial_vcpu_interrupt: raise bits of interrupt_request
 * @cpu: the vCPU
 * @mask: CPU_INTERRUPT_*; called with the BQL held
 */
void partial_vcpu_interrupt(CPUState *cpu, int mask);

#endif
