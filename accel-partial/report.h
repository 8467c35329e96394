/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VT failed on, and what a person reads when neither engine can go on. */
#ifndef ACCEL_PARTIAL_REPORT_H
#define ACCEL_PARTIAL_REPORT_H

#include "partial.h"

/* What VT said of an instruction; the numbers are its own. */
typedef struct PartialFailure {
    uint32_t exit_reason;
    uint32_t suberror;         /* details of an exit reason */
    uint64_t hardware;         /* what the CPU said */
    uint8_t len;               /* of bytes[]; 0: VT could not fetch any */
    uint8_t bytes[15];
} PartialFailure;

/**
 * partial_report_init: once, before the first vCPU exists
 */
void partial_report_init(void);

/**
 * partial_report_failure: remember what VT said, for partial_report()
 * @cpu: the vCPU; called by its own thread
 * @failure: what it said; all zeros if VT was not asked
 */
void partial_report_failure(CPUState *cpu, const PartialFailure *failure);

/**
 * partial_report_site: remember an instruction that VT failed on
 * @failure: what VT said
 * @rip: linear address
 *
 * Keeps the first few distinct ones, for "info partial".  Any thread.
 */
void partial_report_site(const PartialFailure *failure, uint64_t rip);

/**
 * partial_report_each: tell the instructions that VT failed on
 * @fn: is called for each, under a lock; @what is valid during the call
 * @opaque: for @fn
 *
 * Any thread.
 */
void partial_report_each(void (*fn)(uint64_t rip, uint64_t count,
                                    const char *what, void *opaque),
                         void *opaque);

/**
 * partial_report_sites: print the instructions that VT failed on
 * @s: where to; a line for each.  Any thread.
 */
void partial_report_sites(GString *s);

/**
 * partial_report_bytes: print bytes of code
 * @s: where to
 * @bytes: the bytes
 * @len: how many
 */
void partial_report_bytes(GString *s, const uint8_t *bytes, size_t len);

/**
 * partial_report: say what happened and pause the VM
 * @cpu: the vCPU, whose window has closed; called by its own thread with the
 *       BQL held
 * @stop: why: neither engine can run the instruction, or it is nowhere
 */
void partial_report(CPUState *cpu, PartialStop stop);

#endif
