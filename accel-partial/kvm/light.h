/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a light window: what every block of code needs comes with the
 * exit, in the run page (KVM API, 5. "kvm_valid_regs"); the rest is fetched
 * when it is first touched, and goes back only if it was changed.
 */
#ifndef ACCEL_PARTIAL_LIGHT_H
#define ACCEL_PARTIAL_LIGHT_H

#include "cpu.h"

/* The part of the state that env has; its vCPU's thread's own. */
typedef struct PartialLight {
    bool on;                   /* env has this part only, KVM the rest */
    bool tsc;                  /* ... and the TSC */
    bool keeps_walks;          /* the soft TLB knows where memory is */
    bool walked_in_smm;        /* ... as SMM has it */
    uint64_t dr6;              /* as it was fetched */
    int64_t debug_until;       /* env's debug registers are taken as right */
    bool debug_old;            /* ... and were so when the window began */
    void *before;              /* XSAVE's image when it was fetched */
} PartialLight;

/**
 * partial_light_init: let each exit show RIP, if KVM can
 * @cpu: the vCPU, before it runs
 *
 * Returns: whether light windows are possible at all (KVM_CAP_SYNC_REGS).
 */
bool partial_light_init(CPUState *cpu);

/**
 * partial_light_fini: the vCPU goes away
 * @cpu: the vCPU
 */
void partial_light_fini(CPUState *cpu);

/**
 * partial_light_is_on: whether env has a light window's part of the state only
 * @cpu: the vCPU, in its thread or with the BQL
 */
bool partial_light_is_on(CPUState *cpu);

/**
 * partial_light_forget: a reset or loadvm has replaced the state
 * @cpu: the vCPU, in its thread
 */
void partial_light_forget(CPUState *cpu);

/**
 * partial_light_forget_walks: a window with more state has used the soft TLB
 * @cpu: the vCPU, in its thread
 */
void partial_light_forget_walks(CPUState *cpu);

/**
 * partial_light_ask: let KVM put what a window needs into the run page
 * @cpu: the vCPU, between an exit and the KVM_RUN that completes it
 */
void partial_light_ask(CPUState *cpu);

/**
 * partial_light_unask: no window comes of it, or the rest is over
 * @cpu: the vCPU
 */
void partial_light_unask(CPUState *cpu);

/**
 * partial_light_rest: no registers are needed until partial_light_unask()
 * @cpu: the vCPU, between an exit and the next KVM_RUN
 */
void partial_light_rest(CPUState *cpu);

/**
 * partial_light_take: env becomes the master of the registers in the run page
 * @cpu: the vCPU, after a KVM_RUN that partial_light_ask() preceded
 *
 * Context: the vCPU's thread, with the BQL.
 * Returns: false, and nothing has changed, when an event is on its way or the
 * CPU is in a state that a light window does not know.
 */
bool partial_light_take(CPUState *cpu);

/**
 * partial_light_give: hand back what partial_light_take() took
 * @cpu: the vCPU; env is KVM's affair again afterwards
 *
 * The registers travel with the next KVM_RUN; see partial_light_flush().
 */
void partial_light_give(CPUState *cpu);

/**
 * partial_light_flush: make registers reach KVM that wait for the next KVM_RUN
 * @cpu: the vCPU; called before anything else reads its state from KVM
 */
void partial_light_flush(CPUState *cpu);

/**
 * partial_light_fpu: fetch the FPU's registers and XCR0 if they are not there
 * @cpu: the vCPU, in a light window
 */
void partial_light_fpu(CPUState *cpu);

/**
 * partial_light_debug: fetch the guest's breakpoints if they are old by now
 * @cpu: the vCPU, in a light window, before a block
 *
 * A window may begin with those of some milliseconds before: light.c.
 */
void partial_light_debug(CPUState *cpu);

/**
 * partial_light_tsc: fetch the TSC and TSC_AUX if this window has not yet
 * @cpu: the vCPU, in a light window
 */
void partial_light_tsc(CPUState *cpu);

#endif
