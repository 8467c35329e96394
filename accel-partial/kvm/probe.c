/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scratch VM: one vCPU, a few pages, a loop run in each CPU mode. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "cpu.h"
#include "keep.h"
#include "probe.h"
#include "../trace.h"
#include <sys/ioctl.h>
#include <linux/kvm.h>

/* Guest-physical layout of the scratch VM. */
enum {
    CODE = 0x1000,
    TSS = 0x4000,       /* with an I/O bitmap of zeros behind it */
    PML4 = 0x8000,
    PDPT = 0x9000,
    PD = 0xa000,
    PT = 0xb000,
    PD32 = 0xc000,
    DATA_A = 0xd000,
    DATA_B = 0xe000,
    STACK = 0xff00,
    MEMORY = 0x20000,
    ALIAS = 0x1f000,    /* virtual: DATA_A, then DATA_B */
};

#define DONE_PORT 0x80
#define CPUID_LEAF 0x40000000u
#define CPUID_MARK 0x50415254u

#define PTE_PWU (PG_PRESENT_MASK | PG_RW_MASK | PG_USER_MASK)

/* dec ecx; jnz; out 0x80, al */
static const uint8_t loop16[] = { 0x66, 0x49, 0x75, 0xfc, 0xe6, DONE_PORT };
static const uint8_t loop32[] = { 0x49, 0x75, 0xfd, 0xe6, DONE_PORT };
static const uint8_t loop64[] = { 0xff, 0xc9, 0x75, 0xfc, 0xe6, DONE_PORT };
/* cpuid; out 0x80, al */
static const uint8_t code_cpuid[] = { 0x0f, 0xa2, 0xe6, DONE_PORT };
/* mov esi,[rbx]; out; mov rax,cr3; mov cr3,rax; mov edi,[rbx]; out */
static const uint8_t code_alias[] = {
    0x8b, 0x33, 0xe6, DONE_PORT, 0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8,
    0x8b, 0x3b, 0xe6, DONE_PORT
};
/* The same for user code, which cannot reload CR3. */
static const uint8_t code_alias_user[] = {
    0x8b, 0x33, 0xe6, DONE_PORT, 0x8b, 0x3b, 0xe6, DONE_PORT
};
static const uint8_t code_ud2[] = { 0x0f, 0x0b };

typedef struct Scratch {
    bool disturbed;         /* something failed by chance */
    int kvm, vm, vcpu;
    struct kvm_run *run;
    size_t run_size;
    uint8_t *mem;
    struct kvm_sregs reset;
} Scratch;

typedef struct ModeTest {
    const uint8_t *code;
    uint8_t len;
    bool pe, paged, lme, code32, code64, user, vm86, big;
} ModeTest;

#define LOOP(n) .code = loop##n, .len = sizeof(loop##n)

static const ModeTest mode_test[PARTIAL_MODE__MAX] = {
    [PARTIAL_MODE_REAL] = { LOOP(16) },
    [PARTIAL_MODE_BIGREAL] = { LOOP(16), .big = true },
    [PARTIAL_MODE_VM86] = { LOOP(16), .pe = true, .vm86 = true },
    [PARTIAL_MODE_PROT16] = { LOOP(16), .pe = true },
    [PARTIAL_MODE_PROT32] = { LOOP(32), .pe = true, .code32 = true },
    [PARTIAL_MODE_PAGED16] = { LOOP(16), .pe = true, .paged = true },
    [PARTIAL_MODE_PAGED32] = { LOOP(32), .pe = true, .paged = true,
                               .code32 = true },
    [PARTIAL_MODE_COMPAT] = { LOOP(32), .pe = true, .paged = true,
                              .lme = true, .code32 = true, .user = true },
    [PARTIAL_MODE_LONG0] = { LOOP(64), .pe = true, .paged = true,
                             .lme = true, .code64 = true },
    [PARTIAL_MODE_LONG3] = { LOOP(64), .pe = true, .paged = true,
                             .lme = true, .code64 = true, .user = true },
};

/* A signal may come at any time, and KVM_CREATE_VM does not like it. */
static int try_ioctl(int fd, unsigned long request, uintptr_t arg)
{
    return RETRY_ON_EINTR(ioctl(fd, request, arg));
}

static void scratch_close(Scratch *s)
{
    if (s->run) {
        munmap(s->run, s->run_size);
    }
    if (s->vcpu >= 0) {
        close(s->vcpu);
    }
    if (s->vm >= 0) {
        close(s->vm);
    }
    if (s->kvm >= 0) {
        close(s->kvm);
    }
    if (s->mem) {
        munmap(s->mem, MEMORY);
    }
}

static bool scratch_cpuid(Scratch *s)
{
    enum { MAX = 256 };
    g_autofree struct kvm_cpuid2 *c =
        g_malloc0(sizeof(*c) + MAX * sizeof(c->entries[0]));
    unsigned i;

    c->nent = MAX - 1;
    if (try_ioctl(s->kvm, KVM_GET_SUPPORTED_CPUID, (uintptr_t)c) < 0) {
        return false;
    }
    for (i = 0; i < c->nent && c->entries[i].function != CPUID_LEAF; i++) {
        continue;
    }
    if (i == c->nent) {
        c->nent++;
    }
    c->entries[i] = (struct kvm_cpuid_entry2) {
        .function = CPUID_LEAF, .eax = CPUID_LEAF, .ebx = CPUID_MARK,
    };
    return try_ioctl(s->vcpu, KVM_SET_CPUID2, (uintptr_t)c) == 0;
}

static bool scratch_open(Scratch *s, const char *device, Error **errp)
{
    struct kvm_userspace_memory_region region = { .memory_size = MEMORY };
    void *p;
    int size;

    *s = (Scratch) { .kvm = -1, .vm = -1, .vcpu = -1 };
    s->kvm = qemu_open(device, O_RDWR, errp);
    if (s->kvm < 0) {
        error_append_hint(errp, "-accel partial needs KVM: load kvm_intel or "
                          "kvm_amd and give this user access to %s, or use "
                          "-accel tcg\n", device);
        return false;
    }
    p = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        goto fail;
    }
    s->mem = p;
    region.userspace_addr = (uintptr_t)p;
    s->vm = try_ioctl(s->kvm, KVM_CREATE_VM, 0);
    if (s->vm < 0) {
        goto fail;
    }
    /* Where VMX without unrestricted guest keeps its vm86 state. */
    try_ioctl(s->vm, KVM_SET_TSS_ADDR, 0xfffbd000ul);
    if (try_ioctl(s->vm, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region) < 0) {
        goto fail;
    }
    s->vcpu = try_ioctl(s->vm, KVM_CREATE_VCPU, 0);
    size = ioctl(s->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (s->vcpu < 0 || size < 0) {
        goto fail;
    }
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s->vcpu, 0);
    if (p == MAP_FAILED) {
        goto fail;
    }
    s->run = p;
    s->run_size = size;
    if (!scratch_cpuid(s) || ioctl(s->vcpu, KVM_GET_SREGS, &s->reset) < 0) {
        goto fail;
    }
    return true;

fail:
    error_setg_errno(errp, errno, "KVM could not make the scratch VM");
    scratch_close(s);
    return false;
}

static void build_tables(Scratch *s)
{
    uint64_t *pml4 = (void *)(s->mem + PML4), *pdpt = (void *)(s->mem + PDPT);
    uint64_t *pd = (void *)(s->mem + PD), *pt = (void *)(s->mem + PT);
    uint32_t *pd32 = (void *)(s->mem + PD32);
    unsigned i;

    pml4[0] = PDPT | PTE_PWU;
    pdpt[0] = PD | PTE_PWU;
    pd[0] = PT | PTE_PWU;
    for (i = 0; i < MEMORY >> 12; i++) {
        pt[i] = (i << 12) | PTE_PWU;
    }
    pt[ALIAS >> 12] = DATA_A | PTE_PWU;
    pd32[0] = PTE_PWU | PG_PSE_MASK;
    memset(s->mem + DATA_A, 0xaa, 4);
    memset(s->mem + DATA_B, 0xbb, 4);
    stw_le_p(s->mem + TSS + 0x66, 0x68);
}

static struct kvm_segment flat(const ModeTest *t, uint8_t type)
{
    return (struct kvm_segment) {
        .limit = 0xffffffff, .selector = t->user ? 0x13 : 0x10, .type = type,
        .present = 1, .s = 1, .g = 1, .dpl = t->user ? 3 : 0,
        .db = t->code32 || t->code64,
    };
}

static void fill_segments(const ModeTest *t, struct kvm_sregs *r)
{
    struct kvm_segment data = flat(t, 3), code = flat(t, 11);

    if (!t->pe || t->vm86) {
        data = (struct kvm_segment) {
            .limit = t->big ? 0xffffffff : 0xffff, .type = 3, .s = 1,
            .present = 1, .g = t->big, .dpl = t->vm86 ? 3 : 0,
        };
        code = data;
        code.limit = 0xffff;
        code.g = 0;
        if (!t->vm86) {
            code.type = 11;
        }
    }
    code.l = t->code64;
    code.db = t->code32;
    r->cs = code;
    r->ds = r->es = r->fs = r->gs = r->ss = data;
    r->tr = (struct kvm_segment) {
        .base = TSS, .limit = 0x1fff, .selector = 0x20, .type = 11,
        .present = 1,
    };
}

static bool set_mode(Scratch *s, const ModeTest *t, uint64_t rip,
                     struct kvm_regs *regs)
{
    struct kvm_sregs r = s->reset;

    fill_segments(t, &r);
    r.idt.limit = 0;
    r.gdt.limit = 0;
    r.cr0 = 0x10 | (t->pe ? CR0_PE_MASK : 0) | (t->paged ? CR0_PG_MASK : 0);
    r.cr4 = t->lme ? CR4_PAE_MASK : t->paged ? CR4_PSE_MASK : 0;
    r.cr3 = t->lme ? PML4 : t->paged ? PD32 : 0;
    r.efer = t->lme ? MSR_EFER_LME | MSR_EFER_LMA : 0;
    regs->rip = rip;
    regs->rsp = STACK;
    regs->rflags = 2 | (t->user || t->vm86 ? IOPL_MASK : 0) |
                   (t->vm86 ? VM_MASK : 0);
    return ioctl(s->vcpu, KVM_SET_SREGS, &r) == 0 &&
           ioctl(s->vcpu, KVM_SET_REGS, regs) == 0;
}

/* Time of this thread on a CPU, in ns: another that is busy adds none. */
static int64_t thread_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * NANOSECONDS_PER_SECOND + ts.tv_nsec;
}

/* KVM_RUN to the next OUT to DONE_PORT; false if it ends in another way. */
static bool run_to_out(Scratch *s, int64_t *ns)
{
    int64_t start = thread_clock();
    int r;

    do {
        r = ioctl(s->vcpu, KVM_RUN, 0);
    } while (r < 0 && (errno == EINTR || errno == EAGAIN));
    *ns = thread_clock() - start;
    trace_partial_probe_exit(r < 0 ? errno : 0, s->run->exit_reason,
                             s->run->internal.suberror);
    s->disturbed |= r < 0;
    if (r < 0 || s->run->exit_reason != KVM_EXIT_IO ||
        s->run->io.port != DONE_PORT) {
        return false;
    }
    /* Let KVM finish the instruction, so that nothing of it is left over. */
    s->run->immediate_exit = 1;
    ioctl(s->vcpu, KVM_RUN, 0);
    s->run->immediate_exit = 0;
    return true;
}

/* The best of some runs; none is made once @enough is reached. */
static int64_t run_loop(Scratch *s, const ModeTest *t, uint32_t count,
                        int64_t enough)
{
    int64_t ns, best = INT64_MAX;
    int i;

    for (i = 0; i < 3; i++) {
        struct kvm_regs regs = { .rcx = count };

        if (!set_mode(s, t, CODE, &regs) || !run_to_out(s, &ns)) {
            return -1;
        }
        best = MIN(best, ns);
        if (best <= enough) {
            break;
        }
    }
    return best;
}

/* Two instructions a turn; few turns first, for a VT that emulates. */
static uint32_t measure_mips(Scratch *s, const ModeTest *t, uint32_t *exit_ns)
{
    static const uint32_t counts[] = { 64, 2048 };
    int64_t base, ns, per_turn = 0;
    size_t i;

    memcpy(s->mem + CODE, t->code, t->len);
    base = run_loop(s, t, 1, 0);
    if (base < 0) {
        return 0;
    }
    *exit_ns = base;
    for (i = 0; i < ARRAY_SIZE(counts); i++) {
        /* Twice as fast as need be is certain. */
        ns = run_loop(s, t, counts[i], base + (counts[i] - 1) *
                      (INT64_C(1000) / PROBE_NATIVE_MIPS));
        if (ns < 0) {
            return 0;
        }
        per_turn = (ns - base) / (counts[i] - 1);
        if (per_turn > 5 * 2 * 1000 / PROBE_NATIVE_MIPS) {
            break;
        }
    }
    return MAX(1, 2000 / MAX(per_turn, 1));
}

/*
 * A busy host makes VT look slow, never fast: a slow mode is asked again.  That
 * is cheap where VT emulates: few turns show it.
 */
#define TRIES 6
static uint32_t measure_best(Scratch *s, const ModeTest *t, uint32_t *exit_ns)
{
    uint32_t best = 0, mips;
    int i;

    for (i = 0; i < TRIES; i++) {
        mips = measure_mips(s, t, exit_ns);
        best = MAX(best, mips);
        if (mips == 0 || best >= PROBE_NATIVE_MIPS) {
            break;
        }
    }
    return best;
}

static bool cpuid_honoured(Scratch *s, PartialMode mode)
{
    struct kvm_regs regs = { .rax = CPUID_LEAF };
    int64_t ns;

    memcpy(s->mem + CODE, code_cpuid, sizeof(code_cpuid));
    return set_mode(s, &mode_test[mode], CODE, &regs) && run_to_out(s, &ns) &&
           ioctl(s->vcpu, KVM_GET_REGS, &regs) == 0 && regs.rbx == CPUID_MARK;
}

/* Loading another CR3 and the old one again stands for the guest's reload. */
static bool reload_cr3(Scratch *s)
{
    struct kvm_sregs r;
    uint64_t cr3;

    if (ioctl(s->vcpu, KVM_GET_SREGS, &r) < 0) {
        return false;
    }
    cr3 = r.cr3;
    r.cr3 = cr3 ^ PG_PWT_MASK;
    if (ioctl(s->vcpu, KVM_SET_SREGS, &r) < 0) {
        return false;
    }
    r.cr3 = cr3;
    return ioctl(s->vcpu, KVM_SET_SREGS, &r) == 0;
}

/*
 * VT maps a page, user space changes the PTE, the translation is reloaded: does
 * VT see the new page?  Asked in a mode that VT runs natively; an emulator
 * walks the tables itself and is always right.
 */
static bool misses_stores_to_tables(Scratch *s, PartialModes native)
{
    bool user = !(native & (1u << PARTIAL_MODE_LONG0));
    const ModeTest *t = &mode_test[user ? PARTIAL_MODE_LONG3
                                        : PARTIAL_MODE_LONG0];
    struct kvm_regs regs = { .rbx = ALIAS };
    int64_t ns;

    if (user) {
        memcpy(s->mem + CODE, code_alias_user, sizeof(code_alias_user));
    } else {
        memcpy(s->mem + CODE, code_alias, sizeof(code_alias));
    }
    if (!set_mode(s, t, CODE, &regs) || !run_to_out(s, &ns)) {
        return true;
    }
    stq_le_p(s->mem + PT + (ALIAS >> 12) * 8, DATA_B | PTE_PWU);
    if ((user && !reload_cr3(s)) || !run_to_out(s, &ns) ||
        ioctl(s->vcpu, KVM_GET_REGS, &regs) < 0) {
        return true;
    }
    return (uint32_t)regs.rdi != 0xbbbbbbbb;
}

static bool shutdown_keeps_state(Scratch *s, PartialModes native)
{
    PartialMode mode = native & (1u << PARTIAL_MODE_PROT32)
                       ? PARTIAL_MODE_PROT32 : PARTIAL_MODE_LONG3;
    struct kvm_regs regs = { .rbx = CPUID_MARK };
    int r;

    memcpy(s->mem + CODE, code_ud2, sizeof(code_ud2));
    if (!set_mode(s, &mode_test[mode], CODE, &regs)) {
        return false;
    }
    do {
        r = ioctl(s->vcpu, KVM_RUN, 0);
    } while (r < 0 && (errno == EINTR || errno == EAGAIN));
    trace_partial_probe_exit(r < 0 ? errno : 0, s->run->exit_reason, 0);
    return r == 0 && s->run->exit_reason == KVM_EXIT_SHUTDOWN &&
           ioctl(s->vcpu, KVM_GET_REGS, &regs) == 0 &&
           regs.rip == CODE && regs.rbx == CPUID_MARK;
}

/* A KVM may name architectural capabilities that it then refuses to set. */
static bool arch_caps_settable(Scratch *s)
{
    g_autofree struct kvm_msrs *msrs =
        g_malloc0(sizeof(*msrs) + sizeof(msrs->entries[0]));

    msrs->nmsrs = 1;
    msrs->entries[0].index = MSR_IA32_ARCH_CAPABILITIES;
    return ioctl(s->kvm, KVM_GET_MSRS, msrs) == 1 &&
           ioctl(s->vcpu, KVM_SET_MSRS, msrs) == 1;
}

static bool measure(const char *device, PartialFacts *p, bool *good,
                    Error **errp)
{
    int64_t start = get_clock();
    Scratch s;
    int m;

    *p = (PartialFacts) { 0 };
    if (!scratch_open(&s, device, errp)) {
        return false;
    }
    build_tables(&s);
    for (m = 0; m < PARTIAL_MODE__MAX; m++) {
        p->mips[m] = measure_best(&s, &mode_test[m], &p->exit_ns);
        if (p->mips[m] >= PROBE_NATIVE_MIPS) {
            p->native |= 1u << m;
        }
        trace_partial_probe_mode(partial_mode_name[m], p->mips[m]);
    }
    p->cpuid_honoured = cpuid_honoured(&s, PARTIAL_MODE_LONG0) &&
                        cpuid_honoured(&s, PARTIAL_MODE_LONG3);
    p->arch_caps_settable = arch_caps_settable(&s);
    p->shadows = misses_stores_to_tables(&s, p->native);
    p->shutdown_keeps_state = shutdown_keeps_state(&s, p->native);
    *good = !s.disturbed;
    scratch_close(&s);
    p->total_us = (get_clock() - start) / SCALE_US;
    trace_partial_probe_done(p->native, p->shadows, p->cpuid_honoured,
                             p->shutdown_keeps_state, p->total_us);
    return true;
}

bool partial_probe(const char *device, PartialFacts *facts, Error **errp)
{
    bool good;

    if (partial_keep_find(device, facts)) {
        trace_partial_probe_kept(facts->kept_in);
        return true;
    }
    if (!measure(device, facts, &good, errp)) {
        return false;
    }
    if (good) {
        partial_keep_put(device, facts);
    }
    return true;
}
