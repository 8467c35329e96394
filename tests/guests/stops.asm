; SPDX-License-Identifier: GPL-2.0-or-later
;
; 64-bit guests that once ended, stopped or hung QEMU: each goes on, as on a CPU.

%include "frame.inc"

LAPIC    equ 0xfee00000
IOAPIC   equ 0xfec00000
HANDLER  equ SCRATCH + 0x2000   ; where frame.inc sends exceptions to
TABLE    equ 0x40000            ; a page table that holds code as well
TABLE_B  equ 0x41000            ; the page after it, in TABLE_VA
TABLE_VA equ 0x800000
RESULTS  equ 0x200000           ; three dwords a port: read as byte, word, dword

; Leaves VT where an instruction is met that its emulator does not know.
%macro enter_tcg 0
        mov     edi, MMIO
        movd    xmm15, [rdi]
%endmacro

%macro back_to_vt 0
        push    rbx
        push    rcx
        xor     eax, eax
        cpuid
        pop     rcx
        pop     rbx
%endmacro

; step %1: instruction %2 is #GP(0), with RIP at it
%macro is_gp 2+
        mov     qword [STEP], %1
        mov     qword [HANDLER], %%fault
%%at:   %2
        jmp     failed
%%fault:
        cmp     qword [rsp], 13
        jne     failed
        cmp     qword [rsp + 8], 0
        jne     failed
        cmp     qword [rsp + 16], %%at
        jne     failed
        mov     qword [HANDLER], 0
        mov     rsp, STACK0 - 256
%endmacro

; step %1: WRMSR of MSR %2 with EDX:EAX = %3:%4 is #GP(0)
%macro msr_is_gp 4
        mov     ecx, %2
        mov     edx, %3
        mov     eax, %4
        is_gp   %1, wrmsr
%endmacro

        align 8
scenarios:
        dq      control         ; 0
        dq      bases           ; 1
        dq      code_is_table   ; 2
        dq      watched_stack   ; 3
        dq      two_pages       ; 4
        dq      ports           ; 5
        dq      spinning        ; 6
        dq      apic_cpl3       ; 7
        dq      late_breakpoint ; 8
        dq      halt_and_step   ; 9
        dq      code_everywhere ; 10
scenarios_end:

; --- registers that a CPU does not load --------------------------------------

control:
        mov     rsp, STACK0 - 256
        ; where a nested VM exit of no guest would write
        mov     edi, 0x60
        mov     ecx, 0x7a0 / 4
        mov     eax, 0x5a5a5a5a
        rep stosd
        enter_tcg
        mov     r8, cr0
        mov     r9, cr3
        mov     r10, cr4
        mov     rax, r10
        bts     rax, 30
        is_gp   1, mov cr4, rax
        mov     rax, r10
        btr     rax, 5                  ; PAE
        is_gp   3, mov cr4, rax
        mov     rax, r9
        bts     rax, 62
        is_gp   4, mov cr3, rax
        mov     rax, r8
        btr     rax, 0                  ; PE, with PG
        is_gp   5, mov cr0, rax
        mov     rax, r8
        btr     rax, 30                 ; CD
        bts     rax, 29                 ; NW
        is_gp   6, mov cr0, rax
        cmp     dword [COMMAND + 16], 0
        je      .upper_half             ; KVM's emulator takes 32 bits
        mov     rax, r8
        bts     rax, 32
        is_gp   7, mov cr0, rax
