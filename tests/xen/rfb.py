# SPDX-License-Identifier: GPL-2.0-or-later
"""A VNC client that looks once (RFC 6143, without authentication)."""
import socket
import struct

RAW = 0
# 32 bits a pixel, 24 of colour, little endian; eight bits each of red, green and blue.
FORMAT = struct.pack('>BBBBHHHBBB3x', 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


def connect(place):
    """To a port of this host, or to the path of a socket."""
    if isinstance(place, int):
        return socket.create_connection(('127.0.0.1', place), 60)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(place)
    return s


def look(place):
    """(width, height, pixels of three bytes) that a server shows."""
    with connect(place) as s, s.makefile('rwb') as f:
        def read(form):
            return struct.unpack('>' + form, f.read(struct.calcsize('>' + form)))

        def write(data):
            f.write(data)
            f.flush()

        write(f.read(12))
        kinds = f.read(read('B')[0])
        if 1 not in kinds:
            raise ValueError(f'the server wants a password: {kinds}')
        write(b'\1')
        if read('I')[0]:
            raise ValueError('the server refused')
        write(b'\1')
        width, height, _, length = read('HH16sI')
        f.read(length)
        write(b'\0\0\0\0' + FORMAT + struct.pack('>BxHi', 2, 1, RAW) +
              struct.pack('>BBHHHH', 3, 0, 0, 0, width, height))
        picture = bytearray(width * height * 3)
        left = width * height
        while left:
            if (kind := read('B')[0]) != 0:
                raise ValueError(f'a message of type {kind}')
            for _ in range(read('xH')[0]):
                x, y, w, h, encoding = read('HHHHi')
                if encoding != RAW:
                    raise ValueError(f'encoding {encoding}')
                for line in range(y, y + h):
                    row = f.read(w * 4)
                    at = (line * width + x) * 3
                    for c in range(3):
                        picture[at + c:at + w * 3:3] = row[2 - c::4]
                left -= w * h
        return width, height, bytes(picture)
