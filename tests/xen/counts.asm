; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector that says on COM1 that it runs, then counts there for as long as it does.
; A key resets the machine.
bits 16
org 0x7c00
        cli
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, 0x7c00
        cld
        mov     si, hello
        call    say
        xor     ebx, ebx
next:   inc     ebx
        mov     si, count
        call    say
        mov     edx, ebx
        mov     cx, 8
digit:  rol     edx, 4
        mov     al, dl
        and     al, 15
        add     al, '0'
        cmp     al, '9'
        jbe     .put
        add     al, 'a' - '9' - 1
.put:   call    put
        loop    digit
        mov     si, newline
        call    say
        in      al, 0x64
        test    al, 1
        jz      .idle
        in      al, 0x60
        mov     al, 0xfe                ; pulse the reset line
        out     0x64, al
.idle:  ; some time, without an exit
        mov     ecx, 20000000
.wait:  dec     ecx
        jnz     .wait
        jmp     next

say:    lodsb
        or      al, al
        jz      .end
        call    put
        jmp     say
.end:   ret

put:    push    edx
        push    ax
        mov     dx, 0x3fd
.busy:  in      al, dx
        test    al, 0x20
        jz      .busy
        pop     ax
        mov     dx, 0x3f8
        out     dx, al
        pop     edx
        ret

hello:  db      'boot sector runs', 13, 10, 0
count:  db      'count ', 0
newline: db     13, 10, 0

        times   510 - ($ - $$) db 0
        dw      0xaa55
        times   1474560 - ($ - $$) db 0
