/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU modes: from register state to a name and back. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "cpu.h"
#include "mode.h"
#include <linux/kvm.h>

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

PartialMode partial_mode_of(const CPUX86State *env)
{
    uint32_t hflags = env->hflags;
    int i;

    if (hflags & HF_CS64_MASK) {
        return (hflags & HF_CPL_MASK) == 3 ? PARTIAL_MODE_LONG3
                                           : PARTIAL_MODE_LONG0;
    }
    if (hflags & HF_LMA_MASK) {
        return PARTIAL_MODE_COMPAT;
    }
    if (!(hflags & HF_PE_MASK)) {
        for (i = 0; i < 6; i++) {
            if (env->segs[i].limit != 0xffff ||
                env->segs[i].base != env->segs[i].selector << 4) {
                return PARTIAL_MODE_BIGREAL;
            }
        }
        return PARTIAL_MODE_REAL;
    }
    if (env->eflags & VM_MASK) {
        return PARTIAL_MODE_VM86;
    }
    return protected_mode(env->cr[0] & CR0_PG_MASK, hflags & HF_CS32_MASK);
}

static bool sregs_are_big(const struct kvm_sregs *s)
{
    const struct kvm_segment *seg[] = {
        &s->cs, &s->ds, &s->es, &s->fs, &s->gs, &s->ss
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(seg); i++) {
        if (seg[i]->limit != 0xffff ||
            seg[i]->base != (uint64_t)seg[i]->selector << 4) {
            return true;
        }
    }
    return false;
}

PartialMode partial_mode_of_sregs(const struct kvm_sregs *s, uint64_t rflags)
{
    if (s->efer & MSR_EFER_LMA) {
        if (!s->cs.l) {
            return PARTIAL_MODE_COMPAT;
        }
        return s->ss.dpl == 3 ? PARTIAL_MODE_LONG3 : PARTIAL_MODE_LONG0;
    }
    if (!(s->cr0 & CR0_PE_MASK)) {
        return sregs_are_big(s) ? PARTIAL_MODE_BIGREAL : PARTIAL_MODE_REAL;
    }
    if (rflags & VM_MASK) {
        return PARTIAL_MODE_VM86;
    }
    return protected_mode(s->cr0 & CR0_PG_MASK, s->cs.db);
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
