; SPDX-License-Identifier: GPL-2.0-or-later
;
; REP MOVS and REP STOS with 16-bit addresses, which wrap in their 64 KiB, over
; themselves, in real mode, against the same made element by element.

%include "real16.inc"

TURNS   equ     100
ONE     equ     0x2000          ; segments of the two arenas of 128 KiB
OTHER   equ     0x4000
BETWEEN equ     OTHER - ONE
UPPER   equ     0x5a5a0000      ; of registers, to stay as it is

main:   ; two arenas that begin alike
        mov     ax, ONE
        call    fill
        mov     ax, OTHER
        call    fill
        mov     word [turns], TURNS
.turn:  call    random
        and     al, 3
        cmp     al, 2
        jbe     .sized
        mov     al, 2
.sized: movzx   ecx, al
        mov     [shift], cl
        mov     bp, 1
        shl     bp, cl                  ; bytes of an element
        call    random
        and     ax, 1
        mov     [stos], al
        ; as many as the segment has, or few
        call    random
        shr     ax, cl
        test    byte [seed + 3], 1
        jz      .many
        and     ax, 127
.many:  mov     [count], ax
        ; offsets are multiples: what goes across the end of a segment is no wrap
        mov     dx, bp
        neg     dx
        call    random
        and     ax, dx
        mov     [source], ax
        call    random
        and     ax, dx
        mov     [target], ax
        call    random
        and     ax, 0xfff
        test    byte [seed + 3], 2
        jz      .apart
        and     ax, 3                   ; ES a little behind DS
        mov     dx, [source]
        mov     [target], dx
.apart: mov     [paras], ax

        ; at once
        mov     bl, [shift]
        add     bl, bl
        or      bl, [stos]
        xor     bh, bh
        add     bx, bx
        mov     bx, [variants + bx]
        call    load
        push    ds
        push    word ONE
        pop     ds
        mov     ax, es
        sub     ax, BETWEEN
        mov     es, ax
        mov     eax, [cs:seed]
        call    bx
        pop     ds
        call    check
        ; one by one
        mov     bx, [count]
        call    load
        push    ds
        push    word OTHER
        pop     ds
.next:  test    bx, bx
        jz      .made
        dec     bx
        mov     eax, [cs:seed]
        cmp     bp, 2
        jb      .byte
        je      .word
        cmp     byte [cs:stos], 0
        jne     .sd
        mov     eax, [si]
.sd:    mov     [es:di], eax
        jmp     .stored
.word:  cmp     byte [cs:stos], 0
        jne     .sw
        mov     ax, [si]
.sw:    mov     [es:di], ax
        jmp     .stored
.byte:  cmp     byte [cs:stos], 0
        jne     .sb
        mov     al, [si]
.sb:    mov     [es:di], al
.stored:
        add     si, bp
        add     di, bp
        jmp     .next
.made:  pop     ds
        ; both arenas, whole
        push    ds
        mov     dx, ONE
.half:  mov     ds, dx
        add     dx, BETWEEN
        mov     es, dx
        sub     dx, BETWEEN - 0x1000
        xor     si, si
        xor     di, di
        mov     cx, 0x4000
        repe cmpsd
        je      .alike
        inc     dword [cs:wrong]
.alike: cmp     dx, ONE + 0x2000
        jb      .half
        pop     ds
        xor     ax, ax
        mov     es, ax
        dec     word [turns]
        jnz     .turn
        tell    "wrong", [wrong]
        tell    "registers", [registers]
        tell    "seed", [seed]
        ret

; esi, edi, ecx for a turn, and es for the other arena
load:   mov     ax, [paras]
        add     ax, OTHER
        mov     es, ax
        mov     esi, UPPER
        mov     si, [source]
        mov     edi, UPPER
        mov     di, [target]
        mov     ecx, UPPER
        mov     cx, [count]
        ret

; esi, edi and ecx as they should be after a REP
check:  cmp     ecx, UPPER
        jne     .bad
        mov     ax, [count]
        mov     cl, [shift]
        shl     ax, cl
        mov     ecx, UPPER
        mov     cx, [target]
        add     cx, ax
        cmp     edi, ecx
        jne     .bad
        mov     cx, [source]
        cmp     byte [stos], 0
        jne     .stay
        add     cx, ax
.stay:  cmp     esi, ecx
        je      .good
.bad:   inc     dword [registers]
.good:  ret

fill:   mov     bx, 2
.half:  mov     es, ax
        add     ax, 0x1000
        push    ax
        xor     di, di
        mov     eax, 1
.next:  imul    eax, eax, 0x1e3779b1
        inc     eax
        stosd
        test    di, di
        jnz     .next
        pop     ax
        dec     bx
        jnz     .half
        ret

random: mov     eax, [seed]
        imul    eax, 1664525
        add     eax, 1013904223
        mov     [seed], eax
        shr     eax, 16
        ret

%macro variant 1
        rep %1
        ret
%endmacro
move1:  variant movsb
fill1:  variant stosb
move2:  variant movsw
fill2:  variant stosw
move4:  variant movsd
fill4:  variant stosd
        align   4
variants:
        dw      move1, fill1, move2, fill2, move4, fill4
seed:   dd      1
wrong:  dd      0
registers:
        dd      0
turns:  dw      0
count:  dw      0
source: dw      0
target: dw      0
paras:  dw      0
shift:  db      0
stos:   db      0
        align   512
image_end:
