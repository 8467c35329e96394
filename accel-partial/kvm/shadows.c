/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shadow page tables of a KVM without EPT or NPT. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/memalign.h"
#include "cpu.h"
#include "system/kvm_int.h"
#include "shadows.h"

/*
 * KVM drops all shadow page tables when any memory slot goes away; neither CR3
 * loads nor INVLPG repair a store that it missed.  An empty slot above what the
 * guest can address serves.
 */
bool partial_shadows_drop(CPUState *cpu)
{
    static const int top_bits[] = { 51, 47, 45, 39, 38, 36 };
    static int last_good;
    static void *page;
    struct kvm_userspace_memory_region slot = {
        .slot = kvm_state->nr_slots_max - 1,
    };
    int i;

    if (!page) {
        page = qemu_memalign(TARGET_PAGE_SIZE, TARGET_PAGE_SIZE);
        memset(page, 0, TARGET_PAGE_SIZE);
    }
    slot.userspace_addr = (uintptr_t)page;
    for (i = last_good; i < ARRAY_SIZE(top_bits); i++) {
        slot.guest_phys_addr = (1ull << top_bits[i]) - TARGET_PAGE_SIZE;
        slot.memory_size = TARGET_PAGE_SIZE;
        if (kvm_vm_ioctl(kvm_state, KVM_SET_USER_MEMORY_REGION, &slot) == 0) {
            slot.memory_size = 0;
            kvm_vm_ioctl(kvm_state, KVM_SET_USER_MEMORY_REGION, &slot);
            last_good = i;
            return true;
        }
    }
    warn_report_once("accel partial: KVM's shadow page tables cannot be "
                     "dropped; the guest may see stale translations");
    return false;
}
