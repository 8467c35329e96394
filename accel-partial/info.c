/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters for people and programs: "info partial", query-stats. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-types-stats.h"
#include "qapi/type-helpers.h"
#include "hw/core/cpu.h"
#include "monitor/monitor.h"
#include "system/stats.h"
#include "info.h"
#include "vcpu-state.h"
#include "vt.h"

/* The plain counters; those by reason and stop are named after their tables. */
static const struct {
    const char *name;
    size_t offset;
} counter[] = {
#define COUNTER(field) { #field, offsetof(PartialStats, field) }
    COUNTER(blocks),
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
    PartialTimes times = partial_stats_times(st);
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
    fn("tcg-ns", times.ns[PARTIAL_ENGINE_TCG], true, opaque);
    fn("vt-ns", times.ns[PARTIAL_ENGINE_VT], true, opaque);
    for (i = 0; i < ARRAY_SIZE(counter); i++) {
        g_autofree char *name = g_strdelimit(g_strdup(counter[i].name), "_",
                                             '-');
        fn(name, value_of(st, i), false, opaque);
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
    const PartialFacts *f = partial_facts;
    g_autofree char *states = partial_modes_print(partial_config->states);
    int m;

    if (f->kept_in) {
        g_string_append_printf(s, "VT by CPU mode (MIPS, of an earlier start, "
                               "kept in %s):", f->kept_in);
    } else {
        g_string_append_printf(s, "VT by CPU mode (MIPS, measured in %u us):",
                               f->total_us);
    }
    for (m = 0; m < PARTIAL_MODE__MAX; m++) {
        g_string_append_printf(s, " %s %u", partial_mode_name[m],
                               f->mips[m]);
    }
    g_string_append_printf(s, "\nVT: PIO exit %u ns, %s, CPUID %s, registers "
                           "%s a shutdown, failures at CPL 3 %s\n",
                           f->exit_ns,
                           f->shadows ? "shadows page tables"
                                            : "two-dimensional paging",
                           f->cpuid_honoured ? "as set" : "of the host",
                           f->shutdown_keeps_state ? "survive"
                                                         : "are lost in",
                           f->reports_failures ? "reported" : "hidden");
    g_string_append_printf(s, "modes that belong to TCG: %s%s\n", states,
                           partial_mixed() ? "" : " (VT runs nothing)");
}

static void print_counter(const char *name, uint64_t value, bool ns,
                          void *opaque)
{
    if (value) {
        g_string_append_printf(opaque, "  %s %" PRIu64 "\n", name, value);
    }
}

static HumanReadableText *info_partial(Error **errp)
{
    g_autoptr(GString) s = g_string_new("");
    CPUState *cpu;

    if (!partial_config) {
        error_setg(errp, "The VM does not run with -accel partial");
        return NULL;
    }
    print_probe(s);
    CPU_FOREACH(cpu) {
        g_string_append_printf(s, "vCPU %d: %s\n", cpu->cpu_index,
                               partial_window_is_open(cpu) ? "in TCG"
                                                           : "in VT");
        for_each_counter(&cpu->accel->stats, print_counter, s);
    }
    partial_report_sites(s);
    return human_readable_text_from_str(s);
}

void partial_info_register(void)
{
    add_stats_callbacks(STATS_PROVIDER_PARTIAL, query_stats, query_schemas);
}

static void register_monitor(void)
{
    monitor_register_hmp_info_hrt("partial", info_partial);
}
type_init(register_monitor);
