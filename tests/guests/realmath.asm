; SPDX-License-Identifier: GPL-2.0-or-later
;
; Decimal adjustment over all inputs, and x87 arithmetic, in real mode.

%include "real16.inc"

; op, flags that it defines: hash of ax and those flags over all al, 3 ah, 4 flags
%macro bcd 2+
        mov     dword [hash], 0
        mov     word [in_ax], 0
%%next: mov     dx, 4
%%flag: dec     dx
        ; CF from bit 0 of dx, AF from bit 1
        mov     ax, dx
        and     ax, 1
        test    dx, 2
        jz      %%noaf
        or      al, 0x10
%%noaf: push    ax
        popf
        mov     ax, [in_ax]
        %2
        pushf
        pop     bx
        and     bx, %1
        mov     cx, ax
        mov     eax, [hash]
        rol     eax, 5
        xor     ax, cx
        add     ax, bx
        mov     [hash], eax
        or      dx, dx
        jnz     %%flag
        inc     word [in_ax]
        cmp     word [in_ax], 0x300
        jb      %%next
%endmacro

main:   cli
        mov     word [0], divided       ; vector 0
        mov     word [2], 0
        bcd     0x11, aaa
        tell    "aaa", [hash]
        bcd     0x11, aas
        tell    "aas", [hash]
        bcd     0xd5, daa
        tell    "daa", [hash]
        bcd     0xd5, das
        tell    "das", [hash]
        bcd     0xc4, aam
        tell    "aam", [hash]
        bcd     0xc4, aad
        tell    "aad", [hash]
        bcd     0xc4, aam 7
        tell    "aam7", [hash]
        bcd     0xc4, aad 255
        tell    "aad255", [hash]
        ; AAM 0 divides by zero, each time
        mov     cx, 1000
.zero:  mov     ax, cx
        aam     0
        loop    .zero
        tell    "zero", [zeros]

        ; sum of sqrt(i) / (i + 1) in double precision
        fninit
        fldcw   [double]
        fldz
        mov     word [i], 1
.sum:   fild    word [i]
        fsqrt
        fild    word [i]
        fld1
        faddp
        fdivp
        faddp
        inc     word [i]
        cmp     word [i], 2000
        jbe     .sum
        fst     qword [out_]
        tell    "sumlow", [out_]
        tell    "sumhigh", [out_ + 4]
        ; packed decimal, there and back, with the state saved between
        fninit
        fild    qword [big]
        fbstp   [out_]
        tell    "bcd0", [out_]
        tell    "bcd4", [out_ + 4]
        movzx   ebx, word [out_ + 8]
        tell    "bcd8", ebx
        fbld    [out_]
        fnsave  [state]
        frstor  [state]
        fld1
        fchs
        faddp
        fistp   qword [out_]
        tell    "back0", [out_]
        tell    "back4", [out_ + 4]
        ; 2.5 and -2.5 in the four roundings
        mov     dword [hash], 0
        mov     bx, 0x037f
.round: mov     [i], bx
        fldcw   [i]
        fld     dword [half]
        fist    word [out_]
        fchs
        fistp   word [out_ + 2]
        mov     eax, [hash]
        rol     eax, 8
        xor     eax, [out_]
        mov     [hash], eax
        add     bx, 0x400
        cmp     bx, 0x0f7f
        jbe     .round
        tell    "rounding", [hash]
        ; masked faults leave their marks
        fninit
        fld1
        fldz
        fdivp
        fldz
        fldz
        fdivp
        fnstsw  ax
        movzx   ebx, ax
        tell    "status", ebx
        sti
        ret

; AAM 0: two bytes to go on behind
divided:
        inc     dword [cs:zeros]
        push    bp
        mov     bp, sp
        add     word [bp + 2], 2
        pop     bp
        iret

        align   8
big:    dq      123456789012345678
half:   dd      2.5
hash:   dd      0
zeros:  dd      0
in_ax:  dw      0
i:      dw      0
double: dw      0x027f
out_:   times   16 db 0
state:  times   108 db 0
        align   512
image_end:
