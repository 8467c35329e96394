/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at the guest's code while KVM has the vCPU. */
#ifndef ACCEL_PARTIAL_KVM_PEEK_H
#define ACCEL_PARTIAL_KVM_PEEK_H

#include "hw/core/cpu.h"

/** partial_peek_code: vt.h's read_code */
size_t partial_peek_code(CPUState *cpu, uint64_t pc, size_t around,
                         uint8_t *code, size_t *at);

#endif
