; SPDX-License-Identifier: GPL-2.0-or-later
;
; Guests that never see long mode: 32-bit code at CPL 0 and 3, 16-bit protected mode,
; virtual 8086 mode and real mode, with windows and bursts in each.  COMMAND chooses the
; scenario (+0) and says whether there is paging (+16); the host reads STATUS as in
; boot64.inc.

COMMAND  equ 0x8000
STATUS   equ 0x8f00
STEP     equ STATUS + 32
COUNT    equ STATUS + 40        ; timer interrupts
FAULTS   equ STATUS + 48        ; #GP of virtual 8086 mode
DONE     equ 0x600d600d
FAIL     equ 0x0bad0bad
ROM      equ 0xf0000
GDT      equ 0x7000
TSS      equ 0x20000            ; 32-bit, with an I/O bitmap for all ports behind it
TSS16    equ 0xb000
IDT      equ 0xc000
RESUME   equ 0xcff0             ; where exceptions go, if not 0
PAGES    equ 0x10000            ; page directory, then a table for the first 4 MiB
STACK0   equ 0x60000
STACK3   equ 0x50000
CODE16   equ 0x30000            ; 16-bit code is copied there
MMIO     equ 0xff000000

KCODE    equ 0x08
KDATA    equ 0x10
UCODE    equ 0x18 | 3
UDATA    equ 0x20 | 3
TSS_SEL  equ 0x28
LCODE    equ 0x30               ; code with D and L set
CODE16_SEL equ 0x38
DATA16_SEL equ 0x40
TSS16_SEL equ 0x48
UCODE16  equ 0x50 | 3
UDATA16  equ 0x58 | 3
ROM16_SEL equ 0x60

%macro step 1
        mov     dword [STEP], %1
%endmacro

%macro enter_tcg 0
        mov     edi, MMIO
        movd    mm7, [edi]
%endmacro

; paging with the tables at PAGES
%macro page 0
        mov     eax, PAGES
        mov     cr3, eax
        mov     eax, cr0
        or      eax, 0x80000000
        mov     cr0, eax
%endmacro

; 60 accesses, a window's worth
%macro burst 0
        mov     edi, MMIO
        mov     ecx, 60
%%next: mov     eax, [edi]
        dec     ecx
        jnz     %%next
%endmacro

org ROM
bits 16
start16:
        cli
        xor     ax, ax
        mov     ss, ax
        mov     sp, 0x6000
        mov     ds, ax
        cmp     word [COMMAND], 16      ; those from 16 on stay in real mode
        jae     real_mode
        o32 lgdt [cs:gdtr - $$]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword KCODE:start32

        align 8
gdt:    dq      0
        dq      0x00cf9b000000ffff      ; KCODE
        dq      0x00cf93000000ffff      ; KDATA
        dq      0x00cffb000000ffff      ; UCODE
        dq      0x00cff3000000ffff      ; UDATA
        dw      0x68 + 0x2000, TSS & 0xffff     ; TSS_SEL
        db      TSS >> 16, 0x89, 0, 0
        dq      0x00ef9b000000ffff      ; LCODE
        dw      0xffff, CODE16 & 0xffff ; CODE16_SEL
        db      CODE16 >> 16, 0x9b, 0, 0
        dw      0xffff, 0               ; DATA16_SEL
        db      0, 0x93, 0, 0
        dw      0x2b, TSS16             ; TSS16_SEL
        db      0, 0x81, 0, 0
        dw      0xffff, CODE16 & 0xffff ; UCODE16
        db      CODE16 >> 16, 0xfb, 0, 0
        dw      0xffff, 0               ; UDATA16
        db      0, 0xf3, 0, 0
        dw      0xffff, 0               ; ROM16_SEL: this image
        db      ROM >> 16, 0x9b, 0, 0
gdt_end:
gdtr:   dw      gdt_end - gdt - 1
        dd      gdt

bits 32
start32:
        mov     ax, KDATA
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     esp, STACK0
        cld
        inc     dword [STATUS + 4]
        mov     esi, gdt                ; busy is stored there
        mov     edi, GDT
        mov     ecx, (gdt_end - gdt) / 4
        rep movsd
        push    GDT
        push    word gdt_end - gdt - 1
        lgdt    [esp]
        add     esp, 6
        jmp     KCODE:.here
.here:  mov     edi, TSS
        mov     ecx, (0x68 + 0x2000) / 4 + 1
        xor     eax, eax
        rep stosd
        mov     dword [TSS + 4], STACK0
        mov     dword [TSS + 8], KDATA
        mov     word [TSS + 0x66], 0x68
        mov     byte [TSS + 0x68 + 0x2000], 0xff
        mov     edi, TSS16
        mov     ecx, 11
        rep stosd
        mov     word [TSS16 + 2], 0x5f00
        mov     word [TSS16 + 4], KDATA
        ; gates of 32 bits, all open to CPL 3
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
        add     esi, 8
        inc     ecx
        cmp     ecx, 0x40
        jne     .gate
        push    IDT
        push    word 0x40 * 8 - 1
        lidt    [esp]
        add     esp, 6
        mov     dword [RESUME], 0
        mov     eax, cr0
        and     eax, ~4
        or      eax, 0x22
        mov     cr0, eax
        mov     eax, cr4
        or      eax, 0x600
        mov     cr4, eax
        mov     ax, TSS_SEL
        cmp     dword [COMMAND], 3
        jne     .tss
        mov     ax, TSS16_SEL
.tss:   ltr     ax
        cmp     dword [COMMAND + 16], 0
        je      .flat
        ; 4 MiB pages for all but the first 4 MiB, user-accessible
        mov     edi, PAGES
        mov     eax, 0x87
        mov     ecx, 1024
.pde:   stosd
        add     eax, 0x400000
        dec     ecx
        jnz     .pde
        mov     eax, 7
        mov     ecx, 1024
.pte:   stosd
        add     eax, 0x1000
        dec     ecx
        jnz     .pte
        mov     dword [PAGES], (PAGES + 0x1000) | 7
        mov     eax, cr4
        or      al, 0x10
        mov     cr4, eax
        page
.flat:  mov     eax, [COMMAND]
        cmp     eax, (scenarios_end - scenarios) / 4
        jae     failed
        jmp     [scenarios + eax * 4]

        align 8
stubs:
%assign v 0
%rep 0x40
        align 8
        push    byte v
        jmp     strict near vector
%assign v v + 1
%endrep

scenarios:
        dd      user            ; 0: CPL 3, events of each kind to CPL 0
        dd      long_bit        ; 1: CS with L set
        dd      sixteen         ; 2: 16-bit protected mode, CPL 0 and 3
        dd      sixteen         ; 3: the same, with a 16-bit TSS
        dd      v86             ; 4: virtual 8086 mode
        dd      pae             ; 5: PAE, whose top entries have no accessed bit
scenarios_end:

; [esp] vector; then an error code or EIP
vector: push    eax
        push    ds
        mov     eax, KDATA
        mov     ds, eax
        mov     eax, [esp + 8]
        cmp     eax, 0x20
        je      .timer
        cmp     eax, 0x30
        je      .event
        cmp     eax, 6
        je      .undefined
        cmp     dword [RESUME], 0
        je      fatal
        jmp     [RESUME]
.timer: inc     dword [COUNT]
        mov     al, 0x20
        out     0x20, al
        jmp     .back
.undefined:
        add     dword [esp + 12], 2     ; of UD2
.event: inc     dword [FAULTS]
.back:  pop     ds
        pop     eax
        add     esp, 4
        iret

fatal:  mov     eax, [esp + 8]
        mov     [STATUS + 8], eax
        mov     eax, [esp + 12]
        mov     [STATUS + 16], eax
failed: mov     eax, FAIL
        jmp     finish
done:   mov     eax, DONE
finish: cli
        mov     ebx, KDATA
        mov     ds, ebx
        mov     [STATUS], eax
.halt:  hlt
        jmp     .halt

; The four entries of the page-directory-pointer table are registers of the CPU: it sets no
; accessed bit there, and refuses entries that have one (SDM vol. 3A, 4.4.1).
pae:    mov     edi, PAGES + 0x1000
        mov     eax, 0x87
        mov     ecx, 2048
.pde:   mov     [edi], eax
        mov     dword [edi + 4], 0
        add     edi, 8
        add     eax, 0x200000
        dec     ecx
        jnz     .pde
        mov     edi, PAGES
        mov     eax, (PAGES + 0x1000) | 1
.pdpte: mov     [edi], eax
        mov     dword [edi + 4], 0
        add     edi, 8
        add     eax, 0x1000
        cmp     edi, PAGES + 32
        jne     .pdpte
        mov     eax, cr4
        or      al, 0x20
        mov     cr4, eax
        page
        mov     ebp, 20
