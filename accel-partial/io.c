/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small set of instructions, by linear address. */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "exec/translation-block.h"
#include "io.h"
#include "vcpu-state.h"

/*
 * Shared by all vCPUs, read and written without a lock.  A wrong entry costs a
 * block that ends early, a missing one a block that is redone.
 */
#define SLOTS 16384
#define PROBES 4
static uint64_t known[SLOTS];

static unsigned slot_of(vaddr pc, unsigned probe)
{
    return ((pc * 0x9e3779b97f4a7c15ull >> 50) + probe) % SLOTS;
}

bool partial_io_expected(CPUState *cpu, vaddr pc)
{
    unsigned i;

    for (i = 0; i < PROBES; i++) {
        if (qatomic_read__nocheck(&known[slot_of(pc, i)]) == pc) {
            return pc != 0;
        }
    }
    return false;
}

/* False when there is no room near its place: then nothing gets better. */
static bool remember(vaddr pc)
{
    unsigned i;

    for (i = 0; i < PROBES; i++) {
        uint64_t *slot = &known[slot_of(pc, i)];

        if (*slot == 0) {
            qatomic_set__nocheck(slot, pc);
            return true;
        }
    }
    return false;
}

void partial_io_recompile(CPUState *cpu, TranslationBlock *tb)
{
    CPUX86State *env = cpu_env(cpu);
    vaddr pc = env->segs[R_CS].base + env->eip;

    if (!partial_io_expected(cpu, pc) && remember(pc)) {
        PARTIAL_COUNT(cpu, io_splits);
        tb_phys_invalidate(tb, -1);
    }
}
