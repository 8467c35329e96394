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

void partial_stats_burst(CPUState *cpu, uint32_t accesses)
{
    PartialStats *st = &cpu->accel->stats;
    unsigned bucket = accesses ? 32 - clz32(accesses) : 0;

    st->burst_length[MIN(bucket, PARTIAL_LENGTHS - 1)]++;
    st->burst_accesses += accesses;
}
