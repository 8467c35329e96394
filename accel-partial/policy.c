/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit history and costs in, a decision out. */

#include "policy.h"
#include <string.h>

/*
 * Exits that are this many exits' costs apart at most are one burst's: devices
 * that take their time are meant as well, and hosts that have become busy.
 */
#define CLOSE_EXITS 16
/* A window that ended so short before an access should have waited for it. */
#define EAGER_EXITS 4
/* A verdict needs some windows, and is asked for again after many. */
#define WINDOWS_TO_JUDGE 4
#define WINDOWS_TO_REASK 4096
/* Exits that a bad site lets pass, growing with each bad verdict. */
#define BACKOFF_FIRST 128
/* ... and one that an earlier run found bad. */
#define BACKOFF_RECALLED 2048
/* A window that has cost so many exits more than it saved is given up. */
#define LOSS_EXITS 64
/*
 * It ends there, or some blocks and a translation later.  One that lost so much
 * met something else: the host gave its CPU away, say.  That says nothing of
 * windows, so a few are pardoned, and one more each second.
 */
#define STOLEN_EXITS (LOSS_EXITS * 4)
#define PARDONS 4
#define PARDON_NS 1000000000ull
#define BACKOFF_MAX (1u << 16)
/*
 * Trials live on credit, in exits' worth: enough for two at first, then a part
 * of the time that passes and what good windows save, up to a bound.  So
 * windows that do not pay never cost more than this part, in short runs either.
 */
#define CREDIT_FIRST_EXITS 128
#define CREDIT_MOST_EXITS 800
#define CREDIT_TIME_PART 128
/*
 * ... and a part of the site's own close exits since its last window.  If that
 * window lost for translation alone, or an earlier run knows that windows pay,
 * they count in full.
 */
#define CREDIT_SITE_PART 32
#define MOST_SHOWN (1u << 24)
/* What trials have cost is forgotten with time: no site waits forever. */
#define PRICE_TIME_PART 1024
/*
 * After so many exits in a row at which no window could have opened, only some
 * of each group are looked at, and they count for the others.  Groups grow by a
 * part of the exits so far; after many only, if a good site may come again.
 * The first and the longest are as long as no loop, or it would always be the
 * same that are seen.  Where verdicts are recalled, sites that are met for the
 * first time matter: groups begin later.
 */
#define VAIN_EXITS 64
#define RECALL_VAIN_EXITS 1024
#define GROUP_LOOKS 8
#define GROUP_FIRST 61
#define GROUP_MOST 271
#define GROUP_VAIN_PART 32
#define GOOD_VAIN_EXITS (1u << 14)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
/* Blocks: room beyond the widest gap that was seen, and where to start. */
#define QUIET_SLACK 8
#define QUIET_FIRST 8

const char *const policy_state_name[POLICY_STATE__MAX] = {
    [POLICY_FREE] = "free",
    [POLICY_COUNTING] = "counting",
    [POLICY_TRYING] = "trying",
    [POLICY_GOOD] = "good",
    [POLICY_BAD] = "bad",
    [POLICY_DENIED] = "denied",
};

static uint32_t at_least_1(uint32_t n)
{
    return n ? n : 1;
}

static uint32_t saturate(uint64_t n)
{
    return n > UINT32_MAX ? UINT32_MAX : n;
}

void policy_init(Policy *p, const PolicyLimits *limits, uint64_t exit_ns)
{
    memset(p, 0, sizeof(*p));
    p->limits.trigger = at_least_1(limits->trigger);
    /* A site counts no further. */
    if (p->limits.trigger > UINT8_MAX) {
        p->limits.trigger = UINT8_MAX;
    }
    p->limits.quiet = at_least_1(limits->quiet);
    p->limits.blocks = at_least_1(limits->blocks);
    p->exit_ns = at_least_1(saturate(exit_ns));
    /* Who asks for windows at first exits wants trials. */
    p->credit = p->plenty = (int64_t)p->exit_ns *
        (p->limits.trigger == 1 ? CREDIT_MOST_EXITS : CREDIT_FIRST_EXITS);
}

