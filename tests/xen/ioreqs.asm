; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector that says how many TSC ticks 1000 reads of a port of the device model take,
; again and again.
bits 16
org 0x7c00
ROUND   equ 1000
        cli
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, 0x7c00
        cld
        mov     si, hello
        call    say
next:   rdtsc
        mov     ebx, eax
        mov     cx, ROUND
        mov     dx, 0x3fb               ; the serial port's line control
.read:  in      al, dx
        loop    .read
        rdtsc
        sub     eax, ebx
        mov     ebx, eax
        mov     si, ticks
        call    say
        mov     edx, ebx
        mov     cx, 8
.digit: rol     edx, 4
        mov     al, dl
        and     al, 15
        add     al, '0'
        cmp     al, '9'
        jbe     .put
        add     al, 'a' - '9' - 1
.put:   call    put
        loop    .digit
        mov     si, newline
        call    say
        jmp     next

say:    lodsb
        or      al, al
        jz      .end
        call    put
        jmp     say
.end:   ret

put:    push    edx
        mov     dx, 0x3f8
        out     dx, al
        pop     edx
        ret

hello:  db      'boot sector runs', 13, 10, 0
ticks:  db      'ticks ', 0
newline: db     13, 10, 0

        times   510 - ($ - $$) db 0
        dw      0xaa55
        times   1474560 - ($ - $$) db 0
