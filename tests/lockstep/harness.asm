; SPDX-License-Identifier: GPL-2.0-or-later
;
; The firmware that runs thousands of programs, one after the other (program.py makes them).
; For each it changes the tables as the program asks, enters its CPU mode and waits for the
; first event: a fault, or the INT behind the program.  What is left of registers, tables,
; data and stacks leaves through port E9 as a hash, or as a whole where the image says so.
;
; Tables, code, data and stacks of programs are the arena.  A copy of it is above 1 MiB: what
; differs afterwards is what the program wrote, and is put back.

ROM       equ 0xf0000
IMAGE     equ 0x1000000         ; dd count, dd 1 whole dumps, 2 new memory for each, programs
ARENA     equ 0x20000           ; 64 KiB
COPY      equ 0x118000          ; from the arena to its copy: not the same entries of a TLB
DUMP      equ 0x210000          ; dwords, nor here
HSTACK    equ 0x1f000
DFSTACK   equ 0x1e800
VARS      equ 0x600
MAGIC     equ VARS              ; dd
INDEX     equ VARS + 4          ; dd
NEXT      equ VARS + 8          ; dd
BUSY      equ VARS + 12         ; dd, an event has been taken
HASH      equ VARS + 24         ; dd, dd: what goes out
P         equ 0x700             ; the header of a program
S         equ 0x800             ; what is left of it
FPU_IN    equ 0x940             ; an XSAVE area: before a program
FPU_OUT   equ 0xc80             ; and after it
FPU_SIZE  equ 832               ; x87, SSE, the header, AVX
OS_FPU    equ 0x40600           ; of CR4: OSFXSR, OSXMMEXCPT, OSXSAVE

; the arena
GDT       equ ARENA
LDT       equ ARENA + 0x200
TSS       equ ARENA + 0x300
TSS2      equ ARENA + 0x400
TSS16     equ ARENA + 0x500
TSSDF     equ ARENA + 0x600
TSS64     equ ARENA + 0x700
IDT       equ ARENA + 0x800
IDT64     equ ARENA + 0xb00
PD32      equ ARENA + 0x1000
PT32      equ ARENA + 0x2000
PDPT      equ ARENA + 0x3000
PD        equ ARENA + 0x4000
PT        equ ARENA + 0x5000
PML4      equ ARENA + 0x6000
PDPT64    equ ARENA + 0x7000
CODE      equ ARENA + 0x8000    ; two pages
DATA      equ ARENA + 0xa000    ; four pages
VECTORS   equ 0x48

; the header of a program
P_MODE    equ P                 ; db: 0 real, 1 virtual 8086, 2 protected, 3 long
P_CPL     equ P + 1             ; db
P_POKES   equ P + 2             ; db
P_CODE    equ P + 3             ; db bytes
P_CS      equ P + 4             ; dw each
P_SS      equ P + 6
P_DS      equ P + 8
P_ES      equ P + 10
P_FS      equ P + 12
P_GS      equ P + 14
P_FLAGS   equ P + 16            ; dd
P_MASK    equ P + 20            ; dd, flags that count
P_CR0     equ P + 24            ; dd
P_CR4     equ P + 28            ; dd
P_IP      equ P + 32            ; dq
P_REGS    equ P + 40            ; dq: ax cx dx bx sp bp si di
P_LDT     equ P + 104           ; dw
P_LIMIT   equ P + 106           ; dw, the selector that real mode has its limits from
P_DR7     equ P + 108           ; dd
P_DR0     equ P + 112           ; dd
P_WHERE   equ P + 116           ; dw, where in the arena the code goes
P_MSRS    equ P + 118           ; db, whether MSRs may have changed
P_FPU     equ P + 119           ; db: 1 a state follows the code, 2 only what a user sees counts
P_FMASK   equ P + 120           ; dw of FSW, dw: 1 FOP does not count, 2 FIP, 4 FDP
P_SIZE    equ 124

; what is left, in dwords; the names are program.py's
S_VECTOR  equ S
S_ERROR   equ S + 4
S_IP      equ S + 8             ; dq
S_CS      equ S + 16
S_FLAGS   equ S + 20
S_OLD_SP  equ S + 24            ; dq
S_OLD_SS  equ S + 32
S_SP      equ S + 36            ; dq
S_SS      equ S + 44
S_DS      equ S + 48
S_ES      equ S + 52
S_FS      equ S + 56
S_GS      equ S + 60
S_REGS    equ S + 64            ; 16 dq: ax cx dx bx sp (unused) bp si di r8..r15
S_CR0     equ S + 192
S_CR2     equ S + 196           ; dq
S_CR3     equ S + 204
S_CR4     equ S + 208
S_EFER    equ S + 212
S_DR6     equ S + 216
S_TR      equ S + 220
S_LDT     equ S + 224
S_NESTED  equ S + 228
S_FSBASE  equ S + 232           ; dq
S_GSBASE  equ S + 240           ; dq
S_KGSBASE equ S + 248           ; dq
S_GDTR    equ S + 256           ; 6 bytes
S_IDTR    equ S + 264           ; 6 bytes
S_XCR0    equ S + 272
S_DWORDS  equ 69

KCODE     equ 0x08
KDATA     equ 0x10
KCODE64   equ 0x30
ROM16     equ 0x38
REAL16    equ 0x40
TSS64_SEL equ 0x48
TSS_SEL   equ 0x58

