; SPDX-License-Identifier: GPL-2.0-or-later
;
; Timer interrupts through the IVT while big real mode copies high memory.

%include "real16.inc"

TICKS   equ     300
A       equ     0x200000
B       equ     0x300000
SIZE    equ     0x10000

main:   call    a20_on
        cli
        mov     eax, [8 * 4]
        mov     [old], eax
        mov     dword [8 * 4], tick
        mov     al, 0x34
        out     0x43, al
        mov     ax, 1193182 / 500
        out     0x40, al
        mov     al, ah
        out     0x40, al
        call    unreal
        sti
        ; until enough ticks have come: fill, copy, check
.round: inc     dword [rounds]
        mov     edi, A
        mov     ecx, SIZE / 4
        mov     eax, [rounds]
.fill:  a32 stosd
        add     eax, 0x01010101
        dec     ecx
        jnz     .fill
        mov     esi, A
        mov     edi, B
        mov     ecx, SIZE / 4
        a32 rep movsd
        mov     ecx, SIZE / 4
        mov     eax, [rounds]
        mov     ebx, B
.check: cmp     [ebx], eax
        je      .good
        inc     dword [wrong]
.good:  add     eax, 0x01010101
        add     ebx, 4
        dec     ecx
        jnz     .check
        cmp     dword [ticks], TICKS
        jb      .round
        ; and in HLT
        mov     dword [ticks], 0
.halt:  hlt
        cmp     dword [ticks], TICKS / 10
        jb      .halt
        cli
        mov     eax, [old]
        mov     [8 * 4], eax
        sti
        tell    "wrong", [wrong]
        tell    "halted", [ticks]
        ; segment limits have survived the interrupts
        mov     ebx, B
        mov     eax, [rounds]
        xor     eax, [ebx]
        mov     [wrong], eax
        tell    "last", [wrong]
        ret

; As handlers of the time do, it uses segments of its own.
tick:   push    ax
        push    ds
        push    0
        pop     ds
        inc     dword [ticks]
        mov     al, 0x20
        out     0x20, al
        pop     ds
        pop     ax
        iret

        align   4
old:    dd      0
ticks:  dd      0
rounds: dd      0
wrong:  dd      0
        align   512
image_end:
