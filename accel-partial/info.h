/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people and programs are told of the accelerator. */
#ifndef ACCEL_PARTIAL_INFO_H
#define ACCEL_PARTIAL_INFO_H

#include "hw/boards.h"

/**
 * partial_info_register: make counters and sites visible; once, at start-up
 * @ms: the machine.  The accelerator becomes its child "partial", so that QMP's
 *     qom-get and qom-set find what can be read and changed
 */
void partial_info_register(MachineState *ms);

#endif
