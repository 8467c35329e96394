/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting the registers of a vCPU whose access waits.
 *
 * Xen has two calls.  xc_vcpu_setcontext() sets general registers, RIP, RFLAGS,
 * the FPU and debug registers of one vCPU, and leaves all else alone.
 * xc_domain_hvm_setcontext() sets what a record has, the TSC included, and on
 * SVM loses CR2.  The first is used where it is enough.
 */
#ifndef HW_XEN_SET_H
#define HW_XEN_SET_H

#include <stdbool.h>
#include "state.h"

/**
 * xen_vt_set_is_enough: whether xc_vcpu_setcontext() sets all that changed
 * @was: as Xen has it
 * @now: as it is to be
 * @extended: the FPU has state beyond x87 and SSE, which that call loses
 */
bool xen_vt_set_is_enough(const XenVTRecord *was, const XenVTRecord *now,
                          bool extended);

/**
 * xen_vt_set_general: set what xc_vcpu_setcontext() sets
 * @vcpu: its number
 * @r: what to
 *
 * Returns: 0, or what that call returns with errno set
 */
int xen_vt_set_general(unsigned vcpu, const XenVTRecord *r);

#endif
