/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Setting the registers of a vCPU whose access waits. */

#include "qemu/osdep.h"
#include <xencall.h>
#include "set.h"

/* Registers of one name in a record and in Xen's struct cpu_user_regs. */
#define EACH_GENERAL(DO) \
    DO(rax) DO(rbx) DO(rcx) DO(rdx) DO(rsi) DO(rdi) DO(rbp) DO(rsp) \
    DO(r8) DO(r9) DO(r10) DO(r11) DO(r12) DO(r13) DO(r14) DO(r15) \
    DO(rip) DO(rflags)

bool xen_vt_set_is_enough(const XenVTRecord *was, const XenVTRecord *now)
{
    XenVTRecord rest = *now;

#define SAME(name) rest.name = was->name;
    EACH_GENERAL(SAME)
#undef SAME
    memcpy(rest.fpu_regs, was->fpu_regs, sizeof(rest.fpu_regs));
    rest.flags = was->flags;
    return memcmp(&rest, was, sizeof(rest)) == 0;
}

int xen_vt_set_general(unsigned vcpu, const XenVTRecord *r)
{
    g_autofree vcpu_guest_context_any_t *any =
        g_new0(vcpu_guest_context_any_t, 1);
    vcpu_guest_context_t *c = &any->c;

#define SET(name) c->user_regs.name = r->name;
    EACH_GENERAL(SET)
#undef SET
    c->user_regs.cs = r->cs_sel;
    c->user_regs.ss = r->ss_sel;
    c->user_regs.ds = r->ds_sel;
    c->user_regs.es = r->es_sel;
    c->user_regs.fs = r->fs_sel;
    c->user_regs.gs = r->gs_sel;
    c->flags = VGCF_online;
    if (r->flags & XEN_X86_FPU_INITIALISED) {
        c->flags |= VGCF_I387_VALID;
        memcpy(&c->fpu_ctxt, r->fpu_regs, sizeof(c->fpu_ctxt));
    }
    c->debugreg[0] = r->dr0;
    c->debugreg[1] = r->dr1;
    c->debugreg[2] = r->dr2;
    c->debugreg[3] = r->dr3;
    c->debugreg[6] = r->dr6;
    c->debugreg[7] = r->dr7;
    return xc_vcpu_setcontext(xen_xc, xen_domid, vcpu, any);
}

/* The domctl's own form: XCR0, what it ever was, and XSAVE's area. */
int xen_vt_set_extended(unsigned vcpu, const struct hvm_hw_cpu_xsave *r,
                        uint32_t size)
{
    static xencall_handle *calls;
    uint32_t area = size - offsetof(struct hvm_hw_cpu_xsave, save_area);
    uint32_t length = 2 * sizeof(uint64_t) + area;
    struct xen_domctl *ctl;
    uint64_t *data;
    int ret;

    if (!calls) {
        calls = xencall_open(NULL, 0);
        if (!calls) {
            return -1;
        }
    }
    ctl = xencall_alloc_buffer(calls, sizeof(*ctl));
    data = xencall_alloc_buffer(calls, length);
    if (!ctl || !data) {
        ret = -1;
    } else {
        data[0] = r->xcr0;
        data[1] = r->xcr0_accum;
        memcpy(data + 2, &r->save_area, area);
        memset(ctl, 0, sizeof(*ctl));
        ctl->cmd = XEN_DOMCTL_setvcpuextstate;
        ctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
        ctl->domain = xen_domid;
        ctl->u.vcpuextstate.vcpu = vcpu;
        ctl->u.vcpuextstate.size = length;
        set_xen_guest_handle_raw(ctl->u.vcpuextstate.buffer, data);
        ret = xencall1(calls, __HYPERVISOR_domctl, (uintptr_t)ctl);
    }
    xencall_free_buffer(calls, data);
    xencall_free_buffer(calls, ctl);
    return ret;
}
