/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A window: TCG runs the vCPU until a bound, a CPU mode of VT's, or something
 * that only VT can do.  What differs from window to window is its kind; this
 * room knows no kind by name.
 */
#ifndef ACCEL_PARTIAL_WINDOW_H
#define ACCEL_PARTIAL_WINDOW_H

#include "partial.h"

struct TCGCPUOps;

/* An access of a device that a window is about to make. */
typedef struct PartialAccess {
    MemoryRegion *mr;          /* NULL for a port */
    uint32_t port;
    bool is_store;             /* or OUT */
    bool kicked;               /* somebody wants the vCPU's thread */
    uintptr_t ra;              /* where in TCG's code; not for a port */
    uint64_t block;            /* of the window, counted from its start */
} PartialAccess;

/*
 * A kind of window.  All functions may be NULL, and run in the vCPU's thread:
 * block, access and translating without the BQL, closed with it.
 */
typedef struct PartialWindowKind {
    bool light;                /* takes a part of the state only: vt.h */
    bool bounded;              /* ends after so many blocks, and at VT's own */
    bool failed;               /* VT cannot run the first instruction */

    /** block: returns true, and why, if it ends before its next block */
    bool (*block)(CPUState *cpu, PartialStop *why);

    /**
     * access: returns false, and why, if it ends before a device access
     *
     * Not called for what has no instruction: the delivery of an event and the
     * page walker's accesses.
     */
    bool (*access)(CPUState *cpu, const PartialAccess *access,
                   PartialStop *why);

    /** translating: a block is about to be translated */
    void (*translating)(CPUState *cpu);

    /** closed: VT has the vCPU again */
    void (*closed)(CPUState *cpu, PartialStop stop);
} PartialWindowKind;

/* Written by the vCPU's thread, but for what says other. */
typedef struct PartialWindow {
    const PartialWindowKind *kind;
    PartialReason reason;
    PartialStop stop;          /* why it will end, or ended */
    bool open;                 /* TCG has the vCPU; written with the BQL */
    bool first;                /* the instruction VT failed on is still ahead */
    bool mmu_changed;          /* so that VT's translations may be old */
    bool event_is_irq;         /* exception_index is a vector from VT */
    bool narrow;               /* may change general registers only */
    bool page_faulted;         /* CR2 is of a fault in this window */
    bool map_changed;          /* while VT had it; protected by the BQL */
    bool kicked;               /* atomic, any thread: since VT was entered */
    uint32_t blocks_left;
    uint64_t blocks;           /* of this window so far */
} PartialWindow;

/**
 * partial_window_open: hand the vCPU to TCG
 * @cpu: the vCPU; called by its own thread with the BQL held
 * @kind: of the window
 * @reason: for the record
 * @blocks: the bound, in blocks, of a bounded kind
 *
 * Returns: false if the state could not be had; VT has the vCPU then.  See
 * take() and take_light() in vt.h.
 */
bool partial_window_open(CPUState *cpu, const PartialWindowKind *kind,
                         PartialReason reason, uint32_t blocks);

/**
 * partial_window_is_open: whether TCG has the vCPU
 * @cpu: the vCPU, in its thread or with the BQL
 */
bool partial_window_is_open(CPUState *cpu);

/**
 * partial_window_is_bounded: whether VT's own resources end the window
 * @cpu: the vCPU, in a window or just after it
 */
bool partial_window_is_bounded(CPUState *cpu);

/**
 * partial_window_page_faulted: whether CR2 is of a page fault in the window
 * @cpu: the vCPU, in a window or as it closes
 */
bool partial_window_page_faulted(CPUState *cpu);

/**
 * partial_window_reason: why the window was opened
 * @cpu: the vCPU, in a window or just after it
 */
PartialReason partial_window_reason(CPUState *cpu);

/**
 * partial_window_stop: why the window ends, or ended
 * @cpu: the vCPU, as its window closes or just after
 */
PartialStop partial_window_stop(CPUState *cpu);

/**
 * partial_window_set_event: have an event delivered before the first block
 * @cpu: the vCPU, as its window opens
 * @vector: of an exception or interrupt; -1 for none
 * @is_irq: it comes from an interrupt controller
 */
void partial_window_set_event(CPUState *cpu, int vector, bool is_irq);

/**
 * partial_window_narrow: VT takes back general registers and the FPU only
 * @cpu: the vCPU, in take_light() of vt.h
 *
 * What changes segments, descriptor tables or control registers ends the
 * window before it is done, and so does an exception or a software interrupt.
 */
void partial_window_narrow(CPUState *cpu);

/**
 * partial_window_take_event: what is left of partial_window_set_event()
 * @cpu: the vCPU, as its window closes
 * @is_irq: out: it comes from an interrupt controller
 *
 * Returns: the vector, or what else cpu_exec() left behind; there is none
 * afterwards
 */
int partial_window_take_event(CPUState *cpu, bool *is_irq);

/**
 * partial_window_kick: somebody wants the vCPU's thread
 * @cpu: the vCPU, also one that is not realized yet; any thread
 */
void partial_window_kick(CPUState *cpu);

/**
 * partial_window_kicked: whether somebody does
 * @cpu: the vCPU
 */
bool partial_window_kicked(CPUState *cpu);

/**
 * partial_window_unkick: the thread is about to enter VT, and looks again after
 * @cpu: the vCPU, in its thread
 */
void partial_window_unkick(CPUState *cpu);

/**
 * partial_window_forget: a reset or loadvm found the window open
 * @cpu: the vCPU, in its thread
 *
 * Its state is replaced: nothing goes back to VT.
 */
void partial_window_forget(CPUState *cpu);

/**
 * partial_window_chain: whether blocks may follow each other directly
 * @cpu: the vCPU, in a window
 * @chain: if not, each block passes the loop, and the hook there
 */
void partial_window_chain(CPUState *cpu, bool chain);

/**
 * partial_window_run: let TCG run until it stops or is asked to
 * @cpu: a vCPU with an open window; called with the BQL held, which is dropped
 *       while guest code runs
 *
 * Returns: an EXCP_* code.  The window may still be open afterwards (halted or
 * kicked): the thread then sees to its events and calls again.
 */
int partial_window_run(CPUState *cpu);

/**
 * partial_window_rests: whether VT has the vCPU, which is told then
 * @cpu: any vCPU, also one that is not realized yet
 *
 * To be called when memory has changed: if the answer is yes, the next window
 * flushes the soft TLB, and nobody needs to interrupt VT for it.
 * Context: any thread, with the BQL.
 */
bool partial_window_rests(CPUState *cpu);

/**
 * partial_window_may_end: whether what began here has been completed
 * @cpu: the vCPU, between two blocks
 *
 * STI and MOV SS belong together with what follows them, and a watched access
 * with the #DB after its instruction.
 */
bool partial_window_may_end(CPUState *cpu);

/**
 * partial_window_close: give the vCPU back to VT
 * @cpu: the vCPU; called by its own thread with the BQL held
 * @stop: for the record
 */
void partial_window_close(CPUState *cpu, PartialStop stop);

/**
 * partial_window_hooks: wrap TCG's operations on the vCPU
 * @ops: x86's, to be used in their place
 *
 * Returns: operations that look at each event before TCG acts on it.
 * Implemented in hooks.c.
 */
const struct TCGCPUOps *partial_window_hooks(const struct TCGCPUOps *ops);

#endif
