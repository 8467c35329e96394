/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU modes as VT sees them: what hardware virtualization may run natively,
 * emulate, or refuse (SDM vol. 3C, 27.3.1 "checks on guest state").
 */
#ifndef ACCEL_PARTIAL_MODE_H
#define ACCEL_PARTIAL_MODE_H

#include "cpu.h"

typedef enum PartialMode {
    PARTIAL_MODE_REAL,      /* segments as a reset 8086 would have them */
    /* Real mode with other segments, or protected mode with what it left. */
    PARTIAL_MODE_BIGREAL,
    PARTIAL_MODE_VM86,
    PARTIAL_MODE_PROT16,
    PARTIAL_MODE_PROT32,
    PARTIAL_MODE_PAGED16,
    PARTIAL_MODE_PAGED32,
    PARTIAL_MODE_COMPAT,    /* 16- and 32-bit code in long mode */
    PARTIAL_MODE_LONG0,     /* 64-bit code, supervisor */
    PARTIAL_MODE_LONG3,     /* 64-bit code, user */
    PARTIAL_MODE__MAX,
} PartialMode;

/* A set of modes: bit (1 << PartialMode). */
typedef uint32_t PartialModes;

#define PARTIAL_MODES_ALL ((1u << PARTIAL_MODE__MAX) - 1)

extern const char *const partial_mode_name[PARTIAL_MODE__MAX];

/**
 * partial_mode_of: the CPU mode a vCPU is in
 * @env: its state; hflags, CR0 and the segment registers must be valid
 */
PartialMode partial_mode_of(const CPUX86State *env);

/* What VM entry looks at in a segment register. */
typedef struct PartialSegment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector;
    uint8_t type, dpl;
    bool usable;
} PartialSegment;

/**
 * partial_mode_outside_long: the CPU mode of a vCPU that is not in long mode
 * @segs: its segment registers, in the order of R_ES to R_GS
 * @cr0: CR0
 * @vm: RFLAGS.VM
 * @code32: the D bit of CS
 */
PartialMode partial_mode_outside_long(const PartialSegment *segs, uint64_t cr0,
                                      bool vm, bool code32);

/**
 * partial_gate_closed: whether the A20 gate masks addresses
 * @env: the vCPU's registers
 *
 * VT ignores the gate, as KVM does; TCG honours it.
 */
static inline bool partial_gate_closed(const CPUX86State *env)
{
    return !(env->a20_mask & (1 << 20));
}

/**
 * partial_modes_parse: read a list such as "real:bigreal"
 * @list: names separated by ':'; "all" and "none" are understood
 * @modes: where the set goes
 * @errp: names the part that is not a mode, and those that are
 */
bool partial_modes_parse(const char *list, PartialModes *modes, Error **errp);

/**
 * partial_modes_print: the reverse of partial_modes_parse()
 * @modes: the set
 *
 * Returns: a string to be freed with g_free()
 */
char *partial_modes_print(PartialModes modes);

#endif
