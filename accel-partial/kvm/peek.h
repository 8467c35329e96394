/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at the guest's code while KVM has the vCPU. */
#ifndef ACCEL_PARTIAL_KVM_PEEK_H
#define ACCEL_PARTIAL_KVM_PEEK_H

#include "hw/core/cpu.h"

/**
 * partial_peek: read guest memory by the page tables that KVM uses
 * @cpu: the vCPU; called by its thread, with or without the BQL
 * @linear: where; all of it lies in one page
 * @buf: [out] room for @n
 * @n: bytes
 *
 * KVM_TRANSLATE (KVM API, 4.15), a system call.
 * Returns: false if it is not mapped, or no memory
 */
bool partial_peek(CPUState *cpu, uint64_t linear, uint8_t *buf, size_t n);

/** partial_peek_code: vt.h's read_code */
size_t partial_peek_code(CPUState *cpu, uint64_t pc, size_t around,
                         uint8_t *code, size_t *at);

#endif
