/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether Xen has an interrupt for a vCPU that TCG runs. */
#ifndef HW_XEN_IRQ_H
#define HW_XEN_IRQ_H

#include "hw/core/cpu.h"

/**
 * xen_vt_interrupt_waits: interrupt_waits() of vt.h
 * @cpu: the vCPU, in a window
 * @since: not used: Xen's timers expire in its own time
 */
bool xen_vt_interrupt_waits(CPUState *cpu, int64_t since);

#endif
