/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accelerators by the name of the program, and options from its environment. */
#ifndef ACCEL_PARTIAL_CHOOSE_H
#define ACCEL_PARTIAL_CHOOSE_H

#include "qemu/option.h"

/* The environment variable with options, as they follow "-accel partial,". */
#define PARTIAL_VARIABLE "QEMU_PARTIAL"

/**
 * partial_choose: what kvm means where the program's name ends in "partial"
 * @progname: the name
 * @given: each -accel; those for kvm are for partial afterwards
 * @list: of -machine accel=; NULL if there was none
 *
 * For programs that start QEMU and know kvm only, such as libvirt.
 * Context: the main thread, once, before an accelerator is made.
 * Returns: the list to go by, which is @list under another name
 */
const char *partial_choose(const char *progname, QemuOptsList *given,
                           const char *list);

/**
 * partial_choose_options: set properties from the environment
 * @accel: an accelerator that has just been made
 *
 * What the command line says is set later, and counts.
 * Context: the main thread.
 * Returns: false, with @errp set and the variable named there, if one is wrong
 */
bool partial_choose_options(Object *accel, Error **errp);

#endif
