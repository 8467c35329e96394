/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a window looks at while TCG runs: blocks, exceptions, soft-TLB fills. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "accel/tcg/cpu-ops.h"
#include "exec/address-spaces.h"
#include "exec/cpu_ldst.h"
#include "exec/cputlb.h"
#include "exec/exec-all.h"
#include "exec/memory-internal.h"
#include "exec/translation-block.h"
#include "hw/i386/apic_internal.h"
#include "tcg/helper-tcg.h"
#include "io.h"
#include "rep.h"
#include "tlb.h"
#include "vcpu-state.h"
#include "vt.h"

static const TCGCPUOps *x86_ops;
static TCGCPUOps hooked_ops;

static void stop(CPUState *cpu, PartialStop why)
{
    cpu->accel->window.stop = why;
    cpu->exception_index = EXCP_PARTIAL;
}

/*
 * Where TCG has no CPU mode of its own it must not honour the A20 gate either:
 * VT does not, and memory would have two shapes in turn.
 */
static void ignore_gate(CPUState *cpu)
{
    if (unlikely(partial_gate_closed(cpu_env(cpu))) &&
        !partial_config->states) {
        cpu_env(cpu)->a20_mask = -1;
        tlb_flush(cpu);
    }
}

static bool tb_enter(CPUState *cpu)
{
    PartialWindow *w = &cpu->accel->window;
    PartialStop why;

    PARTIAL_COUNT(cpu, blocks);
    w->blocks++;
    ignore_gate(cpu);
    if (!partial_window_may_end(cpu)) {
        if (w->kind->light) {
            partial_lazy_fpu_hide(cpu);
        }
        return false;
    }
    if (w->blocks > 1) {
        w->first = false;
    }
    if (w->kind->block && w->kind->block(cpu, &why)) {
        stop(cpu, why);
        return true;
    }
    if (w->kind->light) {
        partial_lazy_fpu_hide(cpu);
    }
    if (w->kind->bounded && w->blocks_left-- == 0) {
        stop(cpu, PARTIAL_STOP_BUDGET);
        return true;
    }
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
 * TCG says #UD in a window that both engines may run.  The instruction that VT
 * failed on: nobody knows it.  A later one: VT may.  User code gets its #UD,
 * as it does from VT, or any guest program could pause the VM.  In a CPU mode
 * that belongs to TCG its word counts, whoever came upon the instruction first.
 */
static bool undefined_is_the_guests(CPUState *cpu)
{
    PartialWindow *w = &cpu->accel->window;

    if (!w->kind->bounded || partial_near_in_own(cpu) ||
        is_ud_instruction(cpu)) {
        return true;
    }
    if (!w->first) {
        stop(cpu, PARTIAL_STOP_UNKNOWN);
        return false;
    }
    if ((cpu_env(cpu)->hflags & HF_CPL_MASK) == 3) {
        warn_report_once("accel partial: a guest program used an instruction "
                         "that neither VT nor TCG knows; it got #UD");
        return true;
    }
    stop(cpu, PARTIAL_STOP_NEITHER);
    return false;
}

static bool in_light(CPUState *cpu)
{
    return cpu->accel->window.open && cpu->accel->window.kind->light;
}

static void do_interrupt(CPUState *cpu)
{
    PartialWindow *w = &cpu->accel->window;
    CPUX86State *env = cpu_env(cpu);
    int vector = cpu->exception_index;

    if (vector == EXCP07_PREX && in_light(cpu) &&
        partial_lazy_fpu_trapped(cpu)) {
        return;
    }
    if (w->event_is_irq) {
        w->event_is_irq = false;
        do_interrupt_x86_hardirq(env, vector, 1);
        return;
    }
    /* Before the first block it is an event that VT had begun to deliver. */
    if (vector == EXCP06_ILLOP && !env->exception_is_int && w->blocks &&
        !undefined_is_the_guests(cpu)) {
        cpu_loop_exit(cpu);
    }
    if (w->narrow) {
        /* The instruction is made again, and raises the same. */
        stop(cpu, PARTIAL_STOP_VT_OWNED);
        cpu_loop_exit(cpu);
    }
    w->first = false;
    w->page_faulted |= vector == EXCP0E_PAGE && !env->exception_is_int;
    x86_ops->do_interrupt(cpu);
}

static bool exec_interrupt(CPUState *cpu, int request)
{
    bool delivered;

    if (in_light(cpu) &&
        x86_cpu_pending_interrupt(cpu, request) & ~CPU_INTERRUPT_POLL) {
        /* VT has what it takes: the MSRs that SMM saves, for one. */
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

/*
 * With QEMU's APIC: an IPI may tell others of page tables that this window
 * changed, so VT must know of them before.
 */
static bool tells_of_tables(CPUState *cpu, hwaddr gpa)
{
    APICCommonState *apic = APIC_COMMON(X86_CPU(cpu)->apic_state);

    return apic && gpa == (apic->apicbase & MSR_IA32_APICBASE_BASE) &&
           !cpu->accel->window.first && partial_tables_have_stores(cpu);
}

/* Whether VT, and not TCG, has to access a page. */
static bool vt_owns_page(CPUState *cpu, hwaddr gpa)
{
    return cpu->accel->window.kind->bounded &&
           (partial_vt->owns_page(cpu, gpa) || tells_of_tables(cpu, gpa));
}

/* Protection keys guard user pages alone; those are in the lower half. */
static bool needs_pkru(const CPUX86State *env, vaddr addr)
{
    return env->cr[4] & CR4_PKE_MASK && (int64_t)addr >= 0;
}

/* The VM is paused, but not for a user program: it gets #UD, as from VT. */
static G_NORETURN void neither(CPUState *cpu, PartialStop why, uintptr_t ra)
{
    if ((cpu_env(cpu)->hflags & HF_CPL_MASK) == 3) {
        raise_exception_ra(cpu_env(cpu), EXCP06_ILLOP, ra);
    }
    stop(cpu, why);
    cpu_loop_exit_restore(cpu, ra);
}

/* What a window must know of the page that has just been entered. */
static void look_at_page(CPUState *cpu, vaddr addr, hwaddr gpa,
                         MMUAccessType type, int mmu_idx, uintptr_t ra)
{
    bool watches = partial_tables_watch(cpu) || partial_vt->stored;
    hwaddr offset;
    MemoryRegion *mr;

    if (type != MMU_DATA_STORE && watches) {
        /* A page that was read first may be writable now. */
        partial_tlb_trap_stores(cpu, addr, mmu_idx);
    }
    if (type == MMU_INST_FETCH) {
        if (partial_tlb_runs_ram(cpu, addr, mmu_idx)) {
            return;
        }
        mr = region_at(cpu, gpa, &offset);
        if (mr->ops == &unassigned_mem_ops && !memory_region_is_ram(mr)) {
            neither(cpu, PARTIAL_STOP_NOWHERE, ra);
        }
    } else if (type == MMU_DATA_STORE && partial_tables_watch(cpu)) {
        mr = region_at(cpu, gpa, &offset);
        if (memory_region_is_ram(mr)) {
            partial_tables_note(cpu, gpa, memory_region_get_ram_ptr(mr) +
                                (offset & TARGET_PAGE_MASK));
        }
    }
}

static bool tlb_fill(CPUState *cpu, vaddr addr, int size, MMUAccessType type,
                     int mmu_idx, bool probe, uintptr_t ra)
{
    PartialWindow *w = &cpu->accel->window;
    hwaddr gpa;

    if (in_light(cpu) && needs_pkru(cpu_env(cpu), addr)) {
        partial_vt->fetch(cpu, PARTIAL_GROUP_FPU);
    }
    if (!x86_ops->tlb_fill(cpu, addr, size, type, mmu_idx, probe, ra)) {
        return false;
    }
    if (w->open && partial_vt->stored && type == MMU_DATA_STORE) {
        partial_vt->stored(cpu, partial_tlb_page(cpu, addr, mmu_idx));
    }
    /* The page walker's own accesses change accessed and dirty bits only. */
    if (probe || !w->open || mmu_idx == MMU_PHYS_IDX ||
        mmu_idx == MMU_NESTED_IDX) {
        return true;
    }
    gpa = partial_tlb_page(cpu, addr, mmu_idx);
    if (vt_owns_page(cpu, gpa)) {
        if (!w->first) {
            stop(cpu, PARTIAL_STOP_VT_OWNED);
            cpu_loop_exit_restore(cpu, ra);
        }
        /* What VT failed on cannot be given back to it. */
        neither(cpu, PARTIAL_STOP_NEITHER, ra);
    }
    look_at_page(cpu, addr, gpa, type, mmu_idx, ra);
    return true;
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
    PartialWindow *w = &cpu->accel->window;
    PartialAccess access = {
        .mr = mr, .is_store = is_store, .ra = ra, .block = w->blocks,
        .kicked = qatomic_read(&w->kicked),
    };
    PartialStop why;

    if (!w->open || !partial_mixed()) {
        return;
    }
    flush_coalesced(mr);
    /* Without an instruction it is an event's delivery or the page walker. */
    if (ra && w->kind->access && !w->kind->access(cpu, &access, &why)) {
        stop(cpu, why);
        cpu_loop_exit_restore(cpu, ra);
    }
}

static bool leave_port(CPUState *cpu, uint32_t port, bool is_out,
                       PartialStop *why)
{
    PartialWindow *w = &cpu->accel->window;
    PartialAccess access = {
        .port = port, .is_store = is_out, .block = w->blocks,
        .kicked = qatomic_read(&w->kicked),
    };

    return partial_vt->owns_port(cpu, port) ||
           (w->kind->access && !w->kind->access(cpu, &access, why));
}

/*
 * CPUID and the MSRs are VT's in a window that both engines may run: a
 * hypervisor leaf or kvmclock's page would have two answers.  So is what VT's
 * own TLB must see, RSM, which reads what VT has saved, and an IRET after which
 * VT may deliver an NMI; and a light window has not fetched all registers.
 */
static bool leaves(CPUState *cpu, X86Leave insn, uint32_t arg,
                   PartialStop *why)
{
    const PartialWindow *w = &cpu->accel->window;
    bool light = w->kind->light;

    switch (insn) {
    case X86_LEAVE_IN:
    case X86_LEAVE_OUT:
        return leave_port(cpu, arg, insn == X86_LEAVE_OUT, why);
    case X86_LEAVE_SYSTEM:
        return light;
    case X86_LEAVE_SEGMENT:
        return w->narrow;
    case X86_LEAVE_CR2:
        return light && !w->page_faulted && partial_vt->has_cr2 &&
               !partial_vt->has_cr2(cpu);
    case X86_LEAVE_TSC:
        if (light) {
            partial_vt->fetch(cpu, PARTIAL_GROUP_TSC);
        }
        return false;
    case X86_LEAVE_IRET:
        return light && cpu_env(cpu)->hflags2 & HF2_NMI_MASK;
    case X86_LEAVE_MMU:
        return partial_mixed();
    default:
        return true;
    }
}

/* Resources of VT's interrupt controllers: TCG would ask QEMU's own. */
static bool only_vt_has(CPUState *cpu, X86Leave insn, uint32_t arg)
{
    switch (insn) {
    case X86_LEAVE_IN:
    case X86_LEAVE_OUT:
        return partial_vt->owns_port(cpu, arg);
    case X86_LEAVE_RDMSR:
    case X86_LEAVE_WRMSR:
        return partial_vt->owns_msr(cpu, arg);
    default:
        return false;
    }
}

static bool leave(CPUX86State *env, X86Leave insn, uint32_t arg)
{
    CPUState *cpu = env_cpu(env);
    PartialWindow *w = &cpu->accel->window;
    PartialStop why = PARTIAL_STOP_VT_OWNED;

    if (!w->open) {
        return false;
    }
    if (!w->kind->bounded) {
        if (insn == X86_LEAVE_WRMSR && partial_mixed()) {
            partial_vt->msr_written(cpu, arg);
        }
        return false;
    }
    if (!leaves(cpu, insn, arg, &why)) {
        return false;
    }
    if (w->first) {
        /* What VT failed on cannot be left to it: TCG's answer has to do. */
        w->mmu_changed |= insn == X86_LEAVE_MMU;
        if (!only_vt_has(cpu, insn, arg)) {
            return false;
        }
        why = PARTIAL_STOP_NEITHER;
    }
    stop(cpu, why);
    return true;
}

/* --- code ----------------------------------------------------------------- */

static bool tb_trust(CPUState *cpu, TranslationBlock *tb)
{
    bool changed, right = partial_code_trust(cpu, tb, &changed);

    if (changed) {
        partial_burst_code_changed(cpu);
    }
    return right;
}

static void tb_page(CPUState *cpu, uint64_t ram_addr)
{
    const PartialWindowKind *kind = cpu->accel->window.kind;

    if (!partial_mixed()) {
        return;
    }
    if (kind->translating) {
        kind->translating(cpu);
    }
    partial_code_translate(cpu, ram_addr);
}

const TCGCPUOps *partial_window_hooks(const TCGCPUOps *ops)
{
    x86_ops = ops;
    hooked_ops = *ops;
    hooked_ops.tb_enter = tb_enter;
    hooked_ops.rests = partial_window_rests;
    hooked_ops.tb_trust = tb_trust;
    hooked_ops.tb_page = tb_page;
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
