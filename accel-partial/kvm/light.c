/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State that travels in the run page, and groups fetched on first touch. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "exec/cputlb.h"
#include "exec/exec-all.h"
#include "hw/i386/apic.h"
#include "hw/i386/apic_internal.h"
#include "kvm/kvm_i386.h"
#include "system/kvm.h"
#include "system/runstate.h"
#include "tcg/helper-tcg.h"
#include "../env.h"
#include "../vcpu-state.h"
#include "vt-cpu.h"

#define SYNC_ALL (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS)

/* The guest's breakpoints are looked at this often; see docs/design.md. */
#define DEBUG_REGS_NS (10 * SCALE_MS)

/* Where kvm_regs and kvm_sregs keep what env numbers. */
static const struct {
    size_t offset;
    uint8_t reg;
} gpr[] = {
#define GPR(name, number) { offsetof(struct kvm_regs, name), number }
    GPR(rax, R_EAX), GPR(rbx, R_EBX), GPR(rcx, R_ECX), GPR(rdx, R_EDX),
    GPR(rsi, R_ESI), GPR(rdi, R_EDI), GPR(rsp, R_ESP), GPR(rbp, R_EBP),
#ifdef TARGET_X86_64
    GPR(r8, 8), GPR(r9, 9), GPR(r10, 10), GPR(r11, 11),
    GPR(r12, 12), GPR(r13, 13), GPR(r14, 14), GPR(r15, 15),
#endif
#undef GPR
};

static const struct {
    size_t kvm, env;
} segment[] = {
#define SEGMENT(name, field) \
    { offsetof(struct kvm_sregs, name), offsetof(CPUX86State, field) }
    SEGMENT(cs, segs[R_CS]), SEGMENT(ds, segs[R_DS]), SEGMENT(es, segs[R_ES]),
    SEGMENT(fs, segs[R_FS]), SEGMENT(gs, segs[R_GS]), SEGMENT(ss, segs[R_SS]),
    SEGMENT(tr, tr), SEGMENT(ldt, ldt),
#undef SEGMENT
};

static inline uint64_t *gpr_of(struct kvm_regs *r, size_t i)
{
    return (uint64_t *)((char *)r + gpr[i].offset);
}

static inline struct kvm_segment *segment_of(struct kvm_sregs *s, size_t i)
{
    return (struct kvm_segment *)((char *)s + segment[i].kvm);
}

static inline SegmentCache *cache_of(CPUX86State *env, size_t i)
{
    return (SegmentCache *)((char *)env + segment[i].env);
}

/* --- segments: KVM names the bits of a descriptor, env packs them --------- */

static SegmentCache unpack(const struct kvm_segment *s)
{
    return (SegmentCache) {
        .selector = s->selector, .base = s->base, .limit = s->limit,
        .flags = s->type << DESC_TYPE_SHIFT | s->dpl << DESC_DPL_SHIFT |
                 (s->s ? DESC_S_MASK : 0) | (s->db ? DESC_B_MASK : 0) |
                 (s->l ? DESC_L_MASK : 0) | (s->g ? DESC_G_MASK : 0) |
                 (s->avl ? DESC_AVL_MASK : 0) |
                 (s->present && !s->unusable ? DESC_P_MASK : 0),
    };
}

static struct kvm_segment pack(const SegmentCache *c)
{
    return (struct kvm_segment) {
        .selector = c->selector, .base = c->base, .limit = c->limit,
        .type = c->flags >> DESC_TYPE_SHIFT & 15,
        .dpl = c->flags >> DESC_DPL_SHIFT & 3,
        .s = !!(c->flags & DESC_S_MASK), .db = !!(c->flags & DESC_B_MASK),
        .l = !!(c->flags & DESC_L_MASK), .g = !!(c->flags & DESC_G_MASK),
        .avl = !!(c->flags & DESC_AVL_MASK),
        .present = !!(c->flags & DESC_P_MASK),
        .unusable = !(c->flags & DESC_P_MASK),
    };
}

static bool same_segment(const SegmentCache *a, const SegmentCache *b)
{
    return a->selector == b->selector && a->base == b->base &&
           a->limit == b->limit && a->flags == b->flags;
}

/* --- registers ---------------------------------------------------------- */

static void take_regs(CPUX86State *env, struct kvm_regs *r)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(gpr); i++) {
        env->regs[gpr[i].reg] = *gpr_of(r, i);
    }
    env->eip = r->rip;
    env->eflags = r->rflags;
}

static void give_regs(CPUX86State *env, struct kvm_regs *r)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(gpr); i++) {
        *gpr_of(r, i) = env->regs[gpr[i].reg];
    }
    r->rip = env->eip;
    r->rflags = env->eflags;
}

static void take_sregs(CPUState *cpu, CPUX86State *env, struct kvm_sregs *s)
{
    APICCommonState *apic = APIC_COMMON(X86_CPU(cpu)->apic_state);
    size_t i;

    for (i = 0; i < ARRAY_SIZE(segment); i++) {
        *cache_of(env, i) = unpack(segment_of(s, i));
    }
    env->gdt.base = s->gdt.base;
    env->gdt.limit = s->gdt.limit;
    env->idt.base = s->idt.base;
    env->idt.limit = s->idt.limit;
    env->cr[0] = s->cr0;
    env->cr[2] = s->cr2;
    env->cr[3] = s->cr3;
    env->cr[4] = s->cr4;
    env->efer = s->efer;
    if (apic && kvm_irqchip_in_kernel() && apic->apicbase != s->apic_base) {
        cpu_set_apic_base(X86_CPU(cpu)->apic_state, s->apic_base);
    }
}

/* Whether SREGS differ from what was taken; they are made the same. */
static bool give_sregs(CPUX86State *env, struct kvm_sregs *s)
{
    struct kvm_sregs was = *s;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(segment); i++) {
        SegmentCache old = unpack(segment_of(s, i));

        if (!same_segment(&old, cache_of(env, i))) {
            *segment_of(s, i) = pack(cache_of(env, i));
        }
    }
    s->gdt.base = env->gdt.base;
    s->gdt.limit = env->gdt.limit;
    s->idt.base = env->idt.base;
    s->idt.limit = env->idt.limit;
    s->cr0 = env->cr[0];
    s->cr2 = env->cr[2];
    s->cr3 = env->cr[3];
    s->cr4 = env->cr[4];
    s->efer = env->efer;
    return memcmp(&was, s, sizeof(was)) != 0;
}

/* --- groups fetched on first touch ---------------------------------------- */

/* What this KVM has; each vCPU finds the same. */
static unsigned long get_xsave;
static bool has_xcrs;

/* XSAVE's image of the FPU as env has it now, in env's own buffer. */
static void *image(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    x86_cpu_xsave_all_areas(X86_CPU(cpu), env->xsave_buf, env->xsave_buf_len);
    return env->xsave_buf;
}

static void get_xcr0(CPUState *cpu)
{
    struct kvm_xcrs xcrs;

    if (has_xcrs && kvm_vcpu_ioctl(cpu, KVM_GET_XCRS, &xcrs) == 0 &&
        xcrs.nr_xcrs && xcrs.xcrs[0].xcr == 0) {
        cpu_env(cpu)->xcr0 = xcrs.xcrs[0].value;
    }
}

/* It never happens; if it does, the guest must not go on. */
static void cannot(const char *ioctl)
{
    error_report("accel partial: %s failed; the VM is paused", ioctl);
    vm_stop(RUN_STATE_INTERNAL_ERROR);
}

