/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What KVM and the vCPUs have to be told when takeover= changes. */
#ifndef ACCEL_PARTIAL_KVM_LEVEL_H
#define ACCEL_PARTIAL_KVM_LEVEL_H

/**
 * partial_level_apply: go by the level of partial_config
 *
 * At start-up, and when it has changed.
 * Context: the main thread with the BQL, which may be given up meanwhile.
 */
void partial_level_apply(void);

#endif
