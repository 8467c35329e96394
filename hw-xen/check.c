/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages for a device model that cannot work. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/thread.h"
#include <xenstore.h>
#include "check.h"

#define ANSWERS_WITHIN_MS 10000

/* A question to xenstore, which may never be answered. */
typedef struct Question {
    char *path;
    QemuSemaphore answered;
    bool reached, found;
} Question;

static void *ask(void *opaque)
{
    Question *q = opaque;
    struct xs_handle *xs = xs_open(0);
    unsigned len;
    char *value;

    if (xs) {
        value = xs_read(xs, XBT_NULL, q->path, &len);
        q->found = value || errno != ENOENT;
        q->reached = true;
        free(value);
        xs_close(xs);
    }
    qemu_sem_post(&q->answered);
    return NULL;
}

bool xen_check_domain(unsigned domid)
{
    /* Not freed if the thread goes on. */
    Question *q = g_new0(Question, 1);
    QemuThread thread;
    bool good;

    q->path = g_strdup_printf("/local/domain/%u", domid);
    qemu_sem_init(&q->answered, 0);
    qemu_thread_create(&thread, "xenstore", ask, q, QEMU_THREAD_DETACHED);
    if (qemu_sem_timedwait(&q->answered, ANSWERS_WITHIN_MS) < 0) {
        error_report("xenstore does not answer; in dom0, start xenstored "
                     "(service xen start)");
        return false;
    }
    if (!q->reached) {
        error_report("cannot reach xenstore; in dom0, start xenstored "
                     "(service xen start), and run QEMU as root");
    } else if (!q->found) {
        error_report("-xen-domid %u: there is no such domain; 'xl list' shows "
                     "those that there are", domid);
    }
    good = q->reached && q->found;
    qemu_sem_destroy(&q->answered);
    g_free(q->path);
    g_free(q);
    return good;
}

void xen_check_explain(void)
{
    if (!g_file_test("/proc/xen", G_FILE_TEST_IS_DIR) ||
        !g_file_test("/sys/hypervisor/type", G_FILE_TEST_EXISTS)) {
        error_printf("This machine does not run under Xen. QEMU's Xen machines "
                     "are for dom0 or a stub domain; elsewhere use another "
                     "-machine, with -accel partial, kvm or tcg.\n");
    } else if (geteuid() != 0) {
        error_printf("Only root may use Xen's devices. To run QEMU with fewer "
                     "rights, have xl start it, with dm_restrict=1.\n");
    } else {
        error_printf("Xen's devices are missing: load the modules xen_privcmd, "
                     "xen_evtchn and xen_gntdev.\n");
    }
}
