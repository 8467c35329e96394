/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shadow page tables of a KVM without EPT or NPT. */
#ifndef ACCEL_PARTIAL_KVM_SHADOWS_H
#define ACCEL_PARTIAL_KVM_SHADOWS_H

#include "hw/core/cpu.h"

/**
 * partial_shadows_drop: make KVM forget its shadow page tables; see vt.h
 * @cpu: a vCPU of the VM; called with the BQL held
 *
 * Returns: false, with a warning the first time, if it could not be done
 */
bool partial_shadows_drop(CPUState *cpu);

#endif
