/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What TCG keeps beside the registers, and registers that hypervisors and TCG
 * keep in different ways.  It is the same for every implementation of vt.h.
 */
#ifndef ACCEL_PARTIAL_ENV_H
#define ACCEL_PARTIAL_ENV_H

#include "cpu.h"

/* QEMU's code for hypervisors copies these from eflags; TCG has them there. */
#define PARTIAL_HFLAGS_IN_EFLAGS (HF_TF_MASK | HF_VM_MASK | HF_IOPL_MASK)

/**
 * partial_env_derive_flags: what TCG keeps beside the registers
 * @env: the vCPU's registers, from VT
 */
void partial_env_derive_flags(CPUX86State *env);

/**
 * partial_env_derive_breakpoints: let TCG see what DR0 to DR7 say
 * @env: the vCPU's registers; called between blocks
 */
void partial_env_derive_breakpoints(CPUX86State *env);

/**
 * partial_env_rotate_fpu: change the order of the x87 registers
 * @env: the vCPU's registers
 * @by: env->fpstt from ST(0) first, as FXSAVE stores them, to register number,
 *      as TCG keeps them; 8 less that for the way back (SDM vol. 1, 8.1.2 and
 *      10.5.1.1)
 */
void partial_env_rotate_fpu(CPUX86State *env, unsigned by);

/**
 * partial_env_make_enterable: segments as VM entry wants them
 * @env: the vCPU's registers
 *
 * It wants them accessed, as a CPU makes them when they are loaded, and a busy
 * TSS (SDM vol. 3C, 27.3.1.2).  TCG's far jumps and LTR leave both out.  And
 * the L bit of CS, which a CPU ignores outside long mode, must be clear there.
 */
void partial_env_make_enterable(CPUX86State *env);

#endif
