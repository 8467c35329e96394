# SPDX-License-Identifier: GPL-2.0-or-later
"""Random programs for tests/fuzz/harness.asm, made from a seed.

A program is a CPU mode, registers, changes to memory (page tables, descriptors, gates)
and slots of 16 bytes, an instruction or a short loop each.  Half of what it does is
likely to be valid: accesses of devices, loads of system registers, changes of mode.
"""
import random
import struct

REAL, BIGREAL, PROT16, PROT32, PAGED32, PAE, V86, COMPAT, LONG = range(9)
MODES = ('real', 'bigreal', 'prot16', 'prot32', 'paged32', 'pae', 'v86', 'compat', 'long')
SLOT = 16
CODE, STACK = 0x30000, 0x70000
GDT, IDT32, IDT64, TSS = 0x1000, 0x2000, 0x3000, 0x4000
PD32, PT32, PDPT, PD, PML4, PT = 0x10000, 0x11000, 0x12000, 0x13000, 0x17000, 0x19000
VGA, TEXT, HPET, LAPIC, IOAPIC, TESTDEV = (0xa0000, 0xb8000, 0xfed00000, 0xfee00000,
                                           0xfec00000, 0xff000000)
PORTS = (0x20, 0x21, 0xa0, 0xa1, 0x40, 0x42, 0x43, 0x60, 0x61, 0x64, 0x70, 0x71, 0x80, 0x92, 0x1f0,
         0x1f2, 0x1f6, 0x1f7, 0x3f6, 0x170, 0x177, 0x3c0, 0x3c4, 0x3c5, 0x3ce, 0x3cf, 0x3d4,
         0x3d5, 0x3da, 0x3f8, 0x3f9, 0x3fd, 0x378, 0xcf8, 0xcfb, 0xcfc, 0xcff, 0x510, 0x511, 0x514,
         0xe0, 0xe4, 0xe8, 0x4d0, 0x0, 0xc, 0x1ce, 0x1cf, 0x5658, 0xffff, 0xb2)
MSRS = (0x10, 0x1b, 0x3a, 0x3b, 0x8b, 0xfe, 0x174, 0x175, 0x176, 0x179, 0x17a, 0x1a0, 0x200,
        0x201, 0x250, 0x258, 0x268, 0x277, 0x2ff, 0x400, 0x401, 0x6e0, 0x800, 0x802, 0x808, 0x80b,
        0x80f, 0x830, 0x832, 0x838, 0x839, 0x83f, 0xd90, 0xda0, 0x4b564d00, 0x4b564d01, 0x4b564d02,
        0x11, 0x12, 0x40000000, 0x40000001, 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083,
        0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010015, 0xc0010114,
        0xc0010117, 0x9e, 0x48, 0xffffffff)
SELECTORS = (0, 3, 0x8, 0x10, 0x1b, 0x23, 0x28, 0x2b, 0x38, 0x40, 0x4b, 0x50, 0x5b, 0x60, 0x68, 0x78,
             0x88, 0xfff8, 0x14)
EDGES = (0, 1, 2, 0xf, 0x10, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
         0x80000000, 0xffffffff, 0xfffffffe, 0x7fffffffffff, 0x800000000000, 0xffff800000000000,
         0xffffffffffffffff, 0x4000000000000000)

# Opcodes without ModRM, with the size of their immediate; z is 2 or 4 bytes.
PLAIN = {op: 0 for op in (*range(0x40, 0x60), *range(0x60, 0x62), *range(0x6c, 0x70),
                          *range(0x90, 0x9a), *range(0x9b, 0xa0), *range(0xa4, 0xa8),
                          *range(0xaa, 0xb0), 0xc3, 0xc9, 0xcb, 0xcc, 0xce, 0xcf, 0xd7, 0xec, 0xed,
                          0xee, 0xef, 0xf1, 0xf4, 0xf5, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0x27,
                          0x2f, 0x37, 0x3f, 6, 7, 0xe, 0x16, 0x17, 0x1e, 0x1f)}
