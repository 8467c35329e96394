# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of tests/guests/bursts.asm in one guest, and what came of each.

The reference is the same image under TCG on the host, as in the KVM suite.
"""
import json
import os
import re
import struct
import sys
import time

import firmware
import prepared

TOP = firmware.dom0.TOP
CHAIN, RESULTS, SIZE, ENTRY = 0x8100, 0x400, 0x1000, 24
DONE = 0x600d600d
# name: (number, operand).  Left out: what counts QEMU's own timer's interrupts; 'edges', at
# which Xen's emulator stays for ever, whatever the device model; 'rep-faults', where it makes
# an element that faults once and a CPU twice.
ALL = {
    'forms': (0, 0), 'strings': (1, 0), 'ports': (2, 0), 'registers': (5, 0), 'planar': (6, 0),
    'rewriting': (9, 0), 'system': (11, 0), 'single-step': (12, 0), 'mapping': (13, 0), 'rep-loads': (17, 0),
    'remapping': (21, 10),
}
# 'two-cpus' ends the other CPU.
OF_TWO = {**{n: ALL[n] for n in ('strings', 'registers', 'rewriting', 'system')}, 'two-cpus': (8, 0)}
TRACE = 'trace:memory_region_ops_read,trace:memory_region_ops_write'
DEVICES = ("'pc-testdev-iomem'", "'pc-testdev-ioport'", "'vga-lowmem'", "'vga'", "'vbe'")


def names(cpus):
    """Those for a guest with so many CPUs."""
    return list(OF_TWO if cpus == 2 else ALL)


def _commands(chosen):
    return [{**ALL, **OF_TWO}[n] for n in chosen]


def disk(path, chosen, cpus):
    """A disk that runs them one after the other."""
    firmware.make(path, 'bursts.bin', _commands(chosen), cpus=cpus)


def progress(data):
    """(how many are left, how many are done), of the memory at CHAIN."""
    return struct.unpack_from('<II', data)


def accesses(path):
    """QEMU's trace as a list of accesses, byte by byte, for each scenario that has ended."""
    lists = [[]]
    with open(path, encoding='utf-8') as f:
        for line in f:
            found = re.search(r'memory_region_ops_(\w+) .* addr 0x(\w+) value 0x(\w+) '
                              r"size (\d) name ('.*')", line)
            if not found:
                continue
            kind, addr, value, size, name = found.groups()
            if name == "'ioportF0'" and kind == 'write':
                # The boot sector's last word, or the end of a scenario.
                lists = [[]] if value == 'ff' else [*lists, []]
            elif name in DEVICES:
                lists[-1] += [f'{kind} {int(addr, 16) + i:x}: {int(value, 16) >> i * 8 & 255:02x} {name}'
                              for i in range(int(size))]
    return lists[:-1]


def outcomes(chosen, data, lists):
    """{name: [end, step, checksum, accesses]}."""
    if len(lists) != len(chosen):
        raise ValueError(f'{len(lists)} ends in the trace')
    return {n: [*struct.unpack_from('<IxxxxQQ', data, RESULTS + ENTRY * i), lists[i]]
            for i, n in enumerate(chosen)}


def _run(folder, cpus):
    """The scenarios under TCG, where the image is the firmware: what Xen's guests have below F0000h."""
    sys.path.insert(0, os.path.join(TOP, 'scripts'))
    from vm import Machine  # pylint: disable=import-outside-toplevel
    trace, memory, low = (os.path.join(folder, n) for n in ('trace', 'memory', 'low'))
    with open(low, 'wb') as f:
        f.write(firmware.low_memory(_commands(names(cpus)), cpus))
    with Machine(['-accel', 'tcg', '-M', 'pc', '-m', '64', '-smp', str(cpus), '-vga', 'std', '-device', 'pc-testdev',
                  '-bios', os.path.join(firmware.IMAGES, 'bursts.bin'), '-D', trace, '-d', TRACE,
                  '-device', f'loader,addr={firmware.COMMAND},file={low},force-raw=on']) as vm:
        while vm.seconds() < 120:
            vm.qmp.cmd('pmemsave', val=CHAIN, size=SIZE, filename=memory)
            with open(memory, 'rb') as f:
                data = f.read()
            if progress(data) == (0, len(names(cpus))):
                return outcomes(names(cpus), data, accesses(trace))
            time.sleep(0.1)
    sys.exit(f'the scenarios do not end under TCG: {progress(data)}')


def _write(out, cpus):
    with firmware.dom0.temporary() as folder:
        found = _run(folder, cpus)
    with open(out, 'w', encoding='utf-8') as f:
        json.dump(found, f)


def reference(cpus):
    """What comes of each under TCG; made on the host."""
    sources = [__file__, firmware.__file__, os.path.join(firmware.IMAGES, 'bursts.bin'),
               os.path.join(TOP, 'build/qemu-system-x86_64')]
    path = prepared.made(f'scenarios-{cpus}.json', sources, lambda out: _write(out, cpus))
    with open(path, encoding='utf-8') as f:
        return json.load(f)
