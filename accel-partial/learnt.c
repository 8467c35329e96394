/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results by the bytes of code, and their text. */

#include "learnt.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Changes with what a key is made of, and with what a line says. */
#define KIND "qemu-partial sites "
#define HEAD KIND "2\n"
/* A gap that is longer says nothing: burst-quiet's own bound. */
#define GAP_MOST 65536
/* Of a period that is longer an exit is no matter. */
#define PERIOD_MOST 65536
/* A run takes an eighth of what is older. */
#define FADES 8
/* ... so that sums stay below. */
#define SUM_MOST ((LEARNT_GAIN_MOST + 1) * FADES)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* FNV-1a */
#define HASH_START 0xcbf29ce484222325ull

static uint64_t hash(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;

    while (n--) {
        h = (h ^ *p++) * 0x100000001b3ull;
    }
    return h;
}

uint64_t learnt_key(const uint8_t *code, size_t n, size_t at,
                    const char *device)
{
    uint8_t where = at;
    uint64_t h = hash(HASH_START, &where, 1);

    h = hash(h, code, n);
    h = hash(h, device, strlen(device));
    /* Bits that differ late in the input have to reach the upper ones. */
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9ull;
    h ^= h >> 32;
    return h ? h : 1;
}

void learnt_init(Learnt *l)
{
    l->run = 1;
    l->count = l->met = 0;
}

