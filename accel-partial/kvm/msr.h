/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSRs that QEMU gives to KVM at a reset only. */
#ifndef ACCEL_PARTIAL_MSR_H
#define ACCEL_PARTIAL_MSR_H

/**
 * partial_msr_written: tell KVM of an MSR that TCG is about to write
 * @cpu: the vCPU, at a WRMSR in a window for a CPU mode; EDX:EAX is the value
 * @index: the MSR's
 *
 * Those that every hand-over carries anyway are left to it.
 * Context: the vCPU's thread.  KVM API 4.19, KVM_SET_MSRS.
 */
void partial_msr_written(CPUState *cpu, uint32_t index);

#endif
