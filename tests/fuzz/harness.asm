; SPDX-License-Identifier: GPL-2.0-or-later
;
; The firmware around random programs (tests/fuzz/program.py makes them).  From each reset
; it runs the next one: copies its code to RAM, makes tables of its own, applies the
; program's changes to memory, and enters the program's CPU mode.  Code is in slots of 16
; bytes; a fault goes on with the next slot.  The end of a program is a reset.

ROM       equ 0xf0000
PROGRAMS  equ 0xe0000           ; dw count, then dw offset of each
MAGIC     equ 0x500             ; dd
INDEX     equ 0x504             ; dd; the host reads it
AP_OFFSET equ 0x508             ; dd, linear, of the program for the second CPU
FAULTS    equ 0x50c             ; dd
GDT       equ 0x1000
IDT32     equ 0x2000
IDT64     equ 0x3000
TSS       equ 0x4000            ; to 0x6068
AP_TSS    equ 0x7000            ; no bitmap
AP_START  equ 0x8000
PD32      equ 0x10000
PT32      equ 0x11000
PDPT      equ 0x12000           ; of PAE
PD        equ 0x13000           ; four pages
PML4      equ 0x17000
PDPT64    equ 0x18000
PT        equ 0x19000
CODE      equ 0x30000           ; AP's code is 0x4000 behind
AP        equ 0x4000
STACK     equ 0x70000
AP_STACK  equ 0x78000
MOST_FAULTS equ 64

; a program
P_MODE    equ 0                 ; db
P_CPL     equ 1                 ; db
P_AP      equ 2                 ; dw offset of the AP's program, or 0
P_REGS    equ 4                 ; 7 dq: ax cx dx bx si di bp
P_FLAGS   equ 60                ; dd
P_SEGS    equ 64                ; dw ds, dw es, in real and virtual 8086 mode
P_DR7     equ 68                ; dd
P_DR0     equ 72                ; dd
P_POKES   equ 76                ; dw
P_CODE    equ 78                ; dw bytes
P_DATA    equ 80                ; pokes (dd address, dd value), code

M_REAL    equ 0
M_BIGREAL equ 1
M_PROT16  equ 2
M_PROT32  equ 3
M_PAGED32 equ 4
M_PAE     equ 5
M_V86     equ 6
M_COMPAT  equ 7
M_LONG    equ 8

KCODE     equ 0x08
KDATA     equ 0x10
UCODE     equ 0x18 | 3
UDATA     equ 0x20 | 3
TSS_SEL   equ 0x28              ; and 0x30, which is the upper half in long mode
CODE16    equ 0x38
DATA16    equ 0x40
UCODE16   equ 0x48 | 3
KCODE64   equ 0x50
UCODE64   equ 0x58 | 3
ROM16     equ 0x60
AP_TSS_SEL equ 0x68             ; and 0x70
REAL16    equ 0x78

org ROM
bits 16
start:
        cli
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, 0x7000
        cmp     dword [MAGIC], 0x46555a5a
        je      .again
        mov     dword [MAGIC], 0x46555a5a
        mov     dword [INDEX], -1
.again: inc     dword [INDEX]
        mov     al, 2                   ; A20
        out     0x92, al
        ; real mode's vectors
        xor     di, di
        mov     es, ax
        mov     si, stubs16 - ROM
        mov     cx, 0x50
        xor     ax, ax
        mov     es, ax
.ivt:   mov     [es:di], si
        mov     word [es:di + 2], ROM >> 4
        add     di, 4
        add     si, 4
        loop    .ivt
        ; the second CPU starts here
        mov     byte [AP_START], 0xea
        mov     word [AP_START + 1], ap_start - ROM
        mov     word [AP_START + 3], ROM >> 4
        o32 lgdt [cs:gdtr - ROM]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword KCODE:start32

ap_start:
        cli
        o32 lgdt [cs:gdtr - ROM]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword KCODE:ap_start32

        align 8
