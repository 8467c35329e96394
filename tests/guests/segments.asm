; SPDX-License-Identifier: GPL-2.0-or-later
;
; What segments forbid: accesses beyond a limit, of the wrong kind, through a null selector
; or beyond a stack; instructions and jumps beyond CS.  COMMAND chooses the mode; the host
; reads STATUS as in boot64.inc, with the number of the case that failed in STEP.  COMMAND + 16
; is not 0 where #SS is delivered even on a stack that has no room for it.

COMMAND  equ 0x8000
STATUS   equ 0x8f00
STEP     equ STATUS + 32
DONE     equ 0x600d600d
FAIL     equ 0x0bad0bad
ROM      equ 0xf0000
IDT      equ 0xc000
TSS      equ 0xc400
WANT     equ 0xcf00             ; vector, error code, EIP, CS; where to go on, with CS; SS
STACK0   equ 0x6000
STACK16  equ 0x4000             ; in real and virtual 8086 mode
AREA     equ 0x500              ; what the small segment has
CODE16   equ 0x30000            ; 64 KiB of NOPs, for code that comes to its end

; What IRET to virtual 8086 mode gets
V86_CS   equ ROM >> 4

KCODE    equ 0x08
KDATA    equ 0x10
SMALL    equ 0x18               ; 16 bytes at AREA
DOWN32   equ 0x20               ; all above fffh
DOWN16   equ 0x28               ; the same, up to 64 KiB
RONLY    equ 0x30
XONLY    equ 0x38
READCODE equ 0x40
STACK    equ 0x48               ; 4 KiB, as a stack
ENDING   equ 0x50               ; code of 1000h bytes at CODE16
ROM16    equ 0x58
DATA16   equ 0x60
TSS_SEL  equ 0x68
STACKDN  equ 0x70               ; a stack that expands down

%assign number 0

; Instruction %3 is exception %1 with error code %2
%macro fault 3+
%assign number number + 1
%if __BITS__ == 32
        mov     dword [ss:STEP], number
        mov     dword [ss:WANT], %1
        mov     dword [ss:WANT + 4], %2
        mov     dword [ss:WANT + 8], %%at
        mov     dword [ss:WANT + 16], %%on
%%at:   %3
        jmp     failed
%%on:
%else
        call    expect
        dw      number, %1, %%at - ROM, %%on - ROM
%%at:   %3
        jmp     failed16
%%on:
%endif
%endmacro

; The same, where the stack is another one
%macro stack_fault 5+           ; SS, ESP, vector, error code
%assign number number + 1
        mov     dword [STEP], number
        mov     dword [WANT], %3
        mov     dword [WANT + 4], %4
        mov     dword [WANT + 8], %%at
        mov     dword [WANT + 16], %%on
        mov     ax, %1
        mov     ss, ax
        mov     esp, %2
%%at:   %5
        jmp     failed
%%on:
%endmacro

%macro fine 1+
%assign number number + 1
%if __BITS__ == 32
        mov     dword [ss:STEP], number
        mov     dword [ss:WANT], -1
%endif
        %1
%endmacro

; The next instruction but for those up to label %1 is exception %3; it goes on at %2
%macro fault_at 3
%assign number number + 1
        call    expect
        dw      number, %3, %1 - ROM, %2 - ROM
%endmacro

; Of 16 bits, where there is no stack to call with
%macro fault_here 2+
%assign number number + 1
        mov     si, %%what - ROM
        jmp     expect_si
%%what: dw      number, %1, %%at - ROM, %%on - ROM
%%at:   %2
        jmp     failed16
%%on:
%endmacro

%macro must 1                   ; condition
        j%1     %%right
        jmp     failed
%%right:
%endmacro

org ROM
bits 16
start16:
        cli
        cld
        xor     ax, ax
        mov     ss, ax
        mov     sp, STACK16
        mov     ds, ax
        mov     es, ax
        cmp     word [COMMAND], 2
        je      real
        o32 lgdt [cs:gdtr - $$]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword KCODE:start32

        align 8
