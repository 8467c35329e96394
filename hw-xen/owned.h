/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Xen serves itself, and QEMU is not asked for. */
#ifndef HW_XEN_OWNED_H
#define HW_XEN_OWNED_H

#include "hw/core/cpu.h"
#include "hw/xen/xen-hvm-common.h"

/** xen_vt_owns_page: owns_page() of vt.h */
bool xen_vt_owns_page(CPUState *cpu, hwaddr gpa);

/** xen_vt_owns_port: owns_port() of vt.h */
bool xen_vt_owns_port(CPUState *cpu, uint32_t port);

/**
 * xen_vt_owns_access: whether an access that came to QEMU must be seen by Xen
 * @r: an ioreq of an access
 */
bool xen_vt_owns_access(const ioreq_t *r);

/**
 * xen_vt_saw_access: an access has come to QEMU
 * @r: its ioreq, which the guest waits for
 *
 * Some say what Xen does not keep to itself any more.
 */
void xen_vt_saw_access(const ioreq_t *r);

/** xen_vt_host_is_svm: whether VT is AMD's */
bool xen_vt_host_is_svm(void);

#endif
