/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table coherence with a VT that shadows them. */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "vcpu-state.h"
#include "vt.h"
#include "trace.h"

/* A window that writes more pages than this counts as having changed one. */
#define MAX_WRITTEN 64

typedef struct WrittenPage {
    const void *host;
    uint64_t copy[TARGET_PAGE_SIZE / 8]; /* from before the first store */
} WrittenPage;

/* Bits that VT need not see change: accessed, dirty, and those for software. */
#define PTE_QUIET (PG_ACCESSED_MASK | PG_DIRTY_MASK | 0xe00ull | \
                   MAKE_64BIT_MASK(52, 7))

void partial_tables_begin(CPUState *cpu, bool bounded)
{
    PartialTables *t = &cpu->accel->tables;

    t->start_sp = cpu_env(cpu)->segs[R_SS].base + cpu_env(cpu)->regs[R_ESP];
    t->watch = partial_facts->shadows && partial_mixed() && bounded;
    if (t->watch && !t->written) {
        t->written = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    }
}

void partial_tables_free(PartialTables *tables)
{
    g_clear_pointer(&tables->written, g_hash_table_unref);
}

bool partial_tables_watch(CPUState *cpu)
{
    return cpu->accel->tables.watch;
}

bool partial_tables_have_stores(CPUState *cpu)
{
    const PartialTables *t = &cpu->accel->tables;

    return t->watch && g_hash_table_size(t->written);
}

void partial_tables_note(CPUState *cpu, hwaddr gpa, const void *host)
{
    PartialTables *t = &cpu->accel->tables;
    void *key = (void *)(uintptr_t)(gpa >> TARGET_PAGE_BITS);
    WrittenPage *page;

    if (g_hash_table_size(t->written) > MAX_WRITTEN ||
        g_hash_table_contains(t->written, key)) {
        return;
    }
    page = g_new(WrittenPage, 1);
    page->host = host;
    memcpy(page->copy, host, TARGET_PAGE_SIZE);
    g_hash_table_insert(t->written, key, page);
}

/*
 * Whether VT must see the change of an entry.  It need not see bits being set
 * that it would set itself, but it does when they are cleared: VT's writable
 * shadow entry would never set them again.
 */
static bool matters(uint64_t was, uint64_t is)
{
    return ((was ^ is) & ~PTE_QUIET) ||
           (was & ~is & (PG_ACCESSED_MASK | PG_DIRTY_MASK));
}

/* An entry that VT may have in use: present, and no reserved address bit. */
static bool entry_is_live(uint64_t e, uint64_t reserved)
{
    return (e & PG_PRESENT_MASK) && !(e & reserved);
}

/* A page of which some present entry is impossible is no page table. */
static bool could_be_table(const uint64_t *e, uint64_t reserved)
{
    size_t i;

    for (i = 0; i < TARGET_PAGE_SIZE / 8; i++) {
        if ((e[i] & PG_PRESENT_MASK) && (e[i] & reserved)) {
            return false;
        }
    }
    return true;
}

static bool changed_64(const uint64_t *was, const uint64_t *is, int phys_bits)
{
    uint64_t reserved = phys_bits < 52 ?
                        MAKE_64BIT_MASK(phys_bits, 52 - phys_bits) : 0;
    size_t i;

    if (!could_be_table(was, reserved)) {
        return false;
    }
    for (i = 0; i < TARGET_PAGE_SIZE / 8; i++) {
        if (matters(was[i], is[i]) &&
            entry_is_live(was[i], reserved)) {
            return true;
        }
    }
    return false;
}

static bool changed_32(const uint32_t *was, const uint32_t *is)
{
    size_t i;

    for (i = 0; i < TARGET_PAGE_SIZE / 4; i++) {
        if (matters(was[i], is[i]) &&
            (was[i] & PG_PRESENT_MASK)) {
            return true;
        }
    }
    return false;
}

/* Small odd numbers on a stack look like entries; no stack is a page table. */
static bool is_stack(CPUState *cpu, hwaddr gpa)
{
    CPUX86State *env = cpu_env(cpu);
    vaddr sp[] = {
        cpu->accel->tables.start_sp, env->segs[R_SS].base + env->regs[R_ESP]
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(sp); i++) {
        /* What was pushed last, and what comes next. */
        if (cpu_get_phys_page_debug(cpu, sp[i] & TARGET_PAGE_MASK) == gpa ||
            cpu_get_phys_page_debug(cpu, (sp[i] - 8) & TARGET_PAGE_MASK) ==
            gpa) {
            return true;
        }
    }
    return false;
}

static bool tables_changed(CPUState *cpu)
{
    X86CPU *x86 = X86_CPU(cpu);
    bool pae = x86->env.cr[4] & CR4_PAE_MASK;
    GHashTableIter iter;
    gpointer key, value;

    if (g_hash_table_size(cpu->accel->tables.written) > MAX_WRITTEN) {
        return true;
    }
    g_hash_table_iter_init(&iter, cpu->accel->tables.written);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        WrittenPage *page = value;

        PARTIAL_COUNT(cpu, table_pages);
        if ((pae ? changed_64(page->copy, page->host, x86->phys_bits)
                 : changed_32((uint32_t *)page->copy, page->host)) &&
            !is_stack(cpu, (hwaddr)(uintptr_t)key << TARGET_PAGE_BITS)) {
            return true;
        }
    }
    return false;
}

/* One at a time: VT may do it by a resource of the whole VM. */
static void drop(CPUState *cpu)
{
    BQL_LOCK_GUARD();
    if (partial_vt->drop_tables(cpu)) {
        PARTIAL_COUNT(cpu, table_flushes);
        trace_partial_tables_flush(cpu->cpu_index);
    }
}

void partial_tables_settle(CPUState *cpu)
{
    PartialTables *t = &cpu->accel->tables;

    if (!partial_facts->shadows || !partial_mixed()) {
        return;
    }
    if (!t->watch) {
        /* A long take-over writes too much to watch: once at its end. */
        drop(cpu);
        return;
    }
    if (g_hash_table_size(t->written)) {
        if (tables_changed(cpu)) {
            drop(cpu);
        }
        g_hash_table_remove_all(t->written);
    }
    t->watch = false;
}