/* Where the key is, or would have to be. */
static uint32_t place_of(const Learnt *l, uint64_t key)
{
    uint32_t low = 0, high = l->count;

    while (low < high) {
        uint32_t mid = (low + high) / 2;

        if (l->site[mid].key < key) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static LearntSite *at(Learnt *l, uint64_t key)
{
    uint32_t i = place_of(l, key);

    return i < l->count && l->site[i].key == key ? &l->site[i] : NULL;
}

/* Towards zero, and all the way where it was a loss. */
static int32_t faded(int32_t gain)
{
    return gain - (gain < 0 ? gain - FADES + 1 : gain) / FADES;
}

static bool meet(Learnt *l, LearntSite *s)
{
    if (!s->met) {
        if (l->met >= LEARNT_RUN_MOST) {
            return false;
        }
        l->met++;
        s->met = true;
        s->run = l->run;
        s->gain = faded(s->before);
    }
    return true;
}

const LearntSite *learnt_find(Learnt *l, uint64_t key)
{
    LearntSite *s = at(l, key);

    if (s) {
        meet(l, s);
    }
    return s;
}

/* Never one that this run has met: those are fewer than the table holds. */
static void forget_oldest(Learnt *l)
{
    uint32_t i, oldest = l->count;

    for (i = 0; i < l->count; i++) {
        if (!l->site[i].met &&
            (oldest == l->count || l->site[i].run < l->site[oldest].run)) {
            oldest = i;
        }
    }
    if (oldest < l->count) {
        l->count--;
        memmove(&l->site[oldest], &l->site[oldest + 1],
                (l->count - oldest) * sizeof(l->site[0]));
    }
}

static LearntSite *insert(Learnt *l, uint64_t key)
{
    uint32_t i;

    if (l->count == LEARNT_MOST) {
        forget_oldest(l);
    }
    i = place_of(l, key);
    memmove(&l->site[i + 1], &l->site[i],
            (l->count - i) * sizeof(l->site[0]));
    l->count++;
    l->site[i] = (LearntSite) { .key = key };
    return &l->site[i];
}

bool learnt_note(Learnt *l, uint64_t key, const LearntResult *r)
{
    LearntSite *s = at(l, key);

    if (!s) {
        if (l->met >= LEARNT_RUN_MOST) {
            return false;
        }
        s = insert(l, key);
    }
    if (!meet(l, s)) {
        return false;
    }
    s->judged = true;
    s->found = MAX(MIN(r->gain, LEARNT_GAIN_MOST), -LEARNT_GAIN_MOST);
    s->gain = faded(s->before) + s->found;
    s->gap = MIN(r->gap, GAP_MOST);
    if (r->period) {
        s->period = MIN(r->period, PERIOD_MOST);
    }
    return true;
}

/* The file's, which has what the run had found when it was last written. */
static void add(LearntSite *into, const LearntSite *s)
{
    into->gain += s->found - s->was_found;
    into->gain = MAX(MIN(into->gain, SUM_MOST), -SUM_MOST);
    if (s->judged) {
        into->gap = s->gap;
        into->period = s->period;
    }
}

void learnt_kept(Learnt *l)
{
    uint32_t i;

    for (i = 0; i < l->count; i++) {
        if (l->site[i].met) {
            l->site[i].kept = true;
            l->site[i].was_found = l->site[i].found;
        }
    }
}

void learnt_merge(Learnt *into, const Learnt *from)
{
    uint32_t i;

    for (i = 0; i < from->count; i++) {
        const LearntSite *s = &from->site[i];

        if (s->kept && at(into, s->key)) {
            add(at(into, s->key), s);
        } else if (s->judged) {
            learnt_note(into, s->key, &(LearntResult) {
                .gain = s->found, .gap = s->gap, .period = s->period,
            });
        } else if (s->met) {
            learnt_find(into, s->key);
        }
    }
}

/* Of lower case; 16 or more for what is none. */
static unsigned digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' :
           c >= 'a' && c <= 'f' ? c - 'a' + 10 : UINT8_MAX;
}

/* A number and what follows it. */
static bool number(const char **text, unsigned base, uint64_t most, char then,
                   uint64_t *value)
{
    const char *p = *text;

    for (*value = 0; digit_of(*p) < base; p++) {
        if (*value > (most - digit_of(*p)) / base) {
            return false;
        }
        *value = *value * base + digit_of(*p);
    }
    if (p == *text || *p != then) {
        return false;
    }
    *text = p + 1;
    return true;
}

static bool parse_site(Learnt *l, const char **text)
{
    uint64_t key, run, gap, period, gain;
    int32_t sign;

    if (!number(text, 16, UINT64_MAX, ' ', &key) ||
        !number(text, 10, UINT32_MAX - 1, ' ', &run) ||
        !number(text, 10, GAP_MOST, ' ', &gap) ||
        !number(text, 10, PERIOD_MOST, ' ', &period)) {
        return false;
    }
    sign = **text == '-' ? -1 : 1;
    *text += sign < 0;
    if (!number(text, 10, SUM_MOST, '\n', &gain) || !key ||
        l->count == LEARNT_MOST ||
        (l->count && l->site[l->count - 1].key >= key)) {
        return false;
    }
    l->site[l->count++] = (LearntSite) {
        .key = key, .run = run, .gap = gap, .period = period,
        .gain = sign * (int32_t)gain, .before = sign * (int32_t)gain,
    };
    if (l->run <= run) {
        l->run = run + 1;
    }
    return true;
}

/* Everything before the last line is summed up in it. */
static bool is_whole(const char *text, const char *last)
{
    uint64_t sum, found = hash(HASH_START, text, last - text);

    last += strlen("sum ");
    return number(&last, 16, UINT64_MAX, '\n', &sum) && !*last && sum == found;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool learnt_parse(Learnt *l, const char *text)
{
    const char *p = text;
    bool good = true;

    learnt_init(l);
    if (begins(p, HEAD)) {
        p += strlen(HEAD);
        while (good && !begins(p, "sum ")) {
            good = parse_site(l, &p);
        }
        if (good && is_whole(text, p)) {
            return true;
        }
    }
    learnt_init(l);
    return false;
}

bool learnt_is_foreign(const char *text)
{
    return *text && !begins(text, KIND);
}

bool learnt_is_other_version(const char *text)
{
    return begins(text, KIND) && !begins(text, HEAD);
}

size_t learnt_print(const Learnt *l, char *text)
{
    size_t n = sprintf(text, HEAD);
    uint32_t i;

    for (i = 0; i < l->count; i++) {
        const LearntSite *s = &l->site[i];

        n += sprintf(text + n, "%016" PRIx64 " %" PRIu32 " %" PRIu32
                     " %" PRIu32 " %" PRId32 "\n",
                     s->key, s->run, s->gap, s->period, s->gain);
    }
    return n + sprintf(text + n, "sum %016" PRIx64 "\n",
                       hash(HASH_START, text, n));
}
