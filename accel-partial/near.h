/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows for the CPU modes that belong to TCG.  They last while the vCPU is in
 * such a mode.  Where TCG has big real mode, it keeps the modes on the way into
 * it and out of it for a while, as no exit shows the way back.
 */
#ifndef ACCEL_PARTIAL_NEAR_H
#define ACCEL_PARTIAL_NEAR_H

#include "window.h"

/* How long TCG stays; written by the vCPU's thread. */
typedef struct PartialNear {
    bool on;                   /* in a mode that is near big real mode */
    int64_t own_since;         /* when it last entered that, by get_clock() */
    int64_t until;
    uint32_t blocks_left;      /* until it asks the clock, while these ... */
    uint32_t hflags;           /* ... are as they were */
    uint64_t cr0;
} PartialNear;

/* A window for a CPU mode: chained blocks, no bound but the mode. */
extern const PartialWindowKind partial_mode_window;

/**
 * partial_near_open: give the vCPU to TCG for its CPU mode
 * @cpu: the vCPU
 *
 * Context: the vCPU's thread, with the BQL.
 * Returns: as partial_window_open()
 */
bool partial_near_open(CPUState *cpu);

/**
 * partial_near_in_own: whether the CPU is in a mode that belongs to TCG
 * @cpu: the vCPU; env has its registers
 */
bool partial_near_in_own(CPUState *cpu);

#endif
