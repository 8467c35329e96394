/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer: the CPU mode of any registers, and lists of modes. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "cpu.h"
#include "sregs.h"
#include "bytes.h"
#include <linux/kvm.h>

/* What a CPU can be in: LMA needs paging, and paging and VM need CR0.PE. */
static void read_control(Bytes *b, struct kvm_sregs *s, uint64_t *rflags)
{
    unsigned bits = bytes_number(b, 1);

    s->cr0 = bits & 1 ? CR0_PE_MASK | (bits & 2 ? CR0_PG_MASK : 0) : 0;
    s->efer = s->cr0 & CR0_PG_MASK && bits & 4 ? MSR_EFER_LMA : 0;
    *rflags = s->cr0 & CR0_PE_MASK && !s->efer && bits & 8 ? VM_MASK : 0;
}

static void read_segment(Bytes *b, struct kvm_segment *s, SegmentCache *c)
{
    unsigned bits = bytes_number(b, 2);

    s->selector = bytes_number(b, 2);
    s->base = bits & 1 ? (uint64_t)s->selector << 4 : bytes_number(b, 4);
    s->limit = bits & 2 ? 0xffff : bytes_number(b, 4);
    s->type = bits >> 2 & 15;
    s->dpl = bits >> 6 & 3;
    s->present = bits >> 8 & 1;
    s->unusable = !s->present;
    s->l = bits >> 9 & 1;
    s->db = bits >> 10 & 1;
    s->s = 1;
    *c = (SegmentCache) {
        .selector = s->selector, .base = s->base, .limit = s->limit,
        .flags = s->type << DESC_TYPE_SHIFT | s->dpl << DESC_DPL_SHIFT |
                 (s->present ? DESC_P_MASK : 0) | (s->l ? DESC_L_MASK : 0) |
                 (s->db ? DESC_B_MASK : 0) | DESC_S_MASK,
    };
}

/* As QEMU derives the flags that mode.c reads; state from KVM gets so too. */
static void derive_flags(CPUX86State *env)
{
    uint32_t cs = env->segs[R_CS].flags;

    env->hflags = env->segs[R_SS].flags >> DESC_DPL_SHIFT & HF_CPL_MASK;
    env->hflags |= env->cr[0] & CR0_PE_MASK ? HF_PE_MASK : 0;
    env->hflags |= env->efer & MSR_EFER_LMA ? HF_LMA_MASK : 0;
    if (env->hflags & HF_LMA_MASK && cs & DESC_L_MASK) {
        env->hflags |= HF_CS32_MASK | HF_CS64_MASK;
    } else if (cs & DESC_B_MASK) {
        env->hflags |= HF_CS32_MASK;
    }
}

/* Both engines' registers say the same. */
static void check_registers(Bytes *b)
{
    static CPUX86State env;
    struct kvm_sregs s = {};
    uint64_t rflags;
    struct kvm_segment *segs[6] = {
        [R_ES] = &s.es, [R_CS] = &s.cs, [R_SS] = &s.ss,
        [R_DS] = &s.ds, [R_FS] = &s.fs, [R_GS] = &s.gs,
    };
    PartialMode mode;
    int i;

    read_control(b, &s, &rflags);
    for (i = 0; i < 6; i++) {
        read_segment(b, segs[i], &env.segs[i]);
    }
    env.cr[0] = s.cr0;
    env.efer = s.efer;
    env.eflags = rflags;
    derive_flags(&env);
    mode = partial_mode_of(&env);
    REQUIRE(mode >= 0 && mode < PARTIAL_MODE__MAX);
    REQUIRE(mode == partial_mode_of_sregs(&s, rflags));
}

/* What is printed can be read; what is no list gets an error. */
static void check_list(Bytes *b)
{
    PartialModes modes = bytes_number(b, 2) & PARTIAL_MODES_ALL, again;
    g_autofree char *list = partial_modes_print(modes);
    g_autofree char *any = g_strndup((const char *)b->data, b->left);
    Error *err = NULL;

    REQUIRE(partial_modes_parse(list, &again, NULL) && again == modes);
    if (partial_modes_parse(any, &again, &err)) {
        REQUIRE(!err && !(again & ~PARTIAL_MODES_ALL));
    } else {
        REQUIRE(err);
        error_free(err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes b = { data, size };

    if (bytes_number(&b, 1) & 1) {
        check_registers(&b);
    } else {
        check_list(&b);
    }
    return 0;
}
