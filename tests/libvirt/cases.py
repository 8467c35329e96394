# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user of libvirt does with a domain; one function for each."""
import os
import pwd
import shutil
import time
import xml.etree.ElementTree as ET

import libvirt

from daemon import Daemon, USER
from domain import Domain, Installed, STOCK, Wrong, make_disk, wait_for

NAME = 'qemu-system-x86_64-partial'


class Skip(Exception):
    """Why a case cannot be tried here."""


class Host:
    """A libvirtd, our emulator under its installed name, and a guest's disk."""

    def __init__(self, folder):
        self.folder = folder
        self.emulator = os.path.join(folder, NAME)
        os.symlink(STOCK, self.emulator)
        self.image = make_disk(folder)
        self.daemon = Daemon(folder, 'here')
        # Without a stock QEMU libvirt finds no host, and virt-install refuses all guests.
        os.symlink(STOCK, self.daemon.path('bin', 'qemu-system-x86_64'))
        self.others = []

    def domain(self, name, **more):
        """A domain on the first daemon."""
        more.setdefault('emulator', self.emulator)
        return Domain(self.daemon, name, image=self.image, **more)

    def other(self, name):
        """One more daemon."""
        self.others.append(Daemon(self.folder, name))
        return self.others[-1]

    def close(self):
        """End the daemons."""
        for daemon in self.others + [self.daemon]:
            daemon.close()

    def capabilities(self, emulator=None, machine='pc'):
        """What libvirt has found out about an emulator."""
        return ET.fromstring(self.daemon.connection.getDomainCapabilities(
            emulator or self.emulator, 'x86_64', machine, 'kvm', 0))


def refused(domain):
    """Why libvirt cannot start a domain."""
    try:
        domain.handle.create()
    except libvirt.libvirtError as e:
        return str(e)
    raise Wrong(f'{domain.name} started: {domain.log()}')


def says(text, *words):
    """All of the words are in a text."""
    missing = [word for word in words if word not in text]
    if missing:
        raise Wrong(f'{missing} not in: {text}')


def is_ours(domain):
    """It runs under -accel partial, with take-overs."""
    if not wait_for('a take-over', domain.takeovers, domain.log):
        raise Wrong(domain.hmp('info partial'))
    says(domain.log(), 'kvm means -accel partial')


# --- start --------------------------------------------------------------------

def pid_of(domain):
    """The process that runs it."""
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline', encoding='utf-8', errors='replace') as f:
                if f'guest={domain.name},' in f.read():
                    return pid
        except OSError:
            pass  # it has ended
    raise Wrong(f'no process has guest={domain.name}')


def start(host):
    """Only <emulator> is ours: QEMU is confined, and has -accel partial."""
    with host.domain('start') as domain:
        domain.start()
        is_ours(domain)
        pid = pid_of(domain)
        with open(f'/proc/{pid}/status', encoding='ascii') as f:
            status = dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)
        if str(pwd.getpwnam(USER).pw_uid) not in status['Uid'].split() or status['Seccomp'] != '2':
            raise Wrong(f'not confined: {status["Uid"]}, Seccomp {status["Seccomp"]}')
        if os.path.samefile(f'/proc/{pid}/ns/mnt', f'/proc/{host.daemon.process.pid}/ns/mnt'):
            raise Wrong('QEMU is in the namespace of libvirtd')
        if domain.qmp('query-kvm') != {'enabled': True, 'present': True}:
            raise Wrong(domain.qmp('query-kvm'))


def stock_name(host):
    """The same program under its stock name is stock KVM."""
    with host.domain('stock', emulator=STOCK) as domain:
        domain.handle.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        says(domain.hmp('info kvm'), 'enabled')
        says(domain.hmp('info partial'), 'does not run with -accel partial')


def environment(text):
    """<qemu:env> with our options."""
    return f"<qemu:commandline><qemu:env name='QEMU_PARTIAL' value='{text}'/></qemu:commandline>"


def options(host):
    """Options come through <qemu:env>, and are checked."""
    with host.domain('options', commandline=environment('states=all,burst-deny=no-such-*')) as domain:
        domain.start()
        says(domain.hmp('info partial'), 'modes that belong to TCG: real:bigreal:vm86', 'VT runs nothing')
        says(domain.log(), "burst-deny: 'no-such-*'")
    for wrong in 'takeover=some', 'takeovers=all', 'burst-us=1', 'takeover':
        with host.domain('wrong', commandline=environment(wrong)) as domain:
            says(refused(domain), 'environment variable QEMU_PARTIAL', wrong.split('=', maxsplit=1)[0])


