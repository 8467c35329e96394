/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ioreqs, and the windows that take their place. */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "exec/cpu-common.h"
#include "system/cpus.h"
#include "system/runstate.h"
#include "accel/partial/vcpu-state.h"
#include "accel/partial/vt.h"
#include "onoff.h"
#include "owned.h"
#include "ram.h"
#include "takeover.h"
#include "vt-cpu.h"
#include "where.h"

/* A window is never opened for less: what hypercalls take, at the least. */
#define LEAST_EXIT_NS 10000

static bool is_access(const ioreq_t *r)
{
    return r->type == IOREQ_TYPE_PIO || r->type == IOREQ_TYPE_COPY;
}

/*
 * Whether Xen has counted the access as done: RIP and RCX are those after it.
 * It is so for all that has no result to wait for but in guest memory, and for
 * IN, whose RAX is not filled yet; but where.h.
 */
static bool is_counted(const ioreq_t *r)
{
    return r->type == IOREQ_TYPE_PIO || r->data_is_ptr;
}

static bool is_in(const ioreq_t *r)
{
    return r->type == IOREQ_TYPE_PIO && !r->data_is_ptr &&
           r->dir == IOREQ_READ;
}

/* --- whether an access is the first of its instruction ------------------- */

/*
 * Whether two accesses in a row cannot be of one instruction, by what they are.
 * One instruction may read then write (OR, MOVS, INS, OUTS), and may access
 * several addresses (16 bytes, CMPS); none writes a device's memory and reads
 * then, or accesses one address twice in the same way.
 */
static bool are_apart(const ioreq_t *last, const ioreq_t *now)
{
    bool same = last->addr == now->addr && last->size == now->size &&
                last->dir == now->dir;

    return last->type == IOREQ_TYPE_COPY && now->type == IOREQ_TYPE_COPY &&
           !last->data_is_ptr &&
           (same || (last->dir == IOREQ_WRITE && now->dir == IOREQ_READ));
}

/* Nothing of an instruction that a window begins with may have been done. */
static bool begins(CPUState *cpu, const ioreq_t *now)
{
    XenVTIoreq *x = &cpu->accel->vt->ioreq;
    bool known = x->at_last_known;
    XenVTRegisters before = x->at_last;

    x->at_in = false;
    if (!xen_vt_state_read(cpu)) {
        xen_vt_refused(errno);
        return false;
    }
    xen_vt_state_registers(cpu, &x->at_last);
    x->at_last_known = true;
    if (is_in(now)) {
        XenVTWhere where = xen_vt_where_is_rip(xen_vt_state_record(cpu));

        x->at_in = where == XEN_VT_AT;
        return where != XEN_VT_UNKNOWN;
    }
    return is_counted(now) || are_apart(&x->last, now) ||
           (known && memcmp(&before, &x->at_last, sizeof(before)));
}

/* --- the main thread ------------------------------------------------------ */

/* The time from an answer to the next access, at its least, is an exit's. */
static void learn_exit(CPUState *cpu, int64_t now)
{
    XenVTIoreq *x = &cpu->accel->vt->ioreq;
    int64_t ns = MAX(now - x->answered, LEAST_EXIT_NS);

    if (x->answered && ns < x->exit_ns) {
        x->exit_ns = ns;
        partial_burst_learn_exit(cpu, ns);
    }
}

/* RIP costs a hypercall: a site is a port or a page, and how it is accessed. */
static uint64_t site_of(const ioreq_t *r)
{
    uint64_t kind = r->dir << 3 | r->data_is_ptr << 2 | ctz32(r->size | 8);
    uint64_t mask = r->type == IOREQ_TYPE_PIO ? UINT64_MAX : TARGET_PAGE_MASK;

    return (r->addr & mask) | kind << 56;
}

static bool wants_window(CPUState *cpu, const ioreq_t *r)
{
    XenVTIoreq *x = &cpu->accel->vt->ioreq;
    PartialBurstExit exit = {
        .is_port = r->type == IOREQ_TYPE_PIO,
        .address = r->addr, .pc = site_of(r),
    };

    x->asked = false;
    partial_burst_exit(cpu, &exit);
    if (!x->asked) {
        return false;
    }
    if (!runstate_is_running() || cpu->stop || cpu->stopped ||
        !begins(cpu, r)) {
        partial_burst_open(cpu, true);
        return false;
    }
    return true;
}

