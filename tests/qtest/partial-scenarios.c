/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that go from engine to engine (tests/guests/scenarios.asm): coherence
 * of code, page tables and time, interrupts, ends, resets and snapshots; those
 * of tests/guests/rep.asm; what once brought QEMU down, in stops.asm and
 * stops32.asm; what segments forbid, in segments.asm; and other faults, in
 * edges.asm.
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "guest.h"

/* As in tests/guests/scenarios.asm. */
enum {
    STEP = GUEST_STATUS + 32,
    COUNT = GUEST_STATUS + 40,
    BOOTS = GUEST_STATUS + 4,
};

/* VT runs all that it can, in whatever way, and TCG what it cannot. */
#define MIXED "partial,takeover=failures"
/* The same with QEMU's own APIC. */
#define MIXED_USER_APIC MIXED ",kernel-irqchip=off"
/* And a window after every exit for a device access. */
#define BURSTS "partial,states=none,burst-trigger=1"
#define BURSTS_USER_APIC BURSTS ",kernel-irqchip=off"
/* Real mode to TCG, the rest to VT. */
#define REAL_IN_TCG "partial,states=real:bigreal"
#define ALL_IN_TCG "partial,states=all"

typedef struct Case {
    const char *name;
    unsigned scenario;
    unsigned cpl;
    const char *accel;
    const char *more;
    uint64_t operand;
    uint32_t flags;
    GuestEnd end;
    uint32_t vector;        /* of the exception it ends with */
    /* counters that must have moved, or not, afterwards */
    const char *moved[3];
    const char *still[3];
    const char *image;      /* unless scenarios.bin */
    bool native;            /* only where VT runs a guest's kernel natively */
} Case;

