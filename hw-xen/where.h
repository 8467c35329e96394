/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where RIP is while an IN waits. */
#ifndef HW_XEN_WHERE_H
#define HW_XEN_WHERE_H

#include "state.h"

typedef enum XenVTWhere {
    XEN_VT_UNKNOWN,
    XEN_VT_AT,                 /* Xen emulates it, and makes it again */
    XEN_VT_BEHIND,             /* all that is left is to fill RAX */
} XenVTWhere;

/**
 * xen_vt_where_is_rip: where RIP is while an IN waits
 * @c: the vCPU's registers
 *
 * Context: with the BQL.
 */
XenVTWhere xen_vt_where_is_rip(const XenVTRecord *c);

#endif
