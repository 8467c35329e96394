/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's TSC while TCG has the vCPU, and when Xen gets it back.
 *
 * The TSC in a vCPU's record is not that of now.  It is the guest's at the last
 * moment when all records were read or some were set, which Xen notes for the
 * whole domain (sync_tsc in xen/arch/x86/hvm).  When that was is known from the
 * host's TSC before and after the call, so how far the guest's TSC is from the
 * host's is known within two bounds.  TCG goes by the lower one: what the guest
 * reads under Xen afterwards is never less.  It is looked at once in a second,
 * as the two may run at rates that differ by a little.
 */
#ifndef HW_XEN_TSC_H
#define HW_XEN_TSC_H

#include <stdbool.h>
#include <stdint.h>

/* Its vCPU's thread's own. */
typedef struct XenVTTsc {
    int64_t least, most;       /* the guest's less the host's: its bounds */
    int64_t meant;             /* the same, when it was last looked at */
    int64_t looked_ns;         /* when; of get_clock() */
    int64_t late;              /* ticks from a value until Xen has set it */
    int64_t taken;             /* the host's when the vCPU was taken over */
    uint64_t in_record;        /* as long as the guest does not write it */
    unsigned notes;            /* how many Xen had made then */
    bool known;
} XenVTTsc;

/**
 * xen_vt_tsc_note_begin: all records are about to be read, or some to be set
 *
 * Context: of all functions here but xen_vt_tsc_now(): with the BQL.
 */
void xen_vt_tsc_note_begin(void);

/** xen_vt_tsc_note_end: they have been */
void xen_vt_tsc_note_end(void);

/** xen_vt_tsc_notes: how often that was so */
unsigned xen_vt_tsc_notes(void);

/**
 * xen_vt_tsc_learn: know the guest's TSC; it is taken over now
 * @t: what is known
 * @vcpu: whose it is
 * @in_record: from a record that was read after the last note
 *
 * Returns: false if Xen does not tell
 */
bool xen_vt_tsc_learn(XenVTTsc *t, unsigned vcpu, uint64_t in_record);

/**
 * xen_vt_tsc_now: the guest's TSC; known before
 * @t: what is known
 *
 * Waits, in the first moment of a window, for as long as the bounds are apart:
 * the guest may have read as much under Xen.
 */
uint64_t xen_vt_tsc_now(const XenVTTsc *t);

/** xen_vt_tsc_set: what to put into a record that is about to be set */
uint64_t xen_vt_tsc_set(XenVTTsc *t);

/** xen_vt_tsc_was_set: between the last two ends of a note, it was */
void xen_vt_tsc_was_set(XenVTTsc *t);

#endif
