/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds vCPUs that KVM spins on. */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "system/kvm.h"
#include "partial.h"
#include "exits.h"
#include "light.h"
#include "vcpu.h"
#include "watchdog.h"

#define PERIOD_MS 1000

static QEMUTimer *timer;

/* CPU time of a vCPU's thread, in nanoseconds; 0 if it cannot be had. */
static int64_t thread_time(CPUState *cpu)
{
    struct timespec ts;
    clockid_t clock;

    if (pthread_getcpuclockid(cpu->thread->thread, &clock) ||
        clock_gettime(clock, &ts)) {
        return 0;
    }
    return ts.tv_sec * NANOSECONDS_PER_SECOND + ts.tv_nsec;
}

/* Called with the BQL held. */
static void look_at(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;
    int64_t time = thread_time(cpu);
    uint64_t exits = qatomic_read(&acc->exits);
    /* A tenth of a CPU: a loaded host may not give it more, idle is nothing. */
    bool busy = time - acc->watch.time > PERIOD_MS * SCALE_MS / 10;

    if (exits != acc->watch.exits || acc->in_window) {
        qatomic_set(&acc->watch.seen, false);
    } else if (busy) {
        qatomic_set(&acc->watch.asked, true);
        qemu_cpu_kick(cpu);
    }
    acc->watch.time = time;
    acc->watch.exits = exits;
}

static void tick(void *opaque)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        if (cpu->created) {
            look_at(cpu);
        }
    }
    timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + PERIOD_MS);
}

bool partial_watchdog_stuck(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;
    struct kvm_regs now;
    bool same;

    if (!qatomic_xchg(&acc->watch.asked, false) || cpu->vcpu_dirty) {
        return false;
    }
    partial_light_flush(cpu);
    if (kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &now) < 0) {
        return false;
    }
    same = qatomic_read(&acc->watch.seen) &&
           partial_exit_same_place(&now, &acc->watch.regs);
    acc->watch.regs = now;
    qatomic_set(&acc->watch.seen, !same);
    if (same) {
        acc->failure = (PartialFailure) { 0 };
        acc->reason = PARTIAL_REASON_SPINNING;
    }
    return same;
}

void partial_watchdog_start(void)
{
    timer = timer_new_ms(QEMU_CLOCK_REALTIME, tick, NULL);
    timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + PERIOD_MS);
}
