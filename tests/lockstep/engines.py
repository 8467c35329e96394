# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs an image of programs, and what it leaves of each."""
import collections
import functools
import glob
import os
import struct
import subprocess
import sys
import tempfile
import time

import state
from programs import image

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, 'tests', 'beds'))
# pylint: disable=wrong-import-position
from bochs import VGABIOS  # noqa: E402
# The CPU that all show; Bochs has it under another name.
MODEL, BOCHS_MODEL, PHYS_BITS = 'IvyBridge', 'corei7_ivy_bridge_3770k', 36
# A QEMU engine is options of -accel.
ENGINES = {
    'bochs': None,
    'tcg': 'tcg',
    'partial': 'partial',
    'windows': 'partial,states=none,burst-trigger=1,window-blocks=1',
    'bursts': 'partial,states=none,burst-trigger=1,burst-blocks=3',
    'kvm': 'kvm',
    # A CPU with all that TCG has and Intel's have
    'max': 'tcg',
    'partial-max': 'partial',
    # This machine's own CPU, for 64-bit code of users
    'native': None,
}
MAX = 'max,-sse4a,-3dnow,-3dnowext,-cmpccxadd,-mpx'
CPUS = {'kvm': 'max', 'max': MAX, 'partial-max': MAX}
WITH_MAX = {'tcg': 'max', 'partial': 'partial-max'}
SLOW = ('kvm', 'windows', 'bursts')
RECORD = 8
# Of an image: whole dumps; memory outside of the arena is new for each program.
WHOLE, ALONE = 1, 2
# Of a dump; more is a harness that a program has destroyed, which would write for ever.
MOST_DWORDS = 0x9000
MARKER = b'LOCKSTEP'
END, ENDED, HUNG, RESET = 0xffffffff, 0xfd, 0xfe, 0xff
NO_RESULT = (ENDED, HUNG)
# Seconds of CPU time without a new result after which a program counts as one that never ends;
# most programs are looked at twice before that is a difference.
STALL, STALL_WHOLE, STALL_KVM = 0.06, 0.3, 5
# Looks in a row without a thread that runs, after which its CPU counts as halted; seconds between looks.
HALTED, LOOK = 20, 0.008
TICKS = os.sysconf('SC_CLK_TCK')
# How the dump of a program begins (harness.asm), in dwords.
FIELDS = ('vector', 'error', 'ip', 'ip.', 'cs', 'flags', 'old-sp', 'old-sp.', 'old-ss', 'sp', 'sp.', 'ss', 'ds',
          'es', 'fs',
          'gs', *(n + s for n in ('ax', 'cx', 'dx', 'bx', '-', 'bp', 'si', 'di', *(f'r{i}' for i in range(8, 16)))
                  for s in ('', '.')),
          'cr0', 'cr2', 'cr2.', 'cr3', 'cr4', 'efer', 'dr6', 'tr', 'ldt', 'nested', 'fsbase', 'fsbase.', 'gsbase',
          'gsbase.', 'kgsbase', 'kgsbase.', 'gdtr', 'gdtr.', 'idtr', 'idtr.', 'xcr0')

Result = collections.namedtuple('Result', 'vector hash dump')


class EngineError(Exception):
    """An engine could not start, or says what it should not."""


@functools.cache
def harness():
    """The assembled firmware."""
    with tempfile.TemporaryDirectory(prefix='lockstep-') as folder:
        path = os.path.join(folder, 'harness')
        subprocess.run(['nasm', '-I', os.path.join(TOP, 'tests/guests/'), '-f', 'bin', '-w-number-overflow',
                        '-o', path, os.path.join(HERE, 'harness.asm')], check=True)
        with open(path, 'rb') as f:
            return f.read()


@functools.cache
def native():
    """What runs programs on this CPU, made where it is not."""
    path, source = os.path.join(TOP, 'build/lockstep/native'), os.path.join(HERE, 'native.c')
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        subprocess.run(['cc', '-O2', '-Wall', '-Werror', '-fPIE', '-pie', '-o', path, source], check=True)
    return path


def command(engine, rom, programs, out):
    """What starts an engine; whether its standard output is what the guest wrote."""
    if engine == 'bochs':
        bochs = os.environ.get('LOCKSTEP_BOCHS') or subprocess.run(
            [os.path.join(TOP, 'tests/beds/get-bochs')], check=True, capture_output=True, text=True).stdout.strip()
        return [bochs, '-q', '-f', '/dev/null', 'display_library: nogui', 'config_interface: textconfig',
                'log: /dev/null', 'panic: action=fatal', 'error: action=ignore', 'info: action=ignore',
                f'cpu: model={BOCHS_MODEL}, ips=100000000, reset_on_triple_fault=1, ignore_bad_msrs=0',
                'memory: guest=2048, host=2048, block_size=8192', f'romimage: file={rom}',
                f'vgaromimage: file={VGABIOS}',
                'clock: sync=none', f'optramimage1: file={programs}, address=0x1000000', 'port_e9_hack: enabled=1',
                'boot: disk', 'ata0: enabled=0', 'ata1: enabled=0'], True
    if engine == 'native':
        return [native(), programs], True
    qemu = os.environ.get('QTEST_QEMU_BINARY', os.path.join(TOP, 'build/qemu-system-x86_64'))
    cpu = CPUS.get(engine, MODEL)
    return [qemu, '-nodefaults', '-display', 'none', '-M', 'pc', '-m', '2048', '-accel', ENGINES[engine],
            '-cpu', f'{cpu},vendor=GenuineIntel,phys-bits={PHYS_BITS},host-phys-bits=off', '-bios', rom,
            '-device', f'loader,file={programs},addr=0x1000000,force-raw=on',
            '-chardev', f'file,id=out,path={out}', '-device', 'isa-debugcon,iobase=0xe9,chardev=out'], False


class Output:
    """The results in what the guest has written so far."""

    def __init__(self, path, whole):
        self.path, self.whole = path, whole
        self.data, self.at, self.results, self.ended, self.anew = b'', 0, [], False, False

    def look(self):
        """Read on; whether there was more."""
        with open(self.path, 'rb') as f:
            f.seek(len(self.data))
            more = f.read()
        self.data += more
        if not self.at:
            self.at = self.data.find(MARKER) + len(MARKER)
            if self.at < len(MARKER):
                self.at = 0
                return bool(more)
        while not self.ended:
            dump, at = None, self.at
            # The program has destroyed what the harness knows a reset or a program by.
            self.anew = self.data[at:at + len(MARKER)] == MARKER
            if self.anew:
                break
            if self.whole:
                head = self.data[at:at + 8]
                if len(head) == 8 and struct.unpack('<II', head) == (0, END):
                    self.ended = True
                    break
                if len(head) < 4:
                    break
                count, = struct.unpack('<I', head[:4])
                if count > MOST_DWORDS:
                    self.anew = True
                    break
                at += 4 + count * 4
                if len(self.data) < at + RECORD:
                    break
                dump = struct.unpack(f'<{count}I', self.data[at - count * 4:at])
            elif len(self.data) < at + RECORD:
                break
            value, which = struct.unpack('<II', self.data[at:at + RECORD])
            if which == END:
                self.ended = True
                break
            if which & 0xffffff != len(self.results):
                self.anew = True
                break
            self.results.append(Result(which >> 24, value, dump))
            self.at = at + RECORD
        return bool(more)


def cpu_time(pid):
    """Seconds that a process has run."""
    if not os.path.exists(f'/proc/{pid}'):
        return 0
    with open(f'/proc/{pid}/stat', encoding='ascii') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def idle(pid):
    """Whether no thread of a process runs or wants to."""
    for path in glob.glob(f'/proc/{pid}/task/*/stat'):
        try:
            with open(path, encoding='ascii') as f:
                if f.read().rsplit(')', 1)[1].split()[0] in 'RD':
                    return False
        except OSError:  # the thread has ended
            continue
    return True


def stretch(programs, seeds, engine, whole):
    """Run programs until they end or one of them hangs; results of those that did not, and what became of the next."""
    stall = STALL_KVM if engine in SLOW else STALL_WHOLE if whole else STALL
    with tempfile.TemporaryDirectory(prefix='lockstep-', dir='/dev/shm') as folder:
        rom, path, out = (os.path.join(folder, name) for name in ('rom', 'programs', 'out'))
        with open(rom, 'wb') as f:
            f.write(harness())
        with open(path, 'wb') as f:
            f.write(image(programs, whole))
        argv, stdout = command(engine, rom, path, out)
        with open(out, 'wb') as f, open(os.path.join(folder, 'err'), 'wb') as err:
            with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=f if stdout else err, stderr=err) as process:
                try:
                    output, moved, still = Output(out, whole & WHOLE), None, 0
                    while not output.ended:
                        over = process.poll() is not None
                        more = output.look()
                        if output.anew:
                            break
                        if more:
                            moved, still = None, 0
                        elif moved is None:
                            moved = cpu_time(process.pid)
                        elif over and not output.ended:
                            with open(err.name, encoding='utf-8', errors='replace') as said:
                                text = said.read()[-500:]
                            if not output.at:
                                raise EngineError(f'{engine} ended with {process.returncode}: {text}')
                            print(f'# {engine} ended with {process.returncode} in '
                                  f'{seeds[len(output.results)]}: {text}', flush=True)
                            return output.results, ENDED
                        elif cpu_time(process.pid) - moved > (stall if output.at else STALL_KVM):
                            break
                        still = 0 if more or not idle(process.pid) else still + 1
                        if still > HALTED:
                            break
                        time.sleep(LOOK)
                finally:
                    process.kill()
        return output.results, HUNG


def run(programs, engine, whole=False, alone=False):
    """Results of all programs; alone: none meets what another has left in memory."""
    results = []
    made, seeds = [bytes(p) for p in programs], [p.seed for p in programs]
    how = (WHOLE if whole else 0) | (ALONE if alone else 0)
    while len(results) < len(programs):
        at = len(results)
        more, why = stretch(made[at:], seeds[at:], engine, how)
        results += more
        if len(results) < len(programs):
            results.append(Result(why, 0, ()))
    return results


def named(program, dump):
    """A dump as a dictionary: registers by name, memory by address."""
    out = dict(zip(FIELDS, dump))
    rest = dump[len(FIELDS):]
    first = program.where & ~3
    words = ((program.where + len(b''.join(program.code)[:200]) + 19) & ~3) - first >> 2
    for i, value in enumerate(rest[:words]):
        out[f'[{0x20000 + first + i * 4:x}]'] = value
    rest = rest[words:]
    out.update({state.name_of(rest[i]) or f'[{rest[i]:x}]': rest[i + 1] for i in range(0, len(rest) - 1, 2)})
    return out
