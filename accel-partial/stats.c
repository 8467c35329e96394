/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of a vCPU, and the clock that says which engine has it. */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "vcpu-state.h"

void partial_stats_enter(CPUState *cpu, PartialEngine engine)
{
    PartialStats *st = &cpu->accel->stats;

    seqlock_write_begin(&st->seq);
    st->times.engine = engine;
    st->times.since = get_clock();
    seqlock_write_end(&st->seq);
}

/* Until @now, if an engine runs. */
static void add_running(PartialTimes *t, int64_t now)
{
    if (t->since) {
        t->ns[t->engine] += MAX(now - t->since, 0);
        t->since = 0;
    }
}

void partial_stats_leave(CPUState *cpu)
{
    PartialStats *st = &cpu->accel->stats;
    int64_t now = get_clock();

    seqlock_write_begin(&st->seq);
    add_running(&st->times, now);
    seqlock_write_end(&st->seq);
}

PartialTimes partial_stats_times(const PartialStats *st)
{
    PartialTimes t;
    unsigned seq;

    do {
        seq = seqlock_read_begin(&st->seq);
        t = st->times;
    } while (seqlock_read_retry(&st->seq, seq));
    add_running(&t, get_clock());
    return t;
}

/* The bucket of a number: 0, 1, 2-3, 4-7, ...; the last has all beyond. */
static unsigned bucket_of(uint64_t n, unsigned buckets)
{
    unsigned bucket = n ? 64 - clz64(n) : 0;

    return MIN(bucket, buckets - 1);
}

void partial_stats_burst(CPUState *cpu, uint32_t accesses, uint32_t saved,
                         uint64_t ns)
{
    PartialStats *st = &cpu->accel->stats;

    st->burst_length[bucket_of(accesses, PARTIAL_LENGTHS)]++;
    st->burst_ns[bucket_of(ns, PARTIAL_DURATIONS)]++;
    st->burst_accesses += accesses;
    st->exits_saved += saved;
}

/* All counters come before the times. */
#define COUNTERS (offsetof(PartialStats, times) / sizeof(uint64_t))

void partial_stats_add(PartialStats *sum, const PartialStats *stats)
{
    PartialTimes times = partial_stats_times(stats);
    const uint64_t *from = (const uint64_t *)stats;
    uint64_t *to = (uint64_t *)sum;
    size_t i;

    for (i = 0; i < COUNTERS; i++) {
        to[i] += from[i];
    }
    for (i = 0; i < PARTIAL_ENGINE__MAX; i++) {
        sum->times.ns[i] += times.ns[i];
    }
}

void partial_stats_reset(CPUState *cpu)
{
    PartialStats *st = &cpu->accel->stats;

    memset(st, 0, offsetof(PartialStats, times));
    seqlock_write_begin(&st->seq);
    memset(st->times.ns, 0, sizeof(st->times.ns));
    seqlock_write_end(&st->seq);
}
