/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accel/partial's policy by itself: what it does in plain cases, and what no
 * order of exits and results, however mad, may make it do.
 */

#include "qemu/osdep.h"
#include "../../../accel/partial/policy.h"

#define EXIT_NS 1000

static const PolicyLimits usual = {
    .trigger = 3, .quiet = 256, .blocks = 1000
};

typedef struct Fixture {
    Policy *p;
    uint64_t now;
    uint32_t skip;          /* exits that policy need not see */
    PolicySite *site;       /* of the last that it saw */
    unsigned looks;         /* how many it saw */
} Fixture;

static Fixture start(const PolicyLimits *limits)
{
    Fixture f = { .p = g_new(Policy, 1), .now = 1000000 };

    policy_init(f.p, limits, EXIT_NS);
    return f;
}

static PolicyDecision leave(Fixture *f, uint64_t pc, uint64_t later);
static void window(Fixture *f, PolicySite *site, uint64_t ns,
                   uint32_t exits, uint32_t gap, bool quiet);

/*
 * The first window is past, whose losses are TCG's start, and the vCPU has run
 * for so long that there is all the credit that may be.  Nothing is pardoned.
 */
static Fixture start_late(const PolicyLimits *limits)
{
    Fixture f = start(limits);
    PolicyDecision d = { 0 };

    while (!d.open) {
        d = leave(&f, 999999, EXIT_NS);
    }
    window(&f, d.site, 5000 * EXIT_NS, 0, 0, false);
    f.p->credit = f.p->plenty = 800 * EXIT_NS;
    f.p->pardoned = UINT64_MAX;
    return f;
}

static PolicyDecision leave(Fixture *f, uint64_t pc, uint64_t later)
{
    PolicyDecision d;

    f->now += later;
    if (f->skip) {
        f->skip--;
        return (PolicyDecision) { .site = f->site };
    }
    d = policy_exit(f->p, &(PolicyExit) {
        .pc = pc, .device = 7, .now = f->now
    });
    f->skip = d.skip;
    f->site = d.site;
    f->looks++;
    return d;
}

static void window(Fixture *f, PolicySite *site, uint64_t ns,
                   uint32_t exits, uint32_t gap, bool quiet)
{
    f->now += ns;
    policy_window_done(f->p, site, &(PolicyResult) {
        .now = f->now, .ns = ns, .exits = exits, .gap = gap,
        .quiet = quiet
    });
}

/* Teach it that windows pay at a site. */
static PolicySite *make_good(Fixture *f, uint64_t pc)
{
    PolicyDecision d = { 0 };
    int i;

    for (i = 0; i < 20; i++) {
        d = leave(f, pc, EXIT_NS);
        if (d.open) {
            window(f, d.site, EXIT_NS, 100, 2, false);
        }
    }
    g_assert_cmpint(d.site->state, ==, POLICY_GOOD);
    return d.site;
}

static void test_third_exit(void)
{
    Fixture f = start(&usual);

    g_assert_false(leave(&f, 1, 0).open);
    g_assert_false(leave(&f, 1, EXIT_NS).open);
    g_assert_true(leave(&f, 1, EXIT_NS).open);
    g_free(f.p);
}

/* An exit that comes with stores which VT has only noted. */
static PolicyDecision leave_posted(Fixture *f, uint64_t later, uint32_t posted)
{
    f->now += later;
    return policy_exit(f->p, &(PolicyExit) {
        .pc = 1, .device = 7, .now = f->now, .posted = posted
    });
}

/* A full ring: they are many, and each costs half an exit. */
static void test_posted(void)
{
    Fixture f = start(&usual);
    PolicyDecision d;

    g_assert_false(leave_posted(&f, 0, 0).open);
    d = leave_posted(&f, 85 * EXIT_NS, 169);
    g_assert_true(d.open);
    g_assert_cmpint(d.exit_ns, ==, EXIT_NS / 2);
    /* What is saved is worth what it takes there. */
    window(&f, d.site, EXIT_NS * 100, 190, 2, false);
    g_assert_cmpint(d.site->saved, <, d.site->spent);
    g_free(f.p);

    f = start(&usual);
    leave_posted(&f, 0, 0);
    d = leave_posted(&f, 85 * EXIT_NS, 169);
    window(&f, d.site, EXIT_NS * 10, 1000, 2, false);
    g_assert_cmpint(d.site->state, ==, POLICY_GOOD);
    g_free(f.p);
}

/* Some stores now and then are no burst. */
static void test_posted_far_apart(void)
{
    Fixture f = start(&usual);
    int i;

    for (i = 0; i < 100; i++) {
        g_assert_false(leave_posted(&f, 200 * EXIT_NS, 9).open);
    }
    g_free(f.p);
}

static void test_far_apart(void)
{
    Fixture f = start(&usual);
    int i;

    for (i = 0; i < 100; i++) {
        g_assert_false(leave(&f, 1, 100 * EXIT_NS).open);
    }
    g_free(f.p);
}

/* Exits of a new site until it is tried. */
static unsigned exits_to_trial(Fixture *f, uint64_t pc, PolicySite **site)
{
    PolicyDecision d = { 0 };
    unsigned exits = 0;

    while (!d.open) {
        d = leave(f, pc, EXIT_NS);
        exits++;
    }
    *site = d.site;
    return exits;
}

/* A trial has just lost much. */
static Fixture start_dear(const PolicyLimits *limits)
{
    Fixture f = start_late(limits);
    PolicySite *site;

    exits_to_trial(&f, 1000, &site);
    window(&f, site, 500 * EXIT_NS, 0, 0, false);
    return f;
}

/* Sites of one loop count for themselves and for that which comes first. */
static void test_two_sites(void)
{
    Fixture f = start(&usual);

    g_assert_false(leave(&f, 1, EXIT_NS).open);
    g_assert_false(leave(&f, 2, EXIT_NS).open);
    g_assert_true(leave(&f, 1, EXIT_NS).open);
    policy_refused(leave(&f, 1, EXIT_NS).site);
    g_assert_false(leave(&f, 2, EXIT_NS).open);
    g_assert_true(leave(&f, 2, EXIT_NS).open);
    g_free(f.p);
}

/* A burst from many places, each met once in it, is taken over at its head. */
static void test_head(void)
{
    Fixture f = start_dear(&usual);
    uint64_t pc;
    int turn;

    for (turn = 0; turn < 3; turn++) {
        bool head = leave(&f, 1, 100 * EXIT_NS).open;

        g_assert_cmpint(head, ==, turn == 2);
        for (pc = 2; pc <= 50 && !head; pc++) {
            g_assert_false(leave(&f, pc, EXIT_NS).open);
        }
    }
    g_free(f.p);
}

static void test_good(void)
{
    Fixture f = start(&usual);

    make_good(&f, 1);
    /* Now the first exit opens one, how long ago the last may ever be. */
    g_assert_true(leave(&f, 1, 1000000 * EXIT_NS).open);
    /* Another device at the same instruction is another site. */
    g_assert_false(policy_exit(f.p, &(PolicyExit) {
        .pc = 1, .device = 8, .now = f.now
    }).open);
    g_free(f.p);
}

/* Opens, and finds nothing to do: it costs less and less often. */
static void test_bad(void)
{
    Fixture f = start(&usual);
    unsigned early = 0, late = 0;
    int i;

    for (i = 0; i < 200000; i++) {
        PolicyDecision d = leave(&f, 1, EXIT_NS);

        if (d.open) {
            window(&f, d.site, 10 * EXIT_NS, 0, 0, true);
            *(i < 100000 ? &early : &late) += 1;
        }
    }
    g_assert_cmpint(early, >, 0);
    g_assert_cmpint(early, <, 200);
    g_assert_cmpint(late, >, 0);    /* it is asked again */
    g_assert_cmpint(late, <, early);
    g_free(f.p);
}

/* What did not pay and now does is found out. */
static void test_recovery(void)
{
    Fixture f = start(&usual);
    PolicyDecision d = { 0 };
    int i;

    for (i = 0; i < 100; i++) {
        d = leave(&f, 1, EXIT_NS);
        if (d.open) {
            window(&f, d.site, 10 * EXIT_NS, 0, 0, true);
        }
    }
    g_assert_cmpint(d.site->state, ==, POLICY_BAD);
    for (i = 0; i < 2000 && d.site->state != POLICY_GOOD; i++) {
        d = leave(&f, 1, EXIT_NS);
        if (d.open) {
            window(&f, d.site, EXIT_NS, 100, 2, true);
        }
    }
    g_assert_cmpint(d.site->state, ==, POLICY_GOOD);
    g_free(f.p);
}

/* A good site whose windows stop paying does not stay good. */
static void test_fall(void)
{
    Fixture f = start(&usual);
    PolicySite *s = make_good(&f, 1);
    int i;

    for (i = 0; i < 1000 && s->state == POLICY_GOOD; i++) {
        leave(&f, 1, EXIT_NS);
        window(&f, s, 50 * EXIT_NS, 1, 2, true);
    }
    g_assert_cmpint(s->state, ==, POLICY_BAD);
    g_free(f.p);
}

/* Impatience is noticed: the access that came right after the end. */
static void test_quiet_grows(void)
{
    Fixture f = start(&usual);
    PolicySite *s = make_good(&f, 1);
    uint32_t before = leave(&f, 1, EXIT_NS).quiet, after;

    window(&f, s, EXIT_NS, 100, 2, true);
    after = leave(&f, 2, EXIT_NS).quiet;
    window(&f, s, EXIT_NS, 100, 2, true);
    after = leave(&f, 1, EXIT_NS).quiet;
    g_assert_cmpint(after, >, before);
    g_assert_cmpint(after, <=, usual.quiet);
    g_free(f.p);
}

static void test_quiet_follows_gap(void)
{
    Fixture f = start(&usual);
    PolicySite *s = make_good(&f, 1);
    int i;

    window(&f, s, EXIT_NS, 100, 100, false);
    g_assert_cmpint(leave(&f, 1, 100 * EXIT_NS).quiet, >=, 200);
    for (i = 0; i < 100; i++) {
        window(&f, s, EXIT_NS, 100, 1, false);
    }
    g_assert_cmpint(leave(&f, 1, 100 * EXIT_NS).quiet, <, 100);
    g_free(f.p);
}

/* The window could not be opened: it is asked for as at first. */
static void test_refused(void)
{
    Fixture f = start(&usual);
    int i;

    for (i = 0; i < 5; i++) {
        PolicyDecision d;

        g_assert_false(leave(&f, 1, EXIT_NS).open);
        g_assert_false(leave(&f, 1, EXIT_NS).open);
        d = leave(&f, 1, EXIT_NS);
        g_assert_true(d.open);
        policy_refused(d.site);
    }
    g_free(f.p);
}

/* Sites of some exits each, where windows lose: how many are tried. */
static unsigned count_tried(Fixture *f, unsigned exits)
{
    unsigned tried = 0;
    uint64_t pc;

    for (pc = 1; pc <= 100; pc++) {
        PolicyDecision d = { 0 };
        unsigned i;

        for (i = 0; i < exits && !d.open; i++) {
            d = leave(f, pc, EXIT_NS);
        }
        if (d.open) {
            window(f, d.site, 200 * EXIT_NS, 0, 0, false);
            tried++;
        }
    }
    return tried;
}

/* They use up what there is for trials. */
static void test_credit(void)
{
    Fixture f = start_late(&usual);
    unsigned tried = count_tried(&f, UINT8_MAX);
    PolicySite *site;

    g_assert_cmpint(tried, >=, 4);
    g_assert_cmpint(tried, <=, 10);
    /* With the time that passes there is more. */
    leave(&f, 1000, 1000000 * (uint64_t)EXIT_NS);
    g_assert_cmpint(exits_to_trial(&f, 1000, &site), <=, 64);
    g_free(f.p);
}

/* A short run has to be no loss either: few trials at first. */
static void test_first_credit(void)
{
    Fixture f = start(&usual);
    uint64_t pc, lost = 0, first = 0;
    int i;

    for (pc = 1; pc <= 40; pc++) {
        for (i = 0; i < 100; i++) {
            PolicyDecision d = leave(&f, pc, EXIT_NS);

            if (d.open) {
                window(&f, d.site, 70 * EXIT_NS, 0, 0, false);
                lost += 70;
                first = first ? first : i + 1;
            }
        }
    }
    g_assert_cmpint(first, ==, 3);
    /* The first is TCG's start; time has earned a third of one. */
    g_assert_cmpint(lost, >=, 2 * 70);
    g_assert_cmpint(lost, <=, 3 * 70);
    g_free(f.p);
}

/* A site must show as much as trials have lost recently. */
static void test_price(void)
{
    Fixture f = start_late(&usual);
    unsigned before, exits;
    PolicySite *site;
    uint64_t pc = 1;

    g_assert_cmpint(exits_to_trial(&f, pc++, &site), ==, 3);
    window(&f, site, 20 * EXIT_NS, 0, 0, false);
    exits = exits_to_trial(&f, pc++, &site);
    g_assert_cmpint(exits, >=, 18);
    g_assert_cmpint(exits, <=, 20);
    window(&f, site, 500 * EXIT_NS, 0, 0, false);
    before = exits_to_trial(&f, pc++, &site);
    g_assert_cmpint(before, ==, 64);
    /* Those that lose nothing bring it down again. */
    do {
        window(&f, site, EXIT_NS, 100, 1, false);
        exits = exits_to_trial(&f, pc++, &site);
        g_assert_cmpint(exits, <=, before);
        before = exits;
    } while (exits > 3 && pc < 100);
    g_assert_cmpint(exits, ==, 3);
    g_free(f.p);
}

/* What TCG's start costs is no price of trials. */
static void test_first_window(void)
{
    Fixture f = start_late(&usual);
    PolicySite *site;

    g_assert_cmpint(exits_to_trial(&f, 1, &site), ==, 3);
    g_free(f.p);
}

/* Sites that are met in passing are tried once, not one after the other. */
static void test_passing(void)
{
    Fixture f = start_late(&usual);

    g_assert_cmpint(count_tried(&f, 3), ==, 1);
    g_free(f.p);
}

/* Short bursts of a site count together, single exits do not. */
static void test_short_bursts(void)
{
    Fixture f = start_dear(&usual);
    bool opened = false;
    int i, j;

    for (i = 0; i < 10; i++) {
        for (j = 0; j < 30; j++) {
            opened |= leave(&f, 2, j ? EXIT_NS : 100 * EXIT_NS).open;
        }
    }
    g_assert_true(opened);
    for (i = 0; i < 1000; i++) {
        g_assert_false(leave(&f, 3, 100 * EXIT_NS).open);
    }
    g_free(f.p);
}

/* After a loss short bursts wait, but not forever. */
static void test_forgotten(void)
{
    Fixture f = start_dear(&usual);
    bool opened = false;
    int i, j;

    for (i = 0; i < 1000 && !opened; i++) {
        for (j = 0; j < 5; j++) {
            opened |= leave(&f, 2, j ? EXIT_NS : 1000 * EXIT_NS).open;
        }
    }
    g_assert_true(opened);
    g_assert_cmpint(i, >, 10);
    g_free(f.p);
}

