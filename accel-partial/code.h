/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code coherence: which translated code may still be trusted after VT ran.
 *
 * VT writes memory unseen by TCG.  Each window therefore starts a generation;
 * the first time it enters a code page, the page is compared with the copy
 * that was taken when its blocks were translated.  Nothing is flushed that has
 * not changed, and blocks live across windows.
 */
#ifndef ACCEL_PARTIAL_CODE_H
#define ACCEL_PARTIAL_CODE_H

#include "partial.h"

struct TranslationBlock;

/* A page of code that was right in a generation. */
typedef struct PartialCodeSeen {
    uint64_t page;             /* ram_addr_t */
    uint64_t generation;       /* 0: none */
} PartialCodeSeen;

#define PARTIAL_CODE_SEEN 64

/* Pages that this vCPU need not verify again; its thread's own. */
typedef struct PartialCode {
    PartialCodeSeen seen[PARTIAL_CODE_SEEN];
} PartialCode;

/** partial_code_init: once, before the first vCPU exists */
void partial_code_init(void);

/**
 * partial_code_new_generation: trust nothing that was not verified since now
 * @cpu: the vCPU whose window begins; called by its own thread
 */
void partial_code_new_generation(CPUState *cpu);

/**
 * partial_code_trust: verify the page or pages of a block
 * @cpu: the vCPU that is about to enter it
 * @tb: the block
 * @changed: out: VT has changed the code
 *
 * Invalidates all blocks of a page that has changed.  Called without locks,
 * within an RCU read section.
 * Returns: false if the block is stale
 */
bool partial_code_trust(CPUState *cpu, struct TranslationBlock *tb,
                        bool *changed);

/**
 * partial_code_translate: a page is about to be translated
 * @cpu: the vCPU that translates
 * @addr: ram_addr_t of any byte of the page
 *
 * Only where both engines may run the guest.
 * Takes the copy before the translator reads, so that a write by another vCPU
 * in between is found later.  May be called with another page's lock held.
 */
void partial_code_translate(CPUState *cpu, uint64_t addr);

#endif
