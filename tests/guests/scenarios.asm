; SPDX-License-Identifier: GPL-2.0-or-later
;
; Guests that go from engine to engine: each scenario ends in DONE, or says in
; STATUS + 32 at which step it went wrong.

%include "frame.inc"

CODE_RAM equ 0x30000            ; code that is rewritten
FRAME_A  equ 0x32000
FRAME_B  equ 0x33000
PT_A     equ 0x34000            ; page tables whose first entries are A and B
PT_B     equ 0x35000

; An instruction that no KVM emulates on MMIO: TCG goes on from here.
%macro enter_tcg 0
        mov     edi, MMIO
        movd    xmm15, [rdi]
%endmacro

; CPUID is KVM's: a bounded window ends here.
%macro back_to_vt 0
        push    rbx
        xor     eax, eax
        cpuid
        pop     rbx
%endmacro

        align 8
scenarios:
        dq      smc             ; 0
        dq      vt_writes_code  ; 1
        dq      page_tables     ; 2
        dq      quiet_windows   ; 3
        dq      wild_jump       ; 4
        dq      unknown         ; 5
        dq      triple_fault    ; 6
        dq      hlt_timer       ; 7
        dq      two_cpus        ; 8
        dq      long_sum        ; 9
        dq      tsc             ; 10
        dq      lgdt_mmio       ; 11
        dq      ud2_at_cpl0     ; 12
        dq      window_hlt      ; 13
        dq      sgdt_mmio       ; 14
        dq      xsave_ts        ; 15
        dq      mtrr            ; 16
        dq      undone          ; 17
        dq      spaces          ; 18
        dq      smc_parts       ; 19
        dq      ferr            ; 20
scenarios_end:

; Memory types that real mode set hold in 64-bit mode, whoever runs either.
mtrr:
        mov     ecx, MTRR
        rdmsr
        cmp     eax, MTRR_MIXED
        jne     .bad
        cmp     edx, MTRR_MIXED
        jne     .bad
        jmp     finished
.bad:   fail    1

; --- address spaces ----------------------------------------------------------

TABLES_B equ 0x36000            ; copies of PML4, PDPT and the first PD

; One address has other code in each of two spaces; now and then they change places.
spaces:
        mov     rax, 0xc300000001b8     ; mov eax, 1; ret
        mov     [FRAME_A], rax
        mov     rax, 0xc3c8ffc031       ; xor eax, eax; dec eax; ret
        mov     [FRAME_B], rax
        mov     esi, PML4
        mov     edi, TABLES_B
        mov     ecx, 3 * 512
        rep movsq
        mov     dword [TABLES_B], (TABLES_B + 0x1000) | 7
        mov     dword [TABLES_B + 0x1000], (TABLES_B + 0x2000) | 7
        mov     qword [PD + (UPPER_VA >> 21) * 8], PT_A | 7
        mov     qword [TABLES_B + 0x2000 + (UPPER_VA >> 21) * 8], PT_B | 7
        mov     qword [PT_A], FRAME_A | 7
        mov     qword [PT_B], FRAME_B | 7
        mov     r12d, 1
        mov     r13d, -1
        mov     r14d, UPPER_VA
        mov     ebp, 300
.turn:  mov     eax, PML4
        mov     cr3, rax
        call    r14
        cmp     eax, r12d
        jne     .bad
        enter_tcg
        call    r14
        cmp     eax, r12d
        jne     .bad
        mov     eax, TABLES_B
        mov     cr3, rax
        call    r14
        cmp     eax, r13d
        jne     .bad
        test    ebp, 15
        jnz     .same
        mov     rax, [PT_A]
        xchg    rax, [PT_B]
        mov     [PT_A], rax
        xchg    r12, r13
.same:  dec     ebp
        jnz     .turn
        mov     eax, PML4
        mov     cr3, rax
        jmp     finished
.bad:   fail    1

; --- code ------------------------------------------------------------------

; mov eax, imm32; ret
put_function:
        mov     byte [CODE_RAM], 0xb8
        mov     dword [CODE_RAM + 1], ecx
        mov     byte [CODE_RAM + 5], 0xc3
        ret
; the same, its immediate split by a page boundary
put_split:
        mov     byte [CODE_RAM + 0xffd], 0xb8
        mov     dword [CODE_RAM + 0xffe], ecx
        mov     byte [CODE_RAM + 0x1002], 0xc3
        ret

; A function of two pages, each byte of which is an instruction, is changed byte by byte.
PARTS     equ 256
PARTS_AT  equ CODE_RAM + 0x1000 - 101     ; one of them is in both pages

; eax = how many increments there are
%macro count_parts 0
        xor     eax, eax
        mov     edx, PARTS_AT
        call    rdx
