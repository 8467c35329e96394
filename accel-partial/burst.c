/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between exits, policy and windows. */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "tcg/insn-start-words.h"
#include "allow.h"
#include "devices.h"
#include "recall.h"
#include "vcpu-state.h"
#include "vt.h"
#include "trace.h"

/* The clock is read once in so many blocks or accesses. */
#define CLOCK_EVERY 8
/* Accesses of a REP INS that VT makes in one exit, if they are of 4 bytes. */
#define READ_AHEAD 256

void partial_burst_init(CPUState *cpu)
{
    const PartialConfig *c = partial_config;
    PolicyLimits limits = {
        .trigger = c->burst_trigger, .quiet = c->burst_quiet,
        .blocks = c->burst_blocks,
    };

    cpu->accel->burst.policy = g_new(Policy, 1);
    policy_init(cpu->accel->burst.policy, &limits, partial_facts->exit_ns);
}

bool partial_burst_is_ready(CPUState *cpu)
{
    return cpu->accel->burst.policy;
}

void partial_burst_fini(CPUState *cpu)
{
    g_free(cpu->accel->burst.policy);
    cpu->accel->burst.policy = NULL;
}

void partial_burst_learn_exit(CPUState *cpu, uint32_t exit_ns)
{
    cpu->accel->burst.policy->exit_ns = exit_ns;
}

void partial_burst_forget(CPUState *cpu)
{
    cpu->accel->burst.site = NULL;
}

void partial_burst_raised(CPUState *cpu)
{
    qatomic_set(&cpu->accel->burst.raised, true);
}

/* A memory region, or eight ports: a number that no other has. */
static uint64_t device_of(PartialBurst *b, const PartialBurstExit *exit)
{
    uint64_t page = exit->address & TARGET_PAGE_MASK;
    hwaddr xlat, len = 1;

    if (exit->is_port) {
        return partial_device_of_port(exit->address);
    }
    /* What the map was a while ago serves as well. */
    if (page != b->page || !b->device) {
        RCU_READ_LOCK_GUARD();
        b->page = page;
        b->device = (uintptr_t)address_space_translate(
            &address_space_memory, exit->address, &xlat, &len, false,
            MEMTXATTRS_UNSPECIFIED);
    }
    return b->device;
}

static bool is_allowed(const PartialBurstExit *exit)
{
    return exit->is_port ? partial_allow_port(exit->address)
                         : partial_allow_memory(exit->address);
}

static void ask_policy(CPUState *cpu, const PartialBurstExit *exit)
{
    PartialBurst *b = &cpu->accel->burst;
    bool allowed = is_allowed(exit);
    PolicyDecision d;
    PolicyExit e;

    e = (PolicyExit) {
        .pc = exit->pc,
        .device = device_of(b, exit) | (allowed ? 0 : PARTIAL_DEVICE_DENIED),
        .now = get_clock(), .posted = exit->posted,
    };
    d = policy_exit(b->policy, &e);
    if (allowed) {
        partial_recall(cpu, b->policy, &d);
    }
    if (trace_event_get_state_backends(TRACE_PARTIAL_BURST_EXIT)) {
        g_autofree char *name = partial_device_name(e.device);

        trace_partial_burst_exit(cpu->cpu_index, e.pc, name, e.now,
                                 policy_state_name[d.site->state], d.open);
    }
    if (d.skip) {
        b->skip = d.skip;
        partial_vt->rest(cpu);
    }
    if (!allowed) {
        policy_deny(d.site);
        return;
    }
    if (!d.open) {
        return;
    }
    b->site = d.site;
    b->quiet = d.quiet;
    b->blocks = d.blocks;
    b->start = b->left = e.now;
    b->exit_ns = d.exit_ns;
    b->loss_ns = d.loss_ns;
    b->count = exit->count;
    /* Nothing that is raised from now on may be overlooked. */
    qatomic_set_mb(&b->raised, false);
    if (qatomic_read(&cpu->interrupt_request) & CPU_INTERRUPT_HARD) {
        qatomic_set(&b->raised, true);
    }
    partial_vt->complete(cpu);
}

/* Of a group that is passed over the last is left to partial_burst_exit(). */
bool partial_burst_can_skip(CPUState *cpu)
{
    return cpu->accel->burst.skip > 1;
}

void partial_burst_skip(CPUState *cpu)
{
    PARTIAL_COUNT(cpu, burst_skips);
    if (--cpu->accel->burst.skip == 0) {
        partial_vt->cancel(cpu);
    }
}

void partial_burst_exit(CPUState *cpu, const PartialBurstExit *exit)
{
    PartialBurst *b = &cpu->accel->burst;

    if (!b->policy || partial_config->level < PARTIAL_BURSTS) {
        return;
    }
    if (b->skip) {
        partial_burst_skip(cpu);
        return;
    }
    if (b->site) {
        /*
         * The same instruction goes on: the store of a read-modify-write, the
         * next element of a REP.  That time counts for VT.
         */
        b->start = get_clock();
        partial_vt->complete_element(cpu, b->count);
        b->count = exit->count;
        return;
    }
    ask_policy(cpu, exit);
}

bool partial_burst_is_asked(CPUState *cpu)
{
    return cpu->accel->burst.site;
}

/*
 * Whether the access has raised an interrupt that VT has been told of.  KVM
 * with a split irqchip keeps the vector where nobody sees it.
 */
static bool has_injected(CPUState *cpu)
{
    return qatomic_read(&cpu->accel->burst.raised) &&
           !(cpu->interrupt_request & CPU_INTERRUPT_HARD);
}

static void note_translated(PartialBurst *b, int64_t now)
{
    if (b->translating) {
        b->cold_ns += now - b->translating;
        b->translating = 0;
    }
}

/* Tell policy how the window went. */
static void closed(CPUState *cpu, PartialStop stop)
{
    PartialBurst *b = &cpu->accel->burst;
    PolicyResult r = {
        .now = get_clock(), .exits = b->saved,
        .gap = b->gap, .quiet = stop == PARTIAL_STOP_QUIET, .stop = stop,
    };

    note_translated(b, r.now);
    r.ns = r.now - b->start;
    r.cold_ns = MIN(b->cold_ns, r.ns);
    policy_window_done(b->policy, b->site, &r);
    partial_recall_note(b->policy, b->site);
    if (b->posted && b->site->state == POLICY_GOOD &&
        partial_vt->stop_posting) {
        partial_vt->stop_posting(b->posted);
    }
    partial_stats_burst(cpu, b->accesses, r.exits, r.ns);
    if (trace_event_get_state_backends(TRACE_PARTIAL_BURST)) {
        g_autofree char *name = partial_device_name(b->site->device);

        trace_partial_burst(cpu->cpu_index, b->site->pc, name, r.exits, r.gap,
                            r.ns, policy_state_name[b->site->state]);
    }
    b->site = NULL;
}

void partial_burst_forget_sums(CPUState *cpu)
{
    if (cpu->accel->burst.policy) {
        policy_forget_sums(cpu->accel->burst.policy);
    }
}

