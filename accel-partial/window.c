/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A window: opening it, running it, closing it. */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "exec/cpu-common.h"
#include "exec/cputlb.h"
#include "exec/translation-block.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "system/cpus.h"
#include "vcpu-state.h"
#include "vt.h"
#include "trace.h"

const char *const partial_reason_name[PARTIAL_REASON__MAX] = {
    [PARTIAL_REASON_EMULATION] = "emulation",
    [PARTIAL_REASON_DELIVERY] = "delivery",
    [PARTIAL_REASON_ENTRY] = "entry",
    [PARTIAL_REASON_SHUTDOWN] = "shutdown",
    [PARTIAL_REASON_ENDLESS] = "endless",
    [PARTIAL_REASON_SPINNING] = "spinning",
    [PARTIAL_REASON_MODE] = "mode",
    [PARTIAL_REASON_BURST] = "burst",
};

const char *const partial_stop_name[PARTIAL_STOP__MAX] = {
    [PARTIAL_STOP_BUDGET] = "budget",
    [PARTIAL_STOP_MODE] = "mode",
    [PARTIAL_STOP_KICK] = "kick",
    [PARTIAL_STOP_HALT] = "halt",
    [PARTIAL_STOP_VT_OWNED] = "vt-owned",
    [PARTIAL_STOP_UNKNOWN] = "unknown",
    [PARTIAL_STOP_RESET] = "reset",
    [PARTIAL_STOP_DEBUG] = "debug",
    [PARTIAL_STOP_NEITHER] = "neither",
    [PARTIAL_STOP_NOWHERE] = "nowhere",
    [PARTIAL_STOP_QUIET] = "quiet",
    [PARTIAL_STOP_INTERRUPT] = "interrupt",
    [PARTIAL_STOP_LOSS] = "loss",
};

const PartialConfig *partial_config;
const PartialVT *partial_vt;
const PartialFacts *partial_facts;

/* --- what others ask ------------------------------------------------------ */

bool partial_window_is_open(CPUState *cpu)
{
    return cpu->accel->window.open;
}

bool partial_window_is_bounded(CPUState *cpu)
{
    return cpu->accel->window.kind->bounded;
}

bool partial_window_page_faulted(CPUState *cpu)
{
    return cpu->accel->window.page_faulted;
}

PartialReason partial_window_reason(CPUState *cpu)
{
    return cpu->accel->window.reason;
}

PartialStop partial_window_stop(CPUState *cpu)
{
    return cpu->accel->window.stop;
}

void partial_window_set_event(CPUState *cpu, int vector, bool is_irq)
{
    cpu->exception_index = vector;
    cpu->accel->window.event_is_irq = is_irq;
}

void partial_window_narrow(CPUState *cpu)
{
    cpu->accel->window.narrow = true;
}

int partial_window_take_event(CPUState *cpu, bool *is_irq)
{
    int vector = cpu->exception_index;

    *is_irq = cpu->accel->window.event_is_irq;
    partial_window_set_event(cpu, -1, false);
    return vector;
}

void partial_window_kick(CPUState *cpu)
{
    /* Where TCG has plugins they kick a vCPU that is not realized yet. */
    if (cpu->accel) {
        qatomic_set(&cpu->accel->window.kicked, true);
    }
}

bool partial_window_kicked(CPUState *cpu)
{
    return qatomic_read(&cpu->accel->window.kicked);
}

void partial_window_unkick(CPUState *cpu)
{
    qatomic_set(&cpu->accel->window.kicked, false);
}

bool partial_window_rests(CPUState *cpu)
{
    if (!cpu->accel || cpu->accel->window.open) {
        return false;
    }
    cpu->accel->window.map_changed = true;
    return true;
}

bool partial_window_may_end(CPUState *cpu)
{
    return !(cpu_env(cpu)->hflags & HF_INHIBIT_IRQ_MASK) &&
           !cpu->watchpoint_hit;
}

/* --- its two ends --------------------------------------------------------- */

void partial_window_chain(CPUState *cpu, bool chain)
{
    uint32_t cflags = (cpu->cluster_index << CF_CLUSTER_SHIFT) |
                      (cpu->tcg_cflags & CF_PCREL);

    if (current_machine->smp.max_cpus > 1) {
        cflags |= CF_PARALLEL;
    }
    if (!chain) {
        cflags |= CF_NO_GOTO_TB | CF_NO_GOTO_PTR;
    }
    cpu->tcg_cflags = cflags;
}

/* env is TCG's now; what else a window starts with. */
static void begin(CPUState *cpu)
{
    PartialWindow *w = &cpu->accel->window;
    CPUX86State *env = cpu_env(cpu);

    w->open = true;
    if (w->map_changed) {
        w->map_changed = false;
        tlb_flush(cpu);
    }
    PARTIAL_COUNT(cpu, takeovers[w->reason]);
    partial_window_chain(cpu, !w->kind->bounded);
    if (w->first) {
        /* Alone in its block, so that progress is seen after it. */
        cpu->cflags_next_tb = cpu->tcg_cflags | 1;
    }
    if (partial_mixed()) {
        partial_code_new_generation(cpu);
    }
    partial_tables_begin(cpu, w->kind->bounded);
    trace_partial_window_open(cpu->cpu_index, partial_reason_name[w->reason],
                              env->segs[R_CS].base + env->eip, w->blocks_left);
}

