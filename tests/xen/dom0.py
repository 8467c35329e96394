# SPDX-License-Identifier: GPL-2.0-or-later
"""HVM guests under xl, and their device models, as seen from dom0."""
import functools
import glob
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

import prepared

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = os.path.join(TOP, 'build', 'qemu-system-i386')
# Takes 64-bit code over, too.
OURS64 = os.path.join(TOP, 'build', 'qemu-system-x86_64')
FIXED = '/usr/libexec/xen-qemu-system-i386'
# Windows wherever there may be any.
BURSTS = ['-accel', 'xen,takeover=bursts,burst-trigger=1']
# Most seconds for what takes five on an idle machine: an ioreq costs half a millisecond here.
PATIENCE = 150
BRIDGE, DOM0_IP = 'xenbr0', '10.9.0.1'


class Wrong(Exception):
    """What a step did not do."""


def run(*words, fails=False, **more):
    """What a program prints on both its outputs; an error of its is one of ours."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace', stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False,
                          **more)
    if done.returncode and not fails:
        raise Wrong(f'{" ".join(words)}: {done.stdout}')
    return done.stdout


def xl(*words, **more):
    """The same, of xl."""
    return run('xl', *words, **more)


def wait_for(what, condition, seconds=PATIENCE, show=None, every=0.5):
    """Until a condition holds; what it gives.  To look is work for the CPU that the guest has as well."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise Wrong(f'{what} did not happen' + (f': {show()}' if show else ''))
        time.sleep(every)
    return value


@functools.cache
def xen():
    """Handles of xenstore and of the hypervisor, by Xen's own modules: 'xl list' takes 0.5 s here."""
    sys.path.append(only('/usr/lib/xen-*/lib/python'))
    from xen.lowlevel import xc, xs  # pylint: disable=import-error,import-outside-toplevel
    return xs.xs(), xc.xc()


def stored(path):
    """What xenstore has at a path; None where there is nothing."""
    value = xen()[0].read('', path)
    return None if value is None else value.decode()


def domains():
    """The number of each domain that xl knows, by name."""
    found = xen()[0].ls('', '/local/domain') or []
    return {name: number for number in found if (name := stored(f'/local/domain/{number}/name'))}


def models(domain='[1-9]'):
    """Processes of HVM guests' device models, or of one guest's."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                words = f.read().replace(b'\0', b' ').decode(errors='replace')
        except OSError:
            continue
        if re.search(f'-xen-domid {domain} ', words):
            found.append(pid)
    return found


def log(lines=20):
    """What the device models have said."""
    return run('sh', '-c', f'tail -n {lines} /var/log/xen/qemu-dm-*.log; '
               'dmesg | grep -i "segfault\\|out of memory" | tail -n 3', fails=True)


def has_no_windows(guest):
    """Its device model was told to take over, may not, and has said so."""
    with open(f'/var/log/xen/qemu-dm-{guest.name}.log', encoding='utf-8', errors='replace') as f:
        if 'takeover is off: Xen does not let this device model' not in f.read():
            raise Wrong('no word on windows')
    if guest.windows():
        raise Wrong('there are windows')


class Console:
    """xl console, as somebody at a terminal."""

    def __init__(self, name, kind=None):
        self.command = ['xl', 'console', *(['-t', kind] if kind else []), name]
        self.said = ''
        self._start()

    def _start(self):
        self.master, theirs = os.openpty()
        self.process = subprocess.Popen(self.command, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """Leave it, as by ctrl-]."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def _read(self):
        """xl ends where a guest has no console yet: it is started again."""
        try:
            self.said += os.read(self.master, 65536).decode(errors='replace').replace('\r', '')
        except OSError:
            self.close()
            time.sleep(0.5)
            self._start()

    def expect(self, pattern, seconds=PATIENCE):
        """Until the guest has said something."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.said)):
            left = end - time.monotonic()
            if left <= 0:
                raise Wrong(f'the console did not say {pattern}: {self.said[-1500:]}')
            if select.select([self.master], [], [], left)[0]:
                self._read()
        self.said = self.said[found.end():]
        return found

    def ask(self, command, pattern, seconds=PATIENCE):
        """A command to the guest, and what it answers."""
        self.said = ''
        os.write(self.master, command.encode() + b'\n')
        return self.expect(pattern, seconds)

    def answers(self, pattern, seconds=PATIENCE):
        """Until the guest answers an empty line: it may not be listening yet."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.ask('', pattern, 3)
                break
            except Wrong:
                if time.monotonic() > end:
                    raise
        # More empty lines may have been answered than were waited for.
        return self.ask('echo in "step"', 'in step\n.*' + pattern, seconds)