static PolicySite *set_of(Policy *p, uint64_t pc, uint64_t device)
{
    uint64_t h = (pc ^ device << 7) * 0x9e3779b97f4a7c15ull;

    return p->site[h >> 56];
}

/* The site's record; the one of its set that was not seen longest gives way. */
static PolicySite *find(Policy *p, const PolicyExit *e)
{
    PolicySite *set = set_of(p, e->pc, e->device), *victim = set;
    int i;

    for (i = 0; i < POLICY_WAYS; i++) {
        if (set[i].state != POLICY_FREE && set[i].pc == e->pc &&
            set[i].device == e->device) {
            return &set[i];
        }
        if (set[i].last < victim->last) {
            victim = &set[i];
        }
    }
    if (p->ended == victim) {
        p->ended = NULL;
    }
    if (p->head == victim) {
        p->head = NULL;
    }
    *victim = (PolicySite) {
        .pc = e->pc, .device = e->device, .state = POLICY_COUNTING,
        .gap = QUIET_FIRST, .backoff = BACKOFF_FIRST,
    };
    return victim;
}

static uint64_t since(uint64_t then, uint64_t now)
{
    return now > then ? now - then : 0;
}

/* Follows a value at an eighth of the distance, at once from nothing. */
static uint32_t smooth(uint32_t old, uint64_t sample)
{
    if (!old) {
        return saturate(sample);
    }
    return saturate(((uint64_t)old * 7 + saturate(sample)) / 8);
}

static void earn(Policy *p, uint64_t ns)
{
    int64_t most = (int64_t)p->exit_ns * CREDIT_MOST_EXITS;

    if (p->credit < most) {
        p->credit += saturate(ns);
        p->credit = p->credit < most ? p->credit : most;
        p->plenty = p->plenty > p->credit ? p->plenty : p->credit;
    }
}

static void earn_by_time(Policy *p, uint64_t now)
{
    uint64_t passed = p->paid ? since(p->paid, now) : 0;
    uint64_t forgotten = passed / PRICE_TIME_PART;

    earn(p, passed / CREDIT_TIME_PART);
    p->trial_ns -= forgotten < p->trial_ns ? forgotten : p->trial_ns;
    p->paid = now;
}

/*
 * What a window lost, but no more than the bound at which it should have ended
 * by some: the host may have been busy with something else meanwhile.
 */
static uint64_t loss_of(uint64_t exit_ns, uint64_t saved_ns, uint64_t ns)
{
    uint64_t most = exit_ns * LOSS_EXITS * 2;
    uint64_t loss = since(saved_ns, ns);

    return loss < most ? loss : most;
}

/* What the site's exits have added to the credit for its next trial. */
static uint64_t own_credit(const Policy *p, const PolicySite *s)
{
    return (uint64_t)p->exit_ns * s->shown /
           (s->promises || s->recalled ? 1 : CREDIT_SITE_PART);
}

/* Whether there is enough for what a trial of the site may well lose. */
static bool has_credit(const Policy *p, const PolicySite *s)
{
    return p->credit + (int64_t)own_credit(p, s) >=
           (int64_t)p->exit_ns * LOSS_EXITS;
}

/*
 * Whether the site's close exits are enough for a trial: as many as trials have
 * cost recently, as in the rent-or-buy problem.
 * Where nothing was lost that is the user's trigger, and where little credit is
 * left it is more.
 */
static bool has_shown(const Policy *p, const PolicySite *s)
{
    int64_t plenty = p->plenty;
    int64_t credit = p->credit + (int64_t)own_credit(p, s);
    uint64_t price = (uint64_t)p->exit_ns * LOSS_EXITS;

    price = p->trial_ns < price ? p->trial_ns : price;
    credit = credit < plenty ? credit : plenty;
    return s->close >= p->limits.trigger &&
           (s->close == UINT8_MAX ||
            (s->close * credit >= p->limits.trigger * plenty &&
             s->close * (uint64_t)p->exit_ns >= price));
}

