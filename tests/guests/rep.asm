; SPDX-License-Identifier: GPL-2.0-or-later
;
; REP MOVS and REP STOS against the same made element by element: all sizes, over
; pages that are mapped twice and out of order, over themselves, with faults.
; COMMAND + 16 is how many turns, COMMAND + 8 whether each begins with a window.

%include "frame.inc"

PT_A    equ 0x300000            ; page tables of the two arenas
PT_B    equ 0x301000
RAM_A   equ 0x800000            ; each has 32 pages
RAM_B   equ 0x900000
VA_A    equ 0xc00000            ; seen as 48, of which 16 are others again
VA_B    equ 0xe00000
PAGES   equ 32
VIEWS   equ 48
BYTES   equ 0x17000             ; that one REP moves at most, and that it begins in
CODE    equ 0x700000
BAD     equ SCRATCH + 0x3000    ; what the page fault's handler found wrong

scenarios:
        dq      compare, overwrite, compare_cpl3
scenarios_end:

; rax: a number below the first argument
%macro below 1
        mov     rax, 6364136223846793005
        imul    r15, rax
        mov     rax, 1442695040888963407
        add     r15, rax
        mov     rax, r15
        shr     rax, 33
        xor     edx, edx
        mov     ecx, %1
        div     rcx
        mov     rax, rdx
%endmacro

; A page that faults becomes present; UD2 flushes the TLB, for user code as well.
prepare:
        mov     qword [BAD], 0
        mov     edi, 14
        mov     esi, missing
        mov     edx, 0x8e00
        call    set_gate
        mov     qword [SCRATCH + 0x2000], flush_by_ud
        ; view i shows page (i * 5 + 3) % PAGES
        xor     ecx, ecx
.view:  lea     eax, [rcx * 5 + 3]
        and     eax, PAGES - 1
        shl     eax, 12
        lea     edx, [rax + RAM_A + 7]
        mov     [PT_A + rcx * 8], rdx
        lea     edx, [rax + RAM_B + 7]
        mov     [PT_B + rcx * 8], rdx
        inc     ecx
        cmp     ecx, VIEWS
        jb      .view
        mov     qword [PD + (VA_A >> 21) * 8], PT_A | 7
        mov     qword [PD + (VA_B >> 21) * 8], PT_B | 7
        mov     rax, cr3
        mov     cr3, rax
        ; both begin alike, and nothing in them repeats soon
        xor     ecx, ecx
        mov     eax, 1
.fill:  imul    eax, eax, 0x1e3779b1
        inc     eax
        mov     [RAM_A + rcx * 4], eax
        mov     [RAM_B + rcx * 4], eax
        inc     ecx
        cmp     ecx, PAGES * 1024
        jb      .fill
        ret

flush_by_ud:
        cmp     qword [rsp], 6
        jne     end_of_user
        mov     rax, cr3
        mov     cr3, rax
        add     rsp, 8
        add     qword [rsp], 2
        iretq

; A fault must come at the element that RSI, RDI and RCX name.
missing:
        push    rax
        push    rdx
        mov     rdx, cr2
        mov     eax, edx
        sub     eax, edi
        cmp     eax, r12d               ; r12: bytes of an element
        jb      .place
        mov     eax, edx
        sub     eax, esi
        cmp     eax, r12d
        jb      .place
        mov     qword [BAD], 1
.place: mov     eax, r14d
        sub     eax, ecx                ; elements made
        imul    eax, r12d
        test    r13d, r13d              ; r13: 1 or -1
        jns     .up
        neg     eax
.up:    add     eax, [SCRATCH + 0x3010]         ; where RDI was
        cmp     eax, edi
        je      .here
        mov     qword [BAD], 2
.here:  inc     qword [FAULTS]
        sub     edx, VA_A
        shr     edx, 12
        cmp     edx, VIEWS
        jae     .wild
        or      qword [PT_A + rdx * 8], 1
        mov     rdx, cr2
        invlpg  [rdx]
        pop     rdx
        pop     rax
        add     rsp, 8
        iretq
.wild:  fail    5

; By size, then MOVS or STOS, then addresses of 64 or 32 bits: 8 bytes of code each.
%macro variant 1
        align   8
        rep %1
        ret
        align   8
        a32 rep %1
        ret
%endmacro
        align   16
variants:
        variant movsb
        variant stosb
        variant movsw
        variant stosw
        variant movsd
        variant stosd
        variant movsq
        variant stosq

compare_cpl3:
        call    prepare
        mov     eax, compare.ready
        jmp     enter_user

compare:
        call    prepare
.ready: mov     r15d, 12345
        mov     dword [SCRATCH + 0x3020], 0
.turn:  mov     eax, [SCRATCH + 0x3020]
        cmp     eax, [COMMAND + 16]
        jae     .over
        inc     dword [SCRATCH + 0x3020]
        ; r8 size's shift, r12 size, r9 STOS, r10 32-bit addresses, r13 direction
        below   4
        mov     r8d, eax
        mov     ecx, eax
        mov     r12d, 1
        shl     r12d, cl
        below   2
        mov     r9d, eax
        below   2
        mov     r10d, eax
        mov     r13, 1
        below   8
        test    eax, eax
        jnz     .up
        mov     r13, -1
.up:    ; r14 elements: few, some, or up to all
        below   4
        mov     ebx, 16
        test    eax, eax
        jz      .count
        mov     ebx, 1024
        cmp     eax, 1
        je      .count
        mov     ebx, BYTES
        mov     ecx, r8d
        shr     ebx, cl
.count: below   ebx
        mov     r14d, eax
        ; rsi, rdi: offsets, every second time near each other
        below   BYTES
        lea     rsi, [rax + 64]
        below   BYTES
        lea     rdi, [rax + 64]
        below   2
        test    eax, eax
        jz      .far
        below   129
        lea     rdi, [rsi + rax - 64]
.far:   test    r13, r13
        jns     .start
        mov     eax, r14d
        dec     rax
        imul    rax, r12
        add     rsi, rax
        add     rdi, rax
.start: ; every fourth time two views are missing
        below   4
        test    eax, eax
        jnz     .whole
        below   VIEWS
        and     qword [PT_A + rax * 8], ~1
        below   VIEWS
        and     qword [PT_A + rax * 8], ~1
        ud2
.whole: push    rsi
        push    rdi
        cmp     dword [COMMAND + 8], 0
        jz      .run
        mov     eax, MMIO
        mov     ecx, [rax]              ; a burst, where that may be, begins here
        movd    xmm15, [rax]            ; and a window after a failure here
.run:   ; on the arena: registers with what 32-bit addresses ignore
        add     rsi, VA_A
        add     rdi, VA_A
        mov     [SCRATCH + 0x3010], rdi
        mov     rcx, r14
        mov     r11, 0x5a5a5a5a00000000
        test    r10d, r10d
        jz      .plain
        or      rdi, r11
        or      rcx, r11
        test    r9d, r9d                ; STOS leaves RSI alone
        jnz     .plain
        or      rsi, r11
.plain: mov     ebx, r8d
        shl     ebx, 1
        or      ebx, r9d
        shl     ebx, 1
        or      ebx, r10d
        lea     rbx, [variants + rbx * 8]
        mov     rax, r15
        test    r13, r13
        jns     .go
        std
.go:    call    rbx
        cld
        ; where no element was made, they are as they were
        test    r14d, r14d
        jnz     .moved
        mov     ecx, ecx
        mov     esi, esi
        mov     edi, edi
.moved: mov     rdx, rdi
        mov     rbx, rsi
        pop     rdi
        pop     rsi
        test    rcx, rcx
        jz      .ended
        fail    1
.ended: cmp     qword [BAD], 0
        je      .right
        fail    2
.right: ; the same by hand, on the other one
        mov     rcx, r14
        imul    r12, r13
.next:  jrcxz   .made
        mov     rax, r15
        test    r9d, r9d
        jnz     .store
        mov     rax, [rsi + VA_B]
        add     rsi, r12
.store: cmp     r8d, 1
        jb      .byte
        je      .word
        cmp     r8d, 2
        je      .dword
        mov     [rdi + VA_B], rax
        jmp     .stored
.dword: mov     [rdi + VA_B], eax
        jmp     .stored
.word:  mov     [rdi + VA_B], ax
        jmp     .stored
.byte:  mov     [rdi + VA_B], al
.stored:
        add     rdi, r12
        dec     rcx
        jmp     .next
.made:  add     rdi, VA_A
        add     rsi, VA_A
        cmp     rdi, rdx
        je      .target
        fail    3
.target:
        cmp     rsi, rbx
        je      .source
        fail    4
.source:
        mov     esi, RAM_A
        mov     edi, RAM_B
        mov     ecx, PAGES * 512
        repe cmpsq
        je      .turn
        mov     [COUNT], rsi
        fail    6
.over:  cmp     qword [FAULTS], 0       ; else those were not looked at
        jne     finished
        fail    9

; REP over code: what runs next, and its own block.
overwrite:
        mov     r12d, 1000
        mov     edi, CODE
        mov     esi, .template
        mov     ecx, .template_end - .template
        rep movsb
.turn:  mov     [SCRATCH + 0x3030], r12d
        mov     esi, SCRATCH + 0x3030
        mov     edi, CODE + .number - .template
        mov     ecx, 4
        mov     eax, CODE
        call    rax
        cmp     eax, r12d
        je      .same
        fail    7
.same:  ; all of it again, with another number, from outside
        lea     ebx, [r12 + 5000]
        mov     [CODE + 0x800 + .number - .template], ebx
        mov     esi, CODE
        mov     edi, CODE + 0x800
        mov     ecx, .number - .template
        rep movsb
        add     esi, 4
        add     edi, 4
        mov     ecx, .template_end - .number - 4
        rep movsb
        mov     [SCRATCH + 0x3030], ebx
        mov     esi, SCRATCH + 0x3030
        mov     edi, CODE + 0x1000      ; not itself
        mov     ecx, 4
        mov     eax, CODE + 0x800
        call    rax
        cmp     eax, ebx
        je      .again
        fail    8
.again: dec     r12d
        jnz     .turn
        jmp     finished

.template:
        rep movsb
        db      0xb8                    ; mov eax, number
.number:
        dd      0
        ret
.template_end:

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     start16
        times   0x10000 - ($ - $$) db 0
