# SPDX-License-Identifier: GPL-2.0-or-later
"""memtest86+."""
import os

import images
from guest import Guest


class Memtest(Guest):
    """A whole pass over little memory, without errors."""

    name = 'memtest'
    about = 'memtest86+, one pass over its memory'
    packages = (('memtest', ['memtest86+'], False),)
    picture = 'pass'
    limit = 300

    def make(self, out, tmp, *roots):
        images.copy(out, os.path.join(roots[0], 'boot', 'memtest86+x64.bin'))

    def options(self, image):
        return ['-M', 'pc', '-m', '5', '-vga', 'std', '-cpu', 'qemu64', '-kernel',
                os.path.join(image, 'memtest86+x64.bin')]

    def drive(self, s):
        s.read('started', r'Memtest86\+', same=False)
        s.read('pass', r'Pass: +1 +Errors: +0\b', same=False)
