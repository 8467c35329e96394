/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator's properties. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "accel/tcg/internal-common.h"
#include "counters.h"
#include "props.h"
#include "sites.h"
#include "vt.h"

/* The accelerators that have the properties, and where each has its config. */
typedef struct Home {
    const ObjectClass *class;
    PartialConfigOf *config_of;
    bool bursts_only;
} Home;

static Home homes[2];

static Home *home_of(Object *obj)
{
    size_t i;

    for (i = 0; homes[i].class != object_get_class(obj); i++) {
        g_assert(i + 1 < ARRAY_SIZE(homes));
    }
    return &homes[i];
}

static PartialConfig *config_of(Object *obj)
{
    return home_of(obj)->config_of(obj);
}

static const char *const level_name[] = {
    [PARTIAL_OFF] = "off",
    [PARTIAL_FAILURES] = "failures",
    [PARTIAL_STATES] = "states",
    [PARTIAL_BURSTS] = "bursts",
    [PARTIAL_ALL] = "all",
};

/* A number, its bounds, and what it is unless told. */
typedef struct Number {
    const char *name;
    size_t offset;
    uint32_t min, max, value;
    const char *description;
    bool live;                 /* can be changed while QEMU runs */
} Number;

#define NUMBER(name, field, ...) \
    { name, offsetof(PartialConfig, field), __VA_ARGS__ }

static const Number numbers[] = {
    /*
     * What a hand-over costs is of the order of a hundred microseconds (all of
     * the state travels both ways); TCG runs some thousand short blocks in that
     * time.  So a window of this length at most doubles the cost of a single
     * failure, and saves the hand-overs of a loop that fails again.
     */
    NUMBER("window-blocks", window_blocks, 1, 1000000, 1024,
           "Bound of a take-over after a failure, in basic blocks "
           "(default: 1024)", true),
    /* Two exits may be chance, a third is a habit (VMware's choice, too). */
    NUMBER("burst-trigger", burst_trigger, 1, 200, 3,
           "Exits of an instruction for device accesses, close together, after "
           "which TCG takes a burst over (default: 3)"),
    /*
     * Waiting for the next access may cost about as much as the exit it saves:
     * some hundred blocks.
     */
    NUMBER("burst-quiet", burst_quiet, 1, 65536, 256,
           "Most basic blocks without a device access before a burst counts as "
           "over (default: 256)"),
    /*
     * For a guest that accesses a device forever: VT gets a turn several times
     * a second.
     */
    NUMBER("burst-blocks", burst_blocks, 1, 100000000, 1000000,
           "Bound of a burst's take-over, in basic blocks (default: 1000000)"),
    /* An interrupt may wait as long as half a tick of a 1000 Hz clock. */
    NUMBER("burst-us", burst_us, 10, 1000000, 500,
           "Longest time that a burst may keep an interrupt waiting, in "
           "microseconds (default: 500)", true),
    /* The most is QEMU's own bound, which would be taken without a word. */
    NUMBER("tb-size", tb_size, 1, 2048, 0,
           "TCG translation block cache size, in MiB, 2048 at most (default: "
           "32, or 2 for each vCPU; QEMU's own where TCG runs every CPU mode)"),
};

/* Whether the accelerator runs already; most options are for its start. */
static bool is_running(Object *obj)
{
    return partial_config == config_of(obj);
}

static bool is_too_late(Object *obj, const char *name, Error **errp)
{
    if (is_running(obj)) {
        error_setg(errp, "%s is for the start of QEMU; what can be changed "
                   "later are takeover, window-blocks, burst-us and "
                   "one-insn-per-tb", name);
        return true;
    }
    return false;
}

static char *get_takeover(Object *obj, Error **errp)
{
    return g_strdup(level_name[config_of(obj)->level]);
}

/* CPU modes were given to an engine at the start, and stay there. */
static bool keeps_modes(const PartialConfig *config, PartialLevel level,
                        Error **errp)
{
    g_autofree char *names = NULL;

    if (level >= PARTIAL_STATES || !config->states) {
        return true;
    }
    names = partial_modes_print(config->states);
    error_setg(errp, "TCG has had the CPU modes %s since the start; takeover "
               "can be states, bursts or all", names);
    return false;
}

