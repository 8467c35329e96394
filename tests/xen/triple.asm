; SPDX-License-Identifier: GPL-2.0-or-later
;
; A boot sector that polls the keyboard, and after a key ends in a triple fault.
%include "sector.inc"
        sector
        mov     si, hello
        call    say
.poll:  in      al, 0x64
        test    al, 1
        jz      .poll
        lidt    [none]
        int3

none:   dw      0
        dd      0
hello:  db      'boot sector runs', 13, 10, 0

%include "serial.inc"
        disk