gdt:    dq      0
        dq      0x00cf9b000000ffff      ; KCODE
        dq      0x00cf93000000ffff      ; KDATA
        dq      0x004093000500000f      ; SMALL
        dq      0x0040970000000fff      ; DOWN32
        dq      0x0000970000000fff      ; DOWN16
        dq      0x00cf91000000ffff      ; RONLY
        dq      0x00cf99000000ffff      ; XONLY
        dq      0x00cf9b000000ffff      ; READCODE
        dq      0x0040930000000fff      ; STACK
        dq      0x00409b0300000fff      ; ENDING
        dq      0x00009b0f0000ffff      ; ROM16
        dq      0x000093000000ffff      ; DATA16
        dw      0x67, TSS & 0xffff      ; TSS_SEL
        db      0, 0x8b, 0, 0
        dq      0x0040970000000fff      ; STACKDN
gdt_end:
gdtr:   dw      gdt_end - gdt - 1
        dd      gdt

bits 32
start32:
        mov     ax, KDATA
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     esp, STACK0
        mov     edi, TSS
        mov     ecx, 0x68 / 4
        xor     eax, eax
        rep stosd
        mov     dword [TSS + 4], STACK0
        mov     dword [TSS + 8], KDATA
        mov     edi, IDT
        mov     esi, stubs
        xor     ecx, ecx
.gate:  mov     [edi], si
        mov     word [edi + 2], KCODE
        mov     word [edi + 4], 0xee00
        mov     eax, esi
        shr     eax, 16
        mov     [edi + 6], ax
        add     edi, 8
        add     esi, 16
        inc     ecx
        cmp     ecx, 0x20
        jne     .gate
        push    IDT
        push    word 0x20 * 8 - 1
        lidt    [esp]
        add     esp, 6
        mov     eax, cr4
        or      eax, 0x600
        mov     cr4, eax
        mov     eax, cr0
        and     eax, ~0xc
        or      eax, 0x22
        mov     cr0, eax
        mov     edi, CODE16             ; NOPs
        mov     eax, 0x90909090
        mov     ecx, 0x4000
        rep stosd
        mov     dword [AREA + 0x4a], 0x11223344
        call    reset
        mov     eax, [COMMAND]
        cmp     eax, 3
        ja      failed
        jmp     [scenarios + eax * 4]

scenarios:
        dd      prot32, prot16, 0, v86

        align 16
stubs:
%assign v 0
%rep 0x20
        align 16
%if v == 12
        jmp     strict near no_stack
%endif
%if v != 8 && (v < 10 || v > 14) && v != 17
        push    byte 0
%endif
        push    byte v
        jmp     strict near vector
%assign v v + 1
%endrep

; No stack can be used here; all have base 0.
no_stack:
        mov     ax, KDATA
        mov     ds, ax
        mov     [WANT + 48], esp
        mov     ss, ax
        mov     esp, [WANT + 48]
        push    byte 12
; [esp] vector, error code, EIP, CS
vector: push    eax
        mov     ax, KDATA
        mov     ds, ax
        mov     eax, [ss:esp + 4]
        cmp     eax, [WANT]
        jne     failed
        mov     eax, [ss:esp + 8]
        cmp     eax, [WANT + 4]
        jne     failed
        mov     eax, [ss:esp + 12]
        cmp     eax, [WANT + 8]
        jne     failed
        mov     eax, [ss:esp + 16]
        cmp     ax, [WANT + 12]
        jne     failed
        mov     eax, [ss:esp]           ; of the instruction
        mov     [WANT + 32], eax
        mov     ax, [WANT + 24]
        mov     ss, ax
        mov     esp, STACK0
        jmp     far [WANT + 16]

failed: mov     eax, FAIL
        jmp     finish
done:   mov     eax, DONE
finish: mov     bx, KDATA
        mov     ds, bx
        mov     [STATUS], eax
.halt:  hlt
        jmp     .halt

; Flat data, and faults of KCODE that go on there; clobbers eax
reset:  mov     ax, KDATA
        mov     ds, ax
        mov     es, ax
        mov     dword [WANT + 12], KCODE
        mov     dword [WANT + 20], KCODE
        mov     dword [WANT + 24], KDATA
        mov     ax, SMALL
        mov     fs, ax
        ret

; --- 32-bit protected mode -------------------------------------------------------

