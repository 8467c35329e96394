# SPDX-License-Identifier: GPL-2.0-or-later
"""A libvirtd with folders of its own, a /dev/kvm that its guests may open, and another host's name."""
import os
import shutil
import signal
import stat
import subprocess
import time
import uuid

import libvirt

FOLDERS = {'etc': '/etc/libvirt', 'lib': '/var/lib/libvirt', 'cache': '/var/cache/libvirt',
           'log': '/var/log/libvirt', 'run': '/run/libvirt'}
USER, GROUP = 'libvirt-qemu', 'kvm'
# Most seconds for what takes one.
PATIENCE = 60

# In mount and UTS namespaces of its own.
START = '''set -e
hostname "$1"
for pair in {pairs}; do
    mkdir -p "${{pair#*:}}"
    mount --bind "$2/${{pair%:*}}" "${{pair#*:}}"
done
mount --bind "$2/kvm" /dev/kvm
mount --bind "$2/hosts" /etc/hosts
PATH=$2/bin:$PATH
exec libvirtd --pid-file /run/libvirt/libvirtd.pid > "$2/libvirtd.log" 2>&1
'''


def why_not():
    """Why there can be no libvirtd here; None if there can."""
    if os.geteuid():
        return 'the system\'s libvirtd needs root'
    if not shutil.which('libvirtd'):
        return 'there is no libvirtd: apt-get install libvirt-daemon-system python3-libvirt'
    if not os.access('/dev/kvm', os.R_OK | os.W_OK):
        return 'no usable /dev/kvm'
    probe = subprocess.run(['unshare', '-m', '-u', 'hostname', 'probe'], capture_output=True,
                           text=True, check=False)
    return f'no namespaces: {probe.stderr.strip()}' if probe.returncode else None


class Daemon:
    """One libvirtd, and a connection to it; in its folder bin are programs that it finds by their names."""

    def __init__(self, folder, name):
        self.folder = os.path.join(folder, name)
        for key in [*FOLDERS, 'bin']:
            os.makedirs(os.path.join(self.folder, key))
        with open(self.path('etc', 'libvirtd.conf'), 'w', encoding='ascii') as f:
            f.write(f'host_uuid = "{uuid.uuid4()}"\nauth_unix_rw = "none"\n')
        # The sandbox, the user and the namespaces are libvirt's defaults.  virtlogd and
        # the control groups belong to the host.
        with open(self.path('etc', 'qemu.conf'), 'w', encoding='ascii') as f:
            f.write(f'user = "{USER}"\ngroup = "{GROUP}"\nstdio_handler = "file"\n'
                    'cgroup_controllers = []\n')
        with open(self.path('hosts'), 'w', encoding='ascii') as f:
            f.write(f'127.0.0.1 localhost {name}\n')
        # Debian gives /dev/kvm to a group.  Where nobody has done so, this does.
        os.mknod(self.path('kvm'), stat.S_IFCHR | 0o660, os.stat('/dev/kvm').st_rdev)
        os.chmod(self.path('kvm'), 0o660)
        shutil.chown(self.path('kvm'), 'root', GROUP)
        pairs = ' '.join(f'{key}:{path}' for key, path in FOLDERS.items())
        self.process = subprocess.Popen(
            ['unshare', '-m', '-u', '--propagation', 'private', 'sh', '-c',
             START.format(pairs=pairs), 'sh', name, self.folder],
            stdin=subprocess.DEVNULL, start_new_session=True)
        self.uri = f'qemu+unix:///system?socket={self.path("run", "libvirt-sock")}'
        self.connection = self._connect()

    def path(self, *names):
        """A file of this daemon's, as seen from outside."""
        return os.path.join(self.folder, *names)

    def _connect(self):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return libvirt.open(self.uri)
            except libvirt.libvirtError as e:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f'libvirtd: {e}: {self.said()}') from None
                time.sleep(0.05)

    def said(self):
        """The last lines of its log."""
        try:
            with open(self.path('libvirtd.log'), encoding='utf-8', errors='replace') as f:
                return f.read()[-2000:]
        except FileNotFoundError:
            return 'no log'

    def log(self, domain):
        """What QEMU said of a domain, its command line included."""
        with open(self.path('log', 'qemu', domain + '.log'), encoding='utf-8', errors='replace') as f:
            return f.read()

    def close(self):
        """End its domains, then the daemon."""
        try:
            for domain in self.connection.listAllDomains():
                if domain.isActive():
                    domain.destroy()
            self.connection.close()
        except libvirt.libvirtError:
            pass  # it has ended before
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
