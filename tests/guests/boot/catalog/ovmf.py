# SPDX-License-Identifier: GPL-2.0-or-later
"""UEFI."""
import os

from guest import Guest

FOLDER = '/usr/share/OVMF'


class Ovmf(Guest):
    """Its logo, its shell, and the shell's commands."""

    name = 'ovmf'
    about = 'OVMF to its shell'
    smm, code, secure = 'off', 'OVMF_CODE_4M.fd', 'off'
    picture = 'shell'
    limit = 120

    def make(self, out, tmp, *roots):
        os.makedirs(out)

    def options(self, image):
        return ['-M', f'q35,smm={self.smm}', '-m', '256', '-vga', 'std', '-global',
                f'driver=cfi.pflash01,property=secure,value={self.secure}', '-drive',
                f'if=pflash,unit=0,readonly=on,format=raw,file={FOLDER}/{self.code}', '-drive',
                'if=pflash,unit=1,format=raw,snapshot=on,'
                f'file={FOLDER}/OVMF_VARS_4M.fd']

    def drive(self, s):
        s.serial('shell starts', r'UEFI Interactive Shell')
        s.keys('esc')
        s.serial('prompt', r'Shell>')
        s.look('shell', (1280, 800), 3)
        s.type('cls\n')
        s.type('echo still here\n')
        s.serial('echo', r'^still here\s*$')
        s.look('echo', (1280, 800), 2)
        s.type('reset -s\n')
        s.power_off()


class OvmfSmm(Ovmf):
    """The same with SMM."""

    name = 'ovmf-smm'
    about = 'OVMF with SMM to its shell'
    smm, code, secure = 'on', 'OVMF_CODE_4M.secboot.fd', 'on'
