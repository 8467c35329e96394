# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel and a userland that obeys, as HVM guests of xl's have them."""
import os
import sys

import dom0

sys.path.insert(0, os.path.join(dom0.TOP, 'tests/beds'))
# pylint: disable=wrong-import-position
import parts  # noqa: E402

MODULES = ['xen_blkfront', 'xen_netfront', 'e1000', 'ata_piix', 'sd_mod', 'uhci_hcd', 'usbhid']
INIT = os.path.join(dom0.TOP, 'tests/xen/linux-init')
COMMAND_LINE = 'console=hvc0 quiet mitigations=off panic=-1'


def make(out):
    """busybox, our init, and modules of the guest's kernel; that kernel's path."""
    image = dom0.kernel()
    found = parts.Modules(image).closure(MODULES)
    parts.run([parts.MAKE_INITRAMFS, out, INIT])
    parts.append_modules(out, found, {})
    return image
