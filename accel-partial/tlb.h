/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks into TCG's soft TLB, where its own interface fills what it looks at. */
#ifndef ACCEL_PARTIAL_TLB_H
#define ACCEL_PARTIAL_TLB_H

/**
 * partial_tlb_page: the guest-physical page of an entry
 * @cpu: the vCPU
 * @addr: the linear address that has just been entered
 * @mmu_idx: the mode it was entered for
 *
 * Context: the vCPU's thread.
 */
hwaddr partial_tlb_page(CPUState *cpu, vaddr addr, int mmu_idx);

/**
 * partial_tlb_runs_ram: whether the code of an entry is in plain memory
 * @cpu: the vCPU
 * @addr: the linear address that has just been entered to be executed
 * @mmu_idx: the mode it was entered for
 *
 * Context: the vCPU's thread.
 */
bool partial_tlb_runs_ram(CPUState *cpu, vaddr addr, int mmu_idx);

/**
 * partial_tlb_trap_stores: let the next store to a page ask again
 * @cpu: the vCPU
 * @addr: a linear address that has just been entered
 * @mmu_idx: the mode it was entered for
 *
 * Context: the vCPU's thread; takes the TLB's lock.
 */
void partial_tlb_trap_stores(CPUState *cpu, vaddr addr, int mmu_idx);

/**
 * partial_tlb_host: where plain memory is that translated code gets at as well
 * without leaving itself
 * @cpu: the vCPU
 * @addr: linear address
 * @mmu_idx: the mode that accesses it
 * @store: whether it will be written
 *
 * Context: the vCPU's thread.
 *
 * Returns: the host's address of the byte, good to the end of its page until
 * the thread goes on with translated code; NULL for what is not entered, a
 * device's, watched, or not known to be dirty.
 */
void *partial_tlb_host(CPUState *cpu, vaddr addr, int mmu_idx, bool store);

#endif