# --- life ---------------------------------------------------------------------

def stands_still(domain):
    """The guest does not count."""
    count = domain.count()
    time.sleep(0.3)
    if domain.count() != count:
        raise Wrong('the guest runs')
    return count


def suspend(host):
    """suspend and resume."""
    with host.domain('suspend') as domain:
        domain.start()
        domain.handle.suspend()
        count = stands_still(domain)
        domain.handle.resume()
        domain.goes_on(count)


def same_life(domain, count, boots=1):
    """The guest goes on where it was."""
    domain.goes_on(count)
    if domain.boots() != boots:
        raise Wrong(f'the boot sector has started {domain.boots()} times, not {boots}')
    is_ours(domain)


def save(host):
    """save to a file, and restore."""
    with host.domain('save') as domain:
        domain.start()
        count = domain.goes_on()
        path = host.daemon.path('save.state')
        domain.handle.save(path)
        host.daemon.connection.restore(path)
        same_life(domain, count)


def managed_save(host):
    """A managed save is what start finds."""
    with host.domain('managed') as domain:
        domain.start()
        count = domain.goes_on()
        domain.handle.managedSave()
        domain.handle.create()
        same_life(domain, count)


def snapshot(host):
    """A snapshot of a running guest, and back to it."""
    with host.domain('snapshot') as domain:
        domain.start()
        domain.handle.suspend()
        count = stands_still(domain)
        taken = domain.handle.snapshotCreateXML('<domainsnapshot><name>one</name></domainsnapshot>')
        domain.handle.resume()
        domain.goes_on(count + 50)
        domain.handle.revertToSnapshot(taken)
        if stands_still(domain) != count:
            raise Wrong(f'the count is {domain.count()}, not {count}')
        domain.handle.resume()
        same_life(domain, count)


def reset(host):
    """reset, and reboot by the power button."""
    with host.domain('reset') as domain:
        domain.start()
        for boots, act in enumerate((domain.handle.reset, domain.handle.reboot, domain.handle.reset), 2):
            act(0)
            wait_for(f'start {boots}', lambda boots=boots: domain.boots() == boots, domain.log)
            same_life(domain, 0, boots)
        domain.handle.shutdown()
        wait_for('the power to be off', lambda: not domain.handle.isActive())


def domstats(host):
    """domstats shows KVM's counters and ours."""
    with host.domain('stats') as domain:
        domain.start()
        is_ours(domain)
        [(_, said)] = host.daemon.connection.domainListGetStats([domain.handle], 0)
        for name in 'takeovers-mode', 'takeovers-burst', 'tcg-ns', 'vt-ns':
            if f'vcpu.0.partial-{name}.sum' not in said:
                raise Wrong(f'no {name}: {sorted(said)}')
        if not any(said[name] for name in said if name.startswith('vcpu.0.partial-takeovers-')):
            raise Wrong(said)
        if 'vcpu.0.exits.sum' not in said:
            raise Wrong(f'KVM\'s own are gone: {sorted(said)}')


def migrate(host):
    """Live, to the libvirtd of another host (by its name)."""
    there = host.other('there')
    with host.domain('moves') as domain:
        domain.start()
        count = domain.goes_on()
        # One file cannot be of two daemons.
        moved = domain.handle.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE).replace(
            domain.serial_path, domain.serial_path + '-there')
        domain.handle.migrate3(there.connection, {
            libvirt.VIR_MIGRATE_PARAM_URI: 'tcp://127.0.0.1:49301',
            libvirt.VIR_MIGRATE_PARAM_DEST_XML: moved,
        }, libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE | libvirt.VIR_MIGRATE_PERSIST_DEST |
            libvirt.VIR_MIGRATE_UNDEFINE_SOURCE)
        domain.on(there)
        same_life(domain, count)


def from_stock(host):
    """A managed save of stock KVM starts under -accel partial."""
    with host.domain('was-stock', emulator=STOCK) as domain:
        domain.start()
        count = domain.goes_on()
        says(domain.hmp('info partial'), 'does not run with -accel partial')
        domain.handle.managedSave()
        domain.handle.managedSaveDefineXML(
            domain.handle.managedSaveGetXMLDesc(0).replace(STOCK, host.emulator))
        domain.handle.create()
        same_life(domain, count)


# --- machines -----------------------------------------------------------------

