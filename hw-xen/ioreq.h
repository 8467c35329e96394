/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device access of an HVM guest, as Xen asks QEMU for it (an ioreq), and the
 * window that may take its place.
 *
 * The main thread gets ioreqs and asks policy.  If a window is wanted the
 * vCPU's thread has the ioreq then, until it is answered.
 */
#ifndef HW_XEN_IOREQ_H
#define HW_XEN_IOREQ_H

#include "cpu.h"
#include "hw/xen/xen-hvm-common.h"
#include "registers.h"

/* Protected by the BQL. */
typedef struct XenVTIoreq {
    XenIOState *state;
    ioreq_t *slot;             /* that the vCPU's thread has to serve */
    ioreq_t *done;             /* that is left to the main thread ... */
    bool left;                 /* ... to be answered */
    ioreq_t last;              /* the access before */
    XenVTRegisters at_last;    /* registers then, if they were read */
    bool at_last_known;
    bool at_in;                /* RIP is at the IN that waits */
    bool asked;                /* policy wants a window */
    int64_t answered;          /* when the last access was */
    uint32_t exit_ns;          /* least time from answer to next access */
} XenVTIoreq;

/**
 * xen_vt_ioreq_serve: open the window, run it, and answer
 * @cpu: a vCPU whose slot is set; called by its thread with the BQL
 */
void xen_vt_ioreq_serve(CPUState *cpu);

/** xen_vt_ioreq_init: before the vCPU's first access */
void xen_vt_ioreq_init(CPUState *cpu);

/** xen_vt_ioreq_ask: whether policy wants a window at the access now */
void xen_vt_ioreq_ask(CPUState *cpu, bool wanted);

/**
 * xen_vt_ioreq_is_open: whether some access is served by a vCPU's thread
 *
 * Context: with the BQL.
 */
bool xen_vt_ioreq_is_open(void);

/** xen_vt_ioreq_waits: whether there is something to serve */
bool xen_vt_ioreq_waits(CPUState *cpu);

/** xen_vt_ioreq_cost: the least that an access has taken, in ns */
uint32_t xen_vt_ioreq_cost(CPUState *cpu);

#endif