.again: burst
        enter_tcg
        mov     eax, [0x40000000]
        mov     eax, [0x80000000]
        mov     edi, PAGES
        mov     eax, (PAGES + 0x1000) | 1
.look:  cmp     [edi], eax
        jne     failed
        add     edi, 8
        add     eax, 0x1000
        cmp     edi, PAGES + 32
        jne     .look
        mov     eax, cr4                ; each reads the entries anew
        xor     al, 0x80
        mov     cr4, eax
        mov     eax, cr3
        mov     cr3, eax
        dec     ebp
        jnz     .again
        jmp     done

; IRQ 0 through the PIC at about 1 kHz, to gate 0x20
start_timer:
        mov     edi, 0xfee00000
        mov     dword [edi + 0xf0], 0x1ff
        mov     dword [edi + 0x350], 0x700
        mov     al, 0x11
        out     0x20, al
        out     0xa0, al
        mov     al, 0x20
        out     0x21, al
        mov     al, 0x28
        out     0xa1, al
        mov     al, 4
        out     0x21, al
        mov     al, 2
        out     0xa1, al
        mov     al, 1
        out     0x21, al
        out     0xa1, al
        mov     al, 0xfe
        out     0x21, al
        mov     al, 0xff
        out     0xa1, al
        mov     al, 0x34
        out     0x43, al
        mov     al, 0xa9
        out     0x40, al
        mov     al, 0x04
        out     0x40, al
        ret

; --- CPL 3 ---------------------------------------------------------------------

user:   call    start_timer
        push    UDATA
        push    STACK3
        push    0x3202                  ; IOPL 3, IF
        push    UCODE
        push    .code
        iret
.code:  mov     ax, UDATA
        mov     ds, ax
        mov     es, ax
        mov     ebx, 60
.next:  step    1
        enter_tcg
        int     0x30
        step    2
        enter_tcg
        ud2
        step    3
        burst
        int     0x30
        step    4
        mov     ecx, 60                 ; a burst of ports, by IOPL
.port:  in      al, 0x80
        dec     ecx
        jnz     .port
        dec     ebx
        jnz     .next
        step    5
        cmp     dword [FAULTS], 180
        jne     failed
        step    6                       ; interrupts come while TCG has it
.wait:  burst
        cmp     dword [COUNT], 20
        jb      .wait
        ; without IOPL the bitmap of the TSS allows it
        step    7
        mov     esi, .end
        jmp     drop_iopl
.end:   mov     ecx, 60
.bitmap:
        in      al, 0x80
        dec     ecx
        jnz     .bitmap
        enter_tcg
        in      al, 0x80
        mov     eax, DONE               ; CPL 3 cannot CLI, nor must it
        mov     [STATUS], eax
        jmp     $

; go on at esi with IOPL 0, by way of CPL 0
drop_iopl:
        mov     dword [RESUME], .kernel
        int     0x31
        jmp     failed
.kernel:
        mov     dword [RESUME], 0
        push    UDATA
        push    STACK3
        push    0x202
        push    UCODE
        push    esi
        mov     eax, UDATA
        mov     ds, eax
        mov     es, eax
        iret

; --- CS with the L bit, which has no meaning outside long mode ---------------------

long_bit:
        step    1
        jmp     LCODE:.here
.here:  mov     ebx, 20
.next:  enter_tcg
        jmp     LCODE:.far              ; loaded in a window, too
.far:   burst
        burst
        dec     ebx
        jnz     .next
        step    2
        mov     ax, cs
        cmp     ax, LCODE
        jne     failed
        jmp     done

; --- 16-bit protected mode ---------------------------------------------------------

copy16: mov     esi, code16
        mov     edi, CODE16
        mov     ecx, (code16_end - code16 + 3) / 4
        rep movsd
        ret

sixteen:
        call    copy16
        call    start_timer
        ; a 286 interrupt gate and a 286 trap gate
        mov     word [IDT + 0x32 * 8], code16_event - code16
        mov     word [IDT + 0x32 * 8 + 2], CODE16_SEL
        mov     dword [IDT + 0x32 * 8 + 4], 0xe600
        mov     word [IDT + 0x33 * 8], code16_event - code16
        mov     word [IDT + 0x33 * 8 + 2], CODE16_SEL
        mov     dword [IDT + 0x33 * 8 + 4], 0xe700
        mov     ax, DATA16_SEL
        mov     ss, ax
        mov     esp, 0x6000
        mov     ds, ax
        mov     es, ax
        mov     dword [RESUME], .back
        jmp     CODE16_SEL:code16_start - code16
.back:  ; INT 31h: AX said whether it went well
        mov     eax, [esp + 4]
        mov     ebx, KDATA
        mov     ss, ebx
        mov     esp, STACK0
        test    ax, ax
        jz      failed
        jmp     done

; --- virtual 8086 mode -----------------------------------------------------------------

v86:    call    copy16
        call    start_timer
        mov     dword [RESUME], .monitor
        push    dword 0                 ; GS FS DS ES
        push    dword 0
        push    dword 0
        push    dword 0
        push    dword 0                 ; SS:SP
        push    dword 0x6000
        push    dword 0x20202           ; VM, IF, IOPL 0
        push    dword CODE16 >> 4
        push    dword v86_start - code16
        iret
; #GP of CLI, STI, HLT, INT n: counted and passed over; INT 31h is the end
.monitor:
        cmp     dword [esp + 8], 13
        jne     .end
        inc     dword [FAULTS]
        push    ebx
        movzx   eax, word [esp + 24]    ; CS
        shl     eax, 4
        add     eax, [esp + 20]         ; EIP
        mov     bl, [eax]
        inc     dword [esp + 20]
        cmp     bl, 0xcd
        jne     .passed
        inc     dword [esp + 20]
        cmp     byte [eax + 1], 0x31
        je      .finished
.passed:
        pop     ebx
        pop     ds
        pop     eax
        add     esp, 8
        iret
.finished:
        mov     ebx, KDATA
        mov     ds, ebx
        step    20
        cmp     dword [FAULTS], 40 * 3 + 1
        jne     failed
        cmp     dword [COUNT], 20
        jb      failed
        jmp     done
.end:   jmp     fatal

; --- 16-bit code, at CODE16:0 ----------------------------------------------------------

bits 16
code16:
code16_start:
        sti
        mov     bp, 40
.next:  mov     word [STEP], 1
        mov     edi, 0xb8000
        mov     cx, 200
.port:  in      al, 0x80
        dec     cx
        jnz     .port
        int     0x32
        in      al, 0x80
        int     0x33
        mov     ax, DATA16_SEL          ; segments are loaded in a window
        in      al, 0x80
        push    ds
        pop     es
        dec     bp
        jnz     .next
        mov     word [STEP], 2
        cmp     word [FAULTS], 80
        jne     .bad
        mov     word [STEP], 3
.wait:  in      al, 0x80
        cmp     word [COUNT], 20
        jb      .wait
        mov     word [STEP], 4          ; CPL 3
        push    UDATA16
        push    0x5000
        push    UCODE16
        push    .user - code16
        retf
.user:  mov     ax, UDATA16
        mov     ds, ax
        mov     es, ax
        mov     bp, 40
.inner: mov     cx, 60
        mov     ebx, 0xb8000
.store: in      al, 0x80
        dec     cx
        jnz     .store
        int     0x32
        in      al, 0x80
        int     0x33
        dec     bp
        jnz     .inner
        mov     word [STEP], 5
        cmp     word [FAULTS], 160
        jne     .bad
        mov     ax, 1
        int     0x31
.bad:   xor     ax, ax
        int     0x31

code16_event:
        push    ds
        push    ax
        mov     ax, DATA16_SEL
        mov     ds, ax
        inc     word [FAULTS]
        pop     ax
        pop     ds
        iret

v86_start:
        xor     ax, ax
        mov     ds, ax
        mov     ax, 0xb800
        mov     es, ax
        mov     bp, 40
.next:  mov     word [STEP], 11
        mov     cx, 200                 ; by the I/O bitmap
.port:  in      al, 0x80
        dec     cx
        jnz     .port
        mov     cx, 100
        xor     di, di
.vga:   mov     al, [es:di]             ; a device's memory
        inc     di
        dec     cx
        jnz     .vga
        cli
        int     0x40
        sti
        dec     bp
        jnz     .next
        mov     word [STEP], 12
.wait:  in      al, 0x80
        cmp     word [COUNT], 20
        jb      .wait
        int     0x31
code16_end:

; --- real mode -----------------------------------------------------------------------------

real_mode:
        inc     word [STATUS + 4]
        mov     ax, [COMMAND]
        cmp     ax, 16
        je      breakpoint16
        cmp     ax, 17
        je      tsc16
        jmp     fail16
