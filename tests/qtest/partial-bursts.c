/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bursts of device accesses: each happens once and in order, whichever engine
 * makes it.  QEMU's own trace of the devices is compared with that of a run
 * under plain TCG, and what the guest read and computed as well.
 */

#include "qemu/osdep.h"
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include "guest.h"

enum {
    STEP = GUEST_STATUS + 32,
    COUNT = GUEST_STATUS + 40,
    CHECKSUM = GUEST_DUMP,
};

/* Windows from the first exit on, and such as end in the midst of things. */
static const char *const variants[] = {
    "kvm",
    "partial,states=none",
    "partial,states=none,burst-trigger=1",
    "partial,states=none,burst-trigger=1,burst-blocks=1",
    "partial,states=none,burst-trigger=1,burst-blocks=7,burst-quiet=3",
    "partial,states=none,burst-trigger=2,burst-blocks=40,burst-us=10",
    /* What is not the device's ends a window, but not in an instruction. */
    "partial,states=none,burst-trigger=1,burst-allow=pc-testdev*",
    "partial,states=none,burst-trigger=1,kernel-irqchip=off",
    "partial,states=none,burst-trigger=1,kernel-irqchip=split",
    "partial,states=real:bigreal,burst-trigger=1",
    "partial",
};

/* For guests whose own steps are the point, not where windows end. */
static const char *const main_variants[] = {
    "kvm",
    "partial,states=none,burst-trigger=1",
    "partial,states=none,burst-trigger=1,burst-blocks=1",
    "partial,states=none,burst-trigger=1,kernel-irqchip=off",
    "partial,states=none,burst-trigger=2,burst-us=10,kernel-irqchip=split",
};

/* Those that a guest is migrated under. */
static const char *const moving[] = {
    "partial,states=none,burst-trigger=1",
    "partial,states=none,burst-trigger=1,kernel-irqchip=off",
};

typedef struct Burst {
    const char *name;
    unsigned scenario;
    uint32_t operand;
    const char *more;
    bool traced;            /* the devices see the same under every engine */
    uint64_t at_least;      /* the result of any engine but plain TCG */
    bool float_in_kernel;   /* KVM's emulator cannot run it */
    const char *image;      /* NULL: bursts.bin */
    bool smm;               /* it raises SMIs */
    bool flash;             /* ... or programs a flash chip */
    uint64_t in_windows;    /* at least so many accesses, if few variants */
} Burst;

#define SMM_GUEST .image = "smm.bin", .traced = true

#define DOORBELL "-device pci-testdev,addr=5"

static const Burst bursts[] = {
    { "forms", 0, .traced = true },
    { "strings", 1, .traced = true },
    { "ports", 2, .traced = true },
    { "counted", 3, 4000 },
    { "polling", 4 },
    { "registers", 5, .traced = true, .float_in_kernel = true },
    { "planar", 6, .more = "-vga std", .traced = true },
    { "doorbell-none", 7, 0, DOORBELL, .traced = true },
    { "doorbell-wildcard", 7, 1, DOORBELL, .traced = true },
    { "doorbell-datamatch", 7, 2, DOORBELL, .traced = true },
    { "two-cpus", 8, .more = "-smp 2" },
    { "rewriting", 9, .traced = true },
    { "time", 10 },
    { "system", 11, .traced = true },
    { "single-step", 12, .traced = true },
    { "mapping", 13, .traced = true },
    { "edges", 15, .traced = true },
    { "self-ipis", 16, .traced = true },
    { "rep-loads", 17, .traced = true },
    { "steady", 18, 300, .traced = true },
    { "rep-faults", 19, .traced = true },
    { "lapic-ticks", 20, 10 },
    { "posted", 23, .more = "-vga std", .traced = true },
    { "posted-by-two", 24, .more = "-vga std -smp 2" },
    { "remapping", 21, 40, "-vga std", .traced = true },
    /* TCG by itself looks for interrupts once in 65536 elements. */
    { "long-rep", 14, 6 * 65536, .at_least = 6 * 65536 - 60000 },
    { "smm", 0, SMM_GUEST, .smm = true, .in_windows = 1 },
    { "smm-pending", 1, SMM_GUEST, .smm = true, .in_windows = 1 },
    { "nmi-handler", 3, SMM_GUEST, .in_windows = 1 },
    { "flash", 4, .image = "smm.bin", .traced = true, .flash = true,
      .in_windows = 1 },
};

