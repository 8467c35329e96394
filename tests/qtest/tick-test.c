/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What accel/partial takes for a periodic timer's tick, by itself. */

#include "qemu/osdep.h"
#include "../../../accel/partial/kvm/tick.h"

enum { US = 1000, MS = 1000 * US, DIVIDE_1 = 11, DIVIDE_2 = 0, DIVIDE_16 = 3,
       DIVIDE_32 = 8, DIVIDE_128 = 10 };

#define START INT64_C(1000000000000)

/* A timer of 10 ms, of which some have passed since its last expiry. */
static TickCount passed(uint32_t divide, unsigned by, int64_t ns)
{
    return (TickCount) {
        .initial = 10 * MS / by, .current = (10 * MS - ns) / by,
        .divide = divide,
    };
}

static void test_once(void)
{
    TickCount c = passed(DIVIDE_1, 1, 50 * US);
    int64_t last = 0;

    g_assert_true(partial_tick_expired(&c, START, START - 100 * US, &last));
    g_assert_cmpint(last, ==, START - 50 * US);
    /* Read again, with the jitter of two clocks, it is the same. */
    g_assert_false(partial_tick_expired(&c, START + 40 * US, START - 1 * MS,
                                        &last));
    g_assert_false(partial_tick_expired(&c, START - 40 * US, START - 1 * MS,
                                        &last));
    g_assert_cmpint(last, ==, START - 50 * US);
    /* The next is news. */
    g_assert_true(partial_tick_expired(&c, START + 10 * MS, START, &last));
    g_assert_cmpint(last, ==, START + 10 * MS - 50 * US);
}

static void test_old(void)
{
    TickCount c = passed(DIVIDE_1, 1, 2 * MS);
    int64_t last = 0;

    g_assert_false(partial_tick_expired(&c, START, START - 1 * MS, &last));
    g_assert_cmpint(last, ==, 0);
    g_assert_true(partial_tick_expired(&c, START, START - 3 * MS, &last));
}

static void test_divider(void)
{
    static const struct {
        uint32_t divide;
        unsigned by;
    } known[] = {
        { DIVIDE_1, 1 }, { DIVIDE_2, 2 }, { DIVIDE_16, 16 }, { DIVIDE_32, 32 },
        { DIVIDE_128, 128 },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(known); i++) {
        TickCount c = passed(known[i].divide, known[i].by, 2 * MS);
        int64_t last = 0;

        g_assert_true(partial_tick_expired(&c, START, START - 3 * MS, &last));
        g_assert_cmpint(last - (START - 2 * MS), <, 1 * US);
        g_assert_cmpint(last - (START - 2 * MS), >, -1 * US);
    }
}

static void test_doubt(void)
{
    TickCount stopped = { .divide = DIVIDE_1 };
    TickCount mute = { .initial = 1000, .divide = DIVIDE_1 };
    TickCount mad = { .initial = 1000, .current = 2000, .divide = DIVIDE_1 };
    int64_t last = 0;

    g_assert_false(partial_tick_expired(&stopped, START, 0, &last));
    g_assert_true(partial_tick_expired(&mute, START, START, &last));
    g_assert_true(partial_tick_expired(&mad, START, START, &last));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tick/once", test_once);
    g_test_add_func("/tick/old", test_old);
    g_test_add_func("/tick/divider", test_divider);
    g_test_add_func("/tick/doubt", test_doubt);
    return g_test_run();
}