PLAIN.update({op: 1 for op in (4, 0xc, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x6a, 0xa8,
                               *range(0xb0, 0xb8), 0xcd, 0xd4, 0xd5, *range(0xe4, 0xe8))})
PLAIN.update({op: 'z' for op in (5, 0xd, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x68, 0xa9,
                                 *range(0xb8, 0xc0), 0xa0, 0xa1, 0xa2, 0xa3)})
MODRM = [op for base in range(0, 0x40, 8) for op in range(base, base + 4)] + \
    [0x62, 0x63, 0x69, 0x6b, 0x80, 0x81, 0x83, *range(0x84, 0x90), 0xc0, 0xc1, 0xc4, 0xc5, 0xc6, 0xc7,
     *range(0xd0, 0xd4), *range(0xd8, 0xe0), 0xf6, 0xf7, 0xfe, 0xff]
MODRM_IMM8 = (0x6b, 0x80, 0x83, 0xc0, 0xc1, 0xc6)
MODRM_IMMZ = (0x69, 0x81, 0xc7)
TWO_PLAIN = (5, 6, 7, 8, 9, 0xb, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x37, 0x77, 0xa0, 0xa1, 0xa2, 0xa8,
             0xa9, 0xaa, *range(0xc8, 0xd0))
TWO_IMM8 = (0x70, 0x71, 0x72, 0x73, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6)