%endmacro

smc_parts:
        enter_tcg
        mov     edi, PARTS_AT
        mov     ecx, PARTS
.put:   mov     word [rdi], 0xc0ff      ; inc eax
        add     edi, 2
        dec     ecx
        jnz     .put
        mov     byte [rdi], 0xc3        ; ret
        mov     ebx, PARTS_AT
        mov     ebp, PARTS
.next:  count_parts
        cmp     eax, PARTS
        jne     .bad
        mov     byte [rbx], 0x90        ; nop
        mov     byte [rbx + 1], 0x90
        count_parts
        cmp     eax, PARTS - 1
        jne     .bad
        ; What lies beside it is data, and changes no code.
        inc     dword [CODE_RAM]
        inc     dword [CODE_RAM + 0x1f00]
        mov     byte [rbx + 1], 0xc0
        mov     byte [rbx], 0xff
        add     ebx, 2
        dec     ebp
        jnz     .next
        jmp     finished
.bad:   fail    rbp

; the scenario fails, at .bad, unless the function returns what is in this register
%macro returns 1
        mov     eax, CODE_RAM
        call    rax
        cmp     eax, %1
        jne     .bad
%endmacro

; Code that rewrites code, all in one window.
smc:
        mov     ebx, 100
.next:  enter_tcg
        mov     ecx, ebx
        call    put_function
        mov     eax, CODE_RAM
        call    rax
        cmp     eax, ebx
        jne     .bad
        dec     ebx
        jnz     .next
        jmp     finished
.bad:   fail    rbx

; VT rewrites what TCG has translated; then the other way round.
vt_writes_code:
        mov     ebx, 1
.next:  back_to_vt
        mov     ecx, ebx
        call    put_function
        shl     ecx, 16
        call    put_split
        enter_tcg
        returns ebx
        mov     eax, CODE_RAM + 0xffd
        call    rax
        shr     eax, 16
        cmp     eax, ebx
        jne     .bad
        ; TCG writes, VT runs
        mov     ecx, ebx
        neg     ecx
        call    put_function
        back_to_vt
        mov     eax, CODE_RAM
        call    rax
        neg     eax
        cmp     eax, ebx
        jne     .bad
        inc     ebx
        cmp     ebx, 50
        jbe     .next
        jmp     finished
.bad:   fail    rbx

; VT undoes what TCG wrote and ran: the page is as TCG had seen it first, not as its
; blocks are.
undone:
        mov     ebx, 1
.next:  back_to_vt
        mov     ecx, ebx
        call    put_function
        enter_tcg
        returns ebx
        mov     ecx, ebx
        neg     ecx
        call    put_function
        returns ecx
        back_to_vt
        mov     ecx, ebx
        call    put_function
        enter_tcg
        returns ebx
        inc     ebx
        cmp     ebx, 50
        jbe     .next
        jmp     finished
.bad:   fail    rbx

; --- page tables -------------------------------------------------------------

; user code, natively: read once under VT, change the entry in a window,
; flush, and look again under VT.  %1 entry, %2 value, %3 VA, %4 read|write,
; %5 value expected, or fault
%macro table_step 6
        mov     qword [STEP], %6
        mov     ebx, %%fault
        mov     qword [FAULTS], 0
        back_to_vt
        mov     eax, [%3]
        cmp     eax, 0xaaaa
        jne     failed
        enter_tcg
        mov     rax, [%1]               ; as kernels do before they change it
        mov     eax, %2
        mov     [%1], rax
        int     0x30
        back_to_vt
%ifidn %4, write
        mov     dword [%3], 0xcccc
%else
        mov     eax, [%3]
%endif
%ifidn %5, fault
        jmp     failed
%%fault:
        cmp     qword [FAULTS], 1
        jne     failed
%else
        cmp     eax, %5
        jne     failed
        jmp     %%next
%%fault:
        jmp     failed
%%next:
%endif
%endmacro

; put an entry back, in a window too (this VT has no INT n from user code)
%macro table_restore 2
        enter_tcg
        mov     qword [%1], %2
        int     0x30
%endmacro

%define LEAF  (PT + (LEAF_VA >> 12) * 8)
%define UPPER (PD + (UPPER_VA >> 21) * 8)