void partial_burst_sites(CPUState *cpu,
                         void (*fn)(const PolicySite *site, void *opaque),
                         void *opaque)
{
    const Policy *p = cpu->accel->burst.policy;
    const PolicySite *site;
    int set, way;

    for (set = 0; p && set < POLICY_SETS; set++) {
        for (way = 0; way < POLICY_WAYS; way++) {
            site = &p->site[set][way];
            if (site->state != POLICY_FREE &&
                (site->all_exits || site->all_windows)) {
                fn(site, opaque);
            }
        }
    }
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
 * an interrupt waits in VT, asked as often as an interrupt may be late.
 * Said once, it stays true: not every place is one to leave at.
 */
static bool is_over(CPUState *cpu, PartialStop *why)
{
    PartialBurst *b = &cpu->accel->burst;
    int64_t late = (int64_t)partial_config->burst_us * SCALE_US;
    int64_t now;

    if (!b->over && ++b->ticks % CLOCK_EVERY == 0) {
        now = get_clock();
        note_translated(b, now);
        if (now - b->start > b->loss_ns +
            b->saved * b->exit_ns) {
            b->over = true;
            b->why = PARTIAL_STOP_LOSS;
        } else if (now >= b->deadline) {
            b->deadline = now + late;
            b->long_now = true;
            b->over = partial_vt->interrupt_waits(cpu, b->left - late);
            b->why = PARTIAL_STOP_INTERRUPT;
        }
    }
    *why = b->why;
    return b->over;
}

static void translating(CPUState *cpu)
{
    PartialBurst *b = &cpu->accel->burst;

    /* The next block looks at the clock. */
    b->ticks = CLOCK_EVERY - 1;
    if (!b->translating) {
        b->translating = get_clock();
    }
}

static bool block(CPUState *cpu, PartialStop *why)
{
    PartialBurst *b = &cpu->accel->burst;

    if (is_over(cpu, why)) {
        return true;
    }
    if (b->quiet_left == 0) {
        *why = PARTIAL_STOP_QUIET;
        return true;
    }
    b->quiet_left--;
    if (b->long_now) {
        partial_vt->fetch(cpu, PARTIAL_GROUP_DEBUG);
        b->long_now = false;
    }
    return false;
}

static void count_access(PartialBurst *b, unsigned saved)
{
    uint32_t gap = b->quiet - b->quiet_left;

    if (b->accesses) {
        b->gap = MAX(b->gap, gap);
    }
    b->accesses++;
    b->saved += saved;
    b->quiet_left = b->quiet;
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
static bool begins(CPUState *cpu, const PartialAccess *a)
{
    PartialBurst *b = &cpu->accel->burst;

    if (b->last.block != a->block) {
        return true;
    }
    if (!a->ra || !b->last.ra) {
        /* Of INS and OUTS the second half; if it is not, that is no harm. */
        return !b->last.is_load;
    }
    return guest_pc(cpu, a->ra) != guest_pc(cpu, b->last.ra) ||
           b->last.count != cpu_env(cpu)->regs[R_ECX];
}

static void note_access(CPUState *cpu, const PartialAccess *a)
{
    PartialBurst *b = &cpu->accel->burst;

    b->last.block = a->block;
    b->last.ra = a->ra;
    b->last.count = cpu_env(cpu)->regs[R_ECX];
    b->last.is_load = !a->is_store;
}

/*
 * REP may stay in its block for long: what ends a window between blocks is
 * looked at here, too.
 */
static bool must_leave(CPUState *cpu, const PartialAccess *a, bool allowed,
                       PartialStop *why)
{
    int request = qatomic_read(&cpu->interrupt_request);

    if (!allowed) {
        *why = PARTIAL_STOP_VT_OWNED;
        return true;
    }
    if (a->kicked) {
        *why = PARTIAL_STOP_KICK;
        return true;
    }
    if (request && x86_cpu_pending_interrupt(cpu, request)) {
        *why = PARTIAL_STOP_INTERRUPT;
        return true;
    }
    return is_over(cpu, why);
}

static bool memory(CPUState *cpu, const PartialAccess *a, PartialStop *why)
{
    if (must_leave(cpu, a, partial_allow_region(a->mr), why) &&
        begins(cpu, a)) {
        return false;
    }
    note_access(cpu, a);
    if (a->is_store && !QTAILQ_EMPTY(&a->mr->coalesced)) {
        cpu->accel->burst.posted = a->mr;
    }
    count_access(&cpu->accel->burst, 1);
    return true;
}

/*
 * KVM reads ahead for REP INS: one exit for as much as fits into its buffer.
 * TCG makes the accesses in one block, which a loop of IN does not.
 */
static bool is_read_ahead(PartialBurst *b, const PartialAccess *a)
{
    bool same = b->in_port == a->port && b->in_block == a->block;

    b->in_port = a->port;
    b->in_block = a->block;
    b->in_row = same ? b->in_row + 1 : 0;
    return b->in_row % READ_AHEAD;
}

static bool port(CPUState *cpu, const PartialAccess *a, PartialStop *why)
{
    PartialBurst *b = &cpu->accel->burst;

    /* IN comes first in whatever instruction it is part of. */
    if (must_leave(cpu, a, partial_allow_port(a->port), why) &&
        (!a->is_store || begins(cpu, a))) {
        return false;
    }
    note_access(cpu, a);
    count_access(b, !a->is_store && is_read_ahead(b, a) ? 0 : 1);
    return true;
}

static bool access_device(CPUState *cpu, const PartialAccess *a,
                          PartialStop *why)
{
    return a->mr ? memory(cpu, a, why) : port(cpu, a, why);
}

static const PartialWindowKind burst_window = {
    .light = true, .bounded = true,
    .block = block, .access = access_device, .translating = translating,
    .closed = closed,
};

void partial_burst_open(CPUState *cpu, bool kicked)
{
    PartialBurst *b = &cpu->accel->burst;

    if (!b->site) {
        return;
    }
    if (kicked || has_injected(cpu)) {
        partial_vt->cancel(cpu);
        b->site = NULL;
        return;
    }
    if (!partial_window_open(cpu, &burst_window, PARTIAL_REASON_BURST,
                             b->blocks)) {
        /* A guest that steps, or is in its NMI handler, is no good site now. */
        policy_refused(b->site);
        b->site = NULL;
        return;
    }
    partial_recall_open(cpu, b->site);
    b->quiet_left = b->quiet;
    b->accesses = 0;
    b->saved = 0;
    b->posted = NULL;
    b->in_row = 0;
    b->gap = 0;
    b->ticks = 0;
    b->cold_ns = b->translating = 0;
    b->last.block = 0;
    b->over = b->long_now = false;
    b->deadline = b->start + (int64_t)partial_config->burst_us * SCALE_US;
}
