/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices by name, for the lists of the user. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/notify.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "system/system.h"
#include "allow.h"

/* Constant after start-up; NULL where the user gave none. */
static char **allowed, **denied;

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

/* --- patterns that match nothing ------------------------------------------ */

static bool is_a_type(const char *pattern)
{
    g_autoptr(GSList) types = object_class_get_list(TYPE_OBJECT, false);
    GSList *l;

    for (l = types; l; l = l->next) {
        if (g_pattern_match_simple(pattern, object_class_get_name(l->data))) {
            return true;
        }
    }
    return false;
}

/* Regions that nothing maps yet, such as a PCI device's, are objects too. */
static int match_region(Object *obj, void *pattern)
{
    Object *mr = object_dynamic_cast(obj, TYPE_MEMORY_REGION);
    const char *name = mr ? memory_region_name(MEMORY_REGION(mr)) : NULL;

    return name && g_pattern_match_simple(pattern, name);
}

static bool is_a_region(char *pattern)
{
    return object_child_foreach_recursive(object_get_root(), match_region,
                                          pattern);
}

static bool is_known(char *pattern)
{
    if (is_a_type(pattern) || is_a_region(pattern)) {
        return true;
    }
    /* Devices that are modules can be plugged later. */
    module_load_qom_all();
    return is_a_type(pattern);
}

static void warn_of_unmatched(char **patterns, const char *option)
{
    for (; patterns && *patterns; patterns++) {
        if (!is_known(*patterns)) {
            warn_report("accel partial: %s: '%s' matches no device type and "
                        "no memory region; see -device help and 'info mtree'",
                        option, *patterns);
        }
    }
}

static void check_patterns(Notifier *n, void *data)
{
    warn_of_unmatched(allowed, "burst-allow");
    warn_of_unmatched(denied, "burst-deny");
}

/* --- what bursts ask ------------------------------------------------------ */

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

void partial_allow_init(const char *allow, const char *deny)
{
    static Notifier machine_done = { .notify = check_patterns };

    allowed = allow ? g_strsplit(allow, ":", -1) : NULL;
    denied = deny ? g_strsplit(deny, ":", -1) : NULL;
    if (allowed || denied) {
        qemu_add_machine_init_done_notifier(&machine_done);
    }
}
