# SPDX-License-Identifier: GPL-2.0-or-later
"""Images to boot from, made once and again when what they are made of has changed."""
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile

import packages


def key(guest):
    """A line that changes with the packages and with the code that makes the image."""
    digest = hashlib.sha256()
    for name in [packages.__file__, __file__, sys.modules[type(guest).__module__].__file__,
                 *guest.sources]:
        with open(name, 'rb') as f:
            digest.update(hashlib.sha256(f.read()).digest())
    for name, wanted, closure in guest.packages:
        digest.update(packages.get(name, wanted, closure)[1].encode())
    return digest.hexdigest()


def get(guest):
    """(path, key) of a guest's image, a file or a folder."""
    path = os.path.join(packages.CACHE, 'images', guest.name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + '.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        want = key(guest)
        try:
            with open(path + '.key', encoding='utf-8') as f:
                if f.read() == want:
                    return path, want
        except FileNotFoundError:
            pass
        if os.path.isdir(path):
            shutil.rmtree(path)
        with tempfile.TemporaryDirectory() as tmp:
            roots = [packages.get(*p)[0] for p in guest.packages]
            guest.make(path, tmp, *roots)
        with open(path + '.key', 'w', encoding='utf-8') as f:
            f.write(want)
    return path, want


def write(path, text):
    """A small file, and the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def copy(target, *sources):
    """Files or folders into a folder."""
    os.makedirs(target, exist_ok=True)
    for source in sources:
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(target, os.path.basename(source)))
        else:
            shutil.copy(source, target)


def iso(out, tree, boot):
    """A CD that the BIOS boots without emulation, from a file of the tree."""
    packages.tool('genisoimage', '-quiet', '-R', '-J', '-no-emul-boot', '-boot-load-size', '4',
                  '-boot-info-table', '-b', boot, '-c', 'boot.cat', '-o', out, tree)


def grub_iso(out, tree, grub, config):
    """A CD with GRUB, its modules and its configuration."""
    modules = os.path.join(grub, 'usr', 'lib', 'grub', 'i386-pc')
    copy(os.path.join(tree, 'boot', 'grub', 'i386-pc'),
         *(os.path.join(modules, n) for n in os.listdir(modules) if n.endswith(('.mod', '.lst'))))
    write(os.path.join(tree, 'boot', 'grub', 'grub.cfg'), config)
    packages.tool('grub-mkimage', '-d', modules, '-O', 'i386-pc-eltorito', '-p', '/boot/grub',
                  '-o', os.path.join(tree, 'boot', 'grub', 'eltorito.img'), 'biosdisk', 'iso9660')
    iso(out, tree, 'boot/grub/eltorito.img')


def syslinux_iso(out, tree, isolinux, names, config):
    """A CD with ISOLINUX, modules of its own and a configuration."""
    modules = os.path.join(isolinux, 'usr', 'lib', 'syslinux', 'modules', 'bios')
    copy(os.path.join(tree, 'isolinux'),
         os.path.join(isolinux, 'usr', 'lib', 'ISOLINUX', 'isolinux.bin'),
         *(os.path.join(modules, n + '.c32') for n in names))
    write(os.path.join(tree, 'isolinux', 'isolinux.cfg'), config)
    iso(out, tree, 'isolinux/isolinux.bin')


def nasm(out, source):
    """Assemble one of tests/guests/*.asm."""
    guests = os.path.dirname(packages.HERE)
    packages.run(['nasm', '-f', 'bin', '-I', guests + '/', '-o', out,
                  os.path.join(guests, source)])


def asm(*names):
    """Paths of tests/guests/*.asm and *.inc, for a guest's sources."""
    return tuple(os.path.join(os.path.dirname(packages.HERE), n) for n in names)
