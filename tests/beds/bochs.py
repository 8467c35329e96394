# SPDX-License-Identifier: GPL-2.0-or-later
"""The outer machine that Bochs emulates: it has VMX, in the CPU models that had it.

Bochs has neither virtio nor a way to give it a kernel.  The kernel and the initramfs
are put into its memory at power-on, the host's files come as disks, and everything
leaves through serial ports, which idle CPUs make fast enough.
"""
import lzma
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
# With a hypervisor: what the boot sector boot-xen.asm hands it, and dom0's kernel.
MULTIBOOT, DOM0 = 0x1000000, 0x8000000
BIOS = '/usr/share/bochs/BIOS-bochs-latest'
VGABIOS = '/usr/share/vgabios/vgabios-stdvga.bin'
# A second of the machine has so many instructions, however long they take.
IPS = 250000000
APPEND = 'clocksource=tsc cryptomgr.notests'
# Dom0 has the other serial ports, of which one shares COM1's interrupt: Xen polls COM1.
XEN_APPEND = ('console=com1 com1=115200,8n1,0x3f8,0 dom0_mem=768M,max:768M noreboot '
              'spec-ctrl=no xpti=no pv-l1tf=no edid=no edd=off')
DOM0_APPEND = 'cryptomgr.notests'


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


def kernel_of(image):
    """The kernel in an image as an ELF file: Xen would unpack it at a fiftieth of the speed."""
    with open(image, 'rb') as f:
        data = f.read()
    offset, size = struct.unpack_from('<II', data, 0x248)
    begin = ((data[0x1f1] or 4) + 1) * 512 + offset
    try:
        # Its length, in the last four bytes, belongs to the boot protocol.
        return lzma.decompress(data[begin:begin + size - 4])
    except lzma.LZMAError:
        return data


def program_of(path):
    """(where, contents) of an ELF32 file's one segment, which it is entered at."""
    with open(path, 'rb') as f:
        data = f.read()
    entry, headers = struct.unpack_from('<II', data, 24)
    kind, offset, _, address, size = struct.unpack_from('<IIIII', data, headers)
    if data[:5] != b'\x7fELF\1' or kind != 1 or entry != address:
        raise parts.Missing(f'{path} is not the hypervisor that it was')
    return address, data[offset:offset + size]


def multiboot(memory, append, kernel_size, initrd_size, dom0_append):
    """Multiboot's information (version 0.6.96, 3.3): two modules, and what is said to each."""
    texts, places = b'', []
    for text in (append, dom0_append, ''):
        places.append(MULTIBOOT + 0x100 + len(texts))
        texts += text.encode() + b'\0'
    modules = b''.join(
        struct.pack('<IIII', at, at + size, text, 0)
        for at, size, text in ((DOM0, kernel_size, places[1]), (INITRD, initrd_size, places[2])))
    # Bits 0, 2 and 3: the amounts of memory in KiB, a command line, modules.
    head = struct.pack('<7I', 0b1101, 639, (memory - 1) << 10, 0, places[0], 2, MULTIBOOT + 0x80)
    return head.ljust(0x80, b'\0') + modules.ljust(0x80, b'\0') + texts


class Machine:
    """The command that starts it, with the files that it inherits; our ends of its ports."""
    stdin = stdout = subprocess.DEVNULL

    def __init__(self, bed, image, initrd, append, **run):
        if run['cpus'] != 1:
            raise parts.Missing('a bed in Bochs has one CPU')
        for path, package in ((BIOS, 'bochsbios'), (VGABIOS, 'vgabios')):
            if not os.path.exists(path):
                raise parts.Missing(f'there is no {path}; apt-get install {package}')
        self.theirs, self.ends = [], {}
        if 'hypervisor' in run:
            images = self._xen(bed, image, initrd, append, run['hypervisor'])
        else:
            images = self._linux(image, initrd, append)
        # By descriptor: Bochs puts a lock beside a disk that it opens by its name.
        found = {name: self._inherit(os.open(path, os.O_RDONLY))
                 for name, path in disks.get(run.get('layer')).items()}
        found['script'] = self._file(disks.script(
            'boot-xen.asm' if 'hypervisor' in run else 'boot.asm', list(found), run['mode'],
            run['script'], run['files']))
        with parts.locked():
            bochs = parts.run([os.path.join(parts.HERE, 'get-bochs')])
        self.command = [
            bochs, '-q', '-f', '/dev/null',
            'display_library: nogui', 'config_interface: textconfig', 'log: /dev/stderr',
            'panic: action=fatal', 'error: action=ignore', 'info: action=ignore',
            f'cpu: model={bed["cpu"]}, ips={IPS}, reset_on_triple_fault=0, ignore_bad_msrs=1',
            f'memory: guest={bed["memory"]}, host={bed["memory"]}, block_size=8192',
            f'romimage: file={BIOS}', f'vgaromimage: file={VGABIOS}', 'clock: sync=none',
            'boot: disk', 'ata0: enabled=1', 'ata1: enabled=1']
        self.command += [f'optramimage{i + 1}: file={path}, address={at:#x}'
                         for i, (at, path) in enumerate(images)]
        # The one that it boots from comes first.
        self.command += [f'ata{i >> 1}-{("master", "slave")[i & 1]}: type=disk, mode=flat, '
                         f'path={found[name]}, model=bed-{name}'
                         for i, name in enumerate(sorted(found, key=lambda n: n != 'script'))]
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

    def _linux(self, image, initrd, append):
        """[(address, file)] of what boot.asm enters."""
        setup, size = real_mode_part(image, initrd, f'{append} {APPEND}')
        with open(image, 'rb') as f:
            f.seek(size)
            kernel = f.read()
        return [(SETUP, self._file(setup)), (KERNEL, self._file(kernel)), (INITRD, initrd)]

    def _xen(self, bed, image, initrd, append, hypervisor):
        """[(address, file)] of what boot-xen.asm enters."""
        address, program = program_of(hypervisor)
        kernel = kernel_of(image)
        info = multiboot(int(bed['memory']), f'xen {XEN_APPEND}', len(kernel), os.path.getsize(initrd),
                         f'{append.replace("console=ttyS0", "console=hvc0")} {DOM0_APPEND}')
        return [(MULTIBOOT, self._file(info)), (address, self._file(program)),
                (DOM0, self._file(kernel)), (INITRD, initrd)]

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
