# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of text about a VM: its vCPUs and its sites."""

# A key of the keyboard, and what sites are sorted by.
SORTS = {'s': 'exits-saved', 'e': 'exits', 'w': 'windows', 't': 'ns', 'a': 'address', 'd': 'device'}


def number(value):
    """At most six columns."""
    if value is None:
        return '-'
    if value < 1e5:
        return f'{value:.0f}'
    for unit in 'kMGT':
        value /= 1000
        if value < 1e3:
            return f'{value:.1f}{unit}' if value < 100 else f'{value:.0f}{unit}'
    return f'{value:.0f}T'


def percent(rate):
    """Nanoseconds a second, as a part of that second."""
    return '-' if rate is None else f'{rate / 1e7:.1f}%'


def vcpu_lines(sample, rates):
    """A line for each vCPU."""
    yield (f'{"vCPU":>4} {"in VT":>7} {"in TCG":>7} {"windows/s":>9} {"exits/s":>9} {"saved/s":>9}'
           f' {"windows":>9} {"exits":>9} {"saved":>9}')
    for v in sample['vcpus']:
        yield (f'{v["vcpu"]:>4} {percent(rates.vcpu(v, "vt-ns")):>7} {percent(rates.vcpu(v, "tcg-ns")):>7}'
               + ''.join(f' {number(rates.vcpu(v, name)):>9}' for name in ('windows', 'exits', 'exits-saved'))
               + ''.join(f' {number(v[name]):>9}' for name in ('windows', 'exits', 'exits-saved')))


def sort(sites, by):
    """The most first; names and addresses from the least."""
    return sorted(sites, key=lambda s: s[by], reverse=by not in ('address', 'device'))


def site_lines(sample, rates, by='exits-saved', most=None):
    """A line for each site; the rest in one if there are more."""
    yield (f'{"vCPU":>4} {"address":<18} {"state":<8} {"saved/s":>7} {"exits/s":>7} {"saved":>7} {"exits":>7}'
           f' {"windows":>7} {"ms":>7} {"last stop":<9} device; symbol')
    for s in sort(sample['sites'], by)[:most]:
        yield (f'{s["vcpu"]:>4} {s["address"]:#018x} {s["state"]:<8}'
               + ''.join(f' {number(rates.site(s, name)):>7}' for name in ('exits-saved', 'exits'))
               + ''.join(f' {number(s[name]):>7}' for name in ('exits-saved', 'exits', 'windows'))
               + f' {number(s["ns"] / 1e6):>7} {s["last-stop"]:<9} {s["device"]}'
               + (f'; {s["symbol"]}' if s['symbol'] else ''))
    if most and len(sample['sites']) > most:
        yield f'     ... and {len(sample["sites"]) - most} more'


def heading(sample):
    """One line about the VM."""
    return f'{sample["name"]}: {sample["status"]}, takeover={sample["takeover"]}'


def failure_lines(sample):
    """Instructions that VT failed on."""
    for f in sample['failures']:
        yield f'VT failed {f["count"]} times at {f["address"]:#x}: {f["what"]}'
