; SPDX-License-Identifier: GPL-2.0-or-later
;
; Faults of 64-bit code at its edges: each is the CPU's exception, with its error code, at
; the instruction, and nothing has changed.

%include "frame.inc"

HANDLER  equ SCRATCH + 0x2000   ; where frame.inc sends exceptions to
BEYOND   equ 0x0080000000000000 ; not canonical, be there 48 bits or 57
OPERAND  equ 0x30000            ; descriptors, and what LGDT loads
GDT2     equ 0x31000
APIC     equ 0xfee00000
%define PTE(va) (PT + ((va) >> 12) * 8)

; step %1: instruction %4 is exception %2 with error code %3, with RIP and RSP as they were
%macro is_fault 4+
        mov     qword [STEP], %1
        mov     qword [HANDLER], %%fault
        mov     [SCRATCH + 0x2010], rsp
%%at:   %4
        jmp     failed
%%fault:
        cmp     qword [rsp], %2
        jne     failed
        cmp     qword [rsp + 8], %3
        jne     failed
        mov     rax, %%at
        cmp     [rsp + 16], rax
        jne     failed
        cmp     qword [rsp + 24], KCODE
        jne     failed
        mov     rax, [SCRATCH + 0x2010]
        cmp     [rsp + 40], rax
        jne     failed
        mov     qword [HANDLER], 0
        mov     rsp, STACK0 - 256
%endmacro

        align 8
scenarios:
        dq      jumps           ; 0
        dq      tables          ; 1
        dq      registers       ; 2
        dq      steps           ; 3
        dq      apic            ; 4
scenarios_end:

begin:  pop     rbx
        mov     rsp, STACK0 - 256
        mov     edi, 14
        mov     esi, page_fault_as_it_is
        mov     edx, 0x8e00
        call    set_gate
        jmp     rbx
page_fault_as_it_is:
        push    byte 14
        jmp     [HANDLER]

; --- targets that are not canonical -------------------------------------------------

jumps:  call    begin
        mov     rbx, BEYOND
        mov     [OPERAND], rbx
        is_fault 1, 13, 0, jmp rbx
        is_fault 2, 13, 0, call rbx
        is_fault 3, 13, 0, jmp [OPERAND]
        is_fault 4, 13, 0, call [OPERAND]
        push    rbx
        is_fault 5, 13, 0, ret
        push    rbx
        is_fault 6, 13, 0, ret 16
        push    KDATA
        push    STACK0
        push    2
        push    KCODE
        push    rbx
        is_fault 7, 13, 0, iretq
        push    UDATA
        push    STACK3
        push    2
        push    UCODE
        push    rbx
        is_fault 8, 13, 0, iretq
        push    KCODE
        push    rbx
        is_fault 9, 13, 0, o64 retf
        mov     qword [OPERAND], rbx
        mov     word [OPERAND + 8], KCODE
        cmp     dword [COMMAND + 16], 0
        jne     .intel                  ; AMD has no far pointer of 80 bits
        jmp     .near
.intel: is_fault 10, 13, 0, o64 jmp far [OPERAND]
        is_fault 11, 13, 0, o64 call far [OPERAND]
.near:  mov     rbx, .end
        jmp     rbx
.end:   jmp     finished

; --- descriptor tables and page tables -----------------------------------------------

tables: call    begin
        mov     rbx, BEYOND
        mov     word [OPERAND], 0xffff
        mov     [OPERAND + 2], rbx
        is_fault 1, 13, 0, lgdt [OPERAND]
        is_fault 2, 13, 0, lidt [OPERAND]
        ; an LDT and a TSS there
        sgdt    [OPERAND + 16]
        mov     rsi, [OPERAND + 18]
        mov     edi, GDT2
        mov     ecx, 0x40 / 4
        rep movsd
        mov     rax, 0x0000820000000fff
        mov     [GDT2 + 0x40], rax
        mov     qword [GDT2 + 0x48], BEYOND >> 32
        mov     rax, 0x0000890000000fff
        mov     [GDT2 + 0x50], rax
        mov     qword [GDT2 + 0x58], BEYOND >> 32
        mov     word [OPERAND + 16], 0x5f
        mov     qword [OPERAND + 18], GDT2
        lgdt    [OPERAND + 16]
        mov     ecx, 0x40
        is_fault 3, 13, 0x40, lldt cx
        mov     ecx, 0x50
        is_fault 4, 13, 0x50, ltr cx
        ; a null SS at CPL 0
        mov     ecx, 3
        is_fault 5, 13, 0, mov ss, cx
        xor     ecx, ecx
        mov     ss, cx
        mov     ecx, KDATA
        mov     ss, cx
        ; a reserved bit
        mov     rax, (1 << 51) | LEAF_VA | 7
        mov     [PTE(LEAF_VA)], rax
        invlpg  [LEAF_VA]
        is_fault 6, 14, 9, mov rax, [LEAF_VA]
        is_fault 7, 14, 11, mov [LEAF_VA], rax
        mov     qword [PTE(LEAF_VA)], 0
        invlpg  [LEAF_VA]
        is_fault 8, 14, 0, mov rax, [LEAF_VA]
        jmp     finished

; --- registers --------------------------------------------------------------------------

