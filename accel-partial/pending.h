/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts that wait in KVM's own controllers while TCG has the vCPU. */
#ifndef ACCEL_PARTIAL_PENDING_H
#define ACCEL_PARTIAL_PENDING_H

#include "hw/core/cpu.h"

/**
 * partial_pending_interrupt: whether KVM would interrupt the guest now
 * @cpu: the vCPU, in a burst window
 *
 * Costs up to four ioctls where KVM has the LAPIC, nothing where QEMU has it:
 * then the interrupt ends the window by itself.  In doubt the answer is yes,
 * but for a tick that waited before the window for longer than burst-us, as in
 * a REP that KVM makes: it may be late by a period.
 * Context: the vCPU's thread.
 */
bool partial_pending_interrupt(CPUState *cpu);

#endif
