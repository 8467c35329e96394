/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vCPU's class under Xen with a take-over: TCG's operations, our hooks. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "accel/accel-cpu-target.h"
#include "accel/tcg/cpu-ops.h"
#include "exec/exec-all.h"
#include "accel/tcg/internal-common.h"
#include "cpu-internal.h"
#include "host-cpu.h"
#include "qemu/cpuid.h"
#include "accel/partial/vcpu-state.h"
#include "onoff.h"
#include "vt-cpu.h"

static AccelCPUClass *tcg_class(void)
{
    return ACCEL_CPU_CLASS(object_class_by_name(ACCEL_CPU_NAME("tcg")));
}

/* The guest's CPUID is Xen's; TCG decodes all that it knows, as the host's. */
static void be_like_host(X86CPU *cpu)
{
    CPUX86State *env = &cpu->env;
    unsigned a, b, c, d, w;

    for (w = 0; w < FEATURE_WORDS; w++) {
        env->features[w] |= feature_word_info[w].tcg_features;
    }
    __cpuid(0, a, b, c, d);
    env->cpuid_vendor1 = b;
    env->cpuid_vendor2 = d;
    env->cpuid_vendor3 = c;
#ifdef TARGET_X86_64
    __cpuid(0x80000000, a, b, c, d);
    if (a >= 0x80000008) {
        __cpuid(0x80000008, a, b, c, d);
        cpu->phys_bits = a & 0xff;
    }
#endif
}

static bool cpu_realize(CPUState *cs, Error **errp)
{
    if (!xen_vt_is_on()) {
        return true;
    }
    if (!tcg_exec_realizefn(cs, errp)) {
        return false;
    }
    cs->accel = g_new0(AccelCPUState, 1);
    cs->accel->vt = g_new0(struct PartialVTCpu, 1);
    be_like_host(X86_CPU(cs));
    return true;
}

static void cpu_instance_init(CPUState *cs)
{
    if (xen_vt_is_on()) {
        tcg_class()->cpu_instance_init(cs);
    }
}

/* Let TCG's class name its operations, then put our hooks around them. */
static void cpu_class_init(CPUClass *cc)
{
    static const TCGCPUOps *hooks;

    if (!xen_vt_is_on()) {
        return;
    }
    tcg_class()->cpu_class_init(cc);
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

static const TypeInfo xen_cpu_type = {
    .name = ACCEL_CPU_NAME("xen"),
    .parent = TYPE_ACCEL_CPU,
    .class_init = accel_cpu_class_init,
    .abstract = true,
};

static void register_types(void)
{
    type_register_static(&xen_cpu_type);
}
type_init(register_types);
