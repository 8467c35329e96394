; SPDX-License-Identifier: GPL-2.0-or-later
;
; Port 92h switches the A20 gate: data and code under two addresses, or one.

%include "real16.inc"

TOGGLES equ     1000
ROUNDS  equ     20000

main:   ; 0x500 and 0x100500 are one byte or two
        mov     ax, 0xffff
        mov     fs, ax
        mov     cx, TOGGLES
.a20:   in      al, 0x92
        and     al, ~3
        out     0x92, al
        mov     [0x500], cx
        not     cx
        mov     [fs:0x510], cx
        not     cx
        cmp     [0x500], cx
        je      .two
        inc     dword [aliased]
.two:   in      al, 0x92
        or      al, 2
        and     al, ~1
        out     0x92, al
        mov     [0x500], cx
        not     cx
        mov     [fs:0x510], cx
        not     cx
        cmp     [0x500], cx
        jne     .one
        inc     dword [apart]
.one:   loop    .a20
        tell    "aliased", [aliased]
        tell    "apart", [apart]
        ; the code's bytes have another address, too: ffff:(x + 10h) without A20
        mov     dword [sum], 0
        in      al, 0x92
        and     al, ~3
        out     0x92, al
        mov     ax, 0xffff
        mov     fs, ax
        xor     bp, bp
.alias: mov     [fs:.aliased + 0x10 + 1], bp
.aliased:
        mov     ax, 0
        movzx   eax, ax
        add     [sum], eax
        inc     bp
        cmp     bp, ROUNDS
        jb      .alias
        call    a20_on
        tell    "alias", [sum]
        ret

        align   4
sum:    dd      0
aliased: dd     0
apart:  dd      0
        align   512
image_end:
