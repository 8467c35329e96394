# SPDX-License-Identifier: GPL-2.0-or-later
"""ISOLINUX with its graphical menu."""
import os

import images
from guest import CdGuest

CONFIG = '''
default vesamenu.c32
prompt 0
timeout 0
menu title A menu over a picture
menu background background.png
menu color sel 7;37;40 #ff000000 #ffe0e0e0 all
menu tabmsg Press ENTER or a marked letter
label first
    menu label ^First, a boot sector
    kernel chained.bss
    text help
        What is shown below the menu while this is marked
    endtext
menu separator
label second
    menu label ^Second, power off
    kernel poweroff.c32
menu begin third
    menu title The third is a menu of its own
    label inside
        menu label ^Inside the third
        kernel poweroff.c32
    label back
        menu label ^Back
        menu exit
menu end
'''


class VesaMenu(CdGuest):
    """vesamenu.c32 over a picture in a VBE mode, moved through by keys."""

    name = 'vesamenu'
    about = 'ISOLINUX, vesamenu.c32 with a background picture'
    packages = (('syslinux', ['syslinux-common', 'isolinux'], False),
                ('grub-looks', ['grub-theme-starfield', 'desktop-base'], False))
    sources = images.asm('chained.asm')
    picture = 'second marked'

    def make(self, out, tmp, *roots):
        folder = os.path.join(tmp, 'isolinux')
        images.copy(folder, os.path.join(roots[1], 'usr', 'share', 'desktop-base',
                                         'softwaves-theme', 'grub', 'grub-4x3.png'))
        os.rename(os.path.join(folder, 'grub-4x3.png'), os.path.join(folder, 'background.png'))
        images.nasm(os.path.join(folder, 'chained.bss'), 'chained.asm')
        images.syslinux_iso(out, tmp, roots[0], ['ldlinux', 'vesamenu', 'libcom32', 'libutil',
                                                 'poweroff'], CONFIG)

    def drive(self, s):
        size = (640, 480)
        s.look('menu', size, 100)
        s.keys('down')
        s.look('second marked', size, 100)
        s.keys('down', 'ret')
        s.look('submenu', size, 100)
        s.keys('b')
        s.look('third marked', size, 100)
        s.keys('tab')
        s.keys('esc')
        s.keys('f', 'ret')
        s.read('boot sector', r'chained: drive [0-9a-f]{2}, MSW .[02468ace]\nkeys:')
        s.type('still here')
        s.serial('keys', r'keys: still here')
