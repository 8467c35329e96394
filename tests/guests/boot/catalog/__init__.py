# SPDX-License-Identifier: GPL-2.0-or-later
"""All guests, in the order of docs/guests.md."""
from catalog import tiny
from catalog.gfxboot import GfxBoot
from catalog.grub_legacy import GrubLegacy
from catalog.grub_splash import GrubSplash
from catalog.grub_text import GrubText
from catalog.grub_theme import GrubTheme
from catalog.installer import Installer
from catalog.ipxe import Ipxe
from catalog.memtest import Memtest
from catalog.ovmf import Ovmf, OvmfSmm
from catalog.userland import Userland
from catalog.vesamenu import VesaMenu

ALL = (GrubText(), GrubSplash(), GrubTheme(), GrubLegacy(), VesaMenu(), GfxBoot(), Ipxe(),
       Memtest(), Installer(), Ovmf(), OvmfSmm(), Userland(), *tiny.ALL)


def select(names):
    """Guests by name, or all; an unknown name is a KeyError."""
    known = {guest.name: guest for guest in ALL}
    return [known[name] for name in names] if names else list(ALL)
