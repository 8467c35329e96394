# SPDX-License-Identifier: GPL-2.0-or-later
"""A libvirt domain that runs a boot sector, and what is asked of it."""
import json
import os
import shutil
import subprocess
import time

import libvirt
import libvirt_qemu

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, 'build')
STOCK = os.path.join(BUILD, 'qemu-system-x86_64')
# Most seconds for what takes two on an idle host.
PATIENCE = 60
# Of lives.asm
BOOTS, COUNT, MARK = 0x1000, 0x1004, 0x1008
LIVE = int.from_bytes(b'LIVE', 'little')

XML = '''<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <os{firmware}><type arch='x86_64' machine='{machine}'>hvm</type>{os}</os>
  <features><acpi/><apic/>{features}</features>
  {cpu}
  {clock}
  <devices>
    <emulator>{emulator}</emulator>
    {disk}
    <serial type='file'><source path='{serial}'/></serial>
    <controller type='usb' model='none'/><memballoon model='none'/>
    {devices}
  </devices>
  {commandline}
</domain>
'''


class Wrong(Exception):
    """What did not happen."""


def wait_for(what, condition, show=None):
    """Until a condition holds; what it gives."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            raise Wrong(f'{what} did not happen' + (f': {show()}' if show else ''))
        time.sleep(0.05)
    return value


def run(*words):
    """A program that must succeed; what it printed."""
    done = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Wrong(f'{words} ended with {done.returncode}: {done.stdout}')
    return done.stdout


def make_disk(folder):
    """lives.asm as a qcow2 image that libvirt may snapshot."""
    raw, disk = os.path.join(folder, 'lives.img'), os.path.join(folder, 'lives.qcow2')
    run('nasm', '-f', 'bin', '-i', os.path.join(HERE, '../xen/'), '-o', raw,
        os.path.join(HERE, 'lives.asm'))
    run(os.path.join(BUILD, 'qemu-img'), 'convert', '-O', 'qcow2', raw, disk)
    return disk


class Domain:
    """A domain of one daemon."""

    def __init__(self, daemon, name, emulator, image=None, **more):
        self._named(daemon, name)
        disk = ''
        if image:
            disk = ("<disk type='file'><driver name='qemu' type='qcow2'/>"
                    f"<source file='{self._copy(image)}'/><target dev='hda' bus='{more.pop('bus', 'ide')}'/></disk>")
        values = {'memory': 32, 'firmware': '', 'machine': 'pc', 'os': '', 'features': '', 'cpu': '',
                  'clock': '', 'devices': '', 'commandline': ''}
        self.xml = XML.format(name=name, emulator=emulator, disk=disk, serial=self.serial_path,
                              **{**values, **more})
        self.handle = daemon.connection.defineXML(self.xml)

    def _named(self, daemon, name):
        self.daemon, self.name = daemon, name
        self.serial_path = daemon.path('lib', name + '.serial')

    def _copy(self, image):
        path = self.daemon.path(self.name + '.qcow2')
        shutil.copy(image, path)
        return path

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """No trace is left of it."""
        if self.handle.isActive():
            self.handle.destroy()
        for snapshot in self.handle.listAllSnapshots():
            snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
        self.handle.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                                  libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)

    def start(self):
        """Start it, and wait until the boot sector counts."""
        self.handle.create()
        self.goes_on()

    def on(self, daemon):
        """The same domain, after it has moved to another daemon."""
        self.daemon = daemon
        self.handle = daemon.connection.lookupByName(self.name)

    def serial(self):
        """What the guest has written to COM1."""
        with open(self.serial_path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def log(self):
        """What QEMU said."""
        return self.daemon.log(self.name)

    def hmp(self, command):
        """The answer of the human monitor."""
        return libvirt_qemu.qemuMonitorCommand(
            self.handle, command, libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP)

    def qmp(self, command, **arguments):
        """The answer of QMP."""
        said = json.loads(libvirt_qemu.qemuMonitorCommand(
            self.handle, json.dumps({'execute': command, 'arguments': arguments}), 0))
        if 'error' in said:
            raise Wrong(f'{command}: {said["error"]["desc"]}')
        return said['return']

    def word(self, address):
        """A word of guest memory."""
        return int(self.hmp(f'xp /1wx {address:#x}').split(':')[1], 16)

    def count(self):
        """How far the boot sector has counted; 0 before it runs."""
        return self.word(COUNT) if self.word(MARK) == LIVE else 0

    def boots(self):
        """How often it has started, with the memory that it has."""
        return self.word(BOOTS) if self.word(MARK) == LIVE else 0

    def goes_on(self, beyond=0):
        """The guest counts beyond a number; where it is."""
        start = max(wait_for(f'a count of {self.name}', self.count, self.log), beyond)
        return wait_for(f'the next count of {self.name}',
                        lambda: (n := self.count()) > start + 2 and n, self.log)

    def takeovers(self):
        """Take-overs, by 'info partial'."""
        said = self.hmp('info partial')
        words = said.split()
        return sum(int(n) for name, n in zip(words, words[1:]) if name.startswith('takeovers-'))


class Installed(Domain):
    """A domain that virt-install has made and started."""

    def __init__(self, daemon, name, emulator, image, *options):
        # pylint: disable=super-init-not-called
        self._named(daemon, name)
        run('virt-install', '--connect', daemon.uri, '--name', name, '--memory', '256', '--import', '--disk',
            self._copy(image), '--network', 'none', '--graphics', 'none', '--serial', f'file,path={self.serial_path}',
            '--noautoconsole', '--xml', f'./devices/emulator={emulator}', *options)
        self.handle = daemon.connection.lookupByName(name)
