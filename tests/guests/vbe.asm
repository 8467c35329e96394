; SPDX-License-Identifier: GPL-2.0-or-later
;
; VBE: 640x480 in 32 bits through the linear frame buffer from big real mode, then
; through 64 KiB banks; 640x480 in 16 colours by planes.  A key goes on.

%include "real16.inc"

WIDTH   equ     640
HEIGHT  equ     480
INFO    equ     0x1000

; eax: the pixel at ebx, edx
%macro pixel 0
        mov     al, bl
        shl     eax, 8
        mov     al, dl
        shl     eax, 8
        mov     al, bl
        xor     al, dl
        and     eax, 0xffffff
%endmacro

main:   call    a20_on
        ; the mode of that size and depth
        mov     ax, 0x4f00
        mov     di, INFO
        mov     dword [di], 'VBE2'
        int     0x10
        movzx   eax, ax
        tell    "info", eax
        lgs     si, [INFO + 14]
.find:  mov     cx, [gs:si]
        add     si, 2
        cmp     cx, -1
        je      .none
        mov     ax, 0x4f01
        mov     di, INFO + 0x200
        int     0x10
        cmp     word [INFO + 0x200 + 0x12], WIDTH
        jne     .find
        cmp     word [INFO + 0x200 + 0x14], HEIGHT
        jne     .find
        cmp     byte [INFO + 0x200 + 0x19], 32
        jne     .find
        mov     [mode], cx
        ; linear
        mov     bx, cx
        or      bx, 0x4000
        mov     ax, 0x4f02
        int     0x10
        movzx   eax, ax
        tell    "linear", eax
        call    unreal
        mov     edi, [INFO + 0x200 + 0x28]
        xor     edx, edx
.row:   xor     ebx, ebx
.dot:   pixel
        a32 stosd
        inc     ebx
        cmp     ebx, WIDTH
        jb      .dot
        inc     edx
        cmp     edx, HEIGHT
        jb      .row
        tell    "drawn", edx
        xor     ax, ax
        int     0x16
        ; in banks: what was drawn, upside down
        mov     bx, [mode]
        mov     ax, 0x4f02
        int     0x10
        mov     ax, 0xa000
        mov     es, ax
        mov     word [bank], 0
        xor     di, di
        mov     edx, HEIGHT - 1
        call    set_bank
.brow:  xor     ebx, ebx
.bdot:  pixel
        mov     [es:di], eax
        add     di, 4
        jnz     .same
        inc     word [bank]
        call    set_bank
.same:  inc     ebx
        cmp     ebx, WIDTH
        jb      .bdot
        dec     edx
        jns     .brow
        movzx   eax, word [bank]
        tell    "banks", eax
        xor     ax, ax
        int     0x16
        ; planes: colour (x / 8 + y) & 15, then a half is inverted by XOR
        mov     ax, 0x12
        int     0x10
        mov     ax, 0xa000
        mov     es, ax
        mov     dx, 0x3ce
        mov     ax, 0x0205              ; write mode 2
        out     dx, ax
        xor     di, di
        xor     dx, dx
.prow:  xor     bx, bx
.pdot:  mov     al, bl
        add     al, dl
        mov     ah, [es:di]             ; fills the latches
        mov     [es:di], al
        inc     di
        inc     bx
        cmp     bx, WIDTH / 8
        jb      .pdot
        inc     dx
        cmp     dx, HEIGHT
        jb      .prow
        mov     dx, 0x3ce
        mov     ax, 0x1803              ; XOR
        out     dx, ax
        mov     di, HEIGHT / 2 * WIDTH / 8
        mov     cx, HEIGHT / 2 * WIDTH / 8
.xor:   mov     ah, [es:di]
        mov     byte [es:di], 15
        inc     di
        loop    .xor
        push    0
        pop     es
        mov     eax, 12h
        tell    "planes", eax
        xor     ax, ax
        int     0x16
        mov     ax, 3
        int     0x10
        ret
.none:  tell    "none", eax
        ret

set_bank:
        pushad
        mov     dx, [bank]
        mov     ax, 0x4f05
        xor     bx, bx
        int     0x10
        popad
        ret

mode:   dw      0
bank:   dw      0
        align   512
image_end:
