/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting the registers of a vCPU whose access waits.
 *
 * Xen has two calls.  xc_vcpu_setcontext() sets general registers, RIP, RFLAGS,
 * the FPU's 512 bytes and debug registers of one vCPU, and leaves all else but
 * the rest of XSAVE's state alone; that has a call of its own.
 * xc_domain_hvm_setcontext() sets what a record has, the TSC included, takes
 * vCPUs without a record down, and on SVM loses CR2.  The first is used where
 * it is enough.
 */
#ifndef HW_XEN_SET_H
#define HW_XEN_SET_H

#include <stdbool.h>
#include "state.h"

/**
 * xen_vt_set_is_enough: whether xc_vcpu_setcontext() sets all that changed
 * @was: as Xen has it
 * @now: as it is to be
 */
bool xen_vt_set_is_enough(const XenVTRecord *was, const XenVTRecord *now);

/**
 * xen_vt_set_general: set what xc_vcpu_setcontext() sets
 * @vcpu: its number
 * @r: what to
 *
 * Returns: 0, or what that call returns with errno set
 */
int xen_vt_set_general(unsigned vcpu, const XenVTRecord *r);

/**
 * xen_vt_set_extended: set all of a vCPU's XSAVE state
 * @vcpu: its number
 * @r: XSAVE's record
 * @size: of it, in bytes
 *
 * By XEN_DOMCTL_setvcpuextstate, which libxenctrl has for PV guests' migration
 * only.
 * Returns: 0, or -1 with errno set
 */
int xen_vt_set_extended(unsigned vcpu, const struct hvm_hw_cpu_xsave *r,
                        uint32_t size);

#endif
