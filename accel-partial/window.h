/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A window: TCG runs the vCPU until a bound, a mode of VT's, or something that
 * only VT can do.  It knows why it stopped, not why it was started.
 */
#ifndef ACCEL_PARTIAL_WINDOW_H
#define ACCEL_PARTIAL_WINDOW_H

#include "hw/core/cpu.h"
#include "partial.h"

struct TCGCPUOps;

/**
 * partial_window_open: hand the vCPU to TCG
 * @cpu: the vCPU; called by its own thread with the BQL held
 * @reason: for the record
 * @blocks: the bound, in blocks; 0 for none but the CPU mode
 *
 * Returns: false if the state could not be had; the VM is then stopped
 */
bool partial_window_open(CPUState *cpu, PartialReason reason, uint32_t blocks);

/**
 * partial_window_open_burst: give the vCPU to TCG for a burst
 * @cpu: the vCPU, at an instruction boundary
 * @blocks: bound, in basic blocks
 *
 * Only the state in the run page is taken, see light.h.
 * Context: the vCPU's thread, with the BQL.
 * Returns: false if this is no moment for it; the registers are as before then.
 */
bool partial_window_open_burst(CPUState *cpu, uint32_t blocks);

/**
 * partial_window_chain: whether blocks may follow each other directly
 * @cpu: the vCPU, in a window
 * @chain: if not, each block passes the loop, and the hook there
 */
void partial_window_chain(CPUState *cpu, bool chain);

/**
 * partial_window_run: let TCG run until it stops or is asked to
 * @cpu: a vCPU with an open window; called with the BQL held, which is dropped
 *       while guest code runs
 *
 * Returns: an EXCP_* code.  The window may still be open afterwards (halted or
 * kicked): the thread then sees to its events and calls again.
 */
int partial_window_run(CPUState *cpu);

/**
 * partial_window_rests: whether VT has the vCPU, which is told then
 * @cpu: any vCPU, also one that is not realized yet
 *
 * To be called when memory has changed: if the answer is yes, the next window
 * flushes the soft TLB, and nobody needs to interrupt VT for it.
 * Context: any thread, with the BQL.
 */
bool partial_window_rests(CPUState *cpu);

/**
 * partial_window_may_end: whether what began here has been completed
 * @cpu: the vCPU, between two blocks
 *
 * STI and MOV SS belong together with what follows them, and a watched access
 * with the #DB after its instruction.
 */
bool partial_window_may_end(CPUState *cpu);

/**
 * partial_window_close: give the vCPU back to VT
 * @cpu: the vCPU; called by its own thread with the BQL held
 * @stop: for the record
 */
void partial_window_close(CPUState *cpu, PartialStop stop);

/**
 * partial_window_hooks: wrap TCG's operations on the vCPU
 * @ops: x86's, to be used in their place
 *
 * Returns: operations that look at each event before TCG acts on it
 */
const struct TCGCPUOps *partial_window_hooks(const struct TCGCPUOps *ops);

#endif
