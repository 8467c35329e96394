/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device model of Xen's that takes vCPUs of its HVM guest over: what QEMU's
 * own files call, and what they lend.
 */
#ifndef HW_XEN_TAKEOVER_H
#define HW_XEN_TAKEOVER_H

#include "qemu/accel.h"
#include "hw/xen/xen-hvm-common.h"

/**
 * xen_takeover_add_props: give "-accel xen" the options of a take-over
 * @oc: the accelerator's class
 */
void xen_takeover_add_props(ObjectClass *oc);

/**
 * xen_takeover_init: start TCG, if the user wants windows
 * @ms: the machine, of which no vCPU exists yet
 *
 * Returns: false, and has said why, if that cannot be
 */
bool xen_takeover_init(MachineState *ms);

/**
 * xen_vt_ioreq: take an access of a guest, if a window is to take its place
 * @state: of QEMU's ioreq server
 * @slot: the ioreq, in service
 *
 * Context: the main thread, with the BQL.
 * Returns: whether it will be answered by the vCPU's thread
 */
bool xen_vt_ioreq(XenIOState *state, ioreq_t *slot);

/**
 * xen_vt_ioreq_left: an ioreq whose window asked for a reset or a shutdown
 * @state: of QEMU's ioreq server; send_vcpu is set
 *
 * Context: the main thread, with the BQL.
 * Returns: its slot, for which nothing is left to do but to answer; or NULL
 */
ioreq_t *xen_vt_ioreq_left(XenIOState *state);

/* Lent by hw/xen/xen-hvm-common.c.  Context: with the BQL. */

/** xen_ioreq_make: make a guest's access of a device */
void xen_ioreq_make(XenIOState *state, ioreq_t *req);

/** xen_ioreq_look: look for ioreqs; the main thread's own */
void xen_ioreq_look(void *state);

#endif
