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
#include "kvm/kvm_i386.h"
#include "system/cpus.h"
#include "system/kvm.h"
#include "partial.h"
#include "burst.h"
#include "code.h"
#include "light.h"
#include "report.h"
#include "state.h"
#include "tables.h"
#include "window.h"
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
    AccelCPUState *acc = cpu->accel;
    CPUX86State *env = cpu_env(cpu);

    acc->start_pc = env->segs[R_CS].base + env->eip;
    acc->in_window = true;
    if (acc->map_changed) {
        acc->map_changed = false;
        tlb_flush(cpu);
    }
    acc->stats.takeovers[acc->reason]++;
    acc->near.on = false;
    acc->near.own_since = get_clock();
    partial_window_chain(cpu, !acc->bounded);
    if (acc->first) {
        /* Alone in its block, so that progress is seen after it. */
        cpu->cflags_next_tb = cpu->tcg_cflags | 1;
    }
    if (partial_mixed()) {
        partial_code_new_generation(cpu);
    }
    partial_tables_begin(cpu);
    trace_partial_window_open(cpu->cpu_index, partial_reason_name[acc->reason],
                              acc->start_pc, acc->blocks_left);
}

static void prepare(CPUState *cpu, PartialReason reason, uint32_t blocks)
{
    AccelCPUState *acc = cpu->accel;

    acc->reason = reason;
    acc->bounded = blocks != 0;
    acc->blocks_left = blocks;
    acc->window_blocks = 0;
    /* A loop of the guest's looks as if VT spun: nothing has failed then. */
    acc->first = reason != PARTIAL_REASON_MODE &&
                 reason != PARTIAL_REASON_BURST &&
                 reason != PARTIAL_REASON_SPINNING;
    acc->mmu_changed = false;
    /* What VT wrote to devices before must reach them before. */
    kvm_flush_coalesced_mmio_buffer();
}

bool partial_window_open(CPUState *cpu, PartialReason reason, uint32_t blocks)
{
    prepare(cpu, reason, blocks);
    if (!partial_state_take(cpu)) {
        return false;
    }
    begin(cpu);
    return true;
}

bool partial_window_open_burst(CPUState *cpu, uint32_t blocks)
{
    prepare(cpu, PARTIAL_REASON_BURST, blocks);
    if (!partial_light_take(cpu)) {
        return false;
    }
    begin(cpu);
    return true;
}

bool partial_window_rests(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;

    if (!acc || acc->in_window) {
        return false;
    }
    acc->map_changed = true;
    return true;
}

void partial_window_close(CPUState *cpu, PartialStop stop)
{
    AccelCPUState *acc = cpu->accel;

    acc->in_window = false;
    acc->stop = stop;
    acc->stats.stops[stop]++;
    /* The instruction that met a watched address is VT's to make again. */
    cpu->watchpoint_hit = NULL;
    cpu_reset_interrupt(cpu, CPU_INTERRUPT_DEBUG);
    if (acc->light.on) {
        partial_light_give(cpu);
    } else {
        partial_state_give(cpu);
    }
    partial_tables_settle(cpu);
    if (acc->reason == PARTIAL_REASON_BURST) {
        partial_burst_closed(cpu, stop);
    }
    trace_partial_window_close(cpu->cpu_index, partial_stop_name[stop],
                               acc->window_blocks);
}

/* PAUSE leaves TCG's loop for nobody's sake. */
static bool only_paused(CPUState *cpu, int r)
{
    return r == EXCP_INTERRUPT && cpu->accel->light.on &&
           !qatomic_read(&cpu->accel->kicked) && !cpu->stop &&
           cpu_work_list_empty(cpu);
}

/* cpu_exec() without the BQL, and the one instruction that must run alone. */
static int run_tcg(CPUState *cpu)
{
    int64_t start = get_clock();
    int r;

    bql_unlock();
    do {
        cpu_exec_start(cpu);
        r = cpu_exec(cpu);
        cpu_exec_end(cpu);
        if (r == EXCP_ATOMIC) {
            cpu_exec_step_atomic(cpu);
        }
    } while (r == EXCP_ATOMIC || only_paused(cpu, r));
    bql_lock();
    qatomic_set(&cpu->exit_request, 0);
    cpu->accel->stats.tcg_ns += get_clock() - start;
    return r;
}

static int after_halt(CPUState *cpu)
{
    if (cpu->accel->bounded && partial_mixed()) {
        partial_window_close(cpu, PARTIAL_STOP_HALT);
        partial_state_halt_in_kernel(cpu);
    }
    return EXCP_HLT;
}

bool partial_window_may_end(CPUState *cpu)
{
    return !(cpu_env(cpu)->hflags & HF_INHIBIT_IRQ_MASK) &&
           !cpu->watchpoint_hit;
}

/* Somebody wants the thread; a bounded window that has progressed ends. */
static int after_kick(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;

    if (acc->light.on && !qatomic_read(&acc->kicked) && !cpu->stop) {
        /* Work that the vCPU has given itself: the window goes on after it. */
        return EXCP_INTERRUPT;
    }
    if (acc->bounded && !acc->first && partial_window_may_end(cpu)) {
        partial_window_close(cpu, PARTIAL_STOP_KICK);
    }
    return EXCP_INTERRUPT;
}

int partial_window_run(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;
    int r = run_tcg(cpu);

    switch (r) {
    case EXCP_PARTIAL:
        partial_window_close(cpu, acc->stop);
        if (acc->stop == PARTIAL_STOP_NEITHER ||
            acc->stop == PARTIAL_STOP_NOWHERE) {
            partial_report(cpu);
        }
        return EXCP_INTERRUPT;
    case EXCP_HLT:
    case EXCP_HALTED:
        return after_halt(cpu);
    case EXCP_DEBUG:
        if (acc->bounded) {
            partial_window_close(cpu, PARTIAL_STOP_DEBUG);
        }
        return r;
    default:
        return after_kick(cpu);
    }
}
