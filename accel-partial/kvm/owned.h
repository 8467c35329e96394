/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that KVM has in the kernel. */
#ifndef ACCEL_PARTIAL_KVM_OWNED_H
#define ACCEL_PARTIAL_KVM_OWNED_H

#include "exec/hwaddr.h"
#include "hw/core/cpu.h"

/**
 * partial_owns_page: whether a page is of KVM's own LAPIC or I/O APIC
 * @cpu: the vCPU that accesses it
 * @gpa: guest-physical address of the page
 */
bool partial_owns_page(CPUState *cpu, hwaddr gpa);

/**
 * partial_owns_port: whether a port is of KVM's own 8259 or 8254
 * @cpu: the vCPU that accesses it
 * @port: its number
 */
bool partial_owns_port(CPUState *cpu, uint32_t port);

/**
 * partial_owns_msr: whether an MSR is a register of KVM's own x2APIC
 * @cpu: the vCPU that accesses it
 * @index: the MSR's
 */
bool partial_owns_msr(CPUState *cpu, uint32_t index);

#endif
