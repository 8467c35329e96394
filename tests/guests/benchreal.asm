; SPDX-License-Identifier: GPL-2.0-or-later
;
; Loops in big real mode to be measured, as boot loaders have them: a 64 KiB firmware
; image.  COMMAND is the loop, COMMAND + 16 how often it runs; what it took, in ticks
; of the TSC, goes to the debug console; then comes a reset.

COMMAND  equ 0x8000
START    equ 0x7000
DIGITS   equ 0x7010
STACK    equ 0x6f00
GDT      equ 0x6000
SOURCE   equ 0x200000
TARGET   equ 0x251000
BYTES    equ 0x10000
DEBUGCON equ 0x505

org 0
bits 16

start:
        cli
        cld
        xor     ax, ax
        mov     ss, ax
        mov     sp, STACK
        ; segments of 4 GiB, and back; a CPU marks in their table what it has loaded
        mov     es, ax
        mov     si, gdt
        mov     di, GDT
        mov     cx, gdt_end - gdt
        cs rep movsb
        o32 lgdt [cs:gdtr]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     8:.protected
.protected:
        mov     bx, 16
        mov     ds, bx
        mov     es, bx
        and     al, ~1
        mov     cr0, eax
        jmp     0xf000:.real
.real:  xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     edi, SOURCE
        mov     eax, 1
        mov     ecx, BYTES / 4
.fill:  imul    eax, eax, 0x1e3779b1
        inc     eax
        a32 stosd
        dec     ecx
        jnz     .fill
        mov     bx, [COMMAND]
        cmp     bx, (loops_end - loops) / 2
        jae     .end
        add     bx, bx
        rdtsc
        mov     [START], eax
        mov     [START + 4], edx
        mov     ebp, [COMMAND + 16]
.turn:  mov     esi, SOURCE
        mov     edi, TARGET
        push    bx
        call    word [cs:loops + bx]
        pop     bx
        dec     ebp
        jnz     .turn
        rdtsc
        sub     eax, [START]
        sbb     edx, [START + 4]
        call    print
.end:   mov     al, 0xfe                ; the keyboard controller's reset
        out     0x64, al
.halt:  hlt
        jmp     .halt

; edx:eax in decimal, and a newline
print:  mov     ecx, 10
        mov     edi, DIGITS
.digit: mov     ebx, eax
        mov     eax, edx
        xor     edx, edx
        div     ecx
        xchg    eax, ebx
        div     ecx
        add     dl, '0'
        mov     [edi], dl
        inc     edi
        mov     edx, ebx
        mov     esi, eax
        or      esi, edx
        jnz     .digit
        mov     dx, DEBUGCON
.out:   dec     edi
        mov     al, [edi]
        out     dx, al
        cmp     edi, DIGITS
        ja      .out
        mov     al, 10
        out     dx, al
        ret

        align   8
loops:  dw      copy            ; 0
        dw      rep_copy        ; 1
        dw      compute         ; 2
        dw      unpack          ; 3
        dw      protected       ; 4
        dw      stale           ; 5
loops_end:

gdt:    dq      0
        dq      0x00009b0f0000ffff
        dq      0x00cf93000000ffff
        dq      0x00cf9a000000ffff      ; not accessed yet
gdt_end:
gdtr:   dw      gdt_end - gdt - 1
        dd      GDT

; A picture, 64 KiB word by word.
copy:   mov     ecx, BYTES / 4
.next:  mov     eax, [esi]
        mov     [edi], eax
        add     esi, 4
        add     edi, 4
        dec     ecx
        jnz     .next
        ret

rep_copy:
        mov     ecx, BYTES / 4
        a32 rep movsd
        ret

; A checksum of registers alone.
compute:
        mov     ecx, 20000
        mov     eax, 1
.next:  imul    eax, eax, 0x1e3779b1
        add     eax, ecx
        rol     eax, 7
        xor     eax, edi
        dec     ecx
        jnz     .next
        mov     [dword TARGET], eax
        ret

; Runs of a byte, from a table, with a call for each.
unpack: mov     edx, 2000
.next:  movzx   ecx, byte [esi]
        and     ecx, 15
        inc     ecx
        mov     al, [esi + 1]
        add     esi, 2
        call    .run
        dec     edx
        jnz     .next
        ret
.run:   mov     [edi], al
        inc     edi
        dec     ecx
        jnz     .run
        ret

; 32-bit code with a segment left that real mode had loaded: its selector says RPL 3.
stale:  mov     ax, 0x2003
        mov     fs, ax
; 32-bit code, where a far jump has led to it.
protected:
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword 24:0xf0000 + .in
bits 32
.in:    mov     ax, 16
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        call    mix
        jmp     8:.out
bits 16
.out:   mov     ax, 16
        mov     fs, ax
        mov     eax, cr0
        and     al, ~1
        mov     cr0, eax
        jmp     0xf000:.real
.real:  xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        ret

bits 32
mix:    mov     ecx, 200000
        mov     eax, 1
.next:  imul    eax, eax, 0x1e3779b1
        add     eax, ecx
        rol     eax, 7
        dec     ecx
        jnz     .next
        ret
bits 16

        times   0xfff0 - ($ - $$) db 0xf4
        jmp     0xf000:start
        times   0x10000 - ($ - $$) db 0
