# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that starts a 64 KiB image which elsewhere is a machine's firmware: firmware.asm."""
import os
import struct

import dom0

IMAGES = os.path.join(dom0.TOP, 'build/tests/qtest/partial')


def make(disk, image, commands, cpus=1, chain=True):
    """commands: (number, operand) of each that the image runs, one alone if not in a chain."""
    dom0.boot_sector(disk, 'firmware.asm')
    records = b''.join(struct.pack('<IIQII', number, 0, 0, operand, 0) for number, operand in commands)
    with open(disk, 'ab') as out, open(os.path.join(IMAGES, image), 'rb') as f:
        out.write(f.read())
        head = struct.pack('<IIQ', len(commands) if chain else 0, 0, cpus)
        out.write((head + records).ljust(65536, b'\0'))
