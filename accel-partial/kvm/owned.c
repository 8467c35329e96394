/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that KVM has in the kernel. */

#include "qemu/osdep.h"
#include "cpu.h"
#include "hw/i386/apic_internal.h"
#include "hw/intc/ioapic.h"
#include "kvm/kvm_i386.h"
#include "owned.h"

bool partial_owns_page(CPUState *cpu, hwaddr gpa)
{
    APICCommonState *apic = APIC_COMMON(X86_CPU(cpu)->apic_state);

    if (gpa == IO_APIC_DEFAULT_ADDRESS) {
        return kvm_ioapic_in_kernel();
    }
    return kvm_irqchip_in_kernel() && apic &&
           gpa == (apic->apicbase & MSR_IA32_APICBASE_BASE);
}

bool partial_owns_port(CPUState *cpu, uint32_t port)
{
    return kvm_pic_in_kernel() &&
           ((port & ~0x81u) == 0x20 || (port & ~3u) == 0x40 || port == 0x61 ||
            (port & ~1u) == 0x4d0);
}

bool partial_owns_msr(CPUState *cpu, uint32_t index)
{
    return kvm_irqchip_in_kernel() && index >= MSR_APIC_START &&
           index <= MSR_APIC_END;
}
