/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The debugger's breakpoints.
 *
 * KVM writes INT3 into the guest or uses its debug registers; TCG compares
 * addresses before it executes, and so stops before it meets KVM's INT3.
 */

#include "qemu/osdep.h"
#include "exec/breakpoint.h"
#include "exec/gdbstub.h"
#include "gdbstub/enums.h"
#include "hw/core/cpu.h"
#include "system/kvm_int.h"
#include "../partial.h"
#include "debug.h"

static AccelOpsClass kvm_ops;

static int watch_flags(int type)
{
    switch (type) {
    case GDB_WATCHPOINT_WRITE:
        return BP_GDB | BP_MEM_WRITE;
    case GDB_WATCHPOINT_READ:
        return BP_GDB | BP_MEM_READ;
    case GDB_WATCHPOINT_ACCESS:
        return BP_GDB | BP_MEM_ACCESS;
    default:
        return 0;
    }
}

static int tcg_insert(int type, vaddr addr, vaddr len)
{
    int watch = watch_flags(type);
    CPUState *cpu;
    int r = 0;

    CPU_FOREACH(cpu) {
        r = watch ? cpu_watchpoint_insert(cpu, addr, len, watch, NULL)
                  : cpu_breakpoint_insert(cpu, addr, BP_GDB, NULL);
        if (r) {
            break;
        }
    }
    return r;
}

static int tcg_remove(int type, vaddr addr, vaddr len)
{
    int watch = watch_flags(type);
    CPUState *cpu;
    int r = 0;

    CPU_FOREACH(cpu) {
        r = watch ? cpu_watchpoint_remove(cpu, addr, len, watch)
                  : cpu_breakpoint_remove(cpu, addr, BP_GDB);
        if (r) {
            break;
        }
    }
    return r;
}

static int insert(CPUState *cpu, int type, vaddr addr, vaddr len)
{
    int r = partial_mixed() ? kvm_ops.insert_breakpoint(cpu, type, addr, len)
                            : 0;

    return r ?: tcg_insert(type, addr, len);
}

static int remove_one(CPUState *cpu, int type, vaddr addr, vaddr len)
{
    int r = tcg_remove(type, addr, len);

    if (partial_mixed()) {
        r = kvm_ops.remove_breakpoint(cpu, type, addr, len);
    }
    return r;
}

static void remove_all(CPUState *cpu)
{
    cpu_breakpoint_remove_all(cpu, BP_GDB);
    cpu_watchpoint_remove_all(cpu, BP_GDB);
    if (partial_mixed()) {
        kvm_ops.remove_all_breakpoints(cpu);
    }
}

bool partial_debug_wants(CPUState *cpu)
{
    CPUBreakpoint *bp;
    CPUWatchpoint *wp;

    if (cpu->singlestep_enabled ||
        !QTAILQ_EMPTY(&cpu->kvm_state->kvm_sw_breakpoints)) {
        return true;
    }
    QTAILQ_FOREACH(bp, &cpu->breakpoints, entry) {
        if (bp->flags & BP_GDB) {
            return true;
        }
    }
    QTAILQ_FOREACH(wp, &cpu->watchpoints, entry) {
        if (wp->flags & BP_GDB) {
            return true;
        }
    }
    return false;
}

/* Single steps: KVM's guest debug only matters where KVM runs the vCPU. */
static int update(CPUState *cpu)
{
    return partial_mixed() ? kvm_ops.update_guest_debug(cpu) : 0;
}

void partial_debug_ops(AccelOpsClass *ops)
{
    kvm_ops = *ops;
    ops->insert_breakpoint = insert;
    ops->remove_breakpoint = remove_one;
    ops->remove_all_breakpoints = remove_all;
    ops->update_guest_debug = update;
}
