/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows over what VT cannot run. */

#include "qemu/osdep.h"
#include "failure.h"

const PartialWindowKind partial_failure_window = {
    .bounded = true, .failed = true,
};

const PartialWindowKind partial_spinning_window = {
    .bounded = true,
};
