# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU of this tree for scripts and tests: start, wait, ask, end."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, 'qemu', 'source', 'python'))
# pylint: disable=wrong-import-position
from qemu.qmp.legacy import QEMUMonitorProtocol  # noqa: E402


class Machine:
    """One run of QEMU, with a serial port in a file and a QMP socket.  It stops at a reset
    or power-off of the guest, unless that may reboot."""

    def __init__(self, options, binary='qemu-system-x86_64', reboot=False):
        self.dir = tempfile.mkdtemp(prefix='partial-')
        self._serial = os.path.join(self.dir, 'serial')
        self._stderr = os.path.join(self.dir, 'stderr')
        self.qmp = QEMUMonitorProtocol(os.path.join(self.dir, 'qmp'), server=True)
        self.start = time.monotonic()
        self.end = None
        with open(self._stderr, 'wb') as err:
            self.process = subprocess.Popen(
                [os.path.join(TOP, 'build', binary), '-nodefaults', '-display', 'none',
                 *(() if reboot else ('-no-reboot', '-no-shutdown')),
                 '-serial', 'file:' + self._serial,
                 '-qmp', 'unix:' + os.path.join(self.dir, 'qmp'), *options],
                stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        try:
            self.qmp.accept(timeout=30)
        except Exception:
            why = self.stderr()
            self.close()
            raise RuntimeError('QEMU did not start: ' + why) from None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """End QEMU, whatever it does."""
        try:
            self.qmp.close()
        except (EOFError, OSError):
            pass  # QEMU has closed it before
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def _read(self, path):
        try:
            with open(path, encoding='utf-8', errors='replace') as f:
                return f.read()
        except FileNotFoundError:
            return ''

    def serial(self):
        """What the guest wrote to its serial port."""
        return self._read(self._serial)

    def stderr(self):
        """What QEMU said."""
        return self._read(self._stderr)

    def seconds(self):
        """From the start to the end of wait()."""
        return (self.end or time.monotonic()) - self.start

    def wait(self, limit):
        """Until the guest is off, reset, or stopped by an error; what happened."""
        states = {'shutdown': 'powered off', 'internal-error': 'KVM internal error',
                  'guest-panicked': 'guest panicked'}
        while time.monotonic() < self.start + limit:
            if self.process.poll() is not None:
                self.end = time.monotonic()
                return f'QEMU ended with {self.process.returncode}'
            status = self.qmp.cmd('query-status')['status']
            if status in states:
                self.end = time.monotonic()
                return states[status]
            time.sleep(0.02)
        self.end = time.monotonic()
        return f'nothing after {limit} s'

    def counters(self):
        """All counters of accel/partial, summed over the vCPUs; histograms are lists."""
        [vm] = self.qmp.cmd('query-stats', target='vm', providers=[{'provider': 'partial'}])
        return {stat['name'].removeprefix('all-'): stat['value'] for stat in vm['stats']}

    def takeovers(self):
        """Take-overs by reason, those that happened."""
        return {name.replace('takeovers-', ''): value
                for name, value in sorted(self.counters().items())
                if name.startswith('takeovers-') and value}
