/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of sites: numbers for policy.c, and their names for people. */
#ifndef ACCEL_PARTIAL_DEVICES_H
#define ACCEL_PARTIAL_DEVICES_H

/*
 * A memory region's device is its address in QEMU; it is compared, and never
 * used as a pointer.  Eight ports make one: odd numbers.
 */

/* One that the user denied is a device of its own. */
#define PARTIAL_DEVICE_DENIED (UINT64_C(1) << 63)

/** partial_device_of_port: the number of a port's device */
static inline uint64_t partial_device_of_port(uint32_t port)
{
    return (uint64_t)(port >> 3) << 1 | 1;
}

/**
 * partial_device_name: a device by its memory region, as in "info mtree"
 * @device: its number
 *
 * Context: any thread.
 * Returns: a string to be freed with g_free(): "vga-lowmem", "port 0x1f0 ide";
 * of one that has been unplugged "gone"
 */
char *partial_device_name(uint64_t device);

#endif
