/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's TSC while TCG has the vCPU, and when Xen gets it back.
 *
 * The TSC in a vCPU's record is not that of now: it is the guest's at the last
 * moment when all records were read or some were set (sync_tsc in
 * xen/arch/x86/hvm).  Setting a record sets the TSC as well, a little late.
 */
#ifndef HW_XEN_TSC_H
#define HW_XEN_TSC_H

#include <stdbool.h>
#include <stdint.h>

/* Its vCPU's thread's own. */
typedef struct XenVTTsc {
    int64_t delta;             /* the guest's less the host's */
    int64_t late;              /* ticks from a value until Xen has set it */
    uint64_t in_record;        /* as long as the guest does not write it */
    unsigned sets;             /* since all records were read */
    unsigned noted;            /* which of Xen's notes in_record is of */
    bool known;
} XenVTTsc;

/**
 * xen_vt_tsc_noted: all records have been read, or some are about to be set
 *
 * Xen notes the TSC of that moment for all vCPUs.  Context: with the BQL.
 */
void xen_vt_tsc_noted(void);

/**
 * xen_vt_tsc_learn: know how far the guest's TSC is from the host's
 * @t: what is known
 * @vcpu: whose it is
 * @in_record: from a record that has just been read
 *
 * Returns: false if Xen does not tell
 */
bool xen_vt_tsc_learn(XenVTTsc *t, unsigned vcpu, uint64_t in_record);

/** xen_vt_tsc_now: the guest's TSC; known before */
uint64_t xen_vt_tsc_now(const XenVTTsc *t);

/** xen_vt_tsc_set: what to put into a record that is about to be set */
uint64_t xen_vt_tsc_set(XenVTTsc *t);

#endif