void partial_light_fpu(CPUState *cpu)
{
    PartialLight *l = &cpu->accel->vt->light;
    CPUX86State *env = cpu_env(cpu);

    if (partial_lazy_fpu_is_here(cpu)) {
        return;
    }
    PARTIAL_COUNT(cpu, light_fpu);
    if (kvm_vcpu_ioctl(cpu, get_xsave, env->xsave_buf) < 0) {
        cannot("KVM_GET_XSAVE");
        return;
    }
    partial_lazy_fpu_set(cpu, true);
    get_xcr0(cpu);
    x86_cpu_xrstor_all_areas(X86_CPU(cpu), env->xsave_buf, env->xsave_buf_len);
    env->xstate_bv |= env->xcr0 | XSTATE_FP_MASK | XSTATE_SSE_MASK;
    if (!l->before) {
        l->before = g_malloc(env->xsave_buf_len);
    }
    memcpy(l->before, image(cpu), env->xsave_buf_len);
    partial_regs_fpu_take(cpu);
    x86_update_hflags(env);
    env->hflags &= ~PARTIAL_HFLAGS_IN_EFLAGS;
    cpu_sync_avx_hflag(env);
}

static void give_fpu(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);

    partial_regs_fpu_give(cpu);
    if (memcmp(cpu->accel->vt->light.before, image(cpu), env->xsave_buf_len) &&
        kvm_vcpu_ioctl(cpu, KVM_SET_XSAVE, env->xsave_buf) < 0) {
        cannot("KVM_SET_XSAVE");
    }
}

void partial_light_tsc(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);
    struct {
        struct kvm_msrs info;
        struct kvm_msr_entry entries[3];
    } msrs = {
        /* KVM stops at the first that it does not have. */
        .info.nmsrs = 3, .entries[0].index = MSR_IA32_TSC,
        .entries[1].index = MSR_TSC_ADJUST, .entries[2].index = MSR_TSC_AUX,
    };
    int n;

    if (cpu->accel->vt->light.tsc) {
        return;
    }
    cpu->accel->vt->light.tsc = true;
    PARTIAL_COUNT(cpu, light_tsc);
    n = kvm_vcpu_ioctl(cpu, KVM_GET_MSRS, &msrs);
    if (n >= 1) {
        env->tsc = msrs.entries[0].data;
        env->tsc_adjust = n >= 2 ? msrs.entries[1].data : 0;
        partial_regs_learn_tsc(cpu);
    }
    if (n >= 3) {
        env->tsc_aux = msrs.entries[2].data;
    }
}

/*
 * The guest's breakpoints: KVM has no cheap way to say that they changed.  One
 * that is set may be missed for DEBUG_REGS_NS; one that is cleared never hits.
 */
static void get_debug_regs(CPUState *cpu, int64_t now)
{
    PartialLight *l = &cpu->accel->vt->light;
    CPUX86State *env = cpu_env(cpu);
    struct kvm_debugregs d;
    int i;

    l->debug_old = now < l->debug_until &&
                           !(env->dr[7] & 0xff);
    if (l->debug_old ||
        kvm_vcpu_ioctl(cpu, KVM_GET_DEBUGREGS, &d) < 0) {
        return;
    }
    l->debug_until = now + DEBUG_REGS_NS;
    for (i = 0; i < 4; i++) {
        env->dr[i] = d.db[i];
    }
    env->dr[6] = d.dr6;
    env->dr[7] = d.dr7;
}

void partial_light_debug(CPUState *cpu)
{
    PartialLight *l = &cpu->accel->vt->light;
    CPUX86State *env = cpu_env(cpu);
    int64_t now = get_clock();

    if (!l->on || !l->debug_old ||
        now < l->debug_until) {
        return;
    }
    get_debug_regs(cpu, now);
    l->dr6 = env->dr[6];
    partial_env_derive_breakpoints(env);
}

/* What a #DB in the window has added to DR6. */
static void give_dr6(CPUState *cpu)
{
    uint64_t added = cpu_env(cpu)->dr[6] & ~cpu->accel->vt->light.dr6;
    struct kvm_debugregs d;

    if (added && kvm_vcpu_ioctl(cpu, KVM_GET_DEBUGREGS, &d) == 0) {
        d.dr6 |= added;
        kvm_vcpu_ioctl(cpu, KVM_SET_DEBUGREGS, &d);
    }
}

