/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a window looks at while TCG runs: blocks, exceptions, soft-TLB fills. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "accel/tcg/cpu-ops.h"
#include "exec/address-spaces.h"
#include "exec/cpu_ldst.h"
#include "exec/cputlb.h"
#include "exec/exec-all.h"
#include "exec/memory-internal.h"
#include "exec/translation-block.h"
#include "hw/i386/apic_internal.h"
#include "hw/intc/ioapic.h"
#include "kvm/kvm_i386.h"
#include "tcg/helper-tcg.h"
#include "partial.h"
#include "burst.h"
#include "code.h"
#include "io.h"
#include "light.h"
#include "msr.h"
#include "near.h"
#include "rep.h"
#include "tables.h"
#include "tlb.h"
#include "window.h"
#include "trace.h"

static const TCGCPUOps *x86_ops;
static TCGCPUOps hooked_ops;

static void stop(CPUState *cpu, PartialStop why)
{
    cpu->accel->stop = why;
    cpu->exception_index = EXCP_PARTIAL;
}

/* Whether the CPU is in a mode that belongs to TCG. */
static bool in_own_mode(CPUState *cpu)
{
    PartialModes states = partial_state->states;

    return states == PARTIAL_MODES_ALL ||
           (states && partial_gate_closed(cpu_env(cpu))) ||
           states & (1u << partial_mode_of(cpu_env(cpu)));
}

/* The guest reached a CPU mode that VT runs natively, and is there to stay. */
static bool left_for_vt(CPUState *cpu)
{
    if (partial_near_still(cpu)) {
        return false;
    }
    if (!in_own_mode(cpu)) {
        return !partial_near_stays(cpu, partial_mode_of(cpu_env(cpu)));
    }
    partial_near_own(cpu);
    return false;
}

/*
 * Where TCG has no CPU mode of its own it must not honour the A20 gate either:
 * VT does not, and memory would have two shapes in turn.
 */
static void ignore_gate(CPUState *cpu)
{
    if (unlikely(partial_gate_closed(cpu_env(cpu))) &&
        !partial_state->states) {
        cpu_env(cpu)->a20_mask = -1;
        tlb_flush(cpu);
    }
}

static bool tb_enter(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;
    PartialStop why;

    acc->stats.blocks++;
    acc->window_blocks++;
    ignore_gate(cpu);
    if (!partial_window_may_end(cpu)) {
        if (acc->light.on) {
            partial_light_hide_fpu(cpu);
        }
        return false;
    }
    if (!acc->bounded) {
        if (left_for_vt(cpu)) {
            stop(cpu, PARTIAL_STOP_MODE);
            return true;
        }
        return false;
    }
    if (acc->window_blocks > 1) {
        acc->first = false;
    }
    if (acc->reason == PARTIAL_REASON_BURST && partial_burst_block(cpu, &why)) {
        stop(cpu, why);
        return true;
    }
    if (acc->blocks_left == 0) {
        stop(cpu, PARTIAL_STOP_BUDGET);
        return true;
    }
    acc->blocks_left--;
    return false;
}

/* UD0, UD1, UD2: #UD is what they are for. */
static bool is_ud_instruction(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);
    uint8_t code[2];

    if (cpu_memory_rw_debug(cpu, env->segs[R_CS].base + env->eip, code,
                            sizeof(code), false)) {
        return false;
    }
    return code[0] == 0x0f &&
           (code[1] == 0x0b || code[1] == 0xb9 || code[1] == 0xff);
}

/*
 * TCG says #UD in a window that both engines may run.  The instruction that KVM
 * failed on: nobody knows it.  A later one: VT may.  User code gets its #UD,
 * as it does from KVM, or any guest program could pause the VM.  In a CPU mode
 * that belongs to TCG its word counts, whoever came upon the instruction first.
 */
static bool undefined_is_the_guests(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;

    if (!acc->bounded || in_own_mode(cpu) || is_ud_instruction(cpu)) {
        return true;
    }
    if (!acc->first) {
        stop(cpu, PARTIAL_STOP_UNKNOWN);
        return false;
    }
    if ((cpu_env(cpu)->hflags & HF_CPL_MASK) == 3) {
        warn_report_once("accel partial: a guest program used an instruction "
                         "that neither KVM nor TCG knows; it got #UD");
        return true;
    }
    stop(cpu, PARTIAL_STOP_NEITHER);
    return false;
}

static void do_interrupt(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;
    CPUX86State *env = cpu_env(cpu);
    int vector = cpu->exception_index;

    if (vector == EXCP07_PREX && partial_light_trapped(cpu)) {
        return;
    }
    if (acc->event_is_irq) {
        acc->event_is_irq = false;
        do_interrupt_x86_hardirq(env, vector, 1);
        return;
    }
    /* Before the first block it is an event that KVM had begun to deliver. */
    if (vector == EXCP06_ILLOP && !env->exception_is_int &&
        acc->window_blocks && !undefined_is_the_guests(cpu)) {
        cpu_loop_exit(cpu);
    }
    acc->first = false;
    x86_ops->do_interrupt(cpu);
}

