# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made on the host before a bed starts, where the same takes fifty times as long.

  python3 tests/xen/prepared.py
"""
import glob
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'build', 'xen')


def made(name, sources, make):
    """The path of a file, which make(path) makes if it is not there or older than a source."""
    out = os.path.join(FOLDER, name)
    if not os.path.exists(out) or any(os.path.getmtime(s) > os.path.getmtime(out) for s in sources):
        os.makedirs(FOLDER, exist_ok=True)
        new = f'{out}.{os.getpid()}'
        make(new)
        os.replace(new, out)
    return out


def tool(*words):
    """Run a program."""
    subprocess.run(words, check=True)


def sector(source):
    """The path of a boot sector."""
    path = os.path.join(HERE, source)
    return made(os.path.splitext(source)[0] + '.bin', [path, *glob.glob(os.path.join(HERE, '*.inc'))],
                lambda out: tool('nasm', '-I', HERE + os.sep, '-f', 'bin', '-o', out, path))


def library(name):
    """The path of something to preload, made of the source of that name."""
    path = os.path.join(HERE, name + '.c')
    return made(name + '.so', [path],
                lambda out: tool('gcc', '-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', out, path))


def wrapper(folder, name, *settings):
    """The path of a device model with that preloaded; settings are of its environment."""
    import dom0  # pylint: disable=import-outside-toplevel
    path = os.path.join(folder, 'device-model')
    with open(path, 'w', encoding='ascii') as f:
        f.write(f'#!/bin/sh\nLD_PRELOAD={library(name)} {" ".join(settings)} exec {dom0.OURS64} "$@"\n')
    os.chmod(path, 0o755)
    return path


def linux():
    """(kernel, initramfs) of the Linux guests."""
    import dom0  # pylint: disable=import-outside-toplevel
    import initrd  # pylint: disable=import-outside-toplevel
    image = dom0.kernel()
    return image, made('initrd', [initrd.__file__, initrd.INIT, image], initrd.make)


def main():
    """All of it."""
    import scenarios  # pylint: disable=import-outside-toplevel
    for path in glob.glob(os.path.join(HERE, '*.asm')):
        sector(os.path.basename(path))
    library('refuse')
    library('costs')
    linux()
    for cpus in (1, 2):
        scenarios.reference(cpus)


if __name__ == '__main__':
    main()
