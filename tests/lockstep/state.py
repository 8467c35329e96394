# SPDX-License-Identifier: GPL-2.0-or-later
"""The FPU's state: as a program has it, as an XSAVE area, and what is left of it by name.

A state is a dictionary of what is not as FNINIT leaves it: 'fcw', 'fsw', 'ftw' (abridged), 'mxcsr', 'st',
'xmm' and 'ymm' (upper halves), the last three lists of numbers in hex.
"""
import functools
import struct

SIZE, OUT = 832, 0xc80
WORDS = {'fcw': (0, 0x37f), 'fsw': (2, 0), 'ftw': (4, 0)}
LISTS = {'st': (32, 8, 10), 'xmm': (160, 16, 16), 'ymm': (576, 16, 16)}


@functools.lru_cache(4096)
def packed(values, size):
    """A list's part of the area."""
    return b''.join(int(value, 16).to_bytes(size, 'little') + bytes(16 - size) for value in values)


def area(state):
    """As XRSTOR takes it."""
    out = bytearray(SIZE)
    for name, (at, usual) in WORDS.items():
        struct.pack_into('<H', out, at, state.get(name, usual))
    struct.pack_into('<I', out, 24, state.get('mxcsr', 0x1f80))
    struct.pack_into('<Q', out, 512, state.get('bv', 7))
    for name, (at, _, size) in LISTS.items():
        values = packed(tuple(state.get(name, ())), size)
        out[at:at + len(values)] = values
    return bytes(out)


def name_of(address):
    """Of a dword of what is left, or None: fcw, fip, st0, xmm1+4 ..."""
    at = address - OUT
    if not 0 <= at < SIZE:
        return None
    for name, (first, count, _) in LISTS.items():
        if first <= at < first + count * 16:
            which, rest = divmod(at - first, 16)
            return f'{name}{which}' + (f'+{rest}' if rest else '')
    return {0: 'fcw+fsw', 4: 'ftw+fop', 8: 'fip', 12: 'fcs', 16: 'fdp', 20: 'fds', 24: 'mxcsr',
            28: 'mxcsr-mask'}.get(at, f'fpu+{at}')


def smaller(state):
    """States with one thing less."""
    for name in state:
        if name not in LISTS:
            yield {k: v for k, v in state.items() if k != name}
            continue
        yield {k: v for k, v in state.items() if k != name}
        for i, value in enumerate(state[name]):
            if int(value, 16):
                yield {**state, name: ['0' if i == j else v for j, v in enumerate(state[name])]}
