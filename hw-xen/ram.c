/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's memory for TCG, in pieces that stay. */

#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/rcu.h"
#include "qemu/thread.h"
#include "exec/ram_addr.h"
#include "exec/ramlist.h"
#include "hw/xen/xen-hvm-common.h"
#include "system/xen-mapcache.h"
#include "accel/partial/window.h"
#include "ram.h"

/* As large as a page of the guest's second kind: 2 MiB. */
#define PIECE_BITS 21
#define PIECE_PAGES (1u << (PIECE_BITS - XC_PAGE_SHIFT))

static struct {
    QemuMutex lock;
    uint8_t *base;
    uint64_t size;
    unsigned long *pieces;     /* mapped; set with the lock, read without */
    unsigned long *pages;      /* of mapped pieces, that Xen has mapped */
} ram;

static bool changed;           /* since the last window; protected by the BQL */

static uint8_t *reserve(void *at, uint64_t size)
{
    return mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
                MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
}

/* Memory that reads as ones, where there is none. */
static void fill_hole(uint8_t *at)
{
    if (mmap(at, XC_PAGE_SIZE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at) {
        memset(at, 0xff, XC_PAGE_SIZE);
    }
}

/* Called with the lock. */
static void map_piece(uint64_t piece)
{
    uint64_t first = piece * PIECE_PAGES;
    uint8_t *at = ram.base + (piece << PIECE_BITS);
    xen_pfn_t pfns[PIECE_PAGES];
    int err[PIECE_PAGES] = {};
    unsigned i;

    for (i = 0; i < PIECE_PAGES; i++) {
        pfns[i] = first + i;
    }
    if (!xenforeignmemory_map2(xen_fmem, xen_domid, at, PROT_READ | PROT_WRITE,
                               MAP_FIXED, PIECE_PAGES, pfns, err)) {
        memset(err, 1, sizeof(err));
    }
    for (i = 0; i < PIECE_PAGES; i++) {
        if (err[i]) {
            fill_hole(at + ((uint64_t)i << XC_PAGE_SHIFT));
        } else {
            set_bit(first + i, ram.pages);
        }
    }
    /* Pages before the piece: read without the lock. */
    smp_wmb();
    set_bit_atomic(piece, ram.pieces);
}

static void need_piece(uint64_t piece)
{
    if (!test_bit(piece, ram.pieces)) {
        QEMU_LOCK_GUARD(&ram.lock);
        if (!test_bit(piece, ram.pieces)) {
            map_piece(piece);
        }
    }
}

static uint8_t *at(hwaddr gpa, hwaddr size)
{
    hwaddr last = gpa + MAX(size, 1) - 1;
    uint64_t piece;

    if (last >= ram.size) {
        return NULL;
    }
    for (piece = gpa >> PIECE_BITS; piece <= last >> PIECE_BITS; piece++) {
        need_piece(piece);
    }
    /* The piece before its pages. */
    smp_rmb();
    return ram.base + gpa;
}

bool xen_vt_ram_is_mapped(hwaddr gpa)
{
    return gpa < ram.size && test_bit(gpa >> XC_PAGE_SHIFT, ram.pages);
}

static bool of_tcg(const void *host, ram_addr_t *addr)
{
    uintptr_t offset = (uintptr_t)host - (uintptr_t)ram.base;
    RAMBlock *block;

    *addr = offset;
    if (offset < ram.size) {
        return true;
    }
    /* ROMs and VGA's memory, which have a place of their own in QEMU. */
    RCU_READ_LOCK_GUARD();
    RAMBLOCK_FOREACH(block) {
        offset = (uintptr_t)host - (uintptr_t)block->host;
        if (block->host && offset < block->max_length) {
            *addr = block->offset + offset;
            return true;
        }
    }
    return false;
}

/* Called by any code that wants to see guest memory without locking it. */
static uint8_t *for_tcg(hwaddr gpa, hwaddr size)
{
    return current_cpu && current_cpu->accel &&
           partial_window_is_open(current_cpu) ? at(gpa, size) : NULL;
}

bool xen_vt_ram_init(void)
{
    RAMBlock *block = xen_memory.ram_block;

    ram.size = block ? ROUND_UP(block->max_length, 1u << PIECE_BITS) : 0;
    if (!ram.size) {
        errno = ENODEV;
        return false;
    }
    ram.base = reserve(NULL, ram.size);
    if (ram.base == MAP_FAILED) {
        ram.size = 0;
        return false;
    }
    qemu_mutex_init(&ram.lock);
    ram.pieces = bitmap_new(ram.size >> PIECE_BITS);
    ram.pages = bitmap_new(ram.size >> XC_PAGE_SHIFT);
    xen_map_cache_tcg_base = ram.base;
    xen_map_cache_for_tcg = for_tcg;
    xen_map_cache_of_tcg = of_tcg;
    return true;
}

static void forget(void)
{
    uint64_t i, pieces = ram.size >> PIECE_BITS;

    QEMU_LOCK_GUARD(&ram.lock);
    for (i = find_first_bit(ram.pieces, pieces); i < pieces;
         i = find_next_bit(ram.pieces, pieces, i + 1)) {
        reserve(ram.base + (i << PIECE_BITS), 1u << PIECE_BITS);
    }
    bitmap_zero(ram.pieces, pieces);
    bitmap_zero(ram.pages, ram.size >> XC_PAGE_SHIFT);
}

void xen_vt_ram_changed(void)
{
    if (ram.size) {
        changed = true;
        /* Xen takes memory back when nobody maps it: soon, then. */
        xen_vt_ram_settle(NULL);
    }
}

void xen_vt_ram_settle(CPUState *self)
{
    CPUState *cpu;

    if (!changed) {
        return;
    }
    CPU_FOREACH(cpu) {
        if (cpu != self && partial_window_is_open(cpu)) {
            qemu_cpu_kick(cpu);
            return;
        }
    }
    changed = false;
    forget();
}
