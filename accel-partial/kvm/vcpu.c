/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vCPU's thread: run VT, look at the exit, run a window, go back. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/guest-random.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "exec/cpu-common.h"
#include "system/cpus.h"
#include "system/kvm.h"
#include "tcg/startup.h"
#include "tcg/tcg.h"
#include "accel/kvm/kvm-cpus.h"
#include "../failure.h"
#include "../vcpu-state.h"
#include "debug.h"
#include "exits.h"
#include "light.h"
#include "rep-stop.h"
#include "sregs.h"
#include "vcpu.h"
#include "watchdog.h"

typedef struct ForceRcu {
    Notifier notifier;
    CPUState *cpu;
} ForceRcu;

static void nothing(CPUState *cpu, run_on_cpu_data data)
{
}

/* TCG stays in one RCU section for long: leave it when a writer waits. */
static void force_rcu(Notifier *n, void *data)
{
    ForceRcu *f = container_of(n, ForceRcu, notifier);

    async_run_on_cpu(f->cpu, nothing, RUN_ON_CPU_NULL);
}

/* Whether the vCPU is in a CPU mode that belongs to TCG. */
static bool in_tcg_mode(CPUState *cpu)
{
    PartialModes states = partial_config->states;
    struct kvm_sregs sregs;
    struct kvm_regs regs;

    if (states == 0 || states == PARTIAL_MODES_ALL) {
        return states != 0;
    }
    if (partial_gate_closed(cpu_env(cpu))) {
        return true;
    }
    if (cpu->vcpu_dirty) {
        return states & (1u << partial_mode_of(cpu_env(cpu)));
    }
    if (cpu->kvm_run->kvm_dirty_regs & KVM_SYNC_X86_REGS) {
        /* On the way to KVM after a light window. */
        sregs = cpu->kvm_run->s.regs.sregs;
        regs = cpu->kvm_run->s.regs.regs;
        return states & (1u << partial_mode_of_sregs(&sregs, regs.rflags));
    }
    if (kvm_vcpu_ioctl(cpu, KVM_GET_SREGS, &sregs) < 0 ||
        kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &regs) < 0) {
        return false;
    }
    return states & (1u << partial_mode_of_sregs(&sregs, regs.rflags));
}

/* Open a window if KVM cannot go on; whether one was asked for. */
static bool take_over(CPUState *cpu, int r)
{
    uint32_t blocks = partial_config->window_blocks;

    if (partial_exit_check_repeat(cpu)) {
        partial_window_open(cpu, &partial_failure_window,
                            PARTIAL_REASON_ENDLESS, blocks);
    } else if (partial_watchdog_stuck(cpu)) {
        partial_window_open(cpu, &partial_spinning_window,
                            PARTIAL_REASON_SPINNING, blocks);
    } else if (r == EXCP_PARTIAL) {
        partial_window_open(cpu, &partial_failure_window,
                            partial_exit_reason(cpu), blocks);
    } else {
        return false;
    }
    return true;
}

static int run_vt(CPUState *cpu)
{
    bool settled;
    int r;

    if (cpu->interrupt_request & ~CPU_INTERRUPT_HARD) {
        /* INIT and its like make KVM's code read the registers first. */
        partial_light_flush(cpu);
    }
    partial_window_unkick(cpu);
    PARTIAL_COUNT(cpu, vt_runs);
    partial_stats_enter(cpu, PARTIAL_ENGINE_VT);
    r = kvm_cpu_exec(cpu);
    partial_stats_leave(cpu);
    settled = partial_rep_stop_settle(cpu);
    if (take_over(cpu, r)) {
        r = EXCP_PARTIAL;
    }
    partial_burst_open(cpu, r != EXCP_INTERRUPT || partial_window_kicked(cpu));
    if (settled && !partial_window_is_open(cpu)) {
        /* Work that waits may read registers from KVM. */
        partial_light_flush(cpu);
    }
    return r;
}