class Guest:
    """One guest of xl's, with one device model."""

    def __init__(self, folder, name, model, *lines, memory=64, serial='file:{}', options=(), override=None):
        self.name, self.model, self.folder = name, model, folder
        # 'windows': the same as 'ours', which takes the vCPU over whenever it can; 'windows32':
        # and knows no 64-bit code.
        self.ours = OURS64 if model == 'windows' or (options and model == 'ours') else OURS
        if model in ('windows', 'windows32'):
            options = BURSTS
        self.path = os.path.join(folder, f'{name}.serial')
        self.config = os.path.join(folder, f'{name}.cfg')
        text = [f'name="{name}"', 'type="hvm"', f'memory={memory}',
                f'serial="{serial.format(self.path)}"', *lines]
        if not any(line.startswith('vnc=') for line in lines):
            text += ['vnc=0']
        if model in ('ours', 'windows', 'windows32'):
            text += [f'device_model_override="{override or self.ours}"']
        if options:
            text += [f'device_model_args_hvm={list(options)}'.replace("'", '"')]
        with open(self.config, 'w', encoding='utf-8') as f:
            f.write('\n'.join(text) + '\n')

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.domid():
            xl('destroy', self.name, fails=True)

    def serial(self):
        """What it said on its serial port."""
        try:
            with open(self.path, encoding='latin-1', newline='') as f:
                return f.read()
        except FileNotFoundError:
            return ''

    def domid(self):
        """Its number; '' if there is none."""
        return domains().get(self.name, '')

    def program(self):
        """The program of its device model."""
        found = models(self.domid())
        if len(found) != 1:
            raise Wrong(f'device models of {self.name}: {found}')
        return os.readlink(f'/proc/{found[0]}/exe'), found[0]

    def create(self):
        """xl create, with the device model that was asked for."""
        xl('create', self.config)
        program = self.program()[0]
        if (program == self.ours) != (self.model != 'debian'):
            raise Wrong(f'the device model is {program}')

    def ended(self):
        """Nothing is left of it: neither in xenstore nor in Xen, and no device model."""
        wait_for(f'the end of {self.name}',
                 lambda: not self.domid() and not models() and len(xen()[1].domain_getinfo()) == 1)

    def destroy(self):
        """xl destroy; nothing is left."""
        old = self.domid()
        # xl's own watcher destroys the domain as well, and either may come too late.
        xl('destroy', self.name, fails=True)
        self.ended()
        if stored(f'/local/domain/{old}') is not None:
            raise Wrong(f'xenstore still has domain {old}')

    def windows(self, reason='burst'):
        """How often its vCPU was taken over."""
        found = re.search(rf'takeovers-{reason} +(\d+)', self.monitor('info partial'))
        return int(found.group(1)) if found else 0

    def monitor(self, command):
        """HMP by way of xl."""
        return xl('qemu-monitor-command', self.name, command)


class Tap:
    """Steps with a line of TAP each; after one that failed, those of its group fail too."""

    def __init__(self, count):
        self.number = self.failed = 0
        self.group = self.broken = None
        print(f'1..{count}', flush=True)

    def step(self, group, name, do):
        """One step."""
        if group != self.group:
            self.group, self.broken = group, False
        self.number += 1
        start = time.monotonic()
        try:
            if self.broken:
                raise Wrong('an earlier step failed')
            do()
        except (Wrong, subprocess.SubprocessError, ValueError, OSError) as e:
            print(f'not ok {self.number} {group}: {name}')
            said = str(e) if self.broken else f'{e}\n{log()}'
            print('\n'.join('# ' + line for line in said.split('\n')), flush=True)
            self.failed, self.broken = 1, True
        else:
            print(f'# {time.monotonic() - start:.0f} s\nok {self.number} {group}: {name}', flush=True)


def chosen_models(default=('debian', 'ours')):
    """Those that were named, or all."""
    chosen = sys.argv[1:] or list(default)
    if set(chosen) - {'debian', 'ours', 'windows'}:
        sys.exit(sys.modules['__main__'].__doc__)
    return chosen


def temporary():
    """A folder for images; memory is short in dom0."""
    return tempfile.TemporaryDirectory(prefix='xen-')


def boot_sector(out, source):
    """A disk that begins with one of the boot sectors here."""
    shutil.copyfile(prepared.sector(source), out)


def loop_device(path):
    """A file as a block device, which dom0's kernel can serve."""
    return run('losetup', '--show', '-f', path).strip()


def make_bridge():
    """The network that guests are on; its name."""
    if not os.path.exists(f'/sys/class/net/{BRIDGE}'):
        run('ip', 'link', 'add', BRIDGE, 'type', 'bridge')
        run('ip', 'address', 'add', f'{DOM0_IP}/24', 'dev', BRIDGE)
        run('ip', 'link', 'set', BRIDGE, 'up')
    return BRIDGE


def use_stubdom():
    """What 'make stubdom' made, where libxl looks for it."""
    boot = only('/usr/lib/xen-*/boot')
    for name in ('kernel', 'rootfs'):
        path = os.path.join(TOP, 'build/stubdom', f'qemu-stubdom-linux-{name}')
        if not os.path.exists(path):
            sys.exit(f'there is no {path}; make stubdom')
        os.symlink(path, os.path.join(boot, os.path.basename(path)))


def kernel(suite='bookworm', package='linux-image-amd64'):
    """A kernel of Debian's that was fetched before; a bed has no network."""
    return run(os.path.join(TOP, 'scripts/get-kernel'), suite, package).strip()


def only(pattern):
    """The one file that a pattern names."""
    found = glob.glob(pattern)
    if len(found) != 1:
        raise Wrong(f'{pattern}: {found}')
    return found[0]
