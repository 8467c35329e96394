/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at each KVM exit before KVM's own handler has it. */

#include "qemu/osdep.h"
#include "system/kvm.h"
#include "partial.h"
#include "burst.h"
#include "exits.h"
#include "light.h"
#include "rep-stop.h"
#include "report.h"
#include "trace.h"

/*
 * KVM restarts some instructions on MMIO for ever, "lgdt [mmio]" for one
 * (facts.md 3c).  After this many reads in a row from one address the registers
 * are compared before and after the access: a polling loop moves on.
 */
#define REPEAT_READS 1024

static void note_failure(CPUState *cpu, struct kvm_run *run)
{
    PartialFailure *f = &cpu->accel->failure;
    struct kvm_regs regs;
    struct kvm_sregs sregs;

    *f = (PartialFailure) { .exit_reason = run->exit_reason };
    if (run->exit_reason == KVM_EXIT_FAIL_ENTRY) {
        f->hardware = run->fail_entry.hardware_entry_failure_reason;
    } else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) {
        f->suberror = run->internal.suberror;
        if (f->suberror == KVM_INTERNAL_ERROR_EMULATION &&
            run->emulation_failure.ndata >= 1 &&
            run->emulation_failure.flags &
            KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) {
            f->len = MIN(run->emulation_failure.insn_size, sizeof(f->bytes));
            memcpy(f->bytes, run->emulation_failure.insn_bytes, f->len);
        }
    }
    if (kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &regs) == 0 &&
        kvm_vcpu_ioctl(cpu, KVM_GET_SREGS, &sregs) == 0) {
        partial_site_note(f, sregs.cs.base + regs.rip);
    }
}

static int take_over(CPUState *cpu, struct kvm_run *run, PartialReason reason)
{
    note_failure(cpu, run);
    cpu->accel->reason = reason;
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
static bool is_repeat(AccelCPUState *acc, const struct kvm_run *run)
{
    if (!run->mmio.is_write && acc->repeat.gpa == run->mmio.phys_addr) {
        return true;
    }
    acc->repeat.gpa = run->mmio.is_write ? 0 : run->mmio.phys_addr;
    acc->repeat.count = 0;
    return false;
}

/* Arms a check when one address is read again and again. */
static void watch_read(CPUState *cpu, struct kvm_run *run)
{
    AccelCPUState *acc = cpu->accel;

    if (!is_repeat(acc, run) || ++acc->repeat.count % REPEAT_READS) {
        return;
    }
    if (kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &acc->repeat.regs) == 0) {
        acc->repeat.armed = true;
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
    PartialModes states = partial_state->states;

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
    AccelCPUState *acc = cpu->accel;
    struct kvm_regs now;

    if (!acc->repeat.armed) {
        return false;
    }
    acc->repeat.armed = false;
    partial_light_flush(cpu);
    if (cpu->vcpu_dirty || kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &now) < 0 ||
        !partial_exit_same_place(&now, &acc->repeat.regs)) {
        return false;
    }
    acc->failure = (PartialFailure) { .exit_reason = KVM_EXIT_MMIO };
    acc->reason = PARTIAL_REASON_ENDLESS;
    return true;
}

static G_NO_INLINE int look(CPUState *cpu, struct kvm_run *run)
{
    PartialState *s = partial_state;

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
        return s->probe.shutdown_keeps_state ?
               take_over(cpu, run, PARTIAL_REASON_SHUTDOWN) : 0;
    case KVM_EXIT_MMIO:
        watch_read(cpu, run);
        watch_mode(cpu, run);
        partial_burst_exit(cpu, run);
        return 0;
    case KVM_EXIT_IO:
        watch_mode(cpu, run);
        partial_burst_exit(cpu, run);
        return 0;
    default:
        return 0;
    }
}

/*
 * Most exits of those that cannot open a window: nothing else is armed, and
 * they have to cost next to nothing.
 */
static bool is_skipped(AccelCPUState *acc, const struct kvm_run *run)
{
    if (acc->burst.skip <= 1 || partial_state->states) {
        return false;
    }
    if (run->exit_reason != KVM_EXIT_IO &&
        (run->exit_reason != KVM_EXIT_MMIO || is_repeat(acc, run))) {
        return false;
    }
    acc->burst.skip--;
    acc->stats.burst_skips++;
    return true;
}

int partial_exit(CPUState *cpu, struct kvm_run *run)
{
    AccelCPUState *acc = cpu->accel;

    qatomic_set(&acc->exits, acc->exits + 1);
    if (partial_state->level < PARTIAL_FAILURES || is_skipped(acc, run)) {
        return 0;
    }
    return look(cpu, run);
}