/* Whether a window may open at the site before something has changed. */
static bool has_hope(const Policy *p, const PolicySite *s)
{
    switch (s->state) {
    case POLICY_GOOD:
        return !s->recalled || has_credit(p, s);
    case POLICY_BAD:
        return !s->wait && has_credit(p, s);
    case POLICY_COUNTING:
    case POLICY_TRYING:
        return has_credit(p, s);
    default:
        return false;
    }
}

/* What an exit of the site costs, as far as is known. */
static uint32_t worth_of(const Policy *p, const PolicySite *s)
{
    return s->period ? s->period : p->exit_ns;
}

/* An exit in what a window may lose: the site's own, but no cheap one. */
static uint64_t bound_of(const Policy *p, const PolicySite *s)
{
    uint32_t worth = worth_of(p, s);

    return worth > p->exit_ns ? worth : p->exit_ns;
}

/* Whether what a window lost is not held against it. */
static bool is_pardoned(Policy *p, const PolicySite *s, const PolicyResult *r)
{
    uint64_t saved_ns = (uint64_t)worth_of(p, s) * r->exits;

    if (!p->started ||
        since(saved_ns, r->ns) <= bound_of(p, s) * STOLEN_EXITS ||
        since(r->now, p->pardoned) > (PARDONS - 1) * PARDON_NS) {
        return false;
    }
    p->pardoned = (p->pardoned > r->now ? p->pardoned : r->now) + PARDON_NS;
    return true;
}

static uint32_t quiet_of(const Policy *p, const PolicySite *s)
{
    uint64_t quiet = (uint64_t)s->gap * 2 + QUIET_SLACK;

    return quiet < p->limits.quiet ? quiet : p->limits.quiet;
}

static void widen(const Policy *p, PolicySite *s)
{
    s->gap = s->gap < p->limits.quiet / 2 ? s->gap * 2 + 1 : p->limits.quiet;
}

/* A close exit, which stands for some more where few are looked at. */
static void count(PolicySite *s, uint64_t weight)
{
    s->close = s->close + weight < UINT8_MAX ? s->close + weight : UINT8_MAX;
}

/*
 * Posted stores leave the guest as well, and the time of one is that of all
 * accesses since the last exit, shared alike.
 */
static void note_exit(Policy *p, PolicySite *s, const PolicyExit *e,
                      uint64_t weight)
{
    uint64_t accesses = 1 + (uint64_t)e->posted;
    uint64_t passed = since(p->last, e->now) / accesses;

    weight *= accesses;

    if (p->last && passed <= (uint64_t)p->exit_ns * CLOSE_EXITS) {
        if (!p->after_window) {
            s->period = smooth(s->period, passed);
        } else if (p->ended &&
                   passed <= (uint64_t)p->exit_ns * EAGER_EXITS) {
            widen(p, p->ended);
        }
        count(s, weight);
        s->shown += s->shown < MOST_SHOWN ? saturate(weight) : 0;
        if (p->head && p->head != s) {
            /* A window there would have saved this one as well. */
            count(p->head, weight);
        }
    } else {
        /* Another burst: those before count less and less. */
        s->close = s->close > 1 ? s->close * 3 / 4 : 1;
        p->head = s;
    }
}

static PolicyDecision open_at(Policy *p, PolicySite *s)
{
    earn(p, own_credit(p, s));
    s->shown = 0;
    if (s->state == POLICY_GOOD) {
        p->good = s;
    }
    return (PolicyDecision) {
        .site = s, .open = true, .quiet = quiet_of(p, s),
        .blocks = p->limits.blocks, .exit_ns = worth_of(p, s),
        .loss_ns = bound_of(p, s) * LOSS_EXITS,
    };
}

static uint32_t group_of(const Policy *p)
{
    bool good = p->good && p->good->state == POLICY_GOOD;
    uint64_t start = good ? GOOD_VAIN_EXITS : VAIN_EXITS;
    uint64_t group = GROUP_FIRST + since(start, p->vain) / GROUP_VAIN_PART;

    return group < GROUP_MOST ? group : GROUP_MOST;
}