done16: mov     dword [STATUS], DONE
        jmp     stay16
fail16: mov     dword [STATUS], FAIL
stay16: cli
        hlt
        jmp     stay16

; Execution breakpoints where CS has a base, for each kind of CS:IP of one address.
breakpoint16:
        mov     word [1 * 4], debug16 - ROM
        mov     word [1 * 4 + 2], cs
        mov     eax, .target
        mov     dr0, eax
        mov     eax, 0x402
        mov     dr7, eax
        mov     cx, 50
        mov     dx, 0x80
.next:  in      al, dx
.target:
        nop
        dec     cx
        jnz     .next
        mov     word [STEP], 1
        cmp     word [COUNT], 50
        jne     fail16
        mov     eax, .other_target - ROM
        mov     dr0, eax                ; EIP is that there, the address is not
        mov     cx, 50
.other: in      al, dx
.other_target:
        nop
        dec     cx
        jnz     .other
        mov     word [STEP], 2
        cmp     word [COUNT], 50
        jne     fail16
        xor     eax, eax
        mov     dr7, eax
        jmp     done16
debug16:
        inc     word [COUNT]
        push    bp
        mov     bp, sp
        push    eax
        xor     eax, eax
        mov     dr6, eax
        pop     eax
        ; RF cannot be set by a 16-bit IRET: NOP is passed over
        inc     word [bp + 2]
        pop     bp
        iret

; IA32_TSC and IA32_TSC_ADJUST, written in real mode, hold in protected mode.
; The difference of two readings around the change of mode has to be small.
%macro tsc_is_near 1            ; step: EDX:EAX is at most 2^36 from [DUMP]
        mov     word [STEP], %1
        sub     eax, [0x9000]
        sbb     edx, [0x9004]
        cmp     edx, 16
        jae     fail16
%endmacro
tsc16:  mov     ecx, 0x10               ; far ahead: 2^60
        xor     eax, eax
        mov     edx, 1 << 28
        mov     [0x9000], eax
        mov     [0x9004], edx
        wrmsr
        rdtsc
        tsc_is_near 1
        mov     ecx, 0x10
        rdmsr
        tsc_is_near 2
        call    through_protected
        rdtsc
        tsc_is_near 3
        mov     ecx, 0x10
        rdmsr
        tsc_is_near 4
        ; with TSC_ADJUST, if CPUID shows it: another 2^59
        xor     eax, eax
        cpuid
        cmp     eax, 7
        jb      done16
        mov     eax, 7
        xor     ecx, ecx
        cpuid
        test    bl, 2
        jz      done16
        mov     word [STEP], 5
        mov     ecx, 0x3b
        rdmsr
        cmp     edx, (1 << 28) - 0x100000
        jb      fail16
        add     edx, 1 << 27
        add     dword [0x9004], 1 << 27
        wrmsr
        rdtsc
        tsc_is_near 6
        call    through_protected
        rdtsc
        tsc_is_near 7
        mov     ecx, 0x3b
        rdmsr
        mov     word [STEP], 8
        cmp     edx, (1 << 28) + (1 << 27) - 0x100000
        jb      fail16
        ; and back by less than a second's ticks: no step is too small
        sub     eax, 100000000
        sbb     edx, 0
        push    eax
        wrmsr
        call    through_protected
        mov     ecx, 0x3b
        rdmsr
        pop     ebx
        mov     word [STEP], 9
        cmp     eax, ebx
        jne     fail16
        jmp     done16

; Protected mode with a burst in it, RDTSC there, and back.
through_protected:
        o32 lgdt [cs:gdtr - $$]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword KCODE:.protected
bits 32
.protected:
        mov     ax, KDATA
        mov     ds, ax
        mov     ss, ax
        burst
        rdtsc
        sub     eax, [0x9000]
        sbb     edx, [0x9004]
        cmp     edx, 16
        jae     failed
        mov     ax, DATA16_SEL
        mov     ds, ax
        mov     ss, ax
        jmp     ROM16_SEL:.sixteen - ROM
bits 16
.sixteen:
        mov     eax, cr0
        and     al, ~1
        mov     cr0, eax
        jmp     ROM >> 4:.real - ROM
.real:  xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        ret

        times   0xfff0 - ($ - $$) db 0xf4
        jmp     ROM >> 4:start16 - ROM
        times   0x10000 - ($ - $$) db 0
