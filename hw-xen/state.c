/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of an HVM vCPU: from Xen's records to env, and back. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "exec/cputlb.h"
#include "exec/exec-all.h"
#include "system/cpu-timers.h"
#include "hw/boards.h"
#include "system/runstate.h"
#include "tcg/helper-tcg.h"
#include "accel/partial/env.h"
#include "accel/partial/vcpu-state.h"
#include "records.h"
#include "set.h"
#include "vt-cpu.h"

typedef XenVTRecord Record;

/* --- where a record keeps what env numbers -------------------------------- */

static const struct {
    size_t offset;
    uint8_t reg;
} gpr[] = {
#define GPR(name, number) { offsetof(Record, name), number }
    GPR(rax, R_EAX), GPR(rbx, R_EBX), GPR(rcx, R_ECX), GPR(rdx, R_EDX),
    GPR(rsi, R_ESI), GPR(rdi, R_EDI), GPR(rsp, R_ESP), GPR(rbp, R_EBP),
#ifdef TARGET_X86_64
    GPR(r8, 8), GPR(r9, 9), GPR(r10, 10), GPR(r11, 11),
    GPR(r12, 12), GPR(r13, 13), GPR(r14, 14), GPR(r15, 15),
#endif
#undef GPR
};

static const struct {
    size_t sel, limit, base, attr, env;
} segment[] = {
#define SEGMENT(name, field) \
    { offsetof(Record, name##_sel), offsetof(Record, name##_limit), \
      offsetof(Record, name##_base), offsetof(Record, name##_arbytes), \
      offsetof(CPUX86State, field) }
    SEGMENT(cs, segs[R_CS]), SEGMENT(ds, segs[R_DS]), SEGMENT(es, segs[R_ES]),
    SEGMENT(fs, segs[R_FS]), SEGMENT(gs, segs[R_GS]), SEGMENT(ss, segs[R_SS]),
    SEGMENT(tr, tr), SEGMENT(ldtr, ldt),
#undef SEGMENT
};

static uint64_t *field64(Record *r, size_t offset)
{
    return (uint64_t *)((char *)r + offset);
}

static uint32_t *field32(Record *r, size_t offset)
{
    return (uint32_t *)((char *)r + offset);
}

/* Xen packs the attributes as SVM does (AMD64 APM vol. 2, 15.5.1). */
static uint32_t unpack(uint32_t attr)
{
    return (attr & 0xff) << 8 | (attr & 0xf00) << 12;
}

static uint32_t pack(uint32_t flags)
{
    return (flags >> 8 & 0xff) | (flags >> 12 & 0xf00);
}

static void take_segments(CPUX86State *env, Record *r)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(segment); i++) {
        SegmentCache *c = (SegmentCache *)((char *)env + segment[i].env);

        c->selector = *field32(r, segment[i].sel);
        c->limit = *field32(r, segment[i].limit);
        c->base = *field64(r, segment[i].base);
        c->flags = unpack(*field32(r, segment[i].attr));
    }
}

static void give_segments(const CPUX86State *env, Record *r)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(segment); i++) {
        const SegmentCache *c = (const void *)((const char *)env +
                                               segment[i].env);

        if (c->selector == *field32(r, segment[i].sel) &&
            c->limit == *field32(r, segment[i].limit) &&
            c->base == *field64(r, segment[i].base) &&
            c->flags == unpack(*field32(r, segment[i].attr))) {
            /* Bits that env has no place for stay as they were. */
            continue;
        }
        *field32(r, segment[i].sel) = c->selector;
        *field32(r, segment[i].limit) = c->limit;
        *field64(r, segment[i].base) = c->base;
        *field32(r, segment[i].attr) = pack(c->flags);
    }
}

/* Registers of one number in env and one name in a record. */
#define EACH_REGISTER(DO) \
    DO(gdt.base, gdtr_base) DO(gdt.limit, gdtr_limit) \
    DO(idt.base, idtr_base) DO(idt.limit, idtr_limit) \
    DO(cr[0], cr0) DO(cr[2], cr2) DO(cr[3], cr3) DO(cr[4], cr4) \
    DO(efer, msr_efer) DO(tsc_aux, msr_tsc_aux) \
    DO(sysenter_cs, sysenter_cs) DO(sysenter_esp, sysenter_esp) \
    DO(sysenter_eip, sysenter_eip) DO(star, msr_star) \
    DO(dr[0], dr0) DO(dr[1], dr1) DO(dr[2], dr2) DO(dr[3], dr3) \
    DO(dr[6], dr6) DO(dr[7], dr7)
#ifdef TARGET_X86_64
#define EACH_LONG_REGISTER(DO) \
    DO(lstar, msr_lstar) DO(cstar, msr_cstar) DO(fmask, msr_syscall_mask) \
    DO(kernelgsbase, shadow_gs)
#else
#define EACH_LONG_REGISTER(DO)
#endif

static void take_registers(CPUX86State *env, Record *r)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(gpr); i++) {
        env->regs[gpr[i].reg] = *field64(r, gpr[i].offset);
    }
    env->eip = r->rip;
    env->eflags = r->rflags;
#define TAKE(field, name) env->field = r->name;
    EACH_REGISTER(TAKE)
    EACH_LONG_REGISTER(TAKE)
#undef TAKE
}

static void give_registers(const CPUX86State *env, Record *r)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(gpr); i++) {
        *field64(r, gpr[i].offset) = env->regs[gpr[i].reg];
    }
    r->rip = env->eip;
    r->rflags = env->eflags;
#define GIVE(field, name) r->name = env->field;
    EACH_REGISTER(GIVE)
    EACH_LONG_REGISTER(GIVE)
#undef GIVE
}

/* --- reading ------------------------------------------------------------- */

static int read_record(CPUState *cpu, uint16_t code, void *buf, uint32_t size)
{
    return xc_domain_hvm_getcontext_partial(xen_xc, xen_domid, code,
                                            cpu->cpu_index, buf, size);
}

bool xen_vt_state_read(CPUState *cpu)
{
    XenVTState *s = &cpu->accel->vt->state;

    if (s->valid) {
        return true;
    }
    if (read_record(cpu, HVM_SAVE_CODE(CPU), &s->cpu, sizeof(s->cpu))) {
        return false;
    }
    s->notes = xen_vt_tsc_notes();
    s->valid = true;
    return true;
}

bool xen_vt_state_was_set(CPUState *cpu)
{
    return cpu->accel->vt->state.was_set;
}

bool xen_vt_state_is_lost(CPUState *cpu)
{
    return cpu->accel->vt->state.is_lost;
}

bool xen_vt_state_is_read(CPUState *cpu)
{
    return cpu->accel->vt->state.valid;
}

void xen_vt_state_forget(CPUState *cpu)
{
    cpu->accel->vt->state.valid = false;
    cpu->accel->vt->state.was_set = false;
    cpu->accel->vt->state.after_in = false;
}

const XenVTRecord *xen_vt_state_record(CPUState *cpu)
{
    return &cpu->accel->vt->state.cpu;
}

int64_t xen_vt_state_taken_at(CPUState *cpu)
{
    return cpu->accel->vt->state.taken_at;
}

void xen_vt_state_registers(CPUState *cpu, XenVTRegisters *r)
{
    const Record *c = &cpu->accel->vt->state.cpu;

    *r = (XenVTRegisters) {
        { c->rax, c->rbx, c->rcx, c->rdx, c->rsi, c->rdi, c->rbp, c->rsp,
          c->r8, c->r9, c->r10, c->r11, c->r12, c->r13, c->r14, c->r15 },
        c->rip,
    };
}

void xen_vt_state_fill(CPUState *cpu, uint64_t data, unsigned size)
{
    uint64_t *rax = &cpu->accel->vt->state.cpu.rax;
    uint64_t mask = size < 4 ? MAKE_64BIT_MASK(0, size * 8) : UINT64_MAX;

    *rax = (*rax & ~mask) | (data & mask & UINT32_MAX);
    cpu->accel->vt->state.after_in = true;
}

int64_t xen_vt_elapsed_ticks(void)
{
    CPUState *cpu = current_cpu;

    if (cpu && cpu->accel && partial_window_is_open(cpu)) {
        return xen_vt_tsc_now(&cpu->accel->vt->state.tsc);
    }
    return cpu_get_ticks();
}

/* --- the FPU -------------------------------------------------------------- */

static bool find_xsave_size(CPUState *cpu)
{
    XenVTState *s = &cpu->accel->vt->state;
    g_autofree void *all = NULL;
    const struct hvm_save_descriptor *d =
        xen_vt_records_find(&all, CPU_XSAVE_CODE, cpu->cpu_index);

    s->xsave_size = d && d->length <= XEN_VT_XSAVE_MAX ? d->length : 0;
    return s->xsave_size;
}

/*
 * What XSAVE has beyond the FPU's 512 bytes is lost when registers are set, if
 * it does not travel along.  A guest that has not set CR4.OSXSAVE has nothing.
 */
static bool read_xsave(CPUState *cpu)
{
    XenVTState *s = &cpu->accel->vt->state;

    if (!(s->cpu.cr4 & CR4_OSXSAVE_MASK)) {
        s->xsave_size = 0;
        return true;
    }
    if (s->xsave_size &&
        !read_record(cpu, CPU_XSAVE_CODE, s->xsave, s->xsave_size)) {
        return true;
    }
    return find_xsave_size(cpu) &&
           !read_record(cpu, CPU_XSAVE_CODE, s->xsave, s->xsave_size);
}

static struct hvm_hw_cpu_xsave *xsave_of(XenVTState *s)
{
    return (struct hvm_hw_cpu_xsave *)s->xsave;
}

/* XSAVE's image of env's FPU, in the standard format. */
static void image(CPUState *cpu, void *area)
{
    memset(area, 0, XEN_VT_XSAVE_MAX);
    x86_cpu_xsave_all_areas(X86_CPU(cpu), area, XEN_VT_XSAVE_MAX);
}

void xen_vt_state_fpu(CPUState *cpu)
{
    XenVTState *s = &cpu->accel->vt->state;
    CPUX86State *env = cpu_env(cpu);
    g_autofree uint8_t *area = NULL;
    X86XSaveHeader *header;

    if (partial_lazy_fpu_is_here(cpu)) {
        return;
    }
    partial_lazy_fpu_set(cpu, true);
    PARTIAL_COUNT(cpu, light_fpu);
    area = g_malloc0(XEN_VT_XSAVE_MAX);
    env->xcr0 = XSTATE_FP_MASK;
    if (s->xsave_size) {
        memcpy(area, &xsave_of(s)->save_area,
               s->xsave_size - offsetof(struct hvm_hw_cpu_xsave, save_area));
        env->xcr0 = xsave_of(s)->xcr0;
    } else {
        memcpy(area, s->cpu.fpu_regs, sizeof(s->cpu.fpu_regs));
        header = (X86XSaveHeader *)(area + sizeof(s->cpu.fpu_regs));
        header->xstate_bv = XSTATE_FP_MASK | XSTATE_SSE_MASK;
    }
    x86_cpu_xrstor_all_areas(X86_CPU(cpu), area, XEN_VT_XSAVE_MAX);
    env->xstate_bv |= env->xcr0 | XSTATE_FP_MASK | XSTATE_SSE_MASK;
    if (!s->before) {
        s->before = g_malloc(XEN_VT_XSAVE_MAX);
    }
    image(cpu, s->before);
    partial_env_rotate_fpu(env, env->fpstt);
    update_fp_status(env);
    update_mxcsr_status(env);
    x86_update_hflags(env);
    env->hflags &= ~PARTIAL_HFLAGS_IN_EFLAGS;
    cpu_sync_avx_hflag(env);
}

static void give_fpu(CPUState *cpu)
{
    XenVTState *s = &cpu->accel->vt->state;
    CPUX86State *env = cpu_env(cpu);
    g_autofree uint8_t *area = g_malloc(XEN_VT_XSAVE_MAX);

    update_mxcsr_from_sse_status(env);
    env->mxcsr &= 0xffff;
    partial_env_rotate_fpu(env, 8 - env->fpstt);
    env->xstate_bv |= env->xcr0 | XSTATE_FP_MASK | XSTATE_SSE_MASK;
    image(cpu, area);
    if (memcmp(area, s->before, XEN_VT_XSAVE_MAX) == 0) {
        return;
    }
    memcpy(s->cpu.fpu_regs, area, sizeof(s->cpu.fpu_regs));
    s->cpu.flags |= XEN_X86_FPU_INITIALISED;
    if (s->xsave_size) {
        memcpy(&xsave_of(s)->save_area, area,
               s->xsave_size - offsetof(struct hvm_hw_cpu_xsave, save_area));
    }
}

/* --- the window's two ends ------------------------------------------------ */

/* Breakpoints that TCG has not been told of: L0 to G3 of DR7. */
#define DR7_ENABLED 0xff

