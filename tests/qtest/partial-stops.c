/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest must not bring about, seen from the host: that an engine shows
 * it other ports, or that the watchdog's window ends a VM in which nothing is
 * wrong.
 */

#include "qemu/osdep.h"
#include "guest.h"

/* As in tests/guests/stops.asm. */
enum {
    PORTS = 5,
    SPINNING = 6,
    CODE_EVERYWHERE = 10,
    RESULTS = 0x200000,
    SPINS = GUEST_STATUS + 56,
};

#define BURSTS "partial,states=none,burst-trigger=1"
#define PORT_DEVICES "-serial null -parallel null -vga std"
#define NR_PORTS 0x10000

/*
 * Timers, and the RTC: what they show depends on when one looks.  KVM's PIC is
 * not QEMU's.
 */
static bool is_volatile(unsigned port, unsigned width)
{
    static const unsigned range[][2] = {
        { 0x20, 0x21 }, { 0x40, 0x43 }, { 0x61, 0x61 }, { 0x70, 0x77 },
        { 0xa0, 0xa1 },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(range); i++) {
        if (port <= range[i][1] && port + width > range[i][0]) {
            return true;
        }
    }
    return false;
}

static uint32_t *read_ports(const char *accel)
{
    QTestState *qts = guest_start(accel, "stops.bin", PORT_DEVICES);
    uint32_t *seen = g_new(uint32_t, NR_PORTS * 3);

    guest_command(qts, PORTS, 0, 0, 0);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    qtest_memread(qts, RESULTS, seen, NR_PORTS * 3 * sizeof(*seen));
    qtest_quit(qts);
    return seen;
}

/* Every port, in each width, is the same under stock KVM as in @data. */
static void test_ports(const void *data)
{
    g_autofree uint32_t *right = NULL, *seen = NULL;
    unsigned port, i, wrong = 0;

    if (!guest_have_kvm()) {
        return;
    }
    right = read_ports("kvm");
    seen = read_ports(data);
    for (port = 0; port < NR_PORTS; port++) {
        for (i = 0; i < 3; i++) {
            if (right[port * 3 + i] != seen[port * 3 + i] &&
                !is_volatile(port, 1 << i)) {
                g_test_message("port 0x%x, %u bytes: 0x%x, under kvm 0x%x",
                               port, 1 << i, seen[port * 3 + i],
                               right[port * 3 + i]);
                wrong++;
            }
        }
    }
    g_assert_cmpint(wrong, ==, 0);
}

static const char *const spin_name[] = {
    "x2apic", "lapic", "ioapic", "pic", "cpuid", "msr", "cr3", "cr8",
};

#define SPIN_TRIES 3000

/*
 * Loops that stay in VT forever.  The watchdog looks at a vCPU once a second if
 * its thread has a tenth of a CPU, and opens a window where registers are the
 * same twice; none may end the VM.
 */
static void spin(unsigned loop)
{
    QTestState *qts = guest_start(BURSTS, "stops.bin", "-cpu qemu64,+x2apic");
    g_autofree char *state = NULL;
    uint64_t windows = 0;
    int tries;

    guest_command(qts, SPINNING, 0, loop, 0);
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    for (tries = 0; tries < SPIN_TRIES && !windows; tries++) {
        windows = guest_counter(qts, "takeovers-spinning");
        g_usleep(100 * 1000);
    }
    state = guest_state(qts);
    g_test_message("%s: %s, %" PRIu64 " windows", spin_name[loop], state,
                   windows);
    g_assert_cmpint(windows, >, 0);
    g_assert_cmpstr(state, ==, "running");
    g_assert_cmpint(qtest_readq(qts, SPINS), ==, 1);
    qtest_quit(qts);
}

static void test_spinning(void)
{
    unsigned i;

    if (!guest_have_kvm()) {
        return;
    }
    for (i = 0; i < ARRAY_SIZE(spin_name); i++) {
        spin(i);
    }
}

/* Of the process, without guest RAM, which is shared here; in KiB. */
static uint64_t anonymous_kib(QTestState *qts)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", qtest_pid(qts));
    g_autofree char *text = NULL;
    const char *line;

    g_assert(g_file_get_contents(path, &text, NULL, NULL));
    line = strstr(text, "RssAnon:");
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen("RssAnon:"), NULL, 10);
}

/* Translations are bounded by 32 MiB, copies by 16; some go with them. */
#define MOST_GROWTH_KIB (64 * 1024)

static void test_memory(void)
{
    QTestState *qts;
    uint64_t before, after;

    if (!guest_have_kvm()) {
        return;
    }
    qts = guest_start("partial,takeover=failures,window-blocks=1000000",
                      "stops.bin", "-object memory-backend-memfd,"
                      "id=ram,size=64M,share=on -machine memory-backend=ram");
    before = anonymous_kib(qts);
    guest_command(qts, CODE_EVERYWHERE, 0, 0, 12);
    g_assert_cmpint(guest_run(qts), ==, GUEST_END_DONE);
    after = anonymous_kib(qts);
    g_test_message("%" PRIu64 " KiB, afterwards %" PRIu64, before, after);
    g_assert_cmpint(guest_counter(qts, "translations"), >, 100000);
    g_assert_cmpint(after, <, before + MOST_GROWTH_KIB);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_data_func("partial/stops/ports-bursts", BURSTS, test_ports);
    qtest_add_data_func("partial/stops/ports-in-tcg", "partial,states=all",
                        test_ports);
    qtest_add_data_func("partial/stops/ports-tcg", "tcg", test_ports);
    qtest_add_func("partial/stops/memory", test_memory);
    qtest_add_func("partial/stops/spinning", test_spinning);
    return g_test_run();
}
