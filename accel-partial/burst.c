/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between exits, policy and windows. */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "kvm/kvm_i386.h"
#include "system/kvm.h"
#include "tcg/insn-start-words.h"
#include "partial.h"
#include "allow.h"
#include "burst.h"
#include "light.h"
#include "pending.h"
#include "rep-stop.h"
#include "window.h"
#include "trace.h"

/* The clock is read once in so many blocks or accesses. */
#define CLOCK_EVERY 8
/* Accesses of a REP INS that KVM makes in one exit, if they are of 4 bytes. */
#define READ_AHEAD 256

void partial_burst_init(CPUState *cpu)
{
    PartialState *s = partial_state;
    PolicyLimits limits = {
        .trigger = s->burst_trigger, .quiet = s->burst_quiet,
        .blocks = s->burst_blocks,
    };

    if (s->level < PARTIAL_BURSTS || !partial_mixed() ||
        !partial_light_init(cpu)) {
        return;
    }
    cpu->accel->burst.policy = g_new(Policy, 1);
    policy_init(cpu->accel->burst.policy, &limits, s->probe.exit_ns);
}

void partial_burst_fini(CPUState *cpu)
{
    g_free(cpu->accel->burst.policy);
    cpu->accel->burst.policy = NULL;
    g_free(cpu->accel->light.before);
    cpu->accel->light.before = NULL;
}

/* A memory region, or eight ports: a number that no other has. */
static uint64_t device_of(AccelCPUState *acc, const struct kvm_run *run)
{
    uint64_t page = run->mmio.phys_addr & TARGET_PAGE_MASK;
    hwaddr xlat, len = 1;

    if (run->exit_reason == KVM_EXIT_IO) {
        return (uint64_t)run->io.port >> 3 << 1 | 1;
    }
    /* What the map was a while ago serves as well. */
    if (page != acc->burst.page || !acc->burst.device) {
        RCU_READ_LOCK_GUARD();
        acc->burst.page = page;
        acc->burst.device = (uintptr_t)address_space_translate(
            &address_space_memory, run->mmio.phys_addr, &xlat, &len, false,
            MEMTXATTRS_UNSPECIFIED);
    }
    return acc->burst.device;
}

static bool is_allowed(const struct kvm_run *run)
{
    return run->exit_reason == KVM_EXIT_IO ?
           partial_allow_port(run->io.port) :
           partial_allow_memory(run->mmio.phys_addr);
}

/* In a site's device: one that the user denied is a site of its own. */
#define NOT_ALLOWED (UINT64_C(1) << 63)

static void ask_policy(CPUState *cpu, struct kvm_run *run)
{
    AccelCPUState *acc = cpu->accel;
    bool allowed = is_allowed(run);
    PolicyDecision d;
    PolicyExit e;

    e = (PolicyExit) {
        .pc = run->s.regs.regs.rip,
        .device = device_of(acc, run) | (allowed ? 0 : NOT_ALLOWED),
        .now = get_clock(),
    };
    d = policy_exit(acc->burst.policy, &e);
    trace_partial_burst_exit(cpu->cpu_index, e.pc, e.device, e.now,
                             policy_state_name[d.site->state], d.open);
    if (d.skip) {
        acc->burst.skip = d.skip;
        partial_light_rest(cpu);
    }
    if (!allowed) {
        policy_deny(d.site);
        return;
    }
    if (!d.open) {
        return;
    }
    acc->burst.site = d.site;
    acc->burst.quiet = d.quiet;
    acc->burst.blocks = d.blocks;
    acc->burst.start = acc->burst.left = e.now;
    acc->burst.exit_ns = d.exit_ns;
    acc->burst.loss_ns = d.loss_ns;
    acc->burst.count = run->s.regs.regs.rcx;
    qatomic_set(&acc->burst.raised,
                cpu->interrupt_request & CPU_INTERRUPT_HARD);
    partial_light_ask(cpu);
    /* KVM completes the access at its next entry and comes back. */
    qatomic_set(&cpu->exit_request, 1);
}

void partial_burst_exit(CPUState *cpu, struct kvm_run *run)
{
    AccelCPUState *acc = cpu->accel;
    uint64_t count;

    if (!acc->burst.policy) {
        return;
    }
    if (acc->burst.skip) {
        acc->stats.burst_skips++;
        if (--acc->burst.skip == 0) {
            partial_light_unask(cpu);
        }
        return;
    }
    if (acc->burst.site) {
        /*
         * The same instruction goes on: the store of a read-modify-write, the
         * next element of a REP.  That time is VT's.
         */
        acc->burst.start = get_clock();
        count = run->s.regs.regs.rcx;
        partial_rep_stop_arm(cpu, acc->burst.count);
        acc->burst.count = count;
        return;
    }
    ask_policy(cpu, run);
}

