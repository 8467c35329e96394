; SPDX-License-Identifier: GPL-2.0-or-later
;
; Guests that access devices in bursts.  What the devices see, in which order,
; is compared between engines by the test; what the guest can check it checks.

%include "frame.inc"

PORT     equ 0xe0               ; pc-testdev's register
RESULT   equ DUMP               ; a checksum of all that was read
TICKS    equ STATUS + 72
SHARED   equ STATUS + 56
AP_DONE  equ STATUS + 64
VGA      equ 0xa0000
UPPER    equ PD + (UPPER_VA >> 21) * 8

        align 8
scenarios:
        dq      forms           ; 0
        dq      strings         ; 1
        dq      ports           ; 2
        dq      counted         ; 3
        dq      polling         ; 4
        dq      registers       ; 5
        dq      planar          ; 6
        dq      doorbell        ; 7
        dq      two_cpus        ; 8
        dq      rewriting       ; 9
        dq      time            ; 10
        dq      system          ; 11
        dq      single_step     ; 12
        dq      mapping         ; 13
        dq      long_rep        ; 14
        dq      edges           ; 15
        dq      self_ipis       ; 16
        dq      rep_loads       ; 17
        dq      steady          ; 18
        dq      rep_faults      ; 19
        dq      lapic_ticks     ; 20
        dq      remapping       ; 21
        dq      shown           ; 22
        dq      posted          ; 23
        dq      posted_by_two   ; 24
        dq      fill            ; 25
scenarios_end:

%include "checksum.inc"

; --- every form of access ---------------------------------------------------

forms:
        mov     ebp, 60
        mov     r15, 1
.next:  mov     edi, MMIO
        imul    eax, ebp, 0x1e3779b1
        mov     rdx, rax
        shl     rdx, 29
        or      rax, rdx
        mov     [rdi], al
        mov     [rdi + 2], ax
        mov     [rdi + 4], eax
        mov     [rdi + 8], rax
        mov     [rdi + 17], eax
        mov     [rdi + 0xffe], rax      ; into the next page
        mov     dword [rdi + 80], 0x12345678
        mov     rax, [rdi + 0xffe]
        check
        movzx   eax, byte [rdi + 5]
        check
        movsx   rax, word [rdi + 17]
        check
        movsxd  rax, dword [rdi + 18]
        check
        inc     dword [rdi + 32]
        or      [rdi + 33], al
        xor     [rdi + 36], eax
        neg     word [rdi + 40]
        not     byte [rdi + 42]
        bts     dword [rdi + 44], 3
        sub     dword [rdi + 44], 7
        adc     byte [rdi + 46], 9
        xchg    [rdi + 48], eax
        check
        lock xadd [rdi + 52], eax
        check
        shl     dword [rdi + 60], 1
        setc    [rdi + 64]
        test    dword [rdi + 60], eax
        setz    al
        check
        push    qword [rdi]
        pop     qword [rdi + 72]
        cmp     [rdi + 4], ebp
        setb    al
        check
        mov     rax, [rdi + 32]
        check
        movnti  [rdi + 88], eax
        call    other
        dec     ebp
        jnz     .next
        result

; A function between accesses, with some blocks of its own.
other:
        mov     ecx, ebp
        and     ecx, 3
        inc     ecx
.next:  add     r15, rcx
        dec     ecx
        jnz     .next
        mov     al, [rdi + 84]
        check
        ret

strings:
        mov     ebp, 30
        mov     r15, 2
