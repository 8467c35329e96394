; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector that says how many TSC ticks 1000 reads of a port of the device model take,
; again and again.
%include "sector.inc"
ROUND   equ     1000
        sector
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
        call    number
        jmp     next

ticks:  db      'ticks ', 0

%include "serial.inc"
        disk
