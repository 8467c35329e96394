/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices bursts may touch: burst-allow and burst-deny. */
#ifndef ACCEL_PARTIAL_ALLOW_H
#define ACCEL_PARTIAL_ALLOW_H

#include "exec/memory.h"

/**
 * partial_allow_init: read the user's lists
 * @allow: colon-separated patterns, or NULL for all
 * @deny: colon-separated patterns, or NULL for none; it has the last word
 *
 * A pattern (* and ?) is matched with the type of the device, as in -device,
 * and with the name of the memory region, as in "info mtree".  One that matches
 * neither is warned of when the machine is complete.
 */
void partial_allow_init(const char *allow, const char *deny);

/**
 * partial_allow_region: whether a burst may touch a region
 * @mr: the region
 */
bool partial_allow_region(MemoryRegion *mr);

/**
 * partial_allow_memory: whether a burst may touch an address
 * @gpa: guest-physical
 */
bool partial_allow_memory(hwaddr gpa);

/**
 * partial_allow_port: whether a burst may touch a port
 * @port: its number
 */
bool partial_allow_port(uint32_t port);

#endif
