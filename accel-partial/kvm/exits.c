/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at each KVM exit before KVM's own handler has it. */

#include "qemu/osdep.h"
#include "system/kvm_int.h"
#include "../vcpu-state.h"
#include "../vt.h"
#include "posted.h"
#include "sregs.h"
#include "vt-cpu.h"

/*
 * KVM retries some instructions on MMIO forever, "lgdt [mmio]" for one: each
 * try is an exit for the same read, and no register changes.  After this many
 * reads in a row from one address the registers are compared before and after
 * the access: a polling loop moves on.
 */
#define REPEAT_READS 1024

static void note_failure(CPUState *cpu, struct kvm_run *run)
{
    PartialFailure f = { .exit_reason = run->exit_reason };
    struct kvm_regs regs;
    struct kvm_sregs sregs;

    if (run->exit_reason == KVM_EXIT_FAIL_ENTRY) {
        f.hardware = run->fail_entry.hardware_entry_failure_reason;
    } else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) {
        f.suberror = run->internal.suberror;
        if (f.suberror == KVM_INTERNAL_ERROR_EMULATION &&
            run->emulation_failure.ndata >= 1 &&
            run->emulation_failure.flags &
            KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) {
            f.len = MIN(run->emulation_failure.insn_size, sizeof(f.bytes));
            memcpy(f.bytes, run->emulation_failure.insn_bytes, f.len);
        }
    }
    partial_report_failure(cpu, &f);
    if (kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &regs) == 0 &&
        kvm_vcpu_ioctl(cpu, KVM_GET_SREGS, &sregs) == 0) {
        partial_report_site(&f, sregs.cs.base + regs.rip);
    }
}

static int take_over(CPUState *cpu, struct kvm_run *run, PartialReason reason)
{
    note_failure(cpu, run);
    cpu->accel->vt->exits.reason = reason;
    return EXCP_PARTIAL;
}

static int internal_error(CPUState *cpu, struct kvm_run *run)
{
    switch (run->internal.suberror) {
    case KVM_INTERNAL_ERROR_EMULATION:
        return take_over(cpu, run, PARTIAL_REASON_EMULATION);
    case KVM_INTERNAL_ERROR_DELIVERY_EV:
        return take_over(cpu, run, PARTIAL_REASON_DELIVERY);
    default:
        return 0;
    }
}

/* Whether a read is of the address of the one before; if not, it is noted. */
static bool is_repeat(PartialExits *x, const struct kvm_run *run)
{
    if (!run->mmio.is_write && x->repeat.gpa == run->mmio.phys_addr) {
        return true;
    }
    x->repeat.gpa = run->mmio.is_write ? 0 : run->mmio.phys_addr;
    x->repeat.count = 0;
    return false;
}

/* Arms a check when one address is read again and again. */
static void watch_read(CPUState *cpu, struct kvm_run *run)
{
    PartialExits *x = &cpu->accel->vt->exits;

    if (!is_repeat(x, run) || ++x->repeat.count % REPEAT_READS) {
        return;
    }
    if (kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &x->repeat.regs) == 0) {
        x->repeat.armed = true;
        /* KVM completes the access at its next entry and comes back. */
        qatomic_set(&cpu->exit_request, 1);
    }
}

/* The keyboard controller and port 92h move the A20 gate. */
static bool may_move_gate(const struct kvm_run *run)
{
    return run->exit_reason == KVM_EXIT_IO &&
           (run->io.port == 0x92 || run->io.port == 0x60 ||
            run->io.port == 0x64);
}

/* Ask to leave VT, once the access is complete, if TCG may have to go on. */
static void watch_mode(CPUState *cpu, struct kvm_run *run)
{
    PartialModes states = partial_config->states;

    if (states && ((run->kvm_valid_regs & KVM_SYNC_X86_SREGS &&
                    states & (1u << partial_mode_of_sregs(&run->s.regs.sregs,
                              run->s.regs.regs.rflags))) ||
                   may_move_gate(run))) {
        qatomic_set(&cpu->exit_request, 1);
    }
}