/* No window could open: how many exits that come need not be looked at. */
static uint32_t waste(Policy *p)
{
    uint32_t first = p->recalls ? RECALL_VAIN_EXITS : VAIN_EXITS;

    p->vain += p->vain < UINT32_MAX;
    if (p->vain < first || (p->vain > first && ++p->looks < GROUP_LOOKS)) {
        return 0;
    }
    p->looks = 0;
    p->skip = group_of(p) - GROUP_LOOKS;
    p->skipped = true;
    p->vain = saturate((uint64_t)p->vain + p->skip);
    return p->skip;
}

static void hope(Policy *p)
{
    p->vain = p->looks = p->skip = 0;
}

static void decide(PolicySite *s, PolicySiteState state)
{
    s->state = state;
    s->windows = 0;
}

PolicyDecision policy_recall(Policy *p, PolicySite *site,
                             const PolicyRecalled *r)
{
    if (site->state != POLICY_COUNTING) {
        return (PolicyDecision) { .site = site };
    }
    site->gap = r->gap < p->limits.quiet ? r->gap : p->limits.quiet;
    site->period = site->period ? site->period : r->period;
    if (!r->pays) {
        decide(site, POLICY_BAD);
        site->wait = BACKOFF_RECALLED;
        return (PolicyDecision) { .site = site };
    }
    p->recalls = true;
    decide(site, POLICY_GOOD);
    site->recalled = true;
    if (!has_hope(p, site)) {
        return (PolicyDecision) { .site = site };
    }
    hope(p);
    return open_at(p, site);
}

/* In exits, what so many accesses at the site are worth less its windows. */
static int32_t gain_of(const Policy *p, const PolicySite *s, uint64_t accesses)
{
    int64_t gain = (int64_t)(accesses * worth_of(p, s) - s->all_ns) /
                   p->exit_ns;

    return gain > INT32_MAX ? INT32_MAX : gain < -INT32_MAX ? -INT32_MAX : gain;
}

int32_t policy_gain(const Policy *p, const PolicySite *site)
{
    return gain_of(p, site, site->all_saved);
}

int32_t policy_hoped_gain(const Policy *p, const PolicySite *site)
{
    uint64_t exits = site->all_exits + site->all_saved;
    int32_t gain;

    if (!site->all_windows) {
        return site->close >= LOSS_EXITS ? gain_of(p, site, site->close) : 0;
    }
    gain = gain_of(p, site, exits);
    return exits >= LOSS_EXITS || gain < 0 ? gain : 0;
}

PolicyDecision policy_exit(Policy *p, const PolicyExit *e)
{
    uint32_t weight = 1 + p->skip / GROUP_LOOKS;
    PolicySite *s = find(p, e);
    PolicyDecision d = { .site = s };

    if (p->skipped) {
        /* How long ago the one before was, and of what burst, nobody knows. */
        p->skipped = false;
        p->head = NULL;
    } else {
        note_exit(p, s, e, weight);
    }
    s->all_exits += weight;
    p->ended = NULL;
    p->after_window = false;
    p->last = s->last = e->now;
    earn_by_time(p, e->now);
    if (has_hope(p, s)) {
        hope(p);
        if (s->state == POLICY_GOOD || has_shown(p, s)) {
            return open_at(p, s);
        }
        return d;
    }
    s->wait -= s->wait < weight ? s->wait : weight;
    d.skip = waste(p);
    return d;
}

