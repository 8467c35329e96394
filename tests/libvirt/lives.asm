; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector that lives on: it counts in memory, reads the RTC in bursts, says once on
; COM1 that it runs, and switches off when the power button is pressed.
bits 16
org 0x7c00

BOOTS   equ     0x1000                  ; survives a reset
COUNT   equ     0x1004                  ; starts anew
MARK    equ     0x1008
PM1_STS equ     0x600
PM1_EN  equ     0x602
PM1_CNT equ     0x604
BUTTON  equ     1 << 8
OFF     equ     1 << 13                 ; SLP_EN, and S5 is type 0

        cli
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, 0x7c00
        cld
        cmp     dword [MARK], 'LIVE'
        je      .again
        mov     dword [BOOTS], 0
.again: mov     dword [MARK], 'LIVE'
        inc     dword [BOOTS]
        mov     dword [COUNT], 0
        mov     dx, PM1_EN
        mov     ax, BUTTON
        out     dx, ax
        mov     si, hello
        call    say
next:   inc     dword [COUNT]
        ; a burst
        mov     cx, 64
.read:  mov     al, 0x0a
        out     0x70, al
        in      al, 0x71
        loop    .read
        ; ... and some time without an exit
        mov     ecx, 20000
.wait:  dec     ecx
        jnz     .wait
        mov     dx, PM1_STS
        in      ax, dx
        test    ax, BUTTON
        jz      next
        out     dx, ax
        mov     dx, PM1_CNT
        mov     ax, OFF
        out     dx, ax
        jmp     next

hello:  db      'boot sector runs', 13, 10, 0

%include "serial.inc"
        disk
