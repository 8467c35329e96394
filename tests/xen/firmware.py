# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that starts a 64 KiB image which elsewhere is a machine's firmware: firmware.asm."""
import os
import struct

import dom0

IMAGES = os.path.join(dom0.TOP, 'build/tests/qtest/partial')


# Where an image looks for its first command, and the offset of them all.
COMMAND, CHAIN = 0x8000, 0x100


def low_memory(commands, cpus=1, chain=True, wait=0):
    """What an image finds from COMMAND on."""
    records = b''.join(struct.pack('<IIQII', number, 0, 0, operand, 0) for number, operand in commands)
    head = struct.pack('<IIII', len(commands) if chain else 0, 0, cpus, wait)
    return records[:24].ljust(CHAIN, b'\0') + head + records


def make(disk, image, commands, **more):
    """commands: (number, operand) of each that the image runs, one alone if not in a chain.

    wait: ticks of the BIOS, 18.2 a second, after 'b' on the debug console."""
    dom0.boot_sector(disk, 'firmware.asm')
    with open(disk, 'ab') as out, open(os.path.join(IMAGES, image), 'rb') as f:
        out.write(f.read())
        out.write(low_memory(commands, **more)[CHAIN:].ljust(65536, b'\0'))
