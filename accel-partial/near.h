/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Near big real mode: where TCG has that, it keeps the modes on the way into it
 * and out of it for a while, as no exit shows the way back.
 */
#ifndef ACCEL_PARTIAL_NEAR_H
#define ACCEL_PARTIAL_NEAR_H

#include "partial.h"

/**
 * partial_near_own: the vCPU is in a CPU mode of TCG's own
 * @cpu: the vCPU, at a block in a window without bound
 *
 * If it comes from nearby, TCG's time in the mode is counted from here on.
 * Context: the vCPU's thread.
 */
void partial_near_own(CPUState *cpu);

/**
 * partial_near_stays: whether TCG keeps a vCPU that left its modes
 * @cpu: the vCPU, at a block in a window without bound
 * @mode: where it is now, which is not TCG's own
 *
 * Context: the vCPU's thread.
 *
 * Returns: false once leaving costs less than has been spent on staying.
 */
bool partial_near_stays(CPUState *cpu, PartialMode mode);

/**
 * partial_near_still: whether the last answer of partial_near_stays() holds
 * @cpu: the vCPU, at a block
 *
 * Context: the vCPU's thread; cheap.
 *
 * Returns: true if it was yes, and neither the mode nor much time has changed.
 */
bool partial_near_still(CPUState *cpu);

#endif
