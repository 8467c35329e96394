/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen's library, preloaded into a device model: how often the calls of a
 * take-over are made, and how long each takes.  The file that COSTS names gets
 * a line for each when the device model ends, and anew every 64 calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct Cost {
    const char *name;
    void *call;
    uint64_t count, ns;
} Cost;

enum { GET_PART, GET_ALL, SET_VCPU, SET_ALL, MAP, STATE, CALLS };

static Cost costs[CALLS] = {
    [GET_PART] = { "xc_domain_hvm_getcontext_partial" },
    [GET_ALL] = { "xc_domain_hvm_getcontext" },
    [SET_VCPU] = { "xc_vcpu_setcontext" },
    [SET_ALL] = { "xc_domain_hvm_setcontext" },
    [MAP] = { "xenforeignmemory_map2" },
    [STATE] = { "xc_domain_getinfolist" },
};

static void write_all(void)
{
    const char *path = getenv("COSTS");
    FILE *f = path ? fopen(path, "w") : NULL;
    int i;

    for (i = 0; f && i < CALLS; i++) {
        fprintf(f, "%s %" PRIu64 " %" PRIu64 "\n", costs[i].name,
                costs[i].count, costs[i].ns);
    }
    if (f) {
        fclose(f);
    }
}

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

static void *next(Cost *c)
{
    if (!c->call) {
        c->call = dlsym(RTLD_NEXT, c->name);
    }
    return c->call;
}

static void note(Cost *c, uint64_t start)
{
    c->ns += now() - start;
    if (++c->count % 64 == 0) {
        write_all();
    }
}

/* The value of an expression, whose time is noted. */
#define TIMED(key, expression) ({ \
    uint64_t start_ = now(); \
    typeof(expression) value_ = (expression); \
    note(&costs[key], start_); \
    value_; \
})

int xc_domain_hvm_getcontext_partial(void *xch, uint32_t domid, uint16_t code,
                                     uint16_t instance, void *to, uint32_t size)
{
    typeof(xc_domain_hvm_getcontext_partial) *call = next(&costs[GET_PART]);

    return TIMED(GET_PART, call(xch, domid, code, instance, to, size));
}

int xc_domain_hvm_getcontext(void *xch, uint32_t domid, uint8_t *to,
                             uint32_t size)
{
    typeof(xc_domain_hvm_getcontext) *call = next(&costs[GET_ALL]);

    return TIMED(GET_ALL, call(xch, domid, to, size));
}

int xc_vcpu_setcontext(void *xch, uint32_t domid, uint32_t vcpu, void *context)
{
    typeof(xc_vcpu_setcontext) *call = next(&costs[SET_VCPU]);

    return TIMED(SET_VCPU, call(xch, domid, vcpu, context));
}

int xc_domain_hvm_setcontext(void *xch, uint32_t domid, uint8_t *records,
                             uint32_t size)
{
    typeof(xc_domain_hvm_setcontext) *call = next(&costs[SET_ALL]);

    return TIMED(SET_ALL, call(xch, domid, records, size));
}

void *xenforeignmemory_map2(void *fmem, uint32_t dom, void *address, int prot,
                            int flags, size_t pages, const uint64_t *frames,
                            int *errors)
{
    typeof(xenforeignmemory_map2) *call = next(&costs[MAP]);

    return TIMED(MAP, call(fmem, dom, address, prot, flags, pages, frames,
                           errors));
}

int xc_domain_getinfolist(void *xch, uint32_t first, unsigned int max,
                          void *info)
{
    typeof(xc_domain_getinfolist) *call = next(&costs[STATE]);

    return TIMED(STATE, call(xch, first, max, info));
}

static void __attribute__((destructor)) at_end(void)
{
    write_all();
}