gdt:    dq      0
        dq      0x00cf9b000000ffff      ; KCODE
        dq      0x00cf93000000ffff      ; KDATA
        dq      0x00cffb000000ffff      ; UCODE
        dq      0x00cff3000000ffff      ; UDATA
        dw      0x2068, TSS             ; TSS_SEL
        db      0, 0x89, 0, 0
        dq      0
        dq      0x00009b030000ffff      ; CODE16
        dq      0x000093000000ffff      ; DATA16
        dq      0x0000fb030000ffff      ; UCODE16
        dq      0x00af9b000000ffff      ; KCODE64
        dq      0x00affb000000ffff      ; UCODE64
        dq      0x00009b0f0000ffff      ; ROM16
        dw      0x67, AP_TSS            ; AP_TSS_SEL
        db      0, 0x89, 0, 0
        dq      0
        dq      0x000093000000ffff      ; REAL16
gdt_end:
gdtr:   dw      gdt_end - gdt - 1
        dd      gdt
gdtr_ram:
        dw      gdt_end - gdt - 1
        dd      GDT
idtr32: dw      0x50 * 8 - 1
        dd      IDT32
idtr64: dw      0x50 * 16 - 1
        dd      IDT64, 0
idtr16: dw      0x3ff
        dd      0

bits 32
%macro flat 0
        mov     ax, KDATA
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
%endmacro

ap_start32:
        flat
        mov     esp, AP_STACK
        mov     edi, CODE + AP
        mov     ebp, [AP_OFFSET]
        mov     dword [AP_TSS + 4], AP_STACK - 0x100
        mov     dword [AP_TSS + 8], KDATA
        lgdt    [gdtr_ram]
        mov     ax, AP_TSS_SEL
        jmp     program

start32:
        flat
        mov     esp, STACK
        mov     dword [FAULTS], 0
        mov     esi, gdt
        mov     edi, GDT
        mov     ecx, (gdt_end - gdt) / 4
        rep movsd
        lgdt    [gdtr_ram]
        mov     edi, TSS
        xor     eax, eax
        mov     ecx, (0x2068 + 0x100) / 4
        rep stosd
        mov     dword [TSS + 4], STACK - 0x100
        mov     dword [TSS + 8], KDATA
        mov     word [TSS + 0x66], 0x68
        ; gates; software may use those from 30h on
        mov     edi, IDT32
        mov     esi, stubs32
        mov     ebx, IDT64
        mov     edx, stubs64
        xor     ecx, ecx
.gate:  mov     eax, 0x8e00
        cmp     ecx, 0x30
        jb      .gate_type
        mov     eax, 0xee00
.gate_type:
        mov     [edi], si
        mov     word [edi + 2], KCODE
        mov     [edi + 4], ax
        mov     [ebx], dx
        mov     word [ebx + 2], KCODE64
        mov     [ebx + 4], ax
        mov     eax, ROM >> 16
        mov     [edi + 6], ax
        mov     [ebx + 6], ax
        mov     dword [ebx + 8], 0
        mov     dword [ebx + 12], 0
        add     edi, 8
        add     ebx, 16
        add     esi, 16
        add     edx, 16
        inc     ecx
        cmp     ecx, 0x50
        jne     .gate
        ; page tables, everything for everybody
        mov     edi, PD32
        mov     eax, 0x87
        mov     ecx, 1024
.pd32:  stosd
        add     eax, 0x400000
        loop    .pd32
        mov     eax, 7
        mov     ecx, 1024
.pt32:  stosd
        add     eax, 0x1000
        loop    .pt32
        mov     dword [PD32], PT32 | 7
        mov     edi, PD
        mov     eax, 0x87
        mov     ecx, 2048
.pd:    mov     [edi], eax
        mov     dword [edi + 4], 0
        add     edi, 8
        add     eax, 0x200000
        loop    .pd
        mov     edi, PT
        mov     eax, 7
        mov     ecx, 512
.pt:    mov     [edi], eax
        mov     dword [edi + 4], 0
        add     edi, 8
        add     eax, 0x1000
        loop    .pt
        mov     dword [PD], PT | 7
        xor     ecx, ecx
.pdpt:  mov     eax, ecx
        shl     eax, 12
        add     eax, PD | 1
        mov     [PDPT + ecx * 8], eax
        mov     dword [PDPT + ecx * 8 + 4], 0
        or      eax, 7
        mov     [PDPT64 + ecx * 8], eax
        mov     dword [PDPT64 + ecx * 8 + 4], 0
        inc     ecx
        cmp     ecx, 4
        jne     .pdpt
        mov     dword [PML4], PDPT64 | 7
        mov     dword [PML4 + 4], 0
        call    interrupts
        ; the program, and another for the second CPU
        mov     ebx, [INDEX]
        movzx   eax, word [PROGRAMS]
        cmp     ebx, eax
        jae     all_done
        movzx   ebp, word [PROGRAMS + 2 + ebx * 2]
        add     ebp, PROGRAMS
        movzx   eax, word [ebp + P_AP]
        test    eax, eax
        jz      .alone
        add     eax, PROGRAMS
        mov     [AP_OFFSET], eax
        mov     edi, 0xfee00000
        mov     dword [edi + 0x310], 1 << 24
        mov     dword [edi + 0x300], 0x4500
        mov     ecx, 1000
        loop    $
        mov     dword [edi + 0x310], 1 << 24
        mov     dword [edi + 0x300], 0x4600 | AP_START >> 12
.alone: mov     edi, CODE
        mov     ax, TSS_SEL

; ebp: the program, edi: where its code goes, esp: the stack, ax: the TSS
program:
        ltr     ax
        lidt    [idtr32]
        mov     edx, edi
        movzx   ecx, word [ebp + P_POKES]
        lea     esi, [ebp + P_DATA]
        lea     esi, [esi + ecx * 8]
        movzx   ecx, word [ebp + P_CODE]
        cld
        rep movsb
        mov     dword [edi], 0x000040cd         ; int 40h
        lea     esi, [ebp + P_DATA]
        movzx   ecx, word [ebp + P_POKES]
        jecxz   .poked
.poke:  mov     ebx, [esi]
        mov     eax, [esi + 4]
        mov     [ebx], eax
        add     esi, 8
        loop    .poke
.poked: ; x87, SSE and debug registers
        mov     eax, cr0
        and     eax, ~0xe
        or      eax, 0x22
        mov     cr0, eax
        mov     eax, cr4
        or      eax, 0x610
        mov     cr4, eax
        fninit
        mov     eax, [ebp + P_DR0]
        mov     dr0, eax
        mov     eax, [ebp + P_DR7]
        mov     dr7, eax
        movzx   eax, byte [ebp + P_MODE]
        mov     ebx, edx                        ; of the code, in the segment's terms
        and     ebx, AP
        jmp     [.mode + eax * 4]
        align 4
.mode:  dd      real, bigreal, prot16, prot32, paged32, pae, v86, compat, long64

; The frame that POPAD and IRET take: registers, then %1 EIP, %2 CS.
%macro frame 2
        push    dword [ebp + P_FLAGS]
        push    dword %2
        push    %1
        push    dword [ebp + P_REGS]            ; eax
        push    dword [ebp + P_REGS + 8]
        push    dword [ebp + P_REGS + 16]
        push    dword [ebp + P_REGS + 24]
        push    dword 0                         ; not taken
        push    dword [ebp + P_REGS + 48]
        push    dword [ebp + P_REGS + 32]
        push    dword [ebp + P_REGS + 40]
%endmacro

real:   mov     ecx, REAL16
        jmp     to_real
bigreal:
        mov     ecx, KDATA
to_real:
        movzx   esi, word [ebp + P_SEGS]
        movzx   edi, word [ebp + P_SEGS + 2]
        sub     esp, STACK - 0xe000             ; within 64 KiB; the AP's is at 0x16000
        and     esp, 0xffff
        frame   ebx, CODE >> 4
        lidt    [idtr16]
        mov     ds, ecx
        mov     es, ecx
        mov     fs, ecx
        mov     gs, ecx
        mov     eax, REAL16
        mov     ss, eax
        jmp     ROM16:.sixteen - ROM
