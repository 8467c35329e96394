/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's TSC while TCG has the vCPU, and when Xen gets it back. */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/xen/xen_native.h"
#include <xen/hvm/save.h>
#include "records.h"
#include "tsc.h"

typedef HVM_SAVE_TYPE(CPU) Record;

/* How long a difference is believed, in windows. */
#define BELIEVED 128

/*
 * A guest's own write of its TSC moves it by more; what is less comes from not
 * knowing when exactly Xen noted it.
 */
#define WRITTEN_TICKS (1 << 26)

/* When Xen last noted all TSCs, in the host's ticks; protected by the BQL. */
static int64_t noted_at;
static unsigned noted;

void xen_vt_tsc_noted(void)
{
    noted_at = cpu_get_host_ticks();
    noted++;
}

/* Reading all records makes Xen note the TSC of that moment. */
static bool look(XenVTTsc *t, unsigned vcpu)
{
    g_autofree void *all = NULL;
    const struct hvm_save_descriptor *d;
    int64_t before = cpu_get_host_ticks(), delta;
    const Record *cpu;

    d = xen_vt_records_find(&all, HVM_SAVE_CODE(CPU), vcpu);
    if (!d) {
        return false;
    }
    cpu = (const void *)(d + 1);
    t->in_record = cpu->tsc;
    /* Taken as the greatest that it can be: time does not run backwards. */
    delta = cpu->tsc - before;
    if (t->known && t->sets) {
        t->late += (t->delta - delta) / (int64_t)t->sets;
        t->late = MAX(t->late, 0);
    }
    t->delta = t->known ? MAX(delta, t->delta) : delta;
    t->sets = 0;
    t->noted = noted;
    t->known = true;
    return true;
}

bool xen_vt_tsc_learn(XenVTTsc *t, unsigned vcpu, uint64_t in_record)
{
    if (!t->known || t->sets >= BELIEVED) {
        return look(t, vcpu);
    }
    if (t->noted != noted) {
        int64_t moved = in_record - (noted_at + t->delta);

        if (moved < -WRITTEN_TICKS || moved > WRITTEN_TICKS) {
            t->known = false;
            return look(t, vcpu);
        }
        t->in_record = in_record;
        t->noted = noted;
    }
    /* The guest has written it. */
    t->delta += in_record - t->in_record;
    t->in_record = in_record;
    return true;
}

uint64_t xen_vt_tsc_now(const XenVTTsc *t)
{
    return cpu_get_host_ticks() + t->delta;
}

uint64_t xen_vt_tsc_set(XenVTTsc *t)
{
    t->sets++;
    t->in_record = xen_vt_tsc_now(t) + t->late;
    xen_vt_tsc_noted();
    t->noted = noted;
    return t->in_record;
}
