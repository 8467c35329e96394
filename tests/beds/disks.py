# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's files as disks, for an outer machine that cannot share directories.

Two are kept below tests/cache/beds: 'system' has programs, libraries and firmware
of the distribution, 'tree' has this tree and what is built from it.  A bed
with a hypervisor has 'layer' besides, its packages.  The last,
'script', is made for each run: a boot sector, and a tar archive of what to run.
"""
import hashlib
import io
import os
import re
import stat
import subprocess
import tarfile
import tempfile

import parts

CYLINDER = 16 * 63 * 512
# The essential ones are there anyway; what these depend on comes with them.
PACKAGES = ['python3', 'busybox-static', 'cpio', 'procps', 'kmod', 'xz-utils', 'mount', 'iproute2',
            'seabios', 'ipxe-qemu', 'qemu-system-data', 'ovmf']
ETC = ['passwd', 'group', 'hosts', 'nsswitch.conf', 'ld.so.cache', 'localtime', 'alternatives']
# Not for running anything.
IGNORED = re.compile('/usr/share/(doc|man|info|locale|lintian|i18n|zoneinfo)/')
# The tree without what it was made from, but for QEMU's Python modules; of the kernels,
# only their images are booted.
LEFT_OUT = re.compile(r'/(\.git|qemu/(?!source$)[^/]+|qemu/source/(?!python$)[^/]+|'
                      r'build/(?!xen/).*\.(o|p|a|fa|ninja\w*|jsonl?|log|txt)|'
                      r'build/(pyvenv|meson-\w+|tests/(unit|bench|fp)|contrib)|'
                      r'tests/cache/(beds|bochs|kernels/[^/]+/(usr|lib)))$')


def packages():
    """PACKAGES and all that they need: {name: version}."""
    form = '${Package}\t${Version}\t${Essential}\t${Pre-Depends}, ${Depends}\t${Provides}.\n'
    needs, versions, provider, wanted = {}, {}, {}, list(PACKAGES)
    for line in parts.run(['dpkg-query', '-W', '-f', form]).split('\n'):
        name, version, essential, depends, provides = line.split('\t')
        versions[name] = version
        needs[name] = re.findall(r'(?:^|[,|])\s*([a-z0-9.+-]+)', depends)
        for other in re.findall(r'(?:^|,)\s*([a-z0-9.+-]+)', provides[:-1]):
            provider[other] = name
        if essential == 'yes':
            wanted.append(name)
    found = {}
    for name in PACKAGES:
        if name not in versions:
            raise parts.Missing(f'package {name} is not installed; apt-get install {name}')
    while wanted:
        name = wanted.pop()
        name = name if name in versions else provider.get(name)
        if name and name not in found:
            found[name] = versions[name]
            wanted += needs[name]
    return found


def libraries(programs, *environment):
    """What the dynamic linker loads for programs."""
    text = parts.run(['env', *environment, 'ldd', *programs])
    return set(re.findall(r'(/\S+) \(0x', text))


def plain(path):
    """The same file by a name whose directories are no links."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def with_targets(paths):
    """Names of files and, of links, what they lead to."""
    found = set()
    for path in paths:
        while path not in found and os.path.lexists(path):
            path = plain(path)
            found.add(path)
            if os.path.islink(path):
                path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return found


def programs_of_tree():
    """What the build has made that can be run."""
    build = os.path.join(parts.TOP, 'build')
    found = [os.path.join(build, n) for n in os.listdir(build)]
    for directory in ('tests/qtest', 'tests/qtest/partial', 'storage-daemon'):
        directory = os.path.join(build, directory)
        if os.path.isdir(directory):
            found += [os.path.join(directory, n) for n in os.listdir(directory)]
    return [f for f in found if os.path.isfile(f) and os.access(f, os.X_OK)]


def is_elf(path):
    """Whether the dynamic linker has to do with it."""
    with open(path, 'rb') as f:
        return f.read(4) == b'\x7fELF'


def system_files():
    """Files of the distribution."""
    listed = parts.run(['dpkg-query', '-L', *sorted(packages())]).split('\n')
    chosen = [p for p in listed if p.startswith('/') and not IGNORED.match(p)
              and not os.path.isdir(p)]
    chosen += ['/bin', '/sbin', '/lib', '/lib64', '/var/run', '/var/lock'] + [os.path.join('/etc', n) for n in ETC]
    alternatives = '/etc/alternatives'
    chosen += [os.path.join(alternatives, n) for n in os.listdir(alternatives)]
    elf = [p for p in programs_of_tree() if is_elf(p)]
    return with_targets(chosen) | with_targets(libraries(elf))


