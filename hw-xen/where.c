/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where RIP is while an IN waits. */

#include "qemu/osdep.h"
#include "exec/cpu-common.h"
#include "owned.h"
#include "where.h"

/* IN's forms begin with these: a port in the next byte, or in DX. */
#define IS_IN_IMMEDIATE(byte) (((byte) & 0xfe) == 0xe4)
#define IS_IN_DX(byte)        (((byte) & 0xfe) == 0xec)

#define LONGEST 15
#define BEFORE  2

/*
 * Where Intel's VT has no real mode Xen runs it as virtual-8086 mode, and
 * emulates it while a segment does not fit; nobody says which.  It goes on so
 * behind MOV to CR0, until CS and SS are a kernel's.
 */
static bool may_be_emulated(const XenVTRecord *c)
{
    bool pages = c->cr0 & CR0_PG_MASK;

    return !xen_vt_host_is_svm() &&
           (!(c->cr0 & CR0_PE_MASK) || (!pages && (c->cs_sel | c->ss_sel) & 3));
}

static bool is_in(const uint8_t *code)
{
    int i;

    for (i = 0; i < LONGEST; i++) {
        switch (code[i]) {
        case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64 ... 0x67:
        case 0xf0: case 0xf2: case 0xf3:
            continue;
        default:
            return IS_IN_IMMEDIATE(code[i]) || IS_IN_DX(code[i]);
        }
    }
    return false;
}

XenVTWhere xen_vt_where_is_rip(const XenVTRecord *c)
{
    uint8_t code[BEFORE + LONGEST];
    bool at, behind;

    if (!may_be_emulated(c)) {
        return XEN_VT_BEHIND;
    }
    /* There is no paging. */
    cpu_physical_memory_read((uint32_t)(c->cs_base + c->rip - BEFORE), code,
                             sizeof(code));
    at = is_in(code + BEFORE);
    behind = IS_IN_IMMEDIATE(code[0]) || IS_IN_DX(code[1]);
    if (at == behind) {
        return XEN_VT_UNKNOWN;
    }
    return at ? XEN_VT_AT : XEN_VT_BEHIND;
}
