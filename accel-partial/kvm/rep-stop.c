/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A REP that KVM is made to stop in. */

#include "qemu/osdep.h"
#include "system/kvm.h"
#include "../vcpu-state.h"
#include "peek.h"
#include "vt-cpu.h"

/* No instruction is longer (SDM vol. 2, 2.3.11). */
#define MOST_BYTES 15

/*
 * KVM lets go after the element that makes the lower ten bits of RCX zero.
 * The upper bits stay: it does not matter how much of RCX the REP counts in.
 */
#define STOPS_AFTER 1025
#define LOWER_BITS 0xffffull

/* Whether the code is a REP of MOVS, CMPS, LODS or SCAS. */
static bool is_rep_load(const uint8_t *code, size_t n, bool rex)
{
    bool rep = false;
    size_t i;

    for (i = 0; i < n; i++) {
        switch (code[i]) {
        case 0xf2:
        case 0xf3:
            rep = true;
            break;
        case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64 ... 0x67:
            break;
        case 0x40 ... 0x4f:
            if (!rex) {
                return false;
            }
            break;
        case 0xa4 ... 0xa7: case 0xac ... 0xaf:
            return rep;
        default:
            return false;
        }
    }
    return false;
}

/* The bytes of the instruction that lie in its first page; how many. */
static size_t read_code(CPUState *cpu, const struct kvm_sync_regs *s,
                        bool is_64_bit, uint8_t *code)
{
    uint64_t at = is_64_bit ? s->regs.rip
                            : (uint32_t)(s->regs.rip + s->sregs.cs.base);
    size_t n = MIN(MOST_BYTES, -(at | TARGET_PAGE_MASK));

    return partial_peek(cpu, at, code, n) ? n : 0;
}

static bool at_rep_load(CPUState *cpu, const struct kvm_sync_regs *s)
{
    bool is_64_bit = s->sregs.efer & MSR_EFER_LMA && s->sregs.cs.l;
    uint8_t code[MOST_BYTES];

    return is_rep_load(code, read_code(cpu, s, is_64_bit, code), is_64_bit);
}

void partial_rep_stop_arm(CPUState *cpu, uint64_t count)
{
    struct kvm_run *run = cpu->kvm_run;
    struct kvm_regs *regs = &run->s.regs.regs;
    uint64_t pretended = (regs->rcx & ~LOWER_BITS) | STOPS_AFTER;

    /* RCX must tell afterwards what KVM did. */
    if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.is_write ||
        regs->rcx != count - 1 || regs->rcx == 1 ||
        regs->rcx == pretended + 1 || cpu->vcpu_dirty ||
        !at_rep_load(cpu, &run->s.regs)) {
        return;
    }
    cpu->accel->vt->rep_stop = (PartialRepStop) {
        .armed = true, .rcx = regs->rcx, .pretended = pretended,
    };
    regs->rcx = pretended;
    run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

/*
 * The element ended in a fault that the guest has not had yet: KVM forgets it
 * when registers are set, and the device would be read once more.
 */
static void keep_fault(CPUState *cpu)
{
    struct kvm_sync_regs *s = &cpu->kvm_run->s.regs;
    struct kvm_vcpu_events e = s->events;

    /* What has come for the vCPU since then is none of ours. */
    e.flags &= KVM_VCPUEVENT_VALID_PAYLOAD;
    if ((s->events.exception.injected || s->events.exception.pending) &&
        kvm_vcpu_ioctl(cpu, KVM_SET_REGS, &s->regs) == 0 &&
        kvm_vcpu_ioctl(cpu, KVM_SET_VCPU_EVENTS, &e) == 0) {
        cpu->kvm_run->kvm_dirty_regs &= ~KVM_SYNC_X86_REGS;
    }
}

bool partial_rep_stop_settle(CPUState *cpu)
{
    PartialRepStop *r = &cpu->accel->vt->rep_stop;
    struct kvm_run *run = cpu->kvm_run;
    uint64_t pretended = r->pretended;
    __u64 *rcx = &run->s.regs.regs.rcx;

    if (!r->armed) {
        return false;
    }
    r->armed = false;
    if (run->kvm_dirty_regs & KVM_SYNC_X86_REGS) {
        /* KVM has not been asked. */
        *rcx = r->rcx;
        run->kvm_dirty_regs &= ~KVM_SYNC_X86_REGS;
        return false;
    }
    if (*rcx != pretended && (uint32_t)*rcx != (uint32_t)(pretended - 1)) {
        /* It did not listen: then RCX is the guest's. */
        return false;
    }
    if (*rcx != pretended) {
        PARTIAL_COUNT(cpu, rep_stops);
    }
    *rcx += r->rcx - pretended;
    run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
    if (cpu->vcpu_dirty) {
        /* Somebody has read KVM's registers since KVM_RUN. */
        cpu_env(cpu)->regs[R_ECX] = *rcx;
    }
    keep_fault(cpu);
    return true;
}

void partial_rep_stop_forget(CPUState *cpu)
{
    cpu->accel->vt->rep_stop.armed = false;
}
