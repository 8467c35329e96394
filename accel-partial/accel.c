/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator object: properties, and the start of both engines. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/accel.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "exec/cputlb.h"
#include "hw/boards.h"
#include "hw/i386/x86.h"
#include "hw/qdev-properties.h"
#include "kvm/kvm_i386.h"
#include "system/accel-ops.h"
#include "system/cpus.h"
#include "system/tcg.h"
#include "tcg/startup.h"
#include "accel/kvm/kvm-cpus.h"
#include "accel/tcg/internal-common.h"
#include "partial.h"
#include "code.h"
#include "debug.h"
#include "allow.h"
#include "exits.h"
#include "features.h"
#include "light.h"
#include "state.h"
#include "stats.h"
#include "vcpu.h"
#include "watchdog.h"
#include "window.h"

/*
 * What a hand-over costs is of the order of a hundred microseconds (all of the
 * state travels both ways); TCG runs some thousand short blocks in that time.
 * So a window of this length at most doubles the cost of a single failure, and
 * saves the hand-overs of a loop that fails again.
 */
#define DEFAULT_WINDOW_BLOCKS 1024

/*
 * Two exits may be chance, a third is a habit (VMware's choice, too).  Waiting
 * for the next access may cost about as much as the exit it saves: some hundred
 * blocks.  An interrupt may wait as long as one tick of a 1000 Hz clock.  The
 * bound in blocks is for a guest that accesses a device for ever: VT gets a
 * turn several times a second.
 */
#define DEFAULT_BURST_TRIGGER 3
#define DEFAULT_BURST_QUIET 256
#define DEFAULT_BURST_BLOCKS 1000000
#define DEFAULT_BURST_US 1000

PartialState *partial_state;

static const char *const level_name[] = {
    [PARTIAL_OFF] = "off",
    [PARTIAL_FAILURES] = "failures",
    [PARTIAL_STATES] = "states",
    [PARTIAL_BURSTS] = "bursts",
    [PARTIAL_ALL] = "all",
};

/* --- start-up ------------------------------------------------------------ */

static bool choose_states(PartialState *s, Error **errp)
{
    if (s->level < PARTIAL_STATES) {
        s->states = 0;
    } else if (!s->states_option || g_str_equal(s->states_option, "auto")) {
        s->states = PARTIAL_MODES_ALL & ~s->probe.native;
        /*
         * User code goes where its kernel goes: a VT that runs user code alone
         * does not hide the host from it well enough yet (docs/design.md).
         */
        if (s->states & (1u << PARTIAL_MODE_LONG0)) {
            s->states = PARTIAL_MODES_ALL;
        }
    } else if (!partial_modes_parse(s->states_option, &s->states, errp)) {
        return false;
    }
    s->tcg_owns_all = s->states == PARTIAL_MODES_ALL;
    return true;
}

/* A vCPU that TCG runs for long needs its interrupts from QEMU's own APIC. */
static bool choose_irqchip(PartialState *s, Error **errp)
{
    KVMState *kvm = KVM_STATE(s);
    g_autofree char *names = NULL;

    if (!s->states) {
        return true;
    }
    if (kvm->kernel_irqchip_required) {
        names = partial_modes_print(s->states);
        error_setg(errp, "kernel-irqchip=on|split: TCG runs the CPU modes %s "
                   "here and needs QEMU's own APIC", names);
        error_append_hint(errp, "Leave kernel-irqchip out, or give "
                          "states=none to keep every mode in KVM.\n");
        return false;
    }
    kvm->kernel_irqchip_allowed = false;
    return true;
}

/*
 * SMM: TCG has it, KVM may not.  kvm_init() ends QEMU when it is asked for and
 * missing, so it is not asked where TCG will run it.
 */
static int kvm_init_with_smm(PartialState *s, MachineState *ms)
{
    AccelClass *kvm = ACCEL_CLASS(object_class_by_name(TYPE_KVM_ACCEL));
    X86MachineState *x86 = NULL;
    OnOffAuto smm = ON_OFF_AUTO_AUTO;
    int r;

    if (object_dynamic_cast(OBJECT(ms), TYPE_X86_MACHINE)) {
        x86 = X86_MACHINE(ms);
        smm = x86->smm;
    }
    if (x86 && s->tcg_owns_all) {
        x86->smm = ON_OFF_AUTO_OFF;
    }
    r = kvm->init_machine(ms);
    if (x86) {
        x86->smm = smm;
        if (r == 0 && partial_mixed() && !kvm_has_smm()) {
            x86->smm = ON_OFF_AUTO_OFF;
        }
    }
    return r;
}