page_tables:
        mov     dword [FRAME_A], 0xaaaa
        mov     dword [FRAME_B], 0xbbbb
        mov     qword [PT_A], FRAME_A | 7
        mov     qword [PT_B], FRAME_B | 7
        mov     qword [LEAF], FRAME_A | 7
        mov     qword [UPPER], PT_A | 7
        enter_tcg
        int     0x30

        table_step LEAF, FRAME_B | 7, LEAF_VA, read, 0xbbbb, 1
        table_restore LEAF, FRAME_A | 7
        table_step LEAF, FRAME_A | 6, LEAF_VA, read, fault, 2
        table_restore LEAF, FRAME_A | 7
        table_step LEAF, FRAME_A | 5, LEAF_VA, write, fault, 3
        table_restore LEAF, FRAME_A | 7
        table_step LEAF, FRAME_A | 3, LEAF_VA, read, fault, 4
        table_restore LEAF, FRAME_A | 7

        table_step UPPER, PT_B | 7, UPPER_VA, read, 0xbbbb, 5
        table_restore UPPER, PT_A | 7
        table_step UPPER, PT_A | 6, UPPER_VA, read, fault, 6
        table_restore UPPER, PT_A | 7
        table_step UPPER, PT_A | 5, UPPER_VA, write, fault, 7
        table_restore UPPER, PT_A | 7
        table_step UPPER, PT_A | 3, UPPER_VA, read, fault, 8
        table_restore UPPER, PT_A | 7

        ; a dirty bit that a window clears is set again by VT's next write
        mov     qword [STEP], 9
        mov     ebx, failed
        back_to_vt
        mov     dword [LEAF_VA], 1
        enter_tcg
        mov     rax, [LEAF]
        and     al, ~0x40
        mov     [LEAF], rax
        int     0x30
        back_to_vt
        mov     dword [LEAF_VA], 2
        test    byte [LEAF], 0x40
        jz      failed
        mov     qword [STEP], 0
        jmp     finished

; Windows that store to data, among it what looks like no page table at all.
quiet_windows:
        mov     ebx, 20
        mov     rax, 0xffff800012345679
        mov     ecx, 512
.fill:  mov     [FRAME_A + rcx * 8 - 8], rax
        dec     ecx
        jnz     .fill
.next:  enter_tcg
        mov     [FRAME_A + rbx * 8], rbx
        back_to_vt
        dec     ebx
        jnz     .next
        jmp     finished

; --- ends ----------------------------------------------------------------------

wild_jump:
        mov     eax, 0x60000000
        jmp     rax

; vmovups zmm0, [rdi]: TCG has no AVX-512, KVM's emulator neither
unknown:
        mov     edi, MMIO
        db      0x62, 0xf1, 0x7c, 0x48, 0x10, 0x07
        jmp     finished

triple_fault:
        cmp     dword [STATUS + 4], 1
        jne     finished                ; the second time round
        sub     rsp, 16
        mov     word [rsp], 0
        lidt    [rsp]
        ud2

; #UD is what UD2 is for: the guest's own handler gets it.
ud2_at_cpl0:
        mov     qword [SCRATCH + 0x2000], .handler
        ud2
        fail    1
.handler:
        cmp     qword [rsp], 6
        jne     exception.fatal
        jmp     done

; KVM repeats the reads of this forever.
lgdt_mmio:
        mov     edi, MMIO
        mov     word [rdi], 0x3f
        mov     dword [rdi + 2], SCRATCH + 0x1000
        mov     dword [rdi + 6], 0
        lgdt    [rdi]
        sub     rsp, 16
        sgdt    [rsp]
        cmp     word [rsp], 0x3f
        jne     .bad
        cmp     qword [rsp + 2], SCRATCH + 0x1000
        jne     .bad
        jmp     finished
.bad:   fail    1

; KVM spins in the kernel on this.
sgdt_mmio:
        mov     edi, MMIO
        sgdt    [rdi]
        cmp     word [rdi], 0x3f
        je      finished
        fail    1

; XSAVE and XRSTOR are #NM with CR0.TS set, in each engine.
xsave_ts:
        mov     rax, cr4
        or      eax, 1 << 18
        mov     cr4, rax
        xor     ecx, ecx
        xor     edx, edx
        mov     eax, 3
        xsetbv
        mov     ebx, 2
        mov     rax, cr0
        or      al, 8
        mov     cr0, rax
        mov     qword [SCRATCH + 0x2000], .handler
        mov     eax, 3
        mov     edi, MMIO
        xsave   [rdi]
        fail    1
.handler:
        cmp     qword [rsp], 7
        jne     exception.fatal
        add     rsp, 6 * 8
        dec     ebx
        jz      finished
        mov     eax, 3
        mov     edi, MMIO
        xrstor  [rdi]
        fail    2

; --- time and interrupts ---------------------------------------------------------

hlt_timer:
        mov     qword [COUNT], 0
        call    start_timer
.wait:  sti
        hlt
        cli
        cmp     qword [COUNT], 20
        jb      .wait
        jmp     finished

