/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bursts have learnt of each site, for people and programs. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "devices.h"
#include "sites.h"
#include "vcpu-state.h"

typedef struct Row {
    int cpu;
    PolicySite site;
    char *device;
} Row;

typedef struct Collect {
    GArray *rows;
    int cpu;
} Collect;

static void add_row(const PolicySite *site, void *opaque)
{
    Collect *c = opaque;
    Row row = {
        .cpu = c->cpu, .site = *site,
        .device = partial_device_name(site->device),
    };

    g_array_append_val(c->rows, row);
}

/* A vCPU's thread changes its sites at any time: it copies them itself. */
static void collect_of(CPUState *cpu, run_on_cpu_data data)
{
    partial_burst_sites(cpu, add_row, data.host_ptr);
}

static int by_gain(gconstpointer a, gconstpointer b)
{
    const PolicySite *x = &((const Row *)a)->site, *y = &((const Row *)b)->site;

    if (x->all_saved != y->all_saved) {
        return x->all_saved < y->all_saved ? 1 : -1;
    }
    return x->all_exits < y->all_exits ? 1 : -(x->all_exits > y->all_exits);
}

static void free_row(gpointer data)
{
    g_free(((Row *)data)->device);
}

static GArray *collect(void)
{
    Collect c = { .rows = g_array_new(false, false, sizeof(Row)) };
    CPUState *cpu;

    g_array_set_clear_func(c.rows, free_row);
    CPU_FOREACH(cpu) {
        c.cpu = cpu->cpu_index;
        run_on_cpu(cpu, collect_of, RUN_ON_CPU_HOST_PTR(&c));
    }
    g_array_sort(c.rows, by_gain);
    return c.rows;
}

static const char *stop_of(const PolicySite *site)
{
    return site->all_windows ? partial_stop_name[site->stop] : "-";
}

void partial_sites_print(GString *s)
{
    g_autoptr(GArray) rows = collect();
    guint i;

    g_string_append_printf(s, "%4s %18s %-8s %10s %10s %10s %10s %-10s %s\n",
                           "vCPU", "address", "state", "windows", "saved",
                           "exits", "us", "last stop", "device");
    for (i = 0; i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);
        const PolicySite *site = &row->site;

        g_string_append_printf(s, "%4d 0x%016" PRIx64 " %-8s %10" PRIu64
                               " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
                               " %-10s %s\n", row->cpu, site->pc,
                               policy_state_name[site->state],
                               site->all_windows, site->all_saved,
                               site->all_exits, site->all_ns / 1000,
                               stop_of(site), row->device);
    }
}

/* --- the same as properties ----------------------------------------------- */

/* Output visitors want a place where a value is kept, though they only read. */

static bool put_number(Visitor *v, const char *name, uint64_t value,
                       Error **errp)
{
    return visit_type_uint64(v, name, &value, errp);
}

static bool put_text(Visitor *v, const char *name, const char *value,
                     Error **errp)
{
    g_autofree char *text = g_strdup(value);

    return visit_type_str(v, name, &text, errp);
}

static bool put_row(Visitor *v, const Row *row, Error **errp)
{
    const PolicySite *site = &row->site;
    bool ok;

    if (!visit_start_struct(v, NULL, NULL, 0, errp)) {
        return false;
    }
    ok = put_number(v, "vcpu", row->cpu, errp) &&
         put_number(v, "address", site->pc, errp) &&
         put_text(v, "device", row->device, errp) &&
         put_text(v, "state", policy_state_name[site->state], errp) &&
         put_number(v, "windows", site->all_windows, errp) &&
         put_number(v, "exits-saved", site->all_saved, errp) &&
         put_number(v, "exits", site->all_exits, errp) &&
         put_number(v, "ns", site->all_ns, errp) &&
         put_text(v, "last-stop", stop_of(site), errp);
    visit_end_struct(v, NULL);
    return ok;
}

static void get_sites(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    g_autoptr(GArray) rows = collect();
    guint i;

    if (!visit_start_list(v, name, NULL, 0, errp)) {
        return;
    }
    for (i = 0; i < rows->len; i++) {
        if (!put_row(v, &g_array_index(rows, Row, i), errp)) {
            break;
        }
    }
    visit_end_list(v, NULL);
}

static void put_failure(uint64_t rip, uint64_t count, const char *what,
                        void *opaque)
{
    Visitor *v = opaque;

    if (visit_start_struct(v, NULL, NULL, 0, NULL)) {
        put_number(v, "address", rip, NULL);
        put_number(v, "count", count, NULL);
        put_text(v, "what", what, NULL);
        visit_end_struct(v, NULL);
    }
}

static void get_failures(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    if (visit_start_list(v, name, NULL, 0, errp)) {
        partial_report_each(put_failure, v);
        visit_end_list(v, NULL);
    }
}

void partial_sites_add(ObjectClass *oc)
{
    object_class_property_add(oc, "sites", "list", get_sites, NULL, NULL, NULL);
    object_class_property_set_description(oc, "sites",
        "What bursts have learnt of each site (read only)");
    object_class_property_add(oc, "failures", "list", get_failures, NULL, NULL,
                              NULL);
    object_class_property_set_description(oc, "failures",
        "Instructions that VT failed on (read only)");
}
