/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts that wait in KVM's own controllers while TCG has the vCPU. */
#ifndef ACCEL_PARTIAL_PENDING_H
#define ACCEL_PARTIAL_PENDING_H

#include "hw/core/cpu.h"

/* Its vCPU's thread's own. */
typedef struct PartialPending {
    int64_t tick;              /* of the LAPIC's timer, that ended a window */
} PartialPending;

/**
 * partial_pending_interrupt: whether KVM would interrupt the guest now
 * @cpu: the vCPU, in a burst window
 * @since: an expiry of a periodic timer before that is no news, in ns
 *
 * Costs up to four ioctls where KVM has the LAPIC, nothing where QEMU has it:
 * then the interrupt ends the window by itself.  In doubt the answer is yes,
 * but for a tick from before @since, as in a REP that KVM makes: it may be late
 * by a period.
 * Context: the vCPU's thread.
 */
bool partial_pending_interrupt(CPUState *cpu, int64_t since);

#endif
