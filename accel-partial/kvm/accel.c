/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator object, and the start of both engines. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/accel.h"
#include "qemu/error-report.h"
#include "exec/cputlb.h"
#include "hw/boards.h"
#include "hw/i386/x86.h"
#include "hw/qdev-properties.h"
#include "kvm/kvm_i386.h"
#include "system/accel-ops.h"
#include "system/cpu-timers.h"
#include "system/cpus.h"
#include "accel/kvm/kvm-cpus.h"
#include "../choose.h"
#include "../engine.h"
#include "../info.h"
#include "../props.h"
#include "../query.h"
#include "../store.h"
#include "../vcpu-state.h"
#include "accel.h"
#include "debug.h"
#include "exits.h"
#include "features.h"
#include "kvm-vt.h"
#include "level.h"
#include "light.h"
#include "posted.h"
#include "probe.h"
#include "regs.h"
#include "rep-stop.h"
#include "vcpu.h"

/* --- start-up ------------------------------------------------------------ */

static bool choose_states(PartialState *s, Error **errp)
{
    PartialConfig *c = &s->config;

    if (c->level < PARTIAL_STATES) {
        c->states = 0;
    } else if (!c->states_option || g_str_equal(c->states_option, "auto")) {
        c->states = PARTIAL_MODES_ALL & ~s->facts.native;
        /*
         * User code goes where its kernel goes: a VT that runs user code alone
         * does not hide the host from it well enough yet (docs/design.md).
         */
        if (c->states & (1u << PARTIAL_MODE_LONG0)) {
            c->states = PARTIAL_MODES_ALL;
        }
    } else if (!partial_modes_parse(c->states_option, &c->states, errp)) {
        return false;
    }
    c->tcg_owns_all = c->states == PARTIAL_MODES_ALL;
    return true;
}

/* A vCPU that TCG runs for long needs its interrupts from QEMU's own APIC. */
static bool choose_irqchip(PartialState *s, Error **errp)
{
    KVMState *kvm = KVM_STATE(s);
    g_autofree char *names = NULL;

    if (!s->config.states) {
        return true;
    }
    if (kvm->kernel_irqchip_required) {
        names = partial_modes_print(s->config.states);
        error_setg(errp, "kernel-irqchip=on|split: TCG runs the CPU modes %s "
                   "here and needs QEMU's own APIC", names);
        error_append_hint(errp, "Leave kernel-irqchip out, or give "
                          "states=none to keep every mode in KVM.\nIn "
                          "libvirt's XML remove <ioapic driver=.../> from "
                          "<features>, or add\n<qemu:env name='%s' "
                          "value='states=none'/> to <qemu:commandline>.\n",
                          PARTIAL_VARIABLE);
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
    if (x86 && s->config.tcg_owns_all) {
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

/* What TCG cannot share with KVM is refused before anything is set up. */
static bool can_share(PartialState *s, MachineState *ms)
{
    if (icount_enabled()) {
        error_report("accel partial does not work with -icount, as no hardware "
                     "virtualization does; leave it out, or use -accel tcg");
        return false;
    }
    if (ms->cgs && s->config.level > PARTIAL_OFF) {
        error_report("accel partial cannot run a confidential guest (%s), "
                     "whose memory TCG cannot read; use -accel kvm, or "
                     "takeover=off",
                     object_get_typename(OBJECT(ms->cgs)));
        return false;
    }
    return true;
}

static int partial_init_machine(MachineState *ms)
{
    PartialState *s = PARTIAL_ACCEL(ms->accelerator);
    KVMState *kvm = KVM_STATE(s);
    Error *err = NULL;
    int r;

    /* As with what the command line says, nothing else is tried then. */
    error_propagate(&error_fatal, g_steal_pointer(&s->wrong));
    if (!can_share(s, ms)) {
        return -ENOTSUP;
    }
    if (!partial_engine_fits(&s->config, ms->smp.max_cpus)) {
        return -EINVAL;
    }
    if (!partial_probe(kvm->device ?: "/dev/kvm", &s->facts, &err) ||
        !choose_states(s, &err) || !choose_irqchip(s, &err)) {
        error_report_err(err);
        return -EINVAL;
    }
    partial_config = &s->config;
    partial_facts = &s->facts;
    partial_vt = &partial_vt_kvm;
    r = kvm_init_with_smm(s, ms);
    if (r < 0) {
        partial_config = NULL;
        return r;
    }
    kvm->exit_hook = partial_exit;
    partial_posted_init();
    partial_engine_start(ms->smp.max_cpus);
    partial_features_install();
    partial_info_register(ms);
    partial_store_register();
    partial_query_register_with_vt();
    if (s->config.level >= PARTIAL_FAILURES) {
        partial_level_apply();
    }
    return 0;
}

/* --- what the machine asks of an accelerator ---------------------------- */

/* The window that a reset or loadvm found open is no more. */
static void forget_window(CPUState *cpu, run_on_cpu_data unused)
{
    partial_window_forget(cpu);
    partial_burst_forget(cpu);
    partial_light_forget(cpu);
    partial_rep_stop_forget(cpu);
    partial_regs_forget(cpu);
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
    if (partial_window_is_open(cpu)) {
        partial_window_close(cpu, PARTIAL_STOP_KICK);
    }
    partial_light_flush(cpu);
}

/* For whoever reads env (migration, a debugger): it is then as KVM has it. */
static void partial_synchronize_state(CPUState *cpu)
{
    bool light = partial_light_is_on(cpu);

    if (partial_mixed()) {
        if (light && cpu->running && qemu_cpu_is_self(cpu)) {
            /* A device that TCG's access reached: env has its registers. */
            return;
        }
        /* Else a device that asks in a window gets env as TCG has it. */
        if (!cpu->running || light) {
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

static PartialConfig *config_of(Object *obj)
{
    return &PARTIAL_ACCEL(obj)->config;
}

static void instance_init(Object *obj)
{
    partial_props_init(config_of(obj), PARTIAL_ALL);
    partial_choose_options(obj, &PARTIAL_ACCEL(obj)->wrong);
}

static void instance_finalize(Object *obj)
{
    partial_props_finalize(config_of(obj));
    error_free(PARTIAL_ACCEL(obj)->wrong);
}

static void partial_accel_class_init(ObjectClass *oc, void *data)
{
    AccelClass *ac = ACCEL_CLASS(oc);

    ac->name = "partial";
    ac->init_machine = partial_init_machine;
    ac->cpu_common_unrealize = partial_cpu_unrealize;
    partial_props_add(oc, config_of);
}

static const TypeInfo partial_accel_type = {
    .name = TYPE_PARTIAL_ACCEL,
    .parent = TYPE_KVM_ACCEL,
    .instance_size = sizeof(PartialState),
    .instance_init = instance_init,
    .instance_finalize = instance_finalize,
    .class_init = partial_accel_class_init,
};

static void register_types(void)
{
    type_register_static(&partial_ops_type);
    type_register_static(&partial_accel_type);
}
type_init(register_types);
