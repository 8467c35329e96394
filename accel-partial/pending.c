/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look into KVM's interrupt controllers (SDM vol. 3A, 12.8.4). */

#include "qemu/osdep.h"
#include "system/kvm.h"
#include "kvm/kvm_i386.h"
#include "partial.h"
#include "pending.h"

/* Offsets of the LAPIC's registers, a quarter of them used (SDM 12.4.1). */
enum { LAPIC_TPR = 0x80, LAPIC_ISR = 0x100, LAPIC_IRR = 0x200 };

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

static bool lapic_pending(CPUState *cpu)
{
    struct kvm_lapic_state s;
    int irr, isr, tpr;

    if (kvm_vcpu_ioctl(cpu, KVM_GET_LAPIC, &s) < 0) {
        return true;
    }
    irr = highest(&s, LAPIC_IRR);
    isr = highest(&s, LAPIC_ISR);
    tpr = lapic_reg(&s, LAPIC_TPR) & 0xf0;
    return irr >= 0 && (irr & 0xf0) > MAX(isr & ~0xf, tpr);
}

/* The 8259s of a full in-kernel irqchip. */
static bool pic_pending(void)
{
    struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

    return kvm_vm_ioctl(kvm_state, KVM_GET_IRQCHIP, &chip) < 0 ||
           chip.chip.pic.irr & ~chip.chip.pic.imr;
}

bool partial_pending_interrupt(CPUState *cpu)
{
    if (!kvm_irqchip_in_kernel() || !(cpu_env(cpu)->eflags & IF_MASK)) {
        return false;
    }
    cpu->accel->stats.irq_checks++;
    return lapic_pending(cpu) ||
           (kvm_pic_in_kernel() && cpu->cpu_index == 0 && pic_pending());
}
