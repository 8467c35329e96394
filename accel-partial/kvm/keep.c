/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The probe's answer, kept for later starts on the same host. */

#include "qemu/osdep.h"
#include <sys/utsname.h>
#include "cpu.h"
#include "host-cpu.h"
#include "../cache.h"
#include "keep.h"
#include "probe.h"

#define SYSTEM_DIR "/var/cache/qemu-partial"
/* A kept answer is shorter. */
#define TEXT_MOST 4096
#define GROUP "probe"
/* Changes with what is kept, and with how it is measured. */
#define VERSION 1
/* A probe that took longer was disturbed. */
#define GOOD_US 100000

/* --- what the answer depends on ------------------------------------------- */

static void add_file(GString *s, const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *text = NULL;

    if (g_file_get_contents(path, &text, NULL, NULL)) {
        g_string_append_printf(s, "%s %s\n", path, g_strchomp(text));
    }
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The parameters of a module, in an order that does not change. */
static void add_parameters(GString *s, const char *module)
{
    g_autofree char *dir = g_strdup_printf("/sys/module/%s", module);
    g_autofree char *parameters = g_build_filename(dir, "parameters", NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GDir *d = g_dir_open(parameters, 0, NULL);
    const char *name;
    unsigned i;

    add_file(s, dir, "srcversion");
    if (!d) {
        return;
    }
    while ((name = g_dir_read_name(d))) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_dir_close(d);
    g_ptr_array_sort(names, compare_names);
    for (i = 0; i < names->len; i++) {
        add_file(s, parameters, g_ptr_array_index(names, i));
    }
}

/* What the CPU is; nothing of which CPU of the host asks. */
static void add_cpuid(GString *s, uint32_t leaf, uint32_t first)
{
    uint32_t eax, ebx, ecx, edx, most;

    host_cpuid(first, 0, &most, &ebx, &ecx, &edx);
    if (most < leaf || most - first > 0xffff) {
        /* The CPU does not have the leaf, and would answer with another. */
        return;
    }
    host_cpuid(leaf, 0, &eax, &ebx, &ecx, &edx);
    g_string_append_printf(s, "cpuid %x %x %x %x %x\n", leaf, eax,
                           leaf == 1 ? 0 : ebx, ecx, edx);
}

/*
 * The start of the host's kernel is part of it: a parameter of that, a module
 * that was built anew or the hypervisor below may all have changed.
 */
static char *key_of(const char *device)
{
    g_autoptr(GString) s = g_string_new("");
    struct utsname u;

    g_string_append_printf(s, "version %d\ndevice %s\n", VERSION, device);
    if (uname(&u) == 0) {
        g_string_append_printf(s, "kernel %s %s %s\n", u.release, u.version,
                               u.machine);
    }
    add_file(s, "/proc/sys/kernel/random", "boot_id");
    add_cpuid(s, 0, 0);
    add_cpuid(s, 1, 0);
    add_cpuid(s, 7, 0);
    add_cpuid(s, 0x80000001, 0x80000000);
    add_cpuid(s, 0x8000000a, 0x80000000);
    add_parameters(s, "kvm");
    add_parameters(s, "kvm_intel");
    add_parameters(s, "kvm_amd");
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, s->str, s->len);
}

/* One file for each device, whatever host the folder is used on. */
static char *name_of(const char *device)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256,
                                                         device, -1);

    return g_strdup_printf("probe-%.16s", sum);
}

/* --- the file ------------------------------------------------------------- */

/* A flag or number within bounds; false, too, if it is not there. */
static bool get_number(GKeyFile *file, const char *name, uint32_t min,
                       uint32_t max, uint32_t *value)
{
    g_autoptr(GError) err = NULL;
    uint64_t number = g_key_file_get_uint64(file, GROUP, name, &err);

    *value = number;
    return !err && number >= min && number <= max;
}

static bool get_flag(GKeyFile *file, const char *name, bool *value)
{
    uint32_t number;
    bool good = get_number(file, name, 0, 1, &number);

    *value = number;
    return good;
}

static bool parse(const char *text, const char *key, PartialFacts *f)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *its_key = NULL;
    int m;

    *f = (PartialFacts) { 0 };
    if (!g_key_file_load_from_data(file, text, -1, G_KEY_FILE_NONE, NULL)) {
        return false;
    }
    its_key = g_key_file_get_string(file, GROUP, "key", NULL);
    if (g_strcmp0(its_key, key)) {
        return false;
    }
    for (m = 0; m < PARTIAL_MODE__MAX; m++) {
        if (!get_number(file, partial_mode_name[m], 0, UINT32_MAX,
                        &f->mips[m])) {
            return false;
        }
        f->native |= (f->mips[m] >= PROBE_NATIVE_MIPS) << m;
    }
    return get_flag(file, "shadows", &f->shadows) &&
           get_flag(file, "cpuid-honoured", &f->cpuid_honoured) &&
           get_flag(file, "arch-caps-settable", &f->arch_caps_settable) &&
           get_flag(file, "shutdown-keeps-state", &f->shutdown_keeps_state) &&
           get_number(file, "exit-ns", 1, UINT32_MAX, &f->exit_ns) &&
           get_number(file, "total-us", 0, UINT32_MAX, &f->total_us);
}

static bool find_in(const char *dir, const char *device, const char *key,
                    PartialFacts *facts)
{
    g_autofree char *name = name_of(device);
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *text = partial_cache_read(path, TEXT_MOST);

    if (!text || !parse(text, key, facts)) {
        return false;
    }
    facts->kept_in = g_steal_pointer(&path);
    return true;
}

bool partial_keep_find(const char *device, PartialFacts *facts)
{
    bool only = g_getenv(PARTIAL_CACHE_VARIABLE);
    g_autofree char *key = key_of(device);
    g_autofree char *dir = partial_cache_dir();

    return (!only && find_in(SYSTEM_DIR, device, key, facts)) ||
           find_in(dir, device, key, facts);
}

static bool is_good(const PartialFacts *f)
{
    int m;

    for (m = 0; m < PARTIAL_MODE__MAX; m++) {
        if (f->mips[m] > PROBE_NATIVE_MIPS / 2 &&
            f->mips[m] < PROBE_NATIVE_MIPS * 2) {
            return false;
        }
    }
    return f->exit_ns && f->total_us < GOOD_US;
}

static char *print(const PartialFacts *f, const char *key)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    int m;

    g_key_file_set_string(file, GROUP, "key", key);
    for (m = 0; m < PARTIAL_MODE__MAX; m++) {
        g_key_file_set_uint64(file, GROUP, partial_mode_name[m], f->mips[m]);
    }
    g_key_file_set_uint64(file, GROUP, "shadows", f->shadows);
    g_key_file_set_uint64(file, GROUP, "cpuid-honoured", f->cpuid_honoured);
    g_key_file_set_uint64(file, GROUP, "arch-caps-settable",
                          f->arch_caps_settable);
    g_key_file_set_uint64(file, GROUP, "shutdown-keeps-state",
                          f->shutdown_keeps_state);
    g_key_file_set_uint64(file, GROUP, "exit-ns", f->exit_ns);
    g_key_file_set_uint64(file, GROUP, "total-us", f->total_us);
    return g_key_file_to_data(file, NULL, NULL);
}

static bool put_in(const char *dir, const char *device, const char *text)
{
    g_autofree char *name = name_of(device);
    g_autofree char *path = g_build_filename(dir, name, NULL);

    /* Another file is written first and renamed: readers see all or nothing. */
    return access(dir, W_OK) == 0 &&
           g_file_set_contents_full(path, text, -1,
                                    G_FILE_SET_CONTENTS_CONSISTENT, 0644, NULL);
}

void partial_keep_put(const char *device, const PartialFacts *facts)
{
    bool only = g_getenv(PARTIAL_CACHE_VARIABLE);
    g_autofree char *key = key_of(device);
    g_autofree char *dir = partial_cache_dir();
    g_autofree char *text = print(facts, key);

    if (!is_good(facts)) {
        return;
    }
    if ((only || !put_in(SYSTEM_DIR, device, text)) &&
        g_mkdir_with_parents(dir, 0700) == 0) {
        put_in(dir, device, text);
    }
}
