/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For how long TCG stays near big real mode. */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/core/cpu.h"
#include "cpu.h"
#include "near.h"
#include "window.h"

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

void partial_near_own(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;

    if (acc->near.on) {
        acc->near.on = false;
        acc->near.own_since = get_clock();
        partial_window_chain(cpu, true);
    }
}

static void go_near(CPUState *cpu, int64_t now)
{
    AccelCPUState *acc = cpu->accel;
    int64_t own = now - acc->near.own_since;
    int64_t handover = (int64_t)partial_state->probe.exit_ns * HANDOVER_EXITS;

    acc->near.on = true;
    acc->near.until = now + MIN(own * EMULATOR_TIMES + handover, MOST_NS);
    /* Each block looks whether it is time. */
    partial_window_chain(cpu, false);
}

bool partial_near_stays(CPUState *cpu, PartialMode mode)
{
    AccelCPUState *acc = cpu->accel;
    int64_t now;

    if (!(partial_state->states & (1u << PARTIAL_MODE_BIGREAL)) ||
        !(NEAR_BIGREAL & (1u << mode))) {
        return false;
    }
    now = get_clock();
    if (!acc->near.on) {
        go_near(cpu, now);
    }
    acc->near.cr0 = cpu_env(cpu)->cr[0];
    acc->near.hflags = cpu_env(cpu)->hflags;
    acc->near.blocks_left = CLOCK_BLOCKS;
    return now < acc->near.until;
}

bool partial_near_still(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;
    CPUX86State *env = cpu_env(cpu);

    if (!acc->near.on || !acc->near.blocks_left ||
        env->cr[0] != acc->near.cr0 || env->hflags != acc->near.hflags) {
        return false;
    }
    acc->near.blocks_left--;
    return true;
}