static const Case cases[] = {
    { "smc", 0, 0, MIXED, .moved = { "takeovers-emulation" } },
    { "smc-short-windows", 0, 0, MIXED ",window-blocks=1" },
    { "vt-writes-code", 1, 0, MIXED, .moved = { "code-stale" } },
    { "vt-writes-code-cpl3", 1, 3, MIXED, .moved = { "code-stale" } },
    { "vt-writes-code-short-windows", 1, 3, MIXED ",window-blocks=3",
      .moved = { "code-stale" } },
    { "vt-undoes-code", 17, 0, MIXED, .moved = { "code-stale" } },
    { "vt-undoes-code-cpl3", 17, 3, MIXED, .moved = { "code-stale" } },
    { "vt-undoes-code-bursts", 17, 0, BURSTS, .moved = { "code-stale" } },
    { "smc-bursts", 0, 0, BURSTS },
    { "vt-writes-code-bursts", 1, 0, BURSTS },
    { "vt-writes-code-cpl3-bursts", 1, 3, BURSTS },
    { "page-tables-cpl3-bursts", 2, 3, BURSTS },
    { "window-hlt-bursts", 13, 0, BURSTS },
    { "window-hlt-bursts-user-apic", 13, 0, BURSTS_USER_APIC },
    { "hlt-timer-bursts", 7, 0, BURSTS },
    { "hlt-timer-bursts-user-apic", 7, 0, BURSTS_USER_APIC },
    { "two-cpus-bursts", 8, 0, BURSTS, "-smp 2" },
    { "two-cpus-bursts-user-apic", 8, 0, BURSTS_USER_APIC, "-smp 2" },
    { "tsc-bursts", 10, 0, BURSTS },
    { "lgdt-mmio-bursts", 11, 0, BURSTS },
    { "sgdt-mmio-bursts", 14, 0, BURSTS },
    { "xsave-ts-bursts", 15, 0, BURSTS, "-cpu max" },
    { "cpu-max-bursts", 9, 0, BURSTS, "-cpu max", 1, 20 },
    { "split-irqchip-bursts", 9, 0, BURSTS ",kernel-irqchip=split", "", 1, 20 },
    { "smc-parts", 19, 0, MIXED, .moved = { "takeovers-emulation" } },
    { "smc-parts-in-tcg", 19, 0, ALL_IN_TCG },
    { "smc-parts-bursts", 19, 0, BURSTS },
    { "spaces", 18, 0, MIXED, .moved = { "takeovers-emulation" } },
    { "spaces-in-tcg", 18, 0, ALL_IN_TCG },
    { "spaces-bursts", 18, 0, BURSTS },
    { "page-tables-cpl3", 2, 3, MIXED, .moved = { "takeovers-emulation" } },
    { "page-tables-in-tcg", 2, 3, ALL_IN_TCG },
    { "quiet-windows", 3, 0, MIXED, .moved = { "stops-vt-owned" },
      .still = { "table-flushes" } },
    { "wild-jump", 4, 0, MIXED, .end = GUEST_END_ERROR,
      .moved = { "stops-nowhere" } },
    { "wild-jump-in-tcg", 4, 0, ALL_IN_TCG, .end = GUEST_END_ERROR,
      .moved = { "stops-nowhere" } },
    { "wild-jump-cpl3", 4, 3, MIXED, .end = GUEST_END_FAIL, .vector = 6,
      .still = { "stops-nowhere" } },
    { "wild-jump-cpl3-in-tcg", 4, 3, ALL_IN_TCG, .end = GUEST_END_FAIL,
      .vector = 6, .still = { "stops-nowhere" } },
    { "unknown-to-both", 5, 0, MIXED, .end = GUEST_END_ERROR,
      .moved = { "stops-neither" } },
    { "unknown-to-both-cpl3", 5, 3, MIXED, .end = GUEST_END_FAIL,
      .vector = 6, .still = { "stops-neither" } },
    { "triple-fault", 6, 0, MIXED },
    { "triple-fault-in-tcg", 6, 0, ALL_IN_TCG },
    { "hlt-timer", 7, 0, ALL_IN_TCG },
    { "hlt-timer-user-apic", 7, 0, MIXED_USER_APIC },
    { "hlt-timer-in-kernel", 7, 0, MIXED },
    { "window-hlt-in-kernel", 13, 0, MIXED, .moved = { "stops-halt" } },
    { "window-hlt-user-apic", 13, 0, MIXED_USER_APIC,
      .moved = { "stops-halt" } },
    { "window-hlt-1-block", 13, 0, MIXED ",window-blocks=1" },
    { "window-hlt-2-blocks", 13, 0, MIXED ",window-blocks=2" },
    { "window-hlt-user-apic-1-block", 13, 0, MIXED_USER_APIC
      ",window-blocks=1" },
    { "window-hlt-user-apic-2-blocks", 13, 0, MIXED_USER_APIC
      ",window-blocks=2" },
    { "two-cpus", 8, 0, MIXED, "-smp 2" },
    { "two-cpus-user-apic", 8, 0, MIXED_USER_APIC, "-smp 2" },
    { "two-cpus-real-in-tcg", 8, 0, REAL_IN_TCG, "-smp 2",
      .moved = { "takeovers-mode", "takeovers-emulation" } },
    { "two-cpus-in-tcg", 8, 0, ALL_IN_TCG, "-smp 2" },
    { "irq13", 20, 0, MIXED },
    { "irq13-split-irqchip", 20, 0, MIXED ",kernel-irqchip=split" },
    { "irq13-user-apic", 20, 0, MIXED_USER_APIC },
    { "irq13-in-tcg", 20, 0, ALL_IN_TCG },
    { "irq13-bursts", 20, 0, BURSTS },
    { "irq13-bursts-user-apic", 20, 0, BURSTS_USER_APIC },
    { "tsc", 10, 0, MIXED, .moved = { "takeovers-emulation" } },
    { "tsc-in-tcg", 10, 0, ALL_IN_TCG },
    { "tsc-real-in-tcg", 10, 0, REAL_IN_TCG,
      .moved = { "takeovers-mode", "stops-mode" } },
    { "mtrr", 16, 0, MIXED },
    { "mtrr-real-in-tcg", 16, 0, REAL_IN_TCG, .moved = { "stops-mode" } },
    { "mtrr-in-tcg", 16, 0, ALL_IN_TCG },
    { "lgdt-mmio", 11, 0, MIXED, .moved = { "takeovers-endless" } },
    { "sgdt-mmio", 14, 0, MIXED },
    { "xsave-ts", 15, 0, MIXED, "-cpu max" },
    { "xsave-ts-in-tcg", 15, 0, ALL_IN_TCG, "-cpu max" },
    { "ud2", 12, 0, MIXED, .still = { "stops-neither" } },
    { "cpu-max", 9, 0, MIXED, "-cpu max", 1, 20,
      .moved = { "stops-vt-owned" } },
    { "cpu-host", 9, 0, MIXED, "-cpu host", 1, 20,
      .moved = { "stops-vt-owned" } },
    { "cpu-model", 9, 0, MIXED, "-cpu EPYC", 1, 20,
      .moved = { "stops-vt-owned" } },
    { "cpu-max-user-apic", 9, 0, MIXED_USER_APIC, "-cpu max", 1, 20,
      .moved = { "stops-vt-owned" } },
    { "split-irqchip", 9, 0, MIXED ",kernel-irqchip=split", "", 1, 20,
      .moved = { "takeovers-emulation" } },
    { "rep-on-vt", 2, 0, MIXED, .flags = 40, .image = "rep.bin",
      .still = { "takeovers-emulation" } },
    { "rep-mixed", 2, 0, MIXED, "", 1, 100, .image = "rep.bin",
      .moved = { "takeovers-emulation" } },
    { "rep-bursts", 2, 0, BURSTS, "", 1, 100, .image = "rep.bin",
      .moved = { "takeovers-burst" } },
    { "rep-in-tcg", 0, 0, ALL_IN_TCG, .flags = 400, .image = "rep.bin" },
    { "rep-in-tcg-cpl3", 2, 0, ALL_IN_TCG, .flags = 400, .image = "rep.bin" },
    { "rep-over-code", 1, 0, ALL_IN_TCG, .image = "rep.bin" },
    { "rep-over-code-on-vt", 1, 0, MIXED, .image = "rep.bin",
      .still = { "takeovers-emulation" } },
    { "control", 0, 0, ALL_IN_TCG, .flags = 1, .image = "stops.bin" },
    { "control-on-vt", 0, 0, MIXED, .image = "stops.bin", .native = true },
    { "bases", 1, 0, MIXED, "-cpu max", .image = "stops.bin",
      .moved = { "takeovers-emulation" } },
    { "bases-bursts", 1, 0, BURSTS, "-cpu max", .image = "stops.bin" },
    { "code-is-table", 2, 0, MIXED, .image = "stops.bin" },
    { "code-is-table-in-tcg", 2, 0, ALL_IN_TCG, .image = "stops.bin" },
    { "watched-stack-in-tcg", 3, 0, ALL_IN_TCG, .flags = 1,
      .image = "stops.bin" },
    { "watched-stack-bursts-user-apic", 3, 0, BURSTS_USER_APIC,
      .image = "stops.bin", .native = true },
    { "two-pages", 4, 0, MIXED, .image = "stops.bin",
      .moved = { "takeovers-emulation" } },
    { "two-pages-in-tcg", 4, 0, ALL_IN_TCG, .image = "stops.bin" },
    { "two-pages-bursts", 4, 0, BURSTS, .image = "stops.bin" },
    { "apic-cpl3", 7, 3, MIXED, .image = "stops.bin",
      .end = GUEST_END_FAIL, .vector = 6, .still = { "stops-neither" } },
    { "late-breakpoint", 8, 0, BURSTS, .image = "stops.bin",
      .moved = { "takeovers-burst" } },
    { "halt-and-step", 9, 0, ALL_IN_TCG, .image = "stops.bin" },
    { "user32", 0, 0, MIXED, .image = "stops32.bin",
      .moved = { "takeovers-emulation" }, .native = true },
    { "user32-bursts", 0, 0, BURSTS, .image = "stops32.bin",
      .moved = { "takeovers-burst" }, .native = true },
    { "user32-bursts-user-apic", 0, 0, BURSTS_USER_APIC,
      .image = "stops32.bin", .native = true },
    { "user32-paged", 0, 0, MIXED, .flags = 1, .image = "stops32.bin",
      .native = true },
    { "user32-paged-bursts", 0, 0, BURSTS, .flags = 1,
      .image = "stops32.bin", .native = true },
    { "user32-real-in-tcg", 0, 0, REAL_IN_TCG, .flags = 1,
      .image = "stops32.bin" },
    { "user32-in-tcg", 0, 0, ALL_IN_TCG, .flags = 1,
      .image = "stops32.bin" },
    { "long-bit", 1, 0, MIXED, .image = "stops32.bin" },
    { "long-bit-bursts", 1, 0, BURSTS, .flags = 1, .image = "stops32.bin",
      .native = true },
    { "long-bit-in-tcg", 1, 0, ALL_IN_TCG, .image = "stops32.bin" },
    { "sixteen", 2, 0, MIXED, .image = "stops32.bin" },
    { "sixteen-bursts", 2, 0, BURSTS, .image = "stops32.bin" },
    { "sixteen-tss-bursts", 3, 0, BURSTS, .image = "stops32.bin" },
    { "sixteen-tss-paged-bursts", 3, 0, BURSTS_USER_APIC, .flags = 1,
      .image = "stops32.bin", .native = true },
    { "sixteen-in-tcg", 3, 0, ALL_IN_TCG, .image = "stops32.bin" },
    { "v86", 4, 0, MIXED, .image = "stops32.bin",
      .native = true },
    { "v86-bursts", 4, 0, BURSTS, .image = "stops32.bin",
      .native = true },
    { "v86-bursts-user-apic", 4, 0, BURSTS_USER_APIC,
      .image = "stops32.bin", .native = true },
    { "v86-in-tcg", 4, 0, ALL_IN_TCG, .flags = 1, .image = "stops32.bin" },
    { "pae", 5, 0, MIXED, .image = "stops32.bin",
      .moved = { "takeovers-emulation" }, .native = true },
    { "pae-bursts", 5, 0, BURSTS, .image = "stops32.bin",
      .moved = { "takeovers-burst" }, .native = true },
    { "pae-in-tcg", 5, 0, ALL_IN_TCG, .image = "stops32.bin" },
    { "breakpoint16", 16, 0, BURSTS, .image = "stops32.bin" },
    { "breakpoint16-in-tcg", 16, 0, REAL_IN_TCG, .image = "stops32.bin" },
    { "tsc-written", 17, 0, BURSTS, .image = "stops32.bin", .native = true },
    { "tsc-written-in-tcg", 17, 0, ALL_IN_TCG, .image = "stops32.bin" },
    { "tsc-written-real-in-tcg", 17, 0, REAL_IN_TCG, .image = "stops32.bin" },
    { "nested-exits-tcg", 0, 0, "tcg", "-cpu max", .image = "nested.bin" },
    { "segments-prot32", 0, 0, MIXED, .image = "segments.bin" },
    { "segments-prot32-in-tcg", 0, 0, ALL_IN_TCG, .flags = 1,
      .image = "segments.bin" },
    { "segments-prot32-tcg", 0, 0, "tcg", .flags = 1,
      .image = "segments.bin" },
    { "segments-prot16", 1, 0, MIXED, .image = "segments.bin" },
    { "segments-prot16-in-tcg", 1, 0, ALL_IN_TCG, .flags = 1,
      .image = "segments.bin" },
    { "segments-prot16-tcg", 1, 0, "tcg", .flags = 1,
      .image = "segments.bin" },
    { "segments-real", 2, 0, MIXED, .image = "segments.bin" },
    { "segments-real-in-tcg", 2, 0, ALL_IN_TCG, .flags = 1,
      .image = "segments.bin" },
    { "segments-real-tcg", 2, 0, "tcg", .flags = 1,
      .image = "segments.bin" },
    { "segments-v86", 3, 0, MIXED, .image = "segments.bin" },
    { "segments-v86-in-tcg", 3, 0, ALL_IN_TCG, .flags = 1,
      .image = "segments.bin" },
    { "segments-v86-tcg", 3, 0, "tcg", .flags = 1,
      .image = "segments.bin" },
    { "edges-jumps-in-tcg", 0, 0, ALL_IN_TCG, .image = "edges.bin" },
    { "edges-jumps-tcg", 0, 0, "tcg", .image = "edges.bin" },
    { "edges-jumps", 0, 0, MIXED, .image = "edges.bin", .native = true },
    { "edges-tables-in-tcg", 1, 0, ALL_IN_TCG, .image = "edges.bin" },
    { "edges-tables-tcg", 1, 0, "tcg", .image = "edges.bin" },
    { "edges-tables", 1, 0, MIXED, .image = "edges.bin", .native = true },
    { "edges-registers-in-tcg", 2, 0, ALL_IN_TCG, .image = "edges.bin" },
    { "edges-registers-tcg", 2, 0, "tcg", .image = "edges.bin" },
    { "edges-registers", 2, 0, MIXED, .image = "edges.bin", .native = true },
    { "edges-steps-in-tcg", 3, 0, ALL_IN_TCG, .image = "edges.bin" },
    { "edges-steps-tcg", 3, 0, "tcg", .image = "edges.bin" },
    { "edges-steps", 3, 0, MIXED, .image = "edges.bin", .native = true },
    { "edges-apic-in-tcg", 4, 0, ALL_IN_TCG, .image = "edges.bin" },
    { "edges-apic-tcg", 4, 0, "tcg", .image = "edges.bin" },
    { "edges-jumps-intel-tcg", 0, 0, "tcg", "-cpu max,vendor=GenuineIntel",
      .flags = 1, .image = "edges.bin" },
    { "edges-registers-max-tcg", 2, 0, "tcg", "-cpu max",
      .image = "edges.bin" },
    { "edges-steps-intel-tcg", 3, 0, "tcg",
      "-cpu qemu64,vendor=GenuineIntel", .image = "edges.bin" },
    { "takeover-off", 9, 0, "partial,takeover=off", "", 1, 20,
      .end = GUEST_END_ERROR, .still = { "takeovers-emulation" } },
    { "failures-only", 9, 0, "partial,takeover=failures", "", 1, 20,
      .moved = { "takeovers-emulation" }, .still = { "takeovers-mode" } },
};