.next:  mov     edi, RAM_AREA
        mov     ecx, 32
        mov     eax, ebp
        rep stosq
        mov     esi, RAM_AREA
        mov     edi, MMIO + 0x100
        mov     ecx, 13
        rep movsb
        mov     ecx, 5
        rep movsd
        mov     ecx, 3
        rep movsq
        mov     ecx, 7
        rep stosw
        mov     esi, MMIO + 0x100       ; back into RAM
        mov     edi, RAM_AREA + 0x200
        mov     ecx, 40
        rep movsb
        mov     esi, MMIO + 0x100       ; within the device
        mov     edi, MMIO + 0x180
        mov     ecx, 9
        rep movsd
        std
        mov     esi, MMIO + 0x120
        mov     edi, MMIO + 0x1a0
        mov     ecx, 4
        rep movsw
        cld
        mov     esi, MMIO + 0x180
        lodsq
        check
        mov     edi, MMIO + 0x100
        mov     ecx, 20
        repne scasb
        mov     eax, ecx
        check
        mov     esi, RAM_AREA
        mov     edi, MMIO + 0x100
        mov     ecx, 20
        repe cmpsb
        mov     eax, ecx
        check
        mov     esi, RAM_AREA + 0x200
        mov     ecx, 5
.sum:   lodsq
        check
        dec     ecx
        jnz     .sum
        dec     ebp
        jnz     .next
        result

; REPs that read the device, of lengths around those at which KVM lets go of one.
rep_loads:
        mov     r15, 3
        mov     edi, MMIO + 0x100
        mov     byte [rdi + 1500], 0x55
        mov     ebx, .counts
.next:  mov     ecx, [rbx]
        jecxz   .end
        mov     esi, MMIO + 0x100
        mov     edi, BYTES
        rep movsb
        call    .check
        mov     ecx, [rbx]
        mov     esi, MMIO + 0x100
        a32 rep lodsb
        call    .check
        mov     ecx, [rbx]
        mov     edi, MMIO + 0x100
        mov     al, 0x55
        repne scasb
        call    .check
        mov     ecx, [rbx]
        mov     esi, MMIO + 0x100
        mov     edi, BYTES
        repe cmpsb
        call    .check
        add     ebx, 4
        jmp     .next
.end:   result
.check: check
        mov     rax, rcx
        check
        mov     rax, rsi
        check
        mov     rax, rdi
        check
        ret
.counts dd      1, 2, 3, 5, 1024, 1025, 1026, 1027, 2050, 0

; A REP that reads the device comes to a page that is not there.
rep_faults:
        mov     ebp, 40
        mov     r15, 5
.next:  mov     qword [UPPER], 0
        invlpg  [UPPER_VA]
        mov     ebx, .fault
        mov     ecx, 64
        mov     esi, MMIO + 0x100
        mov     edi, UPPER_VA
        mov     eax, ebp
        and     eax, 15
        sub     edi, eax
        rep movsb
        fail    1
.fault: mov     rax, rcx
        check
        mov     rax, rsi
        check
        mov     rax, rdi
        check
        mov     rax, cr2
        check
        mov     qword [UPPER], UPPER_VA | 0x87
        invlpg  [UPPER_VA]
        mov     ebx, .bad
        rep movsb
        mov     rax, rcx
        check
        mov     rax, rdi
        check
        dec     ebp
        jnz     .next
        mov     rax, [FAULTS]
        check
        result
.bad:   fail    2

; The same accesses over and over, as often as the operand says.
steady:
        mov     ebp, [COMMAND + 16]
        mov     r15, 4
        mov     edi, MMIO
.next:  mov     [rdi], ebp
        mov     eax, [rdi]
        check
        add     eax, ebp
        out     PORT, eax
        in      eax, PORT
        check
        dec     ebp
        jnz     .next
        result

ports:
        mov     ebp, 60
        mov     r15, 3
.next:  imul    eax, ebp, 0x1e3779b1
        mov     dx, PORT
        out     dx, eax
        in      eax, dx
        check
        out     PORT, al
        in      ax, PORT
        check
        out     dx, ax
        xor     eax, eax
        in      al, dx
        check
        mov     [RAM_AREA], r15
        mov     esi, RAM_AREA
        mov     ecx, 9
        rep outsb
        mov     ecx, 4
        rep outsw
        mov     ecx, 3
        rep outsd
        mov     edi, RAM_AREA + 0x100
        mov     ecx, 5
        rep insb
        mov     ecx, 3
        rep insd
        insw
        mov     esi, RAM_AREA + 0x100
        mov     ecx, 2
