/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What KVM said when it failed, in words. */

#include "qemu/osdep.h"
#include "describe.h"
#include <linux/kvm.h>

char *partial_describe(const PartialFailure *f)
{
    GString *s = g_string_new("");

    switch (f->exit_reason) {
    case KVM_EXIT_INTERNAL_ERROR:
        g_string_printf(s, "internal error, suberror %u%s", f->suberror,
                        f->suberror == KVM_INTERNAL_ERROR_EMULATION ?
                        " (emulation failure)" : "");
        break;
    case KVM_EXIT_FAIL_ENTRY:
        g_string_printf(s, "entry failed, hardware error 0x%" PRIx64,
                        f->hardware);
        break;
    case KVM_EXIT_SHUTDOWN:
        g_string_append(s, "shutdown (triple fault)");
        break;
    case 0:
        g_string_append(s, "not asked");
        break;
    default:
        g_string_printf(s, "exit reason %u", f->exit_reason);
    }
    if (f->len) {
        g_string_append(s, ", instruction bytes ");
        partial_report_bytes(s, f->bytes, f->len);
    }
    return g_string_free(s, false);
}
