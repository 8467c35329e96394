/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters for people and programs: "info partial", query-stats. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-types-stats.h"
#include "hw/core/cpu.h"
#include "monitor/monitor.h"
#include "qapi/type-helpers.h"
#include "system/stats.h"
#include "partial.h"
#include "report.h"
#include "stats.h"
#include <linux/kvm.h>

/* The plain counters; those by reason and stop are named after their tables. */
static const struct {
    const char *name;
    size_t offset;
    bool nanoseconds;
} counter[] = {
#define COUNTER(field, ...) \
    { #field, offsetof(PartialStats, field), ##__VA_ARGS__ }
    COUNTER(blocks),
    COUNTER(tcg_ns, true),
    COUNTER(vt_ns, true),
    COUNTER(vt_runs),
    COUNTER(syncs),
    COUNTER(translations),
    COUNTER(code_verified),
    COUNTER(code_stale),
    COUNTER(table_pages),
    COUNTER(table_flushes),
    COUNTER(burst_accesses),
    COUNTER(light_fpu),
    COUNTER(light_tsc),
    COUNTER(irq_checks),
    COUNTER(io_splits),
    COUNTER(burst_skips),
    COUNTER(rep_stops),
#undef COUNTER
};

static uint64_t value_of(const PartialStats *st, size_t i)
{
    return *(const uint64_t *)((const char *)st + counter[i].offset);
}

typedef void CounterFn(const char *name, uint64_t value, bool ns, void *opaque);

/* One walk over all counters of a vCPU, for every kind of reader. */
static void for_each_counter(const PartialStats *st, CounterFn *fn,
                             void *opaque)
{
    size_t i;

    for (i = 0; i < PARTIAL_REASON__MAX; i++) {
        g_autofree char *name = g_strdup_printf("takeovers-%s",
                                                partial_reason_name[i]);
        fn(name, st->takeovers[i], false, opaque);
    }
    for (i = 0; i < PARTIAL_STOP__MAX; i++) {
        g_autofree char *name = g_strdup_printf("stops-%s",
                                                partial_stop_name[i]);
        fn(name, st->stops[i], false, opaque);
    }
    for (i = 0; i < PARTIAL_LENGTHS; i++) {
        /* by the least number of accesses */
        g_autofree char *name = g_strdup_printf("burst-length-%u",
                                                i ? 1u << (i - 1) : 0);
        fn(name, st->burst_length[i], false, opaque);
    }
    for (i = 0; i < ARRAY_SIZE(counter); i++) {
        g_autofree char *name = g_strdelimit(g_strdup(counter[i].name), "_",
                                             '-');
        fn(name, value_of(st, i), counter[i].nanoseconds, opaque);
    }
}

/* --- query-stats -------------------------------------------------------- */

typedef struct StatsQuery {
    strList *names;
    StatsList *list;
} StatsQuery;

static void add_stat(const char *name, uint64_t value, bool ns, void *opaque)
{
    StatsQuery *q = opaque;
    Stats *stats;

    if (!apply_str_list_filter(name, q->names)) {
        return;
    }
    stats = g_new0(Stats, 1);
    stats->name = g_strdup(name);
    stats->value = g_new0(StatsValue, 1);
    stats->value->type = QTYPE_QNUM;
    stats->value->u.scalar = value;
    QAPI_LIST_PREPEND(q->list, stats);
}

static void query_stats(StatsResultList **result, StatsTarget target,
                        strList *names, strList *targets, Error **errp)
{
    CPUState *cpu;

    if (target != STATS_TARGET_VCPU) {
        return;
    }
    CPU_FOREACH(cpu) {
        g_autofree char *path = object_get_canonical_path(OBJECT(cpu));
        StatsQuery q = { .names = names };

        if (!apply_str_list_filter(path, targets)) {
            continue;
        }
        for_each_counter(&cpu->accel->stats, add_stat, &q);
        add_stats_entry(result, STATS_PROVIDER_PARTIAL, path, q.list);
    }
}

static void add_schema(const char *name, uint64_t value, bool ns, void *opaque)
{
    StatsSchemaValueList **list = opaque;
    StatsSchemaValue *schema = g_new0(StatsSchemaValue, 1);

    schema->name = g_strdup(name);
    schema->type = STATS_TYPE_CUMULATIVE;
    if (ns) {
        schema->has_unit = true;
        schema->unit = STATS_UNIT_SECONDS;
        schema->has_base = true;
        schema->base = 10;
        schema->exponent = -9;
    }
    QAPI_LIST_PREPEND(*list, schema);
}

static void query_schemas(StatsSchemaList **result, Error **errp)
{
    static const PartialStats none;
    StatsSchemaValueList *list = NULL;

    for_each_counter(&none, add_schema, &list);
    add_stats_schema(result, STATS_PROVIDER_PARTIAL, STATS_TARGET_VCPU, list);
}

/* --- info partial ------------------------------------------------------- */

static void print_probe(GString *s)
{
    PartialState *p = partial_state;
    g_autofree char *states = partial_modes_print(p->states);
    int m;

    g_string_append_printf(s, "VT by CPU mode (MIPS, measured in %u us):",
                           p->probe.total_us);
    for (m = 0; m < PARTIAL_MODE__MAX; m++) {
        g_string_append_printf(s, " %s %u", partial_mode_name[m],
                               p->probe.mips[m]);
    }
    g_string_append_printf(s, "\nVT: PIO exit %u ns, %s, CPUID %s, registers "
                           "%s a shutdown, failures at CPL 3 %s\n",
                           p->probe.exit_ns,
                           p->probe.shadows ? "shadows page tables"
                                            : "two-dimensional paging",
                           p->probe.cpuid_honoured ? "as set" : "of the host",
                           p->probe.shutdown_keeps_state ? "survive"
                                                         : "are lost in",
                           p->emulation_exits ? "reported" : "hidden");
    g_string_append_printf(s, "modes that belong to TCG: %s%s\n", states,
                           p->tcg_owns_all ? " (VT runs nothing)" : "");
}

static void print_counter(const char *name, uint64_t value, bool ns,
                          void *opaque)
{
    if (value) {
        g_string_append_printf(opaque, "  %s %" PRIu64 "%s\n", name,
                               ns ? value / 1000 : value, ns ? " us" : "");
    }
}

static void print_sites(GString *s)
{
    PartialState *p = partial_state;
    unsigned i;

    QEMU_LOCK_GUARD(&p->sites_lock);
    for (i = 0; i < p->nr_sites; i++) {
        g_autofree char *what = partial_failure_describe(&p->sites[i].failure);

        g_string_append_printf(s, "VT failed %" PRIu64 " times at 0x%" PRIx64
                               ": %s\n", p->sites[i].count, p->sites[i].rip,
                               what);
    }
}

static HumanReadableText *info_partial(Error **errp)
{
    g_autoptr(GString) s = g_string_new("");
    CPUState *cpu;

    if (!partial_state) {
        error_setg(errp, "The VM does not run with -accel partial");
        return NULL;
    }
    print_probe(s);
    CPU_FOREACH(cpu) {
        AccelCPUState *acc = cpu->accel;

        g_string_append_printf(s, "vCPU %d: %s\n", cpu->cpu_index,
                               acc->in_window ? "in TCG" : "in VT");
        for_each_counter(&acc->stats, print_counter, s);
    }
    print_sites(s);
    return human_readable_text_from_str(s);
}

void partial_stats_register(void)
{
    add_stats_callbacks(STATS_PROVIDER_PARTIAL, query_stats, query_schemas);
}

static void register_monitor(void)
{
    monitor_register_hmp_info_hrt("partial", info_partial);
}
type_init(register_monitor);
