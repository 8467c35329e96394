# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: tiny guests, firmware, boot loaders, and a Linux that does one thing."""
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = os.path.join(TOP, 'tests', 'cache', 'bench')
GUESTS = os.path.join(TOP, 'build', 'tests', 'qtest', 'partial')
BENCH_BIN = os.path.join(GUESTS, 'bench.bin')
sys.path[:0] = [os.path.join(TOP, 'tests', 'beds'), os.path.join(TOP, 'tests', 'guests', 'boot')]
# pylint: disable=wrong-import-position
import images  # noqa: E402
import parts  # noqa: E402
import varstore  # noqa: E402
from catalog import grub_legacy, grub_theme, ovmf, userland  # noqa: E402

LINUX_MODULES = ['virtio_pci', 'virtio_blk', 'virtio_net', 'ata_piix', 'ahci', 'nvme', 'e1000',
                 'e1000e', 'vmxnet3', '8139cp', 'xen_blkfront', 'sd_mod', 'cxl_acpi', 'cxl_pci', 'cxl_mem', 'dax_cxl', 'kmem']

# What makes a device model work in Xen's bed.
XEN = ('planar-rmw', 'text-scroll', 'stores', 'ide-write', 'ide-read', 'pci-scan', 'serial', 'cmos', 'compute',
       'seabios', 'gfxterm', 'boot', 'pata', 'console', 'boot-pv')
# Turns of loops are divided by this there: an access takes more than ten times as long.
XEN_FEWER = 2


class Workload:
    """One thing to measure.  kind is 'burst' or 'state', where the project wants to win
    by windows or by the choice of an engine, or 'quiet', where it must not lose."""

    def __init__(self, name, kind, title):
        self.name, self.kind, self.title = name, kind, title
        self.marked = False     # whether the guest says on its console when it starts
        self.smm = False        # whether it needs SMM, which not every KVM has
        self.xen = name in XEN  # whether it is measured as a guest of Xen

    def options(self, _dir):
        """QEMU's options; files may be made in the folder given."""
        raise NotImplementedError

    def packets(self, _run):
        """Of the network, as the guest has counted them; None where there are none."""
        return None

    def is_over(self, run):
        """Whether it is, though neither the guest nor QEMU has ended."""
        return self.marked and run.says('bench: end')

    def outcome(self, run, end):
        """One word or more; end is what ended the guest, if anything did."""
        if self.marked and end in (None, 'done'):
            return 'done' if run.says('bench: end') else 'its work has failed'
        return end


class Tiny(Workload):
    """A loop of tests/guests/bench.asm."""

    def __init__(self, name, title, loop, turns, *more, kind='burst'):
        super().__init__(name, kind, title)
        self.loop, self.turns, self.more = loop, turns, more

    def options(self, dir):
        disk = os.path.join(dir, 'disk')
        with open(disk, 'wb') as f:
            f.truncate(4 << 20)
        flash = os.path.join(dir, 'flash')
        with open(flash, 'wb') as f:
            f.write(b'\xff' * (2 << 20))
        return ['-M', 'pc', '-m', '64', '-device', 'pc-testdev',
                *(['-bios', BENCH_BIN] if 'flash' not in str(self.more) else []),
                *[w.format(disk=disk, flash=flash, code=BENCH_BIN) for w in self.more],
                *self.command()]

    def command(self):
        """Tells the guest which loop, and how often."""
        return [o for addr, value in ((0x8000, self.loop), (0x8004, 0), (0x8010, self.turns))
                for o in ('-device', f'loader,addr={addr},data={value},data-len=4')]


class Real(Tiny):
    """A loop of tests/guests/benchreal.asm."""

    def options(self, _dir):
        return ['-M', 'pc', '-m', '64', '-bios', os.path.join(GUESTS, 'benchreal.bin'),
                *self.command()]


class Firmware(Workload):
    """SeaBIOS from reset to the first instruction of a boot sector."""

    def options(self, dir):
        disk = os.path.join(dir, 'disk')
        sector = bytes([0xb0, 0xfe, 0xe6, 0x64, 0xeb, 0xfe])  # out 0x64, 0xfe; jmp $
        with open(disk, 'wb') as f:
            f.write(sector + bytes(510 - len(sector)) + b'\x55\xaa')
            f.truncate(1 << 20)
        return ['-M', 'pc', '-m', '64', '-vga', 'std', '-device', 'e1000',
                '-drive', f'if=ide,format=raw,file={disk}']


