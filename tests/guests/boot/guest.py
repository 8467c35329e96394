# SPDX-License-Identifier: GPL-2.0-or-later
"""What the catalog's guests have in common."""


class Guest:
    """A guest: what it is made of, how it is started, what is done with it."""

    name = ''
    about = ''
    # (folder, packages, with all they depend on)
    packages = ()
    # files of ours that the image is made of, besides the guest's own module
    sources = ()
    # the step whose picture is shown in docs
    picture = ''
    # all that it shows is known without a reference
    known = False
    # seconds from power-on to the last step, on a machine that does other things as well
    limit = 90

    def make(self, out, tmp, *roots):
        """Write the image; tmp is an empty folder, roots are the packages'."""
        raise NotImplementedError

    def options(self, image):
        """QEMU's options besides the engine."""
        raise NotImplementedError

    def drive(self, s):
        """Press keys and look, step by step."""
        raise NotImplementedError


class CdGuest(Guest):
    """A guest on a CD, on a PC with VGA."""

    memory = 64

    def make(self, out, tmp, *roots):
        raise NotImplementedError

    def drive(self, s):
        raise NotImplementedError

    def options(self, image):
        return ['-M', 'pc', '-m', str(self.memory), '-vga', 'std', '-boot', 'd',
                '-drive', f'if=ide,media=cdrom,readonly=on,format=raw,file={image}']
