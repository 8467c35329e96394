/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probe's answer, kept for later starts on the same host.
 *
 * What VT does depends on the kernel, the CPU and the parameters of KVM's
 * modules.  An answer is kept in a file, together with a key made of those and
 * of the host's boot.  The file is in /var/cache/qemu-partial where that folder
 * exists, else in the user's cache; QEMU_PARTIAL_CACHE names another folder.
 */
#ifndef ACCEL_PARTIAL_KVM_KEEP_H
#define ACCEL_PARTIAL_KVM_KEEP_H

#include "../vt.h"

/**
 * partial_keep_find: the answer of an earlier start
 * @device: path of the KVM device
 * @facts: out: the answer
 *
 * A file that somebody else could have written, or that is not complete, is
 * passed over.
 * Returns: whether there is one
 */
bool partial_keep_find(const char *device, PartialFacts *facts);

/**
 * partial_keep_put: keep an answer, if it is a good one
 * @device: path of the KVM device
 * @facts: the answer
 *
 * One that was measured on a busy host, or is near the limit between native and
 * emulated, is not kept.  Failing to write is no error.
 */
void partial_keep_put(const char *device, const PartialFacts *facts);

#endif