/* --- the window's two ends ------------------------------------------------ */

bool partial_light_init(CPUState *cpu)
{
    const int wanted = SYNC_ALL;

    if ((kvm_check_extension(kvm_state, KVM_CAP_SYNC_REGS) & wanted) !=
        wanted) {
        return false;
    }
    get_xsave = kvm_check_extension(kvm_state, KVM_CAP_XSAVE2) > 0 ?
                KVM_GET_XSAVE2 : KVM_GET_XSAVE;
    has_xcrs = kvm_check_extension(kvm_state, KVM_CAP_XCRS) > 0;
    cpu->kvm_run->kvm_valid_regs |= KVM_SYNC_X86_REGS;
    return true;
}

void partial_light_fini(CPUState *cpu)
{
    g_free(cpu->accel->vt->light.before);
    cpu->accel->vt->light.before = NULL;
}

bool partial_light_is_on(CPUState *cpu)
{
    return cpu->accel->vt->light.on;
}

void partial_light_forget(CPUState *cpu)
{
    cpu->accel->vt->light.on = false;
    cpu->kvm_run->kvm_dirty_regs = 0;
}

void partial_light_forget_walks(CPUState *cpu)
{
    cpu->accel->vt->light.keeps_walks = false;
}

void partial_light_ask(CPUState *cpu)
{
    cpu->kvm_run->kvm_valid_regs |= SYNC_ALL;
}

void partial_light_unask(CPUState *cpu)
{
    cpu->kvm_run->kvm_valid_regs =
        partial_config->states ? KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS
                              : KVM_SYNC_X86_REGS;
}

void partial_light_rest(CPUState *cpu)
{
    if (!partial_config->states) {
        cpu->kvm_run->kvm_valid_regs = 0;
    }
}

/* An NMI or SMI that is blocked waits in KVM, which sees what unblocks it. */
static bool event_on_its_way(const struct kvm_vcpu_events *e)
{
    return e->exception.injected || e->exception.pending ||
           e->interrupt.injected || e->interrupt.shadow || e->nmi.injected ||
           (e->nmi.pending && !e->nmi.masked) ||
           (e->smi.pending && !e->smi.smm) || e->triple_fault.pending;
}

/*
 * VT may have changed any translation, with or without an INVLPG.  Where guest
 * memory is does not depend on that: what the page walker has found stays,
 * unless it found it inside SMM and the guest is outside now, or vice versa.
 */
static void forget_translations(CPUState *cpu)
{
    PartialLight *l = &cpu->accel->vt->light;
    bool smm = cpu_env(cpu)->hflags & HF_SMM_MASK;
    bool keeps = l->keeps_walks && l->walked_in_smm == smm;
    uint16_t all = MAKE_64BIT_MASK(0, NB_MMU_MODES);

    tlb_flush_by_mmuidx(cpu, keeps ? all & ~(1u << MMU_PHYS_IDX) : all);
    l->keeps_walks = true;
    l->walked_in_smm = smm;
}

/* Without SMM's address space there is none that TCG could use. */
static bool knows_memory(CPUState *cpu, const struct kvm_vcpu_events *e)
{
    return !e->smi.smm || cpu->num_ases > 1;
}

static void take_blocking(CPUX86State *env, const struct kvm_vcpu_events *e)
{
    env->hflags &= ~(HF_SMM_MASK | HF_GUEST_MASK | HF_INHIBIT_IRQ_MASK);
    env->hflags |= e->smi.smm ? HF_SMM_MASK : 0;
    env->hflags2 &= ~HF2_NMI_MASK;
    env->hflags2 |= e->nmi.masked ? HF2_NMI_MASK : 0;
}

bool partial_light_take(CPUState *cpu)
{
    PartialLight *l = &cpu->accel->vt->light;
    CPUX86State *env = cpu_env(cpu);
    struct kvm_run *run = cpu->kvm_run;
    bool all = (run->kvm_valid_regs & SYNC_ALL) == SYNC_ALL;
    struct kvm_sync_regs *s = &run->s.regs;

    partial_light_unask(cpu);
    if (!all || cpu->vcpu_dirty || cpu->stop || cpu->singlestep_enabled ||
        s->regs.rflags & TF_MASK || event_on_its_way(&s->events) ||
        !knows_memory(cpu, &s->events) || run->flags & KVM_RUN_X86_GUEST_MODE) {
        return false;
    }
    l->on = true;
    partial_lazy_fpu_set(cpu, false);
    l->tsc = false;
    partial_window_set_event(cpu, -1, false);
    cpu->halted = 0;
    env->mp_state = KVM_MP_STATE_RUNNABLE;
    take_blocking(env, &s->events);
    env->old_exception = -1;
    /* KVM sets bits there and clears none; what is queued was refused above. */
    memset(s->sregs.interrupt_bitmap, 0, sizeof(s->sregs.interrupt_bitmap));
    take_regs(env, &s->regs);
    take_sregs(cpu, env, &s->sregs);
    partial_regs_note_bases(cpu);
    get_debug_regs(cpu, get_clock());
    l->dr6 = env->dr[6];
    x86_update_hflags(env);
    partial_env_derive_flags(env);
    cpu->cflags_next_tb = -1;
    forget_translations(cpu);
    return true;
}

/* A shadow after STI or MOV SS, which no KVM_SYNC group carries by itself. */
static void give_shadow(CPUState *cpu, CPUX86State *env)
{
    struct kvm_vcpu_events e = cpu->kvm_run->s.regs.events;

    if (!(env->hflags & HF_INHIBIT_IRQ_MASK)) {
        return;
    }
    env->hflags &= ~HF_INHIBIT_IRQ_MASK;
    e.flags = KVM_VCPUEVENT_VALID_SHADOW;
    e.interrupt.shadow = env->eflags & IF_MASK ? KVM_X86_SHADOW_INT_STI
                                               : KVM_X86_SHADOW_INT_MOV_SS;
    kvm_vcpu_ioctl(cpu, KVM_SET_VCPU_EVENTS, &e);
}

void partial_light_give(CPUState *cpu)
{
    PartialLight *l = &cpu->accel->vt->light;
    CPUX86State *env = cpu_env(cpu);
    struct kvm_sync_regs *s = &cpu->kvm_run->s.regs;

    CC_OP = CC_OP_EFLAGS;
    CC_SRC = 0;
    env->df = 1;
    partial_regs_make_acceptable(cpu);
    cpu->kvm_run->ready_for_interrupt_injection =
        env->eflags & IF_MASK && !(env->hflags & HF_INHIBIT_IRQ_MASK);
    give_shadow(cpu, env);
    give_dr6(cpu);
    if (partial_lazy_fpu_is_here(cpu)) {
        give_fpu(cpu);
    }
    give_regs(env, &s->regs);
    cpu->kvm_run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
    if (give_sregs(env, &s->sregs)) {
        cpu->kvm_run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
    }
    cpu->exception_index = -1;
    l->on = false;
    partial_regs_fpu_is_kvms(cpu);
}

void partial_light_flush(CPUState *cpu)
{
    struct kvm_run *run = cpu->kvm_run;

    if (run->kvm_dirty_regs & KVM_SYNC_X86_REGS &&
        kvm_vcpu_ioctl(cpu, KVM_SET_REGS, &run->s.regs.regs) < 0) {
        cannot("KVM_SET_REGS");
    }
    if (run->kvm_dirty_regs & KVM_SYNC_X86_SREGS &&
        kvm_vcpu_ioctl(cpu, KVM_SET_SREGS, &run->s.regs.sregs) < 0) {
        cannot("KVM_SET_SREGS");
    }
    run->kvm_dirty_regs = 0;
}