static const Burst smm_for_ever = {
    "smm-for-ever", 2, INT_MAX, SMM_GUEST, .smm = true, .more = "-vga std",
};

typedef struct BurstCase {
    const Burst *burst;
    const char *accel;
} BurstCase;

/* What came of a run. */
typedef struct Outcome {
    GuestEnd end;
    uint64_t step;
    uint64_t checksum;
    uint64_t windows;       /* or accesses in them, if that is what counts */
    GPtrArray *accesses;    /* char *, in order */
} Outcome;

/*
 * How many windows there are is a matter of time: where the host takes the CPU
 * away in the first ones, policy gives up.  Then the guest runs once more.
 */
#define TRIES 5

/* Devices that no guest's timing touches. */
static bool is_compared(const char *line)
{
    static const char *const names[] = {
        "'pc-testdev-iomem'", "'pc-testdev-ioport'", "'pci-testdev-mmio'",
        "'vga-lowmem'", "'vga'", "'vbe'", "'system.flash1'",
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(names); i++) {
        if (strstr(line, names[i])) {
            return true;
        }
    }
    return false;
}

/*
 * From "memory_region_ops_write cpu 0 mr 0x... addr A value V size S name 'N'"
 * what does not depend on the run, byte by byte: engines may split an unaligned
 * access in different ways, and do.
 */
static void add_bytes(GPtrArray *accesses, const char *line)
{
    const char *kind = strstr(line, "memory_region_ops_");
    const char *rest = kind ? strstr(kind, " addr ") : NULL;
    uint64_t addr, value;
    unsigned size, i;

    if (!rest || !is_compared(line)) {
        return;
    }
    g_assert_cmpint(sscanf(rest, " addr 0x%" SCNx64 " value 0x%" SCNx64
                           " size %u", &addr, &value, &size), ==, 3);
    for (i = 0; i < size; i++) {
        g_ptr_array_add(accesses, g_strdup_printf("%c 0x%" PRIx64 ": %02x %s",
                        kind[strlen("memory_region_ops_")], addr + i,
                        (unsigned)(value >> i * 8 & 0xff),
                        strstr(rest, " name ")));
    }
}

static GPtrArray *read_trace(const char *path)
{
    GPtrArray *accesses = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i;

    g_assert(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        add_bytes(accesses, lines[i]);
    }
    return accesses;
}

static char *log_name(const char *which)
{
    return g_strdup_printf("%s/partial-bursts-%d%s.log", g_get_tmp_dir(),
                           getpid(), which);
}

/* Firmware in the first chip, and another one that no file slows down. */
static char *flash_options(const char *image)
{
    return g_strdup_printf("-drive if=pflash,unit=0,format=raw,readonly=on,"
                           "file=%s/%s -drive if=pflash,unit=1,driver=null-co,"
                           "size=262144,read-zeroes=on",
                           g_getenv("QTEST_GUESTS"), image);
}

static QTestState *start(const Burst *b, const char *accel, const char *log,
                         const char *more)
{
    const char *image = b->image ?: "bursts.bin";
    g_autofree char *flash = b->flash ? flash_options(image) : NULL;
    g_autofree char *options = g_strdup_printf("%s %s %s -D %s %s",
        b->more ?: "", flash ?: "", more, log,
        b->traced ? "-d trace:memory_region_ops_read,"
                    "trace:memory_region_ops_write" : "");

    return guest_start(accel, flash ? NULL : image, options);
}

