/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages that a window writes: Xen, which does not see it, sends them on. */
#ifndef HW_XEN_WRITTEN_H
#define HW_XEN_WRITTEN_H

#include "hw/core/cpu.h"

/* Its vCPU's thread's own. */
typedef struct XenVTWritten {
    GHashTable *pages;         /* a set of page numbers */
} XenVTWritten;

/** xen_vt_written_note: stored() of vt.h */
void xen_vt_written_note(CPUState *cpu, hwaddr gpa);

/**
 * xen_vt_written_tell: tell Xen, if the guest migrates
 * @cpu: the vCPU, as its window closes; with the BQL
 */
void xen_vt_written_tell(CPUState *cpu);

#endif