static void set_level(Object *obj, PartialLevel level, Error **errp)
{
    PartialConfig *config = config_of(obj);

    if (!is_running(obj)) {
        config->level = level;
    } else if (keeps_modes(config, level, errp)) {
        config->level = level;
        if (partial_vt->level_changed) {
            partial_vt->level_changed();
        }
    }
}

static void set_takeover(Object *obj, const char *value, Error **errp)
{
    bool bursts_only = home_of(obj)->bursts_only;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(level_name); i++) {
        if (g_str_equal(value, level_name[i]) &&
            !(bursts_only && i > PARTIAL_OFF && i < PARTIAL_BURSTS)) {
            set_level(obj, i, errp);
            return;
        }
    }
    error_setg(errp, "takeover: '%s' is none of off, %sbursts, all", value,
               bursts_only ? "" : "failures, states, ");
}

static bool is_empty(const char *option, const char *value, const char *instead,
                     Error **errp)
{
    if (*value) {
        return false;
    }
    error_setg(errp, "%s is empty; leave it out, or give %s", option, instead);
    return true;
}

static char *get_states(Object *obj, Error **errp)
{
    return g_strdup(config_of(obj)->states_option ?: "auto");
}

static void set_states(Object *obj, const char *value, Error **errp)
{
    PartialModes unused;

    if (is_too_late(obj, "states", errp) ||
        is_empty("states", value, "none for no CPU mode", errp)) {
        return;
    }
    if (!g_str_equal(value, "auto") &&
        !partial_modes_parse(value, &unused, errp)) {
        return;
    }
    g_free(config_of(obj)->states_option);
    config_of(obj)->states_option = g_strdup(value);
}

static uint32_t *field_of(PartialConfig *config, const Number *n)
{
    return (uint32_t *)((char *)config + n->offset);
}

static void get_number(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    visit_type_uint32(v, name, field_of(config_of(obj), opaque), errp);
}

static void set_number(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    const Number *n = opaque;
    uint32_t value;

    if ((!n->live && is_too_late(obj, name, errp)) ||
        !visit_type_uint32(v, name, &value, errp)) {
        return;
    }
    if (value < n->min || value > n->max) {
        error_setg(errp, "%s must be from %u to %u, not %u", name, n->min,
                   n->max, value);
        return;
    }
    *field_of(config_of(obj), n) = value;
}

static char *get_burst_allow(Object *obj, Error **errp)
{
    return g_strdup(config_of(obj)->burst_allow ?: "*");
}

static void set_burst_allow(Object *obj, const char *value, Error **errp)
{
    if (is_too_late(obj, "burst-allow", errp) ||
        is_empty("burst-allow", value, "takeover=states for no bursts", errp)) {
        return;
    }
    g_free(config_of(obj)->burst_allow);
    config_of(obj)->burst_allow = g_strdup(value);
}

static char *get_burst_deny(Object *obj, Error **errp)
{
    return g_strdup(config_of(obj)->burst_deny ?: "");
}

static void set_burst_deny(Object *obj, const char *value, Error **errp)
{
    if (is_too_late(obj, "burst-deny", errp) ||
        is_empty("burst-deny", value, "patterns", errp)) {
        return;
    }
    g_free(config_of(obj)->burst_deny);
    config_of(obj)->burst_deny = g_strdup(value);
}

static char *get_learn(Object *obj, Error **errp)
{
    return g_strdup(config_of(obj)->learn ?: "on");
}

static void set_learn(Object *obj, const char *value, Error **errp)
{
    if (is_too_late(obj, "learn", errp)) {
        return;
    }
    if (!g_str_equal(value, "on") && !g_str_equal(value, "off") &&
        !strchr(value, '/')) {
        error_setg(errp, "learn: '%s' is none of on, off, and a file's path "
                   "with a slash in it", value);
        return;
    }
    g_free(config_of(obj)->learn);
    config_of(obj)->learn = g_strdup(value);
}

/* "-accel partial,help": the generic parser takes it for a property. */
static void print_help(Object *obj, bool value, Error **errp)
{
    ObjectPropertyIterator iter;
    ObjectProperty *prop;

    if (is_too_late(obj, "help", errp)) {
        return;
    }
    printf("Properties of this accelerator, those of what it is made from "
           "included:\n");
    object_class_property_iter_init(&iter, object_get_class(obj));
    while ((prop = object_property_iter_next(&iter))) {
        if (prop->set && prop->description) {
            printf("  %s=<%s>\n      %s\n", prop->name, prop->type,
                   prop->description);
        }
    }
    exit(EXIT_SUCCESS);
}

void partial_props_init(PartialConfig *config, PartialLevel level)
{
    size_t i;

    config->level = level;
    for (i = 0; i < ARRAY_SIZE(numbers); i++) {
        *field_of(config, &numbers[i]) = numbers[i].value;
    }
}

void partial_props_finalize(PartialConfig *config)
{
    g_free(config->states_option);
    g_free(config->burst_allow);
    g_free(config->burst_deny);
    g_free(config->learn);
}

static void add_string(ObjectClass *oc, const char *name,
                       char *(*get)(Object *, Error **),
                       void (*set)(Object *, const char *, Error **),
                       const char *description)
{
    object_class_property_add_str(oc, name, get, set);
    object_class_property_set_description(oc, name, description);
}

static void add_numbers(ObjectClass *oc, bool bursts_only)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (bursts_only && g_str_equal(numbers[i].name, "window-blocks")) {
            continue;
        }
        object_class_property_add(oc, numbers[i].name, "uint32", get_number,
                                  set_number, NULL, (void *)&numbers[i]);
        object_class_property_set_description(oc, numbers[i].name,
                                              numbers[i].description);
    }
}

static void add_lists(ObjectClass *oc)
{
    add_string(oc, "burst-allow", get_burst_allow, set_burst_allow,
        "Devices that bursts may access: patterns for their types or memory "
        "regions, separated by colons (default: *)");
    add_string(oc, "burst-deny", get_burst_deny, set_burst_deny,
        "Devices that bursts may not access, as for burst-allow "
        "(default: none)");
}

static void reset_counters(Object *obj, bool value, Error **errp)
{
    if (value && is_running(obj)) {
        partial_counters_reset();
    }
}

static bool get_false(Object *obj, Error **errp)
{
    return false;
}

/* QEMU's monitor sets and shows it for whatever accelerator has TCG. */
static bool get_one_insn(Object *obj, Error **errp)
{
    return qatomic_read(&one_insn_per_tb);
}

static void set_one_insn(Object *obj, bool value, Error **errp)
{
    qatomic_set(&one_insn_per_tb, value);
}

static void add_home(ObjectClass *oc, PartialConfigOf *config_of,
                     bool bursts_only)
{
    homes[homes[0].class ? 1 : 0] = (Home) { oc, config_of, bursts_only };
    object_class_property_add_bool(oc, "help", NULL, print_help);
    object_class_property_add_bool(oc, "reset-counters", get_false,
                                   reset_counters);
    object_class_property_add_bool(oc, "one-insn-per-tb", get_one_insn,
                                   set_one_insn);
    object_class_property_set_description(oc, "one-insn-per-tb",
        "Only put one guest instruction in each translation block, to debug");
    partial_sites_add(oc);
    add_lists(oc);
    add_numbers(oc, bursts_only);
}

void partial_props_add(ObjectClass *oc, PartialConfigOf *config_of)
{
    add_home(oc, config_of, false);
    add_string(oc, "takeover", get_takeover, set_takeover,
        "What TCG may take over, each including those before: off, failures, "
        "states, bursts, all (default: all)");
    add_string(oc, "learn", get_learn, set_learn,
        "Where it is kept which sites' bursts paid, for later starts: on (the "
        "user's cache folder), off, or a file's path (default: on)");
    add_string(oc, "states", get_states, set_states,
        "CPU modes that belong to TCG: auto (what VT does not run natively), "
        "none, all, or a list such as real:bigreal (default: auto)");
}

void partial_props_add_bursts(ObjectClass *oc, PartialConfigOf *config_of)
{
    add_home(oc, config_of, true);
    add_string(oc, "takeover", get_takeover, set_takeover,
        "What TCG may take over: off, bursts (of device accesses), all "
        "(default: off)");
}
