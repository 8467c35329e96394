/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's memory for TCG: one range of addresses as large as the guest's
 * memory, filled in pieces as TCG comes to them, which then stay.
 *
 * QEMU's own map cache may put other memory where a piece was at any time when
 * it is asked for it; TCG keeps addresses for as long as a window.  Memory that
 * Xen does not map reads as ones.
 */
#ifndef HW_XEN_RAM_H
#define HW_XEN_RAM_H

#include "hw/core/cpu.h"

/**
 * xen_vt_ram_init: reserve the addresses, and have QEMU ask for them
 *
 * Context: with the BQL, once the machine is complete.
 * Returns: false, with errno set, if there are none
 */
bool xen_vt_ram_init(void);

/**
 * xen_vt_ram_is_mapped: whether Xen has mapped a page
 * @gpa: guest-physical, of a page that TCG has come to
 */
bool xen_vt_ram_is_mapped(hwaddr gpa);

/**
 * xen_vt_ram_changed: Xen says that the guest's memory has changed
 *
 * Context: the main thread, with the BQL.
 */
void xen_vt_ram_changed(void);

/**
 * xen_vt_ram_settle: forget memory that has changed
 * @self: the vCPU that wants to open a window, or NULL; with the BQL
 *
 * All pieces go, as soon as no vCPU has a window open.
 */
void xen_vt_ram_settle(CPUState *self);

#endif
