# SPDX-License-Identifier: GPL-2.0-or-later
"""Names for addresses: from a System.map, or from a vmlinux by nm."""
import bisect
import subprocess


class Symbols:
    """Functions of a guest's kernel, in the order of their addresses."""

    def __init__(self, map_file=None, vmlinux=None, offset=0):
        lines = []
        if map_file:
            with open(map_file, encoding='ascii', errors='replace') as f:
                lines = f.readlines()
        elif vmlinux:
            lines = subprocess.run(['nm', vmlinux], capture_output=True, text=True,
                                   check=True).stdout.split('\n')
        found = sorted((int(words[0], 16) + offset, words[2]) for words in map(str.split, lines)
                       if len(words) >= 3 and words[1] in 'tTwW')
        self._addresses = [address for address, _ in found]
        self._names = [name for _, name in found]

    def name(self, address):
        """function+offset; nothing where no function can be."""
        i = bisect.bisect_right(self._addresses, address) - 1
        # What is this far behind the start of a function is another one's, or a module's.
        if i < 0 or address - self._addresses[i] > 1 << 16:
            return ''
        return f'{self._names[i]}+{address - self._addresses[i]:#x}'