/* Old windows count less and less. */
static void account(Policy *p, PolicySite *s, const PolicyResult *r)
{
    uint64_t saved_ns = (uint64_t)worth_of(p, s) * r->exits;
    uint64_t saved = saved_ns / 1000;
    uint64_t loss = (uint64_t)worth_of(p, s) * LOSS_EXITS * 4, spent;
    /* The first window pays for TCG's start, which says nothing of others. */
    uint64_t lost = p->started ? loss_of(bound_of(p, s), saved_ns, r->ns) : 0;

    p->started = true;
    s->promises = since(r->cold_ns, r->ns) < saved_ns;
    earn(p, since(r->ns, saved_ns));
    p->credit -= lost;
    if (s->state != POLICY_GOOD) {
        p->trial_ns -= p->trial_ns / 4;
        p->trial_ns = p->trial_ns > lost ? p->trial_ns : lost;
    }
    /* The host may have been busy with something else meanwhile. */
    spent = r->ns < saved_ns + loss ? r->ns : saved_ns + loss;
    s->saved = saturate(s->saved - s->saved / 8 + saved);
    s->spent = saturate(s->spent - s->spent / 8 + spent / 1000 + 1);
    s->windows += s->windows < UINT32_MAX;
}

/* What windows gained there leaves no doubt, however few they were. */
static bool clearly_pays(const Policy *p, const PolicySite *s)
{
    return (uint64_t)s->saved * 1000 >
           (uint64_t)s->spent * 1000 + (uint64_t)p->exit_ns * LOSS_EXITS;
}

/* Of a site that is good only by what was recalled as little is known. */
static bool is_early(const Policy *p, const PolicySite *s)
{
    return s->windows < WINDOWS_TO_JUDGE && !clearly_pays(p, s) &&
           (s->state != POLICY_GOOD || s->recalled);
}

static void judge(const Policy *p, PolicySite *s)
{
    if (is_early(p, s)) {
        s->state = s->recalled ? POLICY_GOOD : POLICY_TRYING;
        return;
    }
    s->recalled = false;
    if (s->saved <= s->spent) {
        decide(s, POLICY_BAD);
        s->wait = s->backoff;
        s->backoff = s->backoff < BACKOFF_MAX / 4 ? s->backoff * 4
                                                  : BACKOFF_MAX;
        s->close = 0;
        s->saved = s->spent = 0;
    } else if (s->windows >= WINDOWS_TO_REASK) {
        /* Costs change: measure VT's again before going on. */
        decide(s, POLICY_COUNTING);
        s->close = 0;
        s->period = 0;
        s->saved = s->spent = 0;
    } else if (s->state != POLICY_GOOD) {
        decide(s, POLICY_GOOD);
        s->backoff = BACKOFF_FIRST;
    }
}

void policy_window_done(Policy *p, PolicySite *site, const PolicyResult *r)
{
    p->last = r->now;
    p->after_window = true;
    p->ended = r->quiet ? site : NULL;
    if (site->state == POLICY_FREE || site->state == POLICY_DENIED) {
        return;
    }
    site->all_windows++;
    site->all_saved += r->exits;
    site->all_ns += r->ns;
    site->stop = r->stop;
    site->gap -= site->gap / 16;
    if (r->gap > site->gap) {
        site->gap = r->gap;
    }
    if (!is_pardoned(p, site, r)) {
        account(p, site, r);
        judge(p, site);
    }
}

void policy_refused(PolicySite *site)
{
    if (site->state != POLICY_DENIED) {
        decide(site, POLICY_COUNTING);
        site->close = 0;
        site->recalled = false;
    }
}

void policy_deny(PolicySite *site)
{
    site->state = POLICY_DENIED;
}

void policy_code_changed(Policy *p, uint64_t first, uint64_t last)
{
    PolicySite *s = &p->site[0][0];
    size_t i;

    for (i = 0; i < POLICY_SETS * POLICY_WAYS; i++) {
        if (s[i].state != POLICY_DENIED && s[i].pc >= first &&
            s[i].pc <= last) {
            s[i] = (PolicySite) { .state = POLICY_FREE };
        }
    }
    p->ended = p->head = NULL;
}

void policy_forget_sums(Policy *p)
{
    PolicySite *s = &p->site[0][0];
    size_t i;

    for (i = 0; i < POLICY_SETS * POLICY_WAYS; i++) {
        s[i].all_exits = s[i].all_windows = s[i].all_saved = s[i].all_ns = 0;
    }
}
