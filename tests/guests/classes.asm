; SPDX-License-Identifier: GPL-2.0-or-later
;
; Runs one snippet, at CPL 0 or 3, on RAM or on a device's memory.

%include "boot64.inc"

main:
        ; AVX, where the snippet needs it: CR4.OSXSAVE and XCR0 x87|SSE|AVX
        cmp     dword [COMMAND + 16], 0
        jz      .no_avx
        mov     rax, cr4
        or      eax, 1 << 18
        mov     cr4, rax
        xor     ecx, ecx
        xor     edx, edx
        mov     eax, 7
        xsetbv
.no_avx:
        mov     qword [SCRATCH + 0x2000], 0
        cmp     dword [COMMAND + 4], 3
        je      .user
        call    body
        jmp     done
.user:
        mov     qword [SCRATCH + 0x2000], end_of_user
        mov     eax, user
        jmp     enter_user

; int3 from user code is the end; anything else is what it is.
end_of_user:
        cmp     qword [rsp], 3
        jne     exception.fatal
        jmp     done

user:
        call    body
        jmp     user_done

body:
        mov     rdi, [COMMAND + 8]
        mov     esi, DUMP
        mov     edx, [COMMAND]
        jmp     snippets

        ; As where the host runs it: some snippets store flags of their own address.
        align 256
snippets:
        incbin  "snippets.bin"

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     start16
        times   0x10000 - ($ - $$) db 0