def cpu_models(host):
    """host-model is what QEMU expands under partial; host-passthrough starts."""
    capabilities = host.capabilities()
    mode = capabilities.find("cpu/mode[@name='host-model']")
    if mode.get('supported') != 'yes' or \
            capabilities.find("cpu/mode[@name='host-passthrough']").get('supported') != 'yes':
        raise Wrong(ET.tostring(capabilities.find('cpu'), encoding='unicode'))
    for name in 'host-model', 'host-passthrough', 'maximum':
        with host.domain(name, cpu=f"<cpu mode='{name}'/>") as domain:
            domain.start()
            is_ours(domain)
            if name != 'host-model':
                continue
            props = domain.qmp('query-cpu-model-expansion', type='full', model={'name': 'max'})['model']['props']
            wrong = [f.get('name') for f in mode.findall('feature')
                     if f.get('name') in props and props[f.get('name')] != (f.get('policy') == 'require')]
            if wrong or not mode.findall('feature'):
                raise Wrong(f'host-model says other than QEMU of {wrong}')


def uefi(host):
    """firmware='efi': OVMF comes up."""
    with Domain(host.daemon, 'uefi', host.emulator, memory=256, machine='q35',
                firmware=" firmware='efi'") as domain:
        domain.handle.create()
        wait_for('BdsDxe', lambda: 'BdsDxe' in domain.serial(), domain.log)
        is_ours(domain)


HYPERV = """<hyperv mode='custom'><relaxed state='on'/><vapic state='on'/>
<spinlocks state='on' retries='8191'/>{more}</hyperv>"""
MORE_HYPERV = "<vpindex state='on'/><runtime state='on'/><synic state='on'/><stimer state='on'/><reset state='on'/>"
WINDOWS_CLOCK = """<clock offset='localtime'><timer name='rtc' tickpolicy='catchup'/>
<timer name='pit' tickpolicy='delay'/><timer name='hpet' present='no'/>
<timer name='hypervclock' present='yes'/></clock>"""


def windows(host):
    """What virt-install writes for win10; with UEFI and SMM for win11."""
    with host.domain('win10', machine='q35', bus='sata', features=HYPERV.format(more=''),
                     cpu="<cpu mode='host-passthrough' check='none' migratable='on'/>",
                     clock=WINDOWS_CLOCK) as domain:
        domain.start()
        is_ours(domain)
    with Domain(host.daemon, 'win11', host.emulator, memory=256, machine='q35',
                firmware=" firmware='efi'",
                os="<firmware><feature enabled='yes' name='secure-boot'/></firmware>",
                features=HYPERV.format(more='') + "<smm state='on'/><vmport state='off'/>",
                cpu="<cpu mode='host-passthrough' check='none' migratable='on'/>",
                clock=WINDOWS_CLOCK) as domain:
        domain.handle.create()
        wait_for('BdsDxe', lambda: 'BdsDxe' in domain.serial(), domain.log)
        is_ours(domain)


def virt_install(host):
    """virt-install makes and starts guests by what it knows of Windows and of a Linux."""
    if not shutil.which('virt-install'):
        raise Skip('no virt-install: apt-get install virtinst osinfo-db')
    for name in 'win10', 'debian11', 'win11':
        with Installed(host.daemon, f'new-{name}', host.emulator, host.image, '--osinfo', name, '--vcpus', '1') as domain:
            if name == 'win11':
                wait_for('BdsDxe', lambda d=domain: 'BdsDxe' in d.serial(), domain.log)
            else:
                domain.goes_on()
            is_ours(domain)
            if ('hv-' in domain.log()) != name.startswith('win'):
                raise Wrong(domain.log())


def irqchip(host):
    """<ioapic driver>: had, or refused with what to write instead."""
    for driver in 'kvm', 'qemu':
        with host.domain(f'ioapic-{driver}', features=f"<ioapic driver='{driver}'/>",
                         commandline=environment('states=none')) as domain:
            # KVM may emulate the firmware, in tens of seconds.
            domain.handle.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
            says(domain.hmp('info partial'), 'modes that belong to TCG: none')
        with host.domain(f'refused-{driver}', features=f"<ioapic driver='{driver}'/>",
                         commandline=environment('states=real')) as domain:
            says(refused(domain), '<ioapic driver=', "<qemu:env name='QEMU_PARTIAL' value='states=none'/>")


CASES = {
    'start': start, 'stock name': stock_name, 'options': options, 'suspend': suspend, 'save': save,
    'managed save': managed_save, 'snapshot': snapshot, 'reset': reset, 'domstats': domstats,
    'migrate': migrate, 'managed save of stock KVM': from_stock, 'CPU models': cpu_models,
    'UEFI': uefi, 'Windows': windows, 'virt-install': virt_install, 'ioapic': irqchip,
}
