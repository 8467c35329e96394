/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of a domain's records at once. */

#include "qemu/osdep.h"
#include "hw/xen/xen_native.h"
#include <xen/hvm/save.h>
#include "records.h"
#include "tsc.h"

const struct hvm_save_descriptor *xen_vt_records_find(void **all, uint16_t code,
                                                      uint16_t instance)
{
    int size = xc_domain_hvm_getcontext(xen_xc, xen_domid, NULL, 0);
    const struct hvm_save_descriptor *d;
    int at = 0;

    if (size <= 0) {
        return NULL;
    }
    *all = g_malloc(size);
    xen_vt_tsc_note_begin();
    size = xc_domain_hvm_getcontext(xen_xc, xen_domid, *all, size);
    xen_vt_tsc_note_end();
    while (at + (int)sizeof(*d) <= size) {
        d = (const void *)((const uint8_t *)*all + at);
        if (d->typecode == code && d->instance == instance) {
            return d;
        }
        at += sizeof(*d) + d->length;
    }
    return NULL;
}
