# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own programs on Debian's kernel."""
import os
import shutil
import subprocess
import sys

import images
import packages
from guest import Guest

sys.path.insert(0, os.path.join(packages.TOP, 'tests', 'beds'))
# pylint: disable=wrong-import-position
import parts  # noqa: E402

KERNEL = ['bookworm', 'linux-image-cloud-amd64']
MODULES = ['virtio_pci', 'virtio_blk', 'squashfs']
INIT = os.path.join(packages.HERE, 'userland-init')
WORK = os.path.join(packages.HERE, 'userland-work')


class Userland(Guest):
    """A shell script, python3 and gcc, from a squashfs on a virtio disk."""

    name = 'userland'
    about = 'Debian 12: a shell script, python3 and gcc, then power off'
    packages = (('userland', ['bash', 'coreutils', 'grep', 'sed', 'gawk', 'gzip', 'perl-base',
                              'python3-minimal', 'libpython3-stdlib', 'gcc', 'libc6-dev', 'make',
                              'openssl', 'dash', 'xz-utils'], True),)
    sources = (INIT, WORK, parts.__file__, parts.MAKE_INITRAMFS)
    picture = 'screen'
    limit = 240
    # what the guest does once its root is there
    work = WORK

    def make(self, out, tmp, *roots):
        os.makedirs(out)
        work = os.path.join(roots[0], 'userland-work')
        shutil.copy(self.work, work)
        os.chmod(work, 0o755)
        for name in ('dev', 'proc', 'sys', 'tmp', 'run'):
            os.makedirs(os.path.join(roots[0], name), exist_ok=True)
        packages.tool('mksquashfs', roots[0], os.path.join(out, 'root.squashfs'), '-all-root',
                      '-noappend', '-quiet', '-no-progress', '-comp', 'lz4')
        image = parts.run([os.path.join(packages.TOP, 'scripts', 'get-kernel'), *KERNEL])
        os.symlink(image, os.path.join(out, 'linux'))
        initrd = os.path.join(out, 'initrd')
        packages.run([parts.MAKE_INITRAMFS, initrd, INIT])
        folder = os.path.join(tmp, 'modules')
        os.mkdir(folder)
        found = parts.Modules(image).closure(MODULES)
        for name, data in found.items():
            with open(os.path.join(folder, name + '.ko'), 'wb') as f:
                f.write(data)
        images.write(os.path.join(folder, 'order'), ''.join(n + '\n' for n in found))
        names = ['modules'] + ['modules/' + n for n in sorted(os.listdir(folder))]
        with open(initrd, 'ab') as f:
            subprocess.run(['cpio', '--quiet', '-o', '-H', 'newc', '-R', '0:0'], cwd=tmp, stdout=f,
                           input='\n'.join(names).encode(), check=True)

    def options(self, image):
        return ['-M', 'pc', '-m', '512', '-smp', '2', '-vga', 'std',
                '-kernel', os.path.join(image, 'linux'),
                '-initrd', os.path.join(image, 'initrd'), '-append',
                'console=tty0 console=ttyS0 quiet panic=-1',
                '-drive', f'if=virtio,readonly=on,format=raw,file={image}/root.squashfs']

    def drive(self, s):
        s.serial('up', r'^work: begins')
        # Each value is computed here, by other means than in the guest.
        s.serial('shell', rf'^shell: {sum(i * i for i in range(1, 1001))} 25 lines\s*$')
        s.serial('pipes', r'^pipes: 100000 lines, sum 5000050000\s*$')
        s.serial('perl', rf'^perl: {" ".join(str(p) for p in primes(60))}\s*$')
        s.serial('python', rf'^python: {2 ** 521 - 1} [0-9.]+ 3\.11\.\d+\s*$')
        s.serial('floats', r'^floats: 3\.14159265358979 1\.41421356237310\s*$')
        s.serial('gcc', r'^gcc: hello, world, from 12\.\d+\.\d+: 832040\s*$')
        s.serial('openssl', r'^openssl: [0-9a-f]{64} same\s*$')
        s.serial('end', r'^work: ends')
        s.read('screen', r'^work: ends')
        s.power_off()


def primes(limit):
    """Primes below a limit."""
    return [n for n in range(2, limit) if all(n % d for d in range(2, n))]
