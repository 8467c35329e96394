/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look into Xen's interrupt controllers (SDM vol. 3A, 12.8.4). */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/xen/xen_native.h"
#include "accel/partial/vcpu-state.h"
#include "ioreq.h"
#include "irq.h"
#include "state.h"

/* Offsets of the LAPIC's registers (SDM 12.4.1). */
enum { LAPIC_TPR = 0x80, LAPIC_ISR = 0x100, LAPIC_IRR = 0x200 };

/* How an event channel's interrupt comes: a vector that no controller shows. */
#define CALLBACK_IS_VECTOR(param) ((param) >> 56 == 2)

typedef HVM_SAVE_TYPE(LAPIC_REGS) Lapic;

/* The highest vector of IRR or ISR; -1 if there is none. */
static int highest(const Lapic *s, unsigned offset)
{
    int i;

    for (i = 7; i >= 0; i--) {
        uint32_t bits = ldl_le_p(s->data + offset + i * 16);

        if (bits) {
            return i * 32 + 31 - clz32(bits);
        }
    }
    return -1;
}

static bool lapic_pending(CPUState *cpu)
{
    int irr, isr, tpr;
    Lapic s;

    if (xc_domain_hvm_getcontext_partial(xen_xc, xen_domid,
                                         HVM_SAVE_CODE(LAPIC_REGS),
                                         cpu->cpu_index, &s, sizeof(s))) {
        return true;
    }
    irr = highest(&s, LAPIC_IRR);
    isr = highest(&s, LAPIC_ISR);
    tpr = ldl_le_p(s.data + LAPIC_TPR) & 0xf0;
    return irr >= 0 && (irr & 0xf0) > MAX(isr & ~0xf, tpr);
}

static bool pic_pending(void)
{
    HVM_SAVE_TYPE(PIC) pic;

    return xc_domain_hvm_getcontext_partial(xen_xc, xen_domid,
                                            HVM_SAVE_CODE(PIC), 0, &pic,
                                            sizeof(pic)) || pic.int_output;
}

/*
 * Event channels by vector cannot be seen: the guest gets its turn.  An access
 * makes it deaf as well, so it may be for as long as some accesses take.
 */
#define DEAF_EXITS 8

static bool may_have_event(CPUState *cpu)
{
    int64_t deaf_ns = (int64_t)DEAF_EXITS * xen_vt_ioreq_cost(cpu);
    uint64_t callback = 0;

    if (get_clock() - xen_vt_state_taken_at(cpu) < deaf_ns) {
        return false;
    }
    return xc_hvm_param_get(xen_xc, xen_domid, HVM_PARAM_CALLBACK_IRQ,
                            &callback) || CALLBACK_IS_VECTOR(callback);
}

bool xen_vt_interrupt_waits(CPUState *cpu, int64_t since)
{
    if (!(cpu_env(cpu)->eflags & IF_MASK)) {
        return false;
    }
    PARTIAL_COUNT(cpu, irq_checks);
    return lapic_pending(cpu) || (cpu->cpu_index == 0 && pic_pending()) ||
           may_have_event(cpu);
}
