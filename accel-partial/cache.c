/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that starts of QEMU keep for later ones. */

#include "qemu/osdep.h"
#include "cache.h"

char *partial_cache_dir(void)
{
    const char *only = g_getenv(PARTIAL_CACHE_VARIABLE);

    return only ? g_strdup(only)
                : g_build_filename(g_get_user_cache_dir(), "qemu-partial",
                                   NULL);
}

char *partial_cache_read(const char *path, size_t most)
{
    int fd = qemu_open_old(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    g_autofree char *text = NULL;
    struct stat st;
    ssize_t n = -1;

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (st.st_uid == 0 || st.st_uid == geteuid()) &&
        !(st.st_mode & (S_IWGRP | S_IWOTH))) {
        text = g_malloc(most + 1);
        n = read(fd, text, most);
    }
    close(fd);
    if (n < 0) {
        return NULL;
    }
    text[n] = 0;
    return g_steal_pointer(&text);
}
