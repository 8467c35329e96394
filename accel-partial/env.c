/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What TCG keeps beside the registers, or in another way. */

#include "qemu/osdep.h"
#include "exec/exec-all.h"
#include "tcg/helper-tcg.h"
#include "env.h"

void partial_env_derive_flags(CPUX86State *env)
{
    env->hflags &= ~PARTIAL_HFLAGS_IN_EFLAGS;
    cpu_load_efer(env, env->efer);
    cpu_x86_update_cr4(env, env->cr[4]);
    partial_env_derive_breakpoints(env);
}

void partial_env_derive_breakpoints(CPUX86State *env)
{
    target_ulong dr7 = env->dr[7];

    cpu_breakpoint_remove_all(env_cpu(env), BP_CPU);
    cpu_watchpoint_remove_all(env_cpu(env), BP_CPU);
    memset(env->cpu_breakpoint, 0, sizeof(env->cpu_breakpoint));
    env->dr[7] = dr7 & ~(DR7_GLOBAL_BP_MASK | DR7_LOCAL_BP_MASK);
    cpu_x86_update_dr7(env, dr7);
}

void partial_env_rotate_fpu(CPUX86State *env, unsigned by)
{
    FPReg regs[8];
    unsigned i;

    if (by % 8 == 0) {
        return;
    }
    memcpy(regs, env->fpregs, sizeof(regs));
    for (i = 0; i < 8; i++) {
        env->fpregs[(i + by) % 8] = regs[i];
    }
}

void partial_env_make_enterable(CPUX86State *env)
{
    uint32_t type = (env->tr.flags >> DESC_TYPE_SHIFT) & 0xf;
    int i;

    if (!(env->efer & MSR_EFER_LMA)) {
        env->segs[R_CS].flags &= ~DESC_L_MASK;
    }
    for (i = 0; i < 6; i++) {
        if (env->segs[i].flags & DESC_P_MASK) {
            env->segs[i].flags |= DESC_A_MASK;
        }
    }
    if (env->tr.flags & DESC_P_MASK && (type == 1 || type == 9)) {
        env->tr.flags |= DESC_TSS_BUSY_MASK;
    }
}
