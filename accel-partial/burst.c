/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between exits, policy and windows. */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "hw/i386/apic_internal.h"
#include "hw/i386/apic-msidef.h"
#include "kvm/kvm_i386.h"
#include "system/kvm.h"
#include "partial.h"
#include "allow.h"
#include "burst.h"
#include "light.h"
#include "pending.h"
#include "window.h"
#include "trace.h"

/* The clock is read once in so many blocks or accesses. */
#define CLOCK_EVERY 32

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

/* A page of registers or a frame buffer's 64 KiB, or eight ports. */
static uint64_t device_of(const struct kvm_run *run)
{
    return run->exit_reason == KVM_EXIT_IO ? (uint64_t)run->io.port >> 3 << 1
                                           : run->mmio.phys_addr >> 16 << 1 | 1;
}

void partial_burst_exit(CPUState *cpu, struct kvm_run *run)
{
    AccelCPUState *acc = cpu->accel;
    PolicyDecision d;
    PolicyExit e;

    if (!acc->burst.policy || acc->burst.site) {
        /* The second half of a read-modify-write is no exit of its own. */
        return;
    }
    e = (PolicyExit) {
        .pc = run->s.regs.regs.rip, .device = device_of(run),
        .now = get_clock(),
    };
    d = policy_exit(acc->burst.policy, &e);
    if (!d.open) {
        return;
    }
    if (!(run->exit_reason == KVM_EXIT_IO ?
          partial_allow_port(run->io.port) :
          partial_allow_memory(run->mmio.phys_addr))) {
        policy_deny(d.site);
        return;
    }
    acc->burst.site = d.site;
    acc->burst.quiet = d.quiet;
    acc->burst.blocks = d.blocks;
    acc->burst.start = e.now;
    partial_light_ask(cpu);
    /* KVM completes the access at its next entry and comes back. */
    qatomic_set(&cpu->exit_request, 1);
}

void partial_burst_open(CPUState *cpu, bool kicked)
{
    AccelCPUState *acc = cpu->accel;

    if (!acc->burst.site) {
        return;
    }
    if (kicked || !partial_window_open_burst(cpu, acc->burst.blocks)) {
        acc->burst.site = NULL;
        return;
    }
    acc->burst.quiet_left = acc->burst.quiet;
    acc->burst.accesses = 0;
    acc->burst.gap = 0;
    acc->burst.ticks = 0;
    acc->burst.expired = false;
    acc->burst.deadline = acc->burst.start +
                          (int64_t)partial_state->burst_us * SCALE_US;
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
        .now = get_clock(), .accesses = acc->burst.accesses,
        .gap = acc->burst.gap, .quiet = stop == PARTIAL_STOP_QUIET,
    };

    r.ns = r.now - acc->burst.start;
    policy_window_done(acc->burst.policy, acc->burst.site, &r);
    note_length(&acc->stats, acc->burst.accesses);
    trace_partial_burst(cpu->cpu_index, acc->burst.site->pc, r.accesses, r.gap,
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

/* After the time that an interrupt may have to wait, KVM is asked for one. */
static bool must_yield(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;
    int64_t now = get_clock();

    if (now < acc->burst.deadline) {
        return false;
    }
    acc->burst.deadline = now + (int64_t)partial_state->burst_us * SCALE_US;
    return partial_pending_interrupt(cpu);
}

static bool tick(CPUState *cpu)
{
    return ++cpu->accel->burst.ticks % CLOCK_EVERY == 0 && must_yield(cpu);
}

bool partial_burst_block(CPUState *cpu, PartialStop *why)
{
    AccelCPUState *acc = cpu->accel;

    if (acc->burst.expired || tick(cpu)) {
        *why = PARTIAL_STOP_INTERRUPT;
        return true;
    }
    if (acc->burst.quiet_left == 0) {
        *why = PARTIAL_STOP_QUIET;
        return true;
    }
    acc->burst.quiet_left--;
    partial_light_hide_fpu(cpu);
    return false;
}

static void count_access(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;
    uint32_t gap = acc->burst.quiet - acc->burst.quiet_left;

    if (acc->burst.accesses) {
        acc->burst.gap = MAX(acc->burst.gap, gap);
    }
    acc->burst.accesses++;
    acc->burst.quiet_left = acc->burst.quiet;
    if (tick(cpu)) {
        /* REP may stay in its block for long: end it after this access. */
        acc->burst.expired = true;
        qatomic_set(&cpu->neg.icount_decr.u16.high, -1);
    }
}

bool partial_burst_access(CPUState *cpu, MemoryRegion *mr)
{
    if (!partial_allow_region(mr)) {
        return false;
    }
    count_access(cpu);
    return true;
}

bool partial_burst_port(CPUState *cpu, uint32_t port)
{
    if (!partial_allow_port(port)) {
        return false;
    }
    count_access(cpu);
    return true;
}