static void check_counters(QTestState *qts, const Case *c)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(c->moved) && c->moved[i]; i++) {
        g_test_message("%s: %" PRIu64, c->moved[i],
                       guest_counter(qts, c->moved[i]));
        g_assert_cmpint(guest_counter(qts, c->moved[i]), >, 0);
    }
    for (i = 0; i < ARRAY_SIZE(c->still) && c->still[i]; i++) {
        g_assert_cmpint(guest_counter(qts, c->still[i]), ==, 0);
    }
}

/* A KVM that shadows page tables has to be told of those that changed. */
static void check_tables(QTestState *qts)
{
    g_autofree char *info = qtest_hmp(qts, "info partial");

    if (strstr(info, "shadows page tables")) {
        g_assert_cmpint(guest_counter(qts, "table-flushes"), >=, 9);
    }
}

static void test_case(const void *opaque)
{
    const Case *c = opaque;
    QTestState *qts;
    GuestEnd end;

    if (!guest_have_kvm()) {
        return;
    }
    if (g_str_has_prefix(c->name, "unknown-to-both") &&
        !__builtin_cpu_supports("avx512f")) {
        g_test_skip("this CPU has no AVX-512, so its #UD is the guest's");
        return;
    }
    if (c->native && !guest_kernel_is_native()) {
        g_test_skip("this VT does not run a guest's kernel natively");
        return;
    }
    qts = guest_start(c->accel, c->image ?: "scenarios.bin", c->more ?: "");
    if (g_str_has_prefix(c->name, "xsave-ts") &&
        guest_cpu_lacks(qts, "xsave")) {
        g_test_skip("this KVM offers its guests no XSAVE");
        qtest_quit(qts);
        return;
    }
    guest_command(qts, c->scenario, c->cpl, c->operand, c->flags);
    end = guest_run(qts);
    g_test_message("%s; step %" PRIu64 ", vector %u at 0x%" PRIx64,
                   guest_end_name(end), qtest_readq(qts, STEP),
                   qtest_readl(qts, GUEST_STATUS + 8),
                   qtest_readq(qts, GUEST_STATUS + 16));
    g_assert_cmpint(end, ==, c->end);
    g_assert_cmpint(qtest_readl(qts, GUEST_STATUS + 8), ==, c->vector);
    check_counters(qts, c);
    if (g_str_equal(c->name, "page-tables-cpl3")) {
        check_tables(qts);
    }
    qtest_quit(qts);
}

