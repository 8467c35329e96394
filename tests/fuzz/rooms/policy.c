/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer: any order of calls into the policy, with any numbers. */

#include <stdlib.h>
#include "policy.h"
#include "bytes.h"

static void check(const PolicyDecision *d, const PolicyLimits *limits)
{
    REQUIRE(d->site);
    REQUIRE(d->site->state > POLICY_FREE);
    REQUIRE(d->site->state < POLICY_STATE__MAX);
    /* Of a group of exits eight are looked at: policy.c. */
    REQUIRE(d->skip <= 271 - 8);
    if (d->open) {
        REQUIRE(d->site->state != POLICY_DENIED);
        REQUIRE(d->skip == 0);
        REQUIRE(d->quiet >= 1);
        REQUIRE(d->quiet <= (limits->quiet ? limits->quiet : 1));
        REQUIRE(d->blocks == (limits->blocks ? limits->blocks : 1));
    }
}

static void window(Policy *p, PolicySite *site, Bytes *b)
{
    PolicyResult r = {
        .now = bytes_any(b), .ns = bytes_any(b), .cold_ns = bytes_any(b),
        .exits = bytes_any(b), .gap = bytes_any(b),
        .quiet = bytes_number(b, 1) & 1,
    };

    policy_window_done(p, site, &r);
}

static void exits(Policy *p, const PolicyLimits *limits, Bytes *b)
{
    PolicyExit e = {
        .pc = bytes_number(b, 1), .device = bytes_number(b, 1) & 3,
        .now = bytes_any(b),
    };
    PolicyDecision d = policy_exit(p, &e);
    unsigned then = bytes_number(b, 1);

    check(&d, limits);
    if (then % 32 == 0) {
        policy_deny(d.site);
    } else if (d.open && then % 4 == 1) {
        policy_refused(d.site);
    } else if (d.open) {
        window(p, d.site, b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Policy *p;
    Bytes b = { data, size };
    PolicyLimits limits = {
        .trigger = bytes_any(&b), .quiet = bytes_any(&b),
        .blocks = bytes_any(&b),
    };

    if (!p) {
        p = malloc(sizeof(*p));
    }
    policy_init(p, &limits, bytes_any(&b));
    while (b.left) {
        if (bytes_number(&b, 1) % 8) {
            exits(p, &limits, &b);
        } else {
            uint64_t first = bytes_any(&b);

            policy_code_changed(p, first, bytes_any(&b));
        }
    }
    return 0;
}
