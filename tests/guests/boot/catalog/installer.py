# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's installer from the network."""
import os

import images
from guest import Guest

FOLDER = 'usr/lib/debian-installer/images/12/amd64/text'


class Installer(Guest):
    """PXE, pxelinux's menu, a kernel, and the first question."""

    name = 'installer'
    about = "Debian 12's installer over PXE, to its first screen"
    packages = (('installer', ['debian-installer-12-netboot-amd64'], False),)
    picture = 'first question'
    limit = 240

    def make(self, out, tmp, *roots):
        folder = os.path.join(roots[0], FOLDER)
        images.copy(out, *(os.path.join(folder, n) for n in os.listdir(folder)))

    def options(self, image):
        return ['-M', 'pc', '-m', '1024', '-vga', 'std', '-boot', 'n', '-netdev',
                f'user,id=n,restrict=on,tftp={image},bootfile=pxelinux.0',
                '-device', 'virtio-net-pci,netdev=n,mac=52:54:00:12:34:56']

    def drive(self, s):
        s.look('menu', (640, 480), 100)
        s.keys('down')
        s.look('advanced', (640, 480), 100)
        s.keys('up', 'ret')
        # the kernel's driver takes the display's own mode
        s.look('first question', (1280, 800), 5)
        s.keys('down')
        s.look('another language', (1280, 800), 5)