/*
 * Whether the access has raised an interrupt that KVM has been told of.  With a
 * split irqchip it keeps the vector where nobody sees it.
 */
static bool has_injected(CPUState *cpu)
{
    return qatomic_read(&cpu->accel->burst.raised) &&
           !(cpu->interrupt_request & CPU_INTERRUPT_HARD);
}

void partial_burst_open(CPUState *cpu, bool kicked)
{
    AccelCPUState *acc = cpu->accel;

    if (!acc->burst.site) {
        return;
    }
    if (kicked || has_injected(cpu)) {
        partial_light_unask(cpu);
        acc->burst.site = NULL;
        return;
    }
    if (!partial_window_open_burst(cpu, acc->burst.blocks)) {
        /* A guest that steps, or is in its NMI handler, is no good site now. */
        policy_refused(acc->burst.site);
        acc->burst.site = NULL;
        return;
    }
    acc->burst.quiet_left = acc->burst.quiet;
    acc->burst.accesses = 0;
    acc->burst.quarters = 0;
    acc->burst.in_row = 0;
    acc->burst.gap = 0;
    acc->burst.ticks = 0;
    acc->burst.cold_ns = acc->burst.translating = 0;
    acc->burst.last.block = 0;
    acc->burst.over = acc->burst.long_now = false;
    acc->burst.deadline = acc->burst.start +
                          (int64_t)partial_state->burst_us * SCALE_US;
}

static void note_translated(AccelCPUState *acc, int64_t now)
{
    if (acc->burst.translating) {
        acc->burst.cold_ns += now - acc->burst.translating;
        acc->burst.translating = 0;
    }
}

static void note_length(PartialStats *st, uint32_t accesses)
{
    unsigned bucket = accesses ? 32 - clz32(accesses) : 0;

    st->burst_length[MIN(bucket, PARTIAL_LENGTHS - 1)]++;
    st->burst_accesses += accesses;
}

void partial_burst_closed(CPUState *cpu, PartialStop stop)
{
    AccelCPUState *acc = cpu->accel;
    PolicyResult r = {
        .now = get_clock(), .exits = acc->burst.quarters / 4,
        .gap = acc->burst.gap, .quiet = stop == PARTIAL_STOP_QUIET,
    };

    note_translated(acc, r.now);
    r.ns = r.now - acc->burst.start;
    r.cold_ns = MIN(acc->burst.cold_ns, r.ns);
    policy_window_done(acc->burst.policy, acc->burst.site, &r);
    note_length(&acc->stats, acc->burst.accesses);
    trace_partial_burst(cpu->cpu_index, acc->burst.site->pc, r.exits, r.gap,
                        r.ns, policy_state_name[acc->burst.site->state]);
    acc->burst.site = NULL;
}

void partial_burst_code_changed(CPUState *cpu)
{
    /* Sites are known by RIP alone. */
    vaddr page = cpu_env(cpu)->eip & TARGET_PAGE_MASK;

    if (cpu->accel->burst.policy) {
        policy_code_changed(cpu->accel->burst.policy, page,
                            page + TARGET_PAGE_SIZE - 1);
    }
}

/*
 * Whether the window must end for the time it takes: it has become a loss, or
 * an interrupt waits in KVM, who is asked as often as an interrupt may be late.
 * Said once, it stays true: not every place is one to leave at.
 */
static bool is_over(CPUState *cpu, PartialStop *why)
{
    AccelCPUState *acc = cpu->accel;
    int64_t now;

    if (!acc->burst.over && ++acc->burst.ticks % CLOCK_EVERY == 0) {
        now = get_clock();
        note_translated(acc, now);
        if (now - acc->burst.start > acc->burst.loss_ns +
            acc->burst.quarters / 4 * acc->burst.exit_ns) {
            acc->burst.over = true;
            acc->burst.why = PARTIAL_STOP_LOSS;
        } else if (now >= acc->burst.deadline) {
            acc->burst.deadline = now + partial_state->burst_us *
                                  (int64_t)SCALE_US;
            acc->burst.long_now = true;
            acc->burst.over = partial_pending_interrupt(cpu);
            acc->burst.why = PARTIAL_STOP_INTERRUPT;
        }
    }
    *why = acc->burst.why;
    return acc->burst.over;
}

void partial_burst_translating(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;

    /* The next block looks at the clock. */
    acc->burst.ticks = CLOCK_EVERY - 1;
    if (!acc->burst.translating) {
        acc->burst.translating = get_clock();
    }
}