bool xen_vt_ioreq(XenIOState *state, ioreq_t *slot)
{
    CPUState *cpu = state->cpu_by_vcpu_id[state->send_vcpu];
    XenVTIoreq *x;
    bool wanted;

    if (slot->type == IOREQ_TYPE_INVALIDATE) {
        xen_vt_ram_changed();
    }
    if (!xen_vt_may_open() || !cpu || !cpu->accel) {
        return false;
    }
    x = &cpu->accel->vt->ioreq;
    xen_vt_state_forget(cpu);
    if (!is_access(slot) || xen_vt_owns_access(slot)) {
        x->last = *slot;
        x->at_last_known = false;
        x->answered = 0;
        return false;
    }
    PARTIAL_COUNT(cpu, vt_runs);
    xen_vt_saw_access(slot);
    learn_exit(cpu, get_clock());
    x->at_last_known = x->at_last_known && is_access(&x->last);
    wanted = wants_window(cpu, slot);
    if (!xen_vt_state_is_read(cpu)) {
        x->at_last_known = false;
    }
    x->last = *slot;
    if (!wanted) {
        x->answered = get_clock();
        return false;
    }
    x->state = state;
    x->slot = slot;
    qemu_cond_broadcast(cpu->halt_cond);
    return true;
}

/* --- the vCPU's thread ---------------------------------------------------- */

void xen_vt_ioreq_ask(CPUState *cpu, bool wanted)
{
    cpu->accel->vt->ioreq.asked = wanted;
}

void xen_vt_ioreq_init(CPUState *cpu)
{
    cpu->accel->vt->ioreq.exit_ns = partial_facts->exit_ns;
}

bool xen_vt_ioreq_waits(CPUState *cpu)
{
    return cpu->accel->vt->ioreq.slot;
}

uint32_t xen_vt_ioreq_cost(CPUState *cpu)
{
    return cpu->accel->vt->ioreq.exit_ns;
}

static void run_window(CPUState *cpu)
{
    partial_window_unkick(cpu);
    while (partial_window_is_open(cpu)) {
        partial_window_run(cpu);
        process_queued_cpu_work(cpu);
    }
}

bool xen_vt_ioreq_is_open(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        if (cpu->accel->vt->ioreq.slot || cpu->accel->vt->ioreq.left) {
            return true;
        }
    }
    return false;
}

/* A reset or shutdown is seen to before the guest goes on: see the caller. */
ioreq_t *xen_vt_ioreq_left(XenIOState *state)
{
    CPUState *cpu;

    if (!xen_vt_is_on()) {
        return NULL;
    }
    CPU_FOREACH(cpu) {
        XenVTIoreq *x = &cpu->accel->vt->ioreq;

        if (x->left) {
            x->left = false;
            state->send_vcpu = cpu->cpu_index;
            /* A kind that nothing has to be done for. */
            x->done->type = IOREQ_TYPE_TIMEOFFSET;
            return x->done;
        }
    }
    return NULL;
}

static void answer(CPUState *cpu, ioreq_t *slot)
{
    XenVTIoreq *x = &cpu->accel->vt->ioreq;

    x->slot = NULL;
    x->answered = get_clock();
    if (cpu->stop || qemu_reset_requested_get() ||
        qemu_shutdown_requested_get()) {
        /* It may be for a reset that the main thread is about to do. */
        x->done = slot;
        x->left = true;
        aio_bh_schedule_oneshot(qemu_get_aio_context(), xen_ioreq_look,
                                x->state);
        return;
    }
    xen_wmb();
    slot->state = STATE_IORESP_READY;
    qemu_xen_evtchn_notify(x->state->xce_handle,
                           x->state->ioreq_local_port[cpu->cpu_index]);
}

void xen_vt_ioreq_serve(CPUState *cpu)
{
    XenVTIoreq *x = &cpu->accel->vt->ioreq;
    ioreq_t *slot = x->slot, copy = *slot;
    bool made = is_counted(&copy) && !x->at_in;

    xen_vt_ram_settle(cpu);
    if (made) {
        xen_ioreq_make(x->state, &copy);
        if (is_in(&copy)) {
            xen_vt_state_fill(cpu, copy.data, copy.size);
        }
    }
    partial_burst_open(cpu, cpu->stop);
    run_window(cpu);
    if (xen_vt_state_is_lost(cpu)) {
        /* Xen would go on where the window began. */
        x->slot = NULL;
        return;
    }
    if (!made && !xen_vt_state_was_set(cpu)) {
        xen_ioreq_make(x->state, &copy);
    }
    if (xen_vt_state_was_set(cpu)) {
        /* Whatever comes next is of another instruction. */
        x->last = (ioreq_t) { .type = IOREQ_TYPE_TIMEOFFSET };
        x->at_last_known = false;
    }
    slot->data = copy.data;
    answer(cpu, slot);
}
