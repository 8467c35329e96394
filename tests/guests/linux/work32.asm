; SPDX-License-Identifier: GPL-2.0-or-later
;
; A program for 32-bit Linux that makes windows open at CPL 3: ports by the I/O bitmap,
; VGA memory through /dev/mem, instructions on it that KVM does not emulate, and system
; calls and faults between.  Ends with 0 if all that it read back was right.

ROUNDS  equ 30
BASE    equ 0x08048000
VGA     equ 0xb8000

bits 32
org BASE
ehdr:   db      0x7f, "ELF", 1, 1, 1, 0
        dq      0
        dw      2, 3
        dd      1, start, phdr - $$, 0, 0
        dw      52, 32, 1, 0, 0, 0
phdr:   dd      1, 0, BASE, BASE, end - $$, end - $$, 7, 0x1000

%macro syscall 1-4
%if %0 > 1
        mov     ebx, %2
%endif
%if %0 > 2
        mov     ecx, %3
%endif
%if %0 > 3
        mov     edx, %4
%endif
        mov     eax, %1
        int     0x80
%endmacro

start:  mov     ebp, 1                  ; what fails first is the exit code
        syscall 110, 3                  ; iopl
        test    eax, eax
        jnz     bad
        inc     ebp
        syscall 5, mem, 2               ; open
        test    eax, eax
        js      bad
        mov     edi, eax
        inc     ebp
        push    ebp                     ; mmap2(0, 4096, RW, SHARED, fd, page)
        mov     esi, 1
        mov     ebp, VGA >> 12
        syscall 192, 0, 4096, 3
        pop     ebp
        cmp     eax, -4096
        ja      bad
        mov     [vga], eax
        mov     dword [round], ROUNDS
next:   mov     ebp, 4                  ; ports
        mov     ecx, 200
        mov     edx, 0x3da
.port:  in      al, dx
        loop    .port
        mov     ebp, 5                  ; text memory, at a place of this process
        syscall 20                      ; getpid
        and     eax, 0x1f
        shl     eax, 7
        mov     edi, [vga]
        add     edi, eax
        mov     ebx, edi
        mov     ecx, 32
        mov     eax, 0x07410742
        add     eax, [round]
.store: mov     [edi], eax
        add     edi, 4
        loop    .store
        mov     ecx, 32
        mov     edi, ebx
.load:  cmp     [edi], eax
        jne     bad
        add     edi, 4
        loop    .load
        mov     ebp, 6                  ; MMX and x87 on it
        movd    mm0, eax
        punpckldq mm0, mm0
        movq    [ebx], mm0
        movq    mm1, [ebx]
        movd    ecx, mm1
        emms
        cmp     ecx, eax
        jne     bad
        mov     ebp, 7
        fild    dword [ebx]
        fistp   dword [ebx + 8]
        cmp     [ebx + 8], eax
        jne     bad
        syscall 158                     ; sched_yield
        dec     dword [round]
        jnz     next
        xor     ebp, ebp
bad:    syscall 1, ebp

mem:    db      "/dev/mem", 0
        align   4
round:  dd      0
vga:    dd      0
end:
