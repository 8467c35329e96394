/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code coherence: generations, and copies of the pages that hold code. */

#include "qemu/osdep.h"
#include "exec/exec-all.h"
#include "exec/ram_addr.h"
#include "exec/translation-block.h"
#include "tcg/tcg.h"
#include "vcpu-state.h"
#include "trace.h"

/* 16 MiB of copies; past that the oldest quarter goes. */
#define MAX_PAGES 4096

typedef struct CodePage {
    uint64_t generation;    /* in which the copy was last found right */
    bool stale;             /* changed while its blocks could not be dropped */
    bool written;           /* blocks are of what TCG wrote after the copy */
    uint8_t copy[TARGET_PAGE_SIZE];
} CodePage;

/* pages: ram_addr >> TARGET_PAGE_BITS -> CodePage; protected by lock */
static QemuMutex lock;
static GHashTable *pages;
static uint64_t generation;
static bool forgetful;      /* copies were dropped once; protected by lock */

void partial_code_init(void)
{
    qemu_mutex_init(&lock);
    pages = g_hash_table_new_full(NULL, NULL, NULL, g_free);
}

void partial_code_new_generation(CPUState *cpu)
{
    cpu->code_gen = qatomic_inc_fetch(&generation);
}

static void *key_of(ram_addr_t addr)
{
    return (void *)(uintptr_t)(addr >> TARGET_PAGE_BITS);
}

static bool is_copied(const CodePage *page, ram_addr_t addr)
{
    return !memcmp(page->copy, qemu_map_ram_ptr(NULL, addr), TARGET_PAGE_SIZE);
}

static void take_copy(CodePage *page, ram_addr_t addr, uint64_t gen)
{
    memcpy(page->copy, qemu_map_ram_ptr(NULL, addr), TARGET_PAGE_SIZE);
    page->generation = gen;
    page->stale = page->written = false;
}

/* Whether the page is as its blocks were translated; called with the lock. */
static bool is_right(CPUState *cpu, CodePage *page, ram_addr_t addr)
{
    if (page->stale) {
        return false;
    }
    if (page->generation >= cpu->code_gen) {
        return true;
    }
    PARTIAL_COUNT(cpu, code_verified);
    if (page->written || !is_copied(page, addr)) {
        return false;
    }
    page->generation = cpu->code_gen;
    return true;
}

/* Drop all blocks of a page and start again from what is there now. */
static void drop_page(CPUState *cpu, ram_addr_t addr)
{
    CodePage *page;

    PARTIAL_COUNT(cpu, code_stale);
    trace_partial_code_stale(cpu->cpu_index, addr);
    /* The copy first: what is written after it will be found different. */
    WITH_QEMU_LOCK_GUARD(&lock) {
        page = g_hash_table_lookup(pages, key_of(addr));
        if (page) {
            take_copy(page, addr, cpu->code_gen);
        }
    }
    tb_invalidate_phys_range(addr, addr + TARGET_PAGE_SIZE - 1);
}

static PartialCodeSeen *seen_of(CPUState *cpu, ram_addr_t addr)
{
    return &cpu->accel->code.seen[(addr >> TARGET_PAGE_BITS) %
                                  PARTIAL_CODE_SEEN];
}

/* Blocks are many, pages few: those of this window are known without a lock. */
static bool is_seen(CPUState *cpu, ram_addr_t addr)
{
    PartialCodeSeen *seen = seen_of(cpu, addr);

    return seen->page == addr && seen->generation == cpu->code_gen;
}

static bool verify_page(CPUState *cpu, ram_addr_t addr)
{
    CodePage *page;

    addr &= TARGET_PAGE_MASK;
    if (is_seen(cpu, addr)) {
        return true;
    }
    WITH_QEMU_LOCK_GUARD(&lock) {
        page = g_hash_table_lookup(pages, key_of(addr));
        if (page && is_right(cpu, page, addr)) {
            *seen_of(cpu, addr) = (PartialCodeSeen) {
                .page = addr, .generation = cpu->code_gen,
            };
            return true;
        }
    }
    drop_page(cpu, addr);
    return false;
}

bool partial_code_trust(CPUState *cpu, TranslationBlock *tb, bool *changed)
{
    tb_page_addr_t page1 = tb_page_addr1(tb);
    uint64_t gen = cpu->code_gen;

    *changed = !verify_page(cpu, tb_page_addr0(tb)) ||
               (page1 != -1 && !verify_page(cpu, page1));
    if (*changed) {
        return false;
    }
    qatomic_set(&tb->code_gen, gen);
    return !(tb_cflags(tb) & CF_INVALID);
}

static int compare_generations(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static gboolean is_older(gpointer key, gpointer page, gpointer limit)
{
    return ((CodePage *)page)->generation <= *(uint64_t *)limit;
}

/*
 * Let go of the copies that no window has needed for longest.  A block of such
 * a page is found without a copy when it is entered, and dropped; called with
 * the lock.
 */
static void age(void)
{
    g_autofree uint64_t *generations = g_new(uint64_t, MAX_PAGES);
    GHashTableIter iter;
    gpointer page;
    size_t n = 0;

    g_hash_table_iter_init(&iter, pages);
    while (g_hash_table_iter_next(&iter, NULL, &page)) {
        generations[n++] = ((CodePage *)page)->generation;
    }
    qsort(generations, n, sizeof(*generations), compare_generations);
    g_hash_table_foreach_remove(pages, is_older, &generations[n / 4]);
    forgetful = true;
}

void partial_code_translate(CPUState *cpu, uint64_t ram_addr)
{
    ram_addr_t addr = ram_addr & TARGET_PAGE_MASK;
    bool second_page = tcg_ctx->gen_tb != NULL;
    bool changed = false;
    CodePage *page;

    PARTIAL_COUNT(cpu, translations);
    WITH_QEMU_LOCK_GUARD(&lock) {
        page = g_hash_table_lookup(pages, key_of(addr));
        if (!page) {
            if (g_hash_table_size(pages) >= MAX_PAGES) {
                age();
            }
            page = g_new(CodePage, 1);
            take_copy(page, addr, cpu->code_gen);
            g_hash_table_insert(pages, key_of(addr), page);
            /* Blocks from before the copies were dropped may still be there. */
            changed = forgetful;
            page->stale = forgetful && second_page;
            seen_of(cpu, addr)->generation = 0;
        } else if (!is_right(cpu, page, addr)) {
            changed = true;
            /* With a page locked no block may be dropped: do it next time. */
            page->stale = second_page;
            seen_of(cpu, addr)->generation = 0;
        } else if (!is_copied(page, addr)) {
            /* VT may undo what TCG wrote: the copy would be right again. */
            page->written = true;
        }
    }
    if (changed && !second_page) {
        drop_page(cpu, addr);
    }
}
