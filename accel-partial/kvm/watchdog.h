/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM spins in the kernel on some instructions, "sgdt [mmio]" for one: no exit
 * tells, only a signal ends it.
 */
#ifndef ACCEL_PARTIAL_WATCHDOG_H
#define ACCEL_PARTIAL_WATCHDOG_H

#include "cpu.h"
#include <linux/kvm.h>

/*
 * Of a vCPU.  Asked and seen are atomic; time and exits are protected by the
 * BQL; regs is the vCPU's thread's own.
 */
typedef struct PartialWatch {
    int64_t time;              /* CPU time of the thread at the last look */
    uint64_t exits;            /* ... and its exits to user space */
    bool asked;
    bool seen;
    struct kvm_regs regs;
} PartialWatch;

/**
 * partial_watchdog_start: look after the vCPUs once a second
 *
 * A vCPU thread that used a CPU for a tenth of the time or more without coming
 * to user space is kicked, so that it looks at its registers.  Idle ones are
 * left alone.
 */
void partial_watchdog_start(void);

/**
 * partial_watchdog_stuck: whether the vCPU is where it was a second ago
 * @cpu: the vCPU; called by its own thread after kvm_cpu_exec()
 *
 * Returns: true if no register has changed between two looks.  A guest that
 * spins on purpose looks the same; a window does it no harm.
 */
bool partial_watchdog_stuck(CPUState *cpu);

#endif
