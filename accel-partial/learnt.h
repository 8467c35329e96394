/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What windows at a site were worth, for later starts: sums by the bytes of the
 * site's code, as a table and as text.
 *
 * Pure C on plain structs, as policy.h is: it opens no file and asks no clock.
 * The caller serializes.
 */
#ifndef ACCEL_PARTIAL_LEARNT_H
#define ACCEL_PARTIAL_LEARNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEARNT_MOST 4096
/* Of one run; the others stay what earlier runs have learnt. */
#define LEARNT_RUN_MOST 1024
/* No text of a table is longer, its final zero included. */
#define LEARNT_TEXT_MOST (64 + LEARNT_MOST * 64)

/* Exits that one run may say were gained or lost at a site. */
#define LEARNT_GAIN_MOST 65536
/* A quarter of what an exit costs is the unit of LearntResult.period. */
#define LEARNT_PERIOD_UNIT 4

/* What a run has found of a site. */
typedef struct LearntResult {
    int32_t gain;           /* exits that windows were worth, less their cost */
    uint32_t gap;           /* most blocks between accesses */
    uint32_t period;        /* from access to access under VT; 0: not known */
} LearntResult;

typedef struct LearntSite {
    uint64_t key;           /* learnt_key() */
    uint32_t run;           /* the last run that has met it */
    int32_t gain;           /* of all runs, older ones count less */
    int32_t before;         /* ... as it was before this run */
    uint32_t gap, period;   /* as of LearntResult */
    bool met;               /* in this run, */
    bool judged;            /* and this run has a result: */
    int32_t found;
    bool kept;              /* learnt_kept() was told, and it was: */
    int32_t was_found;
} LearntSite;

typedef struct Learnt {
    uint32_t run;           /* of this run; one more than the file's last */
    uint32_t count, met;
    LearntSite site[LEARNT_MOST]; /* by rising key */
} Learnt;

/**
 * learnt_key: what a site is known by, wherever it lies
 * @code: bytes around the site
 * @n: how many
 * @at: which of them is the site's
 * @device: the device's name
 *
 * Returns: a number that is not zero
 */
uint64_t learnt_key(const uint8_t *code, size_t n, size_t at,
                    const char *device);

/**
 * learnt_init: an empty table
 * @l: the table
 */
void learnt_init(Learnt *l);

/**
 * learnt_find: what is known of a site, which counts as met then
 * @l: the table
 * @key: the site's
 *
 * Returns: NULL if nothing is; else valid until the next learnt_note().  Its
 * gain is positive where windows pay, negative where they do not, and zero
 * where that has been forgotten
 */
const LearntSite *learnt_find(Learnt *l, uint64_t key);

/**
 * learnt_note: what this run has found, in place of what it said before
 * @l: the table
 * @key: the site's
 * @r: the result
 *
 * One bad run may be chance, as the host was busy, so runs add up.  What they
 * found fades by an eighth with each run that meets the site.  So a bad site is
 * unknown again after some thirty.  Where the table is full the site
 * gives way that no run has met for longest.
 * Returns: false if this run has met as many as one may
 */
bool learnt_note(Learnt *l, uint64_t key, const LearntResult *r);

/**
 * learnt_merge: what this run has met, into a table that others have written
 * @into: the table that was read
 * @from: this run's
 *
 * What learnt_kept() was told of is in it already: only what is new is added.
 */
void learnt_merge(Learnt *into, const Learnt *from);

/**
 * learnt_kept: what learnt_merge() has added is written
 * @l: this run's table
 */
void learnt_kept(Learnt *l);

/**
 * learnt_parse: a table from its text
 * @l: the table; empty if the text is wrong
 * @text: ends with a zero
 *
 * Returns: false if the text is cut off, changed, or of another version
 */
bool learnt_parse(Learnt *l, const char *text);

/**
 * learnt_is_foreign: whether it is somebody's text, which nobody of us wrote
 * @text: ends with a zero; it may be the beginning only.  Zeroes are what a
 *     crash may leave of a table.
 */
bool learnt_is_foreign(const char *text);

/**
 * learnt_is_other_version: whether another version of us wrote it
 * @text: ends with a zero
 */
bool learnt_is_other_version(const char *text);

/**
 * learnt_print: the text of a table
 * @l: the table
 * @text: room for LEARNT_TEXT_MOST bytes
 *
 * Returns: its length
 */
size_t learnt_print(const Learnt *l, char *text);

#endif
