/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each class of instructions that KVM's emulator refuses: under stock KVM the
 * guest stops with an internal error, under partial it computes what this
 * machine's own CPU computes from the same bytes.
 */

#include "qemu/osdep.h"
#include "guest.h"

/* As in tests/guests/snippets.asm. */
#define DUMP_SIZE 2048
#define AREA_SIZE 1024

typedef struct Class {
    const char *name;
    bool avx;               /* needs XCR0 */
    const char *cpu;        /* what this CPU and the guest's must have */
} Class;

static const Class classes[] = {
    { "x87-arith" }, { "x87-integer" }, { "x87-control" }, { "mmx" },
    { "sse-moves", .cpu = "sse4.1" }, { "sse-arith", .cpu = "sse4.1" },
    { "mxcsr" }, { "vex-moves", true, "avx" }, { "vex-arith", true, "avx2" },
    { "bmi", true, "bmi2" }, { "popcnt", .cpu = "popcnt" },
    { "crc32", .cpu = "sse4.2" }, { "adx", .cpu = "adx" },
    { "cmpxchg16b" }, { "fxsave" }, { "xsave", true, "avx" },
    { "control" },
};

typedef enum Place { RAM0, MMIO0, MMIO3 } Place;

static const char *const place_name[] = {
    [RAM0] = "cpl0-ram", [MMIO0] = "cpl0-mmio", [MMIO3] = "cpl3-mmio",
};

typedef struct Case {
    unsigned index;
    Place place;
    const char *accel;
} Case;

static bool cpu_has(const char *feature)
{
#define HAS(f)                                \
    if (g_str_equal(feature, f)) {            \
        return __builtin_cpu_supports(f);     \
    }
    HAS("sse4.1");
    HAS("sse4.2");
    HAS("avx");
    HAS("avx2");
    HAS("bmi2");
    HAS("popcnt");
#undef HAS
    if (g_str_equal(feature, "adx")) {
        g_autofree char *cpuinfo = NULL;

        return g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, NULL) &&
               strstr(cpuinfo, " adx ");
    }
    return false;
}

/* The same bytes, on the CPU that this test runs on. */
static void run_natively(unsigned index, uint8_t *dump)
{
    g_autofree char *path = g_build_filename(g_getenv("QTEST_GUESTS"),
                                             "snippets.bin", NULL);
    g_autofree char *blob = NULL;
    g_autofree void *area = NULL;
    gsize len;
    void *code;

    g_assert(g_file_get_contents(path, &blob, &len, NULL));
    code = mmap(NULL, len, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert(code != MAP_FAILED);
    memcpy(code, blob, len);
    g_assert(posix_memalign(&area, 4096, AREA_SIZE) == 0);
    memset(dump, 0, DUMP_SIZE);
    ((void (*)(void *, void *, uint32_t))code)(area, dump, index);
    munmap(code, len);
}

static void compare(const uint8_t *expected, const uint8_t *got)
{
    size_t i;

    for (i = 0; i < DUMP_SIZE; i += 8) {
        uint64_t a, b;

        memcpy(&a, expected + i, 8);
        memcpy(&b, got + i, 8);
        if (a != b) {
            g_test_message("dump + 0x%zx: the host has 0x%016" PRIx64
                           ", the guest 0x%016" PRIx64, i, a, b);
            g_test_fail();
        }
    }
}

static void test_class(const void *opaque)
{
    const Case *c = opaque;
    const Class *class = &classes[c->index];
    bool stock = g_str_equal(c->accel, "kvm");
    bool fails;
    uint8_t expected[DUMP_SIZE], got[DUMP_SIZE];
    QTestState *qts;
    GuestEnd end;

    if (!guest_have_kvm()) {
        return;
    }
    if (class->cpu && !cpu_has(class->cpu)) {
        g_test_skip("this machine's CPU has no such instructions");
        return;
    }
    /* On RAM only where the kernel's emulator runs it. */
    fails = c->place != RAM0 || !guest_kernel_is_native();
    qts = guest_start(c->accel, "classes.bin", guest_kernel_is_native() ?
                      "-cpu max,check=off" : "");
    if (!stock && class->cpu && guest_cpu_lacks(qts, class->cpu)) {
        g_test_skip("this KVM offers its guests no such instructions");
        qtest_quit(qts);
        return;
    }
    guest_command(qts, c->index, c->place == MMIO3 ? 3 : 0,
                  c->place == RAM0 ? GUEST_RAM_AREA : GUEST_MMIO_AREA,
                  class->avx);
    end = guest_run(qts);
    if (stock) {
        g_test_message("stock KVM: %s", guest_end_name(end));
        g_assert_cmpint(end, ==, fails ? GUEST_END_ERROR : GUEST_END_DONE);
    } else {
        g_test_message("partial: %s, vector %u at 0x%" PRIx64,
                       guest_end_name(end), qtest_readl(qts, GUEST_STATUS + 8),
                       qtest_readq(qts, GUEST_STATUS + 16));
        g_assert_cmpint(end, ==, GUEST_END_DONE);
        if (fails) {
            g_assert_cmpint(guest_counter(qts, "takeovers-emulation") +
                            guest_counter(qts, "takeovers-burst"), >, 0);
        }
        qtest_memread(qts, GUEST_DUMP, got, sizeof(got));
        run_natively(c->index, expected);
        compare(expected, got);
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    static const char *const accels[] = {
        "kvm", "partial,takeover=failures",
        "partial,states=none,burst-trigger=1"
    };
    static const char *const names[] = { "stock", "partial", "bursts" };
    unsigned a, i, p;

    g_test_init(&argc, &argv, NULL);
    for (a = 0; a < ARRAY_SIZE(accels); a++) {
        for (i = 0; i < ARRAY_SIZE(classes); i++) {
            /*
             * Stock never ends with user code here: each failure is an exit
             * that QEMU answers by trying again.
             */
            for (p = a == 2 ? MMIO0 : RAM0; p <= (a ? MMIO3 : MMIO0); p++) {
                Case *c = g_new(Case, 1);
                g_autofree char *path = g_strdup_printf(
                    "partial/classes/%s/%s/%s", names[a],
                    classes[i].name, place_name[p]);

                *c = (Case) { .index = i, .place = p, .accel = accels[a] };
                qtest_add_data_func_full(path, c, test_class, g_free);
            }
        }
    }
    return g_test_run();
}
