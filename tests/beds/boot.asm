; SPDX-License-Identifier: GPL-2.0-or-later
;
; Boot sector of a bed in Bochs.  The kernel's real-mode part is in memory since
; power-on (bochs.py puts it there), so all there is to do is to enter it.

bits 16
org 0x7c00

        cli
        mov ax, 0x9000
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov sp, 0xe000
        ; Taken once only: the machine does not reboot, it ends.
        xor bx, bx
        xchg bx, [0x1fe]
        cmp bx, 0xaa55
        jne shutdown
        jmp 0x9020:0

shutdown:
%include "end.inc"

        times 510 - ($ - $$) db 0
        dw 0xaa55
