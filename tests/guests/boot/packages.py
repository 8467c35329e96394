# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages as data: fetched and unpacked into the cache, never installed."""
import fcntl
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CACHE = os.path.join(TOP, 'tests', 'cache', 'guests')
# One suite for guests and for the tools that make their images, on any host.
SUITE = 'bookworm'
# What the images are made with; its libc comes along, so the host's does not matter.
TOOLS = ['genisoimage', 'grub-common', 'squashfs-tools', 'syslinux-utils']


class Missing(Exception):
    """Something that an image needs is not there."""


def run(command, **more):
    """Run a program that has nothing to say; when it fails, what it said."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace', check=False,
                          **more)
    if done.returncode:
        raise Missing(f'{os.path.basename(command[0])} failed: {done.stdout.strip()[-2000:]}')
    return done.stdout


def _apt(folder, *words):
    """An apt-get of the suite; it believes that nothing at all is installed."""
    status = os.path.join(folder, 'status')
    with open(status, 'w', encoding='utf-8'):
        pass
    run([os.path.join(TOP, 'qemu', 'apt-private'), SUITE, 'deb',
         os.path.join(TOP, 'qemu', 'cache', 'apt'), 'apt-get', '-qq', '-o',
         f'Dir::State::status={status}', '-o', f'Dir::Cache::archives={folder}', '-o',
         'Debug::NoLocking=1', *words], cwd=folder)


def get(name, wanted, closure=False):
    """(root, versions): packages, perhaps with all that they depend on, unpacked."""
    root = os.path.join(CACHE, 'packages', name)
    stamp = root + '.list'
    want = ' '.join(wanted)
    os.makedirs(os.path.dirname(root), exist_ok=True)
    with open(root + '.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with open(stamp, encoding='utf-8') as f:
                have, versions = f.read().split('\n', 1)
            if have == want:
                return root, versions
        except FileNotFoundError:
            pass
        shutil.rmtree(root, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(root)) as tmp:
            os.mkdir(os.path.join(tmp, 'partial'))
            if closure:
                _apt(tmp, '-y', '--no-install-recommends', '--download-only', 'install', *wanted)
            else:
                _apt(tmp, 'download', *wanted)
            debs = sorted(n for n in os.listdir(tmp) if n.endswith('.deb'))
            os.mkdir(root)
            for deb in debs:
                run(['dpkg-deb', '-x', os.path.join(tmp, deb), root])
        versions = '\n'.join(debs)
        with open(stamp, 'w', encoding='utf-8') as f:
            f.write(f'{want}\n{versions}')
        return root, versions


def tool(name, *arguments, cwd=None):
    """Run a program of the tools' packages with the libraries that it was built for."""
    root, _ = get('tools', TOOLS, closure=True)
    dirs = [os.path.join(root, d, 'x86_64-linux-gnu') for d in ('lib', 'usr/lib')]
    loader = os.path.join(root, 'lib', 'x86_64-linux-gnu', 'ld-linux-x86-64.so.2')
    return run([loader, '--library-path', ':'.join(dirs),
                os.path.join(root, 'usr', 'bin', name), *arguments], cwd=cwd)