.sum:   lodsq
        check
        dec     ecx
        jnz     .sum
        dec     ebp
        jnz     .next
        result

; --- interrupts -----------------------------------------------------------------

; The handler accesses the device, too.
counting_timer:
        push    rax
        push    rdi
        mov     edi, MMIO
        inc     dword [rdi + 4]
        inc     qword [TICKS]
        mov     al, 0x20
        out     0x20, al
        pop     rdi
        pop     rax
        iretq

set_timer:
        mov     edi, 0x20
        mov     esi, counting_timer
        mov     edx, 0x8e00
        call    set_gate
        mov     qword [TICKS], 0
        jmp     start_timer

; Read-modify-writes of a device under interrupts: each happens once.
counted:
        mov     edi, MMIO
        mov     qword [rdi], 0
        call    set_timer
        mov     edi, MMIO
        sti
        mov     ebp, [COMMAND + 16]
.next:  inc     dword [rdi]
        call    other_counted
        dec     ebp
        jnz     .next
        cli
        mov     eax, [COMMAND + 16]
        cmp     [rdi], eax
        jne     .lost
        mov     eax, [TICKS]
        cmp     [rdi + 4], eax
        jne     .lost
        jmp     finished
.lost:  mov     eax, [rdi]
        mov     [STATUS + 80], eax
        mov     eax, [rdi + 4]
        mov     [STATUS + 84], eax
        fail    1
other_counted:
        test    ebp, 7
        jnz     .done
        pause
.done:  ret

; Polls a device until an interrupt has come, again and again.
polling:
        call    set_timer
        mov     edi, MMIO
        mov     dword [rdi + 8], 0
        mov     ebp, 20
.next:  mov     rbx, [TICKS]
        sti
.wait:  test    dword [rdi + 8], 1
        jnz     .never
        cmp     [TICKS], rbx
        je      .wait
        cli
        dec     ebp
        jnz     .next
        jmp     finished
.never: fail    1

; A long REP that raises an interrupt itself: pc-testdev's port moves a line.  The
; result is how much of it was left when the interrupt came.
LINE_5   equ 0x2005
BYTES    equ 0x200000

line_5:
        mov     [RESULT], rcx
        mov     ecx, 1                  ; this is enough
        push    rax
        mov     al, 0xff
        out     0x21, al
        mov     al, 0x20
        out     0x20, al
        pop     rax
        iretq

long_rep:
        call    start_timer             ; for the PIC; then IRQ 5 alone
        mov     al, 0xdf
        out     0x21, al
        mov     edi, 0x25
        mov     esi, line_5
        mov     edx, 0x8e00
        call    set_gate
        mov     edi, BYTES
        mov     eax, 0x00010001
        mov     ecx, [COMMAND + 16]
        shr     ecx, 2
        rep stosd
        mov     qword [RESULT], 0
        mov     esi, BYTES
        mov     edx, LINE_5
        mov     ecx, [COMMAND + 16]
        sti
        rep outsb
        nop
        cli
        jmp     finished

; --- state ------------------------------------------------------------------------

; All registers keep their values, x87, SSE and flags in between accesses; the
; engine changes at any of them.
registers:
        mov     ebp, 100
        fninit
        fldpi
        fldl2e
        fldz
        pxor    xmm0, xmm0
        mov     eax, 1
        movd    xmm1, eax
        xor     r13d, r13d
        mov     r14, 0x123456789abcdef
.next:  mov     edi, MMIO
        mov     [rdi], ebp
        fld1
        faddp   st1, st0
        mov     eax, [rdi]
        cmp     eax, ebp
        jne     .bad1
        paddd   xmm0, xmm1
        inc     r13d
        stc
        mov     [rdi + 4], ebp          ; leaves flags alone
        jnc     .bad2
        std
        mov     eax, [rdi + 4]
        pushf
        pop     rax
        cld
        test    eax, 1 << 10
        jz      .bad3
        test    ebp, 3
        jnz     .same
        fxch    st2                     ; the stack's order travels, too
        mov     eax, [rdi]
        fxch    st2
.same:  dec     ebp
        jnz     .next
        movd    eax, xmm0
        cmp     eax, r13d
        jne     .bad4
        fistp   dword [DUMP + 8]
        cmp     dword [DUMP + 8], 100
        jne     .bad5
        fldl2e
        fucomip st1
        jne     .bad6
        fstp    st0
        fldpi
        fucomip st1
        jne     .bad6
        mov     rax, 0x123456789abcdef
        cmp     r14, rax
        jne     .bad7
        jmp     finished
.bad1:  fail    1
.bad2:  fail    2
.bad3:  fail    3
.bad4:  fail    4
.bad5:  fail    5
.bad6:  fail    6
.bad7:  fail    7

; What a light window has not fetched: debug registers, the MSRs of system
; calls and SWAPGS, bases, CR2, CR3.
system:
        mov     ebp, 60
        mov     ecx, 0xc0000102         ; KERNEL_GS_BASE
        mov     eax, 0x11223344
        mov     edx, 0x5566
        wrmsr
.next:  mov     edi, MMIO
        mov     [rdi], ebp
        swapgs
        mov     [rdi], ebp
        mov     ecx, 0xc0000101         ; GS_BASE
        mov     eax, [rdi]
        rdmsr
        cmp     eax, 0x11223344
        jne     .bad1
        cmp     edx, 0x5566
        jne     .bad1
        mov     [rdi], ebp
        swapgs
        mov     eax, ebp
        mov     [rdi], ebp
        mov     dr0, rax
        inc     dword [rdi]
        mov     rbx, dr0
        cmp     ebx, ebp
        jne     .bad2
        mov     [rdi], ebp
        mov     rax, cr3
        mov     [rdi + 4], eax
        mov     cr3, rax
        mov     eax, [rdi + 4]
        mov     rbx, cr3
        cmp     eax, ebx
        jne     .bad3
        mov     eax, ebp
        mov     [rdi], eax
        mov     cr2, rax
        mov     [rdi], eax
        mov     rbx, cr2
        cmp     ebx, ebp
        jne     .bad4
        sub     rsp, 16
        inc     dword [rdi]
        sgdt    [rsp]
        cmp     qword [rsp + 2], SCRATCH + 0x1000
        jne     .bad5
        add     rsp, 16
        mov     ax, KDATA
        mov     [rdi], eax
        mov     es, ax
        mov     [rdi], eax
        mov     bx, es
        cmp     ax, bx
        jne     .bad6
        dec     ebp
        jnz     .next
        jmp     finished
.bad1:  fail    1
.bad2:  fail    2
.bad3:  fail    3
.bad4:  fail    4
.bad5:  fail    5
.bad6:  fail    6

; Each instruction traps with TF set, device access or not.
single_step:
        mov     ebp, 20
        mov     r14, 0
        mov     qword [SCRATCH + 0x2000], .trap
        mov     edi, MMIO
.next:  mov     [rdi], ebp
        mov     eax, [rdi]
        pushf
        or      dword [rsp], 0x100
        popf
        mov     [rdi], ebp
        mov     eax, [rdi]
        inc     dword [rdi]
        pushf
        and     dword [rsp], ~0x100
        popf
        dec     ebp
        jnz     .next
        ; after PUSHF, AND, POPF and three accesses; of those KVM's emulator
        ; forgets some, so they are not asked for
        mov     [COUNT], r14
        cmp     r14, 20 * 6
        ja      .bad
        cmp     r14, 20 * 3
        jae     finished
.bad:   fail    1
.trap:  cmp     qword [rsp], 1
        jne     exception.fatal
        add     rsp, 8
        inc     r14
        iretq

; --- frame buffers, doorbells ------------------------------------------------------

; Planar VGA: a read loads the latches, a write mixes them; writes are coalesced.
%macro vga 3            ; port, index, value
        mov     dx, %1
        mov     ax, (%3) << 8 | (%2)
        out     dx, ax
%endmacro

; COMMAND + 16 is how often again; COUNT says how often it was done.
planar:
        mov     r15, 4
.again: vga     0x3c4, 4, 6             ; all memory, planar
        vga     0x3c4, 2, 15            ; all planes
        vga     0x3ce, 6, 5             ; graphics, 64 KiB at A0000
        vga     0x3ce, 5, 0
        vga     0x3ce, 8, 0xff
        mov     edi, VGA
        mov     ecx, 512
.fill:  mov     eax, ecx
        mov     [rdi], al
        inc     edi
        dec     ecx
        jnz     .fill
        xor     eax, eax                ; the rest of what is read: a BIOS may have used it
        mov     ecx, 0x400
        rep stosb
        ; set/reset through a bit mask, as drivers draw
        vga     0x3ce, 0, 5
        vga     0x3ce, 1, 15
        mov     ebp, 0x80
.mask:  mov     dx, 0x3ce
        mov     eax, ebp
        mov     ah, al
        mov     al, 8
        out     dx, ax
        mov     edi, VGA
        mov     ecx, 64
.rmw:   mov     al, [rdi]
        mov     [rdi], al
        add     edi, 3
        dec     ecx
        jnz     .rmw
        shr     ebp, 1
        jnz     .mask
        ; write mode 1 copies through the latches
        vga     0x3ce, 5, 1
        mov     esi, VGA
        mov     edi, VGA + 0x400
        mov     ecx, 256
        rep movsb
        ; look at what is there, plane by plane
        vga     0x3ce, 5, 0
        vga     0x3ce, 1, 0
        vga     0x3ce, 8, 0xff
        mov     ebp, 3
.plane: mov     dx, 0x3ce
        mov     eax, ebp
        mov     ah, al
        mov     al, 4
        out     dx, ax
        mov     esi, VGA
        mov     ecx, 0x600
.read:  xor     eax, eax
        lodsb
        check
        dec     ecx
        jnz     .read
        dec     ebp
        jns     .plane
        inc     qword [COUNT]
        dec     dword [COMMAND + 16]
        jns     .again
        result

; pci-testdev (at device 5) in its MMIO BAR: tests whose doorbells are eventfds
; and tests whose are not; COMMAND + 16 is the test.
doorbell:
        mov     dx, 0xcf8
        mov     eax, 0x80002810         ; BAR 0
        out     dx, eax
        mov     dx, 0xcfc
        mov     eax, 0xfe000000
        out     dx, eax
        mov     dx, 0xcf8
        mov     eax, 0x80002804
        out     dx, eax
        mov     dx, 0xcfc
        mov     ax, 2
        out     dx, ax
        mov     edi, 0xfe000000
        mov     al, [COMMAND + 16]
        mov     [rdi], al               ; choose the test
        mov     ebx, [rdi + 4]          ; its offset
        mov     eax, [rdi + 8]          ; its data
        movzx   ecx, byte [rdi + 1]     ; its width
        mov     ebp, 50
.ring:  cmp     ecx, 1
        jne     .word
        mov     [rdi + rbx], al
        jmp     .rung
.word:  mov     [rdi + rbx], ax
.rung:  dec     ebp
        jnz     .ring
        mov     eax, [rdi + 12]         ; what the device counted
        mov     [RESULT], eax
        jmp     finished

; --- stores that VT posts --------------------------------------------------------------

%macro plain_plane 0
        vga     0x3c4, 4, 6
        vga     0x3c4, 2, 1
        vga     0x3ce, 6, 5
        vga     0x3ce, 5, 0
        vga     0x3ce, 4, 0
        vga     0x3ce, 1, 0
        vga     0x3ce, 8, 0xff
%endmacro

; Fewer, as many, and more than KVM's ring holds, then loads from there, and a port.
posted: plain_plane
        mov     r15, 4
        mov     ebx, .counts