org ROM
bits 16
start:
        cli
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     al, 2                   ; A20
        out     0x92, al
        mov     al, 0xff                ; no interrupts
        out     0x21, al
        out     0xa1, al
        o32 lgdt [cs:gdtr_rom - ROM]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword KCODE:start32

%macro descriptor 4             ; base, limit, access, flags
        dw      (%2) & 0xffff, (%1) & 0xffff
        db      ((%1) >> 16) & 0xff, %3, (%4) << 4 | ((%2) >> 16 & 15), ((%1) >> 24) & 0xff
%endmacro
%macro gate 4                   ; selector, offset, access, parameters
        dw      (%2) & 0xffff, %1
        db      %4, %3
        dw      (%2) >> 16
%endmacro

        align 8
gdt:    dq      0
        descriptor 0, 0xfffff, 0x9b, 12         ; 08 KCODE
        descriptor 0, 0xfffff, 0x93, 12         ; 10 KDATA
        descriptor 0, 0xfffff, 0xfb, 12         ; 18 user code
        descriptor 0, 0xfffff, 0xf3, 12         ; 20 user data
        descriptor 0, 0xfffff, 0xfb, 10         ; 28 user code, 64-bit
        descriptor 0, 0xfffff, 0x9b, 10         ; 30 KCODE64
        descriptor ROM, 0xffff, 0x9b, 0         ; 38 ROM16
        descriptor 0, 0xffff, 0x93, 0           ; 40 REAL16
        descriptor TSS64, 0x88, 0x89, 0         ; 48
        dq      0
        descriptor TSS, 0xa8, 0x89, 0           ; 58
        descriptor TSS2, 0x67, 0x89, 0          ; 60
        descriptor TSS16, 0x2b, 0x81, 0         ; 68
        descriptor TSSDF, 0x67, 0x89, 0         ; 70
        descriptor LDT, 0x7f, 0x82, 0           ; 78
        dq      0
        ; those that programs change
        descriptor DATA, 0xfff, 0xf3, 0         ; 88
        descriptor DATA, 0xfff, 0xf7, 4         ; 90 expand-down
        descriptor DATA, 0x1fff, 0xf1, 4        ; 98 read-only
        descriptor CODE, 0x1fff, 0x99, 4        ; a0 execute-only
        descriptor ARENA, 0xffff, 0x9b, 0       ; a8 16-bit code
        descriptor ARENA, 0xffff, 0xfb, 0       ; b0 16-bit user code
        descriptor 0, 0xfffff, 0x9f, 12         ; b8 conforming
        descriptor 0, 0xfffff, 0xff, 12         ; c0 conforming, of users
        descriptor ARENA, 0xffff, 0x93, 0       ; c8 16-bit stack
        descriptor ARENA, 0xffff, 0xf3, 0       ; d0 16-bit user stack
        gate    KCODE, CODE + 0x1000, 0xec, 0   ; d8
        gate    0xa8, 0x9000, 0xe4, 2           ; e0
        gate    0x60, 0, 0xe5, 0                ; e8
        descriptor DATA, 0xfff, 0x73, 0         ; f0 not present
        descriptor 0, 0xfffff, 0xbb, 12         ; f8 ring 1
        descriptor 0, 0xfffff, 0xb3, 12         ; 100
        descriptor 0, 0xfffff, 0xdb, 12         ; 108 ring 2
        descriptor 0, 0xfffff, 0xd3, 12         ; 110
        gate    KCODE, CODE + 0x1000, 0xec, 3   ; 118
        gate    0xf8, CODE + 0x1000, 0xec, 1    ; 120
        dq      0                               ; 128
        descriptor 0, 0xfffff, 0xfb, 14         ; 130 L and D
gdt_end:
GDT_LIMIT equ 0x1ff
gdtr_rom:
        dw      gdt_end - gdt - 1
        dd      gdt
gdtr:   dw      GDT_LIMIT
        dd      GDT, 0
idtr:   dw      VECTORS * 8 - 1
        dd      IDT, 0
idtr64: dw      VECTORS * 16 - 1
        dd      IDT64, 0
idtr16: dw      0x3ff
        dd      0

ldt:    dq      0
        descriptor 0, 0xfffff, 0xfb, 12         ; 0c
        descriptor DATA, 0x7ff, 0xf3, 4         ; 14
        descriptor DATA, 0xfff, 0x93, 0         ; 1c
        descriptor ARENA, 0xefff, 0xf7, 0       ; 24 expand-down
        descriptor CODE, 0xfff, 0xfb, 4         ; 2c
ldt_end:

; of S, by dwords: what a user sees
seen:   dd      0xffff00ef, 0x6ffff, 0
; what is compared with the copy: dw where, dw dwords; a user sees but USERS of them
USERS   equ ranges + 10 * 4
USERS_END equ ranges + 17 * 4
ranges: dw      0x0000, 0x200                   ; GDT to TSS64
        dw      0x0800, VECTORS * 2             ; IDT
        dw      0x0b00, VECTORS * 4
        dw      0x1000, 4
        dw      0x2080, 16                      ; of PT32 those of the arena
        dw      0x3000, 8
        dw      0x4000, 8
        dw      0x5100, 32
        dw      0x6000, 2
        dw      0x7000, 8
        dw      0xa000, 0x20
        dw      0xaf80, 0x40
        dw      0xbf80, 0x40
        dw      0xcf80, 0x40
        dw      0xdf80, 0x40
        dw      0xe780, 0x40
        dw      0xef80, 0x40
        dw      0xf680, 0x60
        dw      0xff80, 0x20
