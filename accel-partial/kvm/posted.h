/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores that KVM posts (KVM API, "coalesced MMIO"): each leaves the guest, and
 * KVM puts it into a ring that user space empties later.
 *
 * The ring tells how many there were since the last exit.  Where windows pay,
 * a region is taken out of it, so that the first store of a burst is seen; it
 * comes back when exits show that no window makes them.
 */
#ifndef ACCEL_PARTIAL_KVM_POSTED_H
#define ACCEL_PARTIAL_KVM_POSTED_H

#include "exec/hwaddr.h"
#include "exec/memory.h"

/** partial_posted_init: learn of regions from now on; before any exists */
void partial_posted_init(void);

/**
 * partial_posted_count: how many stores wait in the ring
 *
 * Other vCPUs may add to it at any time.  Context: without the BQL.
 */
uint32_t partial_posted_count(void);

/**
 * partial_posted_stop: stores to a region shall leave KVM one by one
 * @mr: the region
 *
 * Context: with the BQL; a region that is out of the ring costs nothing.
 */
void partial_posted_stop(MemoryRegion *mr);

/**
 * partial_posted_resume: all stores may be posted again
 *
 * Where there are no bursts any more nobody looks at exits.
 */
void partial_posted_resume(void);

/**
 * partial_posted_exit: a store or load left KVM for user space
 * @gpa: guest-physical
 * @opens: a window takes its place
 *
 * Context: without the BQL.
 */
void partial_posted_exit(hwaddr gpa, bool opens);

#endif
