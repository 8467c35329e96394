/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU mode, from KVM's registers. */
#ifndef ACCEL_PARTIAL_KVM_SREGS_H
#define ACCEL_PARTIAL_KVM_SREGS_H

#include "../mode.h"

struct kvm_sregs;

/**
 * partial_mode_of_sregs: as partial_mode_of(), from KVM's registers
 * @sregs: as of KVM_GET_SREGS or the synced registers of KVM_RUN
 * @rflags: the guest's RFLAGS
 */
PartialMode partial_mode_of_sregs(const struct kvm_sregs *sregs,
                                  uint64_t rflags);

#endif
