/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vCPU's class under -accel partial: KVM's, with TCG's beside it. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "accel/accel-cpu-target.h"
#include "accel/tcg/cpu-ops.h"
#include "exec/exec-all.h"
#include "accel/tcg/internal-common.h"
#include "host-cpu.h"
#include "cpu-internal.h"
#include "tcg/tcg-cpu.h"
#include "../vcpu-state.h"
#include "features.h"
#include "vcpu.h"
#include "vt-cpu.h"

static AccelCPUClass *class_of(const char *accel)
{
    g_autofree char *name = g_strdup_printf("%s-" TYPE_ACCEL_CPU, accel);

    return ACCEL_CPU_CLASS(object_class_by_name(name));
}

static bool cpu_realize(CPUState *cs, Error **errp)
{
    /* Before KVM's realize adds address spaces, whose listeners use the TLB. */
    if (!tcg_exec_realizefn(cs, errp)) {
        return false;
    }
    cs->accel = g_new0(AccelCPUState, 1);
    cs->accel->vt = g_new0(struct PartialVTCpu, 1);
    if (cs->cpu_index <= 0) {
        partial_features_tell(X86_CPU(cs));
    }
    partial_features_decode(X86_CPU(cs));
    if (partial_mixed()) {
        return class_of("kvm")->cpu_target_realize(cs, errp);
    }
    /* TCG runs everything, SMM with its own memory included. */
    return host_cpu_realizefn(cs, errp) && tcg_cpu_realizefn(cs, errp);
}

void partial_cpu_unrealize(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;

    tcg_exec_unrealizefn(cpu);
    if (acc) {
        cpu->accel = NULL;
        partial_tables_free(&acc->tables);
        g_free(acc->vt);
        g_free(acc);
    }
}

static void cpu_instance_init(CPUState *cs)
{
    class_of("kvm")->cpu_instance_init(cs);
    object_property_set_bool(OBJECT(cs), "tcg-cpuid", false, &error_abort);
    if (!partial_mixed()) {
        class_of("tcg")->cpu_instance_init(cs);
        /* As under tcg: firmware maps all that the CPU says it can address. */
        object_property_set_bool(OBJECT(cs), "host-phys-bits", false,
                                 &error_abort);
    }
    if (partial_config->states & (1u << PARTIAL_MODE_LONG0)) {
        /* The guest's kernel runs where KVM's paravirtual MSRs are not. */
        object_property_set_bool(OBJECT(cs), "kvm", false, &error_abort);
    }
}

/* Let TCG's class name its operations, then put our hooks around them. */
static void cpu_class_init(CPUClass *cc)
{
    static const TCGCPUOps *hooks;

    class_of("tcg")->cpu_class_init(cc);
    cc->init_accel_cpu(NULL, cc);
    cc->init_accel_cpu = NULL;
    if (!hooks) {
        hooks = partial_window_hooks(cc->tcg_ops);
    }
    cc->tcg_ops = hooks;
}

static void accel_cpu_class_init(ObjectClass *oc, void *data)
{
    AccelCPUClass *acc = ACCEL_CPU_CLASS(oc);

    acc->cpu_class_init = cpu_class_init;
    acc->cpu_instance_init = cpu_instance_init;
    acc->cpu_target_realize = cpu_realize;
}

static const TypeInfo partial_cpu_type = {
    .name = ACCEL_CPU_NAME("partial"),
    .parent = TYPE_ACCEL_CPU,
    .class_init = accel_cpu_class_init,
    .abstract = true,
};

static void register_types(void)
{
    type_register_static(&partial_cpu_type);
}
type_init(register_types);