static void start_tcg(PartialState *s, MachineState *ms)
{
    tcg_allowed = true;
    mttcg_enabled = true;
    page_init();
    tb_htable_init();
    tcg_init((size_t)s->tb_size * MiB, 0, ms->smp.max_cpus);
    tcg_prologue_init();
}

static int partial_init_machine(MachineState *ms)
{
    PartialState *s = PARTIAL_ACCEL(ms->accelerator);
    KVMState *kvm = KVM_STATE(s);
    Error *err = NULL;
    int r;

    partial_state = s;
    qemu_mutex_init(&s->sites_lock);
    if (!partial_probe(kvm->device ?: "/dev/kvm", &s->probe, &err) ||
        !choose_states(s, &err) || !choose_irqchip(s, &err)) {
        error_report_err(err);
        partial_state = NULL;
        return -EINVAL;
    }
    r = kvm_init_with_smm(s, ms);
    if (r < 0) {
        partial_state = NULL;
        return r;
    }
    if (s->level >= PARTIAL_FAILURES) {
        s->emulation_exits =
            kvm_vm_enable_cap(kvm, KVM_CAP_EXIT_ON_EMULATION_FAILURE,
                              0, 1) == 0;
    }
    kvm->exit_hook = partial_exit;
    start_tcg(s, ms);
    partial_code_init();
    partial_allow_init(s->burst_allow, s->burst_deny);
    partial_features_install();
    partial_stats_register();
    if (s->level >= PARTIAL_FAILURES && partial_mixed()) {
        partial_watchdog_start();
    }
    return 0;
}

/* --- what the machine asks of an accelerator ---------------------------- */

/* The window that a reset or loadvm found open is no more. */
static void forget_window(CPUState *cpu, run_on_cpu_data unused)
{
    AccelCPUState *acc = cpu->accel;

    if (acc->in_window) {
        acc->in_window = false;
        acc->stats.stops[PARTIAL_STOP_RESET]++;
    }
    acc->light.on = false;
    acc->burst.site = NULL;
    cpu->kvm_run->kvm_dirty_regs = 0;
    acc->fpu_by_number = false;
    acc->tsc_valid = false;
    tlb_flush(cpu);
    /* Where KVM never runs, env stays the master copy. */
    cpu->vcpu_dirty = true;
}

static void partial_post_reset(CPUState *cpu)
{
    run_on_cpu(cpu, forget_window, RUN_ON_CPU_NULL);
    if (partial_mixed()) {
        kvm_cpu_synchronize_post_reset(cpu);
    }
}

static void partial_post_init(CPUState *cpu)
{
    run_on_cpu(cpu, forget_window, RUN_ON_CPU_NULL);
    if (partial_mixed()) {
        kvm_cpu_synchronize_post_init(cpu);
    }
}

/* Let KVM, and env when it is read from there, have all of the state. */
static void settle(CPUState *cpu, run_on_cpu_data data)
{
    if (cpu->accel->in_window) {
        partial_window_close(cpu, PARTIAL_STOP_KICK);
    }
    partial_light_flush(cpu);
}

/* For whoever reads env (migration, a debugger): it is then as KVM has it. */
static void partial_synchronize_state(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;

    if (partial_mixed()) {
        if (acc->light.on && cpu->running && qemu_cpu_is_self(cpu)) {
            /* A device that TCG's access reached: env has its registers. */
            return;
        }
        /* Else a device that asks in a window gets env as TCG has it. */
        if (!cpu->running || acc->light.on) {
            run_on_cpu(cpu, settle, RUN_ON_CPU_NULL);
        }
    }
    kvm_cpu_synchronize_state(cpu);
}

static void partial_reset_hold(CPUState *cpu)
{
    tlb_flush(cpu);
}

static void partial_ops_class_init(ObjectClass *oc, void *data)
{
    AccelOpsClass *ops = ACCEL_OPS_CLASS(oc);

    ops->create_vcpu_thread = partial_vcpu_start;
    ops->kick_vcpu_thread = partial_vcpu_kick;
    ops->handle_interrupt = partial_vcpu_interrupt;
    ops->cpu_reset_hold = partial_reset_hold;
    ops->synchronize_state = partial_synchronize_state;
    ops->synchronize_post_reset = partial_post_reset;
    ops->synchronize_post_init = partial_post_init;
    ops->get_elapsed_ticks = partial_elapsed_ticks;
    partial_debug_ops(ops);
}

