# SPDX-License-Identifier: GPL-2.0-or-later
"""What a benchmark's runs say: ratios, goals, and why one was missed."""
import collections
import json
import statistics

Ratio = collections.namedtuple('Ratio', 'low middle high')


def load(path):
    """(about, runs) from the lines of a file."""
    with open(path, encoding='utf-8') as f:
        lines = [json.loads(line) for line in f]
    return ([line['about'] for line in lines if 'about' in line] or [{}])[0], \
        [line for line in lines if 'workload' in line]


def stat(run, provider, name):
    """A counter of query-stats."""
    return run.get('stats', {}).get(provider, {}).get(name, 0)


def duration(run):
    """What the guest measured, else what we did."""
    return run.get('ticks') or run.get('seconds') or 0


def cpu(run):
    """Seconds of CPU time."""
    return run.get('cpu') or 0


def userspace(run):
    """Exits that QEMU had to handle."""
    return sum(run.get('userspace', {}).values()) or \
        stat(run, 'kvm', 'io_exits') + stat(run, 'kvm', 'mmio_exits')


def exits(run):
    """All exits of the CPU."""
    return sum(run.get('exits', {}).values()) or stat(run, 'kvm', 'exits')


def times(ratio):
    """A ratio, for people."""
    return f'{ratio:.0f}x' if ratio >= 20 else f'{ratio:.1f}x' if ratio >= 3 else f'{ratio:.2f}x'


class Group:
    """The runs of one workload in one place."""

    def __init__(self, runs):
        self.runs = runs

    def of(self, engine):
        """The good runs of an engine, by repetition."""
        return {r['rep']: r for r in self.runs
                if r['engine'] == engine and r['outcome'] == 'done'}

    def ratio(self, value, engine='partial'):
        """How often an engine's value goes into KVM's: spread over the repetitions."""
        mine = self.of(engine)
        found = [value(r) / value(mine[rep]) for rep, r in self.of('kvm').items()
                 if rep in mine and value(mine[rep]) and value(r)]
        return Ratio(min(found), statistics.median(found), max(found)) if found else None


def html(*_):
    return ''


def text(*_):
    return ''
