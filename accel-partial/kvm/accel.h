/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator object where VT is KVM: KVM's own, with TCG beside it. */
#ifndef ACCEL_PARTIAL_KVM_ACCEL_H
#define ACCEL_PARTIAL_KVM_ACCEL_H

#include "cpu.h"
#include "system/kvm_int.h"
#include "../vt.h"

#define TYPE_PARTIAL_ACCEL ACCEL_CLASS_NAME("partial")
OBJECT_DECLARE_SIMPLE_TYPE(PartialState, PARTIAL_ACCEL)

struct PartialState {
    KVMState parent_obj;

    PartialConfig config;
    PartialFacts facts;
    Error *wrong;              /* of the options in the environment */
};

#endif
