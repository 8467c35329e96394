/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vt.h for KVM. */
#ifndef ACCEL_PARTIAL_KVM_VT_H
#define ACCEL_PARTIAL_KVM_VT_H

#include "../vt.h"

extern const PartialVT partial_vt_kvm;

#endif
