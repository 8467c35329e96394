# SPDX-License-Identifier: GPL-2.0-or-later
"""Tiny guests of ours for what no package exercises; what they print is known."""
import math
import struct

import images
from guest import Guest
from screen import Picture

MASK = 0xffffffff


def stream(seed):
    """The numbers that the guests fill memory with."""
    while True:
        seed = (seed * 1664525 + 1013904223) & MASK
        yield seed


def rol(value, count):
    """Rotate 32 bits."""
    return ((value << count) | (value >> (32 - count))) & MASK


class Tiny(Guest):
    """A disk image made of one of tests/guests/*.asm."""

    asm = ''
    known = True

    @property
    def sources(self):
        """The program and what all of them include."""
        return images.asm(self.asm + '.asm', 'real16.inc')

    def tail(self):
        """What follows from sector 64 on."""
        return b''

    def make(self, out, tmp, *roots):
        images.nasm(out, self.asm + '.asm')
        with open(out, 'r+b') as f:
            f.seek(64 * 512)
            f.write(self.tail())
            f.truncate(1 << 20)

    def options(self, image):
        return ['-M', 'pc', '-m', '16', '-vga', 'std', '-drive',
                f'if=ide,format=raw,snapshot=on,file={image}']

    def results(self):
        """name -> value, for all that is known without running it."""
        raise NotImplementedError

    def drive(self, s):
        s.results('results', self.results())


