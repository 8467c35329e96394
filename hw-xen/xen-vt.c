/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vt.h for Xen HVM: light windows, as bursts are all that is taken over. */

#include "qemu/osdep.h"
#include "accel/partial/vcpu-state.h"
#include "irq.h"
#include "owned.h"
#include "vt-cpu.h"
#include "xen-vt.h"

/* There is no other state than that of a light window. */
static bool take(CPUState *cpu)
{
    return false;
}

static void give(CPUState *cpu, bool forget)
{
    g_assert_not_reached();
}

static void fetch(CPUState *cpu, PartialGroup group)
{
    /* The record of registers has the other groups. */
    if (group == PARTIAL_GROUP_FPU) {
        xen_vt_state_fpu(cpu);
    }
}

/* give_light() has put RIP at the HLT: Xen makes it again, and sleeps. */
static void halt(CPUState *cpu)
{
}

/* A window takes the place of an access: there is nothing to complete. */
static void complete(CPUState *cpu)
{
    xen_vt_ioreq_ask(cpu, true);
}

static void complete_element(CPUState *cpu, uint64_t count)
{
}

static void cancel(CPUState *cpu)
{
    xen_vt_ioreq_ask(cpu, false);
}

static void rest(CPUState *cpu)
{
}

/* A vCPU whose access waits for us rests anyway. */
static void alone(CPUState *cpu, bool alone)
{
    if (alone) {
        xc_domain_pause(xen_xc, xen_domid);
    } else {
        xc_domain_unpause(xen_xc, xen_domid);
    }
}

static bool owns_msr(CPUState *cpu, uint32_t index)
{
    return true;
}

static void msr_written(CPUState *cpu, uint32_t index)
{
}

/* Xen does not read CR2 back from SVM's control block. */
static bool has_cr2(CPUState *cpu)
{
    return !xen_vt_host_is_svm();
}

/* Xen's shadows see no store of QEMU's, so the machine has none: takeover.c. */
static bool drop_tables(CPUState *cpu)
{
    return true;
}

/* Stores that Xen has buffered are made before each ioreq is looked at. */
static void flush_stores(void)
{
}

static char *describe(const PartialFailure *failure)
{
    return g_strdup("not asked");
}

static void give_light(CPUState *cpu)
{
    xen_vt_written_tell(cpu);
    xen_vt_state_give(cpu);
}

const PartialVT partial_vt_xen = {
    .name = "Xen",
    .take = take,
    .give = give,
    .take_light = xen_vt_state_take,
    .has_cr2 = has_cr2,
    .give_light = give_light,
    .fetch = fetch,
    .halt = halt,
    .complete = complete,
    .complete_element = complete_element,
    .cancel = cancel,
    .rest = rest,
    .interrupt_waits = xen_vt_interrupt_waits,
    .owns_page = xen_vt_owns_page,
    .owns_port = xen_vt_owns_port,
    .owns_msr = owns_msr,
    .msr_written = msr_written,
    .drop_tables = drop_tables,
    .stored = xen_vt_written_note,
    .alone = alone,
    .flush_stores = flush_stores,
    .describe = describe,
};
