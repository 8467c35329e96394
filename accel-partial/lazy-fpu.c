/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The FPU of a light window, fetched when it is first used. */

#include "qemu/osdep.h"
#include "vcpu-state.h"
#include "vt.h"

void partial_lazy_fpu_set(CPUState *cpu, bool here)
{
    cpu->accel->lazy_fpu.here = here;
    cpu->accel->lazy_fpu.hidden = false;
}

bool partial_lazy_fpu_is_here(CPUState *cpu)
{
    return cpu->accel->lazy_fpu.here;
}

void partial_lazy_fpu_hide(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);
    PartialLazyFpu *lazy = &cpu->accel->lazy_fpu;

    lazy->hidden = !lazy->here;
    if (lazy->hidden) {
        /* FWAIT asks for MP as well. */
        env->hflags |= HF_TS_MASK | HF_MP_MASK;
        if (env->cr[4] & CR4_OSXSAVE_MASK) {
            env->hflags |= HF_AVX_EN_MASK;
        }
    }
}

bool partial_lazy_fpu_trapped(CPUState *cpu)
{
    PartialLazyFpu *lazy = &cpu->accel->lazy_fpu;

    if (!lazy->hidden) {
        return false;
    }
    partial_vt->fetch(cpu, PARTIAL_GROUP_FPU);
    lazy->hidden = false;
    cpu_env(cpu)->old_exception = -1;
    return true;
}