/* What saves very much is good at once. */
static void test_clear(void)
{
    Fixture f = start(&usual);
    PolicySite *site;

    exits_to_trial(&f, 1, &site);
    window(&f, site, 30 * EXIT_NS, 20, 1, true);
    g_assert_cmpint(site->state, ==, POLICY_TRYING);
    window(&f, site, 30 * EXIT_NS, 200, 1, true);
    g_assert_cmpint(site->state, ==, POLICY_GOOD);
    g_free(f.p);
}

/* A burst of a slow device, or on a busy host, is one as well. */
static void test_pace(void)
{
    Fixture f = start(&usual);
    bool opened = false;
    int i;

    for (i = 0; i < 20; i++) {
        opened |= leave(&f, 1, 10 * EXIT_NS).open;
    }
    g_assert_true(opened);
    g_free(f.p);
    f = start(&usual);
    for (i = 0; i < 1000; i++) {
        g_assert_false(leave(&f, 1, 30 * EXIT_NS).open);
    }
    g_free(f.p);
}

/* However much windows have saved, it pays for few trials later. */
static void test_savings(void)
{
    Fixture f = start(&usual);
    PolicySite *s = make_good(&f, 1000);

    window(&f, s, EXIT_NS, 1000000, 2, false);
    f.p->pardoned = UINT64_MAX;
    g_assert_cmpint(count_tried(&f, UINT8_MAX), <=, 10);
    g_free(f.p);
}

/* What cost far more than a window may lose has met a busy host, at times. */
static void test_pardon(void)
{
    Fixture f = start_late(&usual);
    PolicySite *site;
    int64_t credit = f.p->credit;
    int i;

    f.p->pardoned = 0;
    for (i = 0; i < 4; i++) {
        exits_to_trial(&f, 1, &site);
        window(&f, site, 2000 * EXIT_NS, 0, 0, false);
        g_assert_cmpint(f.p->credit, >=, credit);
        g_assert_cmpint(site->state, ==, POLICY_COUNTING);
    }
    exits_to_trial(&f, 1, &site);
    window(&f, site, 2000 * EXIT_NS, 0, 0, false);
    g_assert_cmpint(f.p->credit, <, credit);
    /* A second later one is pardoned again, and one only. */
    f.now += 1000000000;
    for (i = 0; i < 2; i++) {
        exits_to_trial(&f, 2, &site);
        credit = f.p->credit;
        window(&f, site, 2000 * EXIT_NS, 0, 0, false);
        g_assert_cmpint(f.p->credit < credit, ==, i == 1);
    }
    g_free(f.p);
}

/* What a window loses that ends as late as it may is not pardoned. */
static void test_no_pardon(void)
{
    Fixture f = start_late(&usual);
    PolicySite *site;
    int64_t credit = f.p->credit;

    f.p->pardoned = 0;
    exits_to_trial(&f, 1, &site);
    window(&f, site, 250 * EXIT_NS, 0, 0, false);
    g_assert_cmpint(f.p->credit, <, credit - 100 * EXIT_NS);
    g_free(f.p);
}

/* A site whose exits are cheap may lose what TCG's start costs, too. */
static void test_loss(void)
{
    static const PolicyLimits at_once = {
        .trigger = 1, .quiet = 256, .blocks = 1000
    };
    Fixture f = start(&at_once);
    PolicyDecision d = leave(&f, 1, 0);
    uint64_t loss_ns = d.loss_ns;

    g_assert_true(d.open);
    g_assert_cmpint(d.exit_ns, ==, EXIT_NS);
    policy_refused(d.site);
    leave(&f, 2, EXIT_NS / 10);
    d = leave(&f, 2, EXIT_NS / 10);
    g_assert_true(d.open);
    g_assert_cmpint(d.exit_ns, <, EXIT_NS);
    g_assert_cmpint(d.loss_ns, ==, loss_ns);
    g_free(f.p);
}

/* The less there is for trials, the more a site must show before it has one. */
static void test_scarce_credit(void)
{
    Fixture f = start_late(&usual);
    unsigned exits = 0, before = usual.trigger, tried = 0;
    uint64_t pc;

    for (pc = 1; exits < UINT8_MAX; pc++) {
        PolicyDecision d;

        exits = 0;
        do {
            d = leave(&f, pc, EXIT_NS);
            exits++;
        } while (!d.open);
        g_assert_cmpint(exits, >=, before);
        window(&f, d.site, 100 * EXIT_NS, 0, 0, false);
        before = exits;
        tried++;
    }
    g_assert_cmpint(tried, >, 8);
    g_assert_cmpint(tried, <, 20);
    g_free(f.p);
}

