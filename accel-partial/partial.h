/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accel/partial: KVM holds the vCPU, TCG takes over what KVM cannot run.
 *
 * What the rooms of the accelerator share.  A vCPU belongs to one engine at a
 * time; while TCG has it, env is the master copy of its state and
 * cpu->vcpu_dirty is true, which is KVM's own word for the same thing.  A light
 * window has a part of the state only, and leaves that flag alone: light.h.
 */
#ifndef ACCEL_PARTIAL_H
#define ACCEL_PARTIAL_H

#include "cpu.h"
#include "system/kvm_int.h"
#include "mode.h"
#include "policy.h"
#include "probe.h"

#define TYPE_PARTIAL_ACCEL ACCEL_CLASS_NAME("partial")
OBJECT_DECLARE_SIMPLE_TYPE(PartialState, PARTIAL_ACCEL)

/* Leaves cpu_exec() and kvm_cpu_exec(); the vCPU's accel state says why. */
#define EXCP_PARTIAL 0x10100

/* How much TCG may take over; each level includes those before it. */
typedef enum PartialLevel {
    PARTIAL_OFF,
    PARTIAL_FAILURES,
    PARTIAL_STATES,
    PARTIAL_BURSTS,
    PARTIAL_ALL,
} PartialLevel;

/* Why TCG took the vCPU over. */
typedef enum PartialReason {
    PARTIAL_REASON_EMULATION,  /* KVM's emulator did not know the instruction */
    PARTIAL_REASON_DELIVERY,   /* KVM could not deliver an event */
    PARTIAL_REASON_ENTRY,      /* VT refused the guest state */
    PARTIAL_REASON_SHUTDOWN,   /* VT saw a triple fault */
    PARTIAL_REASON_ENDLESS,    /* KVM repeats an access without progress */
    PARTIAL_REASON_SPINNING,   /* the thread is busy and nothing exits */
    PARTIAL_REASON_MODE,       /* VT does not run this CPU mode natively */
    PARTIAL_REASON_BURST,      /* device accesses come close together */
    PARTIAL_REASON__MAX,
} PartialReason;

/* Why a window ended. */
typedef enum PartialStop {
    PARTIAL_STOP_BUDGET,       /* the bound on blocks was reached */
    PARTIAL_STOP_MODE,         /* VT runs the new CPU mode natively */
    PARTIAL_STOP_KICK,         /* somebody wants the vCPU thread */
    PARTIAL_STOP_HALT,         /* HLT, and KVM has the interrupt controller */
    PARTIAL_STOP_VT_OWNED,     /* a resource that only KVM can serve */
    PARTIAL_STOP_UNKNOWN,      /* TCG does not know a later instruction */
    PARTIAL_STOP_RESET,        /* the guest was reset */
    PARTIAL_STOP_DEBUG,        /* a debugger's breakpoint or step */
    PARTIAL_STOP_NEITHER,      /* neither engine can run the instruction */
    PARTIAL_STOP_NOWHERE,      /* code was fetched from where nothing is */
    PARTIAL_STOP_QUIET,        /* a burst has ended */
    PARTIAL_STOP_INTERRUPT,    /* an interrupt waits for the guest */
    PARTIAL_STOP_LOSS,         /* a burst cost more than exits would */
    PARTIAL_STOP__MAX,
} PartialStop;

extern const char *const partial_reason_name[PARTIAL_REASON__MAX];
extern const char *const partial_stop_name[PARTIAL_STOP__MAX];

/* What one engine said of an instruction; kept for reports. */
typedef struct PartialFailure {
    uint32_t exit_reason;      /* KVM_EXIT_* */
    uint32_t suberror;         /* of KVM_EXIT_INTERNAL_ERROR */
    uint64_t hardware;         /* of KVM_EXIT_FAIL_ENTRY */
    uint8_t len;               /* of bytes[]; 0: KVM could not fetch any */
    uint8_t bytes[15];
} PartialFailure;

