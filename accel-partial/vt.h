/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface to whoever holds the vCPU: hardware virtualization and the
 * hypervisor that drives it, called VT here.
 *
 * The rooms in this folder know windows and TCG.  They know of VT what stands
 * here.  kvm/ implements it for KVM.  An implementation also runs the vCPU's
 * thread: it looks at exits, tells burst.h of device accesses, and opens
 * windows (window.h) where VT cannot go on.  QEMU's own vm_stop() and
 * qemu_cpu_kick() stop and kick a vCPU, through the accelerator's operations.
 *
 * Unless a function says otherwise it is called by the vCPU's own thread, with
 * the BQL held, at an instruction boundary of the guest.  Who holds the vCPU is
 * the master of its state: VT outside windows, env in windows.
 */
#ifndef ACCEL_PARTIAL_VT_H
#define ACCEL_PARTIAL_VT_H

#include "exec/hwaddr.h"
#include "partial.h"
#include "report.h"

/* Parts of the state that a light window fetches when they are needed. */
typedef enum PartialGroup {
    PARTIAL_GROUP_FPU,         /* x87, SSE, AVX, XCR0, PKRU */
    PARTIAL_GROUP_TSC,         /* the TSC, IA32_TSC_ADJUST, TSC_AUX */
    PARTIAL_GROUP_DEBUG,       /* DR0 to DR7 */
} PartialGroup;

typedef struct PartialVT {
    const char *name;

    /* --- state ---------------------------------------------------------- */

    /**
     * take: make env the master copy of all of the state, ready for TCG
     *
     * An event that VT had begun to deliver is left for TCG to deliver
     * (partial_window_set_event()).  The soft TLB is empty afterwards.  The
     * guest's TSC is learnt, if the state came from VT just now.
     * Returns: false if the state cannot be had, the VM is being stopped, or VT
     * has something else to do first, such as to wait for a SIPI; VT has the
     * vCPU then
     */
    bool (*take)(CPUState *cpu);

    /**
     * give: hand back what take() took; VT has it at its next entry
     * @forget: [in] VT must not use translations from before the window
     *
     * Values that VT would refuse are made what a CPU can hold.
     */
    void (*give)(CPUState *cpu, bool forget);

    /**
     * take_light: make env the master of what every block of code needs
     *
     * General registers, segments, control registers, RFLAGS; they come with
     * the exit that complete() asked for.  All else follows with fetch().
     * Returns: false, and nothing has changed, if an event is on its way, or
     * the CPU is in a state that a light window does not know
     */
    bool (*take_light)(CPUState *cpu);

    /**
     * has_cr2: whether take_light() gives CR2 as it is
     *
     * If not a window leaves reads of it to VT.  NULL: it does.
     */
    bool (*has_cr2)(CPUState *cpu);

    /** give_light: hand back what take_light() and fetch() took */
    void (*give_light)(CPUState *cpu);

    /**
     * fetch: have a group in env, in a light window
     * @group: [in] which; nothing is done if it is there
     *
     * Context: without the BQL as well.
     */
    void (*fetch)(CPUState *cpu, PartialGroup group);

    /**
     * halt: let VT sleep through a HLT that TCG has executed
     *
     * Called after give().  Does nothing where QEMU has the interrupt
     * controller: then the vCPU's thread sleeps.
     */
    void (*halt)(CPUState *cpu);

    /**
     * read_code: bytes of guest code while VT has the vCPU
     * @pc: [in] RIP of one of them
     * @around: [in] most bytes before that one, and from it on
     * @code: [out] room for twice as many; those of one page are read
     * @at: [out] which of them is the one at @pc
     *
     * NULL where VT cannot tell cheaply.  Context: without the BQL as well.
     * Returns: how many were read; 0 if it is no memory
     */
    size_t (*read_code)(CPUState *cpu, uint64_t pc, size_t around,
                        uint8_t *code, size_t *at);

    /* --- an exit for a device access, the access still in flight -------- */
    /* Context of these: the vCPU's thread, without the BQL. */

    /** complete: complete the access at VT's next entry, and come back */
    void (*complete)(CPUState *cpu);

    /**
     * complete_element: the same where one instruction exits again and again
     * @count: [in] the guest's RCX at the exit before
     *
     * VT may go on from element to element of a REP: have it stop.
     */
    void (*complete_element)(CPUState *cpu, uint64_t count);

    /** cancel: nobody waits for what complete() asked for */
    void (*cancel)(CPUState *cpu);

    /** rest: exits need not show registers until cancel() */
    void (*rest)(CPUState *cpu);

    /* --- resources that VT owns ------------------------------------------ */
    /* Context of these: the vCPU's thread, without the BQL, in a window. */

    /**
     * interrupt_waits: whether VT would interrupt the guest now
     * @since: [in] an expiry of the guest's timer before that is old, in ns of
     *         get_clock()
     *
     * False where QEMU has the interrupt controller: interrupt_request tells.
     */
    bool (*interrupt_waits)(CPUState *cpu, int64_t since);

    /** owns_page: whether a page of guest-physical memory VT's device */
    bool (*owns_page)(CPUState *cpu, hwaddr gpa);

    /** owns_port: the same for a port; none for any width */
    bool (*owns_port)(CPUState *cpu, uint32_t port);

    /** owns_msr: whether TCG would ask the wrong device for an MSR */
    bool (*owns_msr)(CPUState *cpu, uint32_t index);

    /**
     * msr_written: TCG is about to write an MSR in a window for a CPU mode
     *
     * Those that give() carries are left to it.  EDX:EAX is the value.
     */
    void (*msr_written)(CPUState *cpu, uint32_t index);

    /* --- memory ---------------------------------------------------------- */

    /**
     * alone: keep other vCPUs from running under VT
     * @alone: [in] false: they go on
     *
     * NULL where VT runs them between cpu_exec_start() and cpu_exec_end().
     * Context: without the BQL.
     */
    void (*alone)(CPUState *cpu, bool alone);

    /**
     * drop_tables: VT forgets what it has derived from page tables
     *
     * Returns: false, and a person is told once, if it cannot
     */
    bool (*drop_tables)(CPUState *cpu);

    /**
     * stored: a window may write a page of guest memory from now on
     * @gpa: guest-physical, of the page
     *
     * NULL where VT, or QEMU's dirty bitmap, learns of it by itself.
     * Context: without the BQL.
     */
    void (*stored)(CPUState *cpu, hwaddr gpa);

    /** flush_stores: stores to devices that VT has posted reach them now */
    void (*flush_stores)(void);

    /**
     * stop_posting: stores to a region shall be exits from now on
     * @mr: [in] the region; windows make most of what goes there
     *
     * NULL where VT posts nothing.
     */
    void (*stop_posting)(MemoryRegion *mr);

    /* --- people ---------------------------------------------------------- */

    /**
     * level_changed: the user has changed what may be taken over
     *
     * partial_config has the new level.  NULL where VT need not know.
     * Context: the main thread with the BQL, which may be given up meanwhile.
     */
    void (*level_changed)(void);

    /**
     * describe: one line about what VT said when it failed
     *
     * Context: any thread.
     * Returns: a string to be freed with g_free()
     */
    char *(*describe)(const PartialFailure *failure);
} PartialVT;

/* What was measured about VT, now or at an earlier start; constant then. */
typedef struct PartialFacts {
    PartialModes native;       /* CPU modes that VT does not emulate */
    uint32_t mips[PARTIAL_MODE__MAX]; /* 0: VT refused the mode */
    bool shadows;              /* misses QEMU's stores to page tables */
    bool cpuid_honoured;       /* CPUID shows what QEMU set */
    bool arch_caps_settable;   /* MSR 0x10a takes the value VT names */
    bool shutdown_keeps_state; /* registers survive a triple fault */
    bool reports_failures;     /* of user code, too */
    uint32_t exit_ns;          /* a PIO exit and back */
    uint32_t total_us;         /* what measuring took */
    const char *kept_in;       /* an earlier start's file; NULL: measured now */
} PartialFacts;

/* Set before the first vCPU exists. */
extern const PartialVT *partial_vt;
extern const PartialFacts *partial_facts;

#endif
