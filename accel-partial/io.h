/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions that are known to access a device.  One set for all vCPUs, used
 * without locks.
 */
#ifndef ACCEL_PARTIAL_IO_H
#define ACCEL_PARTIAL_IO_H

#include "hw/core/cpu.h"

/**
 * partial_io_recompile: TCG met a device access in the middle of a block
 * @cpu: the vCPU, its state at the instruction
 * @tb: the block, which will be translated anew and end there
 */
void partial_io_recompile(CPUState *cpu, TranslationBlock *tb);

/**
 * partial_io_expected: whether an instruction is known to access a device
 * @cpu: the vCPU that translates
 * @pc: linear address of the instruction
 */
bool partial_io_expected(CPUState *cpu, vaddr pc);

#endif
