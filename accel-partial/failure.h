/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows over what VT cannot run, and over what only looks so. */
#ifndef ACCEL_PARTIAL_FAILURE_H
#define ACCEL_PARTIAL_FAILURE_H

#include "window.h"

/*
 * VT failed on the instruction that comes next: TCG completes it, whatever
 * comes, and goes on for a bounded number of blocks.
 */
extern const PartialWindowKind partial_failure_window;

/*
 * The vCPU's thread is busy and nothing exits.  VT may repeat an instruction
 * forever, or the guest a loop: as nothing has failed for sure, the window ends
 * at resources that VT owns from its first instruction on.
 */
extern const PartialWindowKind partial_spinning_window;

#endif
