/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Xen's side of a take-over keeps for a vCPU, cpu->accel->vt: one struct
 * for each room, defined in that room's header.
 */
#ifndef HW_XEN_VT_CPU_H
#define HW_XEN_VT_CPU_H

#include "ioreq.h"
#include "state.h"
#include "written.h"

struct PartialVTCpu {
    XenVTState state;
    XenVTIoreq ioreq;
    XenVTWritten written;
};

#endif
