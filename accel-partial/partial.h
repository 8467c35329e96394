/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accel/partial: VT holds the vCPU, TCG takes over what VT cannot run.
 *
 * What the rooms of the accelerator share: names, the user's options, and the
 * state of a vCPU, which is one struct for each room.  A vCPU belongs to one
 * engine at a time; vt.h says how it changes hands.
 */
#ifndef ACCEL_PARTIAL_H
#define ACCEL_PARTIAL_H

#include "cpu.h"
#include "hw/core/cpu.h"
#include "mode.h"

/* Leaves cpu_exec(); the window's stop says why. */
#define EXCP_PARTIAL 0x10100

/* How much TCG may take over; each level includes those before it. */
typedef enum PartialLevel {
    PARTIAL_OFF,
    PARTIAL_FAILURES,
    PARTIAL_STATES,
    PARTIAL_BURSTS,
    PARTIAL_ALL,
} PartialLevel;

/* Why TCG took the vCPU over. */
typedef enum PartialReason {
    PARTIAL_REASON_EMULATION,  /* VT's emulator did not know the instruction */
    PARTIAL_REASON_DELIVERY,   /* VT could not deliver an event */
    PARTIAL_REASON_ENTRY,      /* VT refused the guest state */
    PARTIAL_REASON_SHUTDOWN,   /* VT saw a triple fault */
    PARTIAL_REASON_ENDLESS,    /* VT repeats an access without progress */
    PARTIAL_REASON_SPINNING,   /* the thread is busy and nothing exits */
    PARTIAL_REASON_MODE,       /* VT does not run this CPU mode natively */
    PARTIAL_REASON_BURST,      /* device accesses come close together */
    PARTIAL_REASON__MAX,
} PartialReason;

/* Why a window ended. */
typedef enum PartialStop {
    PARTIAL_STOP_BUDGET,       /* the bound on blocks was reached */
    PARTIAL_STOP_MODE,         /* VT runs the new CPU mode natively */
    PARTIAL_STOP_KICK,         /* somebody wants the vCPU thread */
    PARTIAL_STOP_HALT,         /* HLT, and VT has the interrupt controller */
    PARTIAL_STOP_VT_OWNED,     /* a resource that only VT can serve */
    PARTIAL_STOP_UNKNOWN,      /* TCG does not know a later instruction */
    PARTIAL_STOP_RESET,        /* the guest was reset */
    PARTIAL_STOP_DEBUG,        /* a debugger's breakpoint or step */
    PARTIAL_STOP_NEITHER,      /* neither engine can run the instruction */
    PARTIAL_STOP_NOWHERE,      /* code was fetched from where nothing is */
    PARTIAL_STOP_QUIET,        /* a burst has ended */
    PARTIAL_STOP_INTERRUPT,    /* an interrupt waits for the guest */
    PARTIAL_STOP_LOSS,         /* a burst cost more than exits would */
    PARTIAL_STOP__MAX,
} PartialStop;

extern const char *const partial_reason_name[PARTIAL_REASON__MAX];
extern const char *const partial_stop_name[PARTIAL_STOP__MAX];

/* What the user asked for, and what start-up made of it; constant then. */
typedef struct PartialConfig {
    PartialLevel level;
    char *states_option;
    uint32_t window_blocks;    /* bound of a failure window, in blocks */
    uint32_t tb_size;          /* MiB; 0: chosen at start-up */
    uint32_t burst_trigger;    /* close exits that open a window */
    uint32_t burst_quiet;      /* most blocks without an access */
    uint32_t burst_blocks;     /* most blocks of a window */
    uint32_t burst_us;         /* longest wait of an interrupt, microseconds */
    char *burst_allow;
    char *burst_deny;
    char *learn;               /* NULL: not said; on, off, or a path */

    PartialModes states;       /* CPU modes that belong to TCG */
    bool tcg_owns_all;         /* VT never runs this guest */
} PartialConfig;

/* Of the accelerator in use; NULL under any other. */
extern const PartialConfig *partial_config;

/**
 * partial_mixed: whether both engines may run this guest
 *
 * Where TCG owns every CPU mode nothing has to be kept coherent with VT, and
 * env never travels.
 */
static inline bool partial_mixed(void)
{
    return !partial_config->tcg_owns_all;
}

#endif
