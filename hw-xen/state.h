/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of an HVM vCPU: from Xen's records to env, and back.
 *
 * Xen keeps a vCPU's state in records (xen/arch-x86/hvm/save.h).  One can be
 * read alone; to set registers of a vCPU whose access waits for QEMU cancels
 * the access, and the vCPU goes on at what was set.
 */
#ifndef HW_XEN_STATE_H
#define HW_XEN_STATE_H

#include "cpu.h"
#include "hw/xen/xen_native.h"
#include <xen/hvm/save.h>
#include "registers.h"
#include "tsc.h"

/* XSAVE's record: up to the state of AVX-512 and PKRU. */
#define XEN_VT_XSAVE_MAX 4096

typedef HVM_SAVE_TYPE(CPU) XenVTRecord;

/* Its vCPU's thread's own. */
typedef struct XenVTState {
    XenVTRecord cpu;           /* as Xen gave it */
    bool valid;                /* cpu is of the access that waits now */
    unsigned notes;            /* xen_vt_tsc_notes() when it was read */
    bool was_set;              /* so that Xen drops that access */
    bool is_lost;              /* Xen has older registers than the guest */
    bool after_in;             /* ... and was an IN, if RIP is behind it */
    bool narrow;               /* other vCPUs run: set general registers only */
    int64_t taken_at;          /* when the window was opened, get_clock() */
    uint32_t xsave_size;       /* of Xen's record; 0: not known */
    uint8_t xsave[XEN_VT_XSAVE_MAX];
    void *before;              /* XSAVE's image when it was fetched */
    XenVTTsc tsc;
} XenVTState;

/**
 * xen_vt_state_read: have the registers of a vCPU whose access waits
 * @cpu: the vCPU
 *
 * Does nothing if they are there.  Context: with the BQL.
 * Returns: false if Xen does not give them, with errno set
 */
bool xen_vt_state_read(CPUState *cpu);

/** xen_vt_state_was_set: whether Xen will drop the access that waits */
bool xen_vt_state_was_set(CPUState *cpu);

/** xen_vt_state_is_lost: whether the guest must never go on */
bool xen_vt_state_is_lost(CPUState *cpu);

/** xen_vt_state_is_read: whether xen_vt_state_read() has been called */
bool xen_vt_state_is_read(CPUState *cpu);

/** xen_vt_state_forget: the guest goes on, or has gone on */
void xen_vt_state_forget(CPUState *cpu);

/** xen_vt_state_record: what xen_vt_state_read() has read */
const XenVTRecord *xen_vt_state_record(CPUState *cpu);

/** xen_vt_state_taken_at: when xen_vt_state_take() succeeded; get_clock() */
int64_t xen_vt_state_taken_at(CPUState *cpu);

/** xen_vt_state_registers: of that, what tells instructions apart */
void xen_vt_state_registers(CPUState *cpu, XenVTRegisters *r);

/**
 * xen_vt_state_fill: put what IN has read where the instruction would have
 * @cpu: the vCPU, whose registers were read
 * @data: from the port
 * @size: in bytes
 */
void xen_vt_state_fill(CPUState *cpu, uint64_t data, unsigned size);

/**
 * xen_vt_state_take: take_light() of vt.h
 * @cpu: the vCPU
 */
bool xen_vt_state_take(CPUState *cpu);

/**
 * xen_vt_state_give: give_light() of vt.h
 * @cpu: the vCPU
 *
 * The VM is paused if Xen refuses, which it has no reason to.
 */
void xen_vt_state_give(CPUState *cpu);

/**
 * xen_vt_state_fpu: fetch the FPU's registers and XCR0 if they are not there
 * @cpu: the vCPU, in a light window
 */
void xen_vt_state_fpu(CPUState *cpu);

/**
 * xen_vt_elapsed_ticks: the TSC as the guest sees it, for TCG
 */
int64_t xen_vt_elapsed_ticks(void);

#endif
