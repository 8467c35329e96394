/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When an exit for a device access opens a window, and whether it was worth it.
 *
 * Pure C on plain structs: it knows no KVM, no TCG and no QEMU, asks no clock
 * and allocates nothing.  One Policy belongs to one vCPU; the caller
 * serializes.  All times are in nanoseconds of one clock that never runs
 * backwards.
 */
#ifndef ACCEL_PARTIAL_POLICY_H
#define ACCEL_PARTIAL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_SETS 256
#define POLICY_WAYS 4

/* What is asked for; see the properties of the same names in accel.c. */
typedef struct PolicyLimits {
    uint32_t trigger;       /* close exits of a site that open a window */
    uint32_t quiet;         /* most blocks without an access, 1..65536 */
    uint32_t blocks;        /* most blocks of a window */
} PolicyLimits;

typedef enum PolicySiteState {
    POLICY_FREE,            /* nothing is known */
    POLICY_COUNTING,        /* its exits are counted, nothing was tried */
    POLICY_TRYING,          /* windows are tried, not enough to judge */
    POLICY_GOOD,            /* windows pay: the first exit opens one */
    POLICY_BAD,             /* they do not: wait exits pass before the next */
    POLICY_DENIED,          /* the user said no */
    POLICY_STATE__MAX,
} PolicySiteState;

/* An instruction, or the exits of a kind and device that it causes. */
typedef struct PolicySite {
    uint64_t pc;
    uint64_t device;
    uint64_t last;          /* when it was last seen, to choose a victim */
    uint32_t period;        /* ns from access to access under VT, in a burst */
    uint32_t gap;           /* most blocks seen between accesses, decaying */
    uint32_t wait;          /* BAD: exits until windows are tried again */
    uint32_t backoff;       /* ... and how many it will be next time */
    uint32_t shown;         /* close exits since its last window */
    uint32_t windows;       /* since its state was last decided */
    uint32_t saved;         /* us of VT that the last windows were worth */
    uint32_t spent;         /* us that they took */
    uint8_t close;          /* close exits, less with each burst */
    uint8_t state;          /* PolicySiteState */
    uint8_t stop;           /* the caller's, of its last window */
    bool promises;          /* but for translation its last window paid */
    bool recalled;          /* GOOD by what an earlier run has learnt */
    uint8_t asked;          /* the caller's: whether it has asked for that */
    uint64_t key;           /* the caller's */
    /* For people only, since the site was met or policy_forget_sums(): */
    uint64_t all_exits;     /* that came all the same */
    uint64_t all_windows;
    uint64_t all_saved;     /* exits that windows saved */
    uint64_t all_ns;        /* of its windows */
} PolicySite;

typedef struct Policy {
    PolicyLimits limits;
    uint32_t exit_ns;       /* what an exit costs, where nothing was measured */
    uint64_t last;          /* the last exit, or the end of a window */
    uint64_t paid;          /* when trials were last paid for by time */
    int64_t credit;         /* ns that trials may still lose */
    int64_t plenty;         /* the most that this was so far */
    uint64_t trial_ns;      /* what one has lost recently, on average */
    uint64_t pardoned;      /* from when on all pardons are there again */
    uint32_t vain;          /* exits in a row that could not open one */
    uint32_t looks;         /* at the last of them, in this group */
    uint32_t skip;          /* how many are passed over between groups */
    bool skipped;           /* the caller was told to pass some over */
    bool started;           /* there has been a window */
    bool recalls;           /* a verdict that windows pay was recalled */
    bool after_window;      /* nothing has left VT since the last window */
    PolicySite *good;       /* the last that opened a window as such */
    PolicySite *head;       /* with which the burst began */
    PolicySite *ended;      /* whose window just ended without an access */
    PolicySite site[POLICY_SETS][POLICY_WAYS];
} Policy;

typedef struct PolicyExit {
    uint64_t pc;            /* RIP, which for stores may be the next one's */
    uint64_t device;        /* kind and page or port: equal means the same */
    uint64_t now;
    uint32_t posted;        /* stores since the last one that VT only noted */
} PolicyExit;