prot32:
        ; limits, in each way to name an operand
        fault   13, 0, mov al, [fs:0x4a]
        fault   13, 0, mov [fs:0x0d], eax
        fine    mov [fs:0x0c], eax
        fault   13, 0, mov [fs:0x10], al
        fine    mov al, [fs:0x0f]
        mov     ebx, -1
        fault   13, 0, mov ax, [fs:ebx]
        fault   13, 0, add word [fs:0x0f], 1
        fault   13, 0, lock xadd [fs:0x0e], eax
        fault   13, 0, mov word [fs:0x0f], ds
        fault   13, 0, push dword [fs:0x0d]
        fault   13, 0, pop dword [fs:0x0d]
        mov     eax, 128
        fault   13, 0, bts [fs:0], eax
        fault   13, 0, cmpxchg8b [fs:0x09]
        fault   13, 0, call [fs:0x0d]
        fault   13, 0, jmp [fs:0x0d]
        fault   13, 0, lds esi, [fs:0x0b]
        fault   13, 0, call far [fs:0x0b]
        fault   13, 0, jmp far [fs:0x0b]
        fault   13, 0, bound eax, [fs:0x09]
        fault   13, 0, lgdt [fs:0x0b]
        fault   13, 0, sidt [fs:0x0b]
        fault   13, 0, lmsw [fs:0x0f]
        mov     ebx, 0x10
        xor     eax, eax
        fault   13, 0, fs xlatb
        fine    lea eax, [fs:0x1000]
        fine    prefetcht0 [fs:0x1000]
        fine    nop dword [fs:0x1000]
        fault   13, 0, fld dword [fs:0x0d]
        fault   13, 0, fld qword [fs:0x09]
        fault   13, 0, fldcw [fs:0x0f]
        fault   13, 0, fnstcw [fs:0x0f]
        fault   13, 0, fnstenv [fs:0]
        fault   13, 0, fnsave [fs:0]
        fault   13, 0, fxsave [fs:0]
        fault   13, 0, movups xmm0, [fs:1]
        fault   13, 0, movups [fs:1], xmm0
        fault   13, 0, movss xmm0, [fs:0x0d]
        fine    movups xmm0, [fs:0]
        ; strings stop where the segment does
        mov     ax, SMALL
        mov     es, ax
        xor     edi, edi
        xor     esi, esi
        mov     ecx, 32
        fault   13, 0, rep stosb
        cmp     ecx, 16
        must    e
        cmp     edi, 16
        must    e
        mov     edi, 0
        mov     ecx, 8
        fault   13, 0, rep movsd
        cmp     ecx, 4
        must    e
        cmp     esi, 16
        must    e
        mov     esi, 0x0e
        mov     ecx, 8
        fault   13, 0, fs rep lodsw
        cmp     ecx, 7
        must    e
        mov     edi, 0x0f
        fault   13, 0, scasw
        call    reset
        ; as the default segment, for which there is a flag
        mov     ax, SMALL
        mov     ds, ax
        fault   13, 0, mov eax, [0x20]
        mov     ax, SMALL
        mov     ds, ax
        fine    mov eax, [0x0c]
        call    reset
        ; kinds
        mov     ax, RONLY
        mov     gs, ax
        fine    mov eax, [gs:AREA]
        fault   13, 0, mov [gs:AREA], eax
        fault   13, 0, inc dword [gs:AREA]
        fault   13, 0, lock inc dword [gs:AREA]
        fault   13, 0, fst dword [gs:AREA]
        fine    fld dword [gs:AREA]
        fine    cmp dword [gs:AREA], 1
        mov     ax, RONLY
        mov     es, ax
        mov     edi, AREA
        fault   13, 0, stosb
        call    reset
        mov     ax, RONLY
        mov     ds, ax
        fault   13, 0, mov byte [AREA], 1
        mov     ax, READCODE
        mov     gs, ax
        fine    mov eax, [gs:AREA]
        fault   13, 0, mov [gs:AREA], eax
        fault   13, 0, mov [cs:AREA], eax
        fine    mov eax, [cs:AREA]
        mov     ax, XONLY
        fault   13, XONLY, mov gs, ax
        ; null selectors
        xor     eax, eax
        mov     gs, ax
        fault   13, 0, mov al, [gs:0]
        fault   13, 0, mov [gs:AREA], al
        xor     eax, eax
        mov     es, ax
        mov     edi, AREA
        fault   13, 0, stosb
        xor     eax, eax
        mov     ds, ax
        fault   13, 0, mov eax, [AREA]
        call    reset
        ; segments that expand down
        mov     ax, DOWN32
        mov     gs, ax
        fault   13, 0, mov al, [gs:0xfff]
        fault   13, 0, mov eax, [gs:0xffd]
        fine    mov eax, [gs:0x1000]
        fine    mov [gs:0x1000], eax
        fine    mov al, [gs:0x12345]
        mov     ax, DOWN16
        mov     gs, ax
        fine    mov eax, [gs:0xfffc]
        fault   13, 0, mov eax, [gs:0xfffd]
        fault   13, 0, mov al, [gs:0x10000]
        fault   13, 0, mov al, [gs:0x800]
        mov     ax, DOWN32
        mov     ds, ax
        fine    mov eax, [0x1000]
        fault   13, 0, mov eax, [0x0ffe]
        ; stacks
        stack_fault STACK, 0x0ffd, 12, 0, pop eax
        stack_fault STACK, 0x0fe4, 12, 0, popad
        stack_fault STACK, 0x0ffc, 12, 0, retf
        stack_fault STACK, 0x0ff8, 12, 0, iret
        mov     ebp, 0x1000
        stack_fault STACK, 0x0f00, 12, 0, mov eax, [ebp]
        stack_fault STACK, 0x0f00, 12, 0, leave
        stack_fault STACK, 0x0f00, 12, 0, mov eax, [ss:0xffd]
        mov     ax, STACKDN
        mov     ss, ax
        mov     esp, 0x60000
        fine    push eax
        fine    pop eax
        ; a CPU shuts down where the frame has no room either
        cmp     dword [COMMAND + 16], 0
        je      .gates
        stack_fault STACK, 0x2000, 12, 0, push eax
        stack_fault STACK, 0x1004, 12, 0, push eax
        stack_fault STACK, 0x1020, 12, 0, pushad
        stack_fault STACK, 0x2000, 12, 0, enter 4, 0
        stack_fault STACK, 0x2000, 12, 0, call done
        stack_fault STACK, 0x2000, 12, 0, ret
        stack_fault STACK, 0x2000, 12, 0, call KCODE:done
        stack_fault STACK, 0x2000, 12, 0, mov eax, [esp]
        stack_fault STACK, 0x2000, 12, 0, pushfd
        stack_fault STACKDN, 0x1002, 12, 0, push eax
.gates: ; one beyond CS, one of 16 bits with more in the descriptor
        mov     dword [IDT + 0x1e * 8], ENDING << 16 | 0x1000
        mov     word [IDT + 0x1e * 8 + 6], 0
        fault   13, 0, int 0x1e
        mov     eax, .gate16
        sub     eax, ROM - (ROM16 << 16)
        mov     [IDT + 0x1f * 8], eax
        mov     dword [IDT + 0x1f * 8 + 4], 0xffff8600
        inc     dword [STEP]
        int     0x1f
        jmp     failed
bits 16
.gate16:
        jmp     dword KCODE:.came
bits 32
.came:  mov     esp, STACK0
        ; code: jumps beyond the end, from a segment that has one
        mov     dword [WANT + 12], ENDING
        mov     dword [CODE16 + 0x800], 0x00800be9      ; jmp beyond
        mov     byte [CODE16 + 0x804], 0
        mov     word [CODE16 + 0x808], 0xe0ff           ; jmp eax
        mov     byte [CODE16 + 0x810], 0xc3             ; ret
        mov     word [CODE16 + 0xff8], 0x7eeb           ; jmp short beyond
        mov     dword [CODE16 + 0x820], 0x00800be8      ; call beyond
        mov     byte [CODE16 + 0x824], 0
        call    .go
        dd      0x800, 0x800
        mov     eax, 0x1000
        call    .go
        dd      0x808, 0x808
        mov     dword [.beyond], 0x1000
        call    .go_ret
        dd      0x810, 0x810
        call    .go
        dd      0xff8, 0xff8
        call    .go
        dd      0x820, 0x820
        ; and running past it
        call    .go
        dd      0xf00, 0xff8
        mov     word [CODE16 + 0xff8], 0x9090
        call    .go
        dd      0xf00, 0x1000
        mov     word [CODE16 + 0xffe], 0xb890           ; mov eax, imm32 at its end
        call    .go
        dd      0xf00, 0xfff
        jmp     done
.beyond equ     STACK0 - 64
; After the call: where to go in ENDING, and EIP of the #GP(0).  Comes back here.
.go_ret:
        pop     ebx
        mov     esp, .beyond
        jmp     .enter
.go:    pop     ebx
.enter: inc     dword [STEP]
        mov     dword [WANT], 13
        mov     dword [WANT + 4], 0
        mov     ecx, [ebx + 4]
        mov     [WANT + 8], ecx
        add     ebx, 8
        mov     [WANT + 16], ebx
        mov     ecx, [ebx - 8]
        mov     [WANT + 40], ecx
        mov     dword [WANT + 44], ENDING
        jmp     far [WANT + 40]

; --- 16-bit protected mode ------------------------------------------------------

prot16: mov     ax, DATA16
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     esp, 0x6000
        mov     dword [WANT + 12], ROM16
        mov     dword [WANT + 20], ROM16
        mov     dword [WANT + 24], DATA16
        mov     dword [WANT + 36], 0
        jmp     ROM16:.here - ROM
bits 16
.here:  mov     bx, 0x4a
        fault   13, 0, mov al, [fs:bx]
        fault   13, 0, mov [fs:0x0f], ax
        fault   13, 0, fs lodsw
        ; a segment that changes inside a block
        mov     cx, DATA16
        mov     dx, SMALL
        call    expect
        dw      200, 13, .at - ROM, .on - ROM
        mov     ds, cx
        mov     al, [bx]
        mov     ds, dx
.at:    mov     al, [bx]
        jmp     failed16
.on:    mov     ax, DATA16
        mov     ds, ax
        mov     sp, 0xffff
        fault_here 12, pop ax
        mov     sp, 0x6000
        mov     bp, 0xffff
        fault   12, 0, mov ax, [bp]
        jmp     done16

; After the call: number, vector, offset of the instruction, where to go on
expect: pop     si
expect_si:
        mov     ax, [cs:si]
        mov     [ss:STEP], ax
        movzx   eax, word [cs:si + 2]
        mov     [ss:WANT], eax
        mov     dword [ss:WANT + 4], 0
        mov     ax, [cs:si + 4]
        mov     [ss:WANT + 8], eax
        mov     ax, [cs:si + 6]
        mov     [ss:WANT + 28], eax
        cmp     byte [ss:WANT + 36], 0
        jne     .v86
        mov     [ss:WANT + 16], eax
.v86:   add     si, 8
        jmp     si

done16: mov     dword [ss:STATUS], DONE
        jmp     $
failed16:
        mov     dword [ss:STATUS], FAIL
        jmp     $

; --- real mode and virtual 8086 mode ---------------------------------------------

; What both have in common; all segments are 64 KiB.
small:  xor     ax, ax
        mov     ds, ax
        fine    mov al, [0xffff]
        fault   13, 0, mov ax, [0xffff]
        fault   13, 0, mov [0xffff], ax
        fault   13, 0, mov eax, [0xfffd]
        fault   13, 0, mov al, [dword 0x10000]
        fault   13, 0, mov ax, [cs:0xffff]
        mov     bx, 0xffff
        fault   13, 0, add word [bx], 1
        mov     bp, 0xffff
        fault   12, 0, mov ax, [bp]
        fault   12, 0, mov ax, [ss:bx]
        fault   13, 0, mov ax, [ds:bp]
        mov     di, 0xffff
        fault   13, 0, stosw
        mov     ax, 0xffff
        fault   13, 0, {xchg ax, [bx]}
        fault   13, 0, les bx, [0xfffd]
        fault   13, 0, fld qword [0xfff9]
        fault   13, 0, fnstcw [0xffff]
        mov     ax, 0x2000
        mov     es, ax
        mov     di, 0xfff0
        mov     cx, 0x20
        rep stosb
        cmp     di, 0x10
        jne     failed16
        fault_at stosw_at, stosw_on, 13
        mov     di, 0xfff1
        mov     cx, 0x20
stosw_at:
        rep stosw
        jmp     failed16
stosw_on:
        cmp     di, 0xffff
        jne     failed16
        cmp     cx, 0x20 - 7
        jne     failed16
        fault_at pop_at, pop_on, 12
        mov     sp, 0xffff
pop_at: pop     ax
        jmp     failed16
pop_on: cmp     byte [ss:COMMAND + 16], 0
        je      call_on                 ; as in 32-bit code
        fault_at push_at, push_on, 12
        mov     sp, 1
push_at:
        push    ax
        jmp     failed16
push_on:
        fault_at push4_at, push4_on, 12
        mov     sp, 2
push4_at:
        push    eax
        jmp     failed16
push4_on:
        fault_at pusha_at, pusha_on, 12
        mov     sp, 9                   ; so that the frame is whole
pusha_at:
        pusha
        jmp     failed16
pusha_on:
        fault_at call_at, call_on, 12
        mov     sp, 1
call_at:
        call    failed16
        jmp     failed16
call_on:
        fine    {mov sp, 0}
        push    ax                      ; at fffeh
        pop     ax
        mov     sp, STACK16 - 2
        mov     eax, 0x10000
        fault   13, 0, jmp eax
        fault   13, 0, call eax
        fault_at jmp_at, jmp_on, 13
jmp_at: jmp     dword ROM + 0x10000
        jmp     failed16
jmp_on: ret

real:   mov     dword [WANT + 36], 0
        mov     word [12 * 4], .stack - ROM
        mov     word [12 * 4 + 2], V86_CS
        mov     word [13 * 4], .general - ROM
        mov     word [13 * 4 + 2], V86_CS
        mov     eax, cr0
        and     al, ~0xc
        mov     cr0, eax
        jmp     V86_CS:.here - ROM
.here:  call    small
        ; code that comes to its end
        mov     ax, CODE16 >> 4
        mov     es, ax
        xor     di, di
        mov     ax, 0x9090
        mov     cx, 0x8000
        rep stosw
        call    expect
        dw      201, 13, 0, .end - ROM
        jmp     CODE16 >> 4:0xff00
.end:   mov     ax, CODE16 >> 4
        mov     es, ax
        mov     byte [es:0xffff], 0xb8
        call    expect
        dw      202, 13, 0xffff, .end2 - ROM
        jmp     CODE16 >> 4:0xff00
.end2:  jmp     done16
.stack: push    word 12
        jmp     .check
.general:
        push    word 13
.check: mov     bp, sp
        mov     bx, [bp]
        cmp     bx, [ss:WANT]
        jne     failed16
        mov     bx, [bp + 2]
        cmp     bx, [ss:WANT + 8]
        jne     failed16
        xor     bx, bx
        mov     ds, bx
        mov     es, bx
        mov     bx, 0xffff
        mov     bp, bx
        mov     sp, STACK16 - 2
        jmp     [WANT + 16]

bits 32
v86:    mov     dword [WANT + 12], V86_CS
        mov     dword [WANT + 16], v86_on
        mov     dword [WANT + 20], KCODE
        mov     dword [WANT + 36], 1
        mov     ax, TSS_SEL
        mov     byte [TSS + 0x66], 0x68
        mov     edi, 0x7000             ; the descriptor is written to
        mov     esi, gdt
        mov     ecx, (gdt_end - gdt) / 4
        rep movsd
        mov     byte [0x7000 + TSS_SEL + 5], 0x89
        push    dword 0x7000
        push    word gdt_end - gdt - 1
        lgdt    [esp]
        ltr     ax
        mov     dword [WANT + 28], v86_code - ROM
v86_on: mov     ebx, 0xffff
        mov     ebp, ebx
        mov     eax, 0
        push    eax                     ; GS, FS, DS, ES, SS, ESP, EFLAGS, CS, EIP
        push    eax
        push    eax
        push    eax
        push    eax
        push    dword STACK16 - 2
        push    dword 0x23002
        push    dword V86_CS
        push    dword [WANT + 28]
        iretd
bits 16
v86_code:
        mov     sp, STACK16
        call    small
        jmp     done16

        times   0xfff0 - ($ - $$) db 0xf4
        jmp     ROM >> 4:start16 - ROM
        times   0x10000 - ($ - $$) db 0
