# SPDX-License-Identifier: GPL-2.0-or-later
"""The smallest guest of xl's: a boot sector that counts on the serial port."""
import os
import re

import dom0
from dom0 import wait_for


class Counts(dom0.Guest):
    """counts.asm on an IDE disk that the device model serves, and a PV one for who wants it.

    Without a display, unless a line asks for one: half of the firmware's accesses are for that."""

    def __init__(self, folder, name, model, *lines, **more):
        if not any(line.startswith('vga=') for line in lines):
            lines += ('vga="none"',)
        self.disk = os.path.join(folder, f'{name}.img')
        dom0.boot_sector(self.disk, 'counts.asm')
        super().__init__(
            folder, name, model, 'boot="c"', *lines,
            f'disk=["format=raw,vdev=hda,access=rw,backendtype=qdisk,target={self.disk}"]', **more)

    def count(self):
        """The last number that the guest printed."""
        found = re.findall(r'count ([0-9a-f]{8})\r', self.serial())
        return int(found[-1], 16) if found else 0

    def first(self):
        """xl create; the boot sector runs and counts."""
        self.create()
        self.runs()

    def runs(self):
        """The boot sector has started, and counts."""
        wait_for('the boot sector', lambda: 'boot sector runs' in self.serial(), show=self.serial)
        wait_for('a count', lambda: self.count() > 1)