class Linux(Workload):
    """Debian's kernel, busybox, and what bench/init does for a name."""

    machine, words = 'pc', ''

    def __init__(self, name, kind, title, *more, console='ttyS0'):
        super().__init__(name, kind, title)
        self.more, self.console = more, console
        self.marked = True

    def options(self, dir):
        image, initrd = linux()
        disk = os.path.join(dir, 'disk')
        with open(disk, 'wb') as f:
            f.truncate(64 << 20)
        return ['-M', self.machine, '-m', '512', '-kernel', image, '-initrd', initrd, '-append',
                f'console={self.console} quiet panic=-1 nokaslr work={self.name}{self.words}',
                *[w.format(disk=disk) for w in self.more]]


class Network(Linux):
    """Two network cards of a kind on one hub; a TCP stream goes from one to the other."""

    def __init__(self, model, mtu):
        cards = [o for i in (0, 1) for o in ('-netdev', f'hubport,id=n{i},hubid=0', '-device',
                                             f'{model},netdev=n{i},mac=52:54:00:00:00:0{i}')]
        super().__init__(f'{model.removesuffix("-pci")}-{mtu}', 'burst',
                         f'Linux, TCP between two {model}, {mtu} bytes a packet', *cards)

    def packets(self, run):
        """How many the sender's driver has sent and received."""
        return run.number('bench: packets')


class Cxl(Linux):
    """Linux with memory of a CXL device, which QEMU decodes access by access."""

    machine = 'q35,cxl=on,cxl-fmw.0.targets.0=cxl,cxl-fmw.0.size=256M'
    # what a kernel that knows of a hypervisor leaves out: forty milliseconds decide there
    words = ' no_timer_check'

    def __init__(self, name, kind, title):
        # A kernel that knows of a hypervisor refuses regions, as it cannot trust WBINVD.
        super().__init__(name, kind, title, '-cpu', 'qemu64,-hypervisor', '-object',
                         'memory-backend-ram,id=ram,size=512M', '-numa', 'node,memdev=ram',
                         '-object', 'memory-backend-ram,id=far,size=256M', '-device',
                         'pxb-cxl,bus_nr=12,bus=pcie.0,id=cxl', '-device',
                         'cxl-rp,port=0,bus=cxl,id=root,chassis=0,slot=2', '-device',
                         'cxl-type3,bus=root,volatile-memdev=far,id=device')


class GrubSplash(grub_theme.GrubTheme):
    """The guest of tests/guests/boot with a menu that waits for nobody."""

    name = 'bench-grub'
    sources = (grub_theme.__file__,)
    config = grub_theme.CONFIG.replace('set timeout=-1', 'set timeout=1') \
        .replace('"The first of the entries" { true; }', '"The first of the entries" { reboot; }')


class GrubLegacy(grub_legacy.GrubLegacy):
    """The same, of GRUB 0.97."""

    name = 'bench-grub-legacy'
    sources = (grub_legacy.__file__,)
    config = 'timeout 1\n' + grub_legacy.CONFIG


class Programs(userland.Userland):
    """Debian's programs, for bench/programs."""

    name = 'bench-programs'
    work = os.path.join(TOP, 'bench', 'programs')
    sources = userland.Userland.sources + (work, userland.__file__)


class Image(Workload):
    """An image of tests/guests/boot, booted with more options or fewer."""

    guest = None

    def options(self, _dir):
        return self.guest.options(images.get(self.guest)[0])


class Splash(Image):
    """GRUB from reset to its menu, and a second later a reset."""

    guest = GrubSplash()


class SplashLegacy(Image):
    """GRUB 0.97 from reset to its menu, and a second later a reset."""

    guest = GrubLegacy()


class Uefi(Image):
    """OVMF from reset to its shell."""

    def __init__(self, *words, guest=ovmf.Ovmf()):
        super().__init__(*words)
        self.guest = guest
        self.smm = guest.smm == 'on'

    def is_over(self, run):
        return run.says('UEFI Interactive Shell')

    def outcome(self, run, end):
        return end or 'done'


