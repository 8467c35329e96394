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

static void test_verdicts(void)
{
    g_autofree Learnt *l = table();
    g_autofree Learnt *next = NULL;

    g_assert_null(learnt_find(l, 5));
    g_assert(learnt_note(l, 5, true, 12));
    g_assert(learnt_note(l, 3, false, 1));
    g_assert(learnt_note(l, UINT64_MAX, true, UINT32_MAX));
    g_assert(learnt_note(l, 5, false, 13));
    g_assert(learnt_note(l, 5, true, 14));
    next = again(l);
    g_assert_cmpuint(next->count, ==, 3);
    g_assert_cmpuint(next->met, ==, 0);
    g_assert_cmpuint(next->run, ==, l->run + 1);
    g_assert(learnt_pays(learnt_find(next, 5)));
    g_assert_cmpuint(learnt_find(next, 5)->gap, ==, 14);
    g_assert(!learnt_pays(learnt_find(next, 3)));
    g_assert(learnt_pays(learnt_find(next, UINT64_MAX)));
    g_assert_cmpuint(learnt_find(next, UINT64_MAX)->gap, ==, 65536);
    g_assert_null(learnt_find(next, 4));
    g_assert_cmpuint(next->met, ==, 3);
}

/* One bad run is chance, two are not; and one verdict counts for each run. */
static void test_scores(void)
{
    static const struct {
        bool pays, then;
    } runs[] = {
        { true, true }, { false, true }, { false, false }, { false, false },
        { false, false }, { true, false }, { true, true }, { true, true },
        { true, true }, { false, true },
    };
    g_autofree Learnt *l = table();
    size_t i;

    for (i = 0; i < ARRAY_SIZE(runs); i++) {
        Learnt *next;

        g_assert(learnt_note(l, 9, !runs[i].pays, 1));
        g_assert(learnt_note(l, 9, runs[i].pays, 1));
        g_assert(learnt_note(l, 9, runs[i].pays, 1));
        next = again(l);
        g_free(l);
        l = next;
        g_assert_cmpint(learnt_pays(learnt_find(l, 9)), ==, runs[i].then);
    }
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
            refused += !learnt_note(l, key++ * 0x9e3779b97f4a7c15ull, true, 1);
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

    learnt_note(first, 1, true, 1);
    learnt_note(first, 2, true, 1);
    learnt_note(second, 2, false, 2);
    learnt_note(second, 3, true, 3);
    file = again(first);
    learnt_merge(file, second);
    g_assert_cmpuint(file->count, ==, 3);
    g_assert(learnt_pays(learnt_find(file, 1)));
    g_assert_cmpuint(learnt_find(file, 2)->score, ==, 2);
    g_assert_cmpuint(learnt_find(file, 3)->gap, ==, 3);
}

/* Cut off anywhere, or any byte another one: nothing of it is used. */
static void test_damage(void)
{
    g_autofree char *text = g_malloc(LEARNT_TEXT_MOST);
    g_autofree Learnt *l = table(), *read = table();
    size_t n, i;
    int bit;

    for (i = 1; i < 20; i++) {
        learnt_note(l, i * 0x123456789abcdef1ull, i % 2, i);
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

/* What no run of ours writes, with a sum that is right. */
static void test_forged(void)
{
    static const char *const wrong[] = {
        "", "qemu-partial sites 2\n", "qemu-partial sites 1\nsum x\n",
        "qemu-partial sites 1\n0000000000000001 1 1\nsum 0\n",
        "qemu-partial sites 1\n-1 1 1 1\nsum 0\n",
        "qemu-partial sites 1\n1 1 1 4\nsum 0\n",
        "qemu-partial sites 1\n1 1 65537 1\nsum 0\n",
        "qemu-partial sites 1\n1 4294967295 1 1\nsum 0\n",
        "qemu-partial sites 1\n2 1 1 1\n1 1 1 1\nsum 0\n",
        "qemu-partial sites 1\n0 1 1 1\nsum 0\n",
    };
    g_autofree Learnt *read = table();
    size_t i;

    for (i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_assert(!learnt_parse(read, wrong[i]));
        g_assert_cmpuint(read->count, ==, 0);
        g_assert_cmpuint(read->run, ==, 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/partial/learnt/keys", test_keys);
    g_test_add_func("/partial/learnt/verdicts", test_verdicts);
    g_test_add_func("/partial/learnt/scores", test_scores);
    g_test_add_func("/partial/learnt/bounds", test_bounds);
    g_test_add_func("/partial/learnt/merge", test_merge);
    g_test_add_func("/partial/learnt/damage", test_damage);
    g_test_add_func("/partial/learnt/forged", test_forged);
    return g_test_run();
}
