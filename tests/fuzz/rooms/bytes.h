/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads numbers from the input of a libFuzzer target. */
#ifndef FUZZ_ROOMS_BYTES_H
#define FUZZ_ROOMS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Bytes {
    const uint8_t *data;
    size_t left;
} Bytes;

/* The next @n (8 at most) bytes as a number; zeros follow the last one. */
static inline uint64_t bytes_number(Bytes *b, size_t n)
{
    size_t got = n < b->left ? n : b->left;
    uint64_t value = 0;

    memcpy(&value, b->data, got);
    b->data += got;
    b->left -= got;
    return value;
}

/* A number of any size: its first byte says by how much it is shifted. */
static inline uint64_t bytes_any(Bytes *b)
{
    unsigned shift = bytes_number(b, 1) & 63;

    return bytes_number(b, 8) >> shift;
}

/* A condition that has to hold; libFuzzer keeps the input where it does not. */
#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            __builtin_trap(); \
        } \
    } while (0)

#endif
