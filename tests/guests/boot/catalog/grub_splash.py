# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB 2 in a graphical mode, with a picture behind its menu."""
import os

import images
from catalog.grub_theme import GrubTheme
from guest import CdGuest

CONFIG = '''
insmod all_video
insmod gfxterm
insmod png
loadfont /boot/grub/ascii.pf2
set gfxmode=640x480x32
set timeout=-1
terminal_output gfxterm
background_image /background.png
menuentry "The first of the entries" { true; }
menuentry "The second one switches off" { halt; }
'''


class GrubSplash(CdGuest):
    """gfxterm in a VBE mode, and a background picture: little to read and to draw."""

    name = 'grub-splash'
    about = 'GRUB 2, gfxterm, a background picture'
    packages = GrubTheme.packages
    picture = 'menu'

    def make(self, out, tmp, *roots):
        grub, looks = roots
        images.copy(os.path.join(tmp, 'boot', 'grub'), os.path.join(grub, 'usr', 'share', 'grub', 'ascii.pf2'))
        images.copy(tmp, os.path.join(looks, 'usr', 'share', 'desktop-base', 'emerald-theme', 'grub',
                                      'grub-4x3.png'))
        os.rename(os.path.join(tmp, 'grub-4x3.png'), os.path.join(tmp, 'background.png'))
        images.grub_iso(out, tmp, grub, CONFIG)

    def drive(self, s):
        size = (640, 480)
        s.look('menu', size, 200)
        s.keys('down')
        s.look('second marked', size, 200)
        s.keys('ret')
        s.power_off()