static const TypeInfo partial_ops_type = {
    .name = ACCEL_OPS_NAME("partial"),
    .parent = ACCEL_OPS_NAME("kvm"),
    .class_init = partial_ops_class_init,
    .abstract = true,
};

/* --- properties --------------------------------------------------------- */

static char *get_takeover(Object *obj, Error **errp)
{
    return g_strdup(level_name[PARTIAL_ACCEL(obj)->level]);
}

static void set_takeover(Object *obj, const char *value, Error **errp)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(level_name); i++) {
        if (g_str_equal(value, level_name[i])) {
            PARTIAL_ACCEL(obj)->level = i;
            return;
        }
    }
    error_setg(errp, "takeover: '%s' is none of off, failures, states, "
               "bursts, all",
               value);
}

static char *get_states(Object *obj, Error **errp)
{
    return g_strdup(PARTIAL_ACCEL(obj)->states_option ?: "auto");
}

static void set_states(Object *obj, const char *value, Error **errp)
{
    PartialModes unused;

    if (!g_str_equal(value, "auto") &&
        !partial_modes_parse(value, &unused, errp)) {
        return;
    }
    g_free(PARTIAL_ACCEL(obj)->states_option);
    PARTIAL_ACCEL(obj)->states_option = g_strdup(value);
}

static void get_u32(Object *obj, Visitor *v, const char *name, void *opaque,
                    Error **errp)
{
    uint32_t *field = (void *)((char *)obj + (uintptr_t)opaque);

    visit_type_uint32(v, name, field, errp);
}

static void set_bounded(uint32_t *field, uint32_t min, uint32_t max,
                        Visitor *v, const char *name, Error **errp)
{
    uint32_t value;

    if (!visit_type_uint32(v, name, &value, errp)) {
        return;
    }
    if (value < min || value > max) {
        error_setg(errp, "%s must be from %u to %u, not %u", name, min, max,
                   value);
        return;
    }
    *field = value;
}

static void set_window_blocks(Object *obj, Visitor *v, const char *name,
                              void *opaque, Error **errp)
{
    set_bounded(&PARTIAL_ACCEL(obj)->window_blocks, 1, 1000000, v, name, errp);
}

static void set_burst_trigger(Object *obj, Visitor *v, const char *name,
                              void *opaque, Error **errp)
{
    set_bounded(&PARTIAL_ACCEL(obj)->burst_trigger, 1, 200, v, name, errp);
}

static void set_burst_quiet(Object *obj, Visitor *v, const char *name,
                            void *opaque, Error **errp)
{
    set_bounded(&PARTIAL_ACCEL(obj)->burst_quiet, 1, 65536, v, name, errp);
}

static void set_burst_blocks(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    set_bounded(&PARTIAL_ACCEL(obj)->burst_blocks, 1, 100000000, v, name,
                errp);
}

static void set_burst_us(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    set_bounded(&PARTIAL_ACCEL(obj)->burst_us, 10, 1000000, v, name, errp);
}

static char *get_burst_allow(Object *obj, Error **errp)
{
    return g_strdup(PARTIAL_ACCEL(obj)->burst_allow ?: "*");
}

static void set_burst_allow(Object *obj, const char *value, Error **errp)
{
    g_free(PARTIAL_ACCEL(obj)->burst_allow);
    PARTIAL_ACCEL(obj)->burst_allow = g_strdup(value);
}

static char *get_burst_deny(Object *obj, Error **errp)
{
    return g_strdup(PARTIAL_ACCEL(obj)->burst_deny ?: "");
}

static void set_burst_deny(Object *obj, const char *value, Error **errp)
{
    g_free(PARTIAL_ACCEL(obj)->burst_deny);
    PARTIAL_ACCEL(obj)->burst_deny = g_strdup(value);
}

static void set_tb_size(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &PARTIAL_ACCEL(obj)->tb_size, errp);
}

/* "-accel partial,help": the generic parser takes it for a property. */
static void print_help(Object *obj, bool value, Error **errp)
{
    ObjectPropertyIterator iter;
    ObjectProperty *prop;

    printf("Properties of -accel partial, those of -accel kvm included:\n");
    object_class_property_iter_init(&iter, object_get_class(obj));
    while ((prop = object_property_iter_next(&iter))) {
        if (prop->set && prop->description) {
            printf("  %s=<%s>\n      %s\n", prop->name, prop->type,
                   prop->description);
        }
    }
    exit(EXIT_SUCCESS);
}

static void partial_accel_instance_init(Object *obj)
{
    PartialState *s = PARTIAL_ACCEL(obj);

    s->level = PARTIAL_ALL;
    s->window_blocks = DEFAULT_WINDOW_BLOCKS;
    s->burst_trigger = DEFAULT_BURST_TRIGGER;
    s->burst_quiet = DEFAULT_BURST_QUIET;
    s->burst_blocks = DEFAULT_BURST_BLOCKS;
    s->burst_us = DEFAULT_BURST_US;
}

static void partial_accel_finalize(Object *obj)
{
    g_free(PARTIAL_ACCEL(obj)->states_option);
    g_free(PARTIAL_ACCEL(obj)->burst_allow);
    g_free(PARTIAL_ACCEL(obj)->burst_deny);
}

static void partial_accel_class_init(ObjectClass *oc, void *data)
{
    static GlobalProperty compat[] = {
        /* KVM's helper for TPR accesses counts on KVM's own exits. */
        { "apic-common", "vapic", "off" },
    };
    AccelClass *ac = ACCEL_CLASS(oc);

    ac->name = "partial";
    ac->init_machine = partial_init_machine;
    ac->cpu_common_unrealize = tcg_exec_unrealizefn;
    ac->compat_props = g_ptr_array_new();
    compat_props_add(ac->compat_props, compat, G_N_ELEMENTS(compat));

    object_class_property_add_bool(oc, "help", NULL, print_help);

    object_class_property_add_str(oc, "takeover", get_takeover, set_takeover);
    object_class_property_set_description(oc, "takeover",
        "What TCG may take over, each including those before: off, failures, "
        "states, bursts, all (default: all)");

    object_class_property_add_str(oc, "states", get_states, set_states);
    object_class_property_set_description(oc, "states",
        "CPU modes that belong to TCG: auto (what VT does not run natively), "
        "none, all, or a list such as real:bigreal (default: auto)");

    object_class_property_add(oc, "window-blocks", "uint32",
        get_u32, set_window_blocks, NULL,
        (void *)offsetof(PartialState, window_blocks));
    object_class_property_set_description(oc, "window-blocks",
        "Bound of a take-over after a failure, in basic blocks "
        "(default: 1024)");

    object_class_property_add(oc, "burst-trigger", "uint32",
        get_u32, set_burst_trigger, NULL,
        (void *)offsetof(PartialState, burst_trigger));
    object_class_property_set_description(oc, "burst-trigger",
        "Exits of an instruction for device accesses, close together, after "
        "which TCG takes a burst over (default: 3)");

    object_class_property_add(oc, "burst-quiet", "uint32",
        get_u32, set_burst_quiet, NULL,
        (void *)offsetof(PartialState, burst_quiet));
    object_class_property_set_description(oc, "burst-quiet",
        "Most basic blocks without a device access before a burst counts as "
        "over (default: 256)");

    object_class_property_add(oc, "burst-blocks", "uint32",
        get_u32, set_burst_blocks, NULL,
        (void *)offsetof(PartialState, burst_blocks));
    object_class_property_set_description(oc, "burst-blocks",
        "Bound of a burst's take-over, in basic blocks (default: 1000000)");

    object_class_property_add(oc, "burst-us", "uint32",
        get_u32, set_burst_us, NULL,
        (void *)offsetof(PartialState, burst_us));
    object_class_property_set_description(oc, "burst-us",
        "Longest time that a burst may keep an interrupt waiting, in "
        "microseconds (default: 1000)");

    object_class_property_add_str(oc, "burst-allow", get_burst_allow,
                                  set_burst_allow);
    object_class_property_set_description(oc, "burst-allow",
        "Devices that bursts may access: patterns for their types or memory "
        "regions, separated by colons (default: *)");

    object_class_property_add_str(oc, "burst-deny", get_burst_deny,
                                  set_burst_deny);
    object_class_property_set_description(oc, "burst-deny",
        "Devices that bursts may not access, as for burst-allow "
        "(default: none)");

    object_class_property_add(oc, "tb-size", "uint32",
        get_u32, set_tb_size, NULL, (void *)offsetof(PartialState, tb_size));
    object_class_property_set_description(oc, "tb-size",
        "TCG translation block cache size, in MiB (default: QEMU's)");
}

static const TypeInfo partial_accel_type = {
    .name = TYPE_PARTIAL_ACCEL,
    .parent = TYPE_KVM_ACCEL,
    .instance_size = sizeof(PartialState),
    .instance_init = partial_accel_instance_init,
    .instance_finalize = partial_accel_finalize,
    .class_init = partial_accel_class_init,
};

static void register_types(void)
{
    type_register_static(&partial_ops_type);
    type_register_static(&partial_accel_type);
}
type_init(register_types);
