/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen's library, preloaded into a device model, with the two calls that set a
 * vCPU's registers refused from the sixth on.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>

#define GOOD 5

static int called;

static void *next(const char *name)
{
    if (called++ < GOOD) {
        return dlsym(RTLD_NEXT, name);
    }
    errno = EPERM;
    return 0;
}

int xc_vcpu_setcontext(void *xch, uint32_t domid, uint32_t vcpu, void *context)
{
    int (*call)(void *, uint32_t, uint32_t, void *) = next(__func__);

    return call ? call(xch, domid, vcpu, context) : -1;
}

int xc_domain_hvm_setcontext(void *xch, uint32_t domid, uint8_t *records,
                             uint32_t size)
{
    int (*call)(void *, uint32_t, uint8_t *, uint32_t) = next(__func__);

    return call ? call(xch, domid, records, size) : -1;
}