/* Without any credit a site that goes on and on earns its own trial. */
static void test_own_credit(void)
{
    Fixture f = start_late(&usual);
    PolicySite *site;
    unsigned exits;

    count_tried(&f, UINT8_MAX);
    exits_to_trial(&f, 1000, &site);
    window(&f, site, 500 * EXIT_NS, 0, 0, false);
    g_assert_cmpint(f.p->credit, <, 0);
    exits = exits_to_trial(&f, 1001, &site);
    /* By time alone it would be six times as many. */
    g_assert_cmpint(exits, <=, 4000);
    g_assert_cmpint(exits, >, 64);
    g_free(f.p);
}

/* Close exits of a site until it is tried again, after so much translation. */
static unsigned exits_after(uint64_t cold_ns)
{
    Fixture f = start_late(&usual);
    PolicySite *site;
    unsigned exits;

    count_tried(&f, UINT8_MAX);
    exits_to_trial(&f, 1001, &site);
    f.now += 100 * EXIT_NS;
    policy_window_done(f.p, site, &(PolicyResult) {
        .now = f.now, .ns = 100 * EXIT_NS, .cold_ns = cold_ns, .exits = 10,
    });
    exits = exits_to_trial(&f, 1001, &site);
    g_free(f.p);
    return exits;
}

/* What lost for translation alone is tried again when it has cost as much. */
static void test_promise(void)
{
    unsigned cold = exits_after(91 * EXIT_NS);
    unsigned warm = exits_after(89 * EXIT_NS);

    g_assert_cmpint(cold, >=, 64);
    g_assert_cmpint(cold, <=, 64 + 128 + 61);
    g_assert_cmpint(warm, >, 1000);
}

/*
 * A slow device has used up far more than all credit: time alone would take
 * five times as long to bring it back.
 */
static void test_deep_debt(void)
{
    Fixture f = start_late(&usual);
    PolicyDecision d = { 0 };
    PolicySite *site;

    while (!d.open) {
        d = leave(&f, 1000, 15 * EXIT_NS);
    }
    window(&f, d.site, 5000 * EXIT_NS, 0, 0, false);
    g_assert_cmpint(f.p->credit, <, -800 * EXIT_NS);
    g_assert_cmpint(exits_to_trial(&f, 1001, &site), <, 40 * 1024);
    g_free(f.p);
}

/* Exits of a site where windows do not pay; how many were opened. */
static unsigned waste(Fixture *f, unsigned exits)
{
    unsigned opened = 0;

    for (; exits; exits--) {
        PolicyDecision d = leave(f, 1, EXIT_NS);

        if (d.open) {
            window(f, d.site, 10 * EXIT_NS, 0, 0, true);
            opened++;
        }
    }
    return opened;
}

/* How many exits of a good site pass until a window opens there. */
static unsigned missed(Fixture *f)
{
    unsigned n = 0;

    while (f->skip == 0) {
        leave(f, 1, EXIT_NS);
    }
    while (!leave(f, 2, EXIT_NS).open) {
        n++;
    }
    return n;
}

/* How often policy is asked at 100000 exits that hardly ever open a window. */
static unsigned looks_in_vain(Fixture *f)
{
    unsigned opened;

    g_assert_cmpint(waste(f, 10000), >, 0);
    f->looks = 0;
    opened = waste(f, 100000);
    g_assert_cmpint(opened, >, 0);
    g_assert_cmpint(opened, <, 100);
    g_test_message("%u looks", f->looks);
    return f->looks;
}

/*
 * Where no window can open, few exits are looked at, fewer the longer it lasts,
 * and none is forgotten.
 */
static void test_vain(void)
{
    Fixture f = start(&usual);

    g_assert_cmpint(looks_in_vain(&f), <, 5000);
    g_free(f.p);

    f = start(&usual);
    make_good(&f, 2);
    g_assert_cmpint(looks_in_vain(&f), <, 10000);
    /* A good site is seen when its turn to be looked at comes. */
    g_assert_cmpint(missed(&f), <, 272);
    g_assert_cmpint(waste(&f, 200), ==, 0);
    g_assert_cmpint(missed(&f), <, 61);
    g_free(f.p);
}

/* Bursts of a good site between exits of bad ones: most are seen. */
static void test_between(void)
{
    enum { ROUNDS = 500, VAIN = 5000, BURST = 128 };
    Fixture f = start(&usual);
    PolicySite *s = make_good(&f, 2);
    unsigned round, lost = 0;
    uint32_t i;

    for (round = 0; round < ROUNDS; round++) {
        waste(&f, VAIN + round % 97);
        for (i = 0; i < BURST && !leave(&f, 2, EXIT_NS).open; i++) {
            lost++;
        }
        if (i < BURST) {
            window(&f, s, EXIT_NS, BURST - i, 2, true);
        }
    }
    g_test_message("%u of %u exits", lost, ROUNDS * BURST);
    g_assert_cmpint(lost, <, ROUNDS * BURST / 4);
    g_free(f.p);
}

/* While a window may still open, each exit is looked at. */
static void test_hope(void)
{
    Fixture f = start_dear(&usual);
    uint64_t pc;
    int i;

    for (pc = 1; pc <= 100; pc++) {
        for (i = 0; i < 50; i++) {
            PolicyDecision d = leave(&f, pc, EXIT_NS);

            if (d.open) {
                window(&f, d.site, EXIT_NS, 100, 2, false);
            }
        }
    }
    g_assert_cmpint(f.looks, >=, 5000);
    g_free(f.p);
}

/* What an exit costs is learnt from VT's exits alone. */
static void test_after_window(void)
{
    Fixture f = start(&usual);
    PolicySite *s = make_good(&f, 1);

    window(&f, s, EXIT_NS, 100, 2, false);
    g_assert_cmpint(leave(&f, 1, 3 * EXIT_NS).exit_ns, ==, EXIT_NS);
    g_assert_cmpint(leave(&f, 1, 3 * EXIT_NS).exit_ns, >, EXIT_NS);
    g_free(f.p);
}

static void test_denied(void)
{
    Fixture f = start(&usual);
    PolicySite *s = make_good(&f, 1);
    int i;

    policy_deny(s);
    policy_code_changed(f.p, 0, UINT64_MAX);
    for (i = 0; i < 100; i++) {
        g_assert_false(leave(&f, 1, EXIT_NS).open);
    }
    g_free(f.p);
}

/* A site that is denied at once is hardly looked at. */
static void test_denied_at_once(void)
{
    Fixture f = start(&usual);
    int i;

    policy_deny(leave(&f, 1, EXIT_NS).site);
    for (i = 0; i < 1000; i++) {
        g_assert_false(leave(&f, 1, EXIT_NS).open);
    }
    g_assert_cmpint(f.looks, <, 300);
    g_free(f.p);
}

static void test_code_changed(void)
{
    Fixture f = start(&usual);

    make_good(&f, 0x1000);
    make_good(&f, 0x2000);
    policy_code_changed(f.p, 0x1000, 0x1fff);
    g_assert_false(leave(&f, 0x1000, EXIT_NS).open);
    g_assert_true(leave(&f, 0x2000, EXIT_NS).open);
    g_free(f.p);
}

/* Many more sites than there is room for: old ones give way, new ones work. */
static void test_crowd(void)
{
    Fixture f = start(&usual);
    uint64_t pc;

    for (pc = 0; pc < 100000; pc++) {
        leave(&f, pc * 5, 100 * EXIT_NS);
    }
    make_good(&f, 12345678);
    g_assert_true(leave(&f, 12345678, EXIT_NS).open);
    g_free(f.p);
}

static void check(const Fixture *f, const PolicyLimits *limits,
                  const PolicyDecision *d)
{
    g_assert_nonnull(d->site);
    g_assert_cmpint(d->skip, <=, 271 - 8);
    if (d->open) {
        g_assert_cmpint(d->skip, ==, 0);
        g_assert_cmpint(d->quiet, >=, 1);
        g_assert_cmpint(d->quiet, <=, MAX(limits->quiet, 1));
        g_assert_cmpint(d->blocks, ==, MAX(limits->blocks, 1));
    }
    g_assert_cmpint(d->site->state, >, POLICY_FREE);
    g_assert_cmpint(d->site->state, <, POLICY_STATE__MAX);
    g_assert(!d->open || (d->site->state != POLICY_DENIED));
}

static uint64_t mad_number(GRand *r)
{
    static const uint64_t special[] = {
        0, 1, UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX
    };

    if (g_rand_int_range(r, 0, 4) == 0) {
        return special[g_rand_int_range(r, 0, G_N_ELEMENTS(special))];
    }
    return ((uint64_t)g_rand_int(r) << 32 | g_rand_int(r)) >>
           g_rand_int_range(r, 0, 64);
}

/* Any order of calls with any numbers, a clock that jumps included. */
static void fuzz_once(uint32_t seed)
{
    GRand *r = g_rand_new_with_seed(seed);
    PolicyLimits limits = {
        .trigger = mad_number(r), .quiet = mad_number(r),
        .blocks = mad_number(r)
    };
    Policy *p = g_new(Policy, 1);
    Fixture f = { .p = p };
    PolicyDecision d = { 0 };
    int i;

    policy_init(p, &limits, mad_number(r));
    for (i = 0; i < 3000; i++) {
        switch (g_rand_int_range(r, 0, 8)) {
        case 0:
            policy_code_changed(p, mad_number(r), mad_number(r));
            d.site = NULL;
            break;
        case 1:
            if (d.site && g_rand_int_range(r, 0, 20) == 0) {
                policy_deny(d.site);
            }
            break;
        default:
            d = policy_exit(p, &(PolicyExit) {
                .pc = mad_number(r) & 0xff, .device = mad_number(r) & 3,
                .now = mad_number(r), .posted = mad_number(r)
            });
            check(&f, &limits, &d);
            if (!d.open && g_rand_boolean(r)) {
                d = policy_recall(p, d.site, &(PolicyRecalled) {
                    .pays = g_rand_boolean(r), .gap = mad_number(r),
                    .period = mad_number(r)
                });
                policy_gain(p, d.site);
                policy_hoped_gain(p, d.site);
                check(&f, &limits, &d);
            }
            if (d.open) {
                policy_window_done(p, d.site, &(PolicyResult) {
                    .now = mad_number(r), .ns = mad_number(r),
                    .cold_ns = mad_number(r),
                    .exits = mad_number(r), .gap = mad_number(r),
                    .quiet = g_rand_boolean(r)
                });
            }
        }
    }
    g_free(p);
    g_rand_free(r);
}

static void test_fuzz(void)
{
    uint32_t seed;

    for (seed = 0; seed < 500; seed++) {
        fuzz_once(seed);
    }
}

/*
 * Costs by chance, but of a kind: over a long time windows must not cost more
 * than a small part of what the exits alone would have.
 */
static void test_never_a_loss(void)
{
    uint32_t seed;

    for (seed = 0; seed < 50; seed++) {
        GRand *r = g_rand_new_with_seed(seed);
        Fixture f = start(&usual);
        uint64_t lost = 0, all = 0;
        int i;

        for (i = 0; i < 100000; i++) {
            uint64_t cost = 10 * EXIT_NS + g_rand_int_range(r, 0, EXIT_NS);
            PolicyDecision d = leave(&f, g_rand_int_range(r, 0, 4), EXIT_NS);

            all += EXIT_NS;
            if (d.open) {
                window(&f, d.site, cost, 1, 1, true);
                lost += cost;
            }
        }
        g_assert_cmpint(lost, <, all / 50);
        g_free(f.p);
        g_rand_free(r);
    }
}

static PolicyDecision recall(Fixture *f, PolicySite *site, bool pays,
                             uint32_t gap)
{
    return policy_recall(f->p, site, &(PolicyRecalled) {
        .pays = pays, .gap = gap
    });
}

/* A site that was seen once opens a window at its first exit. */
static void test_recall_pays(void)
{
    Fixture f = start_late(&usual);
    PolicyDecision d = leave(&f, 1, 100 * EXIT_NS);

    g_assert_false(d.open);
    d = recall(&f, d.site, true, 20);
    g_assert_true(d.open);
    g_assert_cmpint(d.quiet, >, 20);
    /* One window that loses, as it translates, is no verdict yet. */
    window(&f, d.site, 50 * EXIT_NS, 20, 20, true);
    d = leave(&f, 1, EXIT_NS);
    g_assert_true(d.open);
    window(&f, d.site, EXIT_NS, 100, 20, true);
    g_assert_cmpint(d.site->state, ==, POLICY_GOOD);
    g_assert_cmpint(policy_gain(f.p, d.site), ==, 69);
    /* What this run has learnt counts more. */
    d = recall(&f, d.site, false, 1);
    g_assert_cmpint(d.site->state, ==, POLICY_GOOD);
    g_free(f.p);
}

/* What comes too late in this run may pay in the next. */
static void test_would_pay(void)
{
    Fixture f = start_late(&usual);
    PolicyDecision d = { 0 };
    int i;

    for (i = 0; i < 30; i++) {
        d = leave(&f, 1, EXIT_NS);
        g_assert_cmpint(policy_hoped_gain(f.p, d.site), <=, 0);
    }
    for (; i < 70; i++) {
        d = leave(&f, 1, EXIT_NS);
    }
    g_assert_cmpint(policy_hoped_gain(f.p, d.site), >=, 64);
    window(&f, d.site, EXIT_NS * (i - 1), 0, 1, false);
    g_assert_cmpint(policy_hoped_gain(f.p, d.site), ==, 1);
    g_assert_cmpint(policy_gain(f.p, d.site), ==, 1 - i);
    window(&f, d.site, EXIT_NS * 2, 0, 1, false);
    g_assert_cmpint(policy_hoped_gain(f.p, d.site), ==, -1);
    g_free(f.p);
}

/* An access may be worth more than an exit; this run cannot know it yet. */
static void test_recall_period(void)
{
    Fixture f = start_late(&usual);
    PolicyDecision d = leave(&f, 1, 100 * EXIT_NS);

    d = policy_recall(f.p, d.site, &(PolicyRecalled) {
        .pays = true, .gap = 20, .period = 5 * EXIT_NS
    });
    g_assert_true(d.open);
    g_assert_cmpint(d.exit_ns, ==, 5 * EXIT_NS);
    window(&f, d.site, 50 * EXIT_NS, 20, 20, true);
    g_assert_cmpint(policy_gain(f.p, d.site), ==, 50);
    g_free(f.p);
}

/* Others have used up the credit: its own exits pay for its window. */
static void test_recall_own_credit(void)
{
    Fixture f = start_late(&usual);
    PolicyDecision d = { 0 };
    int i;

    d = leave(&f, 1, 100 * EXIT_NS);
    f.p->credit = 0;
    g_assert_false(recall(&f, d.site, true, 2).open);
    for (i = 0; !d.open; i++) {
        g_assert_cmpint(i, <, 70);
        d = leave(&f, 1, EXIT_NS);
    }
    g_assert_cmpint(i, >, 50);
    g_free(f.p);
}

static void test_recall_bad(void)
{
    Fixture f = start_late(&usual);
    PolicyDecision d = leave(&f, 1, 100 * EXIT_NS);
    int i;

    g_assert_false(recall(&f, d.site, false, 20).open);
    for (i = 0; i < 1000; i++) {
        g_assert_false(leave(&f, 1, EXIT_NS).open);
    }
    /* ... but the verdict is no sentence. */
    for (d.open = false; i < 1000000 && !d.open; i++) {
        d = leave(&f, 1, EXIT_NS);
    }
    g_assert_true(d.open);
    g_free(f.p);
}

