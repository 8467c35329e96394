/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of what windows at sites were worth, which the VMs of a user share.
 * It is read when the machine is ready, and written when the VM stops or QEMU
 * ends.
 */
#ifndef ACCEL_PARTIAL_STORE_H
#define ACCEL_PARTIAL_STORE_H

#include "learnt.h"

/**
 * partial_store_register: read the file when the machine is ready
 *
 * Context: the start of the accelerator, partial_config is set.
 */
void partial_store_register(void);

/**
 * partial_store_is_on: whether results are kept
 *
 * Context: any thread.
 */
bool partial_store_is_on(void);

/**
 * partial_store_is_empty: whether the file had nothing
 *
 * Context: any thread.
 */
bool partial_store_is_empty(void);

/**
 * partial_store_find: what is known of a site
 * @key: from learnt_key()
 * @site: [out] a copy, if something is
 *
 * Context: any thread.
 * Returns: whether something is
 */
bool partial_store_find(uint64_t key, LearntSite *site);

/**
 * partial_store_note: what this run has found
 * @key: from learnt_key()
 * @r: the result, in place of what this run said before
 *
 * Context: any thread.
 */
void partial_store_note(uint64_t key, const LearntResult *r);

/**
 * partial_store_path: where the file is, to be freed; NULL if there is none
 */
char *partial_store_path(void);

#endif
