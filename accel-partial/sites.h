/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bursts have learnt of each site, for people and programs. */
#ifndef ACCEL_PARTIAL_SITES_H
#define ACCEL_PARTIAL_SITES_H

#include "qom/object.h"

/**
 * partial_sites_print: a table of all sites, those first that save most
 * @s: where to
 *
 * Context: the BQL is held, and given up meanwhile; not a vCPU's thread.
 */
void partial_sites_print(GString *s);

/**
 * partial_sites_add: give a class the properties "sites" and "failures"
 * @oc: the accelerator's class
 *
 * They are lists of structures, for QMP's qom-get.
 */
void partial_sites_add(ObjectClass *oc);

#endif
