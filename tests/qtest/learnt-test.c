/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of sites for later starts: the table, and its text in a file. */

#include "qemu/osdep.h"
#include "../../../accel/partial/learnt.h"

static Learnt *table(void)
{
    Learnt *l = g_new(Learnt, 1);

    learnt_init(l);
    return l;
}

static bool note(Learnt *l, uint64_t key, int32_t gain, uint32_t gap)
{
    return learnt_note(l, key, &(LearntResult) { .gain = gain, .gap = gap });
}

static int32_t gain_of(Learnt *l, uint64_t key)
{
    return learnt_find(l, key)->gain;
}

/* As a later run reads it. */
static Learnt *again(const Learnt *l)
{
    g_autofree char *text = g_malloc(LEARNT_TEXT_MOST);
    Learnt *read = g_new(Learnt, 1);

    g_assert_cmpuint(learnt_print(l, text), <, LEARNT_TEXT_MOST);
    g_assert(learnt_parse(read, text));
    return read;
}

static void test_keys(void)
{
    uint8_t code[32] = { 0xec, 1, 2, 3 }, other[32] = { 0xec, 1, 2, 4 };
    uint64_t key = learnt_key(code, 32, 16, "port 0x60 i8042-data");

    g_assert_cmphex(key, !=, 0);
    g_assert_cmphex(key, ==, learnt_key(code, 32, 16, "port 0x60 i8042-data"));
    g_assert_cmphex(key, !=, learnt_key(code, 32, 15, "port 0x60 i8042-data"));
    g_assert_cmphex(key, !=, learnt_key(code, 31, 16, "port 0x60 i8042-data"));
    g_assert_cmphex(key, !=, learnt_key(other, 32, 16, "port 0x60 i8042-data"));
    g_assert_cmphex(key, !=, learnt_key(code, 32, 16, "port 0x68 ide"));
}

static void test_results(void)
{
    g_autofree Learnt *l = table();
    g_autofree Learnt *next = NULL;

    g_assert_null(learnt_find(l, 5));
    g_assert(note(l, 5, 100, 12));
    g_assert(learnt_note(l, 3, &(LearntResult) {
        .gain = -1000, .gap = 1, .period = 9
    }));
    g_assert(learnt_note(l, UINT64_MAX, &(LearntResult) {
        .gain = INT32_MAX, .gap = UINT32_MAX, .period = UINT32_MAX
    }));
    g_assert(note(l, 5, -100, 13));
    g_assert(note(l, 5, 80, 14));
    g_assert(note(l, 3, -1000, 1));
    next = again(l);
    g_assert_cmpuint(next->count, ==, 3);
    g_assert_cmpuint(next->met, ==, 0);
    g_assert_cmpuint(next->run, ==, l->run + 1);
    g_assert_cmpint(gain_of(next, 5), ==, 70);
    g_assert_cmpuint(learnt_find(next, 5)->gap, ==, 14);
    g_assert_cmpint(gain_of(next, 3), ==, -875);
    g_assert_cmpuint(learnt_find(next, 3)->period, ==, 9);
    g_assert_cmpint(gain_of(next, UINT64_MAX), ==, 65536 / 8 * 7);
    g_assert_cmpuint(learnt_find(next, UINT64_MAX)->gap, ==, 65536);
    g_assert_cmpuint(learnt_find(next, UINT64_MAX)->period, ==, 65536);
    g_assert_null(learnt_find(next, 4));
    g_assert_cmpuint(next->met, ==, 3);
}

/* Runs add up, and one of them may be chance. */
static void test_sums(void)
{
    static const struct {
        int32_t gain;
        bool pays;
    } runs[] = {
        { 200, true }, { -100, true }, { -100, false }, { -100, false },
        { 100, false }, { 300, true }, { 1, true }, { -60, true },
    };
    g_autofree Learnt *l = table();
    size_t i;

    for (i = 0; i < ARRAY_SIZE(runs); i++) {
        Learnt *next;

        g_assert(note(l, 9, -runs[i].gain, 1));
        g_assert(note(l, 9, runs[i].gain, 1));
        g_assert(note(l, 9, runs[i].gain, 1));
        next = again(l);
        g_free(l);
        l = next;
        g_assert_cmpint(l->site[0].gain > 0, ==, runs[i].pays);
    }
}

/* Runs that only meet a site forget that it was bad. */
static void test_fades(void)
{
    g_autofree Learnt *l = table();
    int32_t before;
    int i;

    note(l, 9, -LEARNT_GAIN_MOST, 1);
    note(l, 8, 100, 1);
    for (i = 0, before = -LEARNT_GAIN_MOST - 1; before < 0; i++) {
        Learnt *next = again(l);

        g_free(l);
        l = next;
        g_assert_cmpint(gain_of(l, 9), >, before);
        before = gain_of(l, 9);
        g_assert_cmpint(gain_of(l, 8), >, 0);
    }
    g_assert_cmpint(before, ==, 0);
    g_assert_cmpint(i, >, 20);
    g_assert_cmpint(i, <, 120);
}

