/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people and programs are told of the accelerator. */

#include "qemu/osdep.h"
#include "hw/boards.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "qobject/qdict.h"
#include "counters.h"
#include "info.h"
#include "query.h"
#include "sites.h"
#include "vcpu-state.h"
#include "vt.h"

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

static void print_histogram(GString *s, const PartialCounter *c)
{
    unsigned i;

    for (i = 0; i < c->buckets; i++) {
        if (c->value[i]) {
            /* by the least number that it counts */
            g_string_append_printf(s, "  %s-%u %" PRIu64 "\n", c->name,
                                   i ? 1u << (i - 1) : 0, c->value[i]);
        }
    }
}

static void print_counter(const PartialCounter *c, void *opaque)
{
    if (c->buckets) {
        print_histogram(opaque, c);
    } else if (*c->value) {
        g_string_append_printf(opaque, "  %s %" PRIu64 "\n", c->name,
                               *c->value);
    }
}

static void print_all(GString *s)
{
    CPUState *cpu;

    print_probe(s);
    CPU_FOREACH(cpu) {
        g_string_append_printf(s, "vCPU %d: %s\n", cpu->cpu_index,
                               partial_window_is_open(cpu) ? "in TCG"
                                                           : "in VT");
        partial_counters_each(cpu, print_counter, s);
    }
    partial_report_sites(s);
}

static void info_partial(Monitor *mon, const QDict *args)
{
    const char *what = qdict_get_try_str(args, "what");
    g_autoptr(GString) s = g_string_new("");

    if (!partial_config) {
        g_string_append(s, "The VM does not run with -accel partial\n");
    } else if (!what) {
        print_all(s);
    } else if (g_str_equal(what, "sites")) {
        partial_sites_print(s);
    } else {
        g_string_append_printf(s, "info partial: '%s' is not 'sites'\n", what);
    }
    monitor_puts(mon, s->str);
}

void partial_info_register(MachineState *ms)
{
    object_property_add_child(OBJECT(ms), "partial", OBJECT(ms->accelerator));
    partial_query_register();
}

static void register_monitor(void)
{
    monitor_register_hmp("partial", true, info_partial);
}
type_init(register_monitor);
