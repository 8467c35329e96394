/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has to be right before QEMU can be the device model of a Xen domain. */
#ifndef HW_XEN_PARTIAL_CHECK_H
#define HW_XEN_PARTIAL_CHECK_H

/**
 * xen_check_domain: whether xenstore answers, and has the domain
 * @domid: the number given with -xen-domid
 *
 * xenstored may have died or never have been started: then the kernel lets
 * whoever asks wait for ever.  This function waits for ten seconds.
 * Context: the main thread, once, before the machine is made.
 * Returns: false, after it has told a person what to do
 */
bool xen_check_domain(unsigned domid);

/** xen_check_explain: tell a person who could not open Xen's devices why */
void xen_check_explain(void);

#endif
