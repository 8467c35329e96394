/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look into KVM's interrupt controllers (SDM vol. 3A, 12.8.4). */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/i386/apic.h"
#include "system/kvm.h"
#include "kvm/kvm_i386.h"
#include "../vcpu-state.h"
#include "tick.h"
#include "vt-cpu.h"

/* Offsets of the LAPIC's registers, a quarter of them used (SDM 12.4.1). */
enum {
    LAPIC_TPR = 0x80, LAPIC_ISR = 0x100, LAPIC_IRR = 0x200, LAPIC_LVTT = 0x320,
    LAPIC_LVT0 = 0x350, LAPIC_TMICT = 0x380, LAPIC_TMCCT = 0x390,
    LAPIC_TDCR = 0x3e0,
};

/* Of the entries in the local vector table (SDM 12.5.1). */
enum {
    LVT_MASKED = 1 << 16, LVT0_DELIVERY = 7 << 8, LVT0_EXTINT = 7 << 8,
    LVTT_MODE = 3 << 17, LVTT_PERIODIC = 1 << 17,
    LVTT_DEADLINE = 2 << 17,
};

static uint32_t lapic_reg(const struct kvm_lapic_state *s, unsigned offset)
{
    return ldl_le_p(s->regs + offset);
}

/* The highest vector of IRR or ISR; -1 if there is none. */
static int highest(const struct kvm_lapic_state *s, unsigned offset)
{
    int i;

    for (i = 7; i >= 0; i--) {
        uint32_t bits = lapic_reg(s, offset + i * 16);

        if (bits) {
            return i * 32 + 31 - clz32(bits);
        }
    }
    return -1;
}

static bool deadline_passed(CPUState *cpu)
{
    struct {
        struct kvm_msrs info;
        struct kvm_msr_entry entries[2];
    } msrs = {
        .info.nmsrs = 2, .entries[0].index = MSR_IA32_TSCDEADLINE,
        .entries[1].index = MSR_IA32_TSC,
    };

    return kvm_vcpu_ioctl(cpu, KVM_GET_MSRS, &msrs) < 2 ||
           (msrs.entries[0].data &&
            msrs.entries[0].data <= msrs.entries[1].data);
}

/*
 * The guest left VT some time before its exit was looked at.  A tick that has
 * ended a window has been delivered since.
 */
static bool has_expired(CPUState *cpu, const struct kvm_lapic_state *s,
                        int64_t since)
{
    TickCount c = {
        .initial = lapic_reg(s, LAPIC_TMICT),
        .current = lapic_reg(s, LAPIC_TMCCT),
        .divide = lapic_reg(s, LAPIC_TDCR),
    };

    return partial_tick_expired(&c, get_clock(), since,
                                &cpu->accel->vt->pending.tick);
}

/*
 * A timer that expires while the vCPU is in user space waits outside the IRR
 * until KVM enters the guest.
 */
static bool tick_pending(CPUState *cpu, const struct kvm_lapic_state *s,
                         int64_t since)
{
    uint32_t lvt = lapic_reg(s, LAPIC_LVTT);

    if (lvt & LVT_MASKED) {
        return false;
    }
    switch (lvt & LVTT_MODE) {
    case LVTT_DEADLINE:
        return deadline_passed(cpu);
    case LVTT_PERIODIC:
        return has_expired(cpu, s, since);
    default:
        return lapic_reg(s, LAPIC_TMICT) && !lapic_reg(s, LAPIC_TMCCT);
    }
}

static bool lapic_pending(CPUState *cpu, const struct kvm_lapic_state *s,
                          int64_t since)
{
    int irr = highest(s, LAPIC_IRR), isr = highest(s, LAPIC_ISR);
    int tpr = lapic_reg(s, LAPIC_TPR) & 0xf0;

    return (irr >= 0 && (irr & 0xf0) > MAX(isr & ~0xf, tpr)) ||
           tick_pending(cpu, s, since);
}

/* Whether a full in-kernel irqchip's 8259s are wired to this CPU. */
static bool has_pic(CPUState *cpu, const struct kvm_lapic_state *s)
{
    uint32_t lvt = lapic_reg(s, LAPIC_LVT0);

    return kvm_pic_in_kernel() &&
           (!(cpu_get_apic_base(X86_CPU(cpu)->apic_state) &
              MSR_IA32_APICBASE_ENABLE) ||
            (!(lvt & LVT_MASKED) && (lvt & LVT0_DELIVERY) == LVT0_EXTINT));
}

static bool pic_pending(void)
{
    struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

    return kvm_vm_ioctl(kvm_state, KVM_GET_IRQCHIP, &chip) < 0 ||
           chip.chip.pic.irr & ~chip.chip.pic.imr;
}

/*
 * NMI, SMI and INIT do not ask for the interrupt flag.  What is blocked goes on
 * waiting: no window runs IRET or RSM then.
 */
static bool event_pending(CPUState *cpu)
{
    struct kvm_vcpu_events e;

    return kvm_vcpu_ioctl(cpu, KVM_GET_VCPU_EVENTS, &e) < 0 ||
           (e.nmi.pending && !e.nmi.masked) ||
           (!e.smi.smm && (e.smi.pending || e.smi.latched_init));
}

bool partial_pending_interrupt(CPUState *cpu, int64_t since)
{
    struct kvm_lapic_state s;

    if (!kvm_irqchip_in_kernel()) {
        return false;
    }
    PARTIAL_COUNT(cpu, irq_checks);
    if (event_pending(cpu)) {
        return true;
    }
    if (!(cpu_env(cpu)->eflags & IF_MASK)) {
        return false;
    }
    return kvm_vcpu_ioctl(cpu, KVM_GET_LAPIC, &s) < 0 ||
           lapic_pending(cpu, &s, since) || (has_pic(cpu, &s) && pic_pending());
}
