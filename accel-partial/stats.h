/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters for people and programs: "info partial", query-stats. */
#ifndef ACCEL_PARTIAL_STATS_H
#define ACCEL_PARTIAL_STATS_H

/** partial_stats_register: make the counters visible; once, at start-up */
void partial_stats_register(void);

#endif