; HLT inside a window, with the timer to end it.
window_hlt:
        mov     qword [COUNT], 0
        call    start_timer
        mov     ebx, 20
.wait:  enter_tcg
        sti
        hlt
        cli
        dec     ebx
        jnz     .wait
        cmp     qword [COUNT], 20
        jae     finished
        fail    1

; With CR0.NE clear an exception of x87 is IRQ 13, each time anew.
ferr:   mov     qword [COUNT], 0
        call    start_timer
        ; Each tick of it kicks the vCPU out of its window, and KVM has no FERR#.
        mov     al, 0x30                ; counter 0, mode 0, which waits for a count
        out     0x43, al
        mov     al, 0xfb                ; IRQ 13 only
        out     0x21, al
        mov     al, 0xdf
        out     0xa1, al
        mov     edi, 0x2d
        mov     esi, irq13
        mov     edx, 0x8e00
        call    set_gate
        mov     rax, cr0
        and     al, ~0x20
        mov     cr0, rax
        xor     ebx, ebx
        sti
.next:  inc     ebx
        enter_tcg
        test    bl, 2
        jz      .divide
        fldenv  [pending]               ; no instruction that takes IGNNE# back
        jmp     .here
.divide:
        fninit
        push    0x37b                   ; division by zero
        fldcw   [rsp]
        pop     rax
        fld1
        fldz
        fdivp   st1, st0
        test    bl, 1
        jz      .here
        cli
        fnop                            ; pending while interrupts are held
        back_to_vt
        sti
.here:  fwait
        mov     ecx, 50000
.wait:  cmp     [COUNT], rbx
        je      .came
        loop    .wait
        fail    1
.came:  fnstsw  ax
        test    al, 0x80
        jz      .clear
        fail    2
.clear: back_to_vt
        cmp     ebx, 16
        jb      .next
        jmp     finished

pending:
        dd      0x37b, 0x8084, 0xffff, 0, 0, 0, 0

irq13:  push    rax
        push    rcx
        push    rdx
        inc     qword [COUNT]
        out     0xf0, al                ; IGNNE#
        test    bl, 1
        jz      .other
        back_to_vt
        fninit                          ; which a KVM emulates
        jmp     .ack
.other: fnclex
.ack:   mov     al, 0x20
        out     0xa0, al
        out     0x20, al
        pop     rdx
        pop     rcx
        pop     rax
        iretq

; The TSC never goes back, whichever engine reads it.
tsc:
        mov     ebp, 200
        xor     ebx, ebx
.next:  rdtsc
        shl     rdx, 32
        or      rax, rdx
        cmp     rax, rbx
        jb      .bad
        mov     rbx, rax
        test    ebp, 1
        jz      .vt
        enter_tcg
        jmp     .again
.vt:    back_to_vt
.again: dec     ebp
        jnz     .next
        jmp     finished
.bad:   fail    rbp

; --- two CPUs ---------------------------------------------------------------------

SHARED   equ STATUS + 56
AP_DONE  equ STATUS + 64
TURNS    equ 2000

two_cpus:
        mov     qword [SHARED], 0
        mov     qword [AP_DONE], 0
        mov     esi, ap_start
        mov     ecx, ap_end - ap_start
        call    start_ap
        mov     ebx, TURNS
.next:  lock inc dword [SHARED]
        test    bl, 63
        jnz     .same
        enter_tcg
.same:  dec     ebx
        jnz     .next
.wait:  pause
        cmp     dword [AP_DONE], 1
        jne     .wait
        cmp     dword [SHARED], 2 * TURNS
        je      finished
        fail    1

bits 16
ap_start:
        xor     ax, ax
        mov     ds, ax
        mov     cx, TURNS
.next:  lock inc dword [SHARED]
        dec     cx
        jnz     .next
        mov     dword [AP_DONE], 1
.halt:  cli
        hlt
        jmp     .halt
ap_end:
bits 64

; --- something long, for resets and snapshots ---------------------------------------

; Sum, in an integer, an x87 and an SSE register at once; COUNT shows progress.
; COMMAND + 16 is how many turns.
long_sum:
        mov     r12d, [COMMAND + 16]
        xor     r13d, r13d
        mov     qword [COUNT], 0
        fldz
.next:  inc     r13
        inc     qword [COUNT]
        fld1
        faddp   st1, st0
        cmp     dword [COMMAND + 8], 0
        jz      .stay
        enter_tcg
        back_to_vt
.stay:  cmp     r13, r12
        jb      .next
        fistp   qword [DUMP]
        mov     [DUMP + 8], r13
        cmp     [DUMP], r13
        je      finished
        fail    1

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     start16
        times   0x10000 - ($ - $$) db 0
