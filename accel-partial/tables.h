/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page-table coherence: a KVM without EPT or NPT shadows the guest's page
 * tables and sees only the guest's own stores to them, not those of TCG.
 *
 * A bounded window notes the pages it writes (each costs a soft-TLB miss, since
 * the window starts with an empty TLB) and compares their entries at its end.
 * If an entry changed that VT may have in use, KVM's shadows are dropped.
 */
#ifndef ACCEL_PARTIAL_TABLES_H
#define ACCEL_PARTIAL_TABLES_H

#include "hw/core/cpu.h"

/**
 * partial_tables_begin: a window begins
 * @cpu: its vCPU, called by its own thread
 */
void partial_tables_begin(CPUState *cpu);

/**
 * partial_tables_note: the window is about to write a page
 * @cpu: its vCPU
 * @gpa: any address in the page
 * @host: where the page, which is RAM, begins in this process
 */
void partial_tables_note(CPUState *cpu, hwaddr gpa, const void *host);

/**
 * partial_tables_settle: the window has ended; make KVM see its stores
 * @cpu: its vCPU, called by its own thread before KVM runs again
 */
void partial_tables_settle(CPUState *cpu);

#endif
