; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector that says on COM1 that it runs, then counts there for as long as it does.
; A key resets the machine.
%include "sector.inc"
        sector
        mov     si, hello
        call    say
        xor     ebx, ebx
next:   inc     ebx
        mov     si, count
        call    say
        mov     edx, ebx
        call    number
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

hello:  db      'boot sector runs', 13, 10, 0
count:  db      'count ', 0

%include "serial.inc"
        disk
