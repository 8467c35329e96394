# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB 2 in a graphical mode, with a theme."""
import os

import images
from guest import CdGuest

CONFIG = '''
insmod all_video
insmod gfxterm
insmod png
insmod gfxmenu
loadfont /boot/grub/unicode.pf2
for f in dejavu_10 dejavu_12 dejavu_14 dejavu_16 dejavu_bold_14; do
    loadfont /theme/starfield/$f.pf2
done
set gfxmode=800x600x32
set timeout=-1
set theme=/theme/starfield/theme.txt
export theme
set gfxterm_font="Unifont Regular 16"
terminal_output gfxterm
menuentry "The first of the entries" { true; }
menuentry "The second one, a terminal over a picture" {
    background_image /background.png
    clear
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "line $i of what the second entry says"; done
    sleep --interruptible 1000
}
submenu "The third is a menu of its own" {
    menuentry "Inside the third" { true; }
    menuentry "Also inside" { true; }
}
menuentry "The fourth switches off" { halt; }
'''


class GrubTheme(CdGuest):
    """gfxterm in a VBE mode, a theme, fonts, and a background picture."""

    name = 'grub-theme'
    about = 'GRUB 2, gfxterm, theme starfield, a background picture'
    packages = (('grub', ['grub-pc-bin', 'grub-common'], False),
                ('grub-looks', ['grub-theme-starfield', 'desktop-base'], False))
    picture = 'second marked'
    config = CONFIG

    def make(self, out, tmp, *roots):
        grub, looks = roots
        images.copy(os.path.join(tmp, 'boot', 'grub'),
                    os.path.join(grub, 'usr', 'share', 'grub', 'unicode.pf2'))
        images.copy(os.path.join(tmp, 'theme'),
                    os.path.join(looks, 'usr', 'share', 'grub', 'themes', 'starfield'))
        images.copy(tmp, os.path.join(looks, 'usr', 'share', 'desktop-base', 'emerald-theme',
                                      'grub', 'grub-4x3.png'))
        os.rename(os.path.join(tmp, 'grub-4x3.png'), os.path.join(tmp, 'background.png'))
        images.grub_iso(out, tmp, grub, self.config)

    def drive(self, s):
        size = (800, 600)
        s.look('menu', size, 200)
        s.keys('down')
        s.look('second marked', size, 200)
        s.keys('down', 'ret')
        s.look('submenu', size, 200)
        s.keys('esc')
        s.keys('home', 'down', 'down', 'down')
        s.look('fourth marked', size, 200)
        s.keys('up', 'up', 'ret')
        s.look('terminal', size, 100)
        s.keys('esc')
        s.keys('end', 'ret')
        s.power_off()
