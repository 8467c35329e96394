; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector in big real mode that writes VGA's palette and reads it back, of which each access
; counts.  A third of them is made with CR0.PE set and SS as in real mode, where Xen emulates if
; Intel's VT has no real mode.  It says how often that was right, or 'wrong'.
%include "sector.inc"
SIZE    equ 768
STEP    equ 7
        sector
        mov     word [0x60 * 4], handler
        mov     [0x60 * 4 + 2], ds
        ; a selector with bits that no kernel's has
        mov     ax, 0x13
        mov     ss, ax
        mov     sp, 0x7c00 - 0x130
        mov     si, hello
        call    say
        lgdt    [gdtr]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        mov     bx, 8
        mov     es, bx
        and     al, 0xfe
        mov     cr0, eax
        xor     ebp, ebp

round:  mov     dx, 0x3c8
        xor     ax, ax
        out     dx, al
        inc     dx
        mov     cx, SIZE
.write: mov     al, ah
        and     al, 63
        out     dx, al
        add     ah, STEP
        loop    .write
        mov     dx, 0x3c7
        xor     ax, ax
        out     dx, al
        mov     dx, 0x3c9
        xor     bx, bx
        mov     cx, SIZE / 3
.read:  mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        in      al, dx
        mov     bh, al
        mov     eax, cr0
        and     al, 0xfe
        mov     cr0, eax
        mov     al, bh
        call    compare
        int     0x60
        in      al, dx                  ; nobody can tell these two apart
        in      al, dx
        add     bl, STEP
        call    compare
        loop    .read
        inc     ebp
        mov     si, right
        call    say
        mov     edx, ebp
        call    number
        jmp     round

; AL is what comes next.
compare: mov    ah, bl
        add     bl, STEP
        and     ah, 63
        cmp     ah, al
        jne     .no
        ret
.no:    mov     si, wrong
        call    say
        jmp     $                       ; a HLT would end the domain

handler: iret

gdt:    dq      0, 0x00cf92000000ffff
gdtr:   dw      gdtr - gdt - 1
        dd      gdt
hello:  db      'boot sector runs', 13, 10, 0
right:  db      'right ', 0
wrong:  db      'wrong', 13, 10, 0

%include "serial.inc"
        disk
