; SPDX-License-Identifier: GPL-2.0-or-later
;
; Bursts of device accesses to be measured: a loop each, as drivers and boot
; loaders have them.  COMMAND is the loop, COMMAND + 16 how often it runs; what
; it took, in ticks of the TSC, goes to the debug console; then comes a reset.

%include "frame.inc"

VGA      equ 0xa0000
TEXT     equ 0xb8000
BAR      equ 0xfe000000
DEBUGCON equ 0x505

        align 8
scenarios:
        dq      nothing         ; 0
        dq      planar_rmw      ; 1
        dq      text_scroll     ; 2
        dq      ide_write       ; 3
        dq      ide_read        ; 4
        dq      pci_scan        ; 5
        dq      serial          ; 6
        dq      cmos            ; 7
        dq      pflash          ; 8
        dq      nic_registers   ; 9
        dq      simd_bar        ; 10
        dq      compute         ; 11
        dq      latency         ; 12
        dq      cold_code       ; 13
        dq      stores          ; 14
scenarios_end:

%macro begin 0
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        mov     [SCRATCH + 0x3000], rax
        mov     ebp, [COMMAND + 16]
%endmacro

; Ends: rax ticks, in decimal, and a newline.
%macro finish_bench 0
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        sub     rax, [SCRATCH + 0x3000]
        jmp     report
%endmacro

report:
        call    print
        mov     al, 10
        mov     dx, DEBUGCON
        out     dx, al
        mov     al, 0xfe                ; the keyboard controller's reset
        out     0x64, al
.halt:  hlt
        jmp     .halt

print:
        mov     ecx, 10
        mov     edi, SCRATCH + 0x3100
.digit: xor     edx, edx
        div     rcx
        add     dl, '0'
        mov     [rdi], dl
        inc     edi
        test    rax, rax
        jnz     .digit
.out:   dec     edi
        mov     al, [rdi]
        mov     dx, DEBUGCON
        out     dx, al
        cmp     edi, SCRATCH + 0x3100
        ja      .out
        ret

nothing:
        begin
        finish_bench

%macro vga 3            ; port, index, value
        mov     dx, %1
        mov     ax, (%3) << 8 | (%2)
        out     dx, ax
%endmacro

; A driver that fills a mode 12h screen through bit mask and latches: 80 bytes
; by 30 rows a turn, each read and written.
planar_rmw:
        vga     0x3c4, 4, 6
        vga     0x3c4, 2, 15
        vga     0x3ce, 6, 5
        vga     0x3ce, 5, 0
        vga     0x3ce, 1, 15
        vga     0x3ce, 8, 0x5a
        begin
.turn:  vga     0x3ce, 0, 5
        mov     edi, VGA
        mov     ecx, 80 * 30
.rmw:   mov     al, [rdi]
        mov     [rdi], al
        inc     edi
        dec     ecx
        jnz     .rmw
        dec     ebp
        jnz     .turn
        finish_bench

; Text is written, and nothing is read: 2000 cells a turn.
stores: begin
.turn:  mov     edi, TEXT
        mov     ecx, 2000
.cell:  mov     [rdi], bp
        add     edi, 2
        dec     ecx
        jnz     .cell
        dec     ebp
        jnz     .turn
        finish_bench

; Text scrolls by a line: 24 lines of 80 cells up, one of blanks.
text_scroll:
        vga     0x3c4, 4, 2
        vga     0x3c4, 2, 3
        vga     0x3ce, 5, 0x10
        vga     0x3ce, 6, 0x0e
        begin
.turn:  mov     esi, TEXT + 160
        mov     edi, TEXT
        mov     ecx, 24 * 80
        rep movsw
        mov     eax, 0x0720
        mov     ecx, 80
        rep stosw
        dec     ebp
        jnz     .turn
        finish_bench

; al: the status register, once the drive is not busy
%macro ide_wait 0
        mov     dx, 0x1f7
%%wait: in      al, dx
        test    al, 0x80
        jnz     %%wait
%endmacro

