/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What KVM said when it failed, in words. */
#ifndef ACCEL_PARTIAL_KVM_DESCRIBE_H
#define ACCEL_PARTIAL_KVM_DESCRIBE_H

#include "../report.h"

/**
 * partial_describe: one line about a failure of KVM's; see vt.h
 * @failure: KVM_EXIT_*, KVM_INTERNAL_ERROR_*, and the CPU's own number
 *
 * Returns: a string to be freed with g_free()
 */
char *partial_describe(const PartialFailure *failure);

#endif
