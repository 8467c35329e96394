/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sites of this run, and what earlier runs have learnt of the same code. */
#ifndef ACCEL_PARTIAL_RECALL_H
#define ACCEL_PARTIAL_RECALL_H

#include "hw/core/cpu.h"
#include "policy.h"

/**
 * partial_recall: ask once for what is known of a site
 * @cpu: the vCPU, at an exit of the site
 * @p: its policy
 * @d: [in, out] what policy has decided; a recalled verdict may change it
 *
 * Context: the vCPU's thread, without the BQL.
 */
void partial_recall(CPUState *cpu, Policy *p, PolicyDecision *d);

/**
 * partial_recall_open: a window opens whose worth is to be kept
 * @cpu: the vCPU, before the window has run
 * @site: whose window it is
 *
 * Context: the vCPU's thread.
 */
void partial_recall_open(CPUState *cpu, PolicySite *site);

/**
 * partial_recall_note: a window at a site has told what it is worth
 * @p: the vCPU's policy, after policy_window_done()
 * @site: the site
 *
 * Context: the vCPU's thread.
 */
void partial_recall_note(const Policy *p, PolicySite *site);

#endif
