/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters in QMP's query-stats. */
#ifndef ACCEL_PARTIAL_QUERY_H
#define ACCEL_PARTIAL_QUERY_H

/** partial_query_register: the provider "partial"; once, at start-up */
void partial_query_register(void);

/**
 * partial_query_register_with_vt: the same counters among those of the VT
 *
 * For programs that ask no other provider, such as libvirt.  Their names there
 * begin with "partial-"; only the target "vcpu" has them.  Once, after VT has
 * registered its own.
 */
void partial_query_register_with_vt(void);

#endif