%macro ide_command 1    ; LBA in ebx, one sector
        ide_wait
        mov     dx, 0x1f2
        mov     al, 1
        out     dx, al
        inc     edx
        mov     eax, ebx
        out     dx, al
        inc     edx
        shr     eax, 8
        out     dx, al
        inc     edx
        shr     eax, 8
        out     dx, al
        inc     edx
        mov     al, 0xe0
        out     dx, al
        inc     edx
        mov     al, %1
        out     dx, al
        ide_wait
%endmacro

; 16 sectors a turn, as a driver without DMA writes them.
ide_write:
        mov     dx, 0x3f6               ; no interrupts
        mov     al, 2
        out     dx, al
        begin
.turn:  xor     ebx, ebx
.next:  ide_command 0x30
        mov     dx, 0x1f0
        mov     esi, SCRATCH + 0x8000
        mov     ecx, 256
        rep outsw
        inc     ebx
        cmp     ebx, 16
        jb      .next
        ide_wait
        dec     ebp
        jnz     .turn
        finish_bench

; The same read word by word, as simple loaders do.
ide_read:
        mov     dx, 0x3f6
        mov     al, 2
        out     dx, al
        begin
.turn:  xor     ebx, ebx
.next:  ide_command 0x20
        mov     dx, 0x1f0
        mov     edi, SCRATCH + 0x8000
        mov     ecx, 256
.word:  in      ax, dx
        mov     [rdi], ax
        add     edi, 2
        dec     ecx
        jnz     .word
        inc     ebx
        cmp     ebx, 16
        jb      .next
        dec     ebp
        jnz     .turn
        finish_bench

; Firmware looks for devices: 32 slots of bus 0, 16 registers of what is there.
pci_scan:
        begin
.turn:  xor     ebx, ebx
.slot:  mov     eax, ebx
        shl     eax, 11
        or      eax, 0x80000000
        mov     esi, eax
        mov     dx, 0xcf8
        out     dx, eax
        mov     dx, 0xcfc
        in      eax, dx
        inc     eax
        jz      .none
        mov     ecx, 15
.reg:   add     esi, 4
        mov     eax, esi
        mov     dx, 0xcf8
        out     dx, eax
        mov     dx, 0xcfc
        in      eax, dx
        dec     ecx
        jnz     .reg
.none:  inc     ebx
        cmp     ebx, 32
        jb      .slot
        dec     ebp
        jnz     .turn
        finish_bench

; A line of 64 characters, each waited for as drivers do.
serial:
        begin
.turn:  mov     ecx, 64
.next:  mov     dx, 0x3fd
.wait:  in      al, dx
        test    al, 0x20
        jz      .wait
        mov     dx, 0x3f8
        mov     al, 'x'
        out     dx, al
        dec     ecx
        jnz     .next
        dec     ebp
        jnz     .turn
        finish_bench

; All of the CMOS, read through its index.
cmos:
        begin
.turn:  xor     ecx, ecx
.next:  mov     al, cl
        out     0x70, al
        in      al, 0x71
        inc     ecx
        cmp     ecx, 128
        jb      .next
        dec     ebp
        jnz     .turn
        finish_bench

; 64 bytes programmed into a flash chip, which lies below the one that this code
; is in: command, data, status each.
pflash:
        mov     esi, 0x100000000 - 0x10000 - 0x200000
        begin
.turn:  mov     ecx, 64
        mov     rdi, rsi
.next:  mov     byte [rdi], 0x40
        mov     [rdi], cl
.wait:  mov     al, [rdi]
        test    al, 0x80
        jz      .wait
        inc     rdi
        dec     ecx
        jnz     .next
        mov     byte [rsi], 0xff
        dec     ebp
        jnz     .turn
        finish_bench

; BAR 0 of device 5 goes to BAR.
map_bar:
        mov     dx, 0xcf8
        mov     eax, 0x80002810
        out     dx, eax
        mov     dx, 0xcfc
        mov     eax, BAR
        out     dx, eax
        mov     dx, 0xcf8
        mov     eax, 0x80002804
        out     dx, eax
        mov     dx, 0xcfc
        mov     ax, 6
        out     dx, ax
        ret

