/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages that a window writes: Xen, which does not see it, sends them on. */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/target_page.h"
#include "system/xen.h"
#include "accel/partial/vcpu-state.h"
#include "vt-cpu.h"
#include "written.h"

void xen_vt_written_note(CPUState *cpu, hwaddr gpa)
{
    XenVTWritten *w = &cpu->accel->vt->written;

    if (!w->pages) {
        w->pages = g_hash_table_new(NULL, NULL);
    }
    g_hash_table_add(w->pages, (void *)(uintptr_t)(gpa >> TARGET_PAGE_BITS));
}

void xen_vt_written_tell(CPUState *cpu)
{
    XenVTWritten *w = &cpu->accel->vt->written;
    GHashTableIter iter;
    gpointer page;

    if (!w->pages) {
        return;
    }
    g_hash_table_iter_init(&iter, w->pages);
    while (g_hash_table_iter_next(&iter, &page, NULL)) {
        xen_hvm_modified_memory((uintptr_t)page << TARGET_PAGE_BITS,
                                TARGET_PAGE_SIZE);
    }
    g_hash_table_remove_all(w->pages);
}
