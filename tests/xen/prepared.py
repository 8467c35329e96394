# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made on the host before a bed starts, where the same takes fifty times as long.

  python3 tests/xen/prepared.py
"""
import glob
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'build', 'xen')


def is_new(path, sources):
    """Whether a file is there, and newer than what it was made of."""
    return os.path.exists(path) and all(os.path.getmtime(s) <= os.path.getmtime(path) for s in sources)


def sector(source):
    """The path of a boot sector, made if need be."""
    out = os.path.join(FOLDER, os.path.splitext(source)[0] + '.bin')
    sources = [os.path.join(HERE, source), *glob.glob(os.path.join(HERE, '*.inc'))]
    if not is_new(out, sources):
        os.makedirs(FOLDER, exist_ok=True)
        new = f'{out}.{os.getpid()}'
        subprocess.run(['nasm', '-I', HERE + os.sep, '-f', 'bin', '-o', new, sources[0]], check=True)
        os.replace(new, out)
    return out


def linux():
    """(kernel, initramfs) of the Linux guests."""
    import dom0  # pylint: disable=import-outside-toplevel
    import initrd  # pylint: disable=import-outside-toplevel
    out = os.path.join(FOLDER, 'initrd')
    image = dom0.kernel()
    if not is_new(out, [initrd.__file__, initrd.INIT, image]):
        os.makedirs(FOLDER, exist_ok=True)
        new = f'{out}.{os.getpid()}'
        initrd.make(new)
        os.replace(new, out)
    return image, out


if __name__ == '__main__':
    for path in glob.glob(os.path.join(HERE, '*.asm')):
        sector(os.path.basename(path))
    linux()
    import scenarios  # which needs this module
    for cpus in (1, 2):
        scenarios.reference(cpus)