/* Burst windows by accesses: 0, 1, 2-3, 4-7, ... */
#define PARTIAL_LENGTHS 16

/* Counters of a vCPU: written by its thread, read by the monitor. */
typedef struct PartialStats {
    uint64_t takeovers[PARTIAL_REASON__MAX];
    uint64_t stops[PARTIAL_STOP__MAX];
    uint64_t blocks;           /* that the execution loop entered */
    uint64_t tcg_ns;
    uint64_t vt_ns;
    uint64_t vt_runs;          /* calls of kvm_cpu_exec() */
    uint64_t syncs;            /* full state transfers from KVM */
    uint64_t translations;     /* of code pages into blocks */
    uint64_t code_verified;    /* code pages compared to their copy */
    uint64_t code_stale;       /* code pages that VT had changed */
    uint64_t table_pages;      /* pages windows wrote that were compared */
    uint64_t table_flushes;    /* times KVM's shadows were dropped */
    uint64_t burst_accesses;   /* of devices, in burst windows */
    uint64_t burst_length[PARTIAL_LENGTHS]; /* windows, by accesses */
    uint64_t light_fpu;        /* burst windows that needed the FPU */
    uint64_t light_tsc;        /* ... and the TSC */
    uint64_t irq_checks;       /* times KVM was asked for an interrupt */
    uint64_t io_splits;        /* blocks cut at a device access */
    uint64_t burst_skips;      /* exits that policy was not asked about */
    uint64_t rep_stops;        /* REPs that KVM was made to stop in */
} PartialStats;

/* A page of code that was right in a generation: see code.c. */
typedef struct PartialCodeSeen {
    uint64_t page;             /* ram_addr_t */
    uint64_t generation;       /* 0: none */
} PartialCodeSeen;

#define PARTIAL_CODE_SEEN 64

/* Per-vCPU state, cpu->accel.  Only its thread writes what says no other. */
struct AccelCPUState {
    bool in_window;            /* TCG has the vCPU; written with the BQL */
    bool bounded;              /* ... for blocks_left blocks at most */
    bool map_changed;          /* while VT had it; protected by the BQL */
    bool first;                /* the instruction VT failed on is still ahead */
    bool mmu_changed;          /* so that VT's translations may be old */
    bool event_is_irq;         /* exception_index is a vector from KVM */
    bool watch_stores;         /* note the pages that this window writes */
    PartialReason reason;
    PartialStop stop;
    uint32_t blocks_left;
    struct {                   /* TCG stays near big real mode */
        bool on;
        int64_t own_since;     /* when it last entered that, by get_clock() */
        int64_t until;
        uint32_t blocks_left;  /* until it asks the clock, while these ... */
        uint32_t hflags;       /* ... are as they were */
        uint64_t cr0;
    } near;
    uint64_t window_blocks;    /* blocks of this window so far */
    uint64_t start_pc;         /* linear, of the window's first instruction */
    uint64_t start_sp;         /* linear, of the stack at that time */
    int64_t tsc_delta;         /* TSC less IA32_TSC_ADJUST and the host's */
    bool tsc_valid;
    uint64_t tsc_adjust;       /* as KVM has it */
    uint64_t bases[5];         /* as VT had them: see state.c */
    bool fpu_by_number;        /* env->fpregs are in TCG's order */
    PartialFailure failure;
    /* an access that KVM repeats: see exits.c */
    struct {
        uint64_t gpa;
        uint32_t count;
        bool armed;
        struct kvm_regs regs;
    } repeat;
    uint64_t exits;            /* to user space; written by the vCPU's thread */
    /* see watchdog.c; "asked" and "seen" are atomic, time and exits its own */
    struct {
        int64_t time;
        uint64_t exits;
        bool asked;
        bool seen;
        struct kvm_regs regs;
    } watch;
    GHashTable *written;       /* page -> copy, see tables.c */
    PartialCodeSeen code_seen[PARTIAL_CODE_SEEN];
    bool kicked;               /* atomic: since the thread last looked */
    struct {                   /* KVM is to stop in a REP: see rep-stop.c */
        bool armed;
        uint64_t rcx;          /* the guest's */
        uint64_t pretended;
    } rep_stop;
    /* the part of the state that a burst window has: see light.c */
    struct {
        bool on;               /* env has this part only, KVM the rest */
        bool fpu, tsc;         /* ... and these groups */
        bool keeps_walks;      /* the soft TLB knows guest memory without SMM */
        bool hidden;           /* hflags claim CR0.TS, so that the FPU traps */
        uint64_t dr6;          /* as it was fetched */
        int64_t debug_until;   /* env's debug registers are taken as right */
        bool debug_old;        /* ... and were so when the window began */
        void *before;          /* XSAVE's image when it was fetched */
    } light;
    /* see burst.c, and exits.c for skip; all of it is the thread's own */
    struct {
        Policy *policy;        /* NULL: no bursts here */
        bool raised;           /* QEMU's PIC or APIC: since the exit; atomic */
        PolicySite *site;      /* of the window that is open or asked for */
        uint32_t quiet, quiet_left, blocks;
        uint32_t accesses, gap, ticks;
        uint32_t skip;         /* exits that policy is not asked about */
        uint32_t quarters;     /* of exits that VT would have taken */
        uint32_t in_port, in_row;
        uint64_t count;        /* RCX at the last exit */
        uint64_t page, device; /* of the last that was not for a port */
        uint64_t in_block;
        struct {
            uint64_t block;    /* it was made in; 0: none yet */
            uintptr_t ra;      /* where TCG made it; 0: of a port */
            uint64_t count;    /* RCX */
            bool is_load;
        } last;                /* access */
        bool over;             /* the window ends where an instruction does */
        bool long_now;         /* its deadline has come; see light.h */
        PartialStop why;       /* ... and why */
        int64_t translating;   /* since when; 0: it is not */
        int64_t cold_ns;       /* how long it was in the window */
        int64_t left;          /* when the exit was looked at */
        int64_t start, deadline;
        int64_t tick;          /* of the LAPIC's timer, that ended a window */
        uint64_t exit_ns, loss_ns; /* see PolicyDecision */
    } burst;
    PartialStats stats;
};

/* A distinct instruction that KVM failed on, for reports and the demo. */
typedef struct PartialSite {
    PartialFailure failure;
    uint64_t rip;
    uint64_t count;
} PartialSite;

struct PartialState {
    KVMState parent_obj;

    /* properties */
    PartialLevel level;
    char *states_option;
    uint32_t window_blocks;    /* bound of a failure window, in blocks */
    uint32_t tb_size;          /* MiB; 0: QEMU's default */
    uint32_t burst_trigger;    /* close exits that open a window */
    uint32_t burst_quiet;      /* most blocks without an access */
    uint32_t burst_blocks;     /* most blocks of a window */
    uint32_t burst_us;         /* longest wait of an interrupt, microseconds */
    char *burst_allow;
    char *burst_deny;

    /* decided at start-up, constant afterwards */
    PartialModes states;       /* CPU modes that belong to TCG */
    bool tcg_owns_all;         /* VT never runs this guest */
    PartialProbe probe;
    bool emulation_exits;      /* KVM_CAP_EXIT_ON_EMULATION_FAILURE is on */

    QemuMutex sites_lock;
    PartialSite sites[32];     /* protected by sites_lock */
    unsigned nr_sites;
};

/* The accelerator in use; NULL under any other. */
extern PartialState *partial_state;

/**
 * partial_mixed: whether both engines may run this guest
 *
 * Where TCG owns every CPU mode nothing has to be kept coherent with KVM, and
 * env never travels.
 */
static inline bool partial_mixed(void)
{
    return !partial_state->tcg_owns_all;
}

#endif
