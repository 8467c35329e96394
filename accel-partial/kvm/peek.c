/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at the guest's code, which changes nothing. */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "exec/ram_addr.h"
#include "system/kvm.h"
#include <linux/kvm.h>
#include "peek.h"

/* Of memory only: to read a device would be an access. */
static bool read_memory(CPUState *cpu, hwaddr addr, uint8_t *buf, size_t n)
{
    bool smm = cpu->kvm_run->flags & KVM_RUN_X86_SMM && cpu->num_ases > 1;
    AddressSpace *as = cpu_get_address_space(cpu, smm ? X86ASIdx_SMM
                                                      : X86ASIdx_MEM);
    hwaddr offset, len = n;
    MemoryRegion *mr;

    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(as, addr, &offset, &len, false,
                                 MEMTXATTRS_UNSPECIFIED);
    if (len < n || !(memory_region_is_ram(mr) || memory_region_is_romd(mr))) {
        return false;
    }
    memcpy(buf, memory_region_get_ram_ptr(mr) + offset, n);
    return true;
}

bool partial_peek(CPUState *cpu, uint64_t linear, uint8_t *buf, size_t n)
{
    struct kvm_translation t = { .linear_address = linear };

    return kvm_vcpu_ioctl(cpu, KVM_TRANSLATE, &t) == 0 && t.valid &&
           read_memory(cpu, t.physical_address, buf, n);
}

size_t partial_peek_code(CPUState *cpu, uint64_t pc, size_t around,
                         uint8_t *code, size_t *at)
{
    struct kvm_sregs s;
    size_t n;

    if (cpu->vcpu_dirty || kvm_vcpu_ioctl(cpu, KVM_GET_SREGS, &s) < 0) {
        return 0;
    }
    if (!(s.efer & MSR_EFER_LMA && s.cs.l)) {
        pc = (uint32_t)(pc + s.cs.base);
    }
    *at = MIN(pc & ~TARGET_PAGE_MASK, around);
    n = *at + MIN(-(pc | TARGET_PAGE_MASK), around);
    return partial_peek(cpu, pc - *at, code, n) ? n : 0;
}
