; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector that runs one of the 64 KiB images that elsewhere are a machine's firmware:
; it follows on the disk.  What they find in memory from CHAIN on is in the sector after it.
; If the dword at CHAIN + 8 is 2, a second CPU is there, and sleeps.  If the one at CHAIN + 12 is
; not 0, it is how many ticks of the BIOS it waits, after a word to the debug console.
bits 16
org 0x7c00
CHAIN   equ 0x8100
SLEEP   equ 0x7000
COMMAND equ 0x8000
DEBUGCON equ 0x505
        cli
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 0x7c00
        cld
        sti
        ; 32 sectors at a time, to 10000h on; then what the host says, two sectors
        mov     cx, 4
.read:  push    cx
        mov     si, packet
        mov     ah, 0x42
        mov     dl, 0x80
        int     0x13
        jc      failed
        add     dword [packet.lba], 32
        add     word [packet.segment], 0x400
        pop     cx
        loop    .read
        mov     word [packet.count], 2
        mov     si, packet
        mov     ah, 0x42
        mov     dl, 0x80
        int     0x13
        jc      failed
        mov     ax, 0x2000
        mov     fs, ax
        mov     cx, [fs:12]
        jcxz    .ready
        mov     dx, DEBUGCON
        mov     al, 'b'
        out     dx, al
.tick:  mov     ax, [0x46c]
.same:  hlt
        cmp     ax, [0x46c]
        je      .same
        loop    .tick
.ready: cli
        ; the host's part: 24 bytes of the first command to COMMAND as well
        mov     ax, 0x2000
        mov     ds, ax
        xor     si, si
        mov     di, CHAIN
        mov     cx, 1024
        rep     movsb
        mov     si, 0x10
        mov     di, COMMAND
        mov     cx, 24
        rep     movsb
        ; the image to F0000h: the BIOS is gone then
        mov     ax, 0x1000
        mov     ds, ax
        mov     ax, 0xf000
        mov     es, ax
        xor     si, si
        xor     di, di
        mov     cx, 0x4000
        rep     movsd
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     di, 0x8f00
        mov     cx, 0x100
        rep     stosb
        cmp     dword [CHAIN + 8], 2
        jne     .go
        ; what it does: STI, HLT, JMP
        mov     dword [SLEEP], 0xfcebf4fb
        ; flat, for the local APIC
        lgdt    [gdtr]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        mov     bx, 8
        mov     ds, bx
        and     al, 0xfe
        mov     cr0, eax
        mov     ebx, 0xfee00300
        mov     dword [ebx], 0x000c4500         ; INIT, to all others
        mov     cx, 0xffff
.wait:  in      al, 0x61
        loop    .wait
        mov     dword [ebx], 0x000c4600 | SLEEP >> 12
        mov     cx, 0xffff
.wait2: in      al, 0x61
        loop    .wait2
        mov     ds, cx
.go:
        mov     al, 0xff                ; the host's trace begins here
        out     0xf0, al
        jmp     0xf000:0xfff0

failed: mov     si, broken
        call    say
        hlt
        jmp     failed

broken: db      'the disk cannot be read', 13, 10, 0
        align   4
packet: db      16, 0
.count: dw      32
        dw      0
.segment: dw    0x1000
.lba:   dq      1

gdt:    dq      0, 0x00cf92000000ffff
gdtr:   dw      gdtr - gdt - 1
        dd      gdt

%include "serial.inc"
        times   510 - ($ - $$) db 0
        dw      0xaa55
