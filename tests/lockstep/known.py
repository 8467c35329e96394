# SPDX-License-Identifier: GPL-2.0-or-later
"""Differences that are known, and why: errors of a judge, and limits that docs/cpu.md states."""
import re

from programs import LONG

RF, ACCESSED, DIRTY = 0x10000, 0x20, 0x40
X87 = ('d8', 'd9', 'da', 'db', 'dc', 'dd', 'de', 'df')
MEMORY = 2048 << 20
FAULTS = (10, 11, 12, 13, 14, 6)
FAULT_STATE = {'vector', 'error', 'cr2', 'cr2.', 'old-sp', 'old-ss'}
POPS = ('cf', 'ca', 'cb', 'c2', 'c3', '9d', '61', '07', '17', '1f', '0fa1', '0fa9', '8f/0',
        *(f'{op:02x}' for op in range(0x58, 0x60)))
PUSH_SEGMENT = ('06', '0e', '16', '1e', '0fa0', '0fa8')
TABLES = ((0x22000, 0x23000), (0x25000, 0x26000), (0x21000, 0x21008), (0x24000, 0x24020))


# MOVS and STOS that go down
OVER_ITSELF = re.compile(rb'\xfd.*[\xa4\xa5\xaa\xab]', re.S)
# MASKMOVQ and MASKMOVDQU
MASKED = rb'\x0f\xf7|\xc5.\xf7|\xc4..\xf7'
# MOVD, MOVQ and MOVNTQ
MMX_STORE = rb'\x0f[\x7e\x7f\xe7]'


def flags_image(name):
    """Whether it is, or may be, where EFLAGS were pushed or saved."""
    return name == 'flags' or name == '[20324]' or name.startswith('[2f') or name.startswith('[2e')


def accessed(name, values):
    """Whether it is an entry of a page table that only one engine has marked accessed."""
    a, b = sorted(values)
    # A dump has what was changed: the other entry is as it was, without the bit.
    return in_tables(name) and (a ^ b == ACCESSED or a == 0 and b & (ACCESSED | DIRTY) == ACCESSED)


def in_tables(name):
    """Whether it is an entry of a page table."""
    return name.startswith('[') and any(a <= int(name[1:-1], 16) < b for a, b in TABLES)


def call_faults(item):
    """CALL has pushed, or has not, when the place that it goes to is refused."""
    if item.opcode() not in ('e8', '9a', 'ff/2', 'ff/3'):
        return False
    return item.vectors in ((12, 13), (14, 13)) or item.vectors == (13, 13) and all(
        name.startswith('[2') for name in item.delta())


def faults(item):
    """Which of several faults of one instruction each engine raises, or None; nothing but the fault differs."""
    delta, op = item.delta(), item.opcode()
    if not all(v in FAULTS for v in item.vectors) or 'ip' in delta or set(delta) - FAULT_STATE - {
            name for name in delta if name.startswith('[2f') or in_tables(name)}:
        return None
    if op in ('a6', 'a7'):
        return 'which of two operands is read first'
    if op in ('cf', 'ca', 'cb') and item.vectors[0] != 14:
        return 'which fault of a far return is raised (docs/cpu.md)'
    if op in ('0f21', '0f23') and item.vectors == (6, 13):
        return '#UD of DR4 and DR5 comes after the privilege (docs/cpu.md)'
    return None


def wraps(item):
    """Whether Bochs refuses, or takes, an operand that goes on at offset 0."""
    kind, top = item.program.kind, item.program.regs[4] & 0xffff
    if item.vectors[0] == 12 and item.opcode() in POPS and top >= 0xfff0 and kind != 'long':
        return 'a 16-bit stack that goes on at offset 0 (docs/cpu.md)'
    if item.opcode() in ('0f010', '0f011') and item.vectors[1] in (12, 13) and kind != 'long':
        return 'SGDT and SIDT of Bochs go on at offset 0 (SDM vol. 3, 5.3)'
    return None


def beyond_canonical(item):
    """Whether an operand begins below the end of canonical addresses and ends beyond."""
    address = item.named[1].get('cr2', 0) | item.named[1].get('cr2.', 0) << 32
    return item.vectors in ((13, 14), (12, 14)) and 0x7fffffffffc0 <= address <= 0x7fffffffffff


def fpu_limit(item):
    """What TCG does not have of the FPU, or None."""
    if item.vectors == (6, 7) and item.opcode()[:2] in X87:
        return 'an x87 opcode that is none is #NM (docs/cpu.md)'
    if item.vectors in ((7, 13), (7, 12)) and item.opcode()[:4] == '0fae':
        return 'XSAVE looks at a limit before CR0.TS (docs/cpu.md)'
    return None


def beyond_memory(item):
    """Whether code runs where no memory is, without pages: Bochs reads ones there, #UD, and TCG zeros, for ever."""
    ip = item.named[0].get('ip', 0)
    return item.vectors == (6, 254) and not item.program.cr0 >> 31 and item.program.how != LONG and ip >= MEMORY


def in_code(program, name):
    """Whether it is one of the program's bytes."""
    return name.startswith('[') and program.where & ~3 <= int(name[1:-1], 16) - 0x20000 < program.where + 200


