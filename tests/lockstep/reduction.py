# SPDX-License-Identifier: GPL-2.0-or-later
"""What two engines differ about, and the least program that shows it."""
import copy
import re
import subprocess
import tempfile

import engines
import state

PLACES = ((0x20000, 'GDT'), (0x20200, 'LDT'), (0x20300, 'TSS'), (0x20800, 'IDT'), (0x21000, 'tables'), (0x28000,
                                                                                                        'code'),
          (0x2a000, 'data'), (0x2e000, 'stack'), (0x2f000, 'kernel-stack'))


class Item:
    """A program and the results of two engines."""

    def __init__(self, program, pair, results):
        self.program, self.pair = program, pair
        self.vectors = tuple(r.vector for r in results)
        self.named = [engines.named(program, r.dump) for r in results]

    def delta(self):
        """What differs: name -> values."""
        out = {}
        for name in {**self.named[0], **self.named[1]}:
            values = [side.get(name, 0) for side in self.named]
            if values[0] != values[1]:
                out[name] = values
        if self.vectors[0] != self.vectors[1]:
            out['vector'] = list(self.vectors)
        return out

    def differs(self):
        """Whether they do."""
        return self.vectors[0] != self.vectors[1] or self.named[0] != self.named[1]

    def last(self):
        """The bytes of the instruction at which the earlier engine stopped; an opcode is enough."""
        code, where = self.program.code, self.program.ip
        ips = [side.get('ip', 0) & 0xffff for side in self.named]
        at = [sum(len(one) for one in code[:i]) + where & 0xffff for i in range(len(code))]
        inside = [i for i, a in enumerate(at) if a in ips]
        return code[min(inside)] if inside else code[-1] if code else b''

    def opcode(self):
        """Of last(), without prefixes."""
        code = self.last()
        at = 0
        while at < len(code) - 1 and (code[at] in (0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3) or
                                      self.program.kind == 'long' and code[at] & 0xf0 == 0x40):
            at += 1
        size = 3 if code[at:at + 1] == b'\x0f' else 1
        out = code[at:at + size]
        if size == 3:
            return out[:2].hex() + (str(out[2] >> 3 & 7) if out[1:2] in (b'\0', b'\1', b'\xc7', b'\xae', b'\xba')
                                    and len(out) > 2 else '')
        if out and out[0] in (0x8f, 0xff, 0xf7, 0xf6, 0xfe, 0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3) and at + 1 < len(code):
            return f'{out.hex()}/{code[at + 1] >> 3 & 7}'
        return out.hex()

    def signature(self):
        """The same for differences that are alike."""
        kind = self.program.kind if self.program.kind in ('real', 'unreal', 'long') else \
            'v86' if self.program.kind.startswith('v86') else 'protected'
        what = set()
        for name in self.delta():
            if name.startswith('['):
                address = int(name[1:-1], 16)
                what.add([place for start, place in PLACES if address >= start][-1])
            else:
                what.add(re.sub(r'(st|xmm|ymm)\d.*', r'\1', name.rstrip('.'))
                         if not re.match(r'r\d|[abcd]x|[sd]i|bp', name) else 'register')
        if self.vectors[0] != self.vectors[1]:
            what = {'vector'}
        return kind, self.vectors, self.opcode(), tuple(sorted(what))

    def show(self):
        """For people."""
        program = self.program
        bits = 64 if program.kind == 'long' else 32 if program.wide else 16
        return '\n'.join([f'## {self.signature()}', program.show(), *disassembled(program.code, bits),
                          *(f'    {name}: {self.pair[0]} {a:x}, {self.pair[1]} {b:x}'
                            for name, (a, b) in self.delta().items())])


def disassembled(code, bits):
    """Lines of objdump."""
    with tempfile.NamedTemporaryFile(dir='/dev/shm') as f:
        f.write(b''.join(code))
        f.flush()
        mode = {16: 'i8086', 32: 'i386', 64: 'x86-64'}[bits]
        out = subprocess.run(['objdump', '-D', '-b', 'binary', '-m', 'i386', '-M', f'intel,{mode}', f.name],
                             capture_output=True, text=True, check=False).stdout
    return ['    ' + '  '.join(line.split('\t')[1:]) for line in out.split('\n') if re.match(r' +\w+:\t', line)]


def items(programs, pair, alone=False):
    """Results of both engines."""
    if not programs:
        return []
    both = [engines.run(programs, engine, True, alone) for engine in pair]
    return [Item(p, pair, (a, b)) for p, a, b in zip(programs, *both)]


def differences(programs, pair):
    """Those of the programs that differ here, too."""
    return [i for i in items(programs, pair) if i.differs() and not set(i.vectors) & set(engines.NO_RESULT[:1])]


def smaller(program):
    """Programs with one thing less."""
    def but(**fields):
        out = copy.copy(program)
        vars(out).update(fields)
        return out
    for i in range(len(program.code)):
        yield but(code=program.code[:i] + program.code[i + 1:])
    for i in range(len(program.pokes)):
        yield but(pokes=program.pokes[:i] + program.pokes[i + 1:])
    for i, value in enumerate(program.regs):
        if value and i != 4:
            yield but(regs=[0 if i == j else v for j, v in enumerate(program.regs)])
    if program.flags & ~0x20002:
        yield but(flags=program.flags & 0x20000 | 2)
    for name, plain in (('cr4', program.cr4 & 0x20), ('cr0', program.cr0 & 0x80000000), ('dr7', 0x400), ('ldt', 0)):
        if getattr(program, name) != plain:
            yield but(**{name: plain})
    for less in state.smaller(program.state):
        yield but(state=less)
    usual = {'real': 0x2a00, 'unreal': 0x2a00}.get(program.kind, 0x23)
    for i, value in enumerate(program.data):
        if value != usual and not program.kind.startswith('v86'):
            yield but(data=[usual if i == j else v for j, v in enumerate(program.data)])


def reduce(found, pair, rounds):
    """Each difference with all left out that it does not need."""
    # One that hangs an engine would take long.
    done = [i for i, item in enumerate(found) if set(item.vectors) & set(engines.NO_RESULT)]
    for _ in range(rounds):
        tries = [(i, p) for i, item in enumerate(found) if i not in done for p in smaller(item.program)]
        if not tries:
            break
        better = {}
        for (i, _), item in zip(tries, items([p for _, p in tries], pair, True)):
            if item.vectors == found[i].vectors and item.differs() and i not in better and \
                    item.signature()[2:] == found[i].signature()[2:]:
                better[i] = item
        done += [i for i in range(len(found)) if i not in better and i not in done]
        for i, item in better.items():
            found[i] = item
    return found
