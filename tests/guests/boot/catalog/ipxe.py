# SPDX-License-Identifier: GPL-2.0-or-later
"""iPXE, from a network card's ROM and as a kernel."""
import os

import images
from guest import Guest


class Ipxe(Guest):
    """Its banner, its command line, DHCP over QEMU's user network."""

    name = 'ipxe'
    about = 'iPXE as a kernel image, to its shell and a DHCP lease'
    packages = (('ipxe', ['ipxe'], False),)
    picture = 'lease'

    def make(self, out, tmp, *roots):
        images.copy(out, os.path.join(roots[0], 'boot', 'ipxe.lkrn'))

    def options(self, image):
        return ['-M', 'pc', '-m', '64', '-vga', 'std', '-kernel',
                os.path.join(image, 'ipxe.lkrn'), '-netdev', 'user,id=n,restrict=on',
                '-device', 'e1000,netdev=n,romfile=,mac=52:54:00:12:34:56']

    def drive(self, s):
        s.read('banner', r'iPXE .* -- Open Source Network Boot Firmware', same=False)
        s.read('prompt', r'Press Ctrl-B for the iPXE command line', same=False)
        s.keys('ctrl-b')
        s.read('shell', r'^iPXE>')
        s.type('dhcp\n')
        s.read('lease', r'Configuring \(net0 52:54:00:12:34:56\)\.* ok', same=False)
        s.type('show net0/ip\n')
        s.read('address', r'net0.*ip.* = 10\.0\.2\.15', same=False)
