/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page-table coherence: a VT without EPT or NPT shadows the guest's page
 * tables and sees only the guest's own stores to them, not those of TCG.
 *
 * A bounded window notes the pages it writes (each costs a soft-TLB miss, since
 * the window starts with an empty TLB) and compares their entries at its end.
 * If an entry changed that VT may have in use, VT's shadows are dropped.
 */
#ifndef ACCEL_PARTIAL_TABLES_H
#define ACCEL_PARTIAL_TABLES_H

#include "partial.h"

/* Of the window that is open; its thread's own. */
typedef struct PartialTables {
    bool watch;                /* note the pages that it writes */
    uint64_t start_sp;         /* linear address of the stack at its start */
    GHashTable *written;       /* page -> what it was before */
} PartialTables;

/**
 * partial_tables_begin: a window begins
 * @cpu: its vCPU, called by its own thread
 * @bounded: if it is not, it writes too much to be watched
 */
void partial_tables_begin(CPUState *cpu, bool bounded);

/**
 * partial_tables_free: the vCPU goes away
 * @tables: its
 */
void partial_tables_free(PartialTables *tables);

/**
 * partial_tables_watch: whether stores of the window have to be noted
 * @cpu: its vCPU, called by its own thread
 */
bool partial_tables_watch(CPUState *cpu);

/**
 * partial_tables_have_stores: whether some have been
 * @cpu: its vCPU, called by its own thread
 */
bool partial_tables_have_stores(CPUState *cpu);

/**
 * partial_tables_note: the window is about to write a page
 * @cpu: its vCPU
 * @gpa: any address in the page
 * @host: where the page, which is RAM, begins in this process
 */
void partial_tables_note(CPUState *cpu, hwaddr gpa, const void *host);

/**
 * partial_tables_settle: the window has ended; make VT see its stores
 * @cpu: its vCPU, called by its own thread before VT runs again
 */
void partial_tables_settle(CPUState *cpu);

#endif