; An interrupt handler's work with a NIC (e1000): cause, mask, tails.
nic_registers:
        call    map_bar
        begin
        mov     edi, BAR
.turn:  mov     eax, [rdi + 0xc0]       ; ICR
        mov     dword [rdi + 0xd8], -1  ; IMC
        mov     eax, [rdi + 0x8]        ; STATUS
        mov     eax, [rdi + 0x2810]     ; RDH
        mov     ebx, [rdi + 0x3810]     ; TDH
        mov     dword [rdi + 0xd0], 0   ; IMS
        mov     eax, [rdi + 0x100]      ; RCTL
        mov     eax, [rdi + 0x400]      ; TCTL
        dec     ebp
        jnz     .turn
        finish_bench

; 4 KiB to a device's registers, 16 bytes at a time, through an SSE register
; that stock KVM cannot store from (MOVQ), and one it can (MOVUPS).
simd_bar:
        begin
.turn:  mov     edi, MMIO
        mov     ecx, 256
.next:  movq    [rdi], xmm0
        movups  [rdi], xmm1
        add     edi, 16
        dec     ecx
        jnz     .next
        dec     ebp
        jnz     .turn
        finish_bench

; No device at all.
compute:
        begin
.turn:  mov     ecx, 1000000
.next:  imul    eax, ecx
        dec     ecx
        jnz     .next
        dec     ebp
        jnz     .turn
        finish_bench

; A timer's interrupts during a burst that never ends: the time between two of
; them that one in twenty exceeds, in thousandths of the mean, which are
; microseconds.
LAST     equ SCRATCH + 0x3010
FIRST    equ SCRATCH + 0x3020
GAPS     equ 0x400000
YOUNG    equ 3                  ; interrupts that do not count

latency_timer:
        push    rax
        push    rdx
        push    rcx
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        mov     rdx, rax
        sub     rdx, [LAST]
        mov     [LAST], rax
        mov     ecx, [COUNT]
        sub     ecx, YOUNG + 1
        jns     .counts
        mov     [FIRST], rax
        jmp     .taken
.counts:
        mov     [GAPS + rcx * 8], rdx
.taken: inc     qword [COUNT]
        mov     al, 0x20
        out     0x20, al
        pop     rcx
        pop     rdx
        pop     rax
        iretq

latency:
        mov     edi, 0x20
        mov     esi, latency_timer
        mov     edx, 0x8e00
        call    set_gate
        mov     qword [COUNT], 0
        call    start_timer
        mov     ebp, [COMMAND + 16]
        mov     edi, MMIO
        sti
.next:  mov     eax, [rdi]
        cmp     [COUNT], ebp
        jb      .next
        cli
        mov     ebp, [COUNT]            ; of gaps
        sub     ebp, YOUNG + 1
        xor     edx, edx
        mov     eax, ebp
        mov     ecx, 20
        div     ecx
        mov     esi, eax
.more:  xor     eax, eax                ; the longest that is left
        xor     edi, edi
        xor     ecx, ecx
.look:  cmp     [GAPS + rcx * 8], rax
        jbe     .less
        mov     rax, [GAPS + rcx * 8]
        mov     edi, ecx
.less:  inc     ecx
        cmp     ecx, ebp
        jb      .look
        mov     qword [GAPS + rdi * 8], 0
        dec     esi
        jns     .more
        mov     rbx, [LAST]
        sub     rbx, [FIRST]
        imul    rcx, rbp, 1000
        mul     rcx
        div     rbx
        jmp     report

; A burst of accesses from as many places in the code, each met once a turn.
cold_code:
        begin
        mov     edi, MMIO
.turn:
%assign i 0
%rep 64
        mov     eax, [rdi + i]
        xor     ebx, eax
        add     ebx, i
%assign i i + 4
%endrep
        mov     ecx, 20000
.quiet: imul    eax, ecx
        dec     ecx
        jnz     .quiet
        dec     ebp
        jnz     .turn
        finish_bench

        times   0xfff0 - ($ - $$) db 0xf4
bits 16
        jmp     start16
        times   0x10000 - ($ - $$) db 0
