# SPDX-License-Identifier: GPL-2.0-or-later
"""VMs of this machine, by the command lines of their processes and by libvirt."""
import os
import re

import qmp


def sockets_of(words):
    """QMP sockets of a QEMU, by its command line: -qmp, -mon with a chardev."""
    chardevs, found = {}, []
    for option, value in zip(words, words[1:]):
        if option in ('-qmp', '-qmp-pretty', '--qmp'):
            # ... where QEMU listens, and does not connect.
            match = re.match(r'unix:([^,]+)(,.*)?$', value)
            if match and re.search(r',server(=on)?(,|$)', match.group(2) or ''):
                found.append(match.group(1))
        elif option in ('-chardev', '--chardev') and value.startswith('socket,'):
            settings = dict(s.split('=', 1) for s in value.split(',') if '=' in s)
            if 'path' in settings and 'id' in settings:
                chardevs[settings['id']] = settings['path']
        elif option in ('-mon', '--mon') and 'mode=control' in value:
            match = re.search(r'(?:^|,)chardev=([^,]+)', value) or re.match(r'([^,=]+)', value)
            if match and match.group(1) in chardevs:
                found.append(chardevs[match.group(1)])
    return found


def command_lines():
    """Of all processes that can be looked at: (folder it is in, words)."""
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline', encoding='utf-8', errors='replace') as f:
                words = f.read().split('\0')[:-1]
            if words and 'qemu' in os.path.basename(words[0]):
                yield os.readlink(f'/proc/{pid}/cwd'), words
        except OSError:
            pass  # it has ended, or is somebody else's


def find(uri=None):
    """All VMs that can be reached, and why others cannot: (vms, reasons)."""
    vms, reasons = [], []
    for folder, words in command_lines():
        if any(w.startswith('guest=') for w in words):
            continue  # libvirt's
        for path in sockets_of(words):
            try:
                vms.append(qmp.Socket(os.path.join(folder, path)))
                break
            except qmp.Unreachable as e:
                reasons.append(str(e))
    vms += [qmp.Domain(name, uri) for name in qmp.domains(uri)]
    return vms, reasons


def reach(name, uri=None):
    """A VM by its socket, or by its name in libvirt."""
    return qmp.Socket(name) if '/' in name or os.path.exists(name) else qmp.Domain(name, uri)