class Unreal(Tiny):
    """Copy loops in big real mode."""

    name = 'tiny-unreal'
    about = 'ours: copy loops in big real mode'
    asm = 'unreal'

    def results(self):
        numbers, total = stream(1), 0
        for _ in range(8 * 0x100000 // 4):
            last = next(numbers)
            total += last
        return {'sum': total & MASK, 'wrong': 0, 'seed': last}


class Strings(Tiny):
    """String instructions with 16-bit addresses."""

    name = 'tiny-strings'
    about = 'ours: REP MOVS and STOS that wrap in 64 KiB, against single moves'
    asm = 'strings'

    def results(self):
        numbers = stream(1)
        seed = [next(numbers) for _ in range(100 * 6)][-1]
        return {'wrong': 0, 'registers': 0, 'seed': seed}


class Switches(Tiny):
    """Real mode to protected mode and back."""

    name = 'tiny-switches'
    about = 'ours: 10000 ways into protected mode and back, some with paging'
    asm = 'switches'

    def results(self):
        total = sum((n + 1) * (10000 - n) for n in range(10000))
        return {'rounds': 10000, 'bios': 625, 'paged': 1250, 'sixteen': 10000,
                'high': 10000, 'sum': total & MASK}


class BiosCalls(Tiny):
    """INT 15h/87h and INT 13h."""

    name = 'tiny-bios'
    about = 'ours: INT 15h/87h moves, INT 13h reads'
    asm = 'bioscalls'

    def tail(self):
        numbers = stream(3)
        return b''.join(struct.pack('<I', next(numbers)) for _ in range(256 * 128))

    def results(self):
        numbers = stream(7)
        once = sum(next(numbers) for _ in range(0x2000))
        moved = sum(once + n for n in range(64))
        disk = 0
        for (value,) in struct.iter_unpack('<I', self.tail()):
            disk = rol((disk + value) & MASK, 1)
        return {'moved': moved & MASK, 'refused': 0, 'lba': disk, 'chs': disk}


class RealMath(Tiny):
    """Decimal adjustment and x87."""

    name = 'tiny-math'
    about = 'ours: BCD and x87 instructions in real mode'
    asm = 'realmath'

    @staticmethod
    def _flags(al):
        """SF, ZF and PF of a byte."""
        return (al & 0x80) | (0x40 if al == 0 else 0) | (0 if bin(al).count('1') & 1 else 4)

    @classmethod
    def _ascii(cls, add):
        def op(ax, carry, half):
            del carry
            if (ax & 15) > 9 or half:
                return (ax + add) & 0xff0f, 0x11
            return ax & 0xff0f, 0
        return op

    @classmethod
    def _decimal(cls, sign):
        def op(ax, carry, half):
            al, flags = ax & 255, 0
            high = al > 0x99 or carry
            if (al & 15) > 9 or half:
                flags |= 0x10
                if sign < 0 and al < 6:
                    flags |= 1
                al += 6 * sign
            if high:
                flags |= 1
                al += 0x60 * sign
            al &= 255
            return (ax & 0xff00) | al, flags | cls._flags(al)
        return op

    @classmethod
    def _split(cls, base):
        def op(ax, carry, half):
            del carry, half
            high, low = divmod(ax & 255, base)
            return (high << 8) | low, cls._flags(low)
        return op

    @classmethod
    def _join(cls, base):
        def op(ax, carry, half):
            del carry, half
            al = ((ax & 255) + (ax >> 8) * base) & 255
            return al, cls._flags(al)
        return op

    @staticmethod
    def _hash(op):
        value = 0
        for ax in range(0x300):
            for n in (3, 2, 1, 0):
                result, flags = op(ax, n & 1, n & 2)
                value = rol(value, 5) ^ result
                value = (value & 0xffff0000) | ((value + flags) & 0xffff)
        return value

    def results(self):
        values = {name: self._hash(op) for name, op in (
            ('aaa', self._ascii(0x106)), ('aas', self._ascii(-0x106)),
            ('daa', self._decimal(1)), ('das', self._decimal(-1)), ('aam', self._split(10)),
            ('aad', self._join(10)), ('aam7', self._split(7)), ('aad255', self._join(255)))}
        total = 0.0
        for i in range(1, 2001):
            total += math.sqrt(i) / (i + 1)
        low, high = struct.unpack('<II', struct.pack('<d', total))
        digits = bytes.fromhex('123456789012345678'.rjust(20, '0'))[::-1]
        back = struct.pack('<q', 123456789012345678 - 1)
        rounding = 0
        for up, down in ((2, -2), (2, -3), (3, -2), (2, -2)):
            rounding = rol(rounding, 8) ^ struct.unpack('<I', struct.pack('<hh', up, down))[0]
        return {**values, 'zero': 1000, 'sumlow': low, 'sumhigh': high,
                'bcd0': struct.unpack('<I', digits[:4])[0],
                'bcd4': struct.unpack('<I', digits[4:8])[0],
                'bcd8': struct.unpack('<H', digits[8:])[0],
                'back0': struct.unpack('<I', back[:4])[0],
                'back4': struct.unpack('<I', back[4:])[0], 'rounding': rounding,
                # two registers in use, invalid operation and division by zero
                'status': (6 << 11) | 5}


class SelfModifying(Tiny):
    """Code that rewrites itself."""

    name = 'tiny-selfmod'
    about = 'ours: real-mode code that rewrites itself'
    asm = 'selfmod'

    def results(self):
        si, immediate = 0, 0
        for i in range(20000):
            si = (si + i + (-1 if i & 1 else 1)) & 0xffff
            immediate += si
        return {'immediate': immediate & MASK,
                'moving': sum(i ^ 0x5a5a for i in range(20000)) & MASK}


class A20(Tiny):
    """The A20 gate."""

    name = 'tiny-a20'
    about = 'ours: data and code under two addresses with the A20 gate off (KVM ignores it)'
    asm = 'a20'

    def results(self):
        return {'aliased': 1000, 'apart': 1000, 'alias': sum(range(20000)) & MASK}


class Timer(Tiny):
    """Interrupts in big real mode."""

    name = 'tiny-timer'
    about = 'ours: timer interrupts through the IVT in big real mode'
    asm = 'timer'

    def results(self):
        return {'wrong': 0, 'halted': 30, 'last': 0}


class Vbe(Tiny):
    """Frame buffers, linear, in banks and in planes."""

    name = 'tiny-vbe'
    about = 'ours: VBE modes drawn linearly, in banks and in planes'
    asm = 'vbe'
    picture = 'linear'

    @staticmethod
    def _pixels(rows):
        return b''.join(bytes((x & 255, y & 255, (x ^ y) & 255))
                        for y in rows for x in range(640))

    @staticmethod
    def _planes():
        def level(bits):
            """The DAC has six bits a colour; QEMU repeats the lowest one."""
            return (0, 0x2a, 0x15, 0x3f)[bits]

        def byte(six):
            return (six << 2) | (3 if six & 1 else 0)

        palette = []
        for c in range(16):
            bright = 2 if c & 8 else 0
            rgb = [bright | (c >> n & 1) for n in (2, 1, 0)]
            if c == 6:
                rgb[1] = 2      # brown
            palette.append(bytes(byte(level(v)) for v in rgb))
        return b''.join(palette[((x // 8 + y) & 15) ^ (15 if y >= 240 else 0)]
                        for y in range(480) for x in range(640))

    def results(self):
        return {'info': 0x4f, 'linear': 0x4f, 'drawn': 480, 'banks': 18, 'planes': 0x12}

    def drive(self, s):
        s.shows('linear', Picture(640, 480, self._pixels(range(480))))
        s.keys('spc')
        s.shows('banks', Picture(640, 480, self._pixels(range(479, -1, -1))))
        s.keys('spc')
        s.shows('planes', Picture(640, 480, self._planes()))
        s.keys('spc')
        s.results('results', self.results())


ALL = (Unreal(), Strings(), Switches(), BiosCalls(), RealMath(), SelfModifying(), A20(), Timer(),
       Vbe())