bool partial_exit_same_place(const struct kvm_regs *a,
                             const struct kvm_regs *b)
{
    struct kvm_regs x = *a, y = *b;

    x.rflags &= ~RF_MASK;
    y.rflags &= ~RF_MASK;
    return memcmp(&x, &y, sizeof(x)) == 0;
}

bool partial_exit_check_repeat(CPUState *cpu)
{
    PartialExits *x = &cpu->accel->vt->exits;
    struct kvm_regs now;

    if (!x->repeat.armed) {
        return false;
    }
    x->repeat.armed = false;
    partial_light_flush(cpu);
    if (cpu->vcpu_dirty || kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &now) < 0 ||
        !partial_exit_same_place(&now, &x->repeat.regs)) {
        return false;
    }
    partial_report_failure(cpu, &(PartialFailure) {
        .exit_reason = KVM_EXIT_MMIO
    });
    return true;
}

static void tell_burst(CPUState *cpu, const struct kvm_run *run)
{
    bool is_port = run->exit_reason == KVM_EXIT_IO;
    PartialBurstExit exit = {
        .is_port = is_port,
        .address = is_port ? run->io.port : run->mmio.phys_addr,
        .pc = run->s.regs.regs.rip, .count = run->s.regs.regs.rcx,
        .posted = partial_posted_count(),
    };

    partial_burst_exit(cpu, &exit);
    if (!is_port) {
        partial_posted_exit(exit.address, partial_burst_is_asked(cpu));
    }
}

static G_NO_INLINE int look(CPUState *cpu, struct kvm_run *run)
{
    if (kvm_state->guest_state_protected) {
        return 0;
    }
    if (partial_rep_stop_settle(cpu)) {
        /* A device may ask for registers. */
        partial_light_flush(cpu);
    }
    switch (run->exit_reason) {
    case KVM_EXIT_INTERNAL_ERROR:
        return internal_error(cpu, run);
    case KVM_EXIT_FAIL_ENTRY:
        return take_over(cpu, run, PARTIAL_REASON_ENTRY);
    case KVM_EXIT_SHUTDOWN:
        if (partial_facts->shutdown_keeps_state) {
            return take_over(cpu, run, PARTIAL_REASON_SHUTDOWN);
        }
        partial_state_reload_root(cpu);
        return 0;
    case KVM_EXIT_MMIO:
        watch_read(cpu, run);
        watch_mode(cpu, run);
        tell_burst(cpu, run);
        return 0;
    case KVM_EXIT_IO:
        watch_mode(cpu, run);
        tell_burst(cpu, run);
        return 0;
    default:
        return 0;
    }
}

/*
 * Most exits of those that cannot open a window: nothing else is armed, and
 * they have to cost next to nothing.
 */
static bool is_skipped(CPUState *cpu, const struct kvm_run *run)
{
    if (!partial_burst_can_skip(cpu) || partial_config->states) {
        return false;
    }
    if (run->exit_reason != KVM_EXIT_IO &&
        (run->exit_reason != KVM_EXIT_MMIO ||
         is_repeat(&cpu->accel->vt->exits, run))) {
        return false;
    }
    partial_burst_skip(cpu);
    if (run->exit_reason == KVM_EXIT_MMIO) {
        partial_posted_exit(run->mmio.phys_addr, false);
    }
    return true;
}

int partial_exit(CPUState *cpu, struct kvm_run *run)
{
    PartialExits *x = &cpu->accel->vt->exits;

    qatomic_set(&x->count, x->count + 1);
    if (partial_config->level < PARTIAL_FAILURES || is_skipped(cpu, run)) {
        return 0;
    }
    return look(cpu, run);
}

PartialReason partial_exit_reason(CPUState *cpu)
{
    return cpu->accel->vt->exits.reason;
}

uint64_t partial_exit_count(CPUState *cpu)
{
    return qatomic_read(&cpu->accel->vt->exits.count);
}
