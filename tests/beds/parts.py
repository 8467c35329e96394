# SPDX-License-Identifier: GPL-2.0-or-later
"""What a bed is made of: a kernel from Debian and an initramfs with its modules."""
import contextlib
import fcntl
import glob
import gzip
import hashlib
import lzma
import os
import re
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CACHE = os.path.join(TOP, 'tests', 'cache', 'beds')
MAKE_INITRAMFS = os.path.join(TOP, 'scripts', 'make-initramfs')
INIT = os.path.join(HERE, 'init')


class Missing(Exception):
    """Something that a bed needs is not there."""


class Modules:
    """The modules of an unpacked kernel package."""

    def __init__(self, image):
        release = os.path.basename(image).replace('vmlinuz-', '', 1)
        root = os.path.dirname(os.path.dirname(image))
        dirs = [os.path.join(root, d, release) for d in ('usr/lib/modules', 'lib/modules')]
        self.dir = next((d for d in dirs if os.path.isdir(d)), None)
        if not self.dir:
            raise Missing(f'{image} has no modules beside it; remove {root} to fetch it again')
        self.files = {}
        for path, _, names in os.walk(self.dir):
            for name in names:
                m = re.match(r'(.+)\.ko(\.xz)?$', name)
                if m:
                    self.files[m.group(1).replace('-', '_')] = os.path.join(path, name)
        with open(os.path.join(self.dir, 'modules.builtin'), encoding='utf-8') as f:
            self.builtin = {os.path.basename(line.strip())[:-3].replace('-', '_') for line in f}

    def read(self, name):
        """A module, uncompressed."""
        if name not in self.files:
            raise Missing(f'{os.path.basename(self.dir)} has no module {name}')
        path = self.files[name]
        with (lzma.open if path.endswith('.xz') else open)(path, 'rb') as f:
            return f.read()

    def closure(self, names):
        """{name: contents} of modules and what they depend on, in the order to insert them."""
        found = {}

        def add(name):
            if name in found or name in self.builtin:
                return
            data = self.read(name)
            depends = re.search(rb'\0depends=([^\0]*)\0', data)
            for other in depends.group(1).decode().split(',') if depends else ():
                if other:
                    add(other.replace('-', '_'))
            found[name] = data

        for name in names:
            add(name)
        return found


def misfit(bed):
    """Why this host cannot have a bed, if so: some lay packages of one Debian over it."""
    suite = bed['kernel'].split()[0]
    with open('/etc/os-release', encoding='utf-8') as f:
        found = re.search(r'^VERSION_CODENAME=(\w+)', f.read(), re.M)
    host = found.group(1) if found else 'unknown'
    if 'packages' in bed and host != suite:
        return f'the bed has packages of Debian {suite}, and this host is {host}'
    return None


def need(tool, package):
    """A program that parts are made with."""
    if not shutil.which(tool):
        raise Missing(f'there is no {tool}; apt-get install {package}')


def run(command, cwd=None):
    """What a script of ours prints; when it fails, what it has to say."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(done.stderr.strip() or f'{command[0]} failed')
    return done.stdout.strip()


def key(*files, text=''):
    """One line that changes when files or text do."""
    digest = hashlib.sha256(text.encode())
    for name in files:
        with open(name, 'rb') as f:
            digest.update(hashlib.sha256(f.read()).digest())
    return digest.hexdigest()


@contextlib.contextmanager
def locked():
    """Nobody else makes parts meanwhile."""
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, 'lock'), 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_old(path, want):
    """Whether a cached file is missing, or made from something else."""
    try:
        with open(path + '.key', encoding='utf-8') as f:
            return f.read() != want or not os.path.exists(path)
    except FileNotFoundError:
        return True


def is_made(path, want):
    """A new file takes its place."""
    os.replace(path + '.new', path)
    with open(path + '.key', 'w', encoding='utf-8') as f:
        f.write(want)


def make_initramfs(out, image, modules, base, backend):
    """busybox and our init, and the modules in a second archive behind it."""
    options = dict((line.split(None, 1) + [''])[:2] for line in modules)
    found = Modules(image).closure(base + list(options))
    run([MAKE_INITRAMFS, out, INIT])
    append_modules(out, found, options, {'outer': backend})


def append_modules(out, found, options, more=()):
    """Append modules/*.ko, modules/order ("NAME OPTIONS..."), and files by name, to an
    initramfs."""
    with tempfile.TemporaryDirectory() as tmp:
        os.mkdir(os.path.join(tmp, 'modules'))
        for name, data in found.items():
            with open(os.path.join(tmp, 'modules', name + '.ko'), 'wb') as f:
                f.write(data)
            # Type information and a signature, which goes with any change, take longer to
            # check than all the rest of a start in Bochs.
            run(['objcopy', '-R', '.BTF', f.name])
        with open(os.path.join(tmp, 'modules', 'order'), 'w', encoding='utf-8') as f:
            f.writelines(f'{name} {options.get(name, "")}\n' for name in found)
        for name in more:
            shutil.copy(more[name], os.path.join(tmp, name))
        names = [*more, 'modules'] + \
            ['modules/' + n for n in os.listdir(os.path.join(tmp, 'modules'))]
        with open(out, 'ab') as f:
            subprocess.run(['cpio', '--quiet', '-o', '-H', 'newc', '-R', '0:0'], cwd=tmp, stdout=f,
                           input='\n'.join(sorted(names)).encode(), check=True)


def unpack(root, suite, packages):
    """Fetch packages of Debian's into a folder; nothing is installed."""
    os.makedirs(root)
    with tempfile.TemporaryDirectory(dir=CACHE) as tmp:
        run([os.path.join(TOP, 'qemu/apt-private'), suite, 'deb', os.path.join(TOP, 'qemu/cache/apt'),
             'apt-get', '-qq', 'download', *packages], cwd=tmp)
        for deb in sorted(os.listdir(tmp)):
            run(['dpkg-deb', '-x', os.path.join(tmp, deb), root])


def get_xen(suite, packages):
    """(hypervisor, folder with its tools, which is laid over the host's root): one for all beds."""
    root = os.path.join(CACHE, 'xen.root')
    hypervisor = os.path.join(root, 'boot', 'hypervisor')
    want = key(__file__, text=f'{suite} {packages}')
    with locked():
        if is_old(root, want):
            shutil.rmtree(root + '.new', ignore_errors=True)
            unpack(root + '.new', suite, packages)
            packed = glob.glob(os.path.join(root + '.new', 'boot', 'xen-*.gz'))
            if not packed:
                raise Missing(f'there is no hypervisor in {" ".join(packages)}')
            # Multiboot wants it as it is.
            with gzip.open(packed[0]) as f, \
                    open(hypervisor.replace(root, root + '.new', 1), 'wb') as new:
                shutil.copyfileobj(f, new)
            shutil.rmtree(root, ignore_errors=True)
            is_made(root, want)
    return hypervisor, root


def get(name, kernel, modules, base, backend):
    """(kernel image, initramfs) of a bed, made if they are not there or are old."""
    need('busybox', 'busybox-static')
    need('cpio', 'cpio')
    need('objcopy', 'binutils')
    initrd = os.path.join(CACHE, name + '.initrd')
    with locked():
        image = run([os.path.join(TOP, 'scripts', 'get-kernel'), *kernel])
        want = key(MAKE_INITRAMFS, INIT, backend, __file__, shutil.which('busybox'), image,
                   text='\n'.join(base + modules))
        if is_old(initrd, want):
            make_initramfs(initrd + '.new', image, modules, base, backend)
            is_made(initrd, want)
    return image, initrd
