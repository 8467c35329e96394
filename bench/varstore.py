# SPDX-License-Identifier: GPL-2.0-or-later
"""A variable store of UEFI in which little is free: what firmware has deleted still lies there.

The next variable that finds no room makes the firmware collect what is valid and write the
whole store again.  Layouts are those of the UEFI PI specification, volume 3, 3.2.1 (volume
header), and of EDK2's authenticated variables (VariableFormat.h)."""
import struct

SIGNATURE = b'_FVH'
STORE = struct.Struct('<16sIBBHI')      # GUID, size, format, state, reserved
VARIABLE = struct.Struct('<HBBIQ16sIII16s')
START, ADDED, DELETED = 0x55aa, 0x3f, 0x3c
ATTRIBUTES = 7                          # kept, for boot and run time
VENDOR = bytes.fromhex('5a17c0de000011eea0b0c0d0e0f00102')


def aligned(n):
    """The next multiple of four."""
    return (n + 3) & ~3


def store_of(flash):
    """(first byte for variables, end of the store)."""
    if flash[0x28:0x2c] != SIGNATURE:
        raise ValueError('no firmware volume')
    begin = struct.unpack_from('<H', flash, 0x30)[0]
    size = STORE.unpack_from(flash, begin)[1]
    return begin + STORE.size, begin + size


def variables(flash):
    """(state, name, data, end) of each that the store holds."""
    at, end = store_of(flash)
    while at + VARIABLE.size <= end:
        start, state, _, _, _, _, _, names, size, _ = VARIABLE.unpack_from(flash, at)
        if start != START:
            return
        data = at + VARIABLE.size + names
        name = flash[at + VARIABLE.size:data].decode('utf-16-le').rstrip('\0')
        at = aligned(data + size)
        yield state, name, flash[data:data + size], at


def variable(state, name, data):
    """One variable's bytes."""
    text = (name + '\0').encode('utf-16-le')
    head = VARIABLE.pack(START, state, 0, ATTRIBUTES, 0, bytes(16), 0, len(text), len(data), VENDOR)
    whole = head + text + data
    return whole + b'\xff' * (aligned(len(whole)) - len(whole))


def fill(flash, free=1024, size=900, keep=8):
    """The flash with deleted variables until little is free; one in so many is valid."""
    flash = bytearray(flash)
    at, end = store_of(flash)
    for _, _, _, at in variables(flash):
        pass
    n = 0
    while True:
        state = ADDED if n % keep == 0 else DELETED
        one = variable(state, f'Old{n:05}', bytes((n + i * 7) & 0xff for i in range(size)))
        if at + len(one) + free > end:
            return bytes(flash)
        flash[at:at + len(one)] = one
        at += len(one)
        n += 1
