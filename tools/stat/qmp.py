# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM that can be asked: over its QMP socket, or by libvirt, which has that socket."""
import json
import shutil
import socket
import subprocess

# Seconds for an answer; a VM that another program has connected to gives none.
PATIENCE = 3


class Unreachable(Exception):
    """Why a VM cannot be asked."""


class Socket:
    """A VM by its QMP socket."""

    def __init__(self, path):
        self.name = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        try:
            self._socket.connect(path)
            self._file = self._socket.makefile('rw', encoding='utf-8')
            if 'QMP' not in self._read():
                raise Unreachable(f'{path} is no QMP socket')
            self.ask('qmp_capabilities')
            self.name = self.ask('query-name').get('name') or path
        except socket.timeout:
            self.close()
            raise Unreachable(f'{path} does not answer; another program may have the monitor') from None
        except (OSError, ValueError) as e:
            self.close()
            raise Unreachable(f'{path}: {e}') from None

    def _read(self):
        line = self._file.readline()
        if not line:
            raise Unreachable(f'{self.name} has ended')
        return json.loads(line)

    def ask(self, command, **arguments):
        """The answer to a command."""
        try:
            self._file.write(json.dumps({'execute': command, 'arguments': arguments}) + '\n')
            self._file.flush()
            while True:
                said = self._read()
                if 'return' in said:
                    return said['return']
                if 'error' in said:
                    raise Unreachable(f'{self.name}: {command}: {said["error"]["desc"]}')
        except (OSError, ValueError) as e:
            raise Unreachable(f'{self.name}: {e}') from None

    def close(self):
        """The socket is free for others."""
        self._socket.close()


class Domain:
    """A VM of libvirt's, by virsh."""

    def __init__(self, name, uri=None):
        self.name = name
        self._virsh = ['virsh', '--quiet', *(['--connect', uri] if uri else [])]

    def ask(self, command, **arguments):
        """The answer to a command."""
        text = json.dumps({'execute': command, 'arguments': arguments})
        run = subprocess.run([*self._virsh, 'qemu-monitor-command', self.name, text], text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, check=False)
        try:
            said = json.loads(run.stdout)
            return said['return']
        except ValueError:
            raise Unreachable(f'{self.name}: {run.stderr.strip()}') from None
        except KeyError:
            raise Unreachable(f'{self.name}: {command}: {said["error"]["desc"]}') from None

    def close(self):
        """Nothing is held."""


def domains(uri=None):
    """Names of the domains that run; none where there is no libvirt."""
    if not shutil.which('virsh'):
        return []
    run = subprocess.run(['virsh', '--quiet', *(['--connect', uri] if uri else []), 'list', '--name'],
                         text=True, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return run.stdout.split('\n')[:-1] if run.returncode == 0 else []