class Reclaim(Uefi):
    """OVMF with SMM, whose variable store is nearly full of what was deleted."""

    def __init__(self, *words):
        super().__init__(*words, guest=ovmf.OvmfSmm())
        self.flash = self.left = self.deleted = None

    def options(self, dir):
        options = super().options(dir)
        with open(os.path.join(ovmf.FOLDER, 'OVMF_VARS_4M.fd'), 'rb') as f:
            full = varstore.fill(f.read())
        self.deleted = [state for state, *_ in varstore.variables(full)].count(varstore.DELETED)
        self.flash = os.path.join(dir, 'flash')
        with open(self.flash, 'wb') as f:
            f.write(full)
        return options[:-1] + [f'if=pflash,unit=1,format=raw,file={self.flash}']

    def is_over(self, run):
        return run.says('Shell>')

    def outcome(self, run, end):
        with open(self.flash, 'rb') as f:
            left = f.read()
        states = [state for state, *_ in varstore.variables(left)]
        if not end and states.count(varstore.DELETED) > self.deleted / 2:
            return 'nothing was reclaimed'
        self.left = self.left or left
        return end or ('done' if left == self.left else 'its flash is not as before')


class Program(Image):
    """One of bench/programs."""

    guest = Programs()

    def __init__(self, name, title, kind='state'):
        super().__init__(name, kind, title)
        self.marked = True

    def options(self, _dir):
        options = super().options(_dir)
        options[options.index('-smp') + 1] = '1'
        options[options.index('-append') + 1] += f' work={self.name}'
        return options


VIRTIO = ['-device', 'virtio-blk-pci,drive=d', '-drive', 'if=none,id=d,format=raw,file={disk}',
          '-nic', 'user,model=virtio-net-pci']

