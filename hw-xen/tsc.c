/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's TSC while TCG has the vCPU, and when Xen gets it back. */

#include "qemu/osdep.h"
#include "qemu/processor.h"
#include "qemu/timer.h"
#include "hw/xen/xen_native.h"
#include <xen/hvm/save.h>
#include "records.h"
#include "tsc.h"

typedef HVM_SAVE_TYPE(CPU) Record;

/* Xen's last note of all TSCs: between which of the host's ticks. */
static struct {
    int64_t before, after;
    unsigned count;
} note;

void xen_vt_tsc_note_begin(void)
{
    note.before = cpu_get_host_ticks();
}

void xen_vt_tsc_note_end(void)
{
    note.after = cpu_get_host_ticks();
    note.count++;
}

unsigned xen_vt_tsc_notes(void)
{
    return note.count;
}

/* What the last note says, if that fits to what is known. */
static bool fits(XenVTTsc *t, uint64_t tsc)
{
    int64_t least = MAX((int64_t)(tsc - note.after), t->least);
    int64_t most = MIN((int64_t)(tsc - note.before), t->most);

    if (least > most) {
        return false;
    }
    t->least = least;
    t->most = most;
    t->in_record = tsc;
    t->notes = note.count;
    return true;
}

static bool look(XenVTTsc *t, unsigned vcpu)
{
    g_autofree void *all = NULL;
    const struct hvm_save_descriptor *d =
        xen_vt_records_find(&all, HVM_SAVE_CODE(CPU), vcpu);

    t->known = d;
    if (d) {
        t->least = INT64_MIN;
        t->most = INT64_MAX;
        fits(t, ((const Record *)(d + 1))->tsc);
        t->looked_ns = get_clock();
        t->meant = t->least;
    }
    return d;
}

/*
 * What a record says while nobody has noted anything new is what it said, until
 * the guest writes its TSC.  It is nonsense where Xen emulates the TSC and has
 * calibrated its clock since the note, as it does each second.
 */
static bool is_old(const XenVTTsc *t, uint64_t in_record)
{
    return t->notes == note.count && in_record != t->in_record;
}

bool xen_vt_tsc_learn(XenVTTsc *t, unsigned vcpu, uint64_t in_record)
{
    t->taken = cpu_get_host_ticks();
    if (!t->known || get_clock() - t->looked_ns > NANOSECONDS_PER_SECOND ||
        is_old(t, in_record) ||
        (t->notes != note.count && !fits(t, in_record))) {
        return look(t, vcpu);
    }
    return true;
}

uint64_t xen_vt_tsc_now(const XenVTTsc *t)
{
    int64_t ticks = cpu_get_host_ticks();

    while (ticks - t->taken < t->most - t->least) {
        cpu_relax();
        ticks = cpu_get_host_ticks();
    }
    return ticks + t->least;
}

uint64_t xen_vt_tsc_set(XenVTTsc *t)
{
    t->in_record = cpu_get_host_ticks() + MAX(t->least, t->meant) + t->late;
    return t->in_record;
}

void xen_vt_tsc_was_set(XenVTTsc *t)
{
    t->least = t->in_record - note.after;
    t->most = t->in_record - note.before;
    t->notes = note.count;
    t->late += ((note.after - note.before) / 2 - t->late) / 8;
}
