/* SPDX-License-Identifier: GPL-2.0-or-later */
/* REP MOVS and REP STOS in plain memory, a page at a time. */
#ifndef ACCEL_PARTIAL_REP_H
#define ACCEL_PARTIAL_REP_H

#include "cpu.h"

/**
 * partial_rep_by_pages: make elements of a REP MOVS or STOS at once
 * @env: the vCPU; RCX, RSI and RDI are those of the next element
 * @src: its linear source address, not used for STOS
 * @dst: its linear target address
 * @info: what X86_REP_SIZE_SHIFT and those after it say
 *
 * Makes those up to the end of a page, but neither the last nor the one after
 * which TCG lets interrupts in, and none that needs the soft TLB filled: the
 * translated instruction makes at least one afterwards, with all that belongs
 * to it.  Nothing happens where DF is set.
 *
 * Context: the vCPU's thread, in translated code.  SDM vol. 2B, REP.
 *
 * Returns: RCX for after the next element, zero-extended from ECX where ECX
 * counts.
 */
target_ulong partial_rep_by_pages(CPUX86State *env, target_ulong src,
                                  target_ulong dst, uint32_t info);

#endif