bits 16
.sixteen:
        mov     eax, cr0
        and     al, ~1
        mov     cr0, eax
        jmp     ROM >> 4:.really - ROM
.really:
        xor     ax, ax
        mov     ss, ax
        cmp     cx, KDATA
        je      .big
        mov     ds, si
        mov     es, di
.big:   popad
        o32 iret
bits 32

prot16: mov     ecx, DATA16
        cmp     byte [ebp + P_CPL], 3
        jne     .kernel
        push    UDATA
        lea     eax, [ebx + 0x68000]
        push    eax
        frame   ebx, UCODE16
        jmp     leave
.kernel:
        frame   ebx, CODE16
leave:  popad
        iret

prot32: cmp     byte [ebp + P_CPL], 3
        jne     .kernel
        push    UDATA
        lea     eax, [ebx + 0x68000]
        push    eax
        frame   edx, UCODE
        mov     eax, UDATA
        mov     ds, eax
        mov     es, eax
        jmp     leave
.kernel:
        frame   edx, KCODE
        jmp     leave

%macro paging 0
        mov     eax, cr0
        or      eax, 0x80000000
        mov     cr0, eax
%endmacro
paged32:
        mov     eax, PD32
        mov     cr3, eax
        paging
        jmp     prot32
pae:    mov     eax, cr4
        or      al, 0x20
        mov     cr4, eax
        mov     eax, PDPT
        mov     cr3, eax
        paging
        jmp     prot32

v86:    test    byte [ebp + P_CPL], 1           ; with paging
        jz      .flat
        mov     eax, PD32
        mov     cr3, eax
        paging
.flat:  movzx   esi, word [ebp + P_SEGS]
        movzx   edi, word [ebp + P_SEGS + 2]
        push    edi
        push    edi
        push    esi
        push    edi
        push    dword 0x6000                    ; SS:SP
        lea     eax, [ebx + 0x8000]
        push    eax
        frame   ebx, CODE >> 4
        or      dword [esp + 40], 0x20000
        jmp     leave

compat: call    to_long
bits 64
        mov     r8d, UCODE
        mov     r9d, KCODE
        jmp     long64.go
bits 32
long64: call    to_long
bits 64
        mov     r8d, UCODE64
        mov     r9d, KCODE64
.go:    mov     eax, UDATA
        lea     rcx, [rbx + 0x68000]
        cmp     byte [rbp + P_CPL], 3
        je      .user
        mov     r8d, r9d
        mov     eax, KDATA
        lea     rcx, [rsp - 0x200]
        and     rcx, ~15
.user:  push    rax
        push    rcx
        mov     eax, [rbp + P_FLAGS]
        push    rax
        push    r8
        push    rdx
        mov     rax, [rbp + P_REGS]
        mov     rcx, [rbp + P_REGS + 8]
        mov     rdx, [rbp + P_REGS + 16]
        mov     rbx, [rbp + P_REGS + 24]
        mov     rsi, [rbp + P_REGS + 32]
        mov     rdi, [rbp + P_REGS + 40]
        mov     rbp, [rbp + P_REGS + 48]
        iretq
bits 32
; returns in 64-bit code
to_long:
        mov     eax, cr4
        or      al, 0x20
        mov     cr4, eax
        mov     eax, PML4
        mov     cr3, eax
        mov     ecx, 0xc0000080
        push    edx
        rdmsr
        or      eax, 0x101
        wrmsr
        pop     edx
        paging
        jmp     KCODE64:.sixty_four
bits 64
.sixty_four:
        lidt    [idtr64]
        mov     ecx, TSS                        ; RSP0
        test    ebx, ebx
        jz      .tss
        mov     ecx, AP_TSS
.tss:   mov     dword [rcx + 8], 0
        mov     ecx, [rsp]
        add     rsp, 4
        jmp     rcx
bits 32

; PIC with IRQ 0 at 1 kHz, passed on by the LAPIC
interrupts:
        mov     edi, 0xfee00000
        mov     dword [edi + 0xf0], 0x1ff
        mov     dword [edi + 0x350], 0x700
        mov     esi, .list
        mov     ecx, 13
.next:  movzx   edx, byte [esi]
        mov     al, [esi + 1]
        out     dx, al
        add     esi, 2
        loop    .next
        ret
.list:  db      0x20, 0x11, 0xa0, 0x11, 0x21, 0x20, 0xa1, 0x28, 0x21, 4, 0xa1, 2, 0x21, 1
        db      0xa1, 1, 0x21, 0xfe, 0xa1, 0xff, 0x43, 0x34, 0x40, 0xa9, 0x40, 4

; --- events ----------------------------------------------------------------------

%include "vectors.inc"

        align 16
stubs32:
        entries 0x50, event32

; Whether to go on: behind a fault, which is with the next slot, or where a trap says
%macro judge 6                  ; vector, EIP, FLAGS, FAULTS, label of the end, EAX or RAX
        inc     dword [%4]
        cmp     dword [%4], MOST_FAULTS
        ja      %5
        cmp     %1, 0x40
        je      %5
        cmp     %1, 0x20
        jb      %%fault
        cmp     %1, 0x30
        jae     %%back
        dec     dword [%4]
        mov     al, 0x20
        out     0x20, al
        jmp     %%back
%%fault:
        cmp     %1, 1
        je      %%trap
        cmp     %1, 2
        je      %%back
        cmp     %1, 3
        je      %%back
        cmp     %1, 4
        je      %%back
        test    %2, 0x8000
        jnz     %5
        add     %2, 16
        and     %2, ~15
        jmp     %%back
%%trap: cmp     dword [%4], 20
        jb      %%back
        and     %3, ~0x100
        xor     eax, eax
        mov     dr7, %6
%%back:
%endmacro

event32:
        pushad
        push    ds
        mov     eax, KDATA
        mov     ds, eax
        mov     ebx, [esp + 36]
        judge   ebx, dword [esp + 44], word [esp + 52], FAULTS, finish32, eax
        pop     ds
        popad
        add     esp, 8
        iret
finish32:
        mov     eax, [esp + 44]
        jmp     finish

bits 64
        align 16
stubs64:
        entries 0x50, event64
event64:
        push    rax
        push    rbx
        push    rdx
        mov     ebx, [rsp + 24]
        judge   ebx, dword [rsp + 40], word [rsp + 56], abs FAULTS, finish64, rax
        pop     rdx
        pop     rbx
        pop     rax
        add     rsp, 16
        iretq
finish64:
        mov     eax, [rsp + 40]
        jmp     finish

bits 16
stubs16:
%rep 0x50
        call    event16
        nop
%endrep
event16:
        pushad
        mov     bp, sp
        push    ds
        xor     ax, ax
        mov     ds, ax
        movzx   ebx, word [bp + 32]
        sub     bx, stubs16 - ROM + 3
        shr     bx, 2
        cmp     word [bp + 36], CODE >> 4
        jne     finish16
        judge   ebx, word [bp + 34], word [bp + 38], FAULTS, finish16, eax
        pop     ds
        popad
        add     sp, 2
        iret
finish16:
        mov     ax, [bp + 34]
        jmp     finish

; The same bytes in each mode: a reset, or for the second CPU (its code is at AP) a halt.
bits 32
finish: test    ah, AP >> 8
        jnz     .stay
        mov     al, 6
        mov     dl, 0xf9
        mov     dh, 0x0c
        out     dx, al
.stay:  cli
        hlt
        jmp     .stay
all_done:
        mov     al, 0
        out     0xf4, al
        jmp     finish.stay

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     ROM >> 4:start - ROM
        times   0x10000 - ($ - $$) db 0
