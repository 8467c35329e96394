/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start of TCG beside a VT. */
#ifndef ACCEL_PARTIAL_ENGINE_H
#define ACCEL_PARTIAL_ENGINE_H

#include "partial.h"

/**
 * partial_engine_fits: whether the size that the user asks for is enough
 * @config: what the user asks for
 * @max_cpus: vCPUs that there may be
 *
 * Returns: false, and has said so, if it is not
 */
bool partial_engine_fits(const PartialConfig *config, unsigned max_cpus);

/**
 * partial_engine_start: start TCG, and the rooms that have state of their own
 * @max_cpus: vCPUs that there may be
 *
 * To be called once partial_config is set, before the first vCPU exists.
 */
void partial_engine_start(unsigned max_cpus);

#endif
