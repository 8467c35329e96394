/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks into TCG's soft TLB, where its own interface fills what it looks at. */

#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "exec/target_page.h"
#include "exec/tlb-common.h"
#include "cpu.h"
#include "tlb.h"

static uintptr_t index_of(const CPUTLBDescFast *fast, vaddr addr)
{
    return (addr >> TARGET_PAGE_BITS) & (fast->mask >> CPU_TLB_ENTRY_BITS);
}

hwaddr partial_tlb_page(CPUState *cpu, vaddr addr, int mmu_idx)
{
    uintptr_t index = index_of(&cpu->neg.tlb.f[mmu_idx], addr);

    return cpu->neg.tlb.d[mmu_idx].fulltlb[index].phys_addr;
}

bool partial_tlb_runs_ram(CPUState *cpu, vaddr addr, int mmu_idx)
{
    CPUTLBDescFast *fast = &cpu->neg.tlb.f[mmu_idx];

    return !(fast->table[index_of(fast, addr)].addr_code & TLB_MMIO);
}

void partial_tlb_trap_stores(CPUState *cpu, vaddr addr, int mmu_idx)
{
    CPUTLBDescFast *fast = &cpu->neg.tlb.f[mmu_idx];

    qemu_spin_lock(&cpu->neg.tlb.c.lock);
    qatomic_set(&fast->table[index_of(fast, addr)].addr_write, -1);
    qemu_spin_unlock(&cpu->neg.tlb.c.lock);
}

void *partial_tlb_host(CPUState *cpu, vaddr addr, int mmu_idx, bool store)
{
    CPUTLBDescFast *fast = &cpu->neg.tlb.f[mmu_idx];
    CPUTLBEntry *entry = &fast->table[index_of(fast, addr)];
    uintptr_t tag = store ? qatomic_read(&entry->addr_write)
                          : entry->addr_read;

    /* Whatever is special about a page is in the tag's low bits. */
    return tag == (addr & TARGET_PAGE_MASK) ?
           (void *)(uintptr_t)(addr + entry->addend) : NULL;
}
