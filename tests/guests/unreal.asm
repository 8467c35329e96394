; SPDX-License-Identifier: GPL-2.0-or-later
;
; Copy loops over 4 GiB segments in real mode.

%include "real16.inc"

A       equ     0x200000
B       equ     0x400000
SIZE    equ     0x100000
ROUNDS  equ     8

main:   call    a20_on
        mov     dword [rounds], ROUNDS
.round: call    unreal
        ; a stream of numbers, stored by string instructions
        mov     edi, A
        mov     ecx, SIZE / 4
        mov     eax, [seed]
.fill:  imul    eax, 1664525
        add     eax, 1013904223
        a32 stosd
        dec     ecx
        jnz     .fill
        mov     [seed], eax
        ; copied at once
        mov     esi, A
        mov     edi, B
        mov     ecx, SIZE / 4
        a32 rep movsd
        ; and backwards, over itself, by words
        std
        mov     esi, B + SIZE - 2
        mov     edi, B + SIZE + 0x1000 - 2
        mov     ecx, SIZE / 2
        a32 rep movsw
        cld
        ; compared with the original, bytes through other registers and scales
        mov     ecx, SIZE - 1
        mov     ebx, A
        mov     edx, B + 0x1000
.cmp:   mov     al, [ebx + ecx]
        cmp     al, [edx + ecx * 1]
        je      .same
        inc     dword [wrong]
.same:  dec     ecx
        jns     .cmp
        mov     ecx, SIZE / 4 - 1
        mov     esi, B + 0x1000
.sum:   mov     eax, [esi + ecx * 4]
        add     [sum], eax
        dec     ecx
        jns     .sum
        dec     dword [rounds]
        jnz     .round
        tell    "sum", [sum]
        tell    "wrong", [wrong]
        tell    "seed", [seed]
        ret

        align   4
rounds: dd      0
seed:   dd      1
sum:    dd      0
wrong:  dd      0
        align   512
image_end:
