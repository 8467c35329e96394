; SPDX-License-Identifier: GPL-2.0-or-later
;
; Real-mode code that rewrites itself: the next instruction, one behind a jump,
; and a routine that moves.

%include "real16.inc"

ROUNDS  equ     20000

main:   mov     dword [sum], 0
        xor     bp, bp
        xor     si, si
.loop:  ; the immediate of the very next instruction
        mov     [cs:.next + 2], bp
.next:  add     si, strict word 0x1234  ; 81 c6 iw
        ; an opcode behind a jump: inc si or dec si
        mov     al, 0x46
        test    bp, 1
        jz      .even
        mov     al, 0x4e
.even:  mov     [.patched], al
        jmp     .patched
.patched:
        inc     si
        movzx   eax, si
        add     [sum], eax
        inc     bp
        cmp     bp, ROUNDS
        jb      .loop
        tell    "immediate", [sum]

        ; a routine copied to another paragraph each time, with its result patched in
        mov     dword [sum], 0
        xor     bp, bp
.copy:  mov     ax, bp
        and     ax, 63
        add     ax, 0x2000
        mov     es, ax
        mov     si, routine
        xor     di, di
        mov     cx, routine_end - routine
        rep     movsb
        mov     [es:1], bp
        push    cs
        push    .back
        push    es
        push    0
        retf
.back:  movzx   eax, ax
        add     [sum], eax
        inc     bp
        cmp     bp, ROUNDS
        jb      .copy
        push    0
        pop     es
        tell    "moving", [sum]

        ret

routine:
        mov     ax, 0
        xor     ax, 0x5a5a
        retf
routine_end:

        align   4
sum:    dd      0
        align   512
image_end:
