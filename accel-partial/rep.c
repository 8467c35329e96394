/* SPDX-License-Identifier: GPL-2.0-or-later */
/* REP MOVS and REP STOS in plain memory, a page at a time. */

#include "qemu/osdep.h"
#include "exec/target_page.h"
#include "exec/memop.h"
#include "tcg/helper-tcg.h"
#include "rep.h"
#include "tlb.h"

typedef struct RepInfo {
    MemOp size;             /* of an element */
    MemOp width;            /* of RSI, RDI and RCX */
    int mmu_idx;
    bool moves;
    X86Seg seg;             /* of the source */
} RepInfo;

/* TCG lets interrupts in after the element at which RCX - 2 is a multiple. */
#define UNTIL_INTERRUPTS 65536

static target_ulong mask_of(MemOp width)
{
    return MAKE_64BIT_MASK(0, 8 << width);
}

/* Elements that lie in the page, and before the index register wraps. */
static uint64_t room(target_ulong addr, target_ulong index, MemOp width,
                     MemOp size)
{
    uint64_t bytes = -(addr | TARGET_PAGE_MASK);
    uint64_t wrap = mask_of(width) - (index & mask_of(width));

    return (MIN(bytes - 1, wrap) + 1) >> size;
}

/* Elements that the segment allows; in 64-bit code it has no say. */
static uint64_t allowed(const CPUX86State *env, X86Seg seg, target_ulong index,
                        const RepInfo *info, bool write)
{
    int64_t first = index & mask_of(info->width);
    int64_t last = env->seg_last[seg][write];

    if (env->hflags & HF_CS64_MASK || last == INT64_MAX) {
        return UINT64_MAX;
    }
    return last < first ? 0 : (last - first + 1) >> info->size;
}

static void advance(target_ulong *reg, target_ulong by, MemOp width)
{
    /* A write of 32 bits clears the upper half, one of 16 leaves the rest. */
    *reg = width == MO_16 ? (*reg & ~(target_ulong)0xffff) |
                            (uint16_t)(*reg + by)
                          : (*reg + by) & mask_of(width);
}

/* What was stored is loaded again where the target begins inside the source. */
static void move(uint8_t *to, const uint8_t *from, size_t n, MemOp size)
{
    size_t i;

    if ((uintptr_t)to - (uintptr_t)from >= n << size) {
        memmove(to, from, n << size);
        return;
    }
    for (i = 0; i < n << size; i += 1 << size) {
        memmove(to + i, from + i, 1 << size);
    }
}

static void fill(uint8_t *to, uint64_t value, size_t n, MemOp size)
{
    size_t done;

    value = cpu_to_le64(value);
    memcpy(to, &value, 1 << size);
    /* What there is, once more, each time. */
    for (done = 1 << size; done < n << size; done *= 2) {
        memcpy(to + done, to, MIN(done, (n << size) - done));
    }
}

static bool seen_by_plugins(CPUState *cpu)
{
#ifdef CONFIG_PLUGIN
    return cpu->neg.plugin_mem_cbs;
#else
    return false;
#endif
}

static void make(CPUX86State *env, target_ulong src, target_ulong dst,
                 const RepInfo *info)
{
    CPUState *cpu = env_cpu(env);
    target_ulong left = env->regs[R_ECX] & mask_of(info->width);
    const void *from = NULL;
    void *to;
    uint64_t n;

    if (left < 2 || env->df < 0 || seen_by_plugins(cpu)) {
        return;
    }
    n = MIN((left - 2) % UNTIL_INTERRUPTS,
            room(dst, env->regs[R_EDI], info->width, info->size));
    n = MIN(n, allowed(env, R_ES, env->regs[R_EDI], info, true));
    to = partial_tlb_host(cpu, dst, info->mmu_idx, true);
    if (info->moves) {
        n = MIN(n, room(src, env->regs[R_ESI], info->width, info->size));
        n = MIN(n, allowed(env, info->seg, env->regs[R_ESI], info, false));
        from = partial_tlb_host(cpu, src, info->mmu_idx, false);
    }
    if (!n || !to || (info->moves && !from)) {
        return;
    }
    if (info->moves) {
        move(to, from, n, info->size);
        advance(&env->regs[R_ESI], n << info->size, info->width);
    } else {
        fill(to, env->regs[R_EAX], n, info->size);
    }
    advance(&env->regs[R_EDI], n << info->size, info->width);
    advance(&env->regs[R_ECX], -n, info->width);
}

target_ulong partial_rep_by_pages(CPUX86State *env, target_ulong src,
                                  target_ulong dst, uint32_t info)
{
    RepInfo unpacked = {
        .size = extract32(info, X86_REP_SIZE_SHIFT, 4),
        .width = extract32(info, X86_REP_WIDTH_SHIFT, 4),
        .moves = extract32(info, X86_REP_MOVS_SHIFT, 1),
        .seg = extract32(info, X86_REP_SEG_SHIFT, 3),
        .mmu_idx = extract32(info, X86_REP_MMU_IDX_SHIFT, 16),
    };
    target_ulong next;

    make(env, src, dst, &unpacked);
    next = env->regs[R_ECX] - 1;
    return unpacked.width == MO_32 ? (uint32_t)next : next;
}
