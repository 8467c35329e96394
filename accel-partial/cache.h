/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that starts of QEMU keep for later ones, in the user's cache folder. */
#ifndef ACCEL_PARTIAL_CACHE_H
#define ACCEL_PARTIAL_CACHE_H

/* Its value replaces the folder, for tests. */
#define PARTIAL_CACHE_VARIABLE "QEMU_PARTIAL_CACHE"

/**
 * partial_cache_dir: the folder of this user's files
 *
 * Nobody has made it yet, perhaps.  Context: any thread.
 * Returns: a path, to be freed with g_free()
 */
char *partial_cache_dir(void);

/**
 * partial_cache_read: read a file that only root or this user may write
 * @path: of the file, which is no link
 * @most: bytes that are read of it
 *
 * Context: any thread.
 * Returns: its text, to be freed with g_free(); NULL if there is no such file
 */
char *partial_cache_read(const char *path, size_t most);

#endif