registers:
        call    begin
        mov     ecx, 0x12345            ; no such MSR
        is_fault 1, 13, 0, rdmsr
        is_fault 2, 13, 0, wrmsr
        mov     rbx, 1 << 32
        is_fault 3, 13, 0, mov dr7, rbx
        is_fault 4, 13, 0, mov dr6, rbx
        mov     eax, 7
        xor     ecx, ecx
        cpuid
        test    bl, 1                   ; FSGSBASE
        jz      .no_base
        mov     rax, cr4
        bts     rax, 16
        mov     cr4, rax
        mov     rbx, BEYOND
        is_fault 5, 13, 0, wrfsbase rbx
        is_fault 6, 13, 0, wrgsbase rbx
.no_base:
        ; ENTER needs its last slot to be writable
        mov     qword [PTE(LEAF_VA)], LEAF_VA | 5
        mov     rax, cr0
        bts     rax, 16                 ; WP
        mov     cr0, rax
        invlpg  [LEAF_VA]
        mov     rsp, LEAF_VA + 0x1000 + 64
        mov     ebp, 0x1234
        is_fault 7, 14, 3, enter 0x100, 0
        cmp     ebp, 0x1234
        jne     failed
        ; what is accessed through SS, from a stack that #SS does not use
        mov     byte [IDT + 12 * 16 + 4], 1     ; IST
        mov     qword [TSS + 0x24], STACK0 - 4096
        mov     rbp, BEYOND
        mov     rbx, rbp
        is_fault 8, 12, 0, mov rax, [rbp + 8]
        is_fault 9, 12, 0, mov rax, [rbp + rcx]
        is_fault 10, 13, 0, mov rax, [rbx]
        is_fault 11, 13, 0, push qword [rbx]
        is_fault 12, 12, 0, leave
        mov     rsp, rbx
        is_fault 13, 12, 0, push rax
        mov     rsp, rbx
        is_fault 14, 12, 0, pop rax
        mov     rsp, rbx
        is_fault 15, 12, 0, call failed
        mov     rsp, rbx
        is_fault 16, 12, 0, iretq
        mov     rsp, rbx
        is_fault 17, 12, 0, mov rax, [rsp]
        jmp     finished

; --- single steps, and SYSRET ---------------------------------------------------------------

steps:  call    begin
        mov     edi, 1
        mov     esi, .trap
        mov     edx, 0x8e00
        call    set_gate
        xor     r14d, r14d
        xor     r15d, r15d
        mov     edi, OPERAND
        mov     ecx, 5
        pushfq
        or      qword [rsp], 0x100
        popfq
.rep:   rep stosb
.after: pushfq
        and     qword [rsp], ~0x100
        popfq
        mov     qword [STEP], 1
        cmp     r14d, 4
        jne     failed
        cmp     r15d, 1
        jne     failed
        ; SYSRET: RPL of SS is 3 on Intel, as in STAR on AMD
        mov     ecx, 0xc0000080
        rdmsr
        or      al, 1
        wrmsr
        mov     ecx, 0xc0000081
        xor     eax, eax
        mov     edx, KDATA << 16
        wrmsr
        xor     eax, eax
        cpuid
        mov     r14d, UDATA
        cmp     ebx, 'Genu'
        je      .vendor
        mov     r14d, UDATA & ~3
.vendor:
        mov     qword [STEP], 2
        mov     qword [HANDLER], .back
        mov     ecx, .user
        mov     r11d, 2
        o64 sysret
.user:  int3
.back:  cmp     qword [rsp], 3
        jne     failed
        cmp     [rsp + 40], r14
        jne     failed
        mov     rsp, STACK0 - 256
        jmp     finished
.trap:  push    rax
        mov     eax, .rep
        cmp     [rsp + 8], rax
        jne     .not_rep
        inc     r14d
.not_rep:
        mov     eax, .after
        cmp     [rsp + 8], rax
        jne     .not_after
        inc     r15d
.not_after:
        xor     eax, eax
        mov     dr6, rax
        pop     rax
        iretq

; --- the APIC's page -----------------------------------------------------------------------------

apic:   call    begin
        mov     edi, 0x31
        mov     esi, .interrupt
        mov     edx, 0x8e00
        call    set_gate
        sub     rsp, 16
        mov     word [rsp], 0x40 * 16 - 1
        mov     qword [rsp + 2], IDT
        lidt    [rsp]
        xor     r14d, r14d
        mov     edi, APIC
        mov     dword [rdi + 0xf0], 0x1ff
        mov     dword [rdi], 0x31       ; a reserved register, no message
        sti
        nop
        nop
        cli
        mov     qword [STEP], 1
        test    r14d, r14d
        jnz     failed
        mov     qword [STEP], 2
        mov     dword [rdi + 0x300], 0x44031    ; to itself: so it could have come
        sti
        nop
        nop
        nop
        cli
        cmp     r14d, 1
        jne     failed
        ; without an APIC behind it
        mov     qword [STEP], 3
        mov     ecx, 0x1b
        rdmsr
        btr     eax, 11
        wrmsr
        cmp     dword [rdi + 0x30], -1
        jne     failed
        jmp     finished
.interrupt:
        inc     r14d
        mov     dword [rdi + 0xb0], 0
        iretq

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     start16
        times   0x10000 - ($ - $$) db 0