/* The answer to an exit. */
typedef struct PolicyDecision {
    PolicySite *site;       /* for the calls that follow */
    uint32_t skip;          /* exits that come need not be asked about */
    bool open;              /* if it is not set, nothing below is */
    uint32_t quiet;         /* blocks without an access that end the window */
    uint32_t blocks;        /* bound of the window */
    uint32_t exit_ns;       /* what each exit that the window saves is worth */
    uint64_t loss_ns;       /* it ends when it cost so much more than that */
} PolicyDecision;

/* How a window went. */
typedef struct PolicyResult {
    uint64_t now;           /* at its end */
    uint64_t ns;            /* all of it, hand-overs included */
    uint64_t cold_ns;       /* of it for translation, which is not made again */
    uint32_t exits;         /* that VT would have taken, posted ones included */
    uint32_t gap;           /* most blocks between two of them */
    bool quiet;             /* it ended as no access came */
    uint8_t stop;           /* kept in the site for the caller */
} PolicyResult;

extern const char *const policy_state_name[POLICY_STATE__MAX];

/**
 * policy_init: start with nothing known
 * @p: the vCPU's policy
 * @limits: what the user allows; values of zero are taken as one
 * @exit_ns: what an exit costs here, as measured; exits closer than sixteen of
 *     them belong to one burst
 */
void policy_init(Policy *p, const PolicyLimits *limits, uint64_t exit_ns);

/**
 * policy_exit: what to do about an exit for a device access
 * @p: the vCPU's policy
 * @e: the exit
 *
 * Returns: never open for a denied site, nor for one whose windows did not pay
 * and which is not to be asked again yet.  Otherwise open from the limits'
 * trigger on, later where trials have cost more, or at once where windows have
 * paid before.  Where exits keep coming of which none can open a window, most
 * are to be skipped: what does not pay costs next to nothing.
 */
PolicyDecision policy_exit(Policy *p, const PolicyExit *e);

/* What earlier runs have learnt of a site. */
typedef struct PolicyRecalled {
    bool pays;              /* windows were worth more than they cost */
    uint32_t gap;           /* most blocks that were seen between accesses */
    uint32_t period;        /* ns from access to access under VT; 0: unknown */
} PolicyRecalled;

/**
 * policy_recall: an earlier run has learnt what windows at a site are worth
 * @p: the vCPU's policy
 * @site: from the decision about its first exit, which opened none
 * @r: what is known
 *
 * What is recalled may be wrong: it is measured as ever, and what windows lose
 * that it opens is taken from the credit for trials.
 * Returns: a decision in place of that one
 */
PolicyDecision policy_recall(Policy *p, PolicySite *site,
                             const PolicyRecalled *r);

/**
 * policy_gain: what all windows at a site were worth
 * @p: the vCPU's policy
 * @site: one at which there was a window
 *
 * Returns: what they saved less what they took, translation included, in exits
 */
int32_t policy_gain(const Policy *p, const PolicySite *site);

/**
 * policy_hoped_gain: what windows at the first exit may be worth next time
 * @p: the vCPU's policy
 * @site: from a decision
 *
 * Windows of this run came late and paid for translation with what was left of
 * the burst.
 * Returns: what all exits of the site, those that came included, are worth,
 * less what windows took, in exits; never more than zero where a burst was no
 * longer than what a window may lose
 */
int32_t policy_hoped_gain(const Policy *p, const PolicySite *site);

/**
 * policy_window_done: learn from a window that policy_exit() opened
 * @p: the vCPU's policy
 * @site: from the decision
 * @r: how it went
 */
void policy_window_done(Policy *p, PolicySite *site, const PolicyResult *r);

/**
 * policy_refused: the window that policy_exit() asked for could not be opened
 * @site: from the decision
 */
void policy_refused(PolicySite *site);

/**
 * policy_deny: never open a window at a site again
 * @site: from a decision
 */
void policy_deny(PolicySite *site);

/**
 * policy_code_changed: forget what was learnt about a page of code
 * @p: the vCPU's policy
 * @first: address of its first byte
 * @last: of its last
 */
void policy_code_changed(Policy *p, uint64_t first, uint64_t last);

/**
 * policy_forget_sums: what people are told begins anew; decisions do not change
 * @p: the vCPU's policy
 */
void policy_forget_sums(Policy *p);

#endif
