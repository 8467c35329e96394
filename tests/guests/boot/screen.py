# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest shows: pictures of its screen, and the text in VGA's memory."""
import hashlib
import os
import struct
import zlib

VGA_TEXT = 0xb8000
COLUMNS, ROWS = 80, 25


class Picture:
    """A picture in 24-bit colour."""

    def __init__(self, width, height, data):
        self.size = (width, height)
        self.data = data

    @classmethod
    def take(cls, vm):
        """What QEMU shows now."""
        path = os.path.join(vm.dir, 'screen.ppm')
        vm.qmp.cmd('screendump', filename=path)
        with open(path, 'rb') as f:
            magic, size, depth, data = f.read().split(b'\n', 3)
        width, height = map(int, size.split())
        if magic != b'P6' or depth != b'255' or len(data) != width * height * 3:
            raise ValueError(f'{path}: {magic} {size} {depth}')
        return cls(width, height, data)

    def part(self, area):
        """The part of it at (left, top, width, height)."""
        left, top, width, height = area
        rows = [self.data[(y * self.size[0] + left) * 3:][:width * 3]
                for y in range(top, top + height)]
        return Picture(width, height, b''.join(rows))

    def digest(self):
        """Two pictures look the same if this is the same."""
        return hashlib.sha256(b'%d %d ' % self.size + self.data).hexdigest()

    def has_colours(self, enough):
        """Whether there are that many colours, in a picture of which not all is looked at then."""
        seen = set()
        for start in range(0, len(self.data), 30000):
            part = iter(self.data[start:start + 30000])
            seen.update(zip(part, part, part))
            if len(seen) >= enough:
                return True
        return False

    def pixels(self):
        """Each pixel as three bytes."""
        return [self.data[i:i + 3] for i in range(0, len(self.data), 3)]

    def half(self):
        """The picture with each two by two pixels made one."""
        width, height = self.size[0] // 2, self.size[1] // 2
        line = self.size[0] * 3
        out = bytearray()
        for y in range(height):
            upper = self.data[2 * y * line:][:line]
            lower = self.data[(2 * y + 1) * line:][:line]
            for x in range(0, width * 6, 6):
                out += bytes((upper[c] + upper[c + 3] + lower[c] + lower[c + 3]) // 4
                             for c in range(x, x + 3))
        return Picture(width, height, bytes(out))

    def save(self, path):
        """Write it as PNG, with a palette where the colours are few."""
        width, height = self.size
        pixels = self.pixels()
        colours = sorted(set(pixels))
        if len(colours) <= 256:
            index = {c: i for i, c in enumerate(colours)}
            lines, kind = bytes(index[p] for p in pixels), 3
        else:
            lines, kind = self.data, 2
        step = len(lines) // height
        # Sub suits photographs; indexes have nothing to do with their neighbours.
        raw = bytearray()
        for y in range(height):
            line = lines[y * step:(y + 1) * step]
            if kind == 2:
                line = bytes([1]) + line[:3] + bytes((a - b) & 255 for a, b in zip(line[3:], line))
            else:
                line = b'\0' + line
            raw += line
        with open(path, 'wb') as f:
            f.write(b'\x89PNG\r\n\x1a\n')
            for name, data in ((b'IHDR', struct.pack('>IIBBBBB', width, height, 8, kind, 0, 0, 0)),
                               (b'PLTE', b''.join(colours) if kind == 3 else b''),
                               (b'IDAT', zlib.compress(bytes(raw), 9)), (b'IEND', b'')):
                if data or name == b'IEND':
                    f.write(struct.pack('>I', len(data)) + name + data +
                            struct.pack('>I', zlib.crc32(name + data)))


def read_text(vm):
    """The rows of the text screen; nonsense while the screen is a graphical one."""
    path = os.path.join(vm.dir, 'text')
    vm.qmp.cmd('pmemsave', val=VGA_TEXT, size=COLUMNS * ROWS * 2, filename=path)
    with open(path, 'rb') as f:
        cells = f.read()[::2].decode('cp437')
    return '\n'.join(cells[i:i + COLUMNS].rstrip(' \0') for i in range(0, len(cells), COLUMNS))
