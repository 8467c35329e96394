/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vt.h for Xen HVM. */
#ifndef HW_XEN_XEN_VT_H
#define HW_XEN_XEN_VT_H

#include "accel/partial/vt.h"

extern const PartialVT partial_vt_xen;

#endif
