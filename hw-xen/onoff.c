/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether vCPUs may be taken over at all. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "onoff.h"

static bool on;                /* set before the first vCPU exists */
static bool refused;           /* by Xen; protected by the BQL */

void xen_vt_switch_on(void)
{
    on = true;
}

bool xen_vt_is_on(void)
{
    return on;
}

bool xen_vt_may_open(void)
{
    return on && !refused;
}

void xen_vt_refused(int error)
{
    if (!refused) {
        refused = true;
        warn_report("accel xen: takeover is off: Xen does not let this device "
                    "model have its guest's registers (%s); dm_restrict=1 and "
                    "stub domains are like that", strerror(error));
    }
}
