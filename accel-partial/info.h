/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters for people and programs: "info partial", query-stats. */
#ifndef ACCEL_PARTIAL_INFO_H
#define ACCEL_PARTIAL_INFO_H

/** partial_info_register: make the counters visible; once, at start-up */
void partial_info_register(void);

#endif
