/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What windows at a site were worth, for later starts: verdicts by the bytes
 * of the site's code, as a table and as text.
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
#define LEARNT_TEXT_MOST (64 + LEARNT_MOST * 40)

typedef struct LearntSite {
    uint64_t key;           /* learnt_key() */
    uint32_t run;           /* the last run that has met it */
    uint32_t gap;           /* most blocks between accesses */
    uint8_t score;          /* 0 to 3; it pays from 2 on */
    uint8_t before;         /* ... as it was before this run */
    bool met;               /* in this run, */
    bool judged;            /* and this run has a verdict: */
    bool pays;
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
 * Returns: NULL if nothing is; else valid until the next learnt_note()
 */
const LearntSite *learnt_find(Learnt *l, uint64_t key);

/** learnt_pays: what the runs so far have found of a site */
static inline bool learnt_pays(const LearntSite *s)
{
    return s->score >= 2;
}

/**
 * learnt_note: a verdict of this run, in place of an earlier one of it
 * @l: the table
 * @key: the site's
 * @pays: whether windows there were worth more than they cost
 * @gap: most blocks between accesses
 *
 * One bad run may be chance, as the host was busy: a site that pays has to be
 * bad in two.  Where the table is full the site gives way that no run has met
 * for longest.
 * Returns: false if this run has met as many as one may
 */
bool learnt_note(Learnt *l, uint64_t key, bool pays, uint32_t gap);

/**
 * learnt_merge: what this run has met, into a table that others have written
 * @into: the table that was read
 * @from: this run's
 */
void learnt_merge(Learnt *into, const Learnt *from);

/**
 * learnt_parse: a table from its text
 * @l: the table; empty if the text is wrong
 * @text: ends with a zero
 *
 * Returns: false if the text is cut off, changed, or of another version
 */
bool learnt_parse(Learnt *l, const char *text);

/**
 * learnt_print: the text of a table
 * @l: the table
 * @text: room for LEARNT_TEXT_MOST bytes
 *
 * Returns: its length
 */
size_t learnt_print(const Learnt *l, char *text);

#endif
