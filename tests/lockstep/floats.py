# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of the FPU: x87, MMX, SSE, AVX and their state; and those of users, which a real CPU runs, too."""
import random
import struct

import programs
from programs import ARENA, DATA, LONG, REAL

OSFXSR, OSXMMEXCPT, OSXSAVE = 0x200, 0x400, 0x40000
MP, EM, TS, NE = 2, 4, 8, 0x20
F32 = (0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xffa12345,
       0x7fe54321, 1, 0x80000001, 0x7fffff, 0x800000, 0x7f7fffff, 0xff7fffff, 0x4f000000, 0xcf000000, 0x4effffff,
       0x5f000000, 0xdf000000, 0x47000000, 0x46fffe00, 0x3f000000, 0x3fc00000, 0x40200000, 0xc0200000, 0x3effffff,
       0x40490fdb, 0x33800000, 0x387fc000, 0x33000001, 0x477ff000)
F64 = (0, 1 << 63, 0x3ff0 << 48, 0xbff0 << 48, 0x7ff0 << 48, 0xfff0 << 48, 0x7ff8 << 48, 0xfff8 << 48,
       0x7ff0000000000001, 0xfff4123456789abc, 0x7ffc00000badf00d, 1, 0x8000000000000001, 0xfffffffffffff, 0x10 << 48,
       0x7fefffffffffffff, 0xffefffffffffffff, 0x41e0 << 48, 0xc1e0 << 48, 0x41dfffffffc00000, 0x43e0 << 48,
       0xc3e0 << 48, 0x43dfffffffffffff, 0x40e0 << 48, 0x3fe0 << 48, 0x3ff8 << 48, 0x4004 << 48, 0xc004 << 48,
       0x400921fb54442d18, 0x36a0 << 48, 0x3690000000000001, 0x380fffffe0000000, 0x47efffffefffffff,
       0x3810 << 48, 0x3cb0 << 48, 0xc1e0000000200000, 0x41efffffffe00000)
# Of 80 bits: sign and exponent, significand
F80 = ((0, 0), (0x8000, 0), (0x3fff, 1 << 63), (0xbfff, 1 << 63), (0x7fff, 1 << 63), (0xffff, 1 << 63),
       (0x7fff, 3 << 62), (0xffff, 3 << 62), (0x7fff, 0x8000000000000001), (0xffff, 0xa000000000012345),
       (0x7fff, 0xc0000000deadbeef), (0, 1), (0x8000, 1), (0, 0x7fffffffffffffff), (0, 1 << 63),
       (0, 0x8000000000000001),
       (1, 1 << 63), (0x7ffe, 0xffffffffffffffff), (0xfffe, 0xffffffffffffffff), (0x3fff, 0x7fffffffffffffff),
       (0x4000, 1), (0x7fff, 0), (0xffff, 0x4000000000000001), (0x401e, 1 << 63), (0xc01e, 1 << 63),
       (0x403e, 1 << 63), (0xc03e, 1 << 63), (0x400e, 1 << 63), (0xc00e, 1 << 63), (0x403d, 0xfffffffffffffffe),
       (0x3ffe, 1 << 63), (0x3fff, 3 << 62), (0x4000, 0xa << 60), (0xc000, 0xa << 60), (0x4000, 0xc90fdaa22168c235),
       (0x3c01, 1 << 63), (0x3bcd, 1 << 63), (0x3bcc, 0x8000000000000001), (0x43fe, 0xfffffffffffffc00),
       (0x43ff, 1 << 63), (0x3f81, 1 << 63), (0x3f6a, 1 << 63), (0x407e, 0xffffff8000000000),
       (0x403a, 0xde0b6b3a763fffff),
       (0x403a, 0xde0b6b3a76400000), (0x3fbf, 1 << 63), (0x4040, 0x8000000000000001))
TRANSCENDENTAL = (0xf0, 0xf1, 0xf2, 0xf3, 0xf9, 0xfb, 0xfe, 0xff)
# Opcodes behind 0F that are MMX's, SSE's or AVX's.  52 and 53 are approximations, 78 and 79 AMD's or VMX's.
ONE = (*range(0x10, 0x18), *range(0x28, 0x30), 0x50, 0x51, *range(0x54, 0x78), *range(0x7a, 0x80), 0xc2, 0xc4, 0xc5,
       0xc6, *range(0xd0, 0x100))
ONE_IMM = (0x70, 0x71, 0x72, 0x73, 0xc2, 0xc4, 0xc5, 0xc6)
# Behind 0F 38, but for what this machine has and TCG has not
TWO = tuple(op for op in (*range(0x0c), *range(0x0c, 0x30), *range(0x30, 0x48), *range(0x58, 0x5c), *range(0x78, 0x7a),
                          *range(0x8c, 0x94), *range(0x96, 0xb0), *range(0xb6, 0xc0), *range(0xc8, 0xcf),
                          *range(0xdb, 0xe0), *range(0xf0, 0xf8)) if op not in (0x2a,))
TWO_LIKELY = (*range(0x0c), 0x10, 0x14, 0x15, 0x17, *range(0x18, 0x26), *range(0x28, 0x36), *range(0x37, 0x42),
              *range(0x45, 0x48), 0x58, 0x59, 0x5a, 0x78, 0x79, 0x8c, 0x8e, *range(0x96, 0xa0), *range(0xa6, 0xb0),
              *range(0xb6, 0xc0), *range(0xc8, 0xce), *range(0xdb, 0xe0), 0xf0, 0xf1, 0xf2, 0xf3, 0xf5, 0xf6, 0xf7)
THREE = (*range(0x10), *range(0x14, 0x18), *range(0x18, 0x1e), *range(0x20, 0x23), *range(0x38, 0x3a),
         *range(0x40, 0x43), 0x44, 0x46, *range(0x4a, 0x4d), *range(0x60, 0x64), 0xcc, 0xdf, 0xf0)
# FOP, FIP and FDP do not count: TCG's FXSAVE has none (docs/cpu.md), newer CPUs note FDP with exceptions only.
POINTERS = 0x70000


def f64(r):
    """A number of 64 bits, or two of 32."""
    kind = r.random()
    if kind < .5:
        return r.choice(F64)
    if kind < .8:
        return r.choice(F32) | r.choice(F32) << 32
    if kind < .9:
        return r.choice((0x8000800080008000, 0x7fff7fff7fff7fff, 0xff00ff00ff00ff00, 0x0123456789abcdef,
                         0xffffffffffffffff, 0x7fffffff80000000, 0x0001ffff00ff8001))
    return r.getrandbits(64)


def f80(r):
    """Of 80 bits."""
    kind = r.random()
    if kind < .8:
        high, low = r.choice(F80)
        return high << 64 | low
    if kind < .9:
        return (r.randrange(0x3fe0, 0x4050) | r.choice((0, 0x8000))) << 64 | 1 << 63 | r.getrandbits(63)
    return r.getrandbits(80)


def pools():
    """Numbers, and contents of registers by name, which programs choose from: making them is most of the work."""
    r = random.Random(0)
    lists = {'st': [tuple(f'{f80(r):x}' for _ in range(8)) for _ in range(1024)]}
    for name in 'xmm', 'ymm':
        lists[name] = [tuple(f'{f64(r) | f64(r) << 64:x}' for _ in range(16)) for _ in range(1024)]
    return [f64(r) for _ in range(8192)], lists


NUMBERS, LISTS = pools()


class Float(programs.Program):
    """Any mode, and an FPU with a state of its own."""

    def __init__(self, seed):
        super().__init__(seed)
        self.fpu |= 1
        self.fmask |= POINTERS

    def place(self):
        super().place()
        r = self.r
        self.cr0 = self.cr0 & ~(MP | EM | TS | NE) | r.choice((
            *(NE,) * 12, 0, 0, NE | TS, NE | TS | MP, NE | EM, NE | MP, NE | EM | MP, TS, MP, NE | TS | EM))
        self.cr4 |= OSFXSR | OSXMMEXCPT | OSXSAVE
        if r.random() < .12:
            self.cr4 &= ~r.choice((OSFXSR, OSXMMEXCPT, OSXSAVE, OSFXSR | OSXSAVE))
        self.state = self.any_state()

    def change(self):
        r = self.r
        for i in range(0, 8 * r.choice((1, 3, 6)), 2):
            self.number_at(DATA - ARENA + i * 4)
        if r.random() < .2:
            self.number_at(DATA - ARENA + 0x1000 - r.choice((8, 4, 2, 10)))
        if r.random() < .3:
            self.poke()

    def number_at(self, where):
        """Eight bytes of data."""
        value = self.f64()
        if where & 3:
            return
        self.put(where, value)
        self.put(where + 4, value >> 32)

    def rooms(self):
        return ((self.x87,), (self.x87,), (self.x87, self.x87, self.fpu_state), (self.mmx, self.x87), (self.sse,),
                (self.sse,), (self.sse, self.fpu_state), (self.avx,), (self.fpu_state,), (self.avx, self.memory),
                (self.x87, self.fpu_control))

    # -- numbers

    def f64(self):
        """Of 64 bits."""
        return NUMBERS[int(self.r.random() * len(NUMBERS))]

    def any_state(self):
        """Of the FPU, at its edges."""
        r = self.r
        out = {name: lists[int(r.random() * len(lists))] for name, lists in LISTS.items()}
        precision, rounding = r.choice((0x300, 0x300, 0x300, 0x200, 0)), r.choice((0, 0, 0x400, 0x800, 0xc00))
        masks = 0x3f if r.random() < .6 else r.choice((0, 0x3e, 0x3d, 0x3b, 0x37, 0x2f, 0x1f, r.randrange(64)))
        out['fcw'] = 0x40 | precision | rounding | masks
        out['ftw'] = r.choice((0xff, 0xff, 0xff, 0, 0x80, 0x7f, 0x0f, r.randrange(256)))
        out['fsw'] = r.choice((0, 0, r.randrange(8))) << 11 | r.choice((0, 0, 0x4700, 0x0100, 0x0400, 0x0200))
        if r.random() < .15:
            pending = r.choice((1, 2, 4, 8, 0x10, 0x20, 0x41, 0x41 | 0x200))
            out['fsw'] |= pending | (0x8080 if pending & 0x3f & ~masks else 0)
        masks = 0x3f if r.random() < .65 else r.choice((0, 0x3e, 0x3d, 0x3b, 0x37, 0x2f, 0x1f, r.randrange(64)))
        out['mxcsr'] = masks << 7 | r.choice((0, 0, 0x2000, 0x4000, 0x6000)) | \
            r.choice((0, 0, 0, 0x8000, 0x40, 0x8040, 0x3f, 1, 0x20))
        if r.random() < .5:
            del out['st' if r.random() < .3 else 'ymm']
        return out

    def address(self):
        if self.r.random() < .5 and self.flat:
            return DATA + self.r.choice((0, 0, 0x10, 0x20, 8, 4, 1, 0x1000 - 0x10, 0x1000 - 0x20, 0x1000))
        return super().address()

    # -- rooms

    def front_of(self, prefix=b''):
        """Prefixes of a vector instruction: those of segments and addresses, one that means something, REX."""
        r = self.r
        out = b'\x67' if r.random() < .06 else b''
        if r.random() < .08:
            out += bytes([r.choice(self.segments())])
        out += prefix
        if self.kind == 'long' and r.random() < .4:
            out += bytes([0x40 | r.randrange(16)])
        return out

    def segments(self):
        """Prefixes that name one."""
        return (0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65)

    def x87(self):
        """D8 to DF."""
        r = self.r
        for _ in range(20):
            op = r.randrange(0xd8, 0xe0)
            if r.random() < .55:
                second = r.randrange(0xc0, 0x100)
                if op == 0xd9 and second in TRANSCENDENTAL or not self.takes(op, second):
                    continue
                if op == 0xd9 and second in (0xf6, 0xf7):
                    self.fmask &= ~0x4500       # C0, C2 and C3 are undefined (SDM vol. 2, FINCSTP)
                return self.front_of() + bytes([op, second])
            digit = r.randrange(8)
            f = self.front_of(self.size66() if op in (0xd9, 0xdd) and digit in (4, 6) else b'')
            code = self.operand(f, digit, True)
            if code[0] < 0xc0 and self.takes(op, digit << 3):
                return f + bytes([op]) + code
        return b'\xd9\xe8'

    def takes(self, op, second):
        """Whether it can be judged here."""
        return True

    def fpu_control(self):
        """What does not wait, and what does."""
        return self.r.choice((b'\x9b', b'\x9b', b'\xdb\xe2', b'\xdb\xe3', b'\xdf\xe0', b'\xd9\xd0', b'\xdb\xe4',
                              b'\xdb\xe0', b'\x66\x9b', b'\x0f\x77'))

    def fpu_state(self):
        """FXSAVE, XSAVE and their like."""
        r = self.r
        f = self.front_of()
        kind = r.random()
        if kind < .3:
            return [f + b'\x0f\xae' + self.operand(f, digit, True) for digit in r.choice(((0, 1), (1,), (0,), (0,)))]
        if kind < .55:
            return f + b'\x0f\xae' + self.operand(f, r.choice((2, 3)), True)
        if kind < .65:
            wide = b'' if self.wide else b'\x66'
            return [wide + b'\xb8' + struct.pack('<I', r.choice((7, 1, 2, 4, 6, 3))), wide + b'\xba\0\0\0\0',
                    f + b'\x0f\xae' + self.operand(f, r.choice((4, 5, 6)), True)]
        if kind < .8:
            wide = b'' if self.wide else b'\x66'
            return [wide + b'\xb8' + struct.pack('<I', r.choice((7, 1, 3, 5, 0, 6, 0xf, 0x1ff))), wide + b'\xba' +
                    struct.pack('<I', r.choice((0, 0, 0, 1))), wide + b'\xb9' +
                    struct.pack('<I', r.choice((0, 0, 0, 1, 2))), r.choice((b'\x0f\1\xd1', b'\x0f\1\xd0'))]
        return r.choice((b'\x0f\xae\xe8', b'\x0f\xae\xf0', b'\x0f\xae\xf8', b'\x0f\x77', b'\x0f\6', b'\x9b',
                         b'\x66\x0f\xae\xe8', b'\xdb\xe3'))

    def mmx(self):
        """Of 64 bits."""
        return self.vector(b'')

    def sse(self):
        """Of 128."""
        return self.vector(self.r.choice((b'', b'\x66', b'\x66', b'\xf2', b'\xf3')))

    def vector(self, prefix):
        """Behind 0F, 0F 38 or 0F 3A."""
        r = self.r
        f = self.front_of(prefix)
        kind = r.random()
        if kind < .7:
            op, behind, imm = r.choice(ONE), b'', ONE_IMM
        elif kind < .88:
            op, behind, imm = r.choice(TWO_LIKELY if r.random() < .9 else TWO), b'\x38', ()
        else:
            op, behind, imm = r.choice(THREE), b'\x3a', range(256)
        out = f + b'\x0f' + behind + bytes([op])
        if (behind, op) == (b'', 0x77):
            return out
        return out + self.operand(f) + (bytes([r.getrandbits(8) if r.random() < .5 else r.randrange(16)])
                                        if op in imm else b'')

    def avx(self):
        """With VEX."""
        r = self.r
        f = self.front_of()
        if self.kind == 'long' and f and f[-1] & 0xf0 == 0x40 and r.random() < .95:
            f = f[:-1]
        if r.random() < .02:
            f = r.choice((b'\x66', b'\xf2', b'\xf3', b'\xf0')) + f
        kind = r.random()
        which, ops, imm = (1, ONE, ONE_IMM) if kind < .5 else (2, TWO_LIKELY if r.random() < .9 else TWO, ()) \
            if kind < .8 else (3, THREE, range(256))
        op = r.choice(ops)
        long_form, pp, wide = r.randrange(2), r.choice((0, 1, 1, 1, 2, 3)), r.choice((0, 0, 1))
        if (which, op) == (3, 0x44):
            long_form = 0
        second = r.choice((15, 15, r.randrange(16)))
        if self.kind != 'long':
            second |= 8
        last = long_form << 2 | pp | second << 3
        if which == 1 and not wide and r.random() < .5:
            out = bytes([0xc5, last | (r.choice((0x80, 0)) if self.kind == 'long' else 0x80)])
        else:
            high = r.choice((0xe0, 0xe0, r.randrange(8) << 5)) if self.kind == 'long' else 0xe0
            out = bytes([0xc4, high | which, last | wide << 7])
        out = f + out + bytes([op])
        if (which, op) == (1, 0x77):
            return out
        return out + self.operand(f) + (bytes([r.getrandbits(8) if r.random() < .5 else r.randrange(16)])
                                        if op in imm else b'')


class User(Float):
    """64-bit code at CPL 3, for a real CPU: nothing of the system, no jumps, only its own pages."""
    KINDS = ('long',)

    def __init__(self, seed):
        super().__init__(seed)
        self.fpu, self.dr7 = 3, 0x400

    def place(self):
        super().place()
        self.cpl, self.flat, self.how = 3, True, LONG
        self.cs, self.ss, self.base, self.data, self.ldt = 0x2b, 0x23, 0, [0x23] * 4, 0
        self.cr0, self.cr4 = 0x50000 | NE, OSFXSR | OSXMMEXCPT | OSXSAVE
        self.flags = 0x202 | self.r.choice((0, 0, 0, 0x400, 0x8d5, 0x8d5, 1, 0x800, 0x40)) | \
            (0x40000 if self.r.random() < .05 else 0)
        self.where = self.r.choice((0x8000, 0x8000, 0x8000, 0x8ffc))
        self.ip = ARENA + self.where

    def change(self):
        r = self.r
        for i in range(0, 8 * r.choice((1, 3, 6)), 2):
            self.number_at(DATA - ARENA + i * 4)
        if r.random() < .1:
            page = r.choice((0x2b, 0x2c, 0x2d))
            self.put(programs.PT + page * 8, page << 12 | r.choice((5, 0x65, 0, 4)))

    def stack_pointer(self):
        return self.r.choice((*(programs.STACK,) * 6, programs.STACK + 1, programs.STACK - 0x7f8, 0x800000000000))

    def address(self):
        r = self.r
        return DATA + r.choice((0, 0, 0, 0x10, 0x20, 8, 4, 1, 3, 0xff0, 0xff8, 0xfff, 0xffc, 0x1000, 0x1fe0,
                                0x1ff8, 0x2ffd))

    def number_of_any_kind(self):
        r = self.r
        kind = r.random()
        if kind < .55:
            return self.address()
        if kind < .6:
            return r.choice(programs.NOT_CANONICAL)
        if kind < .85:
            return r.choice(programs.fuzzed.EDGES)
        return self.f64()

    def value(self):
        return self.number_of_any_kind()

    def segments(self):
        return (0x26, 0x2e, 0x36, 0x3e, 0x65)

    def front(self):
        return super().front().replace(b'\x64', b'')

    def takes(self, op, second):
        # FLDENV, FNSTENV, FRSTOR and FNSAVE have the pointers
        return not (second < 0xc0 and op in (0xd9, 0xdd) and second >> 3 in (4, 6))

    def fpu_state(self):
        f = self.front_of()
        return self.r.choice((f + b'\x0f\xae' + self.operand(f, self.r.choice((2, 3)), True), b'\x0f\xae\xe8',
                              b'\x0f\xae\xf0', b'\x0f\x77', b'\x9b'))

    def rooms(self):
        return ((self.x87,), (self.x87,), (self.mmx,), (self.sse,), (self.sse, self.avx), (self.avx,),
                (self.x87, self.fpu_control), (self.fpu_state, self.sse), (self.memory,), (self.bits,),
                (self.bits, self.memory, self.newer), (self.newer,), (self.string, self.memory))

    def newer(self):
        """BMI, ADX, POPCNT, MOVBE, CRC32."""
        r = self.r
        kind = r.random()
        if kind < .45:
            out = bytes([0xc4, 0xe2 if r.random() < .6 else r.randrange(8) << 5 | 2,
                         r.randrange(2) << 7 | r.randrange(16) << 3 | r.randrange(4)])
            op = r.choice((0xf2, 0xf3, 0xf5, 0xf6, 0xf7))
            return out + bytes([op]) + self.operand(b'')
        if kind < .5:
            return bytes([0xc4, 0xe3, r.randrange(2) << 7 | 0x7b, 0xf0]) + self.operand(b'') + \
                bytes([r.choice((0, 1, 31, 32, 63, 255))])
        f = self.front_of(r.choice((b'', b'\x66', b'\xf2', b'\xf3', b'\x66\xf2')))
        if kind < .75:
            return f + b'\x0f\x38' + bytes([r.choice((0xf0, 0xf1, 0xf6))]) + self.operand(f)
        return f + b'\x0f' + bytes([r.choice((0xb8, 0xbc, 0xbd, 0xa5, 0xad))]) + self.operand(f)


KINDS = {'system': programs.Program, 'float': Float, 'user': User}