ranges_end:

bits 32
%macro flat 0
        mov     ax, KDATA
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     esp, HSTACK
%endmacro

start32:
        flat
        call    make_arena
        cmp     dword [MAGIC], 0x4c4f434b
        je      after_reset
        mov     dword [MAGIC], 0x4c4f434b
        mov     dword [INDEX], 0
        mov     dword [NEXT], IMAGE + 8
        mov     esi, marker
        mov     ecx, 8
        mov     dx, 0xe9
        rep outsb
        jmp     next
marker: db      'LOCKSTEP'
after_reset:
        mov     edi, DUMP
        mov     dword [edi], 0xff
        add     edi, 4
        mov     dword [S_VECTOR], 0xff
        jmp     send

%macro fill 3                   ; where in the copy, dwords, value
        mov     edi, (%1) + COPY
        mov     ecx, %2
        mov     eax, %3
        rep stosd
%endmacro

make_arena:
        cld
        fill    ARENA, 0x4000, 0
        mov     esi, gdt
        mov     edi, GDT + COPY
        mov     ecx, (gdt_end - gdt) / 4
        rep movsd
        mov     esi, ldt
        mov     edi, LDT + COPY
        mov     ecx, (ldt_end - ldt) / 4
        rep movsd
        ; gates
        xor     ecx, ecx
        mov     edi, IDT + COPY
        mov     ebx, IDT64 + COPY
        mov     esi, stubs32
        mov     edx, stubs64
.gate:  mov     eax, esi
        and     eax, 0xffff
        or      eax, KCODE << 16
        mov     [edi], eax
        mov     eax, ROM & 0xffff0000 | 0xee00
        mov     [edi + 4], eax
        mov     [ebx + 4], eax
        mov     eax, edx
        and     eax, 0xffff
        or      eax, KCODE64 << 16
        mov     [ebx], eax
        cmp     ecx, 0x20
        jae     .soft
        mov     byte [edi + 5], 0x8e
        mov     byte [ebx + 5], 0x8e
.soft:  add     edi, 8
        add     ebx, 16
        add     esi, 16
        add     edx, 16
        inc     ecx
        cmp     ecx, VECTORS
        jne     .gate
        mov     byte [IDT + COPY + 3 * 8 + 5], 0xee
        mov     byte [IDT + COPY + 4 * 8 + 5], 0xee
        mov     dword [IDT + COPY + 8 * 8], 0x70 << 16
        mov     byte [IDT + COPY + 8 * 8 + 5], 0x85
        mov     byte [IDT64 + COPY + 8 * 16 + 4], 1
        mov     byte [IDT + COPY + 0x43 * 8 + 5], 0x8e
        mov     byte [IDT + COPY + 0x44 * 8 + 5], 0xef
        mov     dword [IDT + COPY + 0x45 * 8], (ROM16 << 16) + (event_pm16 - ROM)
        mov     byte [IDT + COPY + 0x45 * 8 + 5], 0xe6
        mov     dword [IDT + COPY + 0x46 * 8], 0x60 << 16
        mov     byte [IDT + COPY + 0x46 * 8 + 5], 0xe5
        mov     byte [IDT + COPY + 0x47 * 8 + 5], 0x6e
        mov     byte [IDT64 + COPY + 0x43 * 16 + 5], 0x8e
        mov     byte [IDT64 + COPY + 0x44 * 16 + 5], 0xef
        mov     byte [IDT64 + COPY + 0x45 * 16 + 5], 0xe6
        mov     byte [IDT64 + COPY + 0x46 * 16 + 5], 0xe5
        mov     byte [IDT64 + COPY + 0x47 * 16 + 5], 0x6e
        ; TSSs
%macro task 3                   ; where, EIP, ESP
        mov     dword [%1 + COPY + 4], ARENA + 0xf800
        mov     dword [%1 + COPY + 8], KDATA
        mov     dword [%1 + COPY + 12], ARENA + 0xf700
        mov     dword [%1 + COPY + 16], 0x101
        mov     dword [%1 + COPY + 20], ARENA + 0xf780
        mov     dword [%1 + COPY + 24], 0x112
        mov     dword [%1 + COPY + 0x20], %2
        mov     dword [%1 + COPY + 0x24], 2
        mov     dword [%1 + COPY + 0x38], %3
        mov     dword [%1 + COPY + 0x48], KDATA
        mov     dword [%1 + COPY + 0x4c], KCODE
        mov     dword [%1 + COPY + 0x50], KDATA
        mov     dword [%1 + COPY + 0x54], KDATA
        mov     dword [%1 + COPY + 0x64], 0x880000
