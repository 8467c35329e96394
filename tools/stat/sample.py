# SPDX-License-Identifier: GPL-2.0-or-later
"""What a VM says of itself at one moment, and what has happened between two."""
import time

import qmp

ACCELERATOR = '/machine/partial'


def _counters(vm, provider):
    """{vCPU's path: {name: value}}"""
    said = vm.ask('query-stats', target='vcpu', providers=[{'provider': provider}])
    return {vcpu['qom-path']: {s['name']: s['value'] for s in vcpu['stats']} for vcpu in said}


def _take_overs(counters):
    return sum(n for name, n in counters.items() if name.startswith('takeovers-'))


def take(vm, symbols):
    """All of it, as --json prints it."""
    try:
        takeover = vm.ask('qom-get', path=ACCELERATOR, property='takeover')
    except qmp.Unreachable as e:
        if 'not found' not in str(e):
            raise
        raise qmp.Unreachable(f'{vm.name} does not run with -accel partial') from None
    ours, theirs = _counters(vm, 'partial'), _counters(vm, 'kvm')
    numbers = {cpu['qom-path']: cpu['cpu-index'] for cpu in vm.ask('query-cpus-fast')}
    vcpus = [{'vcpu': numbers[path], 'tcg-ns': counters['tcg-ns'], 'vt-ns': counters['vt-ns'],
              'windows': _take_overs(counters), 'exits-saved': counters['exits-saved'],
              'exits': theirs.get(path, {}).get('exits'), 'counters': counters}
             for path, counters in ours.items() if path in numbers]
    sites = vm.ask('qom-get', path=ACCELERATOR, property='sites')
    for site in sites:
        site['symbol'] = symbols.name(site['address'])
    return {'name': vm.name, 'time': time.time(), 'status': vm.ask('query-status')['status'],
            'takeover': takeover, 'vcpus': sorted(vcpus, key=lambda v: v['vcpu']), 'sites': sites,
            'failures': vm.ask('qom-get', path=ACCELERATOR, property='failures')}


def _key(site):
    return site['vcpu'], site['address'], site['device']


class Rates:
    """What has happened in a VM between two samples, for each second."""

    def __init__(self, before, after):
        self._seconds = max(after['time'] - before['time'], 1e-3) if before else None
        self._vcpus = {v['vcpu']: v for v in before['vcpus']} if before else {}
        self._sites = {_key(s): s for s in before['sites']} if before else {}

    def _rate(self, old, new, name):
        if not self._seconds or old is None or new.get(name) is None or old.get(name) is None:
            return None
        # Less than before: the counters were reset.
        return max(new[name] - old[name], 0) / self._seconds

    def vcpu(self, vcpu, name):
        """Of a vCPU; None if it is not known."""
        return self._rate(self._vcpus.get(vcpu['vcpu']), vcpu, name)

    def site(self, site, name):
        """Of a site; one that was not there before had nothing."""
        return self._rate(self._sites.get(_key(site), {name: 0}), site, name)
