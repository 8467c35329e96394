/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tiny guests for qtests. */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "qobject/qnum.h"
#include "guest.h"

/* No speed is tested: a loaded bed may take many times what a host takes. */
#define GUEST_SECONDS 300
#define MOST_PAUSE_US 20000

const char *guest_end_name(GuestEnd end)
{
    static const char *const name[] = {
        [GUEST_END_DONE] = "done",
        [GUEST_END_FAIL] = "unexpected exception",
        [GUEST_END_ERROR] = "internal error",
        [GUEST_END_TIMEOUT] = "no end",
    };

    return name[end];
}

bool guest_have_kvm(void)
{
    if (access("/dev/kvm", R_OK | W_OK) == 0) {
        return true;
    }
    g_test_skip("no usable /dev/kvm");
    return false;
}

QTestState *guest_start(const char *accel, const char *image, const char *more)
{
    const char *dir = g_getenv("QTEST_GUESTS");
    g_autofree char *bios = image ? g_strdup_printf("-bios %s/%s", dir, image)
                                  : NULL;

    g_assert_nonnull(dir);
    return qtest_initf("-accel %s -M pc -m 64 -nodefaults -S -no-shutdown "
                       "%s -device pc-testdev %s", accel, bios ?: "", more);
}

void guest_command(QTestState *qts, uint32_t what, uint32_t cpl,
                   uint64_t operand, uint32_t flags)
{
    qtest_writel(qts, GUEST_COMMAND, what);
    qtest_writel(qts, GUEST_COMMAND + 4, cpl);
    qtest_writeq(qts, GUEST_COMMAND + 8, operand);
    qtest_writel(qts, GUEST_COMMAND + 16, flags);
}

char *guest_state(QTestState *qts)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-status' }");
    char *state = g_strdup(qdict_get_str(qdict_get_qdict(rsp, "return"),
                                         "status"));

    qobject_unref(rsp);
    return state;
}

GuestEnd guest_run(QTestState *qts)
{
    gint64 deadline = g_get_monotonic_time() +
                      GUEST_SECONDS * G_TIME_SPAN_SECOND;
    gulong pause_us = 2000;

    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    do {
        g_autofree char *state = NULL;
        uint32_t status = qtest_readl(qts, GUEST_STATUS);

        if (status == GUEST_DONE) {
            return GUEST_END_DONE;
        }
        if (status == GUEST_FAIL) {
            return GUEST_END_FAIL;
        }
        state = guest_state(qts);
        if (g_str_equal(state, "internal-error")) {
            return GUEST_END_ERROR;
        }
        g_usleep(pause_us);
        pause_us = MIN(pause_us * 2, MOST_PAUSE_US);
    } while (g_get_monotonic_time() < deadline);
    return GUEST_END_TIMEOUT;
}

uint64_t guest_counter(QTestState *qts, const char *name)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-stats', 'arguments': {"
                           " 'target': 'vcpu', 'providers': [ {"
                           " 'provider': 'partial', 'names': [ %s ] } ] } }",
                           name);
    QListEntry *vcpu, *stat;
    uint64_t sum = 0;
    bool found = false;

    g_assert(qdict_haskey(rsp, "return"));
    QLIST_FOREACH_ENTRY(qdict_get_qlist(rsp, "return"), vcpu) {
        QDict *d = qobject_to(QDict, qlist_entry_obj(vcpu));

        QLIST_FOREACH_ENTRY(qdict_get_qlist(d, "stats"), stat) {
            found = true;
            sum += qdict_get_int(qobject_to(QDict, qlist_entry_obj(stat)),
                                 "value");
        }
    }
    qobject_unref(rsp);
    g_assert(found);
    return sum;
}

bool guest_kernel_is_native(void)
{
    static int native = -1;

    if (native < 0) {
        QTestState *qts = guest_start("partial", "classes.bin", "");
        g_autofree char *info = qtest_hmp(qts, "info partial");
        const char *mips = strstr(info, " long0 ");

        g_assert_nonnull(mips);
        native = atoi(mips + strlen(" long0 ")) >= 10;
        qtest_quit(qts);
    }
    return native;
}

bool guest_cpu_lacks(QTestState *qts, const char *feature)
{
    g_autoptr(QDict) cpus = NULL;
    g_autoptr(QDict) has = NULL;
    QDict *cpu;

    if (guest_kernel_is_native()) {
        return false;
    }
    cpus = qtest_qmp(qts, "{'execute': 'query-cpus-fast'}");
    cpu = qobject_to(QDict, qlist_peek(qdict_get_qlist(cpus, "return")));
    has = qtest_qmp(qts, "{'execute': 'qom-get', 'arguments':"
                    " {'path': %s, 'property': %s}}",
                    qdict_get_str(cpu, "qom-path"), feature);
    return !qdict_get_bool(has, "return");
}