bool partial_window_open(CPUState *cpu, const PartialWindowKind *kind,
                         PartialReason reason, uint32_t blocks)
{
    PartialWindow *w = &cpu->accel->window;

    w->kind = kind;
    w->reason = reason;
    w->blocks_left = blocks;
    w->blocks = 0;
    w->first = kind->failed;
    w->mmu_changed = false;
    w->narrow = false;
    w->page_faulted = false;
    /* What VT wrote to devices before must reach them before. */
    partial_vt->flush_stores();
    if (!(kind->light ? partial_vt->take_light(cpu) : partial_vt->take(cpu))) {
        return false;
    }
    begin(cpu);
    return true;
}

void partial_window_close(CPUState *cpu, PartialStop stop)
{
    PartialWindow *w = &cpu->accel->window;

    w->open = false;
    w->stop = stop;
    PARTIAL_COUNT(cpu, stops[stop]);
    /*
     * The instruction that met a watched address is for VT to make again.  One
     * that a debugger watches has been made, and the debugger is told of it.
     */
    if (stop != PARTIAL_STOP_DEBUG) {
        cpu->watchpoint_hit = NULL;
    }
    cpu_reset_interrupt(cpu, CPU_INTERRUPT_DEBUG);
    if (w->kind->light) {
        partial_vt->give_light(cpu);
    } else {
        /* A bounded window leaves INVLPG and its like to VT. */
        partial_vt->give(cpu, !w->kind->bounded || w->mmu_changed);
    }
    partial_tables_settle(cpu);
    if (w->kind->closed) {
        w->kind->closed(cpu, stop);
    }
    trace_partial_window_close(cpu->cpu_index, partial_stop_name[stop],
                               w->blocks);
}

void partial_window_forget(CPUState *cpu)
{
    PartialWindow *w = &cpu->accel->window;

    if (w->open) {
        w->open = false;
        PARTIAL_COUNT(cpu, stops[PARTIAL_STOP_RESET]);
    }
}

/* --- running -------------------------------------------------------------- */

/* PAUSE leaves TCG's loop though nobody wants the thread. */
static bool only_paused(CPUState *cpu, int r)
{
    return r == EXCP_INTERRUPT && cpu->accel->window.kind->light &&
           !partial_window_kicked(cpu) && !cpu->stop &&
           cpu_work_list_empty(cpu);
}

/* One instruction while no other vCPU runs, under VT or here. */
static void step_alone(CPUState *cpu)
{
    if (partial_vt->alone) {
        partial_vt->alone(cpu, true);
    }
    cpu_exec_step_atomic(cpu);
    if (partial_vt->alone) {
        partial_vt->alone(cpu, false);
    }
}

/* cpu_exec() without the BQL, and the one instruction that must run alone. */
static int run_tcg(CPUState *cpu)
{
    int r;

    partial_stats_enter(cpu, PARTIAL_ENGINE_TCG);
    bql_unlock();
    do {
        cpu_exec_start(cpu);
        r = cpu_exec(cpu);
        cpu_exec_end(cpu);
        if (r == EXCP_ATOMIC) {
            step_alone(cpu);
        }
    } while (r == EXCP_ATOMIC || only_paused(cpu, r));
    bql_lock();
    qatomic_set(&cpu->exit_request, 0);
    partial_stats_leave(cpu);
    return r;
}

static int after_halt(CPUState *cpu)
{
    if (partial_window_is_bounded(cpu) && partial_mixed()) {
        partial_window_close(cpu, PARTIAL_STOP_HALT);
        partial_vt->halt(cpu);
    }
    return EXCP_HLT;
}

/* Somebody wants the thread; a bounded window that has progressed ends. */
static int after_kick(CPUState *cpu)
{
    PartialWindow *w = &cpu->accel->window;

    if (w->kind->light && !partial_window_kicked(cpu) && !cpu->stop) {
        /* Work that the vCPU has given itself: the window goes on after it. */
        return EXCP_INTERRUPT;
    }
    if (w->kind->bounded && !w->first && partial_window_may_end(cpu)) {
        partial_window_close(cpu, PARTIAL_STOP_KICK);
    }
    return EXCP_INTERRUPT;
}

int partial_window_run(CPUState *cpu)
{
    PartialWindow *w = &cpu->accel->window;
    int r = run_tcg(cpu);

    switch (r) {
    case EXCP_PARTIAL:
        partial_window_close(cpu, w->stop);
        if (w->stop == PARTIAL_STOP_NEITHER ||
            w->stop == PARTIAL_STOP_NOWHERE) {
            partial_report(cpu, w->stop);
        }
        return EXCP_INTERRUPT;
    case EXCP_HLT:
    case EXCP_HALTED:
        return after_halt(cpu);
    case EXCP_DEBUG:
        if (w->kind->bounded) {
            partial_window_close(cpu, PARTIAL_STOP_DEBUG);
        }
        return r;
    default:
        return after_kick(cpu);
    }
}