static bool exec_interrupt(CPUState *cpu, int request)
{
    bool delivered;

    if (cpu->accel->light.on &&
        x86_cpu_pending_interrupt(cpu, request) & ~CPU_INTERRUPT_POLL) {
        /* KVM has what it takes: the MSRs that SMM saves, for one. */
        stop(cpu, PARTIAL_STOP_INTERRUPT);
        cpu_loop_exit(cpu);
    }
    delivered = x86_ops->cpu_exec_interrupt(cpu, request);

    /*
     * Another vCPU may have written code under VT and said so with this
     * interrupt.
     */
    if (delivered && partial_mixed() && CPU_NEXT(first_cpu)) {
        partial_code_new_generation(cpu);
    }
    return delivered;
}

static MemoryRegion *region_at(CPUState *cpu, hwaddr gpa, hwaddr *offset)
{
    MemTxAttrs attrs = cpu_get_mem_attrs(cpu_env(cpu));
    AddressSpace *as = cpu_get_address_space(cpu, x86_asidx_from_attrs(cpu,
                                                                       attrs));
    hwaddr len = TARGET_PAGE_SIZE;

    return address_space_translate(as, gpa, offset, &len, false, attrs);
}

/* Pages whose accesses KVM's own interrupt controllers must see. */
static bool vt_owns_page(CPUState *cpu, hwaddr gpa)
{
    APICCommonState *apic = APIC_COMMON(X86_CPU(cpu)->apic_state);

    if (!cpu->accel->bounded) {
        return false;
    }
    if (gpa == IO_APIC_DEFAULT_ADDRESS) {
        return kvm_ioapic_in_kernel();
    }
    if (!apic || gpa != (apic->apicbase & MSR_IA32_APICBASE_BASE)) {
        return false;
    }
    /*
     * With QEMU's APIC: an IPI may tell others of page tables that this window
     * changed, so KVM must know of them before.
     */
    return kvm_irqchip_in_kernel() ||
           (cpu->accel->watch_stores && !cpu->accel->first &&
            g_hash_table_size(cpu->accel->written));
}

/* Protection keys guard user pages alone; those are in the lower half. */
static bool needs_pkru(const CPUX86State *env, vaddr addr)
{
    return env->cr[4] & CR4_PKE_MASK && (int64_t)addr >= 0;
}

/* The VM is paused, but not for a user program: it gets #UD, as from KVM. */
static G_NORETURN void neither(CPUState *cpu, PartialStop why, uintptr_t ra)
{
    if ((cpu_env(cpu)->hflags & HF_CPL_MASK) == 3) {
        raise_exception_ra(cpu_env(cpu), EXCP06_ILLOP, ra);
    }
    stop(cpu, why);
    cpu_loop_exit_restore(cpu, ra);
}

static bool tlb_fill(CPUState *cpu, vaddr addr, int size, MMUAccessType type,
                     int mmu_idx, bool probe, uintptr_t ra)
{
    AccelCPUState *acc = cpu->accel;
    hwaddr gpa, offset;
    MemoryRegion *mr;

    if (acc->light.on && needs_pkru(cpu_env(cpu), addr)) {
        partial_light_fpu(cpu);
    }
    if (!x86_ops->tlb_fill(cpu, addr, size, type, mmu_idx, probe, ra)) {
        return false;
    }
    /* The page walker's own accesses change accessed and dirty bits only. */
    if (probe || !acc->in_window || mmu_idx == MMU_PHYS_IDX ||
        mmu_idx == MMU_NESTED_IDX) {
        return true;
    }
    gpa = partial_tlb_page(cpu, addr, mmu_idx);
    if (vt_owns_page(cpu, gpa)) {
        if (!acc->first) {
            stop(cpu, PARTIAL_STOP_VT_OWNED);
            cpu_loop_exit_restore(cpu, ra);
        }
        /* What KVM failed on cannot be given back to it. */
        neither(cpu, PARTIAL_STOP_NEITHER, ra);
    }
    if (type != MMU_DATA_STORE && acc->watch_stores) {
        /* A page that was read first may be writable now. */
        partial_tlb_trap_stores(cpu, addr, mmu_idx);
    }
    if (type == MMU_INST_FETCH) {
        if (partial_tlb_runs_ram(cpu, addr, mmu_idx)) {
            return true;
        }
        mr = region_at(cpu, gpa, &offset);
        if (mr->ops == &unassigned_mem_ops && !memory_region_is_ram(mr)) {
            neither(cpu, PARTIAL_STOP_NOWHERE, ra);
        }
    } else if (type == MMU_DATA_STORE && acc->watch_stores) {
        mr = region_at(cpu, gpa, &offset);
        if (memory_region_is_ram(mr)) {
            partial_tables_note(cpu, gpa, memory_region_get_ram_ptr(mr) +
                                (offset & TARGET_PAGE_MASK));
        }
    }
    return true;
}

