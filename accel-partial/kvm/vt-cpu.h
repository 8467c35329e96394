/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What KVM's side of the accelerator keeps for a vCPU: one struct for each
 * room, defined in that room's header.
 */
#ifndef ACCEL_PARTIAL_KVM_VT_CPU_H
#define ACCEL_PARTIAL_KVM_VT_CPU_H

#include "exits.h"
#include "light.h"
#include "pending.h"
#include "regs.h"
#include "rep-stop.h"
#include "state.h"
#include "watchdog.h"

struct PartialVTCpu {
    PartialExits exits;
    PartialFullState state;
    PartialLight light;
    PartialPending pending;
    PartialRegs regs;
    PartialRepStop rep_stop;
    PartialWatch watch;
};

#endif