%endmacro
        task    TSS, 0, 0
        task    TSS2, CODE + 0x1000, ARENA + 0xf760
        task    TSSDF, double_fault, DFSTACK
        fill    TSS + 0x88, 9, 0xffffffff
        mov     byte [TSS + COPY + 0x88 + 0xe0 / 8], 0xf0
        mov     word [TSS16 + COPY + 2], 0xf800
        mov     word [TSS16 + COPY + 4], 0xc8
        mov     word [TSS16 + COPY + 0xe], 0x9000
        mov     word [TSS16 + COPY + 0x10], 2
        mov     word [TSS16 + COPY + 0x1a], 0xf740
        mov     word [TSS16 + COPY + 0x24], 0xa8
        mov     word [TSS16 + COPY + 0x26], 0xc8
        mov     dword [TSS64 + COPY + 4], ARENA + 0xf800
        mov     dword [TSS64 + COPY + 12], ARENA + 0xf700
        mov     dword [TSS64 + COPY + 20], ARENA + 0xf780
        mov     dword [TSS64 + COPY + 0x24], DFSTACK
        mov     word [TSS64 + COPY + 0x66], 0x68
        fill    TSS64 + 0x68, 9, 0xffffffff
        mov     byte [TSS64 + COPY + 0x68 + 0xe0 / 8], 0xf0
        ; pages: the first MiB as it is, programs' for all, accessed and dirty but for theirs
        mov     edi, PT32 + COPY
        mov     ebx, PT + COPY
        xor     ecx, ecx
.page:  mov     eax, ecx
        shl     eax, 12
        or      al, 0x63
        test    ecx, ecx
        jz      .user
        cmp     ecx, 0xf0
        jae     .user
        cmp     ecx, 0xa0
        jae     .hole                   ; what is read there differs between machines
        cmp     ecx, CODE >> 12
        jb      .put
        cmp     ecx, (ARENA >> 12) + 15
        jae     .put
        and     al, ~0x60
        jmp     .user
.hole:  xor     eax, eax
        jmp     .put
.user:  or      al, 4
.put:   mov     [edi], eax
        mov     [ebx], eax
        add     edi, 4
        add     ebx, 8
        inc     ecx
        cmp     ecx, 0x100
        jne     .page
        mov     dword [PD32 + COPY], PT32 | 0x27
        mov     dword [PD32 + COPY + 4], 0x87           ; 4 MiB: the first again
        mov     dword [PDPT + COPY], PD | 1
        mov     dword [PDPT64 + COPY], PD | 0x27
        mov     dword [PD + COPY], PT | 0x27
        mov     dword [PD + COPY + 16], 0x87            ; 2 MiB at 4 MiB
        mov     dword [PML4 + COPY], PDPT64 | 0x27
        ; where jumps should land: INT 42h
        fill    CODE, 0x800, 0x42cd42cd
        ; data and stacks: addresses of such places
        mov     edi, DATA + COPY
.data:  mov     eax, edi
        and     eax, 0x3fc
        or      eax, CODE + 0x1000
        stosd
        cmp     edi, ARENA + COPY + 0x10000
        jne     .data
        mov     esi, ARENA + COPY
        mov     edi, ARENA
        mov     ecx, 0x4000
        rep movsd
        ; elsewhere jumps end soon, too
        mov     eax, 0x42cd42cd
        mov     edi, 0x1000
        mov     ecx, (DFSTACK - 0x2000) / 4
        rep stosd
        mov     edi, ARENA + 0x10000
        mov     ecx, (0xa0000 - 0x30000) / 4
        rep stosd
        ret

; --- one program -------------------------------------------------------------------

next:   mov     eax, [INDEX]
        cmp     eax, [IMAGE]
        jae     all_done
        test    byte [IMAGE + 4], 2
        jz      .used
        call    make_arena
        xor     eax, eax
        mov     edi, VECTORS * 4
        mov     ecx, (VARS - VECTORS * 4) / 4
        rep stosd
        mov     edi, 0x100000
        mov     ecx, 0x4000
        rep stosd
.used:  mov     edi, S
        xor     eax, eax
        mov     ecx, S_DWORDS
        rep stosd
        mov     [BUSY], eax
        ; real mode's vectors
        mov     edi, 0
        mov     eax, ((ROM >> 4) << 16) + (stubs16 - ROM)
        mov     ecx, VECTORS
.vector:
        stosd
        add     eax, 8
        loop    .vector
        mov     esi, [NEXT]
        mov     edi, P
        mov     ecx, P_SIZE / 4
        rep movsd
        movzx   ecx, byte [P_POKES]
        jecxz   .poked
.poke:  lodsd                           ; dd where in the arena, dd what
        mov     ebx, eax
        lodsd
        mov     [ebx + ARENA], eax
        loop    .poke
.poked: movzx   edi, word [P_WHERE]
        add     edi, ARENA
        movzx   ecx, byte [P_CODE]
        rep movsb
        test    byte [P_FPU], 1
        jz      .no_state
        mov     edx, edi
        mov     edi, FPU_IN
        mov     ecx, FPU_SIZE / 4
        rep movsd
        mov     edi, edx
.no_state:
        mov     [NEXT], esi
        mov     eax, 0x40cd40cd
        stosd
        stosd
        stosd
        stosd
        mov     eax, 0x11
        mov     cr0, eax
        xor     eax, eax
        mov     cr2, eax
        mov     cr3, eax
        test    byte [P_FPU], 1
        jz      .fpu
        mov     eax, OS_FPU
        mov     cr4, eax
        xor     ecx, ecx
        xor     edx, edx
        mov     eax, 7
        xsetbv
        xrstor  [FPU_IN]
        mov     eax, [P_CR4]
        mov     cr4, eax
