/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Xen serves itself (xen/arch/x86/hvm), and QEMU is not asked for. */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "exec/memory-internal.h"
#include "qemu/cpuid.h"
#include "accel/partial/vcpu-state.h"
#include "owned.h"
#include "ram.h"
#include "vt-cpu.h"

#define VGA_FIRST 0xa0000
#define VGA_LAST  0xbffff

/*
 * Xen up to 4.18 keeps a copy of VGA's memory from the first standard mode on,
 * and reads never come to QEMU then.  An access of that memory for which the
 * guest waits says that the copy is given up, which is for ever.
 */
static bool vga_is_ours;

void xen_vt_saw_access(const ioreq_t *r)
{
    if (r->type == IOREQ_TYPE_COPY && r->addr >= VGA_FIRST &&
        r->addr <= VGA_LAST) {
        vga_is_ours = true;
    }
}

/* PIC, PIT, RTC, speaker, PCI's address, the PM timer, Xen's own console. */
static bool is_xens(uint32_t port)
{
    return (port & ~0x81u) == 0x20 || (port & ~3u) == 0x40 || port == 0x61 ||
           (port & ~1u) == 0x70 || (port & ~1u) == 0x4d0 ||
           (port & ~3u) == 0xcf8 || port == 0xe9 ||
           (port & ~0xfu) == 0xb000 || (port & ~0xfu) == 0x1f40;
}

bool xen_vt_owns_port(CPUState *cpu, uint32_t port)
{
    return is_xens(port);
}

bool xen_vt_owns_access(const ioreq_t *r)
{
    return r->type == IOREQ_TYPE_PIO && is_xens(r->addr);
}

bool xen_vt_owns_page(CPUState *cpu, hwaddr gpa)
{
    hwaddr offset, len = 1;
    MemoryRegion *mr;

    if (gpa >= VGA_FIRST && gpa <= VGA_LAST && !vga_is_ours) {
        return true;
    }
    mr = address_space_translate(&address_space_memory, gpa, &offset, &len,
                                 false, MEMTXATTRS_UNSPECIFIED);
    if (mr == &xen_memory) {
        return !xen_vt_ram_is_mapped(memory_region_get_ram_addr(mr) + offset);
    }
    /* LAPIC, IOAPIC, HPET, pages that Xen shares: QEMU knows nothing there. */
    return mr->ops == &unassigned_mem_ops && !memory_region_is_ram(mr);
}

/* The last letters of "HygonGenuine". */
#define HYGON_ECX 0x656e6975

/* Dom0 does not see the CPU's own flag of it. */
bool xen_vt_host_is_svm(void)
{
    static int svm = -1;
    unsigned a, b, c, d;

    if (svm < 0) {
        __cpuid(0, a, b, c, d);
        svm = c == signature_AMD_ecx || c == HYGON_ECX;
    }
    return svm;
}
