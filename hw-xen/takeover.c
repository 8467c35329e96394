/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options, start-up, and the vCPUs' threads. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/guest-random.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "exec/cputlb.h"
#include "hw/boards.h"
#include "system/accel-ops.h"
#include "system/cpus.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "system/system.h"
#include "tcg/startup.h"
#include "accel/partial/engine.h"
#include "accel/partial/info.h"
#include "accel/partial/props.h"
#include "accel/partial/vcpu-state.h"
#include "accel/partial/vt.h"
#include "onoff.h"
#include "ram.h"
#include "takeover.h"
#include "vt-cpu.h"
#include "xen-vt.h"

static PartialConfig config;
static PartialFacts facts;

/* --- options ------------------------------------------------------------- */

static PartialConfig *config_of(Object *obj)
{
    return &config;
}

void xen_takeover_add_props(ObjectClass *oc)
{
    partial_props_init(&config, PARTIAL_OFF);
    partial_props_add_bursts(oc, config_of);
}

/* --- the vCPUs' threads --------------------------------------------------- */

static void *vcpu_thread(void *arg)
{
    CPUState *cpu = arg;

    rcu_register_thread();
    bql_lock();
    tcg_register_thread();
    qemu_thread_get_self(cpu->thread);
    cpu->thread_id = qemu_get_thread_id();
    cpu->neg.can_do_io = true;
    current_cpu = cpu;
    partial_burst_init(cpu);
    xen_vt_ioreq_init(cpu);
    cpu_thread_signal_created(cpu);
    qemu_guest_random_seed_thread_part2(cpu->random_seed);

    while (!cpu->unplug) {
        while (!xen_vt_ioreq_waits(cpu) && !cpu->stop && !cpu->unplug &&
               cpu_work_list_empty(cpu)) {
            qemu_cond_wait_bql(cpu->halt_cond);
        }
        if (xen_vt_ioreq_waits(cpu)) {
            xen_vt_ioreq_serve(cpu);
        }
        qemu_wait_io_event_common(cpu);
    }
    partial_burst_fini(cpu);
    cpu_thread_signal_destroyed(cpu);
    bql_unlock();
    rcu_unregister_thread();
    return NULL;
}

static void start_vcpu(CPUState *cpu)
{
    g_autofree char *name = g_strdup_printf("CPU %d/Xen", cpu->cpu_index);

    qemu_thread_create(cpu->thread, name, vcpu_thread, cpu,
                       QEMU_THREAD_JOINABLE);
}

static void kick_vcpu(CPUState *cpu)
{
    /* A device may kick whoever accesses it; that is no reason to leave. */
    if (!qemu_cpu_is_self(cpu)) {
        partial_window_kick(cpu);
    }
    cpu_exit(cpu);
}

/* Xen has the interrupt controllers: this is for what TCG asks of itself. */
static void interrupt(CPUState *cpu, int mask)
{
    cpu->interrupt_request |= mask;
    if (!qemu_cpu_is_self(cpu)) {
        qemu_cpu_kick(cpu);
    } else {
        qatomic_set(&cpu->neg.icount_decr.u16.high, -1);
    }
}

static void reset_hold(CPUState *cpu)
{
    tlb_flush(cpu);
}

/* --- start-up ------------------------------------------------------------- */

/* QEMU's own operations leave vCPUs to Xen alone. */
static void take_operations(void)
{
    AccelOpsClass *ops = ACCEL_OPS_CLASS(
        object_class_by_name(ACCEL_OPS_NAME("xen")));

    ops->create_vcpu_thread = start_vcpu;
    ops->kick_vcpu_thread = kick_vcpu;
    ops->handle_interrupt = interrupt;
    ops->cpu_reset_hold = reset_hold;
    ops->get_elapsed_ticks = xen_vt_elapsed_ticks;
}

/* Before any access was seen: an ioreq is several hypercalls long. */
#define HYPERCALLS_PER_IOREQ 8

static uint32_t measure_exit(void)
{
    int64_t start = get_clock();
    uint64_t value;
    int i;

    for (i = 0; i < 16; i++) {
        xc_hvm_param_get(xen_xc, xen_domid, HVM_PARAM_CALLBACK_IRQ, &value);
    }
    return MAX((get_clock() - start) / 16 * HYPERCALLS_PER_IOREQ, 1);
}

/* Whether Xen lets us do what a window needs, and sees what it does. */
static bool is_possible(void)
{
    xc_domaininfo_t info;

    if (xc_domain_getinfolist(xen_xc, xen_domid, 1, &info) != 1 ||
        info.domain != xen_domid) {
        xen_vt_refused(errno);
        return false;
    }
    if (!(info.flags & XEN_DOMINF_hap)) {
        warn_report("accel xen: takeover is off: this guest's page tables are "
                    "shadowed by Xen, which does not see what TCG writes; "
                    "leave hap=0 out of its configuration");
        return false;
    }
    return true;
}

/*
 * What a guest does in a window may ask for a reset or a shutdown, and the main
 * thread may see it before the access is answered.  The domain ends then, as it
 * does where the main thread makes the access.
 */
static void end_domain(bool reboot)
{
    if (xen_vt_ioreq_is_open()) {
        destroy_hvm_domain(reboot);
    }
}

static void on_reset(void *unused)
{
    end_domain(true);
}

static void on_shutdown(Notifier *n, void *unused)
{
    end_domain(false);
}

static void late_start(Notifier *n, void *unused)
{
    static Notifier shutdown = { .notify = on_shutdown };

    if (!xen_vt_ram_init()) {
        xen_vt_refused(errno);
    }
    qemu_register_reset(on_reset, NULL);
    qemu_register_shutdown_notifier(&shutdown);
}

bool xen_takeover_init(MachineState *ms)
{
    static Notifier machine_done = { .notify = late_start };

    if (config.level < PARTIAL_BURSTS) {
        return true;
    }
    if (!is_possible()) {
        return true;
    }
    if (!partial_engine_fits(&config, ms->smp.max_cpus)) {
        return false;
    }
    facts.native = PARTIAL_MODES_ALL;
    facts.exit_ns = measure_exit();
    partial_config = &config;
    partial_facts = &facts;
    partial_vt = &partial_vt_xen;
    xen_vt_switch_on();
    take_operations();
    partial_engine_start(ms->smp.max_cpus);
    partial_info_register(ms);
    qemu_add_machine_init_done_notifier(&machine_done);
    return true;
}
