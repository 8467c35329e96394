; SPDX-License-Identifier: GPL-2.0-or-later
;
; Guests that access devices in bursts inside SMM and in NMI handlers, and a flash
; chip that changes between ROM and device under the code that it holds.

%include "frame.inc"

PORT     equ 0xe0               ; pc-testdev's register
APM      equ 0xb2               ; a write raises an SMI
LAPIC    equ 0xfee00000
RESULT   equ DUMP
SMIS     equ SCRATCH + 0x3000   ; dq how many there were
NMIS     equ SCRATCH + 0x3008   ; dq the same
WHAT     equ SCRATCH + 0x3010   ; dd what the next SMI's handler does besides
AGAIN    equ SCRATCH + 0x3014   ; dd NMIs that the next NMI's handler asks for
SMRAM    equ 0xa0000            ; where SMBASE goes: no RAM outside of SMM
FIRST    equ 0x30000            ; SMBASE after reset
ENTRY    equ 0x8000             ; of a handler, from SMBASE
SAVED    equ 0xff00             ; SMBASE in the saved state, from SMBASE
STACK    equ 0xf000             ; the handler's, in a segment of 64 KiB
FLASH    equ 0x100000000 - 0x10000 - 0x40000

IN_LONG  equ 1                  ; go on in 64-bit mode
WITH_NMI equ 2                  ; an NMI comes
WITH_SMI equ 4                  ; another SMI comes
AT_LENGTH equ 8                 ; until COMMAND + 16 rounds have been made

        align 8
scenarios:
        dq      bursts          ; 0
        dq      pending         ; 1
        dq      forever         ; 2
        dq      nmis            ; 3
        dq      flash           ; 4
scenarios_end:

%include "checksum.inc"

; ecx accesses of each kind, with ebx in each; changes eax, ecx, edi.
%macro burst 0
        mov     edi, MMIO
%%next: mov     [edi + 0x40], ebx
        mov     eax, [edi + 0x40]
        add     [edi + 0x44], eax
        mov     eax, ecx
        out     PORT, eax
        in      eax, PORT
        xor     [edi + 0x48], eax
        inc     byte [edi + 0x4c]
        dec     ecx
        jnz     %%next
%endmacro

; --- the handler -----------------------------------------------------------------

bits 16
; The first SMI moves SMBASE.
move_base:
        mov     dword [dword FIRST + SAVED], SMRAM
        inc     dword [dword SMIS]
        rsm
move_base_end:

; Runs at SMRAM + ENTRY, in real mode with segments of 4 GiB.
handler:
        mov     sp, STACK
        inc     dword [dword SMIS]
        mov     esi, [dword WHAT]
        mov     dword [dword WHAT], 0
        mov     ebx, [dword SMIS]
        test    esi, WITH_NMI
        jz      .no_nmi
        mov     dword [dword LAPIC + 0x310], 0
        mov     dword [dword LAPIC + 0x300], 0x4400     ; to itself
.no_nmi:
        test    esi, WITH_SMI
        jz      .no_smi
        out     APM, al
.no_smi:
        mov     ecx, 10
        burst
        ; a string that is read from a device, and one that is written to it
        mov     ecx, 5
        push    esi
        mov     esi, MMIO + 0x40
        mov     edi, SCRATCH + 0x3100
        a32 rep movsd
        mov     ecx, 5
        mov     esi, SCRATCH + 0x3100
        mov     edi, MMIO + 0x80
        a32 rep movsd
        pop     esi
        mov     eax, 0x200              ; OSFXSR
        mov     cr4, eax
        paddd   xmm0, xmm1
        movups  [dword MMIO + 0xa0], xmm0
        test    esi, IN_LONG
        jnz     .long
        rsm
.long:  mov     eax, 0x620
        mov     cr4, eax
        mov     eax, PML4
        mov     cr3, eax
        mov     ecx, 0xc0000080
        rdmsr
        or      eax, 0x100
        wrmsr
        mov     eax, cr0
        or      eax, 0x80000023
        mov     cr0, eax
        jmp     dword KCODE:SMRAM + ENTRY + handler64 - handler
bits 64
handler64:
        mov     ax, KDATA
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     rsp, STACK
        test    esi, AT_LENGTH
        jnz     .again
        mov     ecx, 12
        burst
        rsm
        ; of registers that migrate, which pc-testdev's do not
.again: mov     edx, 0x3ce
        mov     ecx, 40
.next:  mov     eax, ecx
        shl     eax, 8
        or      al, 8                   ; VGA's bit mask
        out     dx, ax
        inc     edx
        in      al, dx
        movzx   eax, al
        check
        dec     edx
        dec     ecx
        jnz     .next
        paddd   xmm0, xmm1
        movd    eax, xmm0
        check
        inc     qword [COUNT]
        dec     dword [COMMAND + 16]
        jns     .again
        mov     [RESULT], r15
        rsm
handler_end:

start_nmi:
        mov     edi, 2
        mov     esi, nmi
        mov     edx, 0x8e00
        call    set_gate
        mov     eax, LAPIC
        mov     dword [rax + 0xf0], 0x1ff
        ret

; SMRAM behind the VGA's window, a handler in it, SMIs by the APM port.
start_smm:
        call    start_nmi
        mov     qword [SMIS], 0
        mov     qword [NMIS], 0
        mov     qword [WHAT], 0         ; and AGAIN
        mov     dx, 0xcf8               ; PIIX4's APMC enables SMI
        mov     eax, 0x80000b58
        out     dx, eax
        mov     dx, 0xcff
        mov     al, 2
        out     dx, al
        mov     esi, move_base
        mov     edi, FIRST + ENTRY
        mov     ecx, move_base_end - move_base
        rep movsb
        mov     bl, 0x4a                ; SMRAM is there, and open
        call    .smram
        mov     esi, handler
        mov     edi, SMRAM + ENTRY
        mov     ecx, handler_end - handler
        rep movsb
        mov     bl, 0x0a                ; closed
        call    .smram
        mov     ebp, 1
        xor     ecx, ecx
        jmp     raise_smi

.smram: mov     dx, 0xcf8
        mov     eax, 0x80000070
        out     dx, eax
        mov     dx, 0xcfe
        mov     al, bl
        out     dx, al
        ret

; An SMI that does ecx; ebp is how many there are afterwards.
raise_smi:
        mov     [WHAT], ecx
        out     APM, al
        jmp     .wait
.wait:  cmp     [SMIS], ebp
        jb      .wait
        ret

; Says so, and asks for as many more as AGAIN has: one can wait, as it is in here.
; Where that is negative it is quiet.
nmi:    push    rax
        push    rbx
        push    rcx
        push    rdi
        inc     qword [NMIS]
        mov     ebx, [NMIS]
        or      ebx, 0x4e000000
        cmp     dword [AGAIN], 0
        jl      .quiet
        je      .none
        dec     dword [AGAIN]
        mov     eax, LAPIC
        mov     dword [rax + 0x300], 0x4400
.none:  mov     ecx, 9
        burst
.quiet: pop     rdi
        pop     rcx
        pop     rbx
        pop     rax
        iretq

; --- scenarios -------------------------------------------------------------------

; Handlers of many SMIs, by one mode or two; no register is lost but those that
; the handler changes on purpose.
bursts: call    start_smm
        mov     r15, 1
        mov     ebx, 40
        mov     eax, 3
        movd    xmm0, eax
        mov     eax, 5
        movd    xmm1, eax
.next:  inc     ebp
        mov     ecx, ebx
        and     ecx, IN_LONG
        mov     rdi, 0x0123456789abcdef
        add     rdi, rbx
        mov     rsi, rdi
        not     rsi
        lea     r8, [rdi + rbp]
        lea     r9, [r8 * 3]
        lea     r10, [r9 * 5]
        lea     r11, [r10 * 9]
        lea     r12, [r11 + rdi]
        mov     r13, r12
        rol     r13, 17
        mov     r14, r13
        not     r14
        stc
        call    raise_smi
        mov     edx, MMIO
        mov     [rdx], ebp
        lea     rax, [rdi + rsi]
        check
        lea     rax, [r8 + r9]
        check
        lea     rax, [r10 + r11]
        check
        lea     rax, [r12 + r13]
        check
        mov     rax, r14
        check
        mov     rax, rsp
        check
        mov     rax, cr0
        check
        mov     rax, cr4
        check
        mov     ax, ss
        shl     eax, 16
        mov     ax, ds
        check
        movd    eax, xmm0
        check
        mov     eax, [rdx + 0x44]
        check
        dec     ebx
        jnz     .next
        result

; NMIs and SMIs that come inside SMM wait for RSM.
pending:
        call    start_smm
        mov     r15, 2
        mov     ebx, 60
