; SPDX-License-Identifier: GPL-2.0-or-later
;
; INT 15h/87h moves memory, INT 13h reads the disk in both ways.

%include "real16.inc"

MOVES   equ     64
READS   equ     256             ; sectors of the image's tail, from LBA 64

main:   ; 32 KiB of numbers at 0x10000, moved up and down
        mov     ax, 0x1000
        mov     es, ax
        xor     di, di
        mov     cx, 0x2000
        mov     eax, 7
.fill:  imul    eax, 1664525
        add     eax, 1013904223
        stosd
        loop    .fill
        mov     dword [moves], MOVES
.move:  mov     byte [mdt_src + 4], 1           ; 0x10000
        mov     byte [mdt_dst + 4], 0x50        ; 0x500000
        call    move
        mov     byte [mdt_src + 4], 0x50
        mov     byte [mdt_dst + 4], 2           ; 0x20000
        call    move
        mov     ax, 0x2000
        mov     gs, ax
        xor     si, si
        mov     cx, 0x2000
.sum:   gs lodsd
        add     [sum], eax
        loop    .sum
        ; the next round moves other bytes
        mov     ax, 0x1000
        mov     gs, ax
        inc     dword [gs:0]
        dec     dword [moves]
        jnz     .move
        tell    "moved", [sum]
        tell    "refused", [refused]

        ; LBA, one sector each
        mov     dword [moves], READS
        mov     dword [sum], 0
.lba:   mov     eax, 64 + READS
        sub     eax, [moves]
        mov     [dap + 8], eax
        mov     si, dap
        mov     dl, [drive]
        mov     ah, 0x42
        int     0x13
        call    add_sector
        dec     dword [moves]
        jnz     .lba
        tell    "lba", [sum]
        ; CHS, the geometry being the BIOS's
        push    es
        mov     dl, [drive]
        mov     ah, 8
        xor     di, di
        int     0x13
        pop     es
        and     cx, 63
        mov     [spt], cx
        movzx   dx, dh
        inc     dx
        mov     [heads], dx
        mov     dword [moves], READS
        mov     dword [sum], 0
.chs:   mov     ax, 64 + READS
        sub     ax, [moves]
        xor     dx, dx
        div     word [spt]
        mov     cl, dl
        inc     cl
        xor     dx, dx
        div     word [heads]
        mov     dh, dl
        mov     ch, al
        mov     dl, [drive]
        mov     bx, 0x1000
        mov     es, bx
        xor     bx, bx
        mov     ax, 0x0201
        int     0x13
        call    add_sector
        dec     dword [moves]
        jnz     .chs
        tell    "chs", [sum]

        ret

add_sector:
        jc      .bad
        mov     ax, 0x1000
        mov     gs, ax
        xor     si, si
        mov     cx, 128
.next:  gs lodsd
        add     [sum], eax
        rol     dword [sum], 1
        loop    .next
        ret
.bad:   inc     dword [refused]
        ret

move:   push    0
        pop     es
        mov     si, mdt
        mov     cx, 0x4000
        mov     ah, 0x87
        int     0x15
        jnc     .ok
        inc     dword [refused]
.ok:    ret

        align   4
moves:  dd      0
sum:    dd      0
refused: dd     0
spt:    dw      0
heads:  dw      0
dap:    db      16, 0
        dw      1, 0, 0x1000
        dq      0
mdt:    dq      0, 0
mdt_src: dq     0x0000930000007fff
mdt_dst: dq     0x0000930000007fff
        dq      0, 0
        align   512
image_end:
