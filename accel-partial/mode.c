/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU modes: from register state to a name and back. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "cpu.h"
#include "mode.h"

const char *const partial_mode_name[PARTIAL_MODE__MAX] = {
    [PARTIAL_MODE_REAL] = "real",
    [PARTIAL_MODE_BIGREAL] = "bigreal",
    [PARTIAL_MODE_VM86] = "vm86",
    [PARTIAL_MODE_PROT16] = "prot16",
    [PARTIAL_MODE_PROT32] = "prot32",
    [PARTIAL_MODE_PAGED16] = "paged16",
    [PARTIAL_MODE_PAGED32] = "paged32",
    [PARTIAL_MODE_COMPAT] = "compat",
    [PARTIAL_MODE_LONG0] = "long0",
    [PARTIAL_MODE_LONG3] = "long3",
};

static PartialMode protected_mode(bool paged, bool code32)
{
    if (paged) {
        return code32 ? PARTIAL_MODE_PAGED32 : PARTIAL_MODE_PAGED16;
    }
    return code32 ? PARTIAL_MODE_PROT32 : PARTIAL_MODE_PROT16;
}

static PartialSegment from_env(const SegmentCache *c)
{
    return (PartialSegment) {
        .base = c->base, .limit = c->limit, .selector = c->selector,
        .type = c->flags >> DESC_TYPE_SHIFT & 15,
        .dpl = c->flags >> DESC_DPL_SHIFT & 3,
        .usable = c->flags & DESC_P_MASK,
    };
}

/* Segments as an 8086 has them; all six. */
static bool are_small(const PartialSegment *segs)
{
    int i;

    for (i = 0; i < 6; i++) {
        if (segs[i].limit != 0xffff ||
            segs[i].base != (uint64_t)segs[i].selector << 4) {
            return false;
        }
    }
    return true;
}

enum { TYPE_CODE = 8, TYPE_CONFORMING = 4 };

static unsigned rpl(const PartialSegment *s)
{
    return s->selector & 3;
}

/*
 * Whether a VT without unrestricted guest takes the segments of protected mode
 * (SDM vol. 3C, 27.3.1.2).  Just after CR0.PE is set they are still real
 * mode's: their low bits are no privilege level, CS is a data segment.
 */
static bool are_protected(const PartialSegment *segs)
{
    const PartialSegment *cs = &segs[R_CS], *ss = &segs[R_SS];
    int i;

    if (!cs->usable || !(cs->type & TYPE_CODE) ||
        (cs->type & TYPE_CONFORMING ? cs->dpl > rpl(cs)
                                    : cs->dpl != rpl(cs)) ||
        rpl(ss) != rpl(cs) || (ss->usable && ss->dpl != rpl(ss))) {
        return false;
    }
    for (i = 0; i < 6; i++) {
        if (i != R_CS && i != R_SS && segs[i].usable &&
            (segs[i].type & (TYPE_CODE | TYPE_CONFORMING)) !=
            (TYPE_CODE | TYPE_CONFORMING) && segs[i].dpl < rpl(&segs[i])) {
            return false;
        }
    }
    return true;
}

PartialMode partial_mode_outside_long(const PartialSegment *segs, uint64_t cr0,
                                      bool vm, bool code32)
{
    if (!(cr0 & CR0_PE_MASK)) {
        return are_small(segs) ? PARTIAL_MODE_REAL : PARTIAL_MODE_BIGREAL;
    }
    if (vm) {
        return PARTIAL_MODE_VM86;
    }
    return are_protected(segs) ? protected_mode(cr0 & CR0_PG_MASK, code32)
                               : PARTIAL_MODE_BIGREAL;
}

PartialMode partial_mode_of(const CPUX86State *env)
{
    uint32_t hflags = env->hflags;
    PartialSegment segs[6];
    int i;

    if (hflags & HF_CS64_MASK) {
        return (hflags & HF_CPL_MASK) == 3 ? PARTIAL_MODE_LONG3
                                           : PARTIAL_MODE_LONG0;
    }
    if (hflags & HF_LMA_MASK) {
        return PARTIAL_MODE_COMPAT;
    }
    for (i = 0; i < 6; i++) {
        segs[i] = from_env(&env->segs[i]);
    }
    return partial_mode_outside_long(segs, env->cr[0], env->eflags & VM_MASK,
                                     hflags & HF_CS32_MASK);
}

bool partial_modes_parse(const char *list, PartialModes *modes, Error **errp)
{
    g_auto(GStrv) names = g_strsplit(list, ":", -1);
    g_autofree char *all = NULL;
    int i, m;

    *modes = 0;
    for (i = 0; names[i]; i++) {
        if (g_str_equal(names[i], "all")) {
            *modes = PARTIAL_MODES_ALL;
            continue;
        }
        if (g_str_equal(names[i], "none")) {
            continue;
        }
        for (m = 0; m < PARTIAL_MODE__MAX; m++) {
            if (g_str_equal(names[i], partial_mode_name[m])) {
                *modes |= 1u << m;
                break;
            }
        }
        if (m == PARTIAL_MODE__MAX) {
            all = partial_modes_print(PARTIAL_MODES_ALL);
            error_setg(errp, "states: '%s' is not a CPU mode; use auto, none, "
                       "all, or names from %s", names[i], all);
            return false;
        }
    }
    return true;
}

char *partial_modes_print(PartialModes modes)
{
    GString *s = g_string_new("");
    int m;

    for (m = 0; m < PARTIAL_MODE__MAX; m++) {
        if (modes & (1u << m)) {
            g_string_append_printf(s, "%s%s", s->len ? ":" : "",
                                   partial_mode_name[m]);
        }
    }
    if (!s->len) {
        g_string_append(s, "none");
    }
    return g_string_free(s, false);
}
