# SPDX-License-Identifier: GPL-2.0-or-later
"""The outer machine that Bochs emulates: it has VMX, in the CPU models that had it.

Bochs has neither virtio nor a way to give it a kernel.  The kernel and the initramfs
are put into its memory at power-on, the host's files come as disks, and everything
leaves through serial ports, which idle CPUs make fast enough.
"""
import os
import pty
import struct
import subprocess
import tty

import disks
import parts

# What init needs before it can run anything, and its part for this machine.
BOOT_MODULES = ['ata_piix', 'sd_mod', 'squashfs', 'overlay']
INIT = os.path.join(parts.HERE, 'init-bochs')
# Where the kernel's parts go: the boot protocol's usual places, and for the initramfs
# one that is above all that the kernel needs while it unpacks itself.
SETUP, COMMAND_LINE, KERNEL, INITRD = 0x90000, 0x9e000, 0x100000, 0x20000000
BIOS = '/usr/share/bochs/BIOS-bochs-latest'
VGABIOS = '/usr/share/vgabios/vgabios-stdvga.bin'
# A second of the machine has so many instructions, however long they take.
IPS = 250000000
APPEND = 'clocksource=tsc cryptomgr.notests'


def real_mode_part(image, initrd, append):
    """(what enters the kernel, with our answers to its questions; where the rest begins)."""
    with open(image, 'rb') as f:
        head = bytearray(f.read(0x10000))
    size = ((head[0x1f1] or 4) + 1) * 512
    del head[size:]
    head[0x210] = 0xff                                  # an unknown loader
    head[0x211] |= 0x80                                 # which says where the heap ends
    struct.pack_into('<H', head, 0x1fa, 0xffff)         # the video mode as it is
    struct.pack_into('<II', head, 0x218, INITRD, os.path.getsize(initrd))
    struct.pack_into('<H', head, 0x224, 0xde00)
    struct.pack_into('<I', head, 0x228, COMMAND_LINE)
    text = append.encode() + b'\0'
    return bytes(head).ljust(COMMAND_LINE - SETUP, b'\0') + text, size


class Machine:
    """The command that starts it, with the files that it inherits; our ends of its ports."""
    stdin = stdout = subprocess.DEVNULL

    def __init__(self, bed, image, initrd, append, **run):
        if run['cpus'] != 1:
            raise parts.Missing('a bed in Bochs has one CPU')
        for path, package in ((BIOS, 'bochsbios'), (VGABIOS, 'vgabios')):
            if not os.path.exists(path):
                raise parts.Missing(f'there is no {path}; apt-get install {package}')
        setup, size = real_mode_part(image, initrd, f'{append} {APPEND}')
        with open(image, 'rb') as f:
            f.seek(size)
            kernel = f.read()
        self.theirs, self.ends = [], {}
        # By descriptor: Bochs puts a lock beside a disk that it opens by its name.
        system, tree = (self._inherit(os.open(path, os.O_RDONLY)) for path in disks.get())
        script = self._file(disks.script(run['mode'], run['script'], run['files']))
        with parts.locked():
            bochs = parts.run([os.path.join(parts.HERE, 'get-bochs')])
        self.command = [
            bochs, '-q', '-f', '/dev/null',
            'display_library: nogui', 'config_interface: textconfig', 'log: /dev/stderr',
            'panic: action=fatal', 'error: action=ignore', 'info: action=ignore',
            f'cpu: model={bed["cpu"]}, ips={IPS}, reset_on_triple_fault=0, ignore_bad_msrs=1',
            f'memory: guest={bed["memory"]}, host={bed["memory"]}, block_size=8192',
            f'romimage: file={BIOS}', f'vgaromimage: file={VGABIOS}', 'clock: sync=none',
            f'optramimage1: file={self._file(setup)}, address={SETUP:#x}',
            f'optramimage2: file={self._file(kernel)}, address={KERNEL:#x}',
            f'optramimage3: file={initrd}, address={INITRD:#x}', 'boot: disk',
            'ata0: enabled=1', 'ata1: enabled=1',
            f'ata0-master: type=disk, mode=flat, path={script}, model=bed-script',
            f'ata0-slave: type=disk, mode=flat, path={system}, model=bed-system',
            f'ata1-master: type=disk, mode=flat, path={tree}, model=bed-tree']
        for i, end in enumerate(('console', 'status', 'out', 'err')):
            if end == 'out' and run['mode'] == 'shell':
                # It sets the terminal to raw by itself.
                self.ends[end], theirs = pty.openpty()
                self.ends['keys'] = os.dup(0)
                tty.setraw(0)
                port = f'mode=term, dev={os.ttyname(theirs)}'
            else:
                self.ends[end], theirs = os.pipe()
                port = f'mode=file, dev=/dev/fd/{theirs}'
            self.theirs.append(theirs)
            self.command.append(f'com{i + 1}: enabled=1, {port}')

    def _inherit(self, fd):
        """The name of an open file, for the machine."""
        self.theirs.append(fd)
        return f'/dev/fd/{fd}'

    def _file(self, data):
        """The name of a file that is nowhere else."""
        fd = os.memfd_create('bed')
        with open(fd, 'wb', closefd=False) as f:
            f.write(data)
        return self._inherit(fd)
