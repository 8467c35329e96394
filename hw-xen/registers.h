/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers that tell one instruction, or element of a REP, from the next. */
#ifndef HW_XEN_REGISTERS_H
#define HW_XEN_REGISTERS_H

#include <stdint.h>

typedef struct XenVTRegisters {
    uint64_t gpr[16], rip;
} XenVTRegisters;

#endif
