/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows for CPU modes, and for how long TCG stays near big real mode. */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/core/cpu.h"
#include "vcpu-state.h"
#include "vt.h"

/*
 * Leaving too early costs the hand-overs, in exits, and what KVM's emulator
 * takes for the next stretch in big real mode: as if it were like the last, in
 * times of TCG's.  TCG stays until it has spent as much.
 */
#define HANDOVER_EXITS 64
#define EMULATOR_TIMES 32
/* A program that goes on without big real mode waits no longer for VT. */
#define MOST_NS NANOSECONDS_PER_SECOND
/* Blocks from one look at the clock to the next. */
#define CLOCK_BLOCKS 16

/* Modes on the way into big real mode and out of it. */
#define NEAR_BIGREAL (1u << PARTIAL_MODE_REAL | 1u << PARTIAL_MODE_PROT16 | \
                      1u << PARTIAL_MODE_PROT32)

bool partial_near_in_own(CPUState *cpu)
{
    PartialModes states = partial_config->states;

    return states == PARTIAL_MODES_ALL ||
           (states && partial_gate_closed(cpu_env(cpu))) ||
           states & (1u << partial_mode_of(cpu_env(cpu)));
}

/* If it comes from nearby, TCG's time in the mode is counted from here on. */
static void be_own(CPUState *cpu)
{
    PartialNear *near = &cpu->accel->near;

    if (near->on) {
        near->on = false;
        near->own_since = get_clock();
        partial_window_chain(cpu, true);
    }
}

static void go_near(CPUState *cpu, int64_t now)
{
    PartialNear *near = &cpu->accel->near;
    int64_t own = now - near->own_since;
    int64_t handover = (int64_t)partial_facts->exit_ns * HANDOVER_EXITS;

    near->on = true;
    near->until = now + MIN(own * EMULATOR_TIMES + handover, MOST_NS);
    /* Each block looks whether it is time. */
    partial_window_chain(cpu, false);
}

/* True until leaving costs less than has been spent on staying. */
static bool stays(CPUState *cpu, PartialMode mode)
{
    PartialNear *near = &cpu->accel->near;
    int64_t now;

    if (!(partial_config->states & (1u << PARTIAL_MODE_BIGREAL)) ||
        !(NEAR_BIGREAL & (1u << mode))) {
        return false;
    }
    now = get_clock();
    if (!near->on) {
        go_near(cpu, now);
    }
    near->cr0 = cpu_env(cpu)->cr[0];
    near->hflags = cpu_env(cpu)->hflags;
    near->blocks_left = CLOCK_BLOCKS;
    return now < near->until;
}

/* Whether the last answer of stays() was yes and still holds; cheap. */
static bool still_stays(CPUState *cpu)
{
    PartialNear *near = &cpu->accel->near;
    CPUX86State *env = cpu_env(cpu);

    if (!near->on || !near->blocks_left || env->cr[0] != near->cr0 ||
        env->hflags != near->hflags) {
        return false;
    }
    near->blocks_left--;
    return true;
}

/* Ends where the guest is in a mode that VT runs natively, and stays there. */
static bool block(CPUState *cpu, PartialStop *why)
{
    if (still_stays(cpu)) {
        return false;
    }
    if (partial_near_in_own(cpu)) {
        be_own(cpu);
        return false;
    }
    *why = PARTIAL_STOP_MODE;
    return !stays(cpu, partial_mode_of(cpu_env(cpu)));
}

const PartialWindowKind partial_mode_window = {
    .block = block,
};

bool partial_near_open(CPUState *cpu)
{
    PartialNear *near = &cpu->accel->near;
    bool opened = partial_window_open(cpu, &partial_mode_window,
                                      PARTIAL_REASON_MODE, 0);

    near->on = false;
    near->own_since = get_clock();
    return opened;
}
