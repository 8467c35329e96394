# SPDX-License-Identifier: GPL-2.0-or-later
"""Differences that are known, and why: errors of a judge, and limits that docs/cpu.md states."""
RF, ACCESSED, DIRTY = 0x10000, 0x20, 0x40
TABLES = ((0x22000, 0x23000), (0x25000, 0x26000), (0x21000, 0x21008), (0x24000, 0x24020))


def flags_image(name):
    """Whether it is, or may be, where EFLAGS were pushed or saved."""
    return name == 'flags' or name == '[20324]' or name.startswith('[2f') or name.startswith('[2e')


def only(item, bit, names):
    """Whether all that differs is one bit in what names() is true for."""
    delta = item.delta()
    return delta and all(a ^ b == bit and names(name) for name, (a, b) in delta.items())


def accessed(name, values):
    """Whether it is an entry of a page table that only one engine has marked accessed."""
    a, b = sorted(values)
    # A dump has what was changed: the other entry is as it was, without the bit.
    return in_tables(name) and (a ^ b == ACCESSED or a == 0 and b & (ACCESSED | DIRTY) == ACCESSED)


def in_tables(name):
    """Whether it is an entry of a page table."""
    return name.startswith('[') and any(a <= int(name[1:-1], 16) < b for a, b in TABLES)


def call_beyond_limit(item):
    """CALL has pushed, or has not, when the new EIP is beyond the limit of CS."""
    if item.vectors != (13, 13) or not (item.opcode() in ('e8', '9a') or item.opcode() in ('ff/2', 'ff/3')):
        return False
    return all(name.startswith('[2e') or name.startswith('[2f') or in_tables(name) for name in item.delta())


def reason(item):
    """The reason of a known difference, or None."""
    if item.vectors == (14, 14) and only(item, 2, lambda n: n == 'error' or n.startswith('[2')):
        return 'a read-modify-write faults as a load (docs/cpu.md)'
    if item.vectors[0] == 8 and only(item, RF, flags_image):
        return 'RF in what #DF saves: SDM vol. 3, 18.3.1.1 has no rule for aborts'
    delta = item.delta()
    if all(accessed(name, values) for name, values in delta.items()):
        return 'accessed bits may be set early (SDM vol. 3, 5.8)'
    if call_beyond_limit(item):
        return 'Bochs pushes before it looks at the limit of CS (SDM vol. 2, CALL)'
    if item.vectors in ((255, 12), (8, 12)):
        return 'TCG delivers #SS on a stack that has no room (docs/cpu.md)'
    if any(b'\xc8' in one for one in item.program.code) and set(delta) == {'bp'} and not sum(delta['bp']) & 0xffff == 0:
        return 'ENTER with a stack and an operand of different sizes: what is left of EBP'
    if set(delta) == {'dr6'} and (delta['dr6'][0] ^ delta['dr6'][1]) & ~15 == 0:
        return 'B0 to B3 of breakpoints that are not enabled may be set (SDM vol. 3, 19.2.3)'
    if item.vectors == (14, 14) and set(delta) == {'cr2'} and item.opcode() in ('c4', 'c5', '0fb2', '0fb4', '0fb5', 'a6', 'a7',
                                                                                'ff/3', 'ff/5', '62'):
        return 'which of two operands is read first'
    if 17 in item.vectors:
        return 'no #AC (docs/cpu.md)'
    return None
