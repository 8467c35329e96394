; SPDX-License-Identifier: GPL-2.0-or-later
;
; A triple fault in protected mode without paging, with CR0's cache bits as a reset leaves
; them; STATUS + 40 counts the starts.
bits 16
org     0
COUNT   equ 0x8f28
start:  cli
        xor     ax, ax
        mov     ds, ax
        inc     dword [COUNT]
        cmp     dword [COUNT], 3
        jae     end
        lidt    [cs:no_table]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        int3
end:    hlt
        jmp     end

no_table: dw    0
        dd      0

        times   0xfff0 - ($ - $$) db 0
        jmp     0xf000:start
        times   0x10000 - ($ - $$) db 0