static bool is_known(CPUState *cpu, const Record *r)
{
    if (r->pending_valid || r->rflags & TF_MASK || cpu->stop ||
        r->dr7 & DR7_ENABLED) {
        return false;
    }
#ifndef TARGET_X86_64
    if (r->msr_efer & MSR_EFER_LMA) {
        warn_report_once("accel xen: qemu-system-i386 cannot take over 64-bit "
                         "code; use qemu-system-x86_64 as device model");
        return false;
    }
#endif
    return true;
}

/*
 * Whether other vCPUs run.  Records of all have to be set at once, and theirs
 * cannot be had while they run: a window keeps to what can be set alone then.
 */
static bool others_run(void)
{
    xc_domaininfo_t info;

    return current_machine->smp.max_cpus > 1 &&
           (xc_domain_getinfolist(xen_xc, xen_domid, 1, &info) != 1 ||
            info.domain != xen_domid || info.nr_online_vcpus > 1);
}

/* In real and virtual-8086 mode all code changes segments. */
static bool has_flat_segments(const Record *r)
{
    return r->cr0 & CR0_PE_MASK && !(r->rflags & VM_MASK);
}

/*
 * Whether RIP is at INS.  Xen may make one element of it as it makes IN, but
 * with RIP at the instruction; then nobody can tell whether IN came before.
 */
static bool is_at_ins(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);
    vaddr pc = env->segs[R_CS].base + env->eip;
    uint8_t byte;
    int i;

    for (i = 0; i < 15; i++) {
        if (cpu_memory_rw_debug(cpu, pc + i, &byte, 1, false)) {
            return true;
        }
        switch (byte) {
        case 0x6c: case 0x6d:
            return true;
        case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x40 ... 0x4f:
        case 0x64 ... 0x67: case 0xf0: case 0xf2: case 0xf3:
            continue;
        default:
            return false;
        }
    }
    return false;
}

/* The TSC in the record, as of Xen's last note; IN may have filled the rest. */
static bool learn_tsc(CPUState *cpu)
{
    XenVTState *s = &cpu->accel->vt->state;
    Record now;

    if (s->notes != xen_vt_tsc_notes()) {
        if (read_record(cpu, HVM_SAVE_CODE(CPU), &now, sizeof(now))) {
            return false;
        }
        s->cpu.tsc = now.tsc;
    }
    return xen_vt_tsc_learn(&s->tsc, cpu->cpu_index, s->cpu.tsc);
}

bool xen_vt_state_take(CPUState *cpu)
{
    XenVTState *s = &cpu->accel->vt->state;
    CPUX86State *env = cpu_env(cpu);

    if (!xen_vt_state_read(cpu) || !is_known(cpu, &s->cpu) ||
        !read_xsave(cpu) || !learn_tsc(cpu)) {
        return false;
    }
    s->narrow = others_run();
    if (s->narrow) {
        if (!has_flat_segments(&s->cpu)) {
            return false;
        }
        partial_window_narrow(cpu);
    }
    s->taken_at = get_clock();
    partial_lazy_fpu_set(cpu, false);
    partial_window_set_event(cpu, -1, false);
    cpu->halted = 0;
    env->hflags &= ~(HF_SMM_MASK | HF_GUEST_MASK | HF_INHIBIT_IRQ_MASK);
    env->hflags2 &= ~HF2_NMI_MASK;
    env->old_exception = -1;
    take_registers(env, &s->cpu);
    take_segments(env, &s->cpu);
    x86_update_hflags(env);
    if (s->after_in && is_at_ins(cpu)) {
        return false;
    }
    partial_env_derive_flags(env);
    cpu->cflags_next_tb = -1;
    tlb_flush(cpu);
    return true;
}

/*
 * STI and the HLT behind it let no interrupt in between, and Xen cannot be told
 * of that shadow: both are made again.
 */
static void undo_halt(CPUState *cpu)
{
    CPUX86State *env = cpu_env(cpu);
    uint8_t before = 0;

    env->eip--;
    if (env->eflags & IF_MASK &&
        cpu_memory_rw_debug(cpu, env->segs[R_CS].base + env->eip - 1, &before,
                            1, false) == 0 && before == 0xfb) {
        env->eip--;
        env->eflags &= ~IF_MASK;
    }
}

static void *put(uint8_t *at, uint16_t code, uint16_t instance,
                 const void *record, uint32_t size)
{
    struct hvm_save_descriptor d = {
        .typecode = code, .instance = instance, .length = size,
    };

    memcpy(at, &d, sizeof(d));
    if (size) {
        memcpy(at + sizeof(d), record, size);
    }
    return at + sizeof(d) + size;
}

typedef HVM_SAVE_TYPE(HEADER) Header;

/* What a set of records begins with: the same for each. */
static const Header *header(void)
{
    static Header h;

    if (!h.magic &&
        xc_domain_hvm_getcontext_partial(xen_xc, xen_domid,
                                         HVM_SAVE_CODE(HEADER), 0, &h,
                                         sizeof(h))) {
        /* It is what this version of the interface says. */
        h.magic = HVM_FILE_MAGIC;
        h.version = HVM_FILE_VERSION;
    }
    return &h;
}

static int write_records(CPUState *cpu)
{
    XenVTState *s = &cpu->accel->vt->state;
    uint8_t buf[sizeof(Record) + XEN_VT_XSAVE_MAX + 256], *end = buf;
    int ret;

    end = put(end, HVM_SAVE_CODE(HEADER), 0, header(), sizeof(*header()));
    s->cpu.tsc = xen_vt_tsc_set(&s->tsc);
    end = put(end, HVM_SAVE_CODE(CPU), cpu->cpu_index, &s->cpu, sizeof(s->cpu));
    if (s->xsave_size) {
        end = put(end, CPU_XSAVE_CODE, cpu->cpu_index, s->xsave, s->xsave_size);
    }
    end = put(end, HVM_SAVE_CODE(END), 0, NULL, 0);
    xen_vt_tsc_note_begin();
    ret = xc_domain_hvm_setcontext(xen_xc, xen_domid, buf, end - buf);
    xen_vt_tsc_note_end();
    xen_vt_tsc_was_set(&s->tsc);
    return ret;
}

/*
 * Whether the FPU has more than x87 and SSE.  xc_vcpu_setcontext() loses that,
 * and what was not in the window has to be set again as well.
 */
static bool is_extended(XenVTState *s)
{
    return s->xsave_size && xsave_of(s)->save_area.xsave_hdr.xstate_bv &
                            ~(XSTATE_FP_MASK | XSTATE_SSE_MASK);
}

static int set_registers(CPUState *cpu, const Record *was)
{
    XenVTState *s = &cpu->accel->vt->state;

    if (s->narrow) {
        /* Of a fault that VT will see again. */
        s->cpu.cr2 = was->cr2;
    }
    if (!partial_window_page_faulted(cpu) &&
        xen_vt_set_is_enough(was, &s->cpu)) {
        return xen_vt_set_general(cpu->cpu_index, &s->cpu) ||
               (is_extended(s) &&
                xen_vt_set_extended(cpu->cpu_index, xsave_of(s),
                                    s->xsave_size));
    }
    if (s->narrow) {
        errno = ENOTSUP;
        return -1;
    }
    partial_env_make_enterable(cpu_env(cpu));
    give_segments(cpu_env(cpu), &s->cpu);
    return write_records(cpu);
}

void xen_vt_state_give(CPUState *cpu)
{
    XenVTState *s = &cpu->accel->vt->state;
    CPUX86State *env = cpu_env(cpu);
    const Record was = s->cpu;

    CC_OP = CC_OP_EFLAGS;
    CC_SRC = 0;
    env->df = 1;
    cpu->exception_index = -1;
    s->valid = false;
    if (partial_window_stop(cpu) == PARTIAL_STOP_HALT) {
        undo_halt(cpu);
    }
    if (partial_lazy_fpu_is_here(cpu)) {
        give_fpu(cpu);
    }
    give_registers(env, &s->cpu);
    give_segments(env, &s->cpu);
    if (memcmp(&was, &s->cpu, sizeof(was)) == 0) {
        /* No instruction was made: the access is, as without a window. */
        return;
    }
    if (set_registers(cpu, &was)) {
        error_report("accel xen: Xen does not take the registers of a vCPU "
                     "(%s); they are lost, and the guest stays paused: "
                     "'xl destroy'", strerror(errno));
        s->is_lost = true;
        xc_domain_pause(xen_xc, xen_domid);
        vm_stop(RUN_STATE_INTERNAL_ERROR);
        return;
    }
    s->was_set = true;
}