static void wait_for_turns(QTestState *qts)
{
    int tries;

    for (tries = 0; qtest_readq(qts, COUNT) < 10; tries++) {
        g_assert_cmpint(tries, <, 60000);
        g_usleep(1000);
    }
}

/* A long guest, at work when something happens to it. */
static QTestState *start_sum(const char *accel, bool back, const char *more,
                             uint32_t turns)
{
    QTestState *qts = guest_start(accel, "scenarios.bin", more);

    guest_command(qts, 9, 0, back, turns);
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    wait_for_turns(qts);
    return qts;
}

typedef struct LongCase {
    const char *name;
    const char *accel;
    bool back;              /* a hand-over each turn */
    uint32_t turns;
} LongCase;

static const LongCase long_cases[] = {
    { "mixed", MIXED, true, 3000 },
    { "mixed-user-apic", MIXED_USER_APIC, true, 3000 },
    { "in-tcg", ALL_IN_TCG, false, 60000000 },
};

static void test_reset(const void *opaque)
{
    const LongCase *c = opaque;
    QTestState *qts;
    int i;

    if (!guest_have_kvm()) {
        return;
    }
    qts = start_sum(c->accel, c->back, "", c->turns);
    for (i = 0; i < 4; i++) {
        qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
        qtest_writeq(qts, COUNT, 0);
        qtest_writel(qts, GUEST_STATUS, 0);
        qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
        qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
        wait_for_turns(qts);
    }
    g_assert_cmpint(qtest_readl(qts, BOOTS), ==, 5);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    qtest_quit(qts);
}

