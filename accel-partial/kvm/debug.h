/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debugger's breakpoints: in KVM, in TCG, or in both. */
#ifndef ACCEL_PARTIAL_DEBUG_H
#define ACCEL_PARTIAL_DEBUG_H

#include "system/accel-ops.h"

/**
 * partial_debug_ops: take over the gdbstub's operations
 * @ops: KVM's, of which this accelerator's derive
 */
void partial_debug_ops(AccelOpsClass *ops);

/**
 * partial_debug_wants: whether a debugger has asked for EXCP_DEBUG
 * @cpu: the vCPU that returned it; called by its own thread with the BQL held
 *
 * The guest's own breakpoints raise #DB instead.  Without a debugger nobody
 * could take the event, and QEMU's debugger stub would have no state for it.
 */
bool partial_debug_wants(CPUState *cpu);

#endif