.next:  movzx   ecx, word [rbx]
        jecxz   .end
        mov     edi, VGA
        mov     eax, ecx
.store: mov     [rdi], al
        add     al, 7
        inc     edi
        dec     ecx
        jnz     .store
        movzx   eax, byte [rdi - 1]
        check
        movzx   eax, byte [VGA]
        check
        mov     [rdi - 1], bl
        movzx   eax, byte [rdi - 1]
        check
        ; a store is posted across another device's port, so none waits here
        mov     dx, PORT
        out     dx, eax
        add     ebx, 2
        jmp     .next
.end:   result
.counts dw      1, 2, 3, 100, 168, 169, 170, 171, 172, 340, 341, 700, 5, 0

; Stores alone, COMMAND + 16 of them.
fill:   plain_plane
        mov     r15, 5
        mov     ecx, [COMMAND + 16]
.store: movzx   edi, cx
        mov     [VGA + rdi], cl
        dec     ecx
        jnz     .store
        result

HALF    equ 0x8000
STORES  equ 3000

; Two CPUs store into one region, and each reads its own.
posted_by_two:
        plain_plane
        mov     qword [AP_DONE], 0
        mov     esi, store_on_ap
        mov     ecx, store_on_ap_end - store_on_ap
        call    start_ap
        xor     ebp, ebp
.next:  mov     eax, ebp
        shr     eax, 3
        mov     [VGA + rbp], al
        test    ebp, 0xff
        jnz     .on
        cmp     [VGA + rbp], al
        jne     .bad
.on:    inc     ebp
        cmp     ebp, STORES
        jb      .next
.wait:  pause
        cmp     dword [AP_DONE], 1
        jne     .wait
        xor     ebp, ebp
.see:   mov     eax, ebp
        shr     eax, 3
        cmp     [VGA + rbp], al
        jne     .bad
        not     al
        cmp     [VGA + HALF + rbp], al
        jne     .bad
        inc     ebp
        cmp     ebp, STORES
        jb      .see
        jmp     finished
.bad:   fail    1

bits 16
store_on_ap:
        mov     ax, VGA >> 4
        mov     ds, ax
        xor     bx, bx
.next:  mov     ax, bx
        shr     ax, 3
        not     al
        mov     [bx + HALF], al
        test    bl, 0x7f
        jnz     .on
        cmp     [bx + HALF], al
        jne     .halt
.on:    inc     bx
        cmp     bx, STORES
        jb      .next
        xor     ax, ax
        mov     ds, ax
        mov     dword [AP_DONE], 1
.halt:  cli
        hlt
        jmp     .halt
store_on_ap_end:
bits 64

; --- both CPUs in bursts ------------------------------------------------------------

TURNS    equ 1500

two_cpus:
        mov     qword [SHARED], 0
        mov     qword [AP_DONE], 0
        mov     edi, MMIO
        mov     qword [rdi], 0
        mov     esi, ap_start
        mov     ecx, ap_end - ap_start
        call    start_ap
        mov     ebx, TURNS
        mov     edi, MMIO
.next:  lock inc dword [SHARED]
        inc     dword [rdi]
        dec     ebx
        jnz     .next
.wait:  pause
        cmp     dword [AP_DONE], 1
        jne     .wait
        cmp     dword [SHARED], 2 * TURNS
        jne     .bad
        cmp     dword [rdi], TURNS
        jne     .bad
        cmp     dword [AP_DONE + 4], TURNS
        jne     .bad
        jmp     finished
.bad:   fail    1

; The other CPU in real mode: a port, counting up what it last read from it.
bits 16
ap_start:
        xor     ax, ax
        mov     ds, ax
        mov     cx, TURNS
        xor     eax, eax
        mov     dx, PORT
        out     dx, eax
.next:  lock inc dword [SHARED]
        in      eax, dx
        inc     eax
        out     dx, eax
        dec     cx
        jnz     .next
        in      eax, dx
        mov     [AP_DONE + 4], eax
        mov     dword [AP_DONE], 1
.halt:  cli
        hlt
        jmp     .halt