class Program:
    """One program; bytes() of it is what the harness reads."""

    def __init__(self, seed):
        self.seed = seed
        r = self.r = random.Random(seed)
        self.mode = r.choice((REAL, BIGREAL, PROT16, PROT32, PAGED32, PAE, V86, COMPAT, LONG, LONG))
        self.cpl = 3 if r.random() < .4 else 0
        self.wide = self.mode in (PROT32, PAGED32, PAE, COMPAT, LONG)
        self.regs = [self.value() for _ in range(7)]
        self.regs[1] = r.choice((1, 3, 0x20, 0x40, 0x100, 0x400, self.value()))
        self.regs[2] = r.choice((*PORTS, self.value()))
        self.flags = r.choice((2, 2, 0x202, 0x202, 0x3202, 0x3002, 0x102, 0x40202, 0x602, 0x3302,
                               0x4202, 0x10202))
        self.segs = [r.choice((0, 0xa000, 0xb800, 0x3000, 0xf000, 0xffff, 0x9ffb)) for _ in range(2)]
        self.dr7 = r.choice((0x400, 0x400, 0x400, 0x401, 0xd0401, 0x10403, 0x30401, 0x20501, 0x2400))
        self.dr0 = r.choice((CODE + 32, CODE + 48, STACK - 0x108, STACK - 0x104, TESTDEV, TEXT, 0x80,
                             0xeff8, IDT32, self.value() & 0xffffffff))
        self.pokes = [self.poke() for _ in range(r.choice((0, 0, 0, 1, 2, 4)))]
        self.slots = [self.slot() for _ in range(r.randrange(3, 14))]
        self.ap = None

    def address(self):
        """Where something is, or begins, or ends."""
        r = self.r
        base = r.choice((VGA, TEXT, HPET, LAPIC, IOAPIC, TESTDEV, TESTDEV, CODE, CODE, GDT, IDT32,
                         IDT64, TSS, PD32, PT32, PD, PT, STACK, 0xf0000, 0xfffff000, 0x8000000, 0x9ffb0,
                         0x100000, 0xa0000 - 8, 0x200000))
        return (base + r.choice((0, 0, 0, 8, 0x10, 0x20, 0x30, 0xf0, 0xff0, 0xffc, 0xfff))) & 0xffffffff

    def value(self):
        """For a register."""
        return self.address() if self.r.random() < .7 else self.r.choice(EDGES)

    def poke(self):
        """A change to a table of the harness."""
        r = self.r
        table, entries, size = r.choice(((PD32, 1024, 4), (PT32, 0x100, 4), (PDPT, 4, 8), (PD, 8, 8),
                                         (PT, 0x100, 8), (PML4, 1, 8), (GDT, 16, 8), (IDT32, 0x50, 8),
                                         (IDT64, 0x50, 16), (TSS, 30, 4)))
        where = table + r.randrange(entries) * size + r.choice((0, 0, 4) if size > 4 else (0,))
        what = r.choice((0, r.getrandbits(32), self.address() & ~0xfff | r.choice((1, 3, 5, 7, 0x87, 0x67)),
                         self.address(), 0x00cf9b00, 0x00ef9b00, 0x00008500, 0x0000ec00, 0x00008700))
        return where, what

    def modrm(self):
        """ModRM with SIB and displacement."""
        r = self.r
        mod, reg, rm = r.choice((0, 0, 0, 1, 2, 3)), r.randrange(8), r.randrange(8)
        out = bytes([mod << 6 | reg << 3 | rm])
        if mod == 3:
            return out
        if not self.wide:
            if mod == 0 and rm == 6:
                return out + struct.pack('<H', r.choice((0, 0x500, 0x8000, 0xffff, 0xfffd)))
            return out + bytes(r.getrandbits(8) for _ in range(mod))
        if rm == 4:
            sib = r.getrandbits(8)
            out += bytes([sib])
            if mod == 0 and sib & 7 == 5:
                return out + struct.pack('<I', self.address())
        if mod == 0 and rm == 5:
            return out + struct.pack('<I', self.address())
        if mod == 1:
            return out + bytes([r.choice((0, 8, 0x10, 0x80, 0xff, 0x7f))])
        return out + (struct.pack('<i', r.choice((0, 0x100, -0x100, 0x1000))) if mod == 2 else b'')

    def immediate(self, size, prefix):
        """Of one byte, or of the operand's size."""
        if size == 'z':
            size = 2 if (0x66 in prefix) == self.wide else 4
        return (self.value() & ((1 << size * 8) - 1)).to_bytes(size, 'little')

    def prefixes(self):
        """What may stand before an opcode."""
        r = self.r
        out = bytearray(r.choice((0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x64, 0x66, 0xf3))
                        for _ in range(r.choice((0, 0, 0, 0, 1, 1, 2))))
        if self.mode == LONG and r.random() < .4:
            out.append(0x40 | r.randrange(16))
        return bytes(out)

    def ordinary(self):
        """Any opcode of the maps, with as much behind it as it takes."""
        r = self.r
        prefix = self.prefixes()
        kind = r.random()
        if kind < .3:
            op, size = r.choice(list(PLAIN.items()))
            return prefix + bytes([op]) + (self.immediate(size, prefix) if size else b'')
        if kind < .6:
            op = r.choice(MODRM)
            out = prefix + bytes([op]) + self.modrm()
            size = 1 if op in MODRM_IMM8 else 'z' if op in MODRM_IMMZ else 0
            return out + (self.immediate(size, prefix) if size else b'')
        if kind < .9:
            op = r.randrange(256)
            if op in TWO_PLAIN:
                return prefix + bytes([0x0f, op])
            out = prefix + bytes([0x0f, op])
            if op in (0x38, 0x3a):
                out += bytes([r.randrange(256)])
            return out + self.modrm() + (b'\1' if op in TWO_IMM8 or op == 0x3a else b'')
        if kind < .97:
            return bytes([0xc5, r.getrandbits(8), r.getrandbits(8)]) + self.modrm() if r.random() < .5 \
                else bytes([0xc4, r.getrandbits(8) & 0xe3, r.getrandbits(8), r.getrandbits(8)]) + \
                self.modrm()
        return bytes(r.getrandbits(8) for _ in range(r.randrange(1, 15)))

    def load(self, register, value):
        """mov reg32, imm32, in any mode."""
        return (b'' if self.wide else b'\x66') + bytes([0xb8 + register]) + \
            struct.pack('<I', value & 0xffffffff)

    def burst(self):
        """A loop of device accesses that makes a window open."""
        r = self.r
        count = self.load(1, r.choice((6, 20, 60)))
        body = r.choice((b'\xec', b'\xed', b'\x66\xed', b'\xee', b'\xef',
                         *((b'\x8a\x07', b'\x88\x07', b'\x8b\x07', b'\x00\x07', b'\xaa', b'\xac', b'\x87\x07')
                           if self.wide else (b'\x8a\x05', b'\x88\x05', b'\xaa', b'\xac'))))
        return count + body + bytes([0xe2, 0x100 - 2 - len(body)])

    def unknown_to_vt(self):
        """Something that KVM does not emulate, on memory."""
        r = self.r
        rm = b'\x07' if self.wide else b'\x05'
        return r.choice((b'\x0f\x6e', b'\x66\x0f\x6e', b'\xdb', b'\xd9', b'\xdd', b'\x0f\xae', b'\x0f\xc7',
                         b'\xf3\x0f\x7e', b'\x66\x0f\x38\x00', b'\x0f\x6f', b'\xdf', b'\xd8')) + \
            (bytes([rm[0] | r.randrange(8) << 3]))

    def system(self):
        """Registers of the system, calls and returns between rings."""
        r = self.r
        sel = struct.pack('<H', r.choice(SELECTORS))
        crs = r.choice((0, 0, 2, 3, 4, 4, 8))
        cr = bytes([0xc0 | (crs & 7) << 3 | r.randrange(8)])
        rex = b'\x44' if crs == 8 and self.mode == LONG else b''
        bits = r.choice((0, 1, 2, 3, 5, 16, 18, 29, 30, 31) if crs == 0 else
                        (0, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 16, 17, 18, 20, 21, 22, 23))
        op66 = b'' if self.wide else b'\x66'
        toggle = b'\x0f\x20' + bytes([0xc0 | (crs & 7) << 3]) + op66 + b'\x0f\xba\xf8' + bytes([bits]) + \
            b'\x0f\x22' + bytes([0xc0 | (crs & 7) << 3])
        far = self.load(0, 0)[:-4] + struct.pack('<I', r.choice(SELECTORS))
        off = struct.pack('<I' if self.wide else '<H', CODE + 0x20 if self.wide else 0x20)
        return r.choice((
            rex + b'\x0f\x22' + cr, rex + b'\x0f\x20' + cr, toggle, toggle, toggle,
            b'\x0f' + bytes([r.choice((0x21, 0x23)), 0xc0 | r.randrange(64)]),
            self.load(1, r.choice(MSRS)) + b'\x0f' + bytes([r.choice((0x30, 0x32, 0x32))]),
            self.load(1, 0xc0000080) + b'\x0f\x32' + b'\x0f\xba\xf8' + bytes([r.choice((0, 8, 10, 11, 12))]) +
            b'\x0f\x30',
            far + b'\x8e' + bytes([0xc0 | r.randrange(8) << 3]), b'\x66\xb8' + sel + b'\x0f\0' +
            bytes([0xc0 | r.randrange(8) << 3]), b'\x0f\1' + bytes([r.getrandbits(8)]), b'\x0f\0' + self.modrm(),
            b'\x0f\1' + self.modrm(), b'\xea' + off + sel, b'\x9a' + off + sel, b'\x9c\x9d', b'\xcf', b'\xcb',
            b'\x6a' + bytes([r.choice((0, 1, 3, 0x40, 0x7f))]) + b'\x9d', bytes([0x68]) +
            self.immediate('z', b'') + b'\x9d', b'\x48\xcf', b'\xcd' + bytes([r.choice(
                (0, 1, 3, 8, 0xd, 0xe, 0x10, 0x13, 0x15, 0x20, 0x30, 0x41, 0x80))]),
            b'\x0f\x05', b'\x0f\x07', b'\x48\x0f\x07', b'\x0f\x34', b'\x0f\x35', b'\x0f\1\xf8', b'\x0f\1\xd1',
            b'\x0f\xaa', b'\xfb\xf4', b'\xfb\x90\xfa', b'\xf1', b'\xcc', b'\x0f\x0b', b'\x0f\x06', b'\x0f\xa2',
            b'\x0f\x31', b'\x0f\1\xf9', b'\xc8\x20\0' + bytes([r.choice((0, 1, 2, 31))]), b'\x0f\1\xc8',
            b'\x0f\1\xc9', b'\xf3\x90', b'\x0f\x09', b'\x0f\x77', b'\x0f\1\xc1', b'\x0f\1\xd9', b'\x0f\1\xd8'))

    def patch(self):
        """Code that writes code, or a table, near to where it runs."""
        r = self.r
        where = r.choice((CODE + 64, CODE + 80, CODE + 0x4040, PT, PT + 8 * 0x30, PT32 + 4 * 0x30, IDT32 + 14 * 8,
                          IDT64 + 13 * 16, GDT + 8, TSS + 4))
        value = r.choice((0x90909090, 0x0b0f0b0f, r.getrandbits(32), 0xf4f4f4f4))
        if not self.wide:
            return b'\x2e\xc6\x06' + struct.pack('<HB', where & 0xffff, value & 0xff)
        if self.mode == LONG:
            return b'\xc7\x04\x25' + struct.pack('<II', where, value)
        return b'\xc7\x05' + struct.pack('<II', where, value)

    def slot(self):
        """One slot's bytes, not filled up."""
        kind = self.r.random()
        out = self.burst() if kind < .2 else self.unknown_to_vt() if kind < .3 else \
            self.system() if kind < .55 else self.patch() if kind < .6 else self.ordinary()
        if self.r.random() < .15:
            # A register of its own before: an address or an edge.
            out = self.load(self.r.choice((0, 2, 3, 6, 7)), self.value()) + out
        return out[:SLOT]

    def __bytes__(self):
        # The last slot of all is the harness' own; AP's code is 0x4000 behind.
        code = b''.join(s.ljust(SLOT, b'\x90') for s in self.slots)
        return struct.pack('<BBH7QIHHIIHH', self.mode, self.cpl, self.ap or 0, *self.regs, self.flags,
                           *self.segs, self.dr7, self.dr0, len(self.pokes), len(code)) + \
            b''.join(struct.pack('<II', *p) for p in self.pokes) + code

    def show(self):
        """For people."""
        return '\n'.join([f'seed {self.seed}: {MODES[self.mode]}, CPL {self.cpl}, flags {self.flags:x}, '
                          f'segments {self.segs}, DR7 {self.dr7:x}, DR0 {self.dr0:x}',
                          '  registers ' + ' '.join(f'{v:x}' for v in self.regs),
                          *(f'  [{a:x}] = {v:08x}' for a, v in self.pokes),
                          *('  ' + s.hex(' ') for s in self.slots)])


def image(harness, programs, cpus):
    """A firmware of 128 KiB that runs programs, on the second CPU the one before as well."""
    table = bytearray(struct.pack('<H', len(programs)))
    at, body = 2 + 2 * len(programs), b''
    for i, program in enumerate(programs):
        program.ap = None
        if cpus > 1 and i:
            program.ap = previous
        previous = at + len(body)
        table += struct.pack('<H', previous)
        body += bytes(program)
    out = bytes(table) + body
    if len(out) > 0x10000:
        raise ValueError(f'{len(programs)} programs are too large for an image')
    return out.ljust(0x10000, b'\0') + harness
