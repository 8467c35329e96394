/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices by name, for the lists of the user. */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "allow.h"

/* Constant after start-up; NULL where the user gave none. */
static char **allowed, **denied;

void partial_allow_init(const char *allow, const char *deny)
{
    allowed = allow ? g_strsplit(allow, ":", -1) : NULL;
    denied = deny ? g_strsplit(deny, ":", -1) : NULL;
}

static bool matches(char **patterns, const char *type, const char *name)
{
    for (; *patterns; patterns++) {
        if ((type && g_pattern_match_simple(*patterns, type)) ||
            (name && g_pattern_match_simple(*patterns, name))) {
            return true;
        }
    }
    return false;
}

bool partial_allow_region(MemoryRegion *mr)
{
    const char *type, *name;
    Object *owner;

    if (likely(!allowed && !denied)) {
        return true;
    }
    owner = memory_region_owner(mr);
    type = owner ? object_get_typename(owner) : NULL;
    name = memory_region_name(mr);
    return (!allowed || matches(allowed, type, name)) &&
           (!denied || !matches(denied, type, name));
}

static bool allow_address(AddressSpace *as, hwaddr addr)
{
    hwaddr len = 1, offset;

    if (likely(!allowed && !denied)) {
        return true;
    }
    RCU_READ_LOCK_GUARD();
    return partial_allow_region(address_space_translate(as, addr, &offset, &len,
                                false, MEMTXATTRS_UNSPECIFIED));
}

bool partial_allow_memory(hwaddr gpa)
{
    return allow_address(&address_space_memory, gpa);
}

bool partial_allow_port(uint32_t port)
{
    return allow_address(&address_space_io, port);
}
