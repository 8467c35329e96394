/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows around bursts of device accesses: what policy.c decides becomes a
 * light window, and what comes of it goes back to policy.c.
 */
#ifndef ACCEL_PARTIAL_BURST_H
#define ACCEL_PARTIAL_BURST_H

#include "policy.h"
#include "window.h"

/* An exit for a device access, which is still in flight. */
typedef struct PartialBurstExit {
    bool is_port;
    uint64_t address;          /* guest-physical, or the port */
    uint64_t pc;               /* RIP, which for stores may be the next one's */
    uint64_t count;            /* RCX */
    uint32_t posted;           /* stores that VT has noted since the last */
} PartialBurstExit;

/* Written by the vCPU's thread, but for what says other. */
typedef struct PartialBurst {
    Policy *policy;            /* NULL: no bursts here */
    bool raised;               /* QEMU's PIC or APIC: since the exit; atomic */
    PolicySite *site;          /* of the window that is open or asked for */
    uint32_t quiet, quiet_left, blocks;
    uint32_t accesses, gap, ticks;
    uint32_t skip;             /* exits that policy is not asked about */
    uint32_t saved;            /* exits that VT would have taken */
    MemoryRegion *posted;      /* to which stores were made that VT posts */
    uint32_t in_port, in_row;
    uint64_t count;            /* RCX at the last exit */
    uint64_t page, device;     /* of the last that was not for a port */
    uint64_t in_block;
    struct {
        uint64_t block;        /* it was made in; 0: none yet */
        uintptr_t ra;          /* where TCG made it; 0: of a port */
        uint64_t count;        /* RCX */
        bool is_load;
    } last;                    /* access */
    bool over;                 /* the window ends where an instruction does */
    bool long_now;             /* its deadline has come */
    PartialStop why;           /* ... and why */
    int64_t translating;       /* since when; 0: it is not */
    int64_t cold_ns;           /* how long it was in the window */
    int64_t left;              /* when the exit was looked at */
    int64_t start, deadline;
    uint64_t exit_ns, loss_ns; /* see PolicyDecision */
} PartialBurst;

/**
 * partial_burst_init: get a vCPU ready for burst windows
 * @cpu: the vCPU, in its thread, before it runs
 *
 * To be called where the user wants bursts and VT can take light state only.
 */
void partial_burst_init(CPUState *cpu);

/**
 * partial_burst_is_ready: whether partial_burst_init() was called
 * @cpu: the vCPU, in its thread
 */
bool partial_burst_is_ready(CPUState *cpu);

/**
 * partial_burst_fini: the vCPU goes away
 * @cpu: the vCPU
 */
void partial_burst_fini(CPUState *cpu);

/**
 * partial_burst_learn_exit: an exit costs less than was thought
 * @cpu: the vCPU
 * @exit_ns: what it costs, where nothing else was measured
 */
void partial_burst_learn_exit(CPUState *cpu, uint32_t exit_ns);

/**
 * partial_burst_forget: a reset or loadvm has replaced the vCPU's state
 * @cpu: the vCPU, in its thread
 */
void partial_burst_forget(CPUState *cpu);

/**
 * partial_burst_can_skip: whether the next exit may be passed over unseen
 * @cpu: the vCPU
 *
 * So are most exits of those that cannot open a window: they have to cost next
 * to nothing.  Context: the vCPU's thread, without the BQL.
 */
bool partial_burst_can_skip(CPUState *cpu);

/**
 * partial_burst_skip: count an exit that is passed over
 * @cpu: the vCPU, for which partial_burst_can_skip() said yes
 */
void partial_burst_skip(CPUState *cpu);

/**
 * partial_burst_exit: a device access left VT
 * @cpu: the vCPU, whose access is still in flight
 * @exit: what for
 *
 * Makes VT come back after the access if a window is wanted.
 * Context: the vCPU's thread, without the BQL.
 */
void partial_burst_exit(CPUState *cpu, const PartialBurstExit *exit);

/**
 * partial_burst_is_asked: whether a window will open when the access is done
 * @cpu: the vCPU, at an exit
 */
bool partial_burst_is_asked(CPUState *cpu);

/**
 * partial_burst_open: open the window that an exit asked for, if one did
 * @cpu: the vCPU, whose access is complete
 * @kicked: somebody wants the thread: forget it this time
 *
 * Context: the vCPU's thread, with the BQL.
 */
void partial_burst_open(CPUState *cpu, bool kicked);

/**
 * partial_burst_raised: QEMU's own PIC or APIC wants an interrupt
 * @cpu: the vCPU; any thread, with the BQL
 */
void partial_burst_raised(CPUState *cpu);

/**
 * partial_burst_forget_sums: what people are told of sites begins anew
 * @cpu: the vCPU, in its thread
 */
void partial_burst_forget_sums(CPUState *cpu);

/**
 * partial_burst_sites: the sites that are known, and that matter
 * @cpu: the vCPU, in its thread
 * @fn: is called for each
 * @opaque: for @fn
 */
void partial_burst_sites(CPUState *cpu,
                         void (*fn)(const PolicySite *site, void *opaque),
                         void *opaque);

/**
 * partial_burst_code_changed: VT has changed the code that comes next
 * @cpu: the vCPU, between two blocks
 */
void partial_burst_code_changed(CPUState *cpu);

#endif