/* A store that is wrong about every site costs no more than trials may. */
static void test_recall_wrong(void)
{
    Fixture f = start_late(&usual);
    uint64_t lost = 0, all = 0;
    int i;

    for (i = 0; i < 100000; i++) {
        PolicyDecision d = leave(&f, i / 4, EXIT_NS);

        all += EXIT_NS;
        if (!d.open) {
            d = recall(&f, d.site, true, 5);
        }
        if (d.open) {
            window(&f, d.site, 60 * EXIT_NS, 1, 1, true);
            lost += 60 * EXIT_NS;
        }
    }
    g_assert_cmpint(lost, >, 0);
    g_assert_cmpint(lost, <, 800 * EXIT_NS + all / 50);
    g_free(f.p);
}

/* What people are told is exact, also of exits that were passed over. */
static void test_sums(void)
{
    Fixture f = start(&usual);
    PolicySite *s = make_good(&f, 1);
    uint64_t windows = s->all_windows;
    int i;

    g_assert_cmpint(s->all_saved, ==, windows * 100);
    g_assert_cmpint(s->all_ns, ==, windows * EXIT_NS);
    g_assert_cmpint(s->all_exits, ==, 20);
    policy_forget_sums(f.p);
    g_assert_cmpint(s->all_windows + s->all_saved + s->all_ns, ==, 0);
    g_assert_cmpint(s->state, ==, POLICY_GOOD);
    g_free(f.p);

    f = start(&usual);
    s = leave(&f, 1, EXIT_NS).site;
    policy_deny(s);
    for (i = 1; i < 100000; i++) {
        leave(&f, 1, EXIT_NS);
    }
    g_assert_cmpint(f.looks, <, 10000);
    g_assert_cmpint(s->all_exits, >, 95000);
    g_assert_cmpint(s->all_exits, <, 105000);
    g_free(f.p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/third-exit", test_third_exit);
    g_test_add_func("/policy/posted", test_posted);
    g_test_add_func("/policy/posted/far-apart", test_posted_far_apart);
    g_test_add_func("/policy/far-apart", test_far_apart);
    g_test_add_func("/policy/two-sites", test_two_sites);
    g_test_add_func("/policy/head", test_head);
    g_test_add_func("/policy/good", test_good);
    g_test_add_func("/policy/bad", test_bad);
    g_test_add_func("/policy/recovery", test_recovery);
    g_test_add_func("/policy/fall", test_fall);
    g_test_add_func("/policy/quiet-grows", test_quiet_grows);
    g_test_add_func("/policy/quiet-follows-gap", test_quiet_follows_gap);
    g_test_add_func("/policy/refused", test_refused);
    g_test_add_func("/policy/credit", test_credit);
    g_test_add_func("/policy/first-credit", test_first_credit);
    g_test_add_func("/policy/price", test_price);
    g_test_add_func("/policy/first-window", test_first_window);
    g_test_add_func("/policy/passing", test_passing);
    g_test_add_func("/policy/short-bursts", test_short_bursts);
    g_test_add_func("/policy/forgotten", test_forgotten);
    g_test_add_func("/policy/clear", test_clear);
    g_test_add_func("/policy/pace", test_pace);
    g_test_add_func("/policy/savings", test_savings);
    g_test_add_func("/policy/pardon", test_pardon);
    g_test_add_func("/policy/no-pardon", test_no_pardon);
    g_test_add_func("/policy/loss", test_loss);
    g_test_add_func("/policy/scarce-credit", test_scarce_credit);
    g_test_add_func("/policy/own-credit", test_own_credit);
    g_test_add_func("/policy/promise", test_promise);
    g_test_add_func("/policy/deep-debt", test_deep_debt);
    g_test_add_func("/policy/vain", test_vain);
    g_test_add_func("/policy/between", test_between);
    g_test_add_func("/policy/hope", test_hope);
    g_test_add_func("/policy/after-window", test_after_window);
    g_test_add_func("/policy/denied", test_denied);
    g_test_add_func("/policy/denied-at-once", test_denied_at_once);
    g_test_add_func("/policy/code-changed", test_code_changed);
    g_test_add_func("/policy/crowd", test_crowd);
    g_test_add_func("/policy/never-a-loss", test_never_a_loss);
    g_test_add_func("/policy/recall-pays", test_recall_pays);
    g_test_add_func("/policy/recall-period", test_recall_period);
    g_test_add_func("/policy/recall-own-credit", test_recall_own_credit);
    g_test_add_func("/policy/recall-bad", test_recall_bad);
    g_test_add_func("/policy/would-pay", test_would_pay);
    g_test_add_func("/policy/recall-wrong", test_recall_wrong);
    g_test_add_func("/policy/sums", test_sums);
    g_test_add_func("/policy/fuzz", test_fuzz);
    return g_test_run();
}