/*
 * After a triple fault the guest starts again, whatever KVM has made of it.
 * (On SVM stock KVM 6.12 loses the nested page tables of this guest.)
 */
static void test_triple_fault(void)
{
    gint64 since = g_get_monotonic_time();
    QTestState *qts;

    if (!guest_have_kvm()) {
        return;
    }
    qts = guest_start(MIXED, "shutdown.bin", "");
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    while (qtest_readl(qts, COUNT) < 3) {
        g_assert_cmpint(g_get_monotonic_time() - since, <,
                        60 * G_TIME_SPAN_SECOND);
        g_usleep(1000);
    }
    qtest_quit(qts);
}

static void hmp_quiet(QTestState *qts, const char *command)
{
    g_autofree char *out = qtest_hmp(qts, "%s", command);

    g_assert_cmpstr(out, ==, "");
}

/* Saved in mid-course, ended, then put back to where it was and ended again. */
static void test_snapshot(const void *opaque)
{
    const LongCase *c = opaque;
    g_autofree char *image = NULL, *make = NULL, *drive = NULL;
    const char *img = g_getenv("QTEST_QEMU_IMG");
    uint64_t at;
    QTestState *qts;

    if (!guest_have_kvm()) {
        return;
    }
    if (!img) {
        g_test_skip("QTEST_QEMU_IMG is not set");
        return;
    }
    image = g_strdup_printf("%s/partial-%d.qcow2", g_get_tmp_dir(), getpid());
    make = g_strdup_printf("%s create -q -f qcow2 %s 64M", img, image);
    g_assert(g_spawn_command_line_sync(make, NULL, NULL, NULL, NULL));
    drive = g_strdup_printf("-drive if=none,format=qcow2,file=%s", image);

    qts = start_sum(c->accel, c->back, drive, c->turns);
    hmp_quiet(qts, "savevm here");
    at = qtest_readq(qts, COUNT);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    g_assert_cmpint(qtest_readq(qts, COUNT), ==, c->turns);

    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    hmp_quiet(qts, "loadvm here");
    g_test_message("saved before turn %" PRIu64 ", put back to %" PRIu64, at,
                   qtest_readq(qts, COUNT));
    g_assert_cmpint(qtest_readq(qts, COUNT), <=, at);
    g_assert_cmpint(qtest_readl(qts, GUEST_STATUS), ==, 0);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    g_assert_cmpint(qtest_readq(qts, COUNT), ==, c->turns);
    qtest_quit(qts);
    unlink(image);
}

