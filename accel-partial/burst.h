/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows around bursts of device accesses: what policy.c decides becomes a
 * light window, and what comes of it goes back to policy.c.
 */
#ifndef ACCEL_PARTIAL_BURST_H
#define ACCEL_PARTIAL_BURST_H

#include "hw/core/cpu.h"
#include "partial.h"

struct kvm_run;

/**
 * partial_burst_init: get a vCPU ready for burst windows, if they are wanted
 * @cpu: the vCPU, in its thread, before it runs
 */
void partial_burst_init(CPUState *cpu);

/**
 * partial_burst_fini: the vCPU goes away
 * @cpu: the vCPU
 */
void partial_burst_fini(CPUState *cpu);

/**
 * partial_burst_exit: a device access left VT
 * @cpu: the vCPU, whose access is still in flight
 * @run: its run page
 *
 * Makes kvm_cpu_exec() come back after the access if a window is wanted.
 * Context: the vCPU's thread, without the BQL.
 */
void partial_burst_exit(CPUState *cpu, struct kvm_run *run);

/**
 * partial_burst_open: open the window that an exit asked for, if one did
 * @cpu: the vCPU, whose access is complete
 * @kicked: somebody wants the thread: forget it this time
 *
 * Context: the vCPU's thread, with the BQL; as for partial_burst_closed().
 */
void partial_burst_open(CPUState *cpu, bool kicked);

/**
 * partial_burst_closed: tell policy how the window went
 * @cpu: the vCPU
 * @stop: why it ended
 */
void partial_burst_closed(CPUState *cpu, PartialStop stop);

/**
 * partial_burst_code_changed: VT has changed the code that comes next
 * @cpu: the vCPU, between two blocks
 */
void partial_burst_code_changed(CPUState *cpu);

/**
 * partial_burst_translating: a block is about to be translated, which takes as
 * long as thousands that only run
 * @cpu: the vCPU
 */
void partial_burst_translating(CPUState *cpu);

/**
 * partial_burst_block: whether the window ends before its next block
 * @cpu: the vCPU, in a burst window
 * @why: out: the reason
 *
 * Returns: true if so.
 * Context: the vCPU's thread, without the BQL; as for the two below.
 */
bool partial_burst_block(CPUState *cpu, PartialStop *why);

/**
 * partial_burst_access: count an access of a device
 * @cpu: the vCPU, in a burst window
 * @mr: whose region it is
 * @is_store: whether it is a store
 * @ra: where in TCG's code it is made
 * @why: out: why the window ends
 *
 * Returns: false if the window ends before this access.  Never between the
 * accesses of one instruction: then an access that is denied is made.
 */
bool partial_burst_access(CPUState *cpu, MemoryRegion *mr, bool is_store,
                          uintptr_t ra, PartialStop *why);

/**
 * partial_burst_port: the same for an access of a port
 * @cpu: the vCPU, in a burst window
 * @port: its number
 * @is_in: whether it is read
 * @why: out: why the window ends
 *
 * Returns: as partial_burst_access()
 */
bool partial_burst_port(CPUState *cpu, uint32_t port, bool is_in,
                        PartialStop *why);

#endif