bool partial_burst_block(CPUState *cpu, PartialStop *why)
{
    AccelCPUState *acc = cpu->accel;

    if (is_over(cpu, why)) {
        return true;
    }
    if (acc->burst.quiet_left == 0) {
        *why = PARTIAL_STOP_QUIET;
        return true;
    }
    acc->burst.quiet_left--;
    if (acc->burst.long_now) {
        partial_light_debug(cpu);
        acc->burst.long_now = false;
    }
    partial_light_hide_fpu(cpu);
    return false;
}

static void count_access(AccelCPUState *acc, unsigned quarters)
{
    uint32_t gap = acc->burst.quiet - acc->burst.quiet_left;

    if (acc->burst.accesses) {
        acc->burst.gap = MAX(acc->burst.gap, gap);
    }
    acc->burst.accesses++;
    acc->burst.quarters += quarters;
    acc->burst.quiet_left = acc->burst.quiet;
}

static uint64_t guest_pc(CPUState *cpu, uintptr_t ra)
{
    uint64_t data[TARGET_INSN_START_WORDS] = {};

    cpu_unwind_state_data(cpu, ra, data);
    return data[0];
}

/*
 * Whether nothing of the instruction, or of this element of its REP, has been
 * done yet: it is made anew under VT, and no access may happen twice.  A store
 * across two pages, of a vector or of XSAVE is made in several.
 */
static bool begins(CPUState *cpu, uintptr_t ra)
{
    AccelCPUState *acc = cpu->accel;

    if (acc->burst.last.block != acc->window_blocks) {
        return true;
    }
    if (!ra || !acc->burst.last.ra) {
        /* Of INS and OUTS the second half; if it is not, that is no harm. */
        return !acc->burst.last.is_load;
    }
    return guest_pc(cpu, ra) != guest_pc(cpu, acc->burst.last.ra) ||
           acc->burst.last.count != cpu_env(cpu)->regs[R_ECX];
}

static void note_access(CPUState *cpu, uintptr_t ra, bool is_load)
{
    AccelCPUState *acc = cpu->accel;

    acc->burst.last.block = acc->window_blocks;
    acc->burst.last.ra = ra;
    acc->burst.last.count = cpu_env(cpu)->regs[R_ECX];
    acc->burst.last.is_load = is_load;
}

/*
 * REP may stay in its block for long: what ends a window between blocks is
 * looked at here, too.
 */
static bool must_leave(CPUState *cpu, bool allowed, PartialStop *why)
{
    int request = qatomic_read(&cpu->interrupt_request);

    if (!allowed) {
        *why = PARTIAL_STOP_VT_OWNED;
        return true;
    }
    if (qatomic_read(&cpu->accel->kicked)) {
        *why = PARTIAL_STOP_KICK;
        return true;
    }
    if (request && x86_cpu_pending_interrupt(cpu, request)) {
        *why = PARTIAL_STOP_INTERRUPT;
        return true;
    }
    return is_over(cpu, why);
}

bool partial_burst_access(CPUState *cpu, MemoryRegion *mr, bool is_store,
                          uintptr_t ra, PartialStop *why)
{
    if (must_leave(cpu, partial_allow_region(mr), why) && begins(cpu, ra)) {
        return false;
    }
    note_access(cpu, ra, !is_store);
    /* KVM puts a store that it coalesces into a ring, without an exit. */
    count_access(cpu->accel,
                 is_store && !QTAILQ_EMPTY(&mr->coalesced) ? 1 : 4);
    return true;
}

/*
 * KVM reads ahead for REP INS: one exit for as much as fits into its buffer.
 * TCG makes the accesses in one block, which a loop of IN does not.
 */
static bool is_read_ahead(AccelCPUState *acc, uint32_t port)
{
    bool same = acc->burst.in_port == port &&
                acc->burst.in_block == acc->window_blocks;

    acc->burst.in_port = port;
    acc->burst.in_block = acc->window_blocks;
    acc->burst.in_row = same ? acc->burst.in_row + 1 : 0;
    return acc->burst.in_row % READ_AHEAD;
}

bool partial_burst_port(CPUState *cpu, uint32_t port, bool is_in,
                        PartialStop *why)
{
    AccelCPUState *acc = cpu->accel;

    /* IN comes first in whatever instruction it is part of. */
    if (must_leave(cpu, partial_allow_port(port), why) &&
        (is_in || begins(cpu, 0))) {
        return false;
    }
    note_access(cpu, 0, is_in);
    count_access(acc, is_in && is_read_ahead(acc, port) ? 0 : 4);
    return true;
}
