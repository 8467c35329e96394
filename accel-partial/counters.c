/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters by their names, to be told to people and programs. */

#include "qemu/osdep.h"
#include "counters.h"
#include "vcpu-state.h"

/* Those of one number; others are named after the tables of their reasons. */
static const struct {
    const char *name;
    size_t offset;
} plain[] = {
#define PLAIN(name, field) { name, offsetof(PartialStats, field) }
    PLAIN("blocks", blocks),
    PLAIN("vt-runs", vt_runs),
    PLAIN("syncs", syncs),
    PLAIN("translations", translations),
    PLAIN("code-verified", code_verified),
    PLAIN("code-stale", code_stale),
    PLAIN("table-pages", table_pages),
    PLAIN("table-flushes", table_flushes),
    PLAIN("burst-accesses", burst_accesses),
    PLAIN("exits-saved", exits_saved),
    PLAIN("light-fpu", light_fpu),
    PLAIN("light-tsc", light_tsc),
    PLAIN("irq-checks", irq_checks),
    PLAIN("io-splits", io_splits),
    PLAIN("burst-skips", burst_skips),
    PLAIN("recalled", recalled),
    PLAIN("rep-stops", rep_stops),
#undef PLAIN
};

static const uint64_t *value_of(const PartialStats *st, size_t i)
{
    return (const uint64_t *)((const char *)st + plain[i].offset);
}

static void tell(PartialCounterFn *fn, void *opaque, const char *name,
                 const uint64_t *value, unsigned buckets, bool ns)
{
    PartialCounter counter = {
        .name = name, .value = value, .buckets = buckets, .ns = ns,
    };

    fn(&counter, opaque);
}

static void tell_named(PartialCounterFn *fn, void *opaque, const char *prefix,
                       const char *const *names, const uint64_t *values,
                       unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("%s-%s", prefix, names[i]);

        tell(fn, opaque, name, &values[i], 0, false);
    }
}

void partial_counters_each(CPUState *cpu, PartialCounterFn *fn, void *opaque)
{
    g_autofree PartialStats *sum = g_new0(PartialStats, 1);
    CPUState *one;
    size_t i;

    CPU_FOREACH(one) {
        if (!cpu || one == cpu) {
            partial_stats_add(sum, &one->accel->stats);
        }
    }
    tell_named(fn, opaque, "takeovers", partial_reason_name, sum->takeovers,
               PARTIAL_REASON__MAX);
    tell_named(fn, opaque, "stops", partial_stop_name, sum->stops,
               PARTIAL_STOP__MAX);
    tell(fn, opaque, "burst-length", sum->burst_length, PARTIAL_LENGTHS, false);
    tell(fn, opaque, "burst-ns", sum->burst_ns, PARTIAL_DURATIONS, true);
    tell(fn, opaque, "tcg-ns", &sum->times.ns[PARTIAL_ENGINE_TCG], 0, true);
    tell(fn, opaque, "vt-ns", &sum->times.ns[PARTIAL_ENGINE_VT], 0, true);
    for (i = 0; i < ARRAY_SIZE(plain); i++) {
        tell(fn, opaque, plain[i].name, value_of(sum, i), 0, false);
    }
}

static void reset(CPUState *cpu, run_on_cpu_data unused)
{
    partial_stats_reset(cpu);
    partial_burst_forget_sums(cpu);
}

void partial_counters_reset(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        run_on_cpu(cpu, reset, RUN_ON_CPU_NULL);
    }
}
