; SPDX-License-Identifier: GPL-2.0-or-later
;
; Single instructions in big real mode, which a VT without unrestricted guest leaves
; to KVM's emulator.  All else is done in protected mode, which every VT has.
;
; A 64 KiB firmware image like boot64.inc's: COMMAND names a snippet, or ALL.  Each
; snippet leaves registers, x87, SSE and its operand at DUMP + number * SLOT.

COMMAND  equ 0x8000
STATUS   equ 0x8f00
DUMP     equ 0x9000
SLOT     equ 512
ALL      equ 0xffffffff
DONE     equ 0x600d600d
OPERAND  equ 0x200000           ; far above 64 KiB
STACK    equ 0x7000
REGS     equ 0x7000             ; 8 registers, flags, vector
NUMBER   equ 0x7040
FPU      equ 0x7080

CODE16   equ 0x08
FLAT     equ 0x10
DATA16   equ 0x18

ARITH    equ 0x8d5              ; O S Z A P C
NOFLAGS  equ 0

org 0
bits 16

%assign snippets 0

; name, and the flags that it defines
%macro snip 2
snippet_ %+ snippets:
flags_ %+ snippets equ %2
%assign snippets snippets + 1
%endmacro

%macro endsnip 0
        jmp     after
%endmacro

start:
        cli
        xor     ax, ax
        mov     ss, ax
        mov     sp, STACK
        o32 lgdt [cs:gdtr]
        call    protected
        ; each vector says its number
        xor     edi, edi
        mov     eax, 0xf0000000 + stubs
.ivt:   mov     [edi], eax
        add     eax, 4
        add     edi, 4
        cmp     edi, 16 * 4
        jb      .ivt
        mov     eax, cr4
        or      ax, 0x600               ; OSFXSR OSXMMEXCPT
        mov     cr4, eax
        mov     eax, cr0
        and     al, ~0x0c               ; no EM, no TS
        or      al, 0x22                ; NE MP
        mov     cr0, eax
        mov     eax, [dword COMMAND]
        cmp     eax, ALL
        jne     .one
        xor     eax, eax
.one:   mov     [dword NUMBER], eax

; In protected mode: the same state for each, then big real mode.
before:
        mov     edi, OPERAND
        mov     ecx, 64
        mov     eax, 0x3f801234
.fill:  mov     [edi + ecx * 4 - 4], eax
        imul    eax, eax, 0x10dcd
        and     eax, 0x7fffffff
        add     eax, 12345
        dec     ecx
        jnz     .fill
        ; two values in the x87, TOP 0: EMMS sets it to that, in a CPU but not in TCG
        fninit
%rep 6
        fldz
%endrep
        fld1
        fldpi
%assign i 2
%rep 6
        ffree   st %+ i
%assign i i + 1
%endrep
        mov     dword [edi + 256], 0x1f80
        ldmxcsr [edi + 256]
%assign i 0
%rep 8
        movdqu  xmm %+ i, [edi + i * 16]
%assign i i + 1
%endrep
        mov     dword [dword REGS + 36], 0xffffffff
        mov     eax, cr0
        and     al, ~1
        mov     cr0, eax
        jmp     0xf000:.real
.real:  xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, STACK
        mov     bx, [NUMBER]
        shl     bx, 2
        push    word [cs:table + bx]
        mov     eax, 0x1234569b
        mov     ecx, 7
        mov     edx, 0x89abcdef
        mov     ebx, 0x55667788
        mov     ebp, 0x99
        mov     esi, 0x13572468
        mov     edi, OPERAND
        cmp     al, al
        ret

; An exception, in big real mode still.
stubs:
%assign i 0
%rep 16
        push    byte i
        jmp     short exception
%assign i i + 1
%endrep
exception:
        pop     word [REGS + 36]
        mov     word [REGS + 38], 0
        mov     sp, STACK

after:  mov     [REGS], eax
        mov     [REGS + 4], ecx
        mov     [REGS + 8], edx
        mov     [REGS + 12], ebx
        mov     [REGS + 16], esp
        mov     [REGS + 20], ebp
        mov     [REGS + 24], esi
        mov     [REGS + 28], edi
        pushfd
        pop     dword [REGS + 32]
        call    protected
        ; where its results go
        mov     ebx, [dword NUMBER]
        mov     edi, ebx
        shl     edi, 9
        add     edi, DUMP
        movzx   eax, word [cs:table + ebx * 4 + 2]
        and     [dword REGS + 32], eax
        o32 fnsave [dword FPU]
        mov     word [dword FPU + 2], 0
        mov     word [dword FPU + 6], 0
        mov     word [dword FPU + 10], 0
        mov     ebx, REGS
        mov     ecx, 40
        call    copy
        mov     ebx, FPU
        mov     ecx, 12
        call    copy
        mov     ebx, FPU + 28           ; not where it was last
        mov     ecx, 80
        call    copy
%assign i 0
%rep 8
        movdqu  [edi + i * 16], xmm %+ i
