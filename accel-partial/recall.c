/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between policy's sites and the store of what earlier runs have learnt. */

#include "qemu/osdep.h"
#include "devices.h"
#include "recall.h"
#include "store.h"
#include "vcpu-state.h"
#include "vt.h"

/* PolicySite.asked */
enum {
    ASKED = 1, SAID_PAYS = 2, SAID_BAD = 4, RECALLED = 8, UNREADABLE = 16,
};

/* Bytes on either side of the site that its key is made of. */
#define AROUND 16

/* The key of a site of the code that runs; zero if that cannot be read. */
static void find_key(CPUState *cpu, PolicySite *site)
{
    g_autofree char *device = NULL;
    uint8_t code[2 * AROUND];
    size_t n, at;

    n = partial_vt->read_code(cpu, site->pc, AROUND, code, &at);
    if (n) {
        device = partial_device_name(site->device);
        site->key = learnt_key(code, n, at, device);
    } else {
        site->asked |= UNREADABLE;
    }
}

static bool is_on(void)
{
    return partial_vt->read_code && partial_store_is_on();
}

static void ask(CPUState *cpu, Policy *p, PolicyDecision *d)
{
    PolicySite *site = d->site;
    uint32_t skip = d->skip;
    LearntSite known;

    site->asked = ASKED;
    find_key(cpu, site);
    if (!site->key || !partial_store_find(site->key, &known) || !known.gain) {
        return;
    }
    PARTIAL_COUNT(cpu, recalled);
    site->asked |= RECALLED;
    if (!d->open) {
        *d = policy_recall(p, site, &(PolicyRecalled) {
            .pays = known.gain > 0, .gap = known.gap,
            .period = (uint64_t)known.period * p->exit_ns / LEARNT_PERIOD_UNIT,
        });
        d->skip = d->open ? 0 : skip;
    }
}

static void note(const Policy *p, PolicySite *site, int32_t gain)
{
    LearntResult r = {
        .gain = gain, .gap = site->gap,
        .period = (uint64_t)site->period * LEARNT_PERIOD_UNIT / p->exit_ns,
    };

    uint8_t verdict = gain > 0 ? SAID_PAYS : SAID_BAD;

    /* As windows go on the sum is told now and then. */
    if (site->key && (!(site->asked & verdict) ||
                      is_power_of_2(site->all_windows))) {
        partial_store_note(site->key, &r);
        site->asked &= ~(SAID_PAYS | SAID_BAD);
        site->asked |= ASKED | verdict;
    }
}

/* A long burst without a window, for which others have used up the credit. */
static void propose(CPUState *cpu, const Policy *p, PolicySite *site)
{
    int32_t gain;

    if (!(site->asked & ~ASKED) && !site->all_windows) {
        gain = policy_hoped_gain(p, site);
        if (gain > 0 && !site->key) {
            find_key(cpu, site);
        }
        if (gain > 0) {
            note(p, site, gain);
        }
    }
}

void partial_recall(CPUState *cpu, Policy *p, PolicyDecision *d)
{
    if (!is_on()) {
        return;
    }
    if (!d->site->asked && !partial_store_is_empty()) {
        ask(cpu, p, d);
    } else {
        propose(cpu, p, d->site);
    }
}

void partial_recall_open(CPUState *cpu, PolicySite *site)
{
    if (!site->key && !(site->asked & UNREADABLE) && is_on()) {
        find_key(cpu, site);
    }
}

void partial_recall_note(const Policy *p, PolicySite *site)
{
    /* What was recalled opened at the first exit: then it is measured. */
    note(p, site, site->asked & RECALLED ? policy_gain(p, site)
                                         : policy_hoped_gain(p, site));
}