def native_only(item):
    """What a CPU does in its own way, or None."""
    delta, code = item.delta(), b''.join(item.program.code)
    if item.vectors[0] in (13, 14) and set(delta) == {'ftw+fop'} and re.search(MMX_STORE, code):
        return 'an MMX store that faults: this CPU leaves the tags, but not the top'
    if re.search(MASKED, code) and item.vectors == (14, 14) and set(delta) == {'cr2'}:
        return 'which byte of MASKMOVDQU faults first'
    if re.search(OVER_ITSELF, code) and any(in_code(item.program, name) for name in delta):
        return 'REP that overwrites itself'
    if b'\x67' in code and all(name in ('cx.', 'si.', 'di.') for name in delta) and re.search(rb'[\xa4-\xaf]', code):
        return 'upper halves of registers that REP counts by 32 bits, where nothing was done'
    if all(name.endswith('.') for name in delta) and re.search(rb'\x0f[\xbc\xbd]', code):
        return 'BSF and BSR of 0: the destination is undefined (SDM vol. 2)'
    return None


def reason(item):
    """The reason of a known difference, or None."""
    delta = item.delta()
    if beyond_memory(item):
        return 'what is read where no memory is'
    if item.program.fpu and fpu_limit(item):
        return fpu_limit(item)
    if item.pair[0] == 'native' and native_only(item):
        return native_only(item)
    if item.vectors == (8, 8) and all(
            flags_image(name) and (a ^ b == RF or name == '[20324]' and a ^ b == RF | 2)
            for name, (a, b) in delta.items()):
        return 'RF in what #DF saves: SDM vol. 3, 18.3.1.1 has no rule for aborts'
    if all(accessed(name, values) for name, values in delta.items()):
        return 'accessed bits may be set early (SDM vol. 3, 5.8)'
    if call_faults(item):
        return 'Bochs pushes before it looks at where CALL goes to (SDM vol. 2, CALL)'
    if beyond_canonical(item):
        return 'an operand that ends beyond canonical addresses faults by its first page (docs/cpu.md)'
    if item.program.kind.startswith('v86') and item.opcode() == 'cf' and item.vectors == (13, 13):
        return 'Bochs takes an EIP beyond 64 KiB by IRET in virtual 8086 mode (SDM vol. 2, IRET)'
    if item.program.kind.startswith('v86') and item.vectors == (12, 13) and item.opcode() in ('9d', 'cf'):
        return 'Bochs reads the stack before it looks at IOPL'
    if item.program.kind == 'long' and any(b'\xc8' in one and b'\x66' in one for one in item.program.code) and \
            ('bp' in delta or item.opcode() == 'c8'):
        return 'Bochs ignores the size prefix of ENTER in 64-bit mode (SDM vol. 2, ENTER)'
    if item.vectors in ((255, 12), (8, 12)):
        return 'TCG delivers #SS on a stack that has no room (docs/cpu.md)'
    if any(b'\xc8' in one for one in item.program.code) and set(delta) == {'bp'} and not sum(delta['bp']) & 0xffff == 0:
        return 'ENTER with a stack and an operand of different sizes: what is left of EBP'
    if set(delta) == {'dr6'} and (delta['dr6'][0] ^ delta['dr6'][1]) & ~15 == 0:
        return 'B0 to B3 of breakpoints that are not enabled may be set (SDM vol. 3, 19.2.3)'
    if item.vectors == (14, 14) and set(delta) <= {'cr2', 'cr2.', 'error', '[2f7d8]', '[2f7d0]'} and \
            item.opcode() in ('c4', 'c5', '0fb2', '0fb4', '0fb5', 'a6', 'a7', 'ff/3', 'ff/5', '62', 'ca', 'cb', 'cf'):
        return 'which of two operands is read first'
    if item.opcode() in ('8c', '8e') and item.program.kind == 'long' and item.vectors[0] in (6, 8):
        return 'Bochs heeds REX.R where ModRM has a segment register (SDM vol. 2, 2.2.1.2)'
    if item.opcode() == '0f05' and item.vectors[0] == 1 and item.program.flags & 0x100:
        return 'Bochs traps behind SYSCALL under TF, also where FMASK clears TF'
    if item.vectors[1] == 1 and any(b'\x0f\x07' in one for one in item.program.code):
        return 'when TF counts that SYSRET has set'
    if faults(item):
        return faults(item)
    if wraps(item):
        return wraps(item)
    if item.program.kind == 'long' and any(one[-1:] == b'\xcf' and b'\x48' not in one for one in item.program.code) \
            and set(delta) & {'old-sp', 'old-ss'}:
        return 'Bochs pops no SS:RSP by IRET of 32 bits in 64-bit mode (SDM vol. 2, IRET; this CPU pops them)'
    if item.opcode() == '60' and item.vectors == (14, 14):
        return 'which slot PUSHA writes first'
    if item.opcode() in PUSH_SEGMENT and all(name[:3] in ('[2e', '[2f') or in_tables(name) for name in delta):
        return 'PUSH of a segment register may write 16 bits of 32 (SDM vol. 2, PUSH)'
    if 17 in item.vectors:
        return 'no #AC (docs/cpu.md)'
    return None