.upper_half:
        mov     rax, r8
        btr     rax, 31                 ; PG, in 64-bit code
        is_gp   8, mov cr0, rax
        mov     eax, 16
        is_gp   9, mov cr8, rax
        ; EFER: a bit that is none; LME with paging on
        mov     ecx, 0xc0000080
        rdmsr
        mov     r11, rax
        mov     edx, 1 << 30
        is_gp   10, wrmsr
        xor     edx, edx
        mov     rax, r11
        btr     rax, 8
        is_gp   11, wrmsr
        ; addresses that are not canonical with 48 or with 57 bits
        msr_is_gp 12, 0xc0000100, 0x40000000, 0
        msr_is_gp 13, 0xc0000101, 0x40000000, 0
        msr_is_gp 14, 0xc0000102, 0x40000000, 0
        msr_is_gp 15, 0xc0000082, 0x40000000, 0
        mov     qword [STEP], 20
        mov     rax, cr0
        cmp     rax, r8
        jne     failed
        mov     rax, cr3
        cmp     rax, r9
        jne     failed
        mov     rax, cr4
        cmp     rax, r10
        jne     failed
        mov     qword [STEP], 21
        mov     edi, 0x60
        mov     ecx, 0x7a0 / 4
        mov     eax, 0x5a5a5a5a
        repe scasd
        jne     failed
        jmp     finished

; Addresses of as many bits as CPUID shows live through windows.
%macro base_write 2
        mov     ecx, %1
        mov     rdx, r12
        add     rdx, %2
        mov     eax, edx
        shr     rdx, 32
        wrmsr
%endmacro
%macro base_check 2
        mov     ecx, %1
        rdmsr
        shl     rdx, 32
        or      rax, rdx
        sub     rax, %2
        cmp     rax, r12
        jne     failed
%endmacro
bases:
        mov     r12, 0xffffaaaaaaaaaa00
        xor     eax, eax
        cpuid
        cmp     eax, 7
        jb      .narrow
        mov     eax, 7
        xor     ecx, ecx
        cpuid
        bt      ecx, 16                 ; LA57, with CR4.LA57 clear
        jnc     .narrow
        mov     r12, 0xffaaaaaaaaaaaa00
.narrow:
        base_write 0xc0000100, 1
        base_write 0xc0000101, 2
        base_write 0xc0000102, 3
        base_write 0xc0000083, 4
        mov     ebp, 20
.next:  enter_tcg
        back_to_vt
        mov     edi, MMIO
        mov     ecx, 50
.burst: mov     eax, [rdi]
        dec     ecx
        jnz     .burst
        back_to_vt
        dec     ebp
        jnz     .next
        mov     qword [STEP], 1
        base_check 0xc0000100, 1
        base_check 0xc0000101, 2
        mov     qword [STEP], 2
        base_check 0xc0000102, 3
        base_check 0xc0000083, 4
        jmp     finished

; --- a page that is code and page table --------------------------------------

; TABLE maps 2 MiB at TABLE_VA: itself first, then TABLE_B.  The instruction at its end
; extends into TABLE_B, whose entry has not been accessed.
code_is_table:
        mov     edi, TABLE
        mov     ecx, 0x2000 / 4
        mov     eax, 0x90909090
        rep stosd
        mov     qword [TABLE], TABLE | 7
        mov     byte [TABLE + 0xffd], 0xb8              ; mov eax, 0x600df00d
        mov     dword [TABLE + 0xffe], 0x600df00d
        mov     byte [TABLE + 0x1002], 0xc3             ; ret
        mov     dword [TABLE + 0xff0], 0x7e0f4466       ; movd [rdi], xmm8
        mov     byte [TABLE + 0xff4], 0x07
        mov     qword [PD + (TABLE_VA >> 21) * 8], TABLE | 7
        mov     ebx, 20
.next:  mov     qword [TABLE + 8], TABLE_B | 7          ; not accessed
        mov     rax, cr3
        mov     cr3, rax
        mov     edi, MMIO
        mov     eax, TABLE_VA + 0xff0
        call    rax
        cmp     eax, 0x600df00d
        jne     .bad
        test    byte [TABLE + 8], 0x20
        jz      .bad
        dec     ebx
        jnz     .next
        jmp     finished
.bad:   fail    rbx

; Code is written to and run in each page of memory, over and over, in long windows.
code_everywhere:
        mov     edi, MMIO
        mov     ebp, [COMMAND + 16]     ; rounds
.round: enter_tcg
        mov     ebx, 0x200000
.page:  mov     dword [rbx], 0xb8078b90 ; nop; mov eax, [rdi]; mov eax, imm32; ret
        lea     eax, [rbx + rbp]
        mov     [rbx + 4], eax
        mov     byte [rbx + 8], 0xc3
        call    rbx
        sub     eax, ebx
        cmp     eax, ebp
        jne     failed
        add     ebx, 0x1000
        cmp     ebx, 0x3f00000
        jb      .page
        dec     ebp
        jnz     .round
        jmp     finished

; --- breakpoints ---------------------------------------------------------------

; #DB: counts in r14, DR6 is gathered in r15, RF lets an instruction go on
debug_handler:
        inc     r14
        push    rax
        mov     rax, dr6
        or      r15, rax
        xor     eax, eax
        mov     dr6, rax
        bts     dword [rsp + 24], 16
        pop     rax
        iretq

set_debug_gate:
        mov     edi, 1
        mov     esi, debug_handler
        mov     edx, 0x8e00
        call    set_gate
        xor     r14d, r14d
        xor     r15d, r15d
        ret

; An interrupt's, an exception's and INT n's push to a watched slot.
watched_stack:
        call    set_debug_gate
        mov     edi, 6
        mov     esi, .undefined
        mov     edx, 0x8e00
        call    set_gate
        mov     edi, 0x31
        mov     esi, .software
        mov     edx, 0x8e00
        call    set_gate
        call    start_timer
        mov     rsp, STACK0 - 0x100
        mov     rax, STACK0 - 0x108     ; SS goes there, below it RSP
        mov     dr0, rax
        sub     rax, 8
        mov     dr1, rax
        mov     eax, 0x00990005 | 0x400
        mov     dr7, rax
        xor     r13d, r13d
        enter_tcg
        mov     ebx, 20
        sti
.next:  mov     qword [STEP], 1
        mov     edi, MMIO               ; bursts, into which the timer comes
        mov     ecx, 2000
.burst: mov     eax, [rdi]
        dec     ecx
        jnz     .burst
        cli
        mov     qword [STEP], 2
        mov     r12, r14
        int     0x31
        inc     r12
        cmp     r12, r14
        jne     failed
        mov     qword [STEP], 3
        enter_tcg
        ud2
        inc     r12
        cmp     r12, r14
        jne     failed
        sti
        dec     ebx
        jnz     .next
        mov     qword [STEP], 4
.wait:  cmp     qword [COUNT], 20
        jb      .wait
        cli
        xor     eax, eax
        mov     dr7, rax
        ; each delivery was seen once by #DB; a burst may not know the breakpoints yet
        mov     qword [STEP], 5
        mov     rax, [COUNT]
        add     rax, r13
        cmp     r14, rax
        ja      failed
        je      .all_seen
        cmp     dword [COMMAND + 16], 0
        jne     failed
.all_seen:
        mov     qword [STEP], 6
        and     r15d, 0xf
        cmp     r15d, 3
        jne     failed
        jmp     finished
.undefined:
        inc     r13
        add     qword [rsp], 2
        iretq
.software:
        inc     r13
        iretq

; A breakpoint that is set just before a long burst is met in it, every time: shortly before
; there were windows, which know that none was set.
late_breakpoint:
        call    set_debug_gate
        mov     rax, .target
        mov     dr0, rax
        mov     ebp, 50                 ; so that the site is a good one
.warm:  call    .burst
        back_to_vt
        dec     ebp
        jnz     .warm
        mov     r12d, 40
.next:  xor     eax, eax
        mov     dr7, rax
        call    .burst
        back_to_vt
        xor     r14d, r14d
        mov     eax, 0x402
        mov     dr7, rax
        mov     ebp, 3000               ; all of it in one window
.long:  call    .burst
        cmp     r14, 10
        jae     .hit
        dec     ebp
        jnz     .long
        mov     [STEP], r12
        jmp     failed