static Outcome run(const Burst *b, const char *accel)
{
    g_autofree char *log = log_name("");
    QTestState *qts = start(b, accel, log, "");
    Outcome o;

    guest_command(qts, b->scenario, 0, 0, b->operand);
    o.end = guest_run(qts);
    o.step = qtest_readq(qts, STEP);
    o.checksum = qtest_readq(qts, CHECKSUM);
    if (o.end != GUEST_END_DONE) {
        g_test_message("%s: %s at step %" PRIu64 ", count %" PRIu64
                       ", vector %u at 0x%" PRIx64,
                       accel, guest_end_name(o.end), o.step,
                       qtest_readq(qts, STEP + 8),
                       qtest_readl(qts, GUEST_STATUS + 8),
                       qtest_readq(qts, GUEST_STATUS + 16));
    }
    o.windows = strstr(accel, "partial") ?
        guest_counter(qts, b->in_windows ? "burst-accesses"
                                         : "takeovers-burst") : 0;
    qtest_quit(qts);
    o.accesses = b->traced ? read_trace(log) : NULL;
    unlink(log);
    return o;
}

static void compare(GPtrArray *expected, GPtrArray *got)
{
    size_t i;

    for (i = 0; i < MIN(expected->len, got->len); i++) {
        if (!g_str_equal(expected->pdata[i], got->pdata[i])) {
            g_test_message("access %zu: TCG made %s, and now it was %s", i,
                           (char *)expected->pdata[i], (char *)got->pdata[i]);
            g_test_fail();
            return;
        }
    }
    g_assert_cmpint(got->len, ==, expected->len);
}

/* The same guest under plain TCG; asked once. */
static const Outcome *reference(const Burst *b)
{
    static Outcome known[ARRAY_SIZE(bursts)];
    static bool asked[ARRAY_SIZE(bursts)];
    size_t i = b - bursts;

    if (!asked[i]) {
        known[i] = run(b, "tcg");
        asked[i] = true;
        g_assert_cmpint(known[i].end, ==, GUEST_END_DONE);
        if (b->traced) {
            g_assert_cmpint(known[i].accesses->len, >, 0);
        }
    }
    return &known[i];
}

/* Not where TCG has the guest anyway, nor with a list that fits few guests. */
static bool always_bursts(const char *accel)
{
    return strstr(accel, "burst-trigger=1") && !strstr(accel, "states=real") &&
           !strstr(accel, "burst-allow");
}

/* Whether somebody takes the guest's SMIs, or else it is skipped. */
static bool has_smm(const Burst *b, const char *accel)
{
    int kvm;
    bool has;

    if (!b->smm || g_str_equal(accel, "partial")) {
        return true;
    }
    kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    g_assert_cmpint(kvm, >=, 0);
    has = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM) > 0;
    close(kvm);
    if (!has) {
        g_test_skip("this KVM has no SMM");
    }
    return has;
}

static void test_burst(const void *opaque)
{
    const BurstCase *c = opaque;
    bool stock = g_str_equal(c->accel, "kvm");
    bool fails, enough;
    int tries = TRIES;
    const Outcome *want;
    Outcome got;

    if (!guest_have_kvm() || !has_smm(c->burst, c->accel)) {
        return;
    }
    want = reference(c->burst);
    /* Then one window after a failure holds all of the guest, too. */
    fails = c->burst->float_in_kernel && !guest_kernel_is_native();
    do {
        got = run(c->burst, c->accel);
        g_test_message("%s: %s, %s: %" PRIu64, c->accel,
                       guest_end_name(got.end), c->burst->in_windows ?
                       "accesses in windows" : "windows", got.windows);
        g_assert_cmpint(got.end, ==, stock && fails ? GUEST_END_ERROR
                                                    : GUEST_END_DONE);
        g_assert_cmpuint(got.checksum, >=, c->burst->at_least);
        if (c->burst->traced && got.end == GUEST_END_DONE) {
            g_assert_cmphex(got.checksum, ==, want->checksum);
            compare(want->accesses, got.accesses);
        }
        if (got.accesses) {
            g_ptr_array_unref(got.accesses);
        }
        enough = fails || !always_bursts(c->accel) ||
                 got.windows >= MAX(c->burst->in_windows, 1);
    } while (!enough && !g_test_failed() && --tries);
    g_assert_true(enough || g_test_failed());
}

/* A step of waiting; the test fails when there have been too many. */
static void wait_a_little(gint64 since)
{
    g_assert_cmpint(g_get_monotonic_time() - since, <,
                    60 * G_TIME_SPAN_SECOND);
    g_usleep(500);
}

static void wait_migrated(QTestState *qts)
{
    gint64 since = g_get_monotonic_time();

    for (;;) {
        g_autoptr(QDict) rsp = qtest_qmp_assert_success_ref(qts,
            "{ 'execute': 'query-migrate' }");
        const char *status = qdict_get_try_str(rsp, "status");

        g_assert_cmpstr(status, !=, "failed");
        if (g_strcmp0(status, "completed") == 0) {
            return;
        }
        wait_a_little(since);
    }
}

/*
 * The guest moves in the midst of a burst: nothing is lost or made twice.  It
 * goes on for ever until it has moved, so it cannot end too early.
 */
static void test_migration(const void *opaque)
{
    enum { ROUNDS_LEFT = GUEST_COMMAND + 16, MOVES_AFTER = 2, MORE = 2 };
    const BurstCase *c = opaque;
    const char *accel = c->accel;
    Burst b = *c->burst;
    g_autofree char *log = log_name(""), *second = log_name("-second");
    g_autofree char *state = log_name("-state");
    g_autofree char *uri = g_strconcat("file:", state, NULL);
    g_autofree char *incoming = g_strconcat("-incoming ", uri, NULL);
    g_autoptr(GPtrArray) made = NULL;
    GPtrArray *rest;
    QTestState *qts;
    uint64_t checksum, at;
    Outcome want;
    gint64 since;

    if (!guest_have_kvm() || !has_smm(&b, accel)) {
        return;
    }
    qts = start(&b, accel, log, "");
    guest_command(qts, b.scenario, 0, 0, b.operand);
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    since = g_get_monotonic_time();
    while (qtest_readq(qts, COUNT) < MOVES_AFTER) {
        wait_a_little(since);
    }
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    at = qtest_readq(qts, COUNT);
    g_assert_cmpuint(guest_counter(qts, "takeovers-burst"), >, 0);
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate',"
                             " 'arguments': { 'uri': %s } }", uri);
    wait_migrated(qts);
    qtest_quit(qts);
    made = read_trace(log);

    qts = start(&b, accel, second, incoming);
    wait_migrated(qts);
    g_assert_cmpuint(qtest_readq(qts, COUNT), ==, at);
    qtest_writel(qts, ROUNDS_LEFT, MORE);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    b.operand = qtest_readq(qts, COUNT) - 1;
    checksum = qtest_readq(qts, CHECKSUM);
    g_assert_cmpint(b.operand, >=, at);
    qtest_quit(qts);
    g_test_message("moved after %u accesses, in round %" PRIu64 " of %d",
                   made->len, at, b.operand + 1);

    want = run(&b, "tcg");
    g_assert_cmpint(want.end, ==, GUEST_END_DONE);
    g_assert_cmphex(checksum, ==, want.checksum);
    rest = read_trace(second);
    g_assert_cmpint(made->len, >, 0);
    g_assert_cmpint(rest->len, >, 0);
    g_ptr_array_extend_and_steal(made, rest);
    compare(want.accesses, made);
    g_ptr_array_unref(want.accesses);
    unlink(log);
    unlink(second);
    unlink(state);
}

/* The user's lists: by the device's type, by the region's name. */
static void test_lists(void)
{
    static const struct {
        const char *option;
        bool open;
    } lists[] = {
        { "burst-deny=pc-testdev", false },
        { "burst-deny=nothing:pc-testdev-iomem*", false },
        { "burst-allow=vga*", false },
        { "burst-allow=vga*:pc-test*", true },
        { "burst-allow=*,burst-deny=vga*", true },
    };
    const Burst *b = &bursts[0];
    size_t i;

    if (!guest_have_kvm()) {
        return;
    }
    for (i = 0; i < ARRAY_SIZE(lists); i++) {
        g_autofree char *accel = g_strdup_printf(
            "partial,states=none,burst-trigger=1,%s", lists[i].option);
        QTestState *qts = guest_start(accel, "bursts.bin", "");
        uint64_t windows;

        guest_command(qts, b->scenario, 0, 0, b->operand);
        g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
        windows = guest_counter(qts, "takeovers-burst");
        g_test_message("%s: %" PRIu64 " windows", lists[i].option, windows);
        g_assert_cmpint(windows > 0, ==, lists[i].open);
        qtest_quit(qts);
    }
}

/* KVM lets go of a REP that reads a device after the element in flight. */
static void test_rep_stop(void)
{
    const char *accel = "partial,states=none,burst-trigger=1,burst-blocks=7";
    static const Burst b = { "rep-loads", 17 };
    QTestState *qts;

    if (!guest_have_kvm()) {
        return;
    }
    qts = start(&b, accel, "/dev/null", "");
    guest_command(qts, b.scenario, 0, 0, b.operand);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    g_assert_cmpuint(guest_counter(qts, "rep-stops"), >, 0);
    qtest_quit(qts);
}

/*
 * A burst beside a periodic timer, until so much is counted.  It is not asked
 * often: each time ends a window.
 */
static QTestState *run_ticks(uint32_t initial, const char *counter,
                             uint64_t enough, uint64_t ticks)
{
    static const Burst b = { "lapic-ticks", 20 };
    QTestState *qts = start(&b, "partial,states=none,burst-trigger=1,"
                            "burst-us=100", "/dev/null", "");
    gint64 since = g_get_monotonic_time();

    guest_command(qts, b.scenario, 0, initial, UINT32_MAX);
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    while (guest_counter(qts, counter) < enough ||
           qtest_readq(qts, COUNT) < ticks) {
        g_usleep(20 * G_TIME_SPAN_MILLISECOND);
        wait_a_little(since);
    }
    qtest_writel(qts, GUEST_COMMAND + 16, 0);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    g_test_message("%" PRIu64 " checks, %" PRIu64 " ended a window, %" PRIu64
                   " ticks", guest_counter(qts, "irq-checks"),
                   guest_counter(qts, "stops-interrupt"),
                   qtest_readq(qts, COUNT));
    return qts;
}

/*
 * A periodic timer ends windows when it has expired, and not whenever KVM is
 * asked.  How often it does so for one tick is tick-test's: here a busy host
 * may read two clocks far apart.
 */
static void test_ticks(void)
{
    enum { TICK = 5, FAR = 60 * 1000 };
    const uint32_t ms = 1000 * 1000 / 128; /* KVM's clock takes 1 ns */
    QTestState *qts;

    if (!guest_have_kvm()) {
        return;
    }
    qts = run_ticks(FAR * ms, "irq-checks", 20, 0);
    /* By its count, a timer that was just set has just expired. */
    g_assert_cmpuint(guest_counter(qts, "stops-interrupt") * 4, <,
                     guest_counter(qts, "irq-checks"));
    qtest_quit(qts);

    qts = run_ticks(TICK * ms, "stops-interrupt", 3, 10);
    qtest_quit(qts);
}

/* Whether a trace of policy's exits has more than one site in its last part. */
static bool last_sites_differ(const char *text)
{
    const char *first = NULL, *at = text;
    unsigned line;

    for (line = 0; (at = strstr(at, "vCPU 0, site 0x")); line++, at++) {
        if (line < 100) {
            continue;
        }
        if (first && strncmp(first, at, strcspn(first + 8, ",") + 8)) {
            return true;
        }
        first = at;
    }
    return false;
}

/*
 * Exits that can open no window are hardly looked at, with the right registers
 * when they are, and all are made.
 */
static void test_vain(void)
{
    enum { TURNS = 1000, ACCESSES = 4 };
    const char *accel = "partial,states=none,burst-deny=*";
    static const Burst b = { "steady", 18, TURNS };
    g_autofree char *log = log_name("");
    g_autofree char *text = NULL;
    Outcome want;
    QTestState *qts;
    uint64_t skips;

    if (!guest_have_kvm()) {
        return;
    }
    want = run(&b, "tcg");
    g_assert_cmpint(want.end, ==, GUEST_END_DONE);
    qts = start(&b, accel, log, "-d trace:partial_burst_exit");
    guest_command(qts, b.scenario, 0, 0, TURNS);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    g_assert_cmphex(qtest_readq(qts, CHECKSUM), ==, want.checksum);
    skips = guest_counter(qts, "burst-skips");
    g_test_message("%" PRIu64 " exits skipped", skips);
    g_assert_cmpuint(guest_counter(qts, "takeovers-burst"), ==, 0);
    g_assert_cmpuint(skips, >, TURNS * ACCESSES * 3 / 4);
    g_assert_cmpuint(skips, <, TURNS * ACCESSES);
    qtest_quit(qts);
    g_assert(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_true(last_sites_differ(text));
    unlink(log);
}

static uint64_t count_lines(const char *text, const char *what)
{
    uint64_t n = 0;

    while ((text = strstr(text, what))) {
        text++;
        n++;
    }
    return n;
}

/* How often a region was taken out of KVM's ring, or put there (4.42). */
static uint64_t count_zones(const char *log, bool put)
{
    g_autofree char *text = NULL;

    g_assert(g_file_get_contents(log, &text, NULL, NULL));
    return count_lines(text, put ? "type 0x4010ae67," : "type 0x4010ae68,");
}

/*
 * A burst that user space sees once in a ring's length is one as well.  Where
 * there are no bursts any more KVM posts again what it was kept from posting.
 */
static void test_posted(void)
{
    enum { STORES = 20000 };
    static const Burst b = { "fill", 25, STORES };
    g_autofree char *log = log_name("");
    uint64_t made, put;
    QTestState *qts;

    if (!guest_have_kvm()) {
        return;
    }
    qts = start(&b, "partial,states=none", log,
                "-vga std -d trace:kvm_vm_ioctl");
    guest_command(qts, b.scenario, 0, 0, STORES);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    made = guest_counter(qts, "burst-accesses");
    g_test_message("%" PRIu64 " of %d in windows", made, STORES);
    g_assert_cmpuint(made, >, STORES / 2);
    g_assert_cmpuint(count_zones(log, false), >, 0);
    put = count_zones(log, true);
    qtest_qmp_assert_success(qts, "{'execute': 'qom-set', 'arguments': {"
                             "'path': '/machine/partial', 'property':"
                             "'takeover', 'value': 'off'}}");
    g_assert_cmpuint(count_zones(log, true), ==, put + 1);
    qtest_quit(qts);
    unlink(log);
}

/* The calls of KVM_RUN (0xae80; KVM API, 4.10), by QEMU's own trace. */
static uint64_t count_runs(const char *log)
{
    g_autofree char *text = NULL;
    uint64_t runs;

    g_assert(g_file_get_contents(log, &text, NULL, NULL));
    runs = count_lines(text, "type 0xae80,");
    unlink(log);
    return runs;
}

static uint64_t count_remapping(const Burst *b, const char *accel,
                                uint64_t checksum)
{
    g_autofree char *log = log_name("");
    QTestState *qts = start(b, accel, log, "-d trace:kvm_vcpu_ioctl");

    guest_command(qts, b->scenario, 0, 0, b->operand);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    g_assert_cmphex(qtest_readq(qts, CHECKSUM), ==, checksum);
    qtest_quit(qts);
    return count_runs(log);
}

/* A change of the memory map is no news to a vCPU that VT runs. */
static void test_remapping(void)
{
    static const Burst b = { "remapping", 21, 200, "-vga std" };
    uint64_t stock, runs;
    Outcome want;

    if (!guest_have_kvm()) {
        return;
    }
    want = run(&b, "tcg");
    g_assert_cmpint(want.end, ==, GUEST_END_DONE);
    stock = count_remapping(&b, "kvm", want.checksum);
    runs = count_remapping(&b, "partial,states=none,burst-deny=*",
                           want.checksum);
    g_test_message("KVM_RUN: %" PRIu64 ", stock %" PRIu64, runs, stock);
    g_assert_cmpuint(runs, <, stock + b.operand / 2);
}

static uint64_t count_shown(const char *accel)
{
    enum { PICTURES = 40 };
    static const Burst b = { "shown", 22 };
    g_autofree char *log = log_name(""), *picture = log_name("-picture");
    QTestState *qts = start(&b, accel, log, "-vga std -d trace:kvm_vcpu_ioctl");
    gint64 since = g_get_monotonic_time();
    unsigned i;

    guest_command(qts, b.scenario, 0, 0, 1);
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    while (!qtest_readq(qts, COUNT)) {
        wait_a_little(since);
    }
    for (i = 0; i < PICTURES; i++) {
        qtest_qmp_assert_success(qts, "{ 'execute': 'screendump',"
                                 " 'arguments': { 'filename': %s } }",
                                 picture);
    }
    qtest_writel(qts, GUEST_COMMAND + 16, 0);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    qtest_quit(qts);
    unlink(picture);
    return count_runs(log);
}

/* Nor is a display that looks what has been drawn. */
static void test_shown(void)
{
    uint64_t stock, runs;

    if (!guest_have_kvm()) {
        return;
    }
    stock = count_shown("kvm");
    /* Without the watchdog, which looks at such a guest once a second. */
    runs = count_shown("partial,takeover=off");
    g_test_message("KVM_RUN: %" PRIu64 ", stock %" PRIu64, runs, stock);
    g_assert_cmpuint(runs, <, stock + 20);
}

/* What windows of a steady burst cost: see count_steady(). */
typedef struct Cost {
    uint64_t windows, inside, translations, fpu, runs, ioctls;
} Cost;

/*
 * Those that a window makes because time has passed: breakpoints are fetched
 * again after 10 ms, KVM is asked for an interrupt after burst-us.  How many
 * there are is the machine's speed.
 */
static uint64_t count_timed(const char *text)
{
    return count_lines(text, "type 0x8080aea1,") + /* KVM_GET_DEBUGREGS */
           count_lines(text, "type 0x8040ae9f,") + /* KVM_GET_VCPU_EVENTS */
           count_lines(text, "type 0x8400ae8e,");  /* KVM_GET_LAPIC */
}

/* Windows of eight blocks each; QEMU's own trace counts the calls of KVM. */
static Cost count_steady(uint32_t turns)
{
    static const Burst b = { "steady", 18 };
    g_autofree char *log = log_name("");
    g_autofree char *text = NULL;
    QTestState *qts = start(&b, "partial,states=none,burst-trigger=1,"
                            "burst-blocks=8", log, "-d trace:kvm_vcpu_ioctl");
    Cost c;

    guest_command(qts, b.scenario, 0, 0, turns);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    c.windows = guest_counter(qts, "takeovers-burst");
    c.inside = guest_counter(qts, "burst-accesses");
    c.translations = guest_counter(qts, "translations");
    c.fpu = guest_counter(qts, "light-fpu");
    qtest_quit(qts);
    g_assert(g_file_get_contents(log, &text, NULL, NULL));
    /* KVM_RUN is 0xae80 (KVM API, 4.10). */
    c.runs = count_lines(text, "type 0xae80,");
    c.ioctls = count_lines(text, "kvm_vcpu_ioctl") - c.runs -
               count_timed(text);
    unlink(log);
    return c;
}

/*
 * A window in a steady burst costs the KVM_RUN that completes the access,
 * beside the one for each access outside: no other call but those that time
 * asks for, and no block is translated again.  Between a short run and a long
 * one all else is the same.
 */
static void test_cheap(void)
{
    enum { FEW = 200, MANY = 2200, ACCESSES = 4 };
    int64_t windows, outside;
    Cost few, many;

    if (!guest_have_kvm()) {
        return;
    }
    few = count_steady(FEW);
    many = count_steady(MANY);
    windows = many.windows - few.windows;
    outside = (MANY - FEW) * ACCESSES - (many.inside - few.inside);
    g_test_message("%" PRId64 " windows: %" PRIu64 " KVM_RUN for %" PRId64
                   " accesses outside, %" PRId64 " other ioctls, %" PRId64
                   " translations", windows, many.runs - few.runs, outside,
                   (int64_t)(many.ioctls - few.ioctls),
                   (int64_t)(many.translations - few.translations));
    g_assert_cmpuint(many.windows, >, 0);
    windows = MAX(windows, 0);
    g_assert_cmpint((int64_t)(many.runs - few.runs), <=,
                    outside + windows * 5 / 4 + 20);
    g_assert_cmpint((int64_t)(many.ioctls - few.ioctls), <=,
                    windows / 5 + 20);
    g_assert_cmpint((int64_t)(many.translations - few.translations), <=, 20);
    g_assert_cmpuint(many.fpu, ==, 0);
}

static void add(const char *name, const Burst *burst, const char *accel,
                void (*fn)(const void *))
{
    BurstCase *c = g_new(BurstCase, 1);
    g_autofree char *path = g_strdup_printf("partial/bursts/%s/%s", name,
                                            accel);

    *c = (BurstCase) { .burst = burst, .accel = accel };
    qtest_add_data_func_full(path, c, fn, g_free);
}

static void add_variants(const Burst *b)
{
    bool few = b->in_windows;
    size_t n = few ? ARRAY_SIZE(main_variants) : ARRAY_SIZE(variants);
    size_t v;

    for (v = 0; v < n; v++) {
        add(b->name, b, few ? main_variants[v] : variants[v], test_burst);
    }
}

int main(int argc, char **argv)
{
    static const Burst planar = {
        "planar", 6, INT_MAX, .more = "-vga std", .traced = true,
    };
    size_t b, v;

    g_test_init(&argc, &argv, NULL);
    for (b = 0; b < ARRAY_SIZE(bursts); b++) {
        add_variants(&bursts[b]);
    }
    qtest_add_func("partial/bursts/lists", test_lists);
    qtest_add_func("partial/bursts/rep-stop", test_rep_stop);
    qtest_add_func("partial/bursts/ticks", test_ticks);
    qtest_add_func("partial/bursts/vain", test_vain);
    qtest_add_func("partial/bursts/fill", test_posted);
    qtest_add_func("partial/bursts/cheap", test_cheap);
    qtest_add_func("partial/bursts/remapping", test_remapping);
    qtest_add_func("partial/bursts/shown", test_shown);
    for (v = 0; v < ARRAY_SIZE(moving); v++) {
        add("migration", &planar, moving[v], test_migration);
        add("migration-in-smm", &smm_for_ever, moving[v], test_migration);
    }
    return g_test_run();
}
