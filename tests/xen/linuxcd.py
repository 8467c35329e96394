# SPDX-License-Identifier: GPL-2.0-or-later
"""The same as a disk: libxl gives no kernel to a device model in a stub domain."""
import os
import struct
import sys

import dom0
import initrd

sys.path.insert(0, os.path.join(dom0.TOP, 'tests/guests/boot'))
# pylint: disable=wrong-import-position
import images  # noqa: E402
from guest import CdGuest  # noqa: E402

CONFIG = f'''
default linux
label linux
    kernel linux
    append initrd=initrd {initrd.COMMAND_LINE}
'''


def be_bootable_as_disk(path, mbr):
    """What isohybrid does: an MBR that knows where ISOLINUX is; disks can be read by DMA."""
    with open(path, 'r+b') as f:
        f.seek(17 * 2048 + 0x47)        # El Torito's catalogue
        f.seek(struct.unpack('<I', f.read(4))[0] * 2048 + 32 + 8)
        isolinux = struct.unpack('<I', f.read(4))[0]
        f.seek(0)
        f.write(mbr[:432] + struct.pack('<IIIH', isolinux * 4, 0, 0x600d, 0))
        f.seek(446)
        # one partition, from the first sector on
        f.write(struct.pack('<BBBBBBBBII', 0x80, 0, 1, 0, 0x17, 63, 32, 0, 0, 0x8000).ljust(64, b'\0'))
        f.write(b'\x55\xaa')


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
        with open(os.path.join(roots[0], 'usr/lib/ISOLINUX/isohdpfx.bin'), 'rb') as f:
            be_bootable_as_disk(out, f.read())

    def drive(self, s):
        raise NotImplementedError


def get():
    """Its path; it has to be made before a bed starts."""
    return images.get(LinuxCd())[0]


if __name__ == '__main__':
    print(get())
