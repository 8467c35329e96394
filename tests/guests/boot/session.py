# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of a guest: keys go in, what it shows is compared with a reference.

The run that makes the reference notes, at each step, what the screen shows once
nothing new appears on it any more: one frame, or several where a cursor blinks.
Another run has passed the step when its screen is one of those frames.
"""
import os
import re
import time

import packages
import screen

FAILED = os.path.join(packages.CACHE, 'failed')
# How long nothing new may appear before a screen counts as settled: longer than
# a cursor's period, and than a boot loader thinks between two parts of a screen.
SETTLE = 2.0
POLL = 0.05
QCODES = {' ': 'spc', '\n': 'ret', '-': 'minus', '=': 'equal', '/': 'slash', '.': 'dot',
          ',': 'comma', ';': 'semicolon', '\t': 'tab'}
SHIFTED = {'_': 'minus', '(': '9', ')': '0', ':': 'semicolon', '+': 'equal', '"': 'apostrophe'}


class Failed(Exception):
    """A guest does not show what it should."""


class Session:
    """A guest that runs, and the references it is compared with or makes.

    Where looking costs as much as the guest itself, it is looked at every 'poll' seconds."""

    def __init__(self, vm, name, references, making, limit, poll=POLL):
        self.vm = vm
        self.name = name
        self.references = references
        self.making = making
        self.end = time.monotonic() + limit
        self.limit = limit
        self.poll, self.settle = poll, SETTLE + 2 * poll
        self.pictures = {}
        # Time spent to see whether a screen settles: no part of the guest's speed.
        self.idle = 0.0

    # --- keys ---

    def keys(self, *names):
        """Press keys one after the other; 'ctrl-b' is a chord."""
        for name in names:
            self.vm.qmp.cmd('send-key', keys=[{'type': 'qcode', 'data': k}
                                              for k in name.split('-')])
            # QEMU holds a key for 100 ms, and a guest's queue may hold one key only.
            time.sleep(0.15)

    def type(self, text):
        """Type a line of text on a US keyboard."""
        for char in text:
            if char in SHIFTED:
                self.keys('shift-' + SHIFTED[char])
            elif char.isupper():
                self.keys('shift-' + char.lower())
            else:
                self.keys(QCODES.get(char, char))

    # --- waiting ---

    def _alive(self, step, what='', off=False):
        """True while there is something to wait for; False where the guest may be off and is."""
        code = self.vm.process.poll()
        if off and code == 0:
            return False
        if code is not None:
            raise Failed(f'{step}: QEMU ended with {self.vm.process.returncode}: '
                         + self.vm.stderr()[-1000:])
        status = self.vm.qmp.cmd('query-status')['status']
        if off and status == 'shutdown':
            return False
        if status != 'running':
            raise Failed(f'{step}: the VM is stopped: {status}: {self.vm.stderr()[:1500]}')
        if time.monotonic() > self.end:
            self._keep(step)
            raise Failed(f'{step}: not there {self.limit:.0f} s after power-on{what}')
        time.sleep(self.poll)
        return True

    def _keep(self, step):
        """The picture that is wrong, for people to look at."""
        os.makedirs(FAILED, exist_ok=True)
        screen.Picture.take(self.vm).save(self._seen(step))

    def _seen(self, step):
        return os.path.join(FAILED, f'{self.name}-{step}.png'.replace(' ', '-'))

    def _settled(self, step, take, good):
        """Frames of a screen that is good and shows nothing new; digest -> frame."""
        seen, since, new = {}, {}, time.monotonic()
        while not since or time.monotonic() - new < self.settle:
            frame = take()
            if good(frame):
                digest = frame.digest()
                if digest not in seen:
                    seen[digest] = frame
                    new = time.monotonic()
                    since = {}
                since[digest] = frame
            else:
                seen, since = {}, {}
            self._alive(step)
        self.idle += time.monotonic() - new
        return since

    def look(self, step, size, colours, area=None):
        """The screen is what the reference shows, in a mode and with colours enough.

        An area (left, top, width, height) leaves out what differs between any two runs."""
        def take():
            picture = screen.Picture.take(self.vm)
            self.pictures[step] = picture
            return picture.part(area) if area and picture.size == size else picture

        enough = {}

        def good(picture):
            if self.pictures[step].size != size:
                return False
            digest = picture.digest()
            if digest not in enough:
                enough[digest] = picture.has_colours(colours)
            return enough[digest]

        if self.making:
            frames = self._settled(step, take, good)
            known = {d for digests in self.references['steps'].values() for d in digests}
            if known & set(frames):
                raise Failed(f'{step}: this picture cannot be told from that of another step')
            self.references['steps'][step] = sorted(frames)
            self._reference(step)
            return
        while take().digest() not in self.references['steps'].get(step, ()):
            self._alive(step, f': compare {self._seen(step)} with {self.reference(step)}')

    def moves(self, step, size, frames, area):
        """An area of the screen changes, through frames that the reference shows, too."""
        mine = set()
        known = self.references['steps'].get(step, [])
        while len(mine) < (3 * frames if self.making else frames):
            picture = screen.Picture.take(self.vm)
            self.pictures[step] = picture
            if picture.size == size:
                digest = picture.part(area).digest()
                if self.making or digest in known:
                    mine.add(digest)
            self._alive(step, f': {len(mine)} of {frames} frames')
        if self.making:
            self.references['steps'][step] = sorted(mine)
            self._reference(step)

    def read(self, step, pattern, same=True):
        """The text screen matches a pattern, and all of it is what the reference shows.

        same=False: it holds numbers that differ between any two runs."""
        def take():
            return Text(screen.read_text(self.vm))

        def good(text):
            return re.search(pattern, text.text, re.M)

        if self.making and same:
            frames = self._settled(step, take, good)
            self.references['steps'][step] = sorted(frames)
        else:
            known = self.references['steps'].get(step, ())
            text = take()
            while not good(text) or (same and text.digest() not in known):
                self._alive(step, ': the screen says\n' + re.sub(r'\n+', '\n', text.text))
                text = take()
        self.pictures[step] = screen.Picture.take(self.vm)
        if self.making:
            self._reference(step)
        return re.search(pattern, screen.read_text(self.vm), re.M)

    def serial(self, step, pattern):
        """What was written to the serial port matches a pattern, at some time."""
        while not re.search(pattern, self.vm.serial(), re.M):
            self._alive(step, ': the serial port said\n' + self.vm.serial()[-1500:])
        return re.search(pattern, self.vm.serial(), re.M)

    def results(self, step, expected):
        """A tiny guest has printed what is known without running it."""
        while not re.search(r'^END$', self.vm.serial(), re.M):
            self._alive(step, ': the serial port said\n' + self.vm.serial()[-1500:])
        have = dict(re.findall(r'^(\w+): ([0-9a-f]{8})$', self.vm.serial(), re.M))
        want = {name: f'{value:08x}' for name, value in expected.items()}
        if have != want:
            names = [n for n in {**want, **have} if have.get(n) != want.get(n)]
            raise Failed(f'{step}: ' + ', '.join(f'{n} is {have.get(n)}, not {want.get(n)}'
                                                 for n in names))

    def shows(self, step, picture):
        """The screen is exactly a picture that is known without running anything."""
        os.makedirs(self.references['folder'], exist_ok=True)
        picture.save(self.reference(step))
        while True:
            self.pictures[step] = screen.Picture.take(self.vm)
            if self.pictures[step].digest() == picture.digest():
                return
            self._alive(step, f': compare {self._seen(step)} with {self.reference(step)}')

    def power_off(self, step='power-off'):
        """The guest switches itself off."""
        # one look a turn: between two the guest may go off
        while self._alive(step, off=True):
            pass

    # --- references ---

    def reference(self, step):
        """The path of a reference, for people."""
        return os.path.join(self.references['folder'], f'{step}.png'.replace(' ', '-'))

    def _reference(self, step):
        self.pictures[step].save(self.reference(step))


class Text:
    """A text screen as a frame."""

    def __init__(self, text):
        self.text = text

    def digest(self):
        """The text is its own digest."""
        return self.text
