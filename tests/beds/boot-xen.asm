; SPDX-License-Identifier: GPL-2.0-or-later
;
; Boot sector of a bed in Bochs with a hypervisor, which is in memory since power-on: enter it
; as Multiboot (version 0.6.96, 3.2) wants it.  The addresses are those of bochs.py.
MULTIBOOT equ 0x1000000
HYPERVISOR equ 0x200000
MAGIC   equ 0x2badb002

bits 16
org 0x7c00

        cli
        xor ax, ax
        mov ds, ax
        ; Taken once only: the machine does not reboot, it ends.
        xchg ax, [taken]
        test ax, ax
        jz end
        lgdt [gdtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp 8:flat

bits 32
flat:   mov ax, 16
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov ebx, MULTIBOOT
        mov eax, MAGIC
        jmp 8:HYPERVISOR

bits 16
end:
%include "end.inc"

taken:  dw 1
        align 8
gdt:    dq 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdtr:   dw gdtr - gdt - 1
        dd gdt

        times 510 - ($ - $$) db 0
        dw 0xaa55
