/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds vCPUs that KVM spins on. */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "system/kvm.h"
#include "../vcpu-state.h"
#include "vcpu.h"
#include "vt-cpu.h"

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
    PartialWatch *w = &cpu->accel->vt->watch;
    int64_t time = thread_time(cpu);
    uint64_t exits = partial_exit_count(cpu);
    /* A tenth of a CPU: a loaded host may not give it more, idle is nothing. */
    bool busy = time - w->time > PERIOD_MS * SCALE_MS / 10;

    if (exits != w->exits || partial_window_is_open(cpu) ||
        partial_config->level < PARTIAL_FAILURES) {
        qatomic_set(&w->seen, false);
    } else if (busy) {
        qatomic_set(&w->asked, true);
        qemu_cpu_kick(cpu);
    }
    w->time = time;
    w->exits = exits;
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
    PartialWatch *w = &cpu->accel->vt->watch;
    struct kvm_regs now;
    bool same;

    if (!qatomic_xchg(&w->asked, false) || cpu->vcpu_dirty) {
        return false;
    }
    partial_light_flush(cpu);
    if (kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &now) < 0) {
        return false;
    }
    same = qatomic_read(&w->seen) &&
           partial_exit_same_place(&now, &w->regs);
    w->regs = now;
    qatomic_set(&w->seen, !same);
    if (same) {
        partial_report_failure(cpu, &(PartialFailure) { 0 });
    }
    return same;
}

void partial_watchdog_start(void)
{
    if (timer) {
        return;
    }
    timer = timer_new_ms(QEMU_CLOCK_REALTIME, tick, NULL);
    timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + PERIOD_MS);
}