ap_end:
bits 64

; --- coherence -----------------------------------------------------------------------

CODE_RAM equ 0x30000

; Code rewritten in a burst and between bursts.
rewriting:
        mov     ebp, 200
        mov     edi, MMIO
.next:  mov     byte [CODE_RAM], 0xb8           ; mov eax, imm32; ret
        mov     [CODE_RAM + 1], ebp
        mov     byte [CODE_RAM + 5], 0xc3
        mov     [rdi], ebp
        mov     eax, CODE_RAM
        call    rax
        cmp     eax, ebp
        jne     .bad
        mov     eax, [rdi]
        cmp     eax, ebp
        jne     .bad
        not     eax
        mov     [CODE_RAM + 1], eax
        test    ebp, 4
        jz      .burst
        push    rbx                             ; to VT
        xor     eax, eax
        cpuid
        pop     rbx
.burst: mov     eax, CODE_RAM
        call    rax
        not     eax
        cmp     eax, ebp
        jne     .bad
        dec     ebp
        jnz     .next
        jmp     finished
.bad:   fail    rbp

%define LEAF  (PT + (LEAF_VA >> 12) * 8)
FRAME_A  equ 0x32000
FRAME_B  equ 0x33000

; A page mapped elsewhere in a burst, with and without the flush in it.
mapping:
        mov     dword [FRAME_A], 0xaaaa
        mov     dword [FRAME_B], 0xbbbb
        mov     ebp, 100
        mov     edi, MMIO
.next:  mov     qword [LEAF], FRAME_A | 7
        invlpg  [LEAF_VA]
        mov     [rdi], ebp
        cmp     dword [LEAF_VA], 0xaaaa
        jne     .bad
        mov     eax, [rdi]
        mov     qword [LEAF], FRAME_B | 7
        test    ebp, 1
        jz      .late
        inc     dword [rdi]
        invlpg  [LEAF_VA]
        jmp     .flushed
.late:  push    rbx
        xor     eax, eax
        cpuid
        pop     rbx
        mov     rax, cr3
        mov     cr3, rax
.flushed:
        cmp     dword [LEAF_VA], 0xbbbb
        jne     .bad
        mov     [rdi], ebp
        dec     ebp
        jnz     .next
        jmp     finished
.bad:   fail    rbp

; The TSC never goes back between accesses.
time:
        mov     ebp, 500
        xor     ebx, ebx
        mov     edi, MMIO
.next:  rdtsc
        shl     rdx, 32
        or      rax, rdx
        cmp     rax, rbx
        jb      .bad
        mov     rbx, rax
        mov     [rdi], ebp
        test    ebp, 15
        jnz     .same
        push    rbx
        xor     eax, eax
        cpuid
        pop     rbx
.same:  dec     ebp
        jnz     .next
        jmp     finished
.bad:   fail    rbp

; --- instructions of several accesses, the last of them not the device's ---------

MMIO_END equ MMIO + 0x10000

edges:
        mov     ebp, 50
        mov     r15, 1
        mov     edi, MMIO
        mov     esi, MMIO_END
.next:  imul    rax, rbp, 0x1e3779b1
        mov     [rdi], eax
        mov     [rsi - 4], rax
        mov     [rdi + 4], eax
        mov     [rsi - 1], ax
        add     [rsi - 3], rax
        xchg    [rsi - 4], rax
        mov     eax, [rsi - 4]
        check
        mov     edi, MMIO_END - 3               ; the last element is across it
        mov     ecx, 1
        rep stosd
        mov     edi, MMIO_END
        mov     esi, MMIO
        movsd                                   ; read from it, stored past it
        mov     ecx, 3
        rep movsd
        mov     edi, MMIO
        mov     esi, MMIO_END
        mov     eax, [rdi + 4]
        check
        dec     ebp
        jnz     .next
        result

; --- interrupts that the CPU sends itself ---------------------------------------------

IPI      equ 0x31

