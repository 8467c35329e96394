# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB 0.97 with a splash picture, which it draws plane by plane."""
import gzip
import math
import os

import images
from guest import CdGuest

CONFIG = '''
default 0
splashimage=(cd)/boot/grub/splash.xpm.gz
foreground ffffff
background 000000
title The first of the entries
reboot
title The second
reboot
title The third
reboot
'''
COLOURS, WIDTH, HEIGHT = 14, 640, 480


def picture():
    """Waves in all the colours that it can have, as XPM."""
    names = [chr(ord('a') + i) for i in range(COLOURS)]
    rows = [f'{WIDTH} {HEIGHT} {COLOURS} 1']
    rows += [f'{n}\tc #{16 * i:02X}{255 - 9 * i:02X}{60 + 11 * i:02X}' for i, n in enumerate(names)]
    for y in range(HEIGHT):
        waves = (math.cos(x / 50) + math.cos((x + 2 * y) / 90) for x in range(WIDTH))
        rows.append(''.join(names[int((w + 2) / 4.001 * COLOURS)] for w in waves))
    return '/* XPM */\nstatic char *splash[] = {\n' + ',\n'.join(f'"{row}"' for row in rows) + '};\n'


class GrubLegacy(CdGuest):
    """Its menu over the picture, in 16 colours."""

    name = 'grub-legacy'
    about = 'GRUB 0.97, a splash picture in planar VGA'
    packages = (('grub-legacy', ['grub-legacy'], False),)
    picture = 'menu'
    config = CONFIG

    def make(self, out, tmp, *roots):
        folder = os.path.join(tmp, 'boot', 'grub')
        images.copy(folder, os.path.join(roots[0], 'usr/lib/grub/x86_64-pc/stage2_eltorito'))
        images.write(os.path.join(folder, 'menu.lst'), self.config)
        with open(os.path.join(folder, 'splash.xpm.gz'), 'wb') as f:
            f.write(gzip.compress(picture().encode(), mtime=0))
        images.iso(out, tmp, 'boot/grub/stage2_eltorito')

    def drive(self, s):
        size = (640, 480)
        s.look('menu', size, COLOURS)
        s.keys('down')
        s.look('second marked', size, COLOURS)
        s.keys('c')
        s.look('command line', size, COLOURS)
        s.keys('esc')
        s.keys('down')
        s.look('third marked', size, COLOURS)
