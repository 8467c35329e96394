/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One honest feature set: what CPUID shows, and what TCG decodes by, is what
 * each engine that may run the guest can run.
 */
#ifndef ACCEL_PARTIAL_FEATURES_H
#define ACCEL_PARTIAL_FEATURES_H

#include "cpu.h"

/**
 * partial_features_install: become the judge of x86 feature words
 *
 * Once, after the probe and before the first vCPU exists.
 */
void partial_features_install(void);

/**
 * partial_features_tell: say what KVM has and the guest is not shown
 * @cpu: the first vCPU, as it is realized
 */
void partial_features_tell(X86CPU *cpu);

/**
 * partial_features_decode: let TCG decode what the guest can see
 * @cpu: a vCPU, its features expanded
 *
 * Does nothing on a VT that shows the guest the CPUID that QEMU set.  One that
 * shows the host's makes guests use what the host has: TCG then decodes all of
 * that which it knows.
 */
void partial_features_decode(X86CPU *cpu);

#endif