; Each is taken once, and none that was not sent, though segments are loaded.
self_ipis:
        mov     edi, IPI
        mov     esi, .taken
        mov     edx, 0x8e00
        call    set_gate
        mov     edi, 0xfee00000
        mov     dword [rdi + 0xf0], 0x1ff
        sti
        mov     ebp, 200
        xor     ebx, ebx
        mov     esi, MMIO
        mov     r15, 1
.next:  inc     rbx
        mov     dword [rdi + 0x300], 0x44000 | IPI      ; to itself
.wait:  cmp     [COUNT], rbx
        jb      .wait
        mov     ecx, 4
        call    .burst
        mov     eax, KDATA                      ; each time another
        test    bl, 1
        jz      .load
        xor     eax, eax
.load:  mov     fs, ax
        mov     ecx, 30
        call    .burst
        mov     ecx, 5000                       ; quiet: the window ends
.quiet: dec     ecx
        jnz     .quiet
        cmp     [COUNT], rbx
        jne     .bad
        dec     ebp
        jnz     .next
        cli
        result

.burst: mov     [rsi], ecx
        mov     eax, [rsi]
        check
        dec     ecx
        jnz     .burst
        ret

.taken: push    rax
        inc     qword [COUNT]
        mov     eax, 0xfee000b0
        mov     dword [rax], 0
        pop     rax
        iretq

.bad:   fail    rbp

; A burst that goes on until the LAPIC's periodic timer has interrupted it COMMAND
; + 16 times, which the test may change.  The timer's clock is divided by 128, and
; counts from COMMAND + 8, if that is not zero.
lapic_ticks:
        mov     edi, IPI
        mov     esi, self_ipis.taken
        mov     edx, 0x8e00
        call    set_gate
        mov     edi, 0xfee00000
        mov     dword [rdi + 0xf0], 0x1ff
        mov     dword [rdi + 0x3e0], 10
        mov     dword [rdi + 0x320], 1 << 17 | IPI
        mov     ecx, 10000000 / 128
        mov     eax, [COMMAND + 8]
        test    eax, eax
        cmovz   eax, ecx
        mov     [rdi + 0x380], eax
        mov     esi, MMIO
        sti
.next:  mov     eax, [rsi]
        mov     eax, [COMMAND + 16]
        cmp     [COUNT], rax
        jb      .next
        cli
        mov     dword [rdi + 0x380], 0
        jmp     finished

; VGA memory is RAM where bytes are chained, and a device where they are not: the
; map changes COMMAND + 16 times and back.
remapping:
        mov     r15, 5
        mov     ebp, [COMMAND + 16]
        vga     0x3c4, 2, 15            ; all planes
        vga     0x3ce, 6, 5             ; graphics, 64 KiB at A0000
        vga     0x3ce, 5, 0
        vga     0x3ce, 8, 0xff
.next:  vga     0x3c4, 4, 14            ; chained
        mov     eax, ebp
        and     eax, 0xff
        imul    ecx, eax, 0x01010101
        mov     [VGA + rax * 4], ecx
        mov     [VGA + 0x3000], ebp
        mov     eax, [VGA + 0x3000]
        check
        vga     0x3c4, 4, 6             ; planes
        mov     edi, VGA
        mov     ecx, 8
.byte:  movzx   eax, byte [rdi]
        check
        mov     [rdi + 0x400], al
        inc     edi
        dec     ecx
        jnz     .byte
        dec     ebp
        jnz     .next
        movzx   eax, byte [VGA]         ; no store waits in KVM any more
        check
        result

; A picture is on the screen, and nothing leaves VT until COMMAND + 16 is zero.
shown:
        vga     0x3ce, 6, 5
        mov     dx, 0x3da
        in      al, dx
        mov     dx, 0x3c0               ; the palette is on
        mov     al, 0x20
        out     dx, al
        mov     qword [COUNT], 1
.wait:  cmp     dword [COMMAND + 16], 0
        jne     .wait
        jmp     finished

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     start16
        times   0x10000 - ($ - $$) db 0
