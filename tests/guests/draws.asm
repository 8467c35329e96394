; SPDX-License-Identifier: GPL-2.0-or-later
;
; Reads and writes planar VGA for ever, and counts the rounds at 0x500.
bits 16
org     0
start:  cli
        xor     ax, ax
        mov     ds, ax
        mov     ax, 0xa000
        mov     es, ax
        mov     dx, 0x3ce
        mov     ax, 0x0506              ; graphics, 64 KiB at A0000
        out     dx, ax
again:  xor     di, di
        mov     cx, 4096
.next:  mov     al, [es:di]
        mov     [es:di], al
        inc     di
        loop    .next
        inc     dword [0x500]
        jmp     again

        times   0xfff0 - ($ - $$) db 0
        jmp     0xf000:start
        times   0x10000 - ($ - $$) db 0