/* The same run writes again: what it said before is there already. */
static void test_kept(void)
{
    g_autofree Learnt *l = table(), *file = table();

    note(file, 1, 800, 1);
    note(file, 3, 80, 1);
    file = again(file);
    note(l, 1, 10, 1);
    note(l, 2, 20, 1);
    learnt_merge(file, l);
    learnt_kept(l);
    file = again(file);
    learnt_merge(file, l);
    g_assert_cmpint(file->site[0].gain, ==, 710);
    g_assert_cmpint(file->site[1].gain, ==, 20);
    note(l, 1, -10, 7);
    note(l, 4, 40, 4);
    learnt_merge(file, l);
    learnt_kept(l);
    g_assert_cmpint(file->site[0].gain, ==, 690);
    g_assert_cmpuint(file->site[0].gap, ==, 7);
    g_assert_cmpint(file->site[1].gain, ==, 20);
    g_assert_cmpint(file->site[2].gain, ==, 80);
    g_assert_cmpint(file->site[3].gain, ==, 40);
    /* Another has removed the file. */
    learnt_init(file);
    learnt_merge(file, l);
    g_assert_cmpint(file->site[0].gain, ==, -10);
}

/* No run displaces all that others have learnt, and no run lets it grow. */
static void test_bounds(void)
{
    g_autofree Learnt *l = table();
    uint64_t key = 1;
    unsigned run, i, refused;

    for (run = 0; run < 7; run++) {
        Learnt *next;

        for (i = refused = 0; i < LEARNT_MOST * 2; i++) {
            refused += !note(l, key++ * 0x9e3779b97f4a7c15ull, 1, 1);
        }
        g_assert_cmpuint(refused, ==, LEARNT_MOST * 2 - LEARNT_RUN_MOST);
        g_assert_cmpuint(l->count, ==,
                         MIN((run + 1) * LEARNT_RUN_MOST, LEARNT_MOST));
        next = again(l);
        g_free(l);
        l = next;
    }
    /* The oldest went: what the last four runs have met is there. */
    for (i = 0; i < l->count; i++) {
        g_assert_cmpuint(l->site[i].run, >, 3);
        g_assert(i == 0 || l->site[i - 1].key < l->site[i].key);
    }
}

/* Two runs began with the same file, and both have written. */
static void test_merge(void)
{
    g_autofree Learnt *first = table(), *second = table(), *file = NULL;

    note(first, 1, 10, 1);
    note(first, 2, 80, 1);
    note(second, 2, -5, 2);
    note(second, 3, 10, 3);
    file = again(first);
    learnt_merge(file, second);
    g_assert_cmpuint(file->count, ==, 3);
    g_assert_cmpint(file->site[0].gain, ==, 10);
    g_assert_cmpint(file->site[1].gain, ==, 65);
    g_assert_cmpuint(file->site[2].gap, ==, 3);
}

/* Cut off anywhere, or any byte another one: nothing of it is used. */
static void test_damage(void)
{
    g_autofree char *text = g_malloc(LEARNT_TEXT_MOST);
    g_autofree Learnt *l = table(), *read = table();
    size_t n, i;
    int bit;

    for (i = 1; i < 20; i++) {
        note(l, i * 0x123456789abcdef1ull, i % 2 ? i : -i, i);
    }
    n = learnt_print(l, text);
    g_assert(learnt_parse(read, text));
    for (i = 0; i < n; i++) {
        char was = text[i];

        for (bit = 0; bit < 8; bit++) {
            text[i] = was ^ 1 << bit;
            g_assert(!learnt_parse(read, text));
            g_assert_cmpuint(read->count, ==, 0);
        }
        text[i] = 0;
        g_assert(!learnt_parse(read, text));
        text[i] = was;
    }
    g_assert(learnt_parse(read, text));
}

/* A text with its sum: FNV-1a of all before it. */
static char *summed(const char *lines)
{
    g_autofree char *text = g_strconcat("qemu-partial sites 2\n", lines, NULL);
    uint64_t h = 0xcbf29ce484222325ull;
    const char *p;

    for (p = text; *p; p++) {
        h = (h ^ (uint8_t)*p) * 0x100000001b3ull;
    }
    return g_strdup_printf("%ssum %016" PRIx64 "\n", text, h);
}

/* What no run of ours writes, with a sum that is right. */
static void test_forged(void)
{
    static const char *const wrong[] = {
        "x\n", "1\n", "1 1 1 1\n", "1 1 1 1 1 1\n", " 1 1 1 1 1\n",
        "-1 1 1 1 1\n", "1 1 1 1 --1\n", "1 1 1 1 -524297\n",
        "1 1 1 1 524297\n", "1 1 1 65537 1\n", "1 1 65537 1 1\n",
        "1 4294967295 1 1 1\n", "2 1 1 1 1\n1 1 1 1 1\n",
        "1 1 1 1 1\n1 1 1 1 1\n", "0 1 1 1 1\n", "sum 0\n", "1 1 1 1 1",
    };
    g_autofree Learnt *read = table();
    g_autofree char *good = summed("1 4294967294 65536 65536 -524296\n");
    size_t i;

    g_assert(learnt_parse(read, good));
    for (i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_autofree char *text = summed(wrong[i]);
        g_test_message("%s", text);

        g_assert(!learnt_parse(read, text));
        g_assert_cmpuint(read->count, ==, 0);
        g_assert_cmpuint(read->run, ==, 1);
    }
    g_assert(!learnt_parse(read, ""));
    g_assert(!learnt_parse(read, "qemu-partial sites 1\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/partial/learnt/keys", test_keys);
    g_test_add_func("/partial/learnt/results", test_results);
    g_test_add_func("/partial/learnt/sums", test_sums);
    g_test_add_func("/partial/learnt/fades", test_fades);
    g_test_add_func("/partial/learnt/kept", test_kept);
    g_test_add_func("/partial/learnt/bounds", test_bounds);
    g_test_add_func("/partial/learnt/merge", test_merge);
    g_test_add_func("/partial/learnt/damage", test_damage);
    g_test_add_func("/partial/learnt/forged", test_forged);
    return g_test_run();
}
