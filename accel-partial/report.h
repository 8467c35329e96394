/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person reads when neither engine can go on. */
#ifndef ACCEL_PARTIAL_REPORT_H
#define ACCEL_PARTIAL_REPORT_H

#include "hw/core/cpu.h"
#include "partial.h"

/**
 * partial_report: say what happened and pause the VM
 * @cpu: the vCPU, whose window closed with a stop that nobody can mend;
 *       called by its own thread with the BQL held
 */
void partial_report(CPUState *cpu);

/**
 * partial_site_note: remember an instruction that KVM failed on
 * @f: what KVM said
 * @rip: linear address
 *
 * Keeps the first few distinct ones, for "info partial".  Any thread.
 */
void partial_site_note(const PartialFailure *f, uint64_t rip);

/**
 * partial_failure_describe: one line of what KVM said
 * @f: it
 *
 * Returns: a string to be freed with g_free()
 */
char *partial_failure_describe(const PartialFailure *f);

#endif
