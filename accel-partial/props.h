/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator's properties: their names, bounds and defaults. */
#ifndef ACCEL_PARTIAL_PROPS_H
#define ACCEL_PARTIAL_PROPS_H

#include "qom/object.h"

#include "partial.h"

/* Where an accelerator's object has its config. */
typedef PartialConfig *PartialConfigOf(Object *obj);

/**
 * partial_props_add: give the accelerator's class its properties
 * @oc: the class
 * @config_of: finds what they set
 */
void partial_props_add(ObjectClass *oc, PartialConfigOf *config_of);

/**
 * partial_props_add_bursts: the same where bursts are all there is
 * @oc: the class
 * @config_of: finds what they set
 */
void partial_props_add_bursts(ObjectClass *oc, PartialConfigOf *config_of);

/**
 * partial_props_init: set what the properties stand for to its defaults
 * @config: what they set
 * @level: what is taken over unless the user says otherwise
 */
void partial_props_init(PartialConfig *config, PartialLevel level);

/**
 * partial_props_finalize: free what the properties have set
 * @config: of an accelerator that ends
 */
void partial_props_finalize(PartialConfig *config);

#endif