/* Ports of the controllers that a full in-kernel irqchip brings along. */
static bool vt_owns_port(uint32_t port)
{
    return kvm_pic_in_kernel() &&
           ((port & ~0x81u) == 0x20 || (port & ~3u) == 0x40 || port == 0x61 ||
            (port & ~1u) == 0x4d0);
}

/* An access that other engines' stores must not overtake. */
static void flush_coalesced(MemoryRegion *mr)
{
    if (mr->flush_coalesced_mmio && CPU_NEXT(first_cpu)) {
        BQL_LOCK_GUARD();
        qemu_flush_coalesced_mmio_buffer();
    }
}

static void io_access(CPUState *cpu, MemoryRegion *mr, bool is_store,
                      uintptr_t ra)
{
    AccelCPUState *acc = cpu->accel;
    PartialStop why;

    if (!acc->in_window || !partial_mixed()) {
        return;
    }
    flush_coalesced(mr);
    /* Without an instruction it is an event's delivery or the page walker. */
    if (ra && acc->reason == PARTIAL_REASON_BURST &&
        !partial_burst_access(cpu, mr, is_store, ra, &why)) {
        stop(cpu, why);
        cpu_loop_exit_restore(cpu, ra);
    }
}

static bool leave_port(CPUState *cpu, uint32_t port, bool is_in,
                       PartialStop *why)
{
    AccelCPUState *acc = cpu->accel;

    return vt_owns_port(port) ||
           (acc->reason == PARTIAL_REASON_BURST &&
            !partial_burst_port(cpu, port, is_in, why));
}

/*
 * CPUID and the MSRs are KVM's in a window that both engines may run: a
 * hypervisor leaf or kvmclock's page would have two answers.  So is what VT's
 * own TLB must see; and a light window has not fetched all registers.
 */
static bool leaves(CPUState *cpu, X86Leave insn, uint32_t arg,
                   PartialStop *why)
{
    AccelCPUState *acc = cpu->accel;

    switch (insn) {
    case X86_LEAVE_IN:
    case X86_LEAVE_OUT:
        return leave_port(cpu, arg, insn == X86_LEAVE_IN, why);
    case X86_LEAVE_SYSTEM:
        return acc->light.on;
    case X86_LEAVE_TSC:
        if (acc->light.on) {
            partial_light_tsc(cpu);
        }
        return false;
    case X86_LEAVE_MMU:
        return partial_mixed();
    default:
        return true;
    }
}

/* Resources of KVM's interrupt controllers: TCG would ask QEMU's own. */
static bool only_vt_has(X86Leave insn, uint32_t arg)
{
    switch (insn) {
    case X86_LEAVE_IN:
    case X86_LEAVE_OUT:
        return vt_owns_port(arg);
    case X86_LEAVE_RDMSR:
    case X86_LEAVE_WRMSR:
        return kvm_irqchip_in_kernel() && arg >= MSR_APIC_START &&
               arg <= MSR_APIC_END;
    default:
        return false;
    }
}

static bool leave(CPUX86State *env, X86Leave insn, uint32_t arg)
{
    CPUState *cpu = env_cpu(env);
    AccelCPUState *acc = cpu->accel;
    PartialStop why = PARTIAL_STOP_VT_OWNED;

    if (!acc->in_window) {
        return false;
    }
    if (!acc->bounded) {
        if (insn == X86_LEAVE_WRMSR && partial_mixed()) {
            partial_msr_written(cpu, arg);
        }
        return false;
    }
    if (!leaves(cpu, insn, arg, &why)) {
        return false;
    }
    if (acc->first) {
        /* What VT failed on cannot be left to it: TCG's answer has to do. */
        acc->mmu_changed |= insn == X86_LEAVE_MMU;
        if (!only_vt_has(insn, arg)) {
            return false;
        }
        why = PARTIAL_STOP_NEITHER;
    }
    stop(cpu, why);
    return true;
}

const TCGCPUOps *partial_window_hooks(const TCGCPUOps *ops)
{
    x86_ops = ops;
    hooked_ops = *ops;
    hooked_ops.tb_enter = tb_enter;
    hooked_ops.rests = partial_window_rests;
    hooked_ops.tb_trust = partial_code_trust;
    hooked_ops.tb_page = partial_code_translate;
    hooked_ops.do_interrupt = do_interrupt;
    hooked_ops.cpu_exec_interrupt = exec_interrupt;
    hooked_ops.tlb_fill = tlb_fill;
    hooked_ops.io_access = io_access;
    hooked_ops.io_recompile = partial_io_recompile;
    hooked_ops.io_expected = partial_io_expected;
    x86_tcg_leave = leave;
    x86_rep_by_pages = partial_rep_by_pages;
    return &hooked_ops;
}
