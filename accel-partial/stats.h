/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of a vCPU, and the clock that says which engine has it. */
#ifndef ACCEL_PARTIAL_STATS_H
#define ACCEL_PARTIAL_STATS_H

#include "qemu/seqlock.h"
#include "partial.h"

/* Burst windows by accesses: 0, 1, 2-3, 4-7, ... */
#define PARTIAL_LENGTHS 16
/* ... and by nanoseconds: the last are those of half a second and longer */
#define PARTIAL_DURATIONS 31

typedef enum PartialEngine {
    PARTIAL_ENGINE_TCG,
    PARTIAL_ENGINE_VT,
    PARTIAL_ENGINE__MAX,
} PartialEngine;

/* How long each engine has had the vCPU. */
typedef struct PartialTimes {
    uint64_t ns[PARTIAL_ENGINE__MAX];
    int64_t since;             /* the engine that runs now does; 0: none */
    PartialEngine engine;      /* ... and which it is */
} PartialTimes;

/* Counters of a vCPU: written by its thread, read by the monitor. */
typedef struct PartialStats {
    uint64_t takeovers[PARTIAL_REASON__MAX];
    uint64_t stops[PARTIAL_STOP__MAX];
    uint64_t blocks;           /* that the execution loop entered */
    uint64_t vt_runs;          /* times that VT was given the vCPU */
    uint64_t syncs;            /* full state transfers from VT */
    uint64_t translations;     /* of code pages into blocks */
    uint64_t code_verified;    /* code pages compared to their copy */
    uint64_t code_stale;       /* code pages that VT had changed */
    uint64_t table_pages;      /* pages windows wrote that were compared */
    uint64_t table_flushes;    /* times VT's shadows were dropped */
    uint64_t burst_accesses;   /* of devices, in burst windows */
    uint64_t exits_saved;      /* that VT would have taken, without bursts */
    uint64_t burst_length[PARTIAL_LENGTHS]; /* windows, by accesses */
    uint64_t burst_ns[PARTIAL_DURATIONS];   /* ... and by time */
    uint64_t light_fpu;        /* burst windows that needed the FPU */
    uint64_t light_tsc;        /* ... and the TSC */
    uint64_t irq_checks;       /* times VT was asked for an interrupt */
    uint64_t io_splits;        /* blocks cut at a device access */
    uint64_t recalled;         /* sites that an earlier run knew */
    uint64_t burst_skips;      /* exits that policy was not asked about */
    uint64_t rep_stops;        /* REPs that VT was made to stop in */
    PartialTimes times;        /* protected by seq */
    QemuSeqLock seq;
} PartialStats;

/* Count one more; by the vCPU's thread, which includes vcpu-state.h. */
#define PARTIAL_COUNT(cpu, field) ((cpu)->accel->stats.field++)

/**
 * partial_stats_enter: an engine begins to run a vCPU
 * @cpu: the vCPU; called by its own thread
 * @engine: which one
 */
void partial_stats_enter(CPUState *cpu, PartialEngine engine);

/**
 * partial_stats_leave: the engine has come back
 * @cpu: the vCPU; called by its own thread
 */
void partial_stats_leave(CPUState *cpu);

/**
 * partial_stats_burst: a burst window has closed
 * @cpu: its vCPU; called by its own thread
 * @accesses: of devices that it made
 * @saved: exits that VT would have taken for them
 * @ns: how long it was open
 */
void partial_stats_burst(CPUState *cpu, uint32_t accesses, uint32_t saved,
                         uint64_t ns);

/**
 * partial_stats_add: add a vCPU's counters to a sum
 * @sum: the sum
 * @stats: the counters; any thread
 */
void partial_stats_add(PartialStats *sum, const PartialStats *stats);

/**
 * partial_stats_reset: begin to count anew
 * @cpu: the vCPU; called by its own thread
 */
void partial_stats_reset(CPUState *cpu);

/**
 * partial_stats_times: how long each engine has had a vCPU
 * @stats: its counters; any thread
 *
 * Returns: times that include the engine that runs now
 */
PartialTimes partial_stats_times(const PartialStats *stats);

#endif
