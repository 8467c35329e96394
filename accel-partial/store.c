/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of results: read, merged with what others wrote, replaced. */

#include "qemu/osdep.h"
#include <sys/file.h>
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/thread.h"
#include "system/qtest.h"
#include "system/runstate.h"
#include "system/system.h"
#include "cache.h"
#include "partial.h"
#include "store.h"

/* Another VM writes for as long as this at most, or else it has died. */
#define LOCK_TRIES 20
#define LOCK_US 5000

static QemuMutex lock;
static Learnt *learnt;          /* protected by lock; NULL: off */
static bool changed;            /* ... since it was written */
static char *path;              /* constant once learnt is set */
static bool was_empty;          /* the same */

static char *default_path(void)
{
    g_autofree char *dir = partial_cache_dir();

    return g_build_filename(dir, "sites", NULL);
}

/* What the file has; nothing if there is none, it is old, or not whole. */
static void read_table(Learnt *l, bool tell)
{
    g_autofree char *text = partial_cache_read(path, LEARNT_TEXT_MOST);

    if (!text) {
        learnt_init(l);
    } else if (!learnt_parse(l, text) && tell &&
               !learnt_is_other_version(text)) {
        warn_report("accel partial: %s is damaged, and not used; it will be "
                    "written anew", path);
    }
}

/* The file itself is replaced, so the lock has one of its own. */
static int take_lock(void)
{
    g_autofree char *name = g_strconcat(path, ".lock", NULL);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int i;

    for (i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return fd;
        }
        g_usleep(LOCK_US);
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* Readers see all of one table: another file is written first and renamed. */
static bool write_table(const Learnt *ours)
{
    g_autofree char *text = g_malloc(LEARNT_TEXT_MOST);
    g_autofree Learnt *all = g_new(Learnt, 1);

    read_table(all, false);
    learnt_merge(all, ours);
    return g_file_set_contents_full(path, text, learnt_print(all, text),
                                    G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
}

/* What is at the path and is not ours to replace; NULL if nothing is. */
static const char *in_the_way(void)
{
    char head[64] = "";
    struct stat st;
    int fd;

    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        return "no file";       /* but a device, such as /dev/null */
    }
    fd = qemu_open_old(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return NULL;
    }
    if (read(fd, head, sizeof(head) - 1) < 0) {
        head[0] = 0;
    }
    close(fd);
    return learnt_is_foreign(head) ? "a file of something else" : NULL;
}

/* Where it cannot be written, as in a sandbox, the next run learns again. */
static void save(void)
{
    g_autofree char *dir = g_path_get_dirname(path);
    int fd;

    QEMU_LOCK_GUARD(&lock);
    if (!changed || g_mkdir_with_parents(dir, 0700) < 0) {
        return;
    }
    fd = in_the_way() ? -1 : take_lock();
    if (fd >= 0) {
        changed = !write_table(learnt);
        if (!changed) {
            learnt_kept(learnt);
        }
        close(fd);
    }
}

/* Not while a migration holds the guest: that has to be short. */
static void vm_stopped(void *opaque, bool running, RunState state)
{
    if (!running && state != RUN_STATE_FINISH_MIGRATE) {
        save();
    }
}

static void at_exit(Notifier *n, void *unused)
{
    save();
}

/* A path that was given is meant: one that cannot serve is told of at once. */
static void check_given(void)
{
    g_autofree char *dir = g_path_get_dirname(path);
    const char *what = in_the_way();

    if (what) {
        warn_report("accel partial: learn=%s is %s, so nothing is kept; give "
                    "another path", path, what);
    } else if (g_mkdir_with_parents(dir, 0700) < 0 || access(dir, W_OK) < 0) {
        warn_report("accel partial: learn=%s cannot be written (%s), so "
                    "nothing is kept; give a path in a folder that can", path,
                    strerror(errno));
    }
}

static void machine_ready(Notifier *n, void *unused)
{
    static Notifier exit_notifier = { .notify = at_exit };
    const char *option = partial_config->learn;

    /* Tests by qtest see the same each time. */
    if (g_strcmp0(option, "off") == 0 || (!option && qtest_driver())) {
        return;
    }
    path = option && !g_str_equal(option, "on") ? g_strdup(option)
                                                : default_path();
    if (option && !g_str_equal(option, "on")) {
        check_given();
    }
    learnt = g_new(Learnt, 1);
    read_table(learnt, !in_the_way());
    was_empty = learnt->count == 0;
    qemu_add_vm_change_state_handler(vm_stopped, NULL);
    qemu_add_exit_notifier(&exit_notifier);
}

void partial_store_register(void)
{
    static Notifier notifier = { .notify = machine_ready };

    qemu_mutex_init(&lock);
    qemu_add_machine_init_done_notifier(&notifier);
}

bool partial_store_is_on(void)
{
    return learnt;
}

bool partial_store_is_empty(void)
{
    return was_empty;
}

bool partial_store_find(uint64_t key, LearntSite *site)
{
    const LearntSite *s;

    QEMU_LOCK_GUARD(&lock);
    s = learnt_find(learnt, key);
    if (s) {
        *site = *s;
        changed = true;
    }
    return s;
}

void partial_store_note(uint64_t key, const LearntResult *r)
{
    QEMU_LOCK_GUARD(&lock);
    changed |= learnt_note(learnt, key, r);
}

char *partial_store_path(void)
{
    return learnt ? g_strdup(path) : NULL;
}
