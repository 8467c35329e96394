/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters by their names, to be told to people and programs. */
#ifndef ACCEL_PARTIAL_COUNTERS_H
#define ACCEL_PARTIAL_COUNTERS_H

#include "hw/core/cpu.h"

typedef struct PartialCounter {
    const char *name;
    const uint64_t *value;     /* as many as there are buckets; else one */
    unsigned buckets;          /* of a histogram: 0, 1, 2-3, 4-7, ...; or 0 */
    bool ns;                   /* in nanoseconds, its buckets too */
} PartialCounter;

typedef void PartialCounterFn(const PartialCounter *counter, void *opaque);

/**
 * partial_counters_each: tell all counters
 * @cpu: of this vCPU; NULL: of all together
 * @fn: is called for each; the counter is valid during the call
 * @opaque: for @fn
 *
 * Context: the BQL is held.
 */
void partial_counters_each(CPUState *cpu, PartialCounterFn *fn, void *opaque);

/**
 * partial_counters_reset: all counters of all vCPUs begin anew
 *
 * Context: the BQL is held, and given up meanwhile; not a vCPU's thread.
 */
void partial_counters_reset(void);

#endif
