/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A light window has no FPU until the first instruction that uses it: that one
 * raises #NM, which the guest never sees.
 */
#ifndef ACCEL_PARTIAL_LAZY_FPU_H
#define ACCEL_PARTIAL_LAZY_FPU_H

#include "hw/core/cpu.h"

/* Its vCPU's thread's own. */
typedef struct PartialLazyFpu {
    bool here;                 /* env has it */
    bool hidden;               /* hflags claim CR0.TS, so that the FPU traps */
} PartialLazyFpu;

/** partial_lazy_fpu_set: whether env has the FPU is for VT's side to say */
void partial_lazy_fpu_set(CPUState *cpu, bool here);

/** partial_lazy_fpu_is_here: what was said */
bool partial_lazy_fpu_is_here(CPUState *cpu);

/**
 * partial_lazy_fpu_hide: make the first use of the FPU raise #NM
 * @cpu: the vCPU, in a light window, before each block
 */
void partial_lazy_fpu_hide(CPUState *cpu);

/**
 * partial_lazy_fpu_trapped: whether a #NM is ours, not the guest's
 * @cpu: the vCPU, in a light window, at the instruction that raised it
 *
 * If so the FPU is there now, and the instruction has to be started again.
 */
bool partial_lazy_fpu_trapped(CPUState *cpu);

#endif
