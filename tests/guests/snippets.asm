; SPDX-License-Identifier: GPL-2.0-or-later
;
; Instruction classes that KVM's emulator does not know, each a short function.
;
; The same bytes run in the guest and, called as a C function, on the host's own
; CPU: what the host computes is what the guest must compute.
;
;   void run(void *operand /* rdi */, void *dump /* rsi */, uint32_t index /* edx */)
;
; A snippet finds its memory operand (RAM or a device's) at rdi, 64-byte aligned
; and filled with a pattern, and stores what no register shows at rsi + RESULT.
; It may change anything but rdi, rsi and rsp.

bits 64
org 0

GPRS     equ 0          ; 16 * 8: rax rcx rdx rbx - rbp - - r8..r15
FLAGS    equ 128
XMMS     equ 256        ; 16 * 16
RESULT   equ 512
OPERAND  equ 1024       ; the operand area afterwards
AREA     equ 1024       ; its size

ARITH_FLAGS equ 0x8c5   ; O S Z P C

        jmp     run
        align 8
count:  dd      (table_end - table) / 4
        align 8

run:
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        push    rsi
        push    rdi
        push    rdx
        ; A pattern in the operand area, by 32-bit stores as a device likes them.
        mov     ecx, AREA / 4
        mov     eax, 0x3f801234
fill:   mov     [rdi + rcx * 4 - 4], eax
        imul    eax, eax, 0x10dcd
        add     eax, 12345
        dec     ecx
        jnz     fill
        ; The same registers for both machines.
        fninit
        lea     r8, [rel pattern]
%assign i 0
%rep 16
        movdqu  xmm %+ i, [r8 + i * 16]
%assign i i + 1
%endrep
        pop     rcx
        lea     rax, [rel table]
        movsxd  rcx, dword [rax + rcx * 4]
        add     rcx, rax
        mov     rdi, [rsp]
        mov     rsi, [rsp + 8]
        mov     eax, 0x11223344
        mov     edx, 7
        mov     ebx, 0x55667788
        mov     ebp, 0x99
        mov     r8, 0x0123456789abcdef
        mov     r9, 0xfedcba9876543210
        mov     r10d, 10
        mov     r11d, 11
        mov     r12d, 12
        mov     r13d, 13
        mov     r14d, 14
        mov     r15d, 15
        call    rcx
        pushfq
        pop     qword [rsi + FLAGS]
        and     qword [rsi + FLAGS], ARITH_FLAGS
        mov     [rsi + GPRS + 0 * 8], rax
        xor     eax, eax
        mov     [rsi + GPRS + 1 * 8], rax       ; rcx held an address
        mov     [rsi + GPRS + 2 * 8], rdx
        mov     [rsi + GPRS + 3 * 8], rbx
        mov     [rsi + GPRS + 5 * 8], rbp
%assign i 8
%rep 8
        mov     [rsi + GPRS + i * 8], r %+ i
%assign i i + 1
%endrep
%assign i 0
%rep 16
        movdqu  [rsi + XMMS + i * 16], xmm %+ i
%assign i i + 1
%endrep
        mov     ecx, AREA / 4
copy:   mov     eax, [rdi + rcx * 4 - 4]
        mov     [rsi + OPERAND + rcx * 4 - 4], eax
        dec     ecx
        jnz     copy
        fninit
        pop     rdi
        pop     rsi
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret

%macro entry 1
        dd      snippet_%1 - table
%endmacro

        align 4
table:
        entry   x87_arith       ; 0
        entry   x87_integer     ; 1
        entry   x87_control     ; 2
        entry   mmx             ; 3
        entry   sse_moves       ; 4
        entry   sse_arith       ; 5
        entry   mxcsr           ; 6
        entry   vex_moves       ; 7
        entry   vex_arith       ; 8
        entry   bmi             ; 9
        entry   popcnt          ; 10
        entry   crc32           ; 11
        entry   adx             ; 12
        entry   cmpxchg16b      ; 13
        entry   fxsave          ; 14
        entry   xsave           ; 15
        entry   control         ; 16
table_end:

        align 16
pattern:
%assign i 0
%rep 64
        dd      (0x3f000000 + i * 0x10203) & 0x7fffffff
%assign i i + 1
%endrep

snippet_x87_arith:
        mov     dword [rdi], 0x40490fdb         ; pi
        mov     dword [rdi + 8], 0x54442d18     ; pi, double
        mov     dword [rdi + 12], 0x400921fb
        fld     dword [rdi]
        fld     qword [rdi + 8]
        fadd    st0, st1
        fmul    dword [rdi]
        fsqrt
        fst     qword [rdi + 16]
        fstp    tword [rsi + RESULT]
        fstp    dword [rdi + 24]
        fldz
        fld1
        fcomip  st0, st1
        fstp    qword [rsi + RESULT + 16]
        ret

snippet_x87_integer:
        fild    word [rdi]
        fild    dword [rdi + 4]
        fild    qword [rdi + 8]
        fistp   qword [rdi + 16]
        fistp   dword [rdi + 24]
        fist    word [rdi + 28]
        fchs
        fstp    qword [rsi + RESULT]
        ret

snippet_x87_control:
        mov     word [rdi], 0x0f7f              ; round to zero
        fldcw   [rdi]
        fldpi
        frndint
        fstp    qword [rsi + RESULT]
        fnstcw  [rdi + 2]
        fnstsw  [rdi + 4]
        fldpi
        fnop
        fxam
        fnstsw  ax
        fstp    st0
        movzx   eax, ax
        ret

snippet_mmx:
        movd    mm0, dword [rdi]
        movq    mm1, [rdi + 8]
        paddd   mm0, [rdi + 16]
        pshufw  mm2, mm1, 0x1b
        movd    eax, mm0
        movq    [rdi + 24], mm2
        movq    [rsi + RESULT], mm0
        emms
        ret

snippet_sse_moves:
        movd    xmm0, dword [rdi]
        movq    xmm1, [rdi + 8]
        movss   xmm2, [rdi + 16]
        movsd   xmm3, [rdi + 24]
        movlps  xmm4, [rdi + 32]
        movhps  xmm5, [rdi + 40]
        lddqu   xmm6, [rdi + 48]
        movntdqa xmm7, [rdi + 64]
        movd    dword [rdi + 80], xmm8
        movq    [rdi + 88], xmm9
        movss   [rdi + 96], xmm10
        movsd   [rdi + 104], xmm11
        movlps  [rdi + 112], xmm12
        movhps  [rdi + 120], xmm13
        movq    rax, xmm1
        ret

snippet_sse_arith:
        paddd   xmm0, [rdi]
        pshufb  xmm1, [rdi + 16]
        pinsrd  xmm2, [rdi + 32], 2
        pextrd  [rdi + 36], xmm3, 1
        addss   xmm4, xmm5
        mov     dword [rdi + 40], 77
        cvtsi2sd xmm6, dword [rdi + 40]
        mulpd   xmm6, xmm6
        pxor    xmm7, [rdi + 48]
        xorps   xmm8, xmm8
        pshufd  xmm9, [rdi + 64], 0x1b
        ptest   xmm10, [rdi + 80]
        ret

snippet_mxcsr:
        stmxcsr [rdi]
        mov     eax, [rdi]
        and     eax, 0xffc0
        or      eax, 0x6000                     ; round to zero
        mov     [rdi + 4], eax
        ldmxcsr [rdi + 4]
        mov     ecx, 7
        cvtsi2ss xmm0, ecx
        mov     ecx, 3
        cvtsi2ss xmm1, ecx
        divss   xmm0, xmm1
        mov     dword [rdi + 8], 0x1f80
        ldmxcsr [rdi + 8]
        mov     dword [rdi], 0
        ret

snippet_vex_moves:
        vmovdqu ymm0, [rdi]
        vmovdqa ymm1, [rdi + 32]
        vmovups [rdi + 64], ymm0
        vmovdqu [rsi + RESULT], ymm1
        vextractf128 [rdi + 96], ymm1, 1
        vmovd   xmm2, dword [rdi + 4]
        vbroadcastss ymm3, [rdi + 8]
        vmovdqu [rsi + RESULT + 32], ymm3
        vzeroupper
        ret

snippet_vex_arith:
        vmovdqu ymm0, [rdi]
        vpaddd  ymm1, ymm0, [rdi + 32]
        vpshufb ymm2, ymm1, ymm0
        vpxor   ymm3, ymm1, ymm2
        vmovdqu [rdi + 64], ymm3
        vpmovmskb eax, ymm3
        vcvtdq2ps ymm4, ymm0
        vmovdqu [rsi + RESULT], ymm4
        vzeroupper
        ret

snippet_bmi:
        mov     ecx, 5
        shlx    eax, [rdi], ecx
        shrx    rbx, [rdi + 8], rcx
        andn    r10, r8, [rdi + 16]
        bextr   r11, [rdi + 24], r9
        mulx    r12, r13, [rdi + 32]
        rorx    r14, [rdi + 40], 13
        pdep    r15, r8, [rdi + 48]
        pext    rbp, r9, [rdi + 56]
        test    eax, eax
        ret

snippet_popcnt:
        popcnt  eax, [rdi]
        popcnt  rbx, [rdi + 8]
        popcnt  rdx, r8
        ret

snippet_crc32:
        crc32   eax, byte [rdi]
        crc32   eax, dword [rdi + 4]
        crc32   rbx, qword [rdi + 8]
        crc32   rdx, r8
        test    eax, eax
        ret

snippet_adx:
        stc
        adcx    eax, [rdi]
        adox    rbx, [rdi + 8]
        adcx    r8, r9
        adox    r10, r8
        mov     eax, eax
        test    eax, eax
        ret

snippet_cmpxchg16b:
        mov     rax, [rdi + 16]                 ; as it is: exchanged
        mov     rdx, [rdi + 24]
        mov     rbx, r8
        mov     rcx, r9
        lock cmpxchg16b [rdi + 16]
        setz    r10b
        xor     eax, eax                        ; as it is not: loaded
        xor     edx, edx
        lock cmpxchg16b [rdi + 32]
        setz    r11b
        test    eax, eax
        ret

%macro clear_operand 1                          ; its first %1 bytes
        push    rdi
        mov     ecx, %1 / 4
        xor     eax, eax
%%next: mov     [rdi], eax
        add     rdi, 4
        dec     ecx
        jnz     %%next
        pop     rdi
%endmacro

snippet_fxsave:
        fld1
        fldpi
        fxsave64 [rdi]
        fninit
        pxor    xmm3, xmm3
        pxor    xmm15, xmm15
        fxrstor64 [rdi]
        fstp    qword [rsi + RESULT]
        fstp    qword [rsi + RESULT + 8]
        clear_operand 512                       ; it holds addresses
        ret

snippet_xsave:
        fldpi
        vmovdqu ymm2, [rsi + OPERAND]
        vinsertf128 ymm2, ymm2, xmm4, 1
        clear_operand 896
        mov     eax, 7
        xor     edx, edx
        xsave64 [rdi]
        fninit
        vxorps  ymm2, ymm2, ymm2
        vxorps  ymm4, ymm4, ymm4
        mov     eax, 7
        xrstor64 [rdi]
        fstp    qword [rsi + RESULT]
        vextractf128 [rsi + RESULT + 16], ymm2, 1
        clear_operand 896
        vzeroupper
        ret

; Control words that are loaded outside a window rule inside it; the flags that
; are raised inside are seen outside.
snippet_control:
        mov     word [rsi + RESULT], 0x0f7f     ; round to zero
        fldcw   [rsi + RESULT]
        mov     dword [rsi + RESULT + 4], 0x7f80
        ldmxcsr [rsi + RESULT + 4]
        mov     dword [rdi + 4], 0x80000007
        fild    dword [rdi]                     ; from here on in TCG
        fldpi
        frndint
        fstp    qword [rsi + RESULT + 8]
        fstp    qword [rsi + RESULT + 16]
        cvtsi2ss xmm0, dword [rdi + 4]
        mov     ecx, 3
        cvtsi2ss xmm1, ecx
        divss   xmm0, xmm1
        xor     eax, eax
        cpuid                                   ; and back
        stmxcsr [rsi + RESULT + 24]
        and     dword [rsi + RESULT + 24], 0xfffd ; but for the denormal flag
        mov     dword [rsi + RESULT + 4], 0x1f80
        ldmxcsr [rsi + RESULT + 4]
        xor     eax, eax
        xor     ebx, ebx
        xor     edx, edx
        ret
