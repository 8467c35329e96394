; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector that shows a picture in 256 colours, another in planes after a key, and
; text after one more.  COM1 says when each is there.
%include "sector.inc"
        sector
        sti
        mov     ax, 0x13
        int     0x10
        push    0xa000
        pop     es
        ; each line a colour more than the one above
        xor     di, di
        xor     ax, ax
.line:  mov     cx, 320 / 2
        rep     stosw
        add     ax, 0x0101
        cmp     di, 320 * 200
        jb      .line
        mov     si, colours
        call    shown
        mov     ax, 0x12
        int     0x10
        ; stripes of eight lines, in a plane each
        xor     di, di
        mov     bx, 0x0102
.stripe:
        mov     dx, 0x3c4
        mov     al, 2
        mov     ah, bh
        out     dx, ax
        mov     al, 0x55
        mov     cx, 80 * 8
        rep     stosb
        rol     bh, 1
        and     bh, 15
        jnz     .more
        mov     bh, 1
.more:  cmp     di, 80 * 240
        jb      .stripe
        mov     si, planes
        call    shown
        mov     ax, 3
        int     0x10
        ; no cursor, which blinks
        mov     ah, 1
        mov     cx, 0x2000
        int     0x10
        mov     si, hello
.text:  lodsb
        or      al, al
        jz      .end
        mov     ah, 0x0e
        mov     bx, 7
        int     0x10
        jmp     .text
.end:   mov     si, hello
        call    say
.rest:  hlt
        jmp     .rest

; Says that there is a picture, and waits for a key.
shown:  call    say
        xor     ah, ah
        int     0x16
        ret

colours: db     '256 colours', 13, 10, 0
planes:  db     'planes', 13, 10, 0
hello:   db     'text', 13, 10, 0

%include "serial.inc"
        disk