.next:  mov     eax, ebx                ; each of the mixes in turn
        xor     edx, edx
        mov     ecx, (.mixes_end - .mixes) / 4
        div     ecx
        mov     ecx, [.mixes + rdx * 4]
        inc     ebp
        mov     rax, [NMIS]
        lea     r8, [rax + 1]
        test    ecx, WITH_NMI
        cmovz   r8, rax
        lea     r9, [rbp + 1]
        test    ecx, WITH_SMI
        cmovnz  ebp, r9d
        call    raise_smi
        mov     edx, MMIO
        mov     [rdx], ebp              ; after what has waited
        cmp     [NMIS], r8
        jne     .bad
        mov     eax, [rdx + 0x44]
        check
        dec     ebx
        jnz     .next
        cmp     [SMIS], rbp
        jne     .bad
        result
.bad:   fail    rbx
        align   4
.mixes: dd      0, WITH_NMI, WITH_SMI, WITH_NMI | WITH_SMI, IN_LONG | WITH_NMI
        dd      IN_LONG | WITH_SMI, IN_LONG | WITH_NMI | WITH_SMI
.mixes_end:

; One SMI that goes on until the test lets it end.
forever:
        call    start_smm
        mov     r15, 3
        mov     dword [AGAIN], -1
        mov     eax, 7
        movd    xmm0, eax
        movd    xmm1, eax
        mov     ecx, IN_LONG | AT_LENGTH | WITH_NMI
        inc     ebp
        call    raise_smi
        cmp     qword [NMIS], 1
        jne     .bad
        jmp     finished
.bad:   fail    1

; NMIs outside of SMM, the second while the first is handled.
nmis:   call    start_nmi
        mov     r15, 4
        mov     ebx, 30
.next:  mov     ecx, ebx
        and     ecx, 1
        mov     [AGAIN], ecx
        mov     rdi, [NMIS]
        lea     rdi, [rdi + rcx + 1]
        mov     eax, LAPIC
        mov     dword [rax + 0x300], 0x4400
        jmp     .wait
.wait:  cmp     [NMIS], rdi
        jb      .wait
        mov     edx, MMIO
        mov     [rdx], ebx
        mov     eax, [rdx + 0x44]
        check
        dec     ebx
        jnz     .next
        result

; Functions in a flash chip: programmed, called, read as data and in the midst of
; commands, and programmed anew.
flash:  mov     r15, 5
        mov     ebp, 12
        mov     rsi, FLASH
.next:  mov     byte [rsi], 0x20        ; erase the sector
        mov     byte [rsi], 0xd0
        call    .ready
        mov     rax, 0xc300000000b8     ; mov eax, N; ret
        imul    rcx, rbp, 0x010203
        shl     rcx, 8
        or      rax, rcx
        mov     rdi, rsi
        mov     ecx, 6
        mov     rbx, rax
.byte:  mov     byte [rdi], 0x40
        mov     [rdi], bl
        call    .ready
        shr     rbx, 8
        inc     rdi
        dec     ecx
        jnz     .byte
        mov     byte [rsi], 0xff        ; it is memory again
        xor     eax, eax
        call    rsi
        check
        mov     eax, [rsi + 2]
        check
        mov     byte [rsi], 0x90        ; its maker, which is no memory
        movzx   eax, byte [rsi]
        check
        mov     byte [rsi], 0x98
        movzx   eax, byte [rsi + 0x10]
        check
        mov     byte [rsi], 0xff
        ; the same function in place of an older one, without an erasure
        mov     byte [rsi + 1], 0x40
        mov     [rsi + 1], bpl
        call    .ready
        mov     byte [rsi], 0xff
        call    rsi
        check
        mov     byte [rsi], 0xe8        ; a block of four words by the buffer
        mov     byte [rsi], 3
        lea     rdi, [rsi + 0x100]
        mov     eax, ebp
        mov     ecx, 4
.word:  mov     [rdi], al
        inc     rdi
        dec     ecx
        jnz     .word
        mov     byte [rsi], 0xd0
        call    .ready
        mov     byte [rsi], 0xff
        mov     eax, [rsi + 0x100]
        check
        dec     ebp
        jnz     .next
        result

.ready: mov     al, [rsi]
        check
        test    al, 0x80
        jz      .ready
        ret

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     start16
        times   0x10000 - ($ - $$) db 0