.hit:   back_to_vt
        dec     r12d
        jnz     .next
        xor     eax, eax
        mov     dr7, rax
        jmp     finished
.burst: mov     edi, MMIO
        mov     ecx, 200
.access:
        mov     eax, [rdi]
.target:
        dec     ecx
        jnz     .access
        ret

; TF across a HLT, where the delivery of #DB faults: its gate is not present.
halt_and_step:
        call    start_timer
        mov     byte [IDT + 1 * 16 + 5], 0x0e
        mov     qword [HANDLER], .fault
        pushfq
        or      dword [rsp], 0x300      ; TF, IF
        popfq
        hlt
        cli
        fail    1
.fault: cmp     qword [rsp], 11
        jne     failed
        jmp     finished

; --- operands of two pages -------------------------------------------------------

PAGE_ONE equ LEAF_VA            ; these two follow each other ...
PAGE_TWO equ LEAF_VA + 0x1000
OPERAND  equ LEAF_VA + 0x1000 - 6
ALIGNED  equ LEAF_VA + 0x1000 - 48      ; for FXSAVE and FXRSTOR
IN_RAM   equ 0x50000            ; ... and are RAM here, twice
AREA     equ 0x52000            ; what is right, in RAM alone
%define PTE(va) (PT + ((va) >> 12) * 8)

; edi: entry of the first page, esi: of the second
map_pair:
        mov     [PTE(PAGE_ONE)], rdi
        mov     [PTE(PAGE_TWO)], rsi
        mov     rax, cr3
        mov     cr3, rax
        ret

; Each instruction of the list with its operand in RAM and then across the two pages:
; it has to store the same, or to load the same.  Where the last x87 instruction was is not
; compared: that depends on the engine.
%macro store_case 3+            ; place, size, instruction that stores at [rbx]
        inc     qword [STEP]
        call    .load_fpu
        mov     ebx, AREA
        call    .fill
        %3
        call    .load_fpu
        mov     ebx, %1
        call    .fill
        %3
        mov     esi, AREA
        mov     edi, %1
        mov     ecx, %2
        call    .compare
%endmacro

%macro load_case 3+             ; place, instruction that makes an image at [rbx], one that loads it
        inc     qword [STEP]
        call    .load_fpu
        mov     ebx, AREA
        %2
        mov     ebx, %1
        call    .copy
        call    .load_fpu
        %3
        fxsave  [r10]
        call    .load_fpu
        mov     ebx, AREA
        %3
        fxsave  [r9]
        mov     rsi, r9
        mov     rdi, r10
        mov     ecx, 160
        call    .compare
%endmacro

two_pages:
        mov     rsp, STACK0 - 256
        mov     r9d, 0x60000            ; FXSAVE images
        mov     r10d, 0x61000
        mov     qword [STEP], 0
        mov     r12d, MMIO | 7
        mov     r13d, IN_RAM | 7
        ; RAM then device, device then RAM
        mov     rdi, r13
        mov     rsi, r12
        call    .all
        mov     qword [STEP], 100
        mov     rdi, r12
        mov     rsi, r13
        call    .all
        jmp     finished
.all:   call    map_pair
        ; reserved halves, where engines have differed
        call    .load_fpu
        fnstenv [AREA]
        cmp     word [AREA + 2], 0xffff
        jne     failed
        cmp     word [AREA + 26], 0xffff
        jne     failed
        store_case ALIGNED, 512, fxsave [rbx]
        store_case OPERAND, 108, fnsave [rbx]
        store_case OPERAND, 28, fnstenv [rbx]
        store_case OPERAND, 10, fstp tword [rbx]
        store_case OPERAND, 10, fbstp [rbx]
        load_case OPERAND, fstp tword [rbx], fld tword [rbx]
        load_case OPERAND, fbstp [rbx], fbld [rbx]
        load_case OPERAND, fnstenv [rbx], fldenv [rbx]
        load_case OPERAND, fnsave [rbx], frstor [rbx]
        load_case ALIGNED, fxsave [rbx], fxrstor [rbx]
        ret
