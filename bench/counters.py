# SPDX-License-Identifier: GPL-2.0-or-later
"""Counters of query-stats, as benchmarks keep them."""


def _numbers(stat):
    """(name, number) of a counter; of our histograms one for each bucket, by its least value."""
    if isinstance(stat['value'], int):
        if not stat['name'].startswith('partial-'):  # ours once more, among KVM's
            yield stat['name'], stat['value']
    elif stat['name'] in ('burst-length', 'burst-ns'):
        for i, value in enumerate(stat['value']):
            yield f'{stat["name"]}-{1 << i >> 1}', value


def vcpus(qmp):
    """{provider: {name: number}}: KVM's binary stats and ours, summed over the vCPUs."""
    sums = {}
    for vcpu in qmp.cmd('query-stats', target='vcpu'):
        mine = sums.setdefault(vcpu['provider'], {})
        for stat in vcpu['stats']:
            for name, value in _numbers(stat):
                mine[name] = mine.get(name, 0) + value
    return sums


def subtract(after, before):
    """The growth of counters, those that grew."""
    return {provider: {name: value - before.get(provider, {}).get(name, 0)
                       for name, value in names.items()
                       if value != before.get(provider, {}).get(name, 0)}
            for provider, names in after.items()}
