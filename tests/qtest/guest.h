/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tiny guests for qtests: a firmware image that is told what to do through
 * memory, and says there what came of it (tests/guests/boot64.inc).
 */
#ifndef TESTS_PARTIAL_GUEST_H
#define TESTS_PARTIAL_GUEST_H

#include "libqtest.h"

/* Addresses and values as in boot64.inc. */
enum {
    GUEST_COMMAND = 0x8000,
    GUEST_STATUS = 0x8f00,
    GUEST_DUMP = 0x9000,
    GUEST_RAM_AREA = 0xb000,
    GUEST_MMIO_AREA = 0xff000000, /* pc-testdev's */
    GUEST_DONE = 0x600d600d,
    GUEST_FAIL = 0x0bad0bad,
};

typedef enum GuestEnd {
    GUEST_END_DONE,       /* the guest says so */
    GUEST_END_FAIL,       /* the guest met an exception it did not expect */
    GUEST_END_ERROR,      /* QEMU paused it: internal error */
    GUEST_END_TIMEOUT,
} GuestEnd;

/** guest_end_name: for messages */
const char *guest_end_name(GuestEnd end);

/**
 * guest_have_kvm: whether /dev/kvm can be used
 *
 * If not, the running test is skipped with the reason.
 */
bool guest_have_kvm(void);

/**
 * guest_start: create a paused machine
 * @accel: what follows "-accel "
 * @image: file name of the firmware image, below $QTEST_GUESTS; NULL if @more
 *         names it
 * @more: further options, or ""
 */
QTestState *guest_start(const char *accel, const char *image,
                        const char *more);

/** guest_command: tell it what to do; words as the image defines them */
void guest_command(QTestState *qts, uint32_t what, uint32_t cpl,
                   uint64_t operand, uint32_t flags);

/** guest_run: let it go on, and wait for its end or for an internal error */
GuestEnd guest_run(QTestState *qts);

/** guest_counter: a counter of query-stats' provider "partial", all vCPUs */
uint64_t guest_counter(QTestState *qts, const char *name);

/**
 * guest_kernel_is_native: whether this VT runs a guest's kernel natively
 *
 * By the probe's word; asked once, with a machine that runs nothing.
 */
bool guest_kernel_is_native(void);

/**
 * guest_cpu_lacks: whether the vCPU is not offered a feature, by its property
 *
 * Never true of a VT that runs a guest's kernel natively: there, what the
 * machine's CPU has is to be offered.
 */
bool guest_cpu_lacks(QTestState *qts, const char *feature);

/** guest_state: the run state's name, to be freed with g_free() */
char *guest_state(QTestState *qts);

#endif
