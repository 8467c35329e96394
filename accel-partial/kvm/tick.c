/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The expiries of a periodic timer (SDM vol. 3A, 12.5.4). */

#include "tick.h"

/* Readings of one expiry differ by less; the shortest period is longer. */
#define SAME_TICK_NS 100000

/* By how much the timer's clock is divided, as a power of two. */
static unsigned divider(uint32_t divide)
{
    return ((divide & 3) + (divide >> 1 & 4) + 1) & 7;
}

bool partial_tick_expired(const TickCount *c, int64_t now, int64_t since,
                          int64_t *last)
{
    int64_t at;

    if (!c->initial || !c->current || c->current > c->initial) {
        /* An old KVM may say 0, whatever the count is. */
        return c->initial;
    }
    at = now - ((int64_t)(c->initial - c->current) << divider(c->divide));
    if (at < since ||
        (at > *last - SAME_TICK_NS && at < *last + SAME_TICK_NS)) {
        return false;
    }
    *last = at;
    return true;
}
