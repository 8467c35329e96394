/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores that KVM posts: how many, and whether it shall. */

#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "system/kvm.h"
#include "system/kvm_int.h"
#include "posted.h"

/* What <linux/kvm.h> counts the ring in. */
#define PAGE_SIZE qemu_real_host_page_size()

/* Exits without a window, in a row, that bring a region back into the ring. */
#define STRAY_EXITS 32
/* QEMU's devices have a handful. */
#define MOST_ZONES 64

typedef struct Zone {
    MemoryRegion *mr;
    hwaddr start, size;
    uint32_t strays;
    bool out;                  /* of the ring, by us */
} Zone;

/* Written with the lock held; out is looked at without. */
static Zone zones[MOST_ZONES];
static unsigned count;
static unsigned out;           /* zones that are; atomic */
static QemuMutex lock;

static void post(Zone *z, bool on)
{
    struct kvm_coalesced_mmio_zone zone = {
        .addr = z->start, .size = z->size,
    };

    z->strays = 0;
    if (kvm_vm_ioctl(kvm_state, on ? KVM_REGISTER_COALESCED_MMIO
                                   : KVM_UNREGISTER_COALESCED_MMIO,
                     &zone) >= 0 && z->out == on) {
        z->out = !on;
        qatomic_set(&out, out + (on ? -1 : 1));
    }
}

/* --- regions come and go -------------------------------------------------- */

static void zone_add(MemoryListener *listener, MemoryRegionSection *section,
                     hwaddr start, hwaddr size)
{
    QEMU_LOCK_GUARD(&lock);
    if (count < MOST_ZONES) {
        zones[count++] = (Zone) {
            .mr = section->mr, .start = start, .size = size,
        };
    }
}

static void zone_del(MemoryListener *listener, MemoryRegionSection *section,
                     hwaddr start, hwaddr size)
{
    unsigned i;

    QEMU_LOCK_GUARD(&lock);
    for (i = 0; i < count; i++) {
        if (zones[i].mr == section->mr && zones[i].start == start) {
            qatomic_set(&out, out - zones[i].out);
            zones[i] = zones[--count];
            return;
        }
    }
}

/* After KVM's own, so that a region is in the ring when it is listed. */
static MemoryListener listener = {
    .name = "partial-posted",
    .coalesced_io_add = zone_add,
    .coalesced_io_del = zone_del,
    .priority = MEMORY_LISTENER_PRIORITY_ACCEL + 1,
};

void partial_posted_init(void)
{
    qemu_mutex_init(&lock);
    memory_listener_register(&listener, &address_space_memory);
}

/* --- exits ---------------------------------------------------------------- */

uint32_t partial_posted_count(void)
{
    const struct kvm_coalesced_mmio_ring *ring =
        kvm_state->coalesced_mmio_ring;

    if (!ring) {
        return 0;
    }
    return (qatomic_read(&ring->last) + KVM_COALESCED_MMIO_MAX -
            qatomic_read(&ring->first)) % KVM_COALESCED_MMIO_MAX;
}

void partial_posted_stop(MemoryRegion *mr)
{
    unsigned i;

    QEMU_LOCK_GUARD(&lock);
    for (i = 0; i < count; i++) {
        if (zones[i].mr == mr && !zones[i].out) {
            post(&zones[i], false);
        }
    }
}

void partial_posted_resume(void)
{
    unsigned i;

    QEMU_LOCK_GUARD(&lock);
    for (i = 0; i < count; i++) {
        if (zones[i].out) {
            post(&zones[i], true);
        }
    }
}

void partial_posted_exit(hwaddr gpa, bool opens)
{
    unsigned i;

    if (!qatomic_read(&out)) {
        return;
    }
    QEMU_LOCK_GUARD(&lock);
    for (i = 0; i < count; i++) {
        Zone *z = &zones[i];

        if (z->out && gpa - z->start < z->size) {
            if (opens) {
                z->strays = 0;
            } else if (++z->strays >= STRAY_EXITS) {
                post(z, true);
            }
        }
    }
}
