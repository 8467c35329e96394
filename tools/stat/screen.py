# SPDX-License-Identifier: GPL-2.0-or-later
"""The live view: one VM at a time, as top shows processes."""
import curses
import time

import qmp
import sample
import table

HELP = 'sort: s saved e exits w windows t time a address d device   TAB next VM   r reset counters   q quit'


class Screen:
    """What is shown, and what keys have changed."""

    def __init__(self, vms, symbols, interval):
        self.vms, self.symbols, self.interval = vms, symbols, interval
        self.shown, self.by = 0, 'exits-saved'
        self.before, self.now, self.error = {}, {}, ''

    def _sample(self):
        vm = self.vms[self.shown]
        try:
            taken = sample.take(vm, self.symbols)
            self.before[vm.name], self.now[vm.name] = self.now.get(vm.name), taken
            self.error = ''
        except qmp.Unreachable as e:
            self.error = str(e)

    def _lines(self):
        name = self.vms[self.shown].name
        if name not in self.now:
            return [f'{name}: {self.error}']
        now = self.now[name]
        rates = sample.Rates(self.before.get(name), now)
        many = f'   (VM {self.shown + 1} of {len(self.vms)})' if len(self.vms) > 1 else ''
        return [table.heading(now) + many, self.error or HELP, '', *table.vcpu_lines(now, rates), '',
                *table.site_lines(now, rates, self.by), '', *table.failure_lines(now)]

    def _draw(self, window):
        height, width = window.getmaxyx()
        window.erase()
        for y, line in enumerate(self._lines()[:height]):
            # The last column of the last line cannot be written.
            window.addnstr(y, 0, line, width - 1, curses.A_BOLD if y == 0 else curses.A_NORMAL)
        window.refresh()

    def _key(self, key):
        """What a key asks for; whether to go on."""
        if key in (ord('q'), 27):
            return False
        if 0 < key < 128 and chr(key) in table.SORTS:
            self.by = table.SORTS[chr(key)]
        elif key == ord('\t'):
            self.shown = (self.shown + 1) % len(self.vms)
            self._sample()
        elif key == ord('r'):
            try:
                self.vms[self.shown].ask('qom-set', path=sample.ACCELERATOR, property='reset-counters', value=True)
            except qmp.Unreachable as e:
                self.error = str(e)
        return True

    def run(self, window):
        """Until somebody quits."""
        curses.use_default_colors()
        try:
            curses.curs_set(0)
        except curses.error:
            pass  # a terminal that always shows its cursor
        due = 0
        while True:
            if time.monotonic() >= due:
                self._sample()
                due = time.monotonic() + self.interval
            self._draw(window)
            window.timeout(max(1, int((due - time.monotonic()) * 1000)))
            if not self._key(window.getch()):
                return


def show(vms, symbols, interval):
    """Take the terminal, and give it back."""
    curses.wrapper(Screen(vms, symbols, interval).run)
