# SPDX-License-Identifier: GPL-2.0-or-later
"""ISOLINUX with gfxboot, an interpreter of its own language in real mode."""
import os

import images
from guest import CdGuest
from packages import Missing

CONFIG = '''
default sector
prompt 1
timeout 0
ui gfxboot.c32 bootlogo
label sector
    kernel chained.bss
label linux
    kernel linux
    append initrd=initrd
label harddisk
    localboot 0x80
'''


class GfxBoot(CdGuest):
    """Its splash, its menus, and the bar that moves while a kernel is loaded."""

    name = 'gfxboot'
    about = 'ISOLINUX, gfxboot with its penguins'
    packages = (('syslinux', ['syslinux-common', 'isolinux'], False),
                ('gfxboot', ['gfxboot', 'gfxboot-themes'], False))
    sources = images.asm('chained.asm')
    picture = 'menu'

    def make(self, out, tmp, *roots):
        folder = os.path.join(tmp, 'isolinux')
        images.copy(folder, os.path.join(roots[1], 'usr', 'share', 'gfxboot', 'themes', 'openSUSE',
                                         'bootlogo'))
        # The theme leaves its penguins to chance and to holidays.
        with open(os.path.join(folder, 'bootlogo'), 'r+b') as f:
            data = f.read()
            old, new = b'-1 = auto)\npenguin=-1', b'-1= auto)\npenguin=100'
            if old not in data:
                raise Missing('the theme has no penguins')
            data = data.replace(old, new)
            f.seek(0)
            f.write(data)
        images.nasm(os.path.join(folder, 'chained.bss'), 'chained.asm')
        images.syslinux_iso(out, tmp, roots[0], ['ldlinux', 'gfxboot', 'libcom32'], CONFIG)

    def options(self, image):
        # not at Christmas
        return super().options(image) + ['-rtc', 'base=2026-05-01']

    def drive(self, s):
        size = (800, 600)
        still = (0, 136, 750, 380)   # penguins walk above and below, and fall beside it
        s.look('menu', size, 100, still)
        s.moves('penguins', size, 20, (80, 523, 680, 30))
        s.keys('down')
        s.look('second marked', size, 100, still)
        s.keys('f2')
        s.look('languages', size, 100, still)
        s.keys('esc', 'up', 'ret')
        s.read('boot sector', r'chained: drive [0-9a-f]{2}, MSW .[02468ace]\nkeys:')
        s.type('still here')
        s.serial('keys', r'keys: still here')
