# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB 2 in text mode."""
import os

import images
from guest import CdGuest

CONFIG = '''
set timeout=-1
menuentry "First: say something" { echo "this is the first entry"; sleep --interruptible 1000; }
menuentry "Second: go on in a boot sector" { chainloader /chained.bin; }
menuentry "Third: count" { for i in 1 2 3 4 5; do echo "counted $i"; done; sleep 1000; }
'''


class GrubText(CdGuest):
    """Its menu is moved through by keys; the second entry chains to a boot sector."""

    name = 'grub-text'
    about = 'GRUB 2, text menu, chains to a boot sector'
    packages = (('grub', ['grub-pc-bin', 'grub-common'], False),)
    sources = images.asm('chained.asm')
    picture = 'second entry'

    def make(self, out, tmp, *roots):
        images.nasm(os.path.join(tmp, 'chained.bin'), 'chained.asm')
        images.grub_iso(out, tmp, roots[0], CONFIG)

    def drive(self, s):
        s.read('menu', r'\*First: say something')
        s.keys('down', 'down')
        s.read('third entry', r'\*Third: count')
        s.keys('up')
        s.read('second entry', r'\*Second: go on')
        s.look('the same as a picture', (720, 400), 2)
        s.keys('ret')
        # DL is the CD's drive, and the CPU is in real mode
        s.read('boot sector', r'chained: drive [e-f][0-9a-f], MSW .[02468ace]\nkeys:')
        s.type('still here')
        s.serial('keys', r'keys: still here')