%assign i i + 1
%endrep
        stmxcsr [edi + 128]
        add     edi, 132
        mov     ebx, OPERAND
        mov     ecx, 128
        call    copy
        cmp     dword [dword COMMAND], ALL
        jne     .end
        inc     dword [dword NUMBER]
        cmp     dword [dword NUMBER], (table_end - table) / 4
        jb      before
.end:   mov     dword [dword STATUS], DONE
.halt:  hlt
        jmp     .halt

copy:   mov     eax, [ebx]
        mov     [edi], eax
        add     ebx, 4
        add     edi, 4
        sub     ecx, 4
        jnz     copy
        ret

; To 16-bit protected mode with flat data; returns there.
protected:
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     CODE16:.in
.in:    mov     ax, FLAT
        mov     ds, ax
        mov     es, ax
        mov     ax, DATA16
        mov     ss, ax
        ret

        align   8
gdt:    dq      0
        dq      0x00009b0f0000ffff
        dq      0x00cf93000000ffff
        dq      0x000093000000ffff
gdtr:   dw      $ - gdt - 1
        dd      0xf0000 + gdt

; x87
snip fnop, ARITH
        fnop
        endsnip
snip fwait, ARITH
        fwait
        endsnip
snip fldz, ARITH
        fldz
        endsnip
snip fld, ARITH
        fld     dword [edi]
        endsnip
snip fstp, ARITH
        fstp    qword [edi]
        endsnip
snip fild, ARITH
        fild    dword [edi + 4]
        endsnip
snip fmul, ARITH
        fmul    dword [edi + 8]
        endsnip
snip fldcw, ARITH
        mov     word [edi], 0x0f7f
        fldcw   [edi]
        endsnip
snip fnstcw, ARITH
        fnstcw  [edi]
        endsnip
snip fnstsw, ARITH
        fnstsw  [edi]
        endsnip
snip fnsave, ARITH
        fnsave  [edi]
        mov     dword [edi + 6], 0      ; where the last instruction was
        mov     dword [edi + 10], 0
        endsnip
snip emms, ARITH
        emms
        endsnip
; SSE
snip movd, ARITH
        movd    xmm0, dword [edi + 4]
        endsnip
snip movd_reg, ARITH
        movd    eax, xmm1
        endsnip
snip movq_store, ARITH
        movq    [edi + 8], xmm2
        endsnip
snip movss, ARITH
        movss   xmm3, [edi + 12]
        endsnip
snip movdqa, ARITH
        movdqa  xmm3, [edi + 16]
        endsnip
snip pxor, ARITH
        pxor    xmm4, xmm5
        endsnip
snip xorps, ARITH
        xorps   xmm4, [edi + 32]
        endsnip
snip addss, ARITH
        addss   xmm6, xmm6
        endsnip
snip pshufd, ARITH
        pshufd  xmm1, [edi + 48], 0x1b
        endsnip
snip movntdqa, ARITH
        movntdqa xmm2, [edi + 64]
        endsnip
snip ldmxcsr, ARITH
        mov     dword [edi], 0x7f80
        ldmxcsr [edi]
        endsnip
snip stmxcsr, ARITH
        stmxcsr [edi]
        endsnip
; what only old programs have
snip daa, 0xd5
        daa
        endsnip
snip das, 0xd5
        das
        endsnip
snip aaa, 0x11
        aaa
        endsnip
snip aas, 0x11
        aas
        endsnip
snip enter, ARITH
        mov     bp, STACK
        enter   8, 1
        mov     ax, [bp]
        mov     cx, [bp - 2]
        endsnip
snip bound, ARITH
        mov     dword [edi], 0x7fff8000
        bound   ax, [edi]
        endsnip
snip bound_fault, NOFLAGS
        mov     dword [edi], 0x00020001
        bound   ax, [edi]
        endsnip
; what newer ones have, if the CPU has it
snip popcnt, ARITH
        popcnt  eax, [edi]
        endsnip
snip crc32, ARITH
        crc32   eax, dword [edi]
        endsnip
snip mfence, ARITH
        mfence
        endsnip
snip lfence, ARITH
        lfence
        endsnip
snip endbr32, ARITH
        db      0xf3, 0x0f, 0x1e, 0xfb
        endsnip
; what is no instruction here
snip xgetbv, NOFLAGS
        xor     ecx, ecx
        xgetbv
        endsnip
snip vex, NOFLAGS
        db      0xc5, 0xf9, 0xef, 0xc0
        endsnip
snip arpl, NOFLAGS
        arpl    ax, cx
        endsnip
snip lar, NOFLAGS
        lar     eax, ecx
        endsnip
snip ud2, NOFLAGS
        ud2
        endsnip

        align   4
table:
%assign i 0
%rep snippets
        dw      snippet_ %+ i, flags_ %+ i
%assign i i + 1
%endrep
table_end:

        times   0xfff0 - ($ - $$) db 0xf4
        jmp     0xf000:start
        times   0x10000 - ($ - $$) db 0