.load_fpu:
        fninit
        fld1
        fldpi
        fldl2e
        ret
.fill:  mov     rdi, rbx
        mov     ecx, 512
.fill_next:
        mov     byte [rdi], 0
        inc     rdi
        dec     ecx
        jnz     .fill_next
        ret
.copy:  mov     esi, AREA
        mov     rdi, rbx
        mov     ecx, 512
.copy_next:
        mov     al, [rsi]
        mov     [rdi], al
        inc     rsi
        inc     rdi
        dec     ecx
        jnz     .copy_next
        ret
; ecx bytes; of an image those at 6 to 27, the pointers, are left out
.compare:
        mov     edx, ecx
        xor     r8d, r8d
.compare_next:
        cmp     edx, 28
        jb      .look
        lea     eax, [r8 - 6]
        cmp     eax, 22
        jb      .same
.look:  mov     al, [rsi + r8]
        cmp     al, [rdi + r8]
        jne     failed
.same:  inc     r8
        cmp     r8, rcx
        jb      .compare_next
        ret

; --- ports -----------------------------------------------------------------------

; Ranges whose devices take any write without an effect on the machine's course.
        align 8
written:
        dw      0x2f8, 0x2ff, 0x378, 0x37f, 0x3b0, 0x3df, 0x3f8, 0x3ff, 0x1ce, 0x1d0
        dw      0x80, 0x8f, 0x170, 0x177, 0x1f0, 0x1f7, 0
; All ports are read in each width, after some were written in each width.
ports:
        mov     esi, written
.range: movzx   edx, word [rsi]
        test    edx, edx
        jz      .read
        movzx   ecx, word [rsi + 2]
        add     esi, 4
.write: mov     eax, edx
        imul    eax, eax, 0x01010101
        and     eax, 0x13131313
        out     dx, eax
        out     dx, ax
        out     dx, al
        inc     edx
        cmp     edx, ecx
        jbe     .write
        jmp     .range
.read:  xor     edx, edx
        mov     edi, RESULTS
.next:  xor     eax, eax
        in      al, dx
        mov     [rdi], eax
        xor     eax, eax
        in      ax, dx
        mov     [rdi + 4], eax
        in      eax, dx
        mov     [rdi + 8], eax
        add     edi, 12
        inc     edx
        cmp     edx, 0x10000
        jne     .next
        jmp     finished

; --- loops that never leave VT ------------------------------------------------------

; Forever; the host looks whether the VM still runs.
spinning:
        mov     rax, [COMMAND + 8]
        mov     rax, [.table + rax * 8]
        mov     qword [STATUS + 56], 1
        jmp     rax
        align 8
.table: dq      .x2apic, .lapic, .ioapic, .pic, .cpuid, .msr, .cr3, .cr8
.x2apic:
        mov     ecx, 0x1b
        rdmsr
        or      eax, 0xc00
        wrmsr
        mov     ecx, 0x802
.x2:    rdmsr
        jmp     .x2
.lapic: mov     edi, LAPIC
.la:    mov     eax, [rdi + 0x30]
        jmp     .la
.ioapic:
        mov     edi, IOAPIC
.io:    mov     eax, [rdi]
        jmp     .io
.pic:   in      al, 0x21
        jmp     .pic
.cpuid: xor     eax, eax
        cpuid
        jmp     .cpuid
.msr:   mov     ecx, 0x277
.ms:    rdmsr
        jmp     .ms
.cr3:   mov     rax, cr3
        mov     cr3, rax
        jmp     .cr3
.cr8:   mov     rax, cr8
        mov     cr8, rax
        jmp     .cr8

; --- a user program at the APIC's page ------------------------------------------------

apic_cpl3:
        mov     edi, LAPIC
        movd    xmm0, [rdi + 0x30]
        jmp     finished

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     start16
        times   0x10000 - ($ - $$) db 0
