/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accelerators by the name of the program, and options from its environment. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/accel.h"
#include "qemu/error-report.h"
#include "choose.h"

#define SUFFIX "partial"

static int choose_one(void *opaque, QemuOpts *opts, Error **errp)
{
    if (g_strcmp0(qemu_opt_get(opts, "accel"), "kvm")) {
        return 0;
    }
    *(bool *)opaque = true;
    return qemu_opt_set(opts, "accel", SUFFIX, errp) ? 0 : -1;
}

static char *choose_from(const char *list, bool *chosen)
{
    g_auto(GStrv) names = g_strsplit(list, ":", 0);
    char **name;

    for (name = names; *name; name++) {
        if (g_str_equal(*name, "kvm")) {
            g_free(*name);
            *name = g_strdup(SUFFIX);
            *chosen = true;
        }
    }
    return g_strjoinv(":", names);
}

const char *partial_choose(const char *progname, QemuOptsList *given,
                           const char *list)
{
    bool chosen = false;

    if (!g_str_has_suffix(progname, SUFFIX) || !accel_find(SUFFIX)) {
        return list;
    }
    qemu_opts_foreach(given, choose_one, &chosen, &error_fatal);
    if (list) {
        list = choose_from(list, &chosen);
    } else if (QTAILQ_EMPTY(&given->head)) {
        list = SUFFIX ":tcg";
    }
    if (chosen) {
        info_report("kvm means -accel partial here, as the program's name ends "
                    "in '%s'", SUFFIX);
    }
    return list;
}

static QemuOptsList variable_opts = {
    .name = PARTIAL_VARIABLE,
    .head = QTAILQ_HEAD_INITIALIZER(variable_opts.head),
    .desc = { { /* any */ } },
};

static int set_option(void *opaque, const char *name, const char *value,
                      Error **errp)
{
    return object_property_parse(opaque, name, value, errp) ? 0 : -1;
}

bool partial_choose_options(Object *accel, Error **errp)
{
    const char *text = getenv(PARTIAL_VARIABLE);
    QemuOpts *opts;
    Error *err = NULL;

    if (!text || !*text) {
        return true;
    }
    opts = qemu_opts_parse(&variable_opts, text, false, &err);
    if (opts) {
        qemu_opt_foreach(opts, set_option, accel, &err);
        qemu_opts_del(opts);
    }
    if (err) {
        error_propagate_prepend(errp, err, "environment variable %s: ",
                                PARTIAL_VARIABLE);
        return false;
    }
    return true;
}
