/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a LAPIC's periodic timer has last expired, from its count alone.
 *
 * Pure C: it knows no KVM and no QEMU, and asks no clock.
 */
#ifndef ACCEL_PARTIAL_TICK_H
#define ACCEL_PARTIAL_TICK_H

#include <stdbool.h>
#include <stdint.h>

/* The timer's registers (SDM vol. 3A, 12.5.4). */
typedef struct TickCount {
    uint32_t initial;
    uint32_t current;
    uint32_t divide;        /* the divide configuration register */
} TickCount;

/**
 * partial_tick_expired: whether a periodic timer has expired recently
 * @c: its registers, with a clock that takes 1 ns for each count, as KVM's does
 * @now: when they were read, in ns
 * @since: an expiry before that is no news, in ns
 * @last: the last expiry that was told of, in ns; updated if the answer is yes
 *
 * An expiry is told of once.  Where the count cannot be trusted the answer is
 * yes.  Were the clock slower than said, it would be yes too often.
 */
bool partial_tick_expired(const TickCount *c, int64_t now, int64_t since,
                          int64_t *last);

#endif
