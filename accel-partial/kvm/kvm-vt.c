/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vt.h for KVM. */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "cpu.h"
#include "system/kvm.h"
#include "describe.h"
#include "kvm-vt.h"
#include "level.h"
#include "light.h"
#include "msr.h"
#include "owned.h"
#include "peek.h"
#include "pending.h"
#include "posted.h"
#include "rep-stop.h"
#include "shadows.h"
#include "state.h"

static bool take(CPUState *cpu)
{
    /* Registers of a light window may still wait for the next KVM_RUN. */
    partial_light_flush(cpu);
    if (!partial_state_take(cpu)) {
        return false;
    }
    partial_light_forget_walks(cpu);
    return true;
}

static void fetch(CPUState *cpu, PartialGroup group)
{
    switch (group) {
    case PARTIAL_GROUP_FPU:
        partial_light_fpu(cpu);
        break;
    case PARTIAL_GROUP_TSC:
        partial_light_tsc(cpu);
        break;
    case PARTIAL_GROUP_DEBUG:
        partial_light_debug(cpu);
        break;
    }
}

/* KVM completes the access at its next entry, and comes back at once. */
static void complete(CPUState *cpu)
{
    partial_light_ask(cpu);
    qatomic_set(&cpu->exit_request, 1);
}

const PartialVT partial_vt_kvm = {
    .name = "KVM",
    .take = take,
    .give = partial_state_give,
    .take_light = partial_light_take,
    .give_light = partial_light_give,
    .fetch = fetch,
    .halt = partial_state_halt_in_kernel,
    .read_code = partial_peek_code,
    .complete = complete,
    .complete_element = partial_rep_stop_arm,
    .cancel = partial_light_unask,
    .rest = partial_light_rest,
    .interrupt_waits = partial_pending_interrupt,
    .owns_page = partial_owns_page,
    .owns_port = partial_owns_port,
    .owns_msr = partial_owns_msr,
    .msr_written = partial_msr_written,
    .drop_tables = partial_shadows_drop,
    .flush_stores = kvm_flush_coalesced_mmio_buffer,
    .stop_posting = partial_posted_stop,
    .level_changed = partial_level_apply,
    .describe = partial_describe,
};
