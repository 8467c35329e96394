# SPDX-License-Identifier: GPL-2.0-or-later
"""The outer machine that our own QEMU emulates: it has SVM, shared directories, and
virtio ports for what goes in and out."""
import os
import socket
import subprocess

import parts

# BED_QEMU: another build as outer machine, to look for what a fault depends on.
QEMU = os.environ.get('BED_QEMU') or os.path.join(parts.TOP, 'build', 'qemu-system-x86_64')
# What init needs before it can run anything, and its part for this machine.
BOOT_MODULES = ['qemu_fw_cfg', 'virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay']
INIT = os.path.join(parts.HERE, 'init-tcg')
XEN_APPEND = 'console=com1 com1=115200,8n1 dom0_mem=768M,max:768M noreboot'


class Machine:
    """The command that starts it, with the files that it inherits; our ends of its ports."""
    stdout = None

    def __init__(self, bed, image, initrd, append, **run):
        if not os.access(QEMU, os.X_OK):
            raise parts.Missing(f'there is no {QEMU}; make')
        boot = ['-kernel', image, '-initrd', initrd, '-append', append]
        if 'hypervisor' in run:
            # Multiboot: the kernel is a module of the hypervisor's, and so is its initramfs.
            boot = ['-kernel', run['hypervisor'], '-append', XEN_APPEND, '-initrd',
                    f'{image} {append.replace("console=ttyS0", "console=hvc0")},{initrd}']
        self.command = [
            QEMU, '-machine', bed['machine'], '-accel', 'tcg,tb-size=1024', '-cpu', bed['cpu'],
            '-smp', str(run['cpus']), '-m', bed['memory'], '-nodefaults', '-display', 'none',
            '-no-reboot', *boot,
            # remap: the root may consist of several file systems
            '-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap',
            '-device', 'virtio-9p-pci,fsdev=host,mount_tag=host', '-device', 'virtio-serial-pci']
        if 'layer' in run:
            self.command += [
                '-fsdev', f'local,id=layer,path={run["layer"]},security_model=none,readonly=on',
                '-device', 'virtio-9p-pci,fsdev=layer,mount_tag=layer']
        for item in ('mode', 'script'):
            self.command += ['-fw_cfg', f'name=opt/bed/{item},string='
                             + run[item].replace(',', ',,')]
        self.ends, self.theirs = {}, []
        for end in ('console', 'status', 'out', 'err', 'monitor'):
            self.ends[end], theirs = (s.detach() for s in socket.socketpair())
            self.theirs.append(theirs)
            self.command += ['-chardev', f'socket,id={end},fd={theirs}']
            self.command += ['-serial', 'chardev:console'] if end == 'console' else \
                ['-mon', 'chardev=monitor'] if end == 'monitor' else \
                ['-device', f'virtserialport,chardev={end},name={end}']
        self.stdin = subprocess.DEVNULL
        if run['mode'] == 'shell':
            self.stdin = None
            self.command += ['-chardev', 'stdio,id=tty,signal=off',
                             '-device', 'virtconsole,chardev=tty']
