/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a vCPU, cpu->accel: one struct for each room, defined in that
 * room's header.  A room uses its own struct only, and asks the others through
 * their functions.
 */
#ifndef ACCEL_PARTIAL_VCPU_STATE_H
#define ACCEL_PARTIAL_VCPU_STATE_H

#include "burst.h"
#include "code.h"
#include "lazy-fpu.h"
#include "near.h"
#include "partial.h"
#include "report.h"
#include "stats.h"
#include "tables.h"
#include "window.h"

struct AccelCPUState {
    PartialWindow window;
    PartialNear near;
    PartialBurst burst;
    PartialLazyFpu lazy_fpu;
    PartialCode code;
    PartialTables tables;
    PartialFailure failure;    /* report.h */
    PartialStats stats;
    struct PartialVTCpu *vt;   /* of the implementation of vt.h in use */
};

#endif
