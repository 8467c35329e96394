/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters in QMP's query-stats. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "system/stats.h"
#include "counters.h"
#include "query.h"

typedef struct StatsQuery {
    StatsProvider provider;
    const char *prefix;
    strList *names;
    StatsList *list;
} StatsQuery;

/*
 * libvirt knows a counter by its name alone, whatever the target and provider;
 * a name that comes twice would take all counters away from it.
 */
#define VM_PREFIX "all-"
#define VT_PREFIX "partial-"

static StatsValue *value_of(const PartialCounter *c)
{
    StatsValue *value = g_new0(StatsValue, 1);
    unsigned i;

    if (!c->buckets) {
        value->type = QTYPE_QNUM;
        value->u.scalar = *c->value;
        return value;
    }
    value->type = QTYPE_QLIST;
    for (i = c->buckets; i > 0; i--) {
        QAPI_LIST_PREPEND(value->u.list, c->value[i - 1]);
    }
    return value;
}

static void add_stat(const PartialCounter *c, void *opaque)
{
    StatsQuery *q = opaque;
    g_autofree char *name = g_strconcat(q->prefix, c->name, NULL);
    Stats *stats;

    if (!apply_str_list_filter(name, q->names)) {
        return;
    }
    stats = g_new0(Stats, 1);
    stats->name = g_steal_pointer(&name);
    stats->value = value_of(c);
    QAPI_LIST_PREPEND(q->list, stats);
}

static void append_stats(StatsList **end, StatsList *list)
{
    while (*end) {
        end = &(*end)->next;
    }
    *end = list;
}

/*
 * libvirt takes the first answer for an object, whoever gives it: that is VT's,
 * which has ours in it.
 */
static void add_entry(StatsResultList **end, StatsQuery *q, const char *path)
{
    StatsResultList *mine = NULL;

    if (!q->list) {
        return;
    }
    for (; *end; end = &(*end)->next) {
        if ((*end)->value->provider == q->provider &&
            !g_strcmp0((*end)->value->qom_path, path)) {
            append_stats(&(*end)->value->stats, q->list);
            return;
        }
    }
    add_stats_entry(&mine, q->provider, path, q->list);
    *end = mine;
}

/* Of each vCPU; what is there of VT's own goes with it. */
static void query_vcpus(StatsQuery q, StatsResultList **result,
                        strList *targets)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        g_autofree char *path = object_get_canonical_path(OBJECT(cpu));

        if (apply_str_list_filter(path, targets)) {
            q.list = NULL;
            partial_counters_each(cpu, add_stat, &q);
            add_entry(result, &q, path);
        }
    }
}

typedef struct SchemaQuery {
    const char *prefix;
    StatsSchemaValueList *list;
} SchemaQuery;

static void add_schema(const PartialCounter *c, void *opaque)
{
    SchemaQuery *q = opaque;
    StatsSchemaValue *schema = g_new0(StatsSchemaValue, 1);

    schema->name = g_strconcat(q->prefix, c->name, NULL);
    schema->type = c->buckets ? STATS_TYPE_LOG2_HISTOGRAM
                              : STATS_TYPE_CUMULATIVE;
    if (c->ns) {
        schema->has_unit = true;
        schema->unit = STATS_UNIT_SECONDS;
        schema->has_base = true;
        schema->base = 10;
        schema->exponent = -9;
    }
    QAPI_LIST_PREPEND(q->list, schema);
}

/* Who reads a schema takes the first of its target: VT's has ours in it. */
static void query_schema(StatsProvider provider, StatsTarget target,
                         const char *prefix, StatsSchemaList **result)
{
    SchemaQuery q = { prefix };
    StatsSchemaValueList **end;
    StatsSchemaList *e = *result;

    partial_counters_each(NULL, add_schema, &q);
    while (e && (e->value->provider != provider ||
                 e->value->target != target)) {
        e = e->next;
    }
    if (!e) {
        add_stats_schema(result, provider, target, q.list);
        return;
    }
    end = &e->value->stats;
    while (*end) {
        end = &(*end)->next;
    }
    *end = q.list;
}

/* --- the provider "partial" ----------------------------------------------- */

static void query_ours(StatsResultList **result, StatsTarget target,
                       strList *names, strList *targets, Error **errp)
{
    StatsQuery q = { STATS_PROVIDER_PARTIAL, "", names };

    if (target == STATS_TARGET_VM) {
        q.prefix = VM_PREFIX;
        partial_counters_each(NULL, add_stat, &q);
        add_entry(result, &q, NULL);
    } else if (target == STATS_TARGET_VCPU) {
        query_vcpus(q, result, targets);
    }
}

static void schemas_ours(StatsSchemaList **result, Error **errp)
{
    query_schema(STATS_PROVIDER_PARTIAL, STATS_TARGET_VM, VM_PREFIX, result);
    query_schema(STATS_PROVIDER_PARTIAL, STATS_TARGET_VCPU, "", result);
}

void partial_query_register(void)
{
    add_stats_callbacks(STATS_PROVIDER_PARTIAL, query_ours, schemas_ours);
}

/* --- among VT's own ------------------------------------------------------- */

static void query_vt(StatsResultList **result, StatsTarget target,
                     strList *names, strList *targets, Error **errp)
{
    if (target == STATS_TARGET_VCPU) {
        query_vcpus((StatsQuery) { STATS_PROVIDER_KVM, VT_PREFIX, names },
                    result, targets);
    }
}

static void schemas_vt(StatsSchemaList **result, Error **errp)
{
    query_schema(STATS_PROVIDER_KVM, STATS_TARGET_VCPU, VT_PREFIX, result);
}

void partial_query_register_with_vt(void)
{
    add_stats_callbacks(STATS_PROVIDER_KVM, query_vt, schemas_vt);
}