WORKLOADS = [
    Tiny('planar-rmw', 'VGA, planar read-modify-write fill', 1, 4, '-vga', 'std'),
    Tiny('text-scroll', 'VGA, text scrolls by lines', 2, 8, '-vga', 'std'),
    Tiny('stores', 'VGA, text is written and nothing read', 14, 20, '-vga', 'std'),
    Tiny('ide-write', 'IDE, sectors written by PIO', 3, 2,
         '-drive', 'if=ide,format=raw,file={disk}'),
    Tiny('ide-read', 'IDE, sectors read word by word', 4, 2,
         '-drive', 'if=ide,format=raw,file={disk}'),
    Tiny('pci-scan', 'PCI configuration space, a scan', 5, 40),
    Tiny('serial', '16550, a line character by character', 6, 40, '-serial', 'null'),
    Tiny('cmos', 'CMOS, all registers', 7, 40),
    Tiny('pflash', 'flash chip, bytes programmed', 8, 20,
         '-drive', 'if=pflash,unit=0,format=raw,readonly=on,file={code}',
         '-drive', 'if=pflash,unit=1,format=raw,file={flash}'),
    Tiny('nic-registers', 'e1000, registers as a handler uses them', 9, 800,
         '-device', 'e1000,addr=5'),
    Tiny('simd-bar', 'SIMD copy to a device (stock KVM fails)', 10, 4),
    Tiny('cold-code', 'a burst from 64 places, then quiet', 13, 60),
    Tiny('latency', 'the time between ticks in a burst that one in 20 exceeds, in us', 12, 1000),
    Tiny('compute', 'no device at all', 11, 40, kind='quiet'),
    Real('big-copy', 'big real mode, a copy word by word', 0, 16, kind='state'),
    Real('big-rep', 'big real mode, a copy by REP MOVS', 1, 48, kind='state'),
    Real('big-compute', 'big real mode, registers alone', 2, 16, kind='state'),
    Real('big-unpack', 'big real mode, runs of bytes and calls', 3, 16, kind='state'),
    SplashLegacy('grub-legacy', 'burst', 'GRUB 0.97 with a splash picture, from reset to its menu'),
    Splash('grub', 'state', 'GRUB 2 with a theme, from reset to its menu'),
    Program('python', 'Debian, python3'),
    Program('xz', 'Debian, xz and back'),
    Program('openssl', 'Debian, openssl: hash and cipher'),
    Program('shell', 'Debian, bash that forks and executes'),
    Program('syscalls', 'Debian, dd by single bytes'),
    Firmware('seabios', 'burst', 'SeaBIOS, from reset to a boot sector'),
    Splash('gfxterm', 'burst', 'GRUB 2 with a theme, from reset to its menu'),
    Uefi('ovmf', 'burst', 'OVMF, from reset to its shell'),
    Uefi('ovmf-smm', 'burst', 'OVMF with SMM, from reset to its shell',
         guest=ovmf.OvmfSmm()),
    Reclaim('reclaim', 'burst', 'OVMF with SMM, which writes its full variable store anew'),
    Linux('boot', 'burst', 'Linux boots, serial console'),
    Linux('pata', 'burst', 'Linux, disk on IDE without DMA', '-drive',
          'if=ide,format=raw,file={disk}'),
    Linux('ahci', 'burst', 'Linux, disk on AHCI', '-device', 'ahci,id=a', '-device',
          'ide-hd,bus=a.0,drive=d', '-drive', 'if=none,id=d,format=raw,file={disk}'),
    Linux('nvme', 'burst', 'Linux, disk on NVMe', '-device', 'nvme,serial=1,drive=d', '-drive',
          'if=none,id=d,format=raw,file={disk}'),
    Linux('e1000', 'burst', 'Linux, a TCP stream over e1000 and back', '-nic',
          'user,model=e1000,guestfwd=tcp:10.0.2.100:9-cmd:cat'),
    Linux('rtl8139', 'burst', 'Linux, a TCP stream over RTL8139 and back', '-nic',
          'user,model=rtl8139,guestfwd=tcp:10.0.2.100:9-cmd:cat'),
    *[Network(model, mtu) for model in ('e1000e', 'vmxnet3', 'virtio-net-pci')
      for mtu in (1500, 9000)],
    Linux('console', 'burst', 'Linux, text on a 16550'),
    Cxl('cxl-data', 'burst', 'Linux, files in CXL memory written and read'),
    Cxl('cxl-code', 'burst', 'Linux, a program runs from CXL memory (stock KVM fails)'),
    Linux('vgacon', 'burst', 'Linux, text scrolls on VGA', '-vga', 'std'),
    Linux('boot-pv', 'quiet', 'Linux boots, PV disk (in Xen alone)'),
    Linux('boot-virtio', 'quiet', 'Linux boots, disk and network on virtio', *VIRTIO),
    Linux('fork', 'quiet', 'Linux, a shell script that forks', *VIRTIO),
    Program('compile', 'Debian, gcc -O2', kind='quiet'),
    Linux('pack', 'quiet', 'Linux, gzip and sha256sum', *VIRTIO),
    Linux('virtio-disk', 'quiet', 'Linux, virtio disk read and written', *VIRTIO),
    Linux('virtio-net', 'quiet', 'Linux, pings over virtio', *VIRTIO),
    Linux('idle', 'quiet', 'Linux, idle for five seconds', *VIRTIO),
]


def linux():
    """(kernel, initramfs) with the modules that the workloads need; cached."""
    os.makedirs(CACHE, exist_ok=True)
    image = parts.run([os.path.join(TOP, 'scripts', 'get-kernel'), 'trixie',
                       'linux-image-amd64'])
    initrd, init = os.path.join(CACHE, 'initrd'), os.path.join(TOP, 'bench', 'init')
    want = parts.key(init, __file__, image)
    try:
        with open(initrd + '.key', encoding='utf-8') as f:
            if f.read() == want:
                return image, initrd
    except FileNotFoundError:
        pass
    found = parts.Modules(image).closure(LINUX_MODULES)
    parts.run([os.path.join(TOP, 'scripts', 'make-initramfs'), initrd, init])
    parts.append_modules(initrd, found, {'libata': 'dma=0'})
    with open(initrd + '.key', 'w', encoding='utf-8') as f:
        f.write(want)
    return image, initrd


def prepare(chosen):
    """All that has to be there before a bed is entered, where nothing can be fetched."""
    if not os.path.exists(BENCH_BIN):
        subprocess.run(['ninja', '-C', os.path.join(TOP, 'build')], check=True)
    linux()
    for guest in {w.guest for w in chosen if isinstance(w, Image)}:
        images.get(guest)