static int run(CPUState *cpu)
{
    if (!partial_window_is_open(cpu) && in_tcg_mode(cpu)) {
        partial_near_open(cpu);
    }
    return partial_window_is_open(cpu) ? partial_window_run(cpu) : run_vt(cpu);
}

/*
 * TCG has a context for each vCPU that can be, and no way to give one back:
 * that of an unplugged vCPU serves the next.  Protected by the BQL.
 */
static GSList *spare_contexts;

static void get_tcg_context(void)
{
    if (spare_contexts) {
        tcg_ctx = spare_contexts->data;
        spare_contexts = g_slist_delete_link(spare_contexts, spare_contexts);
    } else {
        tcg_register_thread();
    }
}

void partial_vcpu_start_bursts(CPUState *cpu)
{
    if (partial_config->level >= PARTIAL_BURSTS && partial_mixed() &&
        !partial_burst_is_ready(cpu) && partial_light_init(cpu)) {
        partial_burst_init(cpu);
    }
}

static void *vcpu_thread(void *arg)
{
    CPUState *cpu = arg;
    ForceRcu rcu = { .notifier.notify = force_rcu, .cpu = cpu };

    rcu_register_thread();
    rcu_add_force_rcu_notifier(&rcu.notifier);

    bql_lock();
    get_tcg_context();
    qemu_thread_get_self(cpu->thread);
    cpu->thread_id = qemu_get_thread_id();
    cpu->neg.can_do_io = true;
    current_cpu = cpu;
    kvm_init_vcpu(cpu, &error_fatal);
    kvm_init_cpu_signals(cpu);
    if (partial_config->states && partial_mixed() &&
        kvm_check_extension(kvm_state, KVM_CAP_SYNC_REGS)) {
        /* So that each exit shows the CPU mode without an ioctl. */
        cpu->kvm_run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    }
    partial_vcpu_start_bursts(cpu);
    cpu_thread_signal_created(cpu);
    qemu_guest_random_seed_thread_part2(cpu->random_seed);

    do {
        if (cpu_can_run(cpu) && run(cpu) == EXCP_DEBUG &&
            partial_debug_wants(cpu)) {
            cpu_handle_guest_debug(cpu);
        }
        qemu_wait_io_event(cpu);
    } while (!cpu->unplug || cpu_can_run(cpu));

    spare_contexts = g_slist_prepend(spare_contexts, tcg_ctx);
    partial_burst_fini(cpu);
    partial_light_fini(cpu);
    kvm_destroy_vcpu(cpu);
    cpu_thread_signal_destroyed(cpu);
    bql_unlock();
    rcu_remove_force_rcu_notifier(&rcu.notifier);
    rcu_unregister_thread();
    return NULL;
}

void partial_vcpu_start(CPUState *cpu)
{
    g_autofree char *name = g_strdup_printf("CPU %d/partial", cpu->cpu_index);

    qemu_thread_create(cpu->thread, name, vcpu_thread, cpu,
                       QEMU_THREAD_JOINABLE);
}

void partial_vcpu_kick(CPUState *cpu)
{
    /* A device may kick whoever accesses it; that is no reason to leave. */
    if (!qemu_cpu_is_self(cpu)) {
        partial_window_kick(cpu);
    }
    cpu_exit(cpu);
    if (cpu->created) {
        cpus_kick_thread(cpu);
    }
}

void partial_vcpu_interrupt(CPUState *cpu, int mask)
{
    if (cpu->num_ases < 2) {
        /* Without SMM's address space there is no SMM: KVM loses it, too. */
        mask &= ~CPU_INTERRUPT_SMI;
    }
    cpu->interrupt_request |= mask;
    if (mask & CPU_INTERRUPT_HARD) {
        partial_burst_raised(cpu);
    }
    if (!qemu_cpu_is_self(cpu)) {
        qemu_cpu_kick(cpu);
    } else {
        qatomic_set(&cpu->neg.icount_decr.u16.high, -1);
    }
}
