; SPDX-License-Identifier: GPL-2.0-or-later
;
; As DOS extenders do: from real mode to protected mode and back, thousands of
; times, with a BIOS call, 16-bit and paged protected mode on some of the ways.

%include "real16.inc"

ROUNDS  equ     10000
HIGH_   equ     0x300000
PD      equ     0x40000
PT      equ     0x41000

main:   call    a20_on
        ; 4 MiB mapped to themselves
        mov     ax, PD >> 4
        mov     es, ax
        xor     di, di
        mov     eax, PT | 3
        stosd
        mov     di, PT - PD
        mov     eax, 3
        mov     cx, 1024
.pt:    stosd
        add     eax, 0x1000
        loop    .pt
        push    0
        pop     es
        mov     ebp, ROUNDS
.round: call    to_protected
        test    bp, 15
        jnz     .next
        ; the BIOS between: ticks and the cursor
        mov     ah, 0
        int     0x1a
        mov     ah, 3
        xor     bh, bh
        int     0x10
        inc     dword [bios]
.next:  dec     ebp
        jnz     .round
        tell    "rounds", [count]
        tell    "bios", [bios]
        tell    "paged", [paged]
        tell    "sixteen", [sixteen]
        call    unreal
        mov     ebx, HIGH_
        tell    "high", [ebx]
        tell    "sum", [ebx + 4]
        ret

to_protected:
        cli
        lgdt    [gdtr]
        mov     [saved_sp], sp
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword CODE32:.flat
bits 32
.flat:  mov     ax, FLAT
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     esp, 0x7b000
        inc     dword [count]
        mov     ebx, HIGH_
        inc     dword [ebx]
        mov     eax, [ebx]
        imul    eax, ebp
        add     [ebx + 4], eax
        test    ebp, 7
        jnz     .no_paging
        mov     eax, PD
        mov     cr3, eax
        mov     eax, cr0
        or      eax, 0x80000000
        mov     cr0, eax
        jmp     .paging
.paging:
        inc     dword [paged]
        mov     eax, cr0
        and     eax, 0x7fffffff
        mov     cr0, eax
.no_paging:
        ; 16-bit protected mode is on every way back
        jmp     CODE16:.sixteen
bits 16
.sixteen:
        mov     ax, DATA16
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        inc     dword [sixteen]
        mov     eax, cr0
        and     al, ~1
        mov     cr0, eax
        jmp     0:.real
.real:  xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        movzx   esp, word [saved_sp]
        sti
        ret

        align   4
count:  dd      0
bios:   dd      0
paged:  dd      0
sixteen: dd     0
saved_sp: dw    0
        align   512
image_end:
