# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest of xl's as those who look at guests see a machine."""
import contextlib
import os
import sys

import dom0

sys.path.insert(0, os.path.join(dom0.TOP, 'scripts'))
# pylint: disable=wrong-import-position
from vm import QEMUMonitorProtocol  # noqa: E402


class Machine:
    """A guest of xl's, as a session sees a machine."""

    def __init__(self, folder, guest):
        self.guest, self.dir = guest, folder
        self.process = self
        self.returncode = 'nothing known'
        # libxl has a second QMP socket, for statistics that nobody asks for here.
        self.path = f'/var/run/xen/qmp-libxenstat-{guest.domid()}'
        self.socket = QEMUMonitorProtocol(self.path)
        self.socket.connect()
        self.qmp = self

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        """The guest may have ended before."""
        with contextlib.suppress(EOFError, OSError, RuntimeError):
            self.socket.close()

    def cmd(self, name, **arguments):
        """QMP; a guest that has ended is one that is off."""
        try:
            return self.socket.cmd(name, **arguments)
        except Exception:  # pylint: disable=broad-except
            if name != 'query-status':
                raise
            dom0.wait_for('the end', lambda: not self.guest.domid(), 30)
            return {'status': 'shutdown'}

    def poll(self):
        """None while it runs."""
        return None if os.path.exists(self.path) else 0

    def stderr(self):
        """What the device model said."""
        return dom0.log()

    def serial(self):
        """What the guest said."""
        return self.guest.serial()