/* Wrong options are refused with a word on what would be right. */
static void test_bad_options(void)
{
    static const struct {
        const char *accel, *message;
    } bad[] = {
        { "partial,states=unreal", "names from real:bigreal" },
        { "partial,takeover=maybe", "off, failures, states, bursts, all" },
        { "partial,window-blocks=0", "from 1 to 1000000" },
        { "partial,burst-us=1", "burst-us must be from 10 to 1000000" },
        { "partial,states=all,kernel-irqchip=on", "Leave kernel-irqchip out" },
    };
    const char *qemu = g_getenv("QTEST_QEMU_BINARY");
    size_t i;

    if (!guest_have_kvm()) {
        return;
    }
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        g_autofree char *err = NULL;
        const char *argv[] = { qemu, "-accel", bad[i].accel, "-display", "none",
                               NULL };
        int status;

        g_assert(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                              NULL, NULL, NULL, &err, &status, NULL));
        g_test_message("%s: %s", bad[i].accel, err);
        g_assert_cmpint(status, !=, 0);
        g_assert_nonnull(strstr(err, bad[i].message));
    }
}

static void test_info(void)
{
    g_autofree char *text = NULL;
    QTestState *qts;
    QDict *rsp;

    if (!guest_have_kvm()) {
        return;
    }
    qts = guest_start(MIXED, "scenarios.bin", "");
    guest_command(qts, 0, 0, 0, 0);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    text = qtest_hmp(qts, "info partial");
    g_assert_nonnull(strstr(text, "takeovers-emulation"));
    g_assert_nonnull(strstr(text, "instruction bytes 66 44 0f 6e 3f"));
    rsp = qtest_qmp(qts, "{ 'execute': 'query-kvm' }");
    g_assert(qdict_get_bool(qdict_get_qdict(rsp, "return"), "enabled"));
    qobject_unref(rsp);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    size_t i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *path = g_strdup_printf("partial/scenarios/%s",
                                                cases[i].name);

        qtest_add_data_func(path, &cases[i], test_case);
    }
    for (i = 0; i < ARRAY_SIZE(long_cases); i++) {
        g_autofree char *reset = g_strdup_printf("partial/reset/%s",
                                                 long_cases[i].name);
        g_autofree char *snapshot = g_strdup_printf("partial/snapshot/%s",
                                                    long_cases[i].name);

        qtest_add_data_func(reset, &long_cases[i], test_reset);
        qtest_add_data_func(snapshot, &long_cases[i], test_snapshot);
    }
    qtest_add_func("partial/reset/triple-fault", test_triple_fault);
    qtest_add_func("partial/bad-options", test_bad_options);
    qtest_add_func("partial/info", test_info);
    return g_test_run();
}
