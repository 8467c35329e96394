/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU mode, from KVM's registers. */

#include "qemu/osdep.h"
#include "sregs.h"
#include <linux/kvm.h>

static PartialSegment from_kvm(const struct kvm_segment *s)
{
    return (PartialSegment) {
        .base = s->base, .limit = s->limit, .selector = s->selector,
        .type = s->type, .dpl = s->dpl, .usable = s->present && !s->unusable,
    };
}

PartialMode partial_mode_of_sregs(const struct kvm_sregs *s, uint64_t rflags)
{
    PartialSegment segs[6] = {
        [R_ES] = from_kvm(&s->es), [R_CS] = from_kvm(&s->cs),
        [R_SS] = from_kvm(&s->ss), [R_DS] = from_kvm(&s->ds),
        [R_FS] = from_kvm(&s->fs), [R_GS] = from_kvm(&s->gs),
    };

    if (s->efer & MSR_EFER_LMA) {
        if (!s->cs.l) {
            return PARTIAL_MODE_COMPAT;
        }
        return s->ss.dpl == 3 ? PARTIAL_MODE_LONG3 : PARTIAL_MODE_LONG0;
    }
    return partial_mode_outside_long(segs, s->cr0, rflags & VM_MASK,
                                     s->cs.db);
}
