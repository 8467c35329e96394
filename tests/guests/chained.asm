; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector that says, on the screen and the serial port, who started it how:
; for boot loaders that hand over to a sector.

org 0x7c00
bits 16
        jmp     0:start
start:
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, 0x7c00
        cld
        mov     [drive], dl
        mov     ax, 3
        int     0x10
        mov     si, text
        call    print
        mov     al, [drive]
        call    hex
        mov     si, text_msw
        call    print
        smsw    ax
        call    hex
        mov     si, text_end
        call    print
        ; a key is echoed: interrupts and the BIOS still work
.keys:  xor     ax, ax
        int     0x16
        call    putc
        jmp     .keys

print:  lodsb
        or      al, al
        jz      .end
        call    putc
        jmp     print
.end:   ret

hex:    push    ax
        shr     al, 4
        call    .digit
        pop     ax
.digit: and     al, 15
        add     al, '0'
        cmp     al, '9'
        jbe     putc
        add     al, 'a' - '0' - 10
putc:   pusha
        mov     ah, 0xe
        mov     bx, 7
        int     0x10
        popa
        push    dx
        mov     dx, 0x3f8
        out     dx, al
        pop     dx
        ret

text:   db      "chained: drive ", 0
text_msw:
        db      ", MSW ", 0
text_end:
        db      13, 10, "keys: ", 0
drive:  db      0
        times   510 - ($ - $$) db 0
        dw      0xaa55
