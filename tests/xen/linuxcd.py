# SPDX-License-Identifier: GPL-2.0-or-later
"""The same as a disk: libxl gives no kernel to a device model in a stub domain."""
import os
import sys

import dom0
import initrd

sys.path.insert(0, os.path.join(dom0.TOP, 'tests/guests/boot'))
# pylint: disable=wrong-import-position
import images  # noqa: E402
import packages  # noqa: E402
from guest import CdGuest  # noqa: E402

CONFIG = f'''
default linux
label linux
    kernel linux
    append initrd=initrd {initrd.COMMAND_LINE}
'''


class LinuxCd(CdGuest):
    """ISOLINUX, which starts it at once."""

    name = 'xen-linux'
    packages = (('syslinux', ['syslinux-common', 'isolinux'], False),)
    sources = (initrd.__file__, initrd.INIT)

    def make(self, out, tmp, *roots):
        folder = os.path.join(tmp, 'isolinux')
        os.mkdir(folder)
        image = initrd.make(os.path.join(folder, 'initrd'))
        images.copy(folder, image)
        os.rename(os.path.join(folder, os.path.basename(image)), os.path.join(folder, 'linux'))
        images.syslinux_iso(out, tmp, roots[0], ['ldlinux'], CONFIG)
        # Disks can be read by DMA.
        packages.tool('isohybrid', out)

    def drive(self, s):
        raise NotImplementedError


def get():
    """Its path; it has to be made before a bed starts."""
    return images.get(LinuxCd())[0]


if __name__ == '__main__':
    print(get())