.fpu:
        mov     eax, [P_DR0]
        mov     dr0, eax
        mov     eax, [P_DR7]
        mov     dr7, eax
        lgdt    [gdtr]
        lidt    [idtr]
        ; not where in the image it is
        xor     ecx, ecx
        xor     edx, edx
        xor     ebx, ebx
        xor     ebp, ebp
        xor     esi, esi
        xor     edi, edi
        movzx   eax, byte [P_MODE]
        jmp     [.modes + eax * 4]
        align 4
.modes: dd      enter_real, enter_v86, enter_protected, enter_long

; CR4, CR3 and CR0 as the program says
%macro control 0
        mov     eax, [P_CR4]
        mov     edx, PD32
        test    al, 0x20
        jz      %%no_pae
        mov     cr4, eax
        mov     edx, PDPT
        mov     ecx, 0xc0000080
        xor     ebx, ebx
        mov     eax, 0x800
        xchg    ebx, edx
        wrmsr
        mov     edx, ebx
        mov     eax, [P_CR4]
%%no_pae:
        mov     cr4, eax
        mov     cr3, edx
        mov     [TSS2 + 0x1c], edx
        mov     [TSSDF + 0x1c], edx
        mov     ax, TSS_SEL
        ltr     ax
        lldt    [P_LDT]
        mov     eax, [P_CR0]
        or      eax, 0x11
        mov     cr0, eax
        jmp     %%on
%%on:
%endmacro

%macro registers 1              ; how memory is reached
        mov     eax, [%1 P_REGS]
        mov     ecx, [%1 P_REGS + 8]
        mov     edx, [%1 P_REGS + 16]
        mov     ebx, [%1 P_REGS + 24]
        mov     ebp, [%1 P_REGS + 40]
        mov     esi, [%1 P_REGS + 48]
        mov     edi, [%1 P_REGS + 56]
%endmacro

enter_v86:
        control
        movzx   eax, word [P_GS]
        push    eax
        movzx   eax, word [P_FS]
        push    eax
        movzx   eax, word [P_DS]
        push    eax
        movzx   eax, word [P_ES]
        push    eax
        movzx   eax, word [P_SS]
        push    eax
        push    dword [P_REGS + 32]
        push    dword [P_FLAGS]
        movzx   eax, word [P_CS]
        push    eax
        push    dword [P_IP]
        registers ds:
        iret

enter_protected:
        control
        mov     es, [P_ES]
        mov     fs, [P_FS]
        mov     gs, [P_GS]
        cmp     byte [P_CPL], 0
        je      .kernel
        movzx   eax, word [P_SS]
        push    eax
        push    dword [P_REGS + 32]
        jmp     .frame
.kernel:
        mov     eax, [P_REGS + 32]
        mov     ss, [P_SS]
        mov     esp, eax
.frame: push    dword [P_FLAGS]
        movzx   eax, word [P_CS]
        push    eax
        push    dword [P_IP]
        mov     ds, [P_DS]
        registers cs:
        iret

enter_real:
        lidt    [idtr16]
        mov     bl, [P_CR0]
        mov     ax, [P_LIMIT]
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ax, REAL16
        mov     ss, ax
        jmp     ROM16:.sixteen - ROM
bits 16
.sixteen:
        mov     eax, cr0
        and     al, ~1
        or      al, bl
        mov     cr0, eax
        jmp     ROM >> 4:.really - ROM
.really:
        xor     ax, ax
        mov     ds, ax
        mov     es, [P_ES]
        mov     fs, [P_FS]
        mov     gs, [P_GS]
        mov     ss, [P_SS]
        mov     esp, [P_REGS + 32]
        push    dword [P_FLAGS]
        push    word 0
        push    word [P_CS]
        push    dword [P_IP]
        registers ds:
        mov     ds, [P_DS]
        o32 iret
bits 32

; Pages that a user has in an arena, but not elsewhere: AL is taken from their entries, or put there
%macro hide 2                   ; and, or
        %1      byte [PT], %2
        mov     ecx, PT + 0xf0 * 8
%%more: %1      byte [ecx], %2
        add     ecx, 8
        cmp     ecx, PT + 0x100 * 8
        jb      %%more
%endmacro

enter_long:
        test    byte [P_FPU], 2
        jz      .all_pages
        hide    and, ~4
        mov     dword [PD + 16], 0
.all_pages:
        mov     eax, [P_CR4]
        or      al, 0x20
        mov     cr4, eax
        mov     eax, PML4
        mov     cr3, eax
        mov     ecx, 0xc0000080
        mov     eax, 0x901              ; NX, LME, SCE
        xor     edx, edx
        wrmsr
        mov     eax, [P_CR0]
        or      eax, 0x80000011
        mov     cr0, eax
        jmp     KCODE64:.sixty_four
; A task may have no FPU, but the harness has; RBX and RBP keep what it was.
%macro have_fpu 0
        mov     rbx, cr0
        mov     rbp, cr4
        mov     eax, ebx
        and     al, ~0xc
        mov     cr0, rax
        mov     eax, ebp
        or      eax, OS_FPU
        mov     cr4, rax
%endmacro

; The same, and XCR0 is all.
%macro begin_fpu 0
        have_fpu
        xor     ecx, ecx
        xor     edx, edx
        mov     eax, 7
        xsetbv
%endmacro
%macro end_fpu 0
        mov     cr4, rbp
        mov     cr0, rbx
%endmacro

bits 64
.sixty_four:
        mov     ax, TSS64_SEL
        ltr     ax
        lldt    [abs P_LDT]
        lidt    [abs idtr64]
        test    byte [abs P_FPU], 1
        jz      .no_fpu
        begin_fpu
        xrstor64 [abs FPU_IN]           ; all 16 registers
        end_fpu
.no_fpu:
        call    msrs64
%assign i 8
%rep 8
        xor     r%+i, r%+i
%assign i i + 1
%endrep
        mov     ds, [abs P_DS]
        mov     es, [abs P_ES]
        mov     fs, [abs P_FS]
        mov     gs, [abs P_GS]
        movzx   eax, word [abs P_SS]
        push    rax
        push    qword [abs P_REGS + 32]
        mov     eax, [abs P_FLAGS]
        push    rax
        movzx   eax, word [abs P_CS]
        push    rax
        push    qword [abs P_IP]
        ; R8 is as RAX and so on
        mov     r15, [abs P_REGS + 56]
        mov     r14, [abs P_REGS + 48]
        mov     r13, [abs P_REGS + 40]
        mov     r12, [abs P_REGS + 32]
        mov     r11, [abs P_REGS + 24]
        mov     r10, [abs P_REGS + 16]
        mov     r9, [abs P_REGS + 8]
        mov     r8, [abs P_REGS]
        mov     rax, [abs P_REGS]
        mov     rcx, [abs P_REGS + 8]
        mov     rdx, [abs P_REGS + 16]
        mov     rbx, [abs P_REGS + 24]
        mov     rbp, [abs P_REGS + 40]
        mov     rsi, [abs P_REGS + 48]
        mov     rdi, [abs P_REGS + 56]
        iretq

; MSRs as programs find them; only where they are used or may have changed
msrs64: cmp     byte [abs P_MSRS], 0
        je      .done
        mov     esi, .list
.next:  mov     ecx, [rsi]
        mov     eax, [rsi + 4]
        mov     edx, [rsi + 8]
        wrmsr
        add     esi, 12
        cmp     esi, .end
        jne     .next
.done:  ret
.list:  dd      0x174, KCODE, 0
        dd      0x175, ARENA + 0xf800, 0
        dd      0x176, CODE + 0x1000, 0
        dd      0xc0000081, 0, 0x180008
        dd      0xc0000082, CODE + 0x1000, 0
        dd      0xc0000083, CODE + 0x1000, 0
        dd      0xc0000084, 0x700, 0
        dd      0xc0000102, DATA, 0
.end:

; --- events ----------------------------------------------------------------------

bits 32
%include "vectors.inc"

        align 16
stubs32:
        entries VECTORS, event32
        align 16
stubs64:
        entries VECTORS, event64

%macro save 0
        mov     [S_REGS], eax
        mov     [S_REGS + 8], ecx
        mov     [S_REGS + 16], edx
        mov     [S_REGS + 24], ebx
        mov     [S_REGS + 40], ebp
        mov     [S_REGS + 48], esi
        mov     [S_REGS + 56], edi
%endmacro
%macro save_segments 0
        mov     [S_ES], es
        mov     [S_FS], fs
        mov     [S_GS], gs
        mov     [S_SS], ss
%endmacro

; What is not written of the area, or may be in any way, is as it was
%macro leave_fpu 1              ; XSAVE or XSAVE64
        cld
        mov     esi, FPU_IN
        mov     edi, FPU_OUT
        mov     ecx, FPU_SIZE / 4
        rep movsd
        xor     ecx, ecx
        xgetbv
        mov     [abs S_XCR0], eax
        xor     edx, edx
        mov     eax, 7
        xsetbv
        %1      [abs FPU_OUT]
        mov     esi, FPU_IN + 512
        mov     edi, FPU_OUT + 512
        mov     ecx, 16
        rep movsd
        mov     ecx, [abs P_FMASK]
        and     [abs FPU_IN + 2], cx
        and     [abs FPU_OUT + 2], cx
        test    ecx, 0x10000
        jz      %%fop
        mov     ax, [abs FPU_IN + 6]
        mov     [abs FPU_OUT + 6], ax
%%fop:  test    ecx, 0x20000
        jz      %%fip
        mov     eax, [abs FPU_IN + 8]
        mov     [abs FPU_OUT + 8], eax
        mov     eax, [abs FPU_IN + 12]
        mov     [abs FPU_OUT + 12], eax
%%fip:  test    ecx, 0x40000
        jz      %%fdp
        mov     eax, [abs FPU_IN + 16]
        mov     [abs FPU_OUT + 16], eax
        mov     eax, [abs FPU_IN + 20]
        mov     [abs FPU_OUT + 20], eax
%%fdp:
%endmacro

event32:
        push    eax                     ; PUSH DS may leave the upper half of its slot
        mov     eax, ds
        push    eax
        push    dword KDATA
        pop     ds
        cmp     dword [BUSY], 0
        jne     nested
        mov     dword [BUSY], 1
        pop     eax
        mov     [S_DS], ax
        pop     eax
        save
        pop     eax
        mov     [S_VECTOR], eax
        save_segments
        mov     [S_SP], esp
        ; a 16-bit stack?
        mov     eax, ss
        mov     ecx, eax
        and     ecx, 0xfff8
        mov     ebx, GDT
        test    al, 4
        jz      .gdt
        mov     ebx, LDT
.gdt:   mov     ebp, esp
        test    byte [ebx + ecx + 6], 0x40
        jnz     .wide
        movzx   ebp, bp
.wide:  mov     eax, [ss:ebp]
        mov     [S_ERROR], eax
        mov     eax, [ss:ebp + 4]
        mov     [S_IP], eax
        mov     eax, [ss:ebp + 8]
        mov     [S_CS], ax
        mov     edx, [P_MASK]
        and     [ss:ebp + 12], edx
        mov     ecx, [ss:ebp + 12]
        mov     [S_FLAGS], ecx
        test    ecx, 0x20000
        jnz     .outer
        test    al, 3
        jz      collect
.outer: mov     eax, [ss:ebp + 16]
        mov     [S_OLD_SP], eax
        mov     eax, [ss:ebp + 20]
        mov     [S_OLD_SS], ax
        jmp     collect
nested: inc     dword [S_NESTED]
        jmp     collect

double_fault:
        mov     dword [S_VECTOR], 8
        inc     dword [S_NESTED]
        save_segments

; In protected or compatibility mode, DS is flat: back to protected mode without pages
collect:
        mov     ax, KDATA
        mov     ss, ax
        mov     esp, HSTACK
        mov     es, ax
        cld
        mov     eax, [P_MASK]
        and     [TSS + 0x24], eax
        xor     eax, eax
        mov     dr7, eax
        mov     eax, cr0
        mov     [S_CR0], eax
        mov     eax, cr2
        mov     [S_CR2], eax
        mov     eax, cr3
        mov     [S_CR3], eax
        mov     eax, cr4
        mov     [S_CR4], eax
        mov     ebx, eax
        mov     eax, dr6
        mov     [S_DR6], eax
        sgdt    [S_GDTR]
        sidt    [S_IDTR]
        test    dword [P_CR0], 1
        jz      .real
        str     [S_TR]
        sldt    [S_LDT]
.real:  mov     eax, 0x11
        mov     cr0, eax
        test    bl, 0x20
        jz      .no_efer
        mov     ecx, 0xc0000080
        rdmsr
        mov     [S_EFER], eax
        xor     eax, eax
        wrmsr
.no_efer:
        xor     eax, eax
        mov     cr4, eax
        mov     eax, 0xffff0ff0
        mov     dr6, eax
        lgdt    [gdtr_rom]
        flat
        push    dword 2                 ; NT is left by a task gate
        popfd
        test    byte [P_FPU], 2
        jz      .not_hidden
        hide    or, 4
        cmp     byte [S_VECTOR], 14
        jne     .not_hidden
        and     byte [S_ERROR], ~1      ; that a supervisor has the page
.not_hidden:
        test    byte [P_FPU], 1
        jz      .no_fpu
        cmp     byte [P_MODE], 3
        je      .no_fpu
        mov     eax, OS_FPU
        mov     cr4, eax
        leave_fpu xsave
        xor     eax, eax
        mov     cr4, eax
.no_fpu:
        ; S, then the code, then what differs from the copy
        mov     esi, S
        mov     edi, DUMP
        mov     ecx, S_DWORDS
        rep movsd
        test    byte [P_FPU], 2
        jz      .all_seen
        mov     ecx, S_DWORDS - 1
.see:   bt      [seen], ecx
        jc      .saw
        mov     dword [DUMP + ecx * 4], 0
.saw:   dec     ecx
        jns     .see
.all_seen:
        movzx   esi, word [P_WHERE]
        movzx   ecx, byte [P_CODE]
        add     ecx, esi
        add     ecx, 19
        add     esi, ARENA
        and     esi, ~3
        and     ecx, 0x1fffc
        add     ecx, ARENA
        mov     ebx, ecx
.code:  lodsd
        stosd
        mov     eax, [esi + COPY - 4]
        mov     [esi - 4], eax
        cmp     esi, ebx
        jb      .code
        mov     edx, ranges
        mov     ebp, edi                ; where the dump goes on
.range: movzx   esi, word [edx]
        movzx   ecx, word [edx + 2]
        add     esi, ARENA
        lea     edi, [esi + COPY]
.more:  repe cmpsd
        je      .same
        mov     eax, [esi - 4]
        lea     ebx, [esi - 4]
        mov     [ebp], ebx
        mov     [ebp + 4], eax
        test    byte [P_FPU], 2
        jz      .keep
        cmp     edx, USERS
        jb      .leave
        cmp     edx, USERS_END
        jae     .leave
.keep:  add     ebp, 8
.leave: mov     eax, [edi - 4]
        mov     [ebx], eax
        test    ecx, ecx
        jnz     .more
.same:  add     edx, 4
        cmp     edx, ranges_end
        jb      .range
        test    byte [P_FPU], 1
        jz      .no_state
        mov     esi, FPU_OUT
        mov     edi, FPU_IN
        mov     ecx, FPU_SIZE / 4
.state: repe cmpsd
        je      .no_state
        mov     eax, [esi - 4]
        lea     ebx, [esi - 4]
        mov     [ebp], ebx
        mov     [ebp + 4], eax
        add     ebp, 8
        test    ecx, ecx
        jnz     .state
.no_state:
        mov     edi, ebp

; The dump ends at EDI: its hash, and all of it where it is wanted
send:   mov     esi, DUMP
        mov     edx, 0x811c9dc5
.mix:   lodsd
        xor     edx, eax
        imul    edx, edx, 0x01000193
        rol     edx, 15
        cmp     esi, edi
        jb      .mix
        mov     [HASH], edx
        test    byte [IMAGE + 4], 1
        jz      .short
        mov     ecx, edi
        sub     ecx, DUMP
        mov     eax, ecx
        shr     eax, 2
        mov     [HASH + 4], eax
        mov     esi, HASH + 4
        mov     ebx, ecx
        mov     ecx, 4
        mov     dx, 0xe9
        rep outsb
        mov     esi, DUMP
        mov     ecx, ebx
        rep outsb
.short: mov     eax, [S_VECTOR]
        shl     eax, 24
        or      eax, [INDEX]
        mov     [HASH + 4], eax
        mov     esi, HASH
        mov     ecx, 8
        mov     dx, 0xe9
        rep outsb
        inc     dword [INDEX]
        cmp     byte [S_VECTOR], 0xff
        jne     next
        ; a reset came before the next was known, so NEXT is right
        mov     dword [S_VECTOR], 0
        jmp     next

all_done:
        mov     dword [HASH], 0
        mov     dword [HASH + 4], -1
        mov     esi, HASH
        mov     ecx, 8
        mov     dx, 0xe9
        rep outsb
.stay:  cli
        hlt
        jmp     .stay

bits 64
event64:
        cmp     dword [abs BUSY], 0
        jne     .nested
        mov     dword [abs BUSY], 1
        mov     [abs S_REGS], rax
        mov     [abs S_REGS + 8], rcx
        mov     [abs S_REGS + 16], rdx
        mov     [abs S_REGS + 24], rbx
        mov     [abs S_REGS + 40], rbp
        mov     [abs S_REGS + 48], rsi
        mov     [abs S_REGS + 56], rdi
%assign i 8
%rep 8
        mov     [abs S_REGS + i * 8], r%+i
%assign i i + 1
%endrep
        pop     rax
        mov     [abs S_VECTOR], eax
        mov     [abs S_DS], ds
        mov     [abs S_ES], es
        mov     [abs S_FS], fs
        mov     [abs S_GS], gs
        mov     [abs S_SS], ss
        mov     [abs S_SP], rsp
        mov     eax, [rsp]
        mov     [abs S_ERROR], eax
        mov     rax, [rsp + 8]
        mov     [abs S_IP], rax
        mov     eax, [rsp + 16]
        mov     [abs S_CS], eax
        mov     eax, [abs P_MASK]
        and     [rsp + 24], eax
        mov     eax, [rsp + 24]
        mov     [abs S_FLAGS], eax
        mov     rax, [rsp + 32]
        mov     [abs S_OLD_SP], rax
        mov     eax, [rsp + 40]
        mov     [abs S_OLD_SS], eax
        mov     ecx, 0xc0000100
        mov     ebx, S_FSBASE
.bases: rdmsr
        mov     [rbx], eax
        mov     [rbx + 4], edx
        add     ebx, 8
        inc     ecx
        cmp     ebx, S_KGSBASE
        jb      .bases
        ja      .out
        cmp     byte [abs P_MSRS], 0
        jne     .bases
        jmp     .out
.nested:
        inc     dword [abs S_NESTED]
.out:   test    byte [abs P_FPU], 1
        jz      .no_fpu
        have_fpu
        leave_fpu xsave64
        mov     cr4, rbp
        mov     cr0, rbx
.no_fpu:
        mov     rax, cr2
        shr     rax, 32
        mov     [abs S_CR2 + 4], eax
        mov     eax, KDATA
        mov     ds, eax
        mov     ss, eax
        mov     esp, HSTACK
        push    KCODE
        push    collect
        o64 retf

bits 16
        align 8
stubs16:
%assign v 0
%rep VECTORS
        align 8
        push    word v
        jmp     strict near event_real
%assign v v + 1
%endrep

%macro event16 1                ; DS
        push    ds
        push    word %1
        pop     ds
        cmp     dword [BUSY], 0
        jne     nested_%1
        mov     dword [BUSY], 1
        save
        pop     ax
        mov     [S_DS], ax
        pop     ax
        mov     [S_VECTOR], ax
        save_segments
        mov     [S_SP], esp
        movzx   ebp, sp
        mov     ax, [bp]
        mov     [S_IP], ax
        mov     ax, [bp + 2]
        mov     [S_CS], ax
        mov     ax, [P_MASK]
        and     [bp + 4], ax
        mov     cx, [bp + 4]
        mov     [S_FLAGS], cx
nested_%1:
%endmacro

event_pm16:
        push    word 0x45
        event16 KDATA
        jmp     dword KCODE:collect

event_real:
        event16 0
        ; in virtual 8086 mode the monitor is asked, by a fault
        smsw    ax
        test    al, 1
        jz      .real
        hlt
.real:  o32 lgdt [cs:gdtr_rom - ROM]
        mov     eax, cr0
        mov     [S_OLD_SP], eax         ; which real mode has not
        or      al, 1
        mov     cr0, eax
        jmp     dword KCODE:.flat
bits 32
.flat:  mov     ax, KDATA
        mov     ds, ax
        jmp     collect

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     ROM >> 4:start - ROM
        times   0x10000 - ($ - $$) db 0
