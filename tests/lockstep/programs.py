# SPDX-License-Identifier: GPL-2.0-or-later
"""Short programs from a seed, for every CPU mode, at the edges of what tables allow.

A program is a header that the harness reads (harness.asm), changes to the arena's tables and
data, and a few instructions.  Its rooms are below; each makes instructions of one kind.
"""
import os
import random
import struct
import sys

import state
import undefined

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'fuzz'))
# pylint: disable=wrong-import-position
import program as fuzzed  # noqa: E402

REAL, V86, PROTECTED, LONG = range(4)
ARENA, DATA, STACK, KERNEL = 0x20000, 0x2a000, 0x2e800, 0x2f7c0
PT32, PT, PD32, PD = 0x2000, 0x5000, 0x1000, 0x4000
KINDS = ('real', 'unreal', 'v86', 'v86-paged', 'prot16', 'prot32', 'paged16', 'paged32', 'pae', 'compat', 'compat16',
         'long', 'long')
# What of the flags is compared, unless an instruction leaves some undefined.
MASK = 0xffffffff
# Of FSW all, and the pointers
FMASK = 0xffff
TESTED = [*range(0x88, 0x138, 8), 0x0c, 0x14, 0x1c, 0x24, 0x2c]
BASES = (0, ARENA, 0x28000, DATA)
EDGES = (0, 1, 2, 4, 0xffc, 0xffd, 0xffe, 0xfff, 0x1000, 0x1ffe, 0x1fff, 0x7fff, 0x8000, 0xfffc, 0xfffd, 0xfffe,
         0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff)
NOT_CANONICAL = (0x800000000000, 0x7ffffffffffd, 0x7ffffffffff8, 0xffff7fffffffffff, 0xffff800000000000,
                 0xfffffffffffffffc, 0x8000000000000000)
FLAG_SETS = (2, 2, 2, 2, 0x246, 0x202, 0x3202, 0x3002, 0x1002, 0x2002, 0x402, 0x8d7, 0x102, 0x4002, 0x40002, 0x43202,
             0x80202, 0x180202, 0x200002)
PORTS = (0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe7)


class Program(fuzzed.Program):
    """One program; bytes() of it is what the harness reads."""
    # pylint: disable=super-init-not-called
    KINDS = KINDS

    def __init__(self, seed):
        self.seed = seed
        r = self.r = random.Random(seed)
        self.kind = r.choice(self.KINDS)
        kind = self.kind
        self.cpl = 0 if kind in ('real', 'unreal') else 3 if kind.startswith('v86') or r.random() < .5 else 0
        self.wide = kind in ('prot32', 'paged32', 'pae', 'compat', 'long')
        self.mode = fuzzed.LONG if kind == 'long' else fuzzed.PROT32
        self.flat = self.wide
        self.flags = r.choice(FLAG_SETS)
        self.mask = MASK
        self.cr0 = self.cr4 = self.dr0 = self.ldt = 0
        self.dr7 = 0x400
        self.limit = 0x40 if kind == 'real' else r.choice((0x10, 0x10, 0x10, 0x88))
        self.where = 0x8000 if r.random() < .9 else r.choice((0x8ff0, 0x8ffc, 0x8ffe, 0x8fff))
        self.msrs = 0
        # Of floats.py: what of the FPU counts, and its state
        self.fpu = 0
        self.fmask = FMASK
        self.state = {}
        self.pokes = []
        self.place()
        self.change()
        self.regs = [self.value() for _ in range(8)]
        self.regs[4] = self.stack_pointer()
        if kind != 'long':
            # What compatibility mode leaves of the upper halves is not defined (SDM vol. 1, 3.4.1.1).
            self.regs = [v & 0xffffffff for v in self.regs]
        if r.random() < .8:
            self.regs[1] = r.choice((0, 1, 2, 3, 4, 7, 0x10, 0x21))
        if r.random() < .06:
            self.dr7 = r.choice((0x401, 0xd0401, 0x10403, 0x30401, 0xf0402, 0x10c03))
            self.dr0 = r.choice((DATA, DATA + 0xffc, DATA + 4, STACK, ARENA + self.where, ARENA + self.where + 2))
        rooms = r.choice(self.rooms())
        self.code = []
        for _ in range(r.choice((1, 1, 2, 2, 3, 4))):
            self.add(r.choice(rooms)())
        del self.r

    def rooms(self):
        """Kinds of instructions that are met together."""
        return ((self.memory,), (self.memory, self.string), (self.stack,), (self.segment,), (self.far, self.stack),
                (self.flag, self.memory), (self.bits, self.memory), (self.port,), (self.system,), (self.odd,),
                (self.segment, self.far, self.memory, self.stack, self.flag))

    def change(self):
        """Changes to the arena."""
        if self.r.random() < .5:
            for _ in range(self.r.choice((1, 1, 2, 3))):
                self.poke()

    def add(self, made):
        """An instruction, or several; where flags are left undefined nothing reads them."""
        for one in made if isinstance(made, list) else [made]:
            self.code.append(one)
            unsure = undefined.flags(one, self.kind == 'long')
            if unsure:
                self.mask &= ~unsure
                self.code.append(b'\0\xd2')             # add dl, dl

    # -- where it runs

    def place(self):
        """The mode's registers."""
        r, kind, user = self.r, self.kind, 3 if self.cpl else 0
        some = r.random() < .35
        self.how = LONG if kind in ('long', 'compat', 'compat16') else V86 if kind.startswith('v86') else \
            REAL if kind in ('real', 'unreal') else PROTECTED
        if self.how in (REAL, V86):
            self.cs, self.ss, self.base = 0x2000, r.choice((0x2000, 0x2000, 0x2e00)), ARENA
            self.data = [r.choice((0x2a00, 0x2a00, 0x2a00, 0x2000, 0x2a01, 0xffff)) for _ in range(4)]
        else:
            if kind.endswith('16'):
                self.cs, self.ss, self.base = (0xb3, 0xd3, ARENA) if user else (0xa8, 0xc8, ARENA)
                data = 0x8b
            elif kind == 'long':
                self.cs, self.ss, self.base = (0x2b, 0x23, 0) if user else (0x30, 0x10, 0)
                data = 0x23
            else:
                self.cs, self.ss, self.base = (0x1b, 0x23, 0) if user else (8, 0x10, 0)
                data = 0x23
            self.data = [data] * 4
            if some:
                self.data = [r.choice((data, 0, r.choice(TESTED) | user, r.choice((0x88, 0x90, 0x98)) | user))
                             for _ in range(4)]
                self.flat = False
            if r.random() < .1:
                self.ss = r.choice((*TESTED, 0x88, 0x90, 0xd0, 0xc8)) | user
            if r.random() < .05 and kind != 'long':
                self.cs = r.choice((0xa0, 0xa8, 0xb0, 0xb8, 0xc0, 0xc0, 0xf9, 0x10a)) | user
                self.base = {0xa0: 0x28000, 0xa8: ARENA, 0xb0: ARENA}.get(self.cs & ~3, 0)
            if r.random() < .5:
                self.ldt = 0x78
        if kind in ('v86-paged', 'paged16', 'paged32', 'pae'):
            self.cr0 |= 0x80000000
        if kind == 'pae':
            self.cr4 |= 0x20
        if self.how != REAL:
            self.cr0 |= r.choice((0, 0, 0, 0x10000, 0x40000, 0x50000, 8, 2, 4, 0x20))
            # TCG has neither VME nor PVI
            self.cr4 |= r.choice((0, 0, 0x10, 0x90, 4, 8, 0x1c, 0x10))
        if self.how == V86:
            self.flags |= 0x20000
        elif self.how == REAL:
            self.flags &= ~0x100 if r.random() < .5 else -1
        self.ip = ARENA + self.where - self.base

    def stack_pointer(self):
        """Within the stack, or where it ends."""
        r = self.r
        top = (STACK if self.cpl else KERNEL) - (ARENA if self.ss in (0x2000, 0xc8, 0xd3) else
                                                 0x2e000 if self.ss == 0x2e00 else 0)
        if r.random() < .75:
            return top
        if r.random() < .5:
            return (top & ~0xfff) + r.choice((0, 2, 4, 0xffc, 0x1000, 1))
        return r.choice(EDGES if self.kind != 'long' or r.random() < .5 else NOT_CANONICAL)

    # -- numbers

    def address(self):
        """Of data: beginnings, ends, and what is beyond."""
        r = self.r
        if self.flat and r.random() < .8:
            page = DATA + r.randrange(4) * 0x1000
            return page + r.choice((0, 4, 8, 0x10, 0xff0, 0xff8, 0xffc, 0xffd, 0xffe, 0xfff)) + \
                (0x400000 if r.random() < .1 else 0)
        value = r.choice(EDGES)
        return 0x7ffe0000 if value in (0x7fffffff, 0x80000000) and not self.cr0 >> 31 and self.how != LONG else value

    def value(self):
        """For a register."""
        value = self.number_of_any_kind()
        # What is read where nothing is differs between machines.
        return value & 0x7ffeffff if 0x7fff0000 <= value & 0xffffffff < 0xffff0000 and not self.cr0 >> 31 and \
            self.how != LONG else value

    def number_of_any_kind(self):
        """An address, or an edge of what numbers there are."""
        r = self.r
        kind = r.random()
        if kind < .7:
            return self.address()
        if kind < .8 and self.kind == 'long':
            return r.choice(NOT_CANONICAL)
        return r.choice(fuzzed.EDGES)

    def selector(self):
        """Any."""
        r = self.r
        return r.choice((0, 3, 8, 0xb, 0x10, 0x13, 0x18, 0x1b, 0x20, 0x23, 0x2b, 0x30, 0x48, 0x58, 0x5b, 0x78, 0x200,
                         0xfffc, 0x1f8, *TESTED, *(t | 3 for t in TESTED), *(t | 1 for t in TESTED)))

    # -- changes to the arena

    def poke(self):
        """One change of a table or of data."""
        r = self.r
        kind = r.random()
        if self.how == REAL:
            kind = .9
        if kind < .45 or self.how == V86:
            self.descriptor()
        elif kind < .7:
            self.page()
        elif kind < .8:
            self.gate()
        elif kind < .88:
            self.task()
        else:
            self.put(DATA - ARENA + r.randrange(8) * 4, self.value())

    def put(self, where, value):
        """A dword in the arena."""
        self.pokes.append((where, value & 0xffffffff))

    def descriptor(self):
        """One of those for programs is another."""
        r = self.r
        if self.how == V86:
            where = r.choice((0x66, 0x368, 0x370, 0x388, 0x3a4))
            self.put(where | 0x300, r.choice((0, 0xffffffff, 0x880000, r.getrandbits(32))))
            return
        sel = r.choice(self.data + [self.ss] + TESTED)
        if sel & ~7 < 0x88 and not sel & 4:
            sel = r.choice(TESTED)
        where = (0x200 if sel & 4 else 0) + (sel & 0xfff8)
        limit = r.choice((0, 1, 3, 0x7ff, 0xffe, 0xfff, 0x1000, 0x1fff, 0xefff, 0xfffe, 0xffff, 0xfffff))
        base = r.choice(BASES)
        access = r.choice((0x90, 0x80, 0x90, 0x10)) | r.choice((0, 0x60, 0x60, 0x20)) | r.randrange(16)
        if r.random() < .4:
            access = r.choice((0x92, 0xf2, 0xf3, 0xf0, 0xf6, 0xf7, 0x93, 0xfa, 0xfb, 0x9a, 0x9e, 0x72, 0xf9))
        top = r.choice((0, 4, 4, 8, 0xc, 0xc, 2, 6, 0xe))
        if access & 0x10:
            self.put(where, (base & 0xffff) << 16 | limit & 0xffff)
            self.put(where + 4, base >> 16 & 0xff | access << 8 | (limit >> 16) << 16 | top << 20 | base & 0xff000000)
        else:
            self.put(where, r.choice((8, 0x18, 0x30, 0xa8, 0xb8, 0xf8, 0x60, 0x58, 0, 0x88)) << 16 |
                     r.choice((0x9000, 0x9000, 0x8ff0, 0xffff)))
            self.put(where + 4, r.choice((0x20000, 0x20000, 0, 0xffff0000)) | access << 8 | r.choice((0, 1, 4, 31)))

    def page(self):
        """A page of the program, or the large one, is mapped in another way."""
        r = self.r
        number = r.choice((0x29, 0x2a, 0x2a, 0x2b, 0x2b, 0x2c, 0x2d, 0x2e))
        entry = (number if r.random() < .8 else 0x2c) << 12 | r.choice((7, 5, 3, 1, 6, 0, 0x67, 0x27, 0x87, 0x17,
                                                                        0x107))
        high = r.choice((0, 0, 0, 0x80000000, 0x00080000, 0x800, 0x40000000)) if r.random() < .5 else 0
        if r.random() < .25:
            entry = r.choice((0x87, 0x83, 0x85, 0x86, 0xa7, 0x1087, 0x400087, 0x200087, 7, 0x187))
            if self.how == LONG or self.kind == 'pae':
                self.put(PD + 16, entry)
                self.put(PD + 20, high)
            else:
                self.put(PD32 + 4, entry)
        elif self.how == LONG or self.kind == 'pae':
            self.put(PT + number * 8, entry)
            self.put(PT + number * 8 + 4, high)
        else:
            self.put(PT32 + number * 4, entry)

    def gate(self):
        """A software interrupt's."""
        r = self.r
        vector = r.choice((0x41, 0x43, 0x44, 0x45, 0x46, 0x47, 3, 4))
        kind = r.choice((0xee, 0x8e, 0xef, 0x6e, 0xe6, 0xe7, 0xe5, 0xec, 0xe0, 0xf2))
        sel = r.choice((8, 8, 0xa8, 0xb8, 0xf8, 0x10, 0, 0x18, 0x60, 0x68, 0x30, 0xc0))
        size = 16 if self.how == LONG else 8
        where = (0xb00 if self.how == LONG else 0x800) + vector * size
        self.put(where, sel << 16 | r.choice((0x9000, 0x9000, 0xffff)))
        self.put(where + 4, r.choice((0x20000, 0x20000, 0x10000, 0)) | kind << 8 | r.choice((0, 1)))

    def task(self):
        """Of a task's state: stacks, registers, the I/O bitmap."""
        r = self.r
        if self.how == LONG:
            self.put(0x700 + r.choice((4, 8, 0x66, 0x7c, 0x84)), r.getrandbits(32))
            return
        where = r.choice((0x300, 0x400)) + r.choice((4, 8, 12, 16, 0x1c, 0x20, 0x24, 0x38, 0x48, 0x4c, 0x50, 0x54,
                                                     0x58, 0x60, 0x64, 0xa4))
        if where == 0x31c:
            where = 0x308
        self.put(where, r.choice((self.selector(), self.selector(), self.value(), 0x880000, 0x10001)))

    # -- rooms

    def size66(self):
        """A prefix that changes the operand's size, at times."""
        return b'\x66' if self.r.random() < .25 else b''

    def front(self):
        """Prefixes."""
        r = self.r
        out = self.size66()
        if r.random() < .1:
            out += b'\x67'
        if r.random() < .25:
            out = bytes([r.choice((0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65))]) + out
        if self.kind == 'long' and r.random() < .4:
            out += bytes([0x40 | r.randrange(16)])
        return out

    def operand_size(self, front):
        """Of an immediate by the mode and prefixes."""
        if self.kind == 'long' and front[-1:] and front[-1] & 0xf8 == 0x48:
            return 4
        return 2 if (b'\x66' in front) == self.wide else 4

    def operand(self, front, digit=None, memory=False):
        """ModRM of the size that prefixes say."""
        wide, self.wide = self.wide, self.wide != (b'\x67' in front) or self.kind == 'long'
        for _ in range(20):
            out = self.modrm()
            if not memory or out[0] < 0xc0:
                break
        self.wide = wide
        return out if digit is None else bytes([out[0] & ~0x38 | digit << 3]) + out[1:]

    def number(self, size):
        """An immediate."""
        return (self.value() & ((1 << size * 8) - 1)).to_bytes(size, 'little')

    def memory(self):
        """Loads, stores and arithmetic."""
        r = self.r
        f = self.front()
        kind = r.random()
        if kind < .45:
            op = r.choice((0, 1, 2, 3, 8, 9, 0xa, 0xb, 0x11, 0x13, 0x19, 0x1b, 0x21, 0x29, 0x2b, 0x31, 0x38, 0x39, 0x3b,
                           0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8b, 0x8d, 0x63))
            return f + bytes([op]) + self.operand(f)
        if kind < .6:
            op = r.choice((0x80, 0x81, 0x83, 0xc6, 0xc7, 0x69, 0x6b))
            digit = 0 if op in (0xc6, 0xc7) else r.randrange(8)
            size = self.operand_size(f) if op in (0x81, 0xc7, 0x69) else 1
            return f + bytes([op]) + self.operand(f, digit) + self.number(size)
        if kind < .75:
            return f + bytes([r.choice((0xf6, 0xf7)), *self.operand(f, r.choice((2, 3, 4, 5, 6, 7)))])
        if kind < .85:
            return f + bytes([r.choice((0xfe, 0xff)), *self.operand(f, r.choice((0, 1)))])
        if kind < .93:
            return f + b'\x0f' + bytes([r.choice((0xb6, 0xb7, 0xbe, 0xbf, 0xaf, 0x40, 0x4f, 0x94,
                                                  0x9c))]) + self.operand(f)
        op = r.choice((0xa0, 0xa1, 0xa2, 0xa3))
        size = 8 if self.kind == 'long' else 4 if self.wide else 2
        if b'\x67' in f:
            size = {8: 4, 4: 2, 2: 4}[size]
        return f + bytes([op]) + self.number(size)

    def string(self):
        """MOVS and its like, with and without REP."""
        r = self.r
        rep = r.choice((b'', b'\xf3', b'\xf3', b'\xf2'))
        out = rep + self.front() + bytes([r.choice((0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf))])
        return [r.choice((b'\xfc', b'\xfd')), out] if r.random() < .3 else out

    def stack(self):
        """PUSH, POP, CALL, RET, ENTER, LEAVE."""
        r = self.r
        f = self.front()
        kind = r.random()
        if kind < .35:
            op = r.choice((*range(0x50, 0x60), 0x9c, 0x60, 0x61, 0xc9, 0xc3, 6, 0xe, 0x16, 0x1e))
            # With 32 bits CPUs differ about the upper half of what a segment register is pushed to (SDM, PUSH).
            short = op < 0x20 and self.operand_size(f) == 4 and self.kind != 'long'
            return (f.replace(b'\x66', b'') if b'\x66' in f else b'\x66' + f if short else f) + bytes([op])
        if kind < .5:
            return f + bytes([r.choice((0x8f, 0xff))]) + self.operand(f, 6 if r.random() < .5 else 0)
        if kind < .65:
            return f + b'\xc8' + struct.pack('<HB', r.choice((0, 4, 0x20, 0xffff)), r.choice((0, 1, 2, 3, 31, 33)))
        if kind < .75:
            return f + b'\xc2' + struct.pack('<H', r.choice((0, 4, 0xfffe)))
        if kind < .85:
            return f + b'\xff' + self.operand(f, r.choice((2, 4)))
        if kind < .95:
            size = self.operand_size(f)
            return f + bytes([r.choice((0xe8, 0xe9))]) + r.choice((
                0x1000, 0x7fff, *((0x7ffffff0, 0x80000000) if self.cr0 >> 31 or self.how == LONG else ()),
                0x8000)).to_bytes(4, 'little')[:size]
        return f + bytes([r.choice((0x68,))]) + self.number(self.operand_size(f))

    def segment(self):
        """Loads of segment registers, and instructions that ask about selectors."""
        r = self.r
        f = self.front()
        kind = r.random()
        sel = struct.pack('<I', self.selector() | r.choice((0, 0, 0xffff0000)))
        load = (b'' if self.wide else b'\x66') + b'\xb8' + sel
        if kind < .3:
            return [load, f + b'\x8e' + bytes([0xc0 | r.choice((0, 2, 3, 3, 4, 5, 1, 6)) << 3])]
        if kind < .4:
            return [load, b'\x50', f + r.choice((b'\x07', b'\x17', b'\x1f', b'\x0f\xa1', b'\x0f\xa9'))]
        if kind < .5:
            return f + r.choice((b'\xc4', b'\xc5', b'\x0f\xb2', b'\x0f\xb4', b'\x0f\xb5')) + self.operand(f)
        if kind < .8:
            one = f + r.choice((b'\x0f\x02\xc8', b'\x0f\x03\xc8', b'\x0f\0\xe0', b'\x0f\0\xe8', b'\x63\xc8',
                                b'\x63\xc1',
                                b'\x0f\0\xd0', b'\x0f\0\xd8', b'\x0f\x02\xc8', b'\x0f\x03\xd8'))
            # LAR leaves the bits of the limit undefined: SETZ BL, then they go.
            return [load, one] + ([b'\x0f\x94\xc3', (b'' if self.wide else b'\x66') + b'\x81\xe1\xff\xff\xf0\xff']
                                  if one[-3:] == b'\x0f\x02\xc8' else [])
        if kind < .9:
            return f + b'\x0f\0' + self.operand(f, r.randrange(8))
        return f + bytes([0x8c]) + self.operand(f)

    def far(self):
        """Far jumps, calls and returns, interrupts."""
        r = self.r
        f = self.size66()
        size = self.operand_size(f)
        kind = r.random()
        # Where nothing is, machines read different bytes, and code of zeros goes on for long.
        far_away = 0x80009000 if self.cr0 >> 31 or self.how == LONG else 0x29001
        off = r.choice((0x29000, 0x9000, 0x1000, 0x2000, 0xffff, far_away)).to_bytes(4, 'little')[:size]
        sel = struct.pack('<H', self.selector())
        if kind < .3:
            return f + r.choice((b'\xea', b'\x9a')) + off + sel
        if kind < .45:
            return f + b'\xff' + self.operand(f, r.choice((3, 5)), True)
        if kind < .6:
            return f + b'\xcd' + bytes([r.choice((3, 4, 0, 0x41, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0xff, 0xd))])
        if kind < .65:
            return f + r.choice((b'\xcc', b'\xce', b'\xf1', b'\x62' + self.operand(f)))
        # a frame of its own: IRET or RETF, to another ring maybe
        rex = b'\x48' if self.kind == 'long' and r.random() < .7 else b''
        size = 8 if rex else size
        ring = r.choice((0, 0, self.cpl, 3, 1))
        cs = r.choice((self.cs & ~3 | self.cpl, self.cs & ~3 | self.cpl, 0x1b, 0x2b, 8, 0xb3, 0xf9, 0x10a, 0x33, 0xa8,
                       self.selector() & ~3 | ring))
        base = {0xb0: ARENA, 0xa8: ARENA, 0xa0: 0x28000, 0x2000: ARENA}.get(cs & ~3, 0)
        ip = r.choice((0x29000 - base, 0x29000 - base, 0xffff, 0x10000, far_away,
                       *(NOT_CANONICAL[:2] if self.how == LONG else ())))
        flags = r.choice((*FLAG_SETS, 0x23202, 0x4202, 0x10202, 0x246))
        ss = r.choice((0x23, 0xd3, 0x10, 0x101, 0x112, self.selector()))
        sp = r.choice((STACK, STACK - ARENA, 0x3e800, 2, NOT_CANONICAL[0]))
        far = r.random() < .45
        frame = [ip, cs, sp, ss] if far else [ip, cs, flags, sp, ss]
        top = self.regs[4] + (ARENA if self.ss & ~3 in (0x2000, 0xc8, 0xd0) else 0) if hasattr(self, 'regs') else 0
        at = b''.join((v & ((1 << size * 8) - 1)).to_bytes(size, 'little') for v in frame)
        if ARENA <= top < ARENA + 0xff00:
            for i in range(0, len(at), 4):
                self.put(top - ARENA + i, int.from_bytes(at[i:i + 4], 'little'))
        return (f if not rex else b'') + rex + (r.choice((b'\xcb', b'\xcb', b'\xca\4\0')) if far else b'\xcf')

    def flag(self):
        """Flags and what they are loaded from."""
        r = self.r
        f = self.size66()
        kind = r.random()
        if kind < .4:
            return [f + b'\x68' + (r.choice(FLAG_SETS) ^ r.choice((0, 0x3000, 0x200, 0x20000, 0x10000, 0x100000,
                                                                   0x4100))
                                   ).to_bytes(4, 'little')[:self.operand_size(f)], f + b'\x9d', b'\x90']
        return f + r.choice((b'\x9c', b'\x9d', b'\xfa', b'\xfb', b'\xfb', b'\x9e', b'\x9f', b'\xf5', b'\xf8', b'\xf9',
                             b'\xfc', b'\xfd', b'\xd6', b'\x27', b'\x2f', b'\x37', b'\x3f', b'\xd4\x0a', b'\xd4\0',
                             b'\xd5\x0a', b'\x98', b'\x99', b'\xd7'))

    def bits(self):
        """Bit strings, exchanges, shifts."""
        r = self.r
        f = self.front()
        kind = r.random()
        if kind < .3:
            return f + b'\x0f' + bytes([r.choice((0xa3, 0xab, 0xb3, 0xbb))]) + self.operand(f)
        if kind < .4:
            return f + b'\x0f\xba' + self.operand(f, r.choice((4, 5, 6, 7, 0))) + bytes([r.choice((0, 7, 31, 255))])
        if kind < .6:
            return f + b'\x0f' + bytes([r.choice((0xb0, 0xb1, 0xc0, 0xc1, 0xbc, 0xbd))]) + self.operand(f)
        if kind < .7:
            return f + b'\x0f\xc7' + self.operand(f, 1)
        if kind < .75:
            # BSWAP of 16 bits is not defined (SDM vol. 2).
            f = f if self.operand_size(f) == 4 else f.replace(b'\x66', b'') if self.wide else b'\x66' + f
            return f + b'\x0f' + bytes([0xc8 | r.randrange(8)])
        if kind < .85:
            return f + b'\x0f' + bytes([r.choice((0xa4, 0xac))]) + self.operand(f) + bytes([r.randrange(16)])
        op = r.choice((0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3))
        return f + bytes([op]) + self.operand(f, r.randrange(8)) + \
            (bytes([r.choice((0, 1, 3, 7, 15, 31, 32, 33))]) if op < 0xd0 else b'')

    def port(self):
        """IN and OUT, by the I/O bitmap."""
        r = self.r
        f = r.choice((b'', b'', b'\xf3')) + self.size66()
        port = r.choice(PORTS)
        if r.random() < .5:
            return f + bytes([r.choice((0xe4, 0xe5, 0xe6, 0xe7)), port])
        return [(b'' if self.wide else b'\x66') + b'\xba' + struct.pack('<I', r.choice((port, port, 0x100)) |
                                                                      0x10000),
                f + bytes([r.choice((0xec, 0xed, 0xee, 0xef, 0x6c, 0x6d, 0x6e, 0x6f))])]

    def system(self):
        """Registers of the system."""
        r = self.r
        f = self.front()
        load = (b'' if self.wide else b'\x66') + b'\xb8'
        kind = r.random()
        if kind < .25:
            cr = r.choice((0, 0, 2, 3, 4, 4, 1, 5, 8 if self.kind == 'long' else 0))
            bits = {0: (0x10, 0x11, 0x80000011, 0x80010031, 0x5003f, 0x20000011, 0x60000011, 0x40000011, 0x111),
                    3: (0x21000, 0x23000, 0x26000, 0x26018, 0x21fff), 8: (0, 5, 15, 16)}.get(
                        cr, (0, 0x10, 0x20, 0xa0, 0x34, 0x600, 0x800, 0x8000, 0x100000, 0x80000000, 0x10000))
            value = r.choice(bits)
            if cr == 0 and not value & 1 and self.cpl == 0:
                value |= 1
            if cr == 0 and self.how == LONG and self.kind != 'long':
                value |= 0x80000000             # a table of 64-bit gates leads nowhere outside of long mode
            rex = b'\x44' if cr == 8 and self.kind == 'long' else b''
            return [load + struct.pack('<I', value), rex + b'\x0f' + bytes([r.choice((0x20, 0x22, 0x22)),
                                                                             0xc0 | (cr & 7) << 3])]
        if kind < .35:
            dr = r.choice((0, 4, 5, 6, 7, 7))
            return [load + struct.pack('<I', r.choice((0, 0x400, 0x2400, 0xffff0ff0, 0xffffffff, 0x401, DATA))),
                    b'\x0f' + bytes([r.choice((0x21, 0x23)), 0xc0 | dr << 3])]
        if kind < .5 and self.how == LONG:
            self.msrs = 1
            msr = r.choice((0xc0000080, 0xc0000081, 0xc0000082, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0x174,
                            0x175, 0x176))
            low = r.choice((0, 0x501, 0xd01, 0x901, 0x29000, 0xffffffff, 0x10008))
            high = r.choice((0, 0, 1, 0x8000, 0x7fff, 0xffff8000, 0x180008, 0xffffffff))
            return [b'\xb9' + struct.pack('<I', msr), b'\xb8' + struct.pack('<I', low),
                    b'\xba' + struct.pack('<I', high), b'\x0f' + bytes([r.choice((0x30, 0x30, 0x32))])]
        if kind < .7:
            digit = r.choice((0, 1, 4, 6, 7, 5, 2, 3) if self.cpl else (0, 1, 4, 6, 7, 5))
            return f + b'\x0f\1' + self.operand(f, digit, digit in (0, 1, 2, 3, 5, 7))
        if self.how == LONG:
            self.msrs = 1
            f = r.choice((b'', b'\x48'))
            return f + r.choice((b'\x0f\x05', b'\x0f\x07', b'\x0f\x34', b'\x0f\x35', b'\x0f\1\xf8', b'\x0f\x06',
                                 b'\x0f\x09'))
        return r.choice((b'\x0f\x06', b'\x0f\x09', b'\x0f\x08', b'\x0f\1\xf8', b'\x0f\x05', b'\x0f\xaa',
                         b'\xf4' if self.cpl
                         else b'\x90', b'\x9b', b'\x0f\x0b', b'\x0f\xff\xc0'))

    def odd(self):
        """LOCK, opcodes that are none, lengths beyond 15."""
        r = self.r
        kind = r.random()
        if kind < .4:
            one = r.choice((self.memory, self.bits, self.stack, self.string))()
            return [b'\xf0' + x for x in one] if isinstance(one, list) else b'\xf0' + one
        if kind < .5:
            one = self.memory()
            return one if isinstance(one, list) else \
                bytes([r.choice((0x66, 0x2e, 0x67, 0x3e))]) * r.randrange(8, 15) + one
        f = self.front()
        if kind < .7:
            return f + r.choice((b'\x8f', b'\xc6', b'\xc7', b'\xfe', b'\xff', b'\xf6', b'\xf7', b'\x8c', b'\x8e',
                                 b'\x0f\xba')) + \
                self.operand(f, r.randrange(8)) + b'\1\0\0\0'
        if kind < .9:
            return f + bytes([r.choice((0x06, 0x0e, 0x16, 0x1e, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x62, 0x82, 0x9a,
                                        0xce, 0xd4, 0xd5, 0xea, 0xd6, 0xc4, 0xc5, 0xe2, 0xe3, 0xe0, 0xe1, 0x70, 0x71,
                                        0x9b, 0xf1))]) + r.choice((b'\0', b'\2', b'\x7f', b'\x10')) + b'\x90' * 4
        return f + b'\x0f' + bytes([r.choice((4, 0xa, 0xc, 0x0e, 0x0f, 0x24, 0x26, 0x36, 0x39, 0x3b, 0x3f, 0x18,
                                              0x1f, 0x0d,
                                              0xb9, 0xff, 0xb8))]) + self.operand(f)

    # -- for the harness, and for people

    def __bytes__(self):
        code = b''.join(self.code)[:200]
        data = struct.pack('<BBBB6HIIIIQ8QHHIIHBBI', self.how, self.cpl, len(self.pokes), len(code), self.cs, self.ss,
                           *self.data, self.flags, self.mask, self.cr0, self.cr4, self.ip,
                           *(v & 0xffffffffffffffff for v in self.regs), self.ldt, self.limit, self.dr7, self.dr0,
                           self.where, self.msrs, self.fpu, self.fmask)
        return data + b''.join(struct.pack('<II', *p) for p in self.pokes) + code + \
            (state.area(self.state) if self.fpu else b'')

    def fields(self):
        """For JSON."""
        out = {k: v for k, v in vars(self).items() if k not in ('r', 'code')}
        out['code'] = [one.hex(' ') for one in self.code]
        return out

    @classmethod
    def load(cls, fields):
        """Back from JSON."""
        out = cls.__new__(cls)
        vars(out).update(fields)
        out.code = [bytes.fromhex(one) for one in fields['code']]
        out.pokes = [tuple(p) for p in fields['pokes']]
        out.fpu, out.fmask, out.state = (fields.get(n, v) for n, v in (('fpu', 0), ('fmask', FMASK), ('state', {})))
        return out

    def show(self):
        """For people."""
        names = 'ax cx dx bx sp bp si di'.split()
        return '\n'.join([
            f'{self.seed}: {self.kind}, CPL {self.cpl}, CS {self.cs:x} SS {self.ss:x} DS ES FS GS '
            + ' '.join(f'{v:x}' for v in self.data) + f' LDT {self.ldt:x} limits {self.limit:x}, flags {self.flags:x}, '
            f'CR0 {self.cr0:x}, CR4 {self.cr4:x}, DR7 {self.dr7:x}, DR0 {self.dr0:x}, IP {self.ip:x}',
            '  ' + ' '.join(f'{n} {v:x}' for n, v in zip(names, self.regs)),
            *([f'  FPU {self.state}'] if self.fpu else []),
            *(f'  [{a:x}] = {v:08x}' for a, v in self.pokes),
            *('  ' + one.hex(' ') for one in self.code)])


def image(programs, whole=False):
    """What the harness reads."""
    return struct.pack('<II', len(programs), whole) + b''.join(map(bytes, programs))
