/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of sites: numbers for policy.c, and their names for people. */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "devices.h"

#define PORTS 8

typedef struct Search {
    uint64_t wanted;           /* a region's address, or the first port */
    char *name;
} Search;

static bool is_region(Int128 start, Int128 len, const MemoryRegion *mr,
                      hwaddr offset, void *opaque)
{
    Search *s = opaque;

    if ((uintptr_t)mr != s->wanted) {
        return false;
    }
    s->name = g_strdup(memory_region_name(mr));
    return true;
}

static bool has_port(Int128 start, Int128 len, const MemoryRegion *mr,
                     hwaddr offset, void *opaque)
{
    Search *s = opaque;
    Int128 first = int128_make64(s->wanted);
    Int128 end = int128_make64(s->wanted + PORTS);

    /* Ports that nothing serves are a region called "io". */
    if (int128_ge(start, end) || int128_le(int128_add(start, len), first) ||
        g_str_equal(memory_region_name(mr), "io")) {
        return false;
    }
    s->name = g_strdup_printf("port 0x%" PRIx64 " %s", s->wanted,
                              memory_region_name(mr));
    return true;
}

char *partial_device_name(uint64_t device)
{
    bool is_port = device & 1;
    Search s = { .wanted = device & ~PARTIAL_DEVICE_DENIED };

    if (is_port) {
        s.wanted = s.wanted / 2 * PORTS;
    }
    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(is_port ?
                                &address_space_io : &address_space_memory),
                            is_port ? has_port : is_region, &s);
    if (!s.name) {
        s.name = is_port ? g_strdup_printf("port 0x%" PRIx64, s.wanted)
                         : g_strdup("gone");
    }
    return s.name;
}
