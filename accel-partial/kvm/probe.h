/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host's VT can do, measured in a scratch VM before the guest's.
 *
 * Vendor names and module parameters are not asked: nested and software VTs
 * make them lie.
 */
#ifndef ACCEL_PARTIAL_PROBE_H
#define ACCEL_PARTIAL_PROBE_H

#include "../vt.h"

/* Below this VT is emulating, whatever it says. */
#define PROBE_NATIVE_MIPS 10

/**
 * partial_probe: measure VT, or find what an earlier start has measured
 * @device: path of the KVM device
 * @facts: where the result goes
 * @errp: what failed, if the scratch VM could not be made
 *
 * Measuring takes some 20 ms, more on a busy host, where slow modes are asked
 * again: a wrong answer would last as long as the VM.  It needs no locks.  A
 * mode whose test cannot be set up counts as not native.
 */
bool partial_probe(const char *device, PartialFacts *facts, Error **errp);

#endif
