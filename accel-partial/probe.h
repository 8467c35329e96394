/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host's VT can do, measured in a scratch VM before the guest's.
 *
 * Vendor names and module parameters are not asked: nested and software VTs
 * make them lie.
 */
#ifndef ACCEL_PARTIAL_PROBE_H
#define ACCEL_PARTIAL_PROBE_H

#include "mode.h"

typedef struct PartialProbe {
    PartialModes native;      /* run at PROBE_NATIVE_MIPS or more */
    uint32_t mips[PARTIAL_MODE__MAX]; /* 0: VT refused it */
    bool shadows;             /* user space's page-table stores are missed */
    bool cpuid_honoured;      /* CPUID shows what KVM_SET_CPUID2 said */
    bool arch_caps_settable;  /* MSR 0x10a takes the value KVM names */
    bool shutdown_keeps_state; /* registers survive KVM_EXIT_SHUTDOWN */
    uint32_t exit_ns;         /* a PIO exit and back */
    uint32_t total_us;        /* what the probe itself took */
} PartialProbe;

/* Below this VT is emulating, whatever it says. */
#define PROBE_NATIVE_MIPS 10

/**
 * partial_probe: measure VT
 * @device: path of the KVM device
 * @probe: where the result goes
 * @errp: what failed, if the scratch VM could not be made
 *
 * Takes some milliseconds; needs no locks.  A mode whose test cannot be set up
 * counts as not native.
 */
bool partial_probe(const char *device, PartialProbe *probe, Error **errp);

#endif