def tree_files():
    """Files of this tree."""
    found = set()
    for path, directories, names in os.walk(parts.TOP):
        directories[:] = [d for d in directories
                          if not LEFT_OUT.match(os.path.join(path, d)[len(parts.TOP):])]
        for name in names + [d for d in directories if os.path.islink(os.path.join(path, d))]:
            name = os.path.join(path, name)
            if not LEFT_OUT.match(name[len(parts.TOP):]):
                found.add(name)
    return found


def layer_files(root):
    """Files of unpacked packages, and the libraries of the host's that they need."""
    found = {os.path.join(path, name) for path, directories, names in os.walk(root)
             for name in names + [d for d in directories if os.path.islink(os.path.join(path, d))]}
    # What is in a folder 'boot' runs without Linux.
    elf = [p for p in found if '/boot/' not in p and not os.path.islink(p) and is_elf(p)]
    theirs = ':'.join(sorted({os.path.dirname(p) for p in elf if '.so' in p}))
    needed = libraries(elf, f'LD_LIBRARY_PATH={theirs}')
    return found, with_targets(p for p in needed if not p.startswith(root))


def image(name, files, below='/', more=()):
    """A disk with files below a folder, and more below the root, made if it is not there or is
    old."""
    out = os.path.join(parts.CACHE, name + '.disk')
    lists, digest = ([], []), hashlib.sha256()
    for path in sorted({*files, *more}):
        try:
            s = os.lstat(path)
        except FileNotFoundError:
            continue
        if stat.S_ISREG(s.st_mode) or stat.S_ISLNK(s.st_mode):
            top, names = (below, lists[0]) if path in files else ('/', lists[1])
            names.append(os.path.relpath(path, top))
            digest.update(f'{path}\0{s.st_mode} {s.st_size} {s.st_mtime_ns}\0'.encode())
    if not parts.is_old(out, digest.hexdigest()):
        return out
    with tempfile.NamedTemporaryFile() as ours, tempfile.NamedTemporaryFile() as others:
        for f, names in zip((ours, others), lists):
            f.write('\0'.join(names).encode())
            f.flush()
        # -P: the name of a link's target stays as it is.  Files that other tests write may go
        # meanwhile, or change, which is 1.
        with subprocess.Popen(['tar', '-c', '-P', '--ignore-failed-read', '--no-recursion', '--null',
                               '-C', below, '-T', ours.name, '-C', '/', '-T', others.name],
                              stdout=subprocess.PIPE) as tar:
            # Not compressed: the disk is fast, the CPU that would have to unpack is not.
            done = subprocess.run(
                ['mksquashfs', '-', out + '.new', '-tar', '-noappend', '-noI', '-noD', '-noF',
                 '-noX', '-no-xattrs', '-no-progress', '-quiet'], stdin=tar.stdout,
                capture_output=True, check=False)
    if done.returncode or tar.returncode not in (0, 1):
        raise parts.Missing('mksquashfs: ' + done.stderr.decode(errors='replace').strip())
    os.truncate(out + '.new', -(-os.path.getsize(out + '.new') // CYLINDER) * CYLINDER)
    parts.is_made(out, digest.hexdigest())
    return out


def get(layer=None):
    """{name: disk}; each is laid over those that follow it.  layer: a folder with packages."""
    parts.need('mksquashfs', 'squashfs-tools')
    with parts.locked():
        found = {'tree': image('tree', tree_files())}
        if layer:
            files, more = layer_files(layer)
            found['layer'] = image('layer', files, layer, more)
        return {**found, 'system': image('system', system_files())}


def script(boot, names, mode, text, files):
    """Boot sector and archive; names: the other disks."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode='w') as tar:
        for name, data in (('mode', mode), ('script', text), ('disks', ' '.join(names))):
            member = tarfile.TarInfo(name)
            member.size = len(data.encode())
            tar.addfile(member, io.BytesIO(data.encode()))
        for path in files:
            tar.add(path, arcname=os.path.join('files', os.path.abspath(path).lstrip('/')))
    parts.need('nasm', 'nasm')
    sector = subprocess.run(['nasm', '-f', 'bin', '-I', parts.HERE + os.sep, '-o', '/dev/stdout',
                             os.path.join(parts.HERE, boot)], check=True,
                            stdout=subprocess.PIPE).stdout
    data = sector + archive.getvalue()
    return data.ljust(-(-len(data) // CYLINDER) * CYLINDER, b'\0')
