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

#endif
