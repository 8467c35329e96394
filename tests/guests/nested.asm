; SPDX-License-Identifier: GPL-2.0-or-later
;
; A hypervisor of a page: what TCG's SVM says about instructions that exit.  The
; host chooses nothing: each step runs one piece of guest code in a VMCB with some
; intercepts and compares the exit (AMD64 APM vol. 2, 15.9 to 15.12, appendix C).

%include "frame.inc"

VMCB     equ 0x50000
HSAVE    equ 0x51000
STACK_L2 equ 0x58000

; intercepts: exceptions (+8), and the two words of instructions (+0ch, +10h)
ON_BP    equ 1 << 3
ON_OF    equ 1 << 4
ON_GP    equ 1 << 13
RDTSC_I  equ 1 << 14
INTN     equ 1 << 21
HLT_I    equ 1 << 24
VMRUN_I  equ 1 << 0
RDTSCP_I equ 1 << 7

EXIT_BP     equ 0x43
EXIT_OF     equ 0x44
EXIT_GP     equ 0x4d
EXIT_RDTSC  equ 0x6e
EXIT_SWINT  equ 0x75
EXIT_HLT    equ 0x78
EXIT_RDTSCP equ 0x87

; step %1: code at %2 with intercepts %3 (exceptions), %4, %5 exits with %6 at %7
%macro exits 7
        mov     qword [STEP], %1
        mov     dword [VMCB + 0x08], %3
        mov     dword [VMCB + 0x0c], %4
        mov     dword [VMCB + 0x10], VMRUN_I | %5
        mov     eax, %2
        mov     [VMCB + 0x578], rax
        call    run
        cmp     qword [VMCB + 0x70], %6
        jne     failed
        mov     eax, %7
        cmp     [VMCB + 0x578], rax
        jne     failed
%endmacro

        align 8
scenarios:
        dq      intercepts      ; 0
scenarios_end:

run:    mov     eax, VMCB
        clgi
        vmrun
        stgi
        ret

intercepts:
        mov     rsp, STACK0 - 256
        mov     qword [STEP], 1
        mov     ecx, 0xc0000080
        rdmsr
        or      eax, 1 << 12            ; EFER.SVME
        wrmsr
        mov     r8d, eax
        mov     ecx, 0xc0010117         ; VM_HSAVE_PA
        mov     eax, HSAVE
        xor     edx, edx
        wrmsr
        mov     edi, VMCB
        mov     ecx, 0x2000 / 8
        xor     eax, eax
        rep stosq
        mov     dword [VMCB + 0x58], 1  ; ASID
        ; ES, CS, SS, DS as here; no IDT, so that INT3 is #GP where it is not intercepted
        mov     rax, 0xffffffff0c930000 | KDATA
        mov     [VMCB + 0x400], rax
        mov     [VMCB + 0x420], rax
        mov     [VMCB + 0x430], rax
        mov     rax, 0xffffffff0a9b0000 | KCODE
        mov     [VMCB + 0x410], rax
        sgdt    [VMCB + 0x462]
        movzx   eax, word [VMCB + 0x462]
        mov     rbx, [VMCB + 0x464]
        mov     dword [VMCB + 0x460], 0
        mov     [VMCB + 0x464], eax
        mov     [VMCB + 0x468], rbx
        mov     [VMCB + 0x4d0], r8      ; EFER
        mov     rax, cr4
        mov     [VMCB + 0x548], rax
        mov     rax, cr3
        mov     [VMCB + 0x550], rax
        mov     rax, cr0
        mov     [VMCB + 0x558], rax
        mov     qword [VMCB + 0x560], 0x400
        mov     eax, 0xffff0ff0
        mov     [VMCB + 0x568], rax
        mov     qword [VMCB + 0x570], 2
        mov     qword [VMCB + 0x5d8], STACK_L2
        exits   2, l2_hlt, 0, HLT_I, 0, EXIT_HLT, l2_hlt
        ; INT3 is no INT n
        exits   3, l2_int3, ON_BP | ON_GP, HLT_I | INTN, 0, EXIT_BP, l2_int3
        exits   4, l2_int3, ON_GP, HLT_I | INTN, 0, EXIT_GP, l2_int3
        exits   5, l2_prefixed, ON_BP | ON_GP, HLT_I | INTN, 0, EXIT_BP, l2_prefixed
        ; INT 3 in two bytes is one
        exits   6, l2_int_3, ON_BP | ON_GP, HLT_I | INTN, 0, EXIT_SWINT, l2_int_3
        exits   7, l2_int_3, ON_BP | ON_GP, HLT_I, 0, EXIT_GP, l2_int_3
        ; RDTSCP is no RDTSC
        exits   8, l2_rdtsc, 0, HLT_I | RDTSC_I, RDTSCP_I, EXIT_RDTSC, l2_rdtsc
        exits   9, l2_rdtsc, 0, HLT_I, RDTSCP_I, EXIT_HLT, l2_hlt
        exits   10, l2_rdtscp, 0, HLT_I | RDTSC_I, RDTSCP_I, EXIT_RDTSCP, l2_rdtscp
        exits   11, l2_rdtscp, 0, HLT_I | RDTSC_I, 0, EXIT_HLT, l2_hlt
        exits   12, l2_rdtscp, 0, HLT_I, RDTSCP_I, EXIT_RDTSCP, l2_rdtscp
        ; 32-bit code, with OF set: INTO is no INT n either
        mov     rax, 0xffffffff0c9b0000 | KCODE
        mov     [VMCB + 0x410], rax
        mov     qword [VMCB + 0x570], 0x802
        exits   13, l2_into, ON_OF | ON_GP, HLT_I | INTN, 0, EXIT_OF, l2_into
        exits   14, l2_into, ON_GP, HLT_I | INTN, 0, EXIT_GP, l2_into
        exits   15, l2_int3, ON_BP | ON_GP, HLT_I | INTN, 0, EXIT_BP, l2_int3
        mov     qword [VMCB + 0x570], 2
        exits   16, l2_into, ON_OF | ON_GP, HLT_I | INTN, 0, EXIT_HLT, l2_into_end
        ; a guest without paging that has EFER.LME, and no CR4.PAE: CR0 is the hypervisor's again
        and     qword [VMCB + 0x558], 0x7fffffff
        mov     qword [VMCB + 0x548], 0
        and     qword [VMCB + 0x4d0], ~(1 << 10)        ; EFER.LMA
        exits   17, l2_hlt, 0, HLT_I, 0, EXIT_HLT, l2_hlt
        mov     rax, cr0
        test    eax, eax
        jns     failed
        jmp     finished

l2_into:
        db      0xce
l2_into_end:
        hlt
l2_int3:
        int3
l2_prefixed:
        db      0x66
        int3
l2_int_3:
        db      0xcd, 3
l2_rdtscp:
        rdtscp
        jmp     l2_hlt
l2_rdtsc:
        rdtsc
l2_hlt: hlt

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     start16
        times   0x10000 - ($ - $$) db 0
