# SPDX-License-Identifier: GPL-2.0-or-later
"""Flags that manuals leave undefined after an instruction.

Source: SDM vol. 1, appendix A, table A-2 (entries with a dash), and the instructions' own
pages in vol. 2.
"""
CF, PF, AF, ZF, SF, OF = 1, 4, 0x10, 0x40, 0x80, 0x800
LOGIC = AF
SHIFT = AF | OF | CF            # OF where the count is not 1, CF where it is beyond the size
MULTIPLY = SF | ZF | AF | PF
DIVIDE = CF | PF | AF | ZF | SF | OF
BIT_TEST = OF | SF | AF | PF
BIT_SCAN = OF | SF | AF | PF | CF

ONE = {0x27: OF, 0x2f: OF, 0x37: OF | SF | ZF | PF, 0x3f: OF | SF | ZF | PF, 0xd4: OF | AF | CF, 0xd5: OF | AF | CF,
       0x84: LOGIC, 0x85: LOGIC, 0xa8: LOGIC, 0xa9: LOGIC, 0x69: MULTIPLY, 0x6b: MULTIPLY,
       **{op: SHIFT for op in (0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3)},
       **{base + i: LOGIC for base in (8, 0x20, 0x30) for i in range(6)}}
TWO = {0xaf: MULTIPLY, 0xa3: BIT_TEST, 0xab: BIT_TEST, 0xb3: BIT_TEST, 0xbb: BIT_TEST, 0xba: BIT_TEST,
       0xa4: AF | OF, 0xac: AF | OF, 0xa5: SHIFT | SF | ZF | PF, 0xad: SHIFT | SF | ZF | PF,
       0xbc: BIT_SCAN, 0xbd: BIT_SCAN}
# By the digit in ModRM
# With VEX, behind 0F 38: ANDN, BLSR and its like, BZHI, BEXTR
VEX = {0xf2: AF | PF, 0xf3: AF | PF, 0xf5: AF | PF, 0xf7: AF | SF | PF}
GROUP3 = (LOGIC, LOGIC, 0, 0, MULTIPLY, MULTIPLY, DIVIDE, DIVIDE)
PREFIXES = (0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3)


def flags(code, long_mode):
    """Of one instruction, given as bytes."""
    at = 0
    while at < len(code) - 1 and (code[at] in PREFIXES or long_mode and code[at] & 0xf0 == 0x40):
        at += 1
    op = code[at]
    after = code[at + 1] if at + 1 < len(code) else 0
    if op == 0xc4 and long_mode and after & 31 == 2 and at + 3 < len(code):
        # of BZHI and BEXTR only those without a prefix change flags
        return VEX.get(code[at + 3], 0) if code[at + 2] & 3 == 0 else 0
    if op == 0x0f and after == 0xb8 or after in (0xbc, 0xbd) and 0xf3 in code[:at]:
        # POPCNT; TZCNT and LZCNT
        return 0 if after == 0xb8 else OF | SF | PF | AF
    if op == 0x0f:
        return TWO.get(after, 0)
    if op in (0xf6, 0xf7):
        return GROUP3[after >> 3 & 7]
    if op in (0x80, 0x81, 0x82, 0x83):
        return LOGIC if after >> 3 & 7 in (1, 4, 6) else 0
    return ONE.get(op, 0)
