/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table coherence with a KVM that shadows them. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/memalign.h"
#include "system/kvm.h"
#include "partial.h"
#include "tables.h"
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

/*
 * Drop all shadow page tables: KVM does so when any memory slot goes away
 * (facts.md 2a; neither CR3 loads nor INVLPG repair a missed store).  An empty
 * slot above what the guest can address serves.
 */
static void drop_shadows(CPUState *cpu)
{
    static const int top_bits[] = { 51, 47, 45, 39, 38, 36 };
    static int last_good;
    static void *page;
    struct kvm_userspace_memory_region slot = {
        .slot = kvm_state->nr_slots_max - 1,
    };
    int i;

    if (!page) {
        page = qemu_memalign(TARGET_PAGE_SIZE, TARGET_PAGE_SIZE);
        memset(page, 0, TARGET_PAGE_SIZE);
    }
    slot.userspace_addr = (uintptr_t)page;
    for (i = last_good; i < ARRAY_SIZE(top_bits); i++) {
        slot.guest_phys_addr = (1ull << top_bits[i]) - TARGET_PAGE_SIZE;
        slot.memory_size = TARGET_PAGE_SIZE;
        if (kvm_vm_ioctl(kvm_state, KVM_SET_USER_MEMORY_REGION, &slot) == 0) {
            slot.memory_size = 0;
            kvm_vm_ioctl(kvm_state, KVM_SET_USER_MEMORY_REGION, &slot);
            last_good = i;
            cpu->accel->stats.table_flushes++;
            trace_partial_tables_flush(cpu->cpu_index);
            return;
        }
    }
    warn_report_once("accel partial: KVM's shadow page tables cannot be "
                     "dropped; the guest may see stale translations");
}

/* Called under the BQL: page, last_good and the slot are one per VM. */
static void drop_shadows_bql(CPUState *cpu)
{
    BQL_LOCK_GUARD();
    drop_shadows(cpu);
}

void partial_tables_begin(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;

    acc->start_sp = cpu_env(cpu)->segs[R_SS].base +
                    cpu_env(cpu)->regs[R_ESP];
    acc->watch_stores = partial_state->probe.shadows && partial_mixed() &&
                        acc->bounded;
    if (acc->watch_stores && !acc->written) {
        acc->written = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    }
}

void partial_tables_note(CPUState *cpu, hwaddr gpa, const void *host)
{
    AccelCPUState *acc = cpu->accel;
    void *key = (void *)(uintptr_t)(gpa >> TARGET_PAGE_BITS);
    WrittenPage *page;

    if (g_hash_table_size(acc->written) > MAX_WRITTEN ||
        g_hash_table_contains(acc->written, key)) {
        return;
    }
    page = g_new(WrittenPage, 1);
    page->host = host;
    memcpy(page->copy, host, TARGET_PAGE_SIZE);
    g_hash_table_insert(acc->written, key, page);
}

/*
 * Whether VT must see the change of an entry.  It need not see bits being set
 * that it would set itself, but it does when they are cleared: KVM's writable
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
        cpu->accel->start_sp, env->segs[R_SS].base + env->regs[R_ESP]
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

    if (g_hash_table_size(cpu->accel->written) > MAX_WRITTEN) {
        return true;
    }
    g_hash_table_iter_init(&iter, cpu->accel->written);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        WrittenPage *page = value;

        cpu->accel->stats.table_pages++;
        if ((pae ? changed_64(page->copy, page->host, x86->phys_bits)
                 : changed_32((uint32_t *)page->copy, page->host)) &&
            !is_stack(cpu, (hwaddr)(uintptr_t)key << TARGET_PAGE_BITS)) {
            return true;
        }
    }
    return false;
}

void partial_tables_settle(CPUState *cpu)
{
    AccelCPUState *acc = cpu->accel;

    if (!partial_state->probe.shadows || !partial_mixed()) {
        return;
    }
    if (!acc->watch_stores) {
        /* A long take-over writes too much to watch: once at its end. */
        drop_shadows_bql(cpu);
        return;
    }
    if (g_hash_table_size(acc->written)) {
        if (tables_changed(cpu)) {
            drop_shadows_bql(cpu);
        }
        g_hash_table_remove_all(acc->written);
    }
    acc->watch_stores = false;
}
