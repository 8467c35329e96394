# SPDX-License-Identifier: GPL-2.0-or-later
"""What a benchmark's runs say: ratios, goals, and why one was missed; as a page of
HTML with its pictures inside, and as text."""
import collections
import html as markup
import json
import math
import statistics

import workloads

ENGINES = ('kvm', 'partial', 'tcg')
# How they are called on the page: in Xen's bed stock is Debian's device model.
LABELS = {'kvm': 'stock'}
KNOWN = {w.name: w for w in workloads.WORKLOADS}
# The goals, and for which workloads they were set.
FEWER_EXITS, FASTER, AT_MOST = 100, 10, 1.01
FASTER_IN_XEN = 20
# Against the emulator in the kernel; against TCG, where it has all CPU modes.
EMULATED, LIKE_TCG = 100, 1.1
# Microseconds, twice what burst-us is unless told.
LATER = 1000
# Repetitions without which one in a hundred cannot be told.
ENOUGH = 3
MUST_BE_FASTER = ('planar-rmw', 'ide-write', 'ide-read', 'pci-scan')
# Exits that say how long a run took, not what the guest did.
HOSTS = ('interrupt', 'EXTERNAL_INTERRUPT')

Ratio = collections.namedtuple('Ratio', 'low middle high')
Goal = collections.namedtuple('Goal', 'what verdict why')


def load(path):
    """(about, runs) from the lines of a file."""
    with open(path, encoding='utf-8') as f:
        lines = [json.loads(line) for line in f]
    return ([line['about'] for line in lines if 'about' in line] or [{}])[0], \
        [line for line in lines if 'workload' in line]


def stat(run, provider, name):
    """A counter of query-stats."""
    return run.get('stats', {}).get(provider, {}).get(name, 0)


def stats(run, prefix):
    """Counters of ours by the rest of their names."""
    return {name[len(prefix):]: value for name, value
            in run.get('stats', {}).get('partial', {}).items() if name.startswith(prefix)}


def duration(run):
    """What the guest measured, else what we did."""
    return run.get('ticks') or run.get('seconds') or 0


def cpu(run):
    """Seconds of CPU time."""
    return run.get('cpu') or 0


def userspace(run):
    """Exits that QEMU had to handle."""
    return sum(run.get('userspace', {}).values()) or devices(run)


def devices(run):
    """Those of them that were for an access."""
    reasons = run.get('userspace', {})
    return reasons.get('ioreq', 0) + reasons.get('KVM_EXIT_IO', 0) + reasons.get('KVM_EXIT_MMIO', 0) or \
        stat(run, 'kvm', 'io_exits') + stat(run, 'kvm', 'mmio_exits')


def exits(run):
    """Exits of the CPU, but for those that the host's own interrupts make."""
    return sum(count for name, count in run.get('exits', {}).items() if name not in HOSTS) or \
        stat(run, 'kvm', 'exits') - stat(run, 'kvm', 'irq_exits')


def times(ratio):
    """A ratio, for people."""
    digits = 0 if ratio >= 20 else 1 if ratio >= 3 else 2
    return f'{ratio:.{digits}f}x'


def spread(ratio):
    """A ratio with its least and greatest."""
    if not ratio:
        return '-'
    if times(ratio.low) == times(ratio.high):
        return times(ratio.middle)
    return f'{times(ratio.middle)} ({times(ratio.low)[:-1]}..{times(ratio.high)[:-1]})'


def total(dictionaries):
    """The sums of several dictionaries, the greatest first."""
    sums = collections.Counter()
    for d in dictionaries:
        sums.update(d)
    return dict(sums.most_common())


class Group:
    """The runs of one workload in one place."""

    def __init__(self, runs):
        self.runs = runs
        self.bed, self.name = runs[0]['bed'], runs[0]['workload']
        self.work = KNOWN.get(self.name)

    def of(self, engine):
        """The good runs of an engine, by repetition."""
        return {r['rep']: r for r in self.runs
                if r['engine'] == engine and r['outcome'] == 'done'}

    def ratio(self, value, engine='partial', base='kvm'):
        """How often an engine's value goes into another's: spread over the repetitions."""
        mine = self.of(engine)
        # none at all is the best that a count can be: then the ratio is at least this
        found = [value(r) / (value(mine[rep]) or 1) for rep, r in self.of(base).items()
                 if rep in mine and value(r)]
        return Ratio(min(found), statistics.median(found), max(found)) if found else None

    def median(self, value, engine):
        """The middle of an engine's values."""
        found = [value(r) for r in self.of(engine).values()]
        return statistics.median(found) if found else None

    def overlaps(self, value):
        """Whether KVM's least and greatest and partial's have values in common."""
        mine, theirs = ([value(r) for r in self.of(e).values()] for e in ('partial', 'kvm'))
        return min(mine) <= max(theirs) and min(theirs) <= max(mine)

    def outcome(self, engine):
        """How an engine's runs ended: in one word if all were good."""
        found = [r['outcome'] for r in self.runs if r['engine'] == engine]
        bad = [o for o in found if o != 'done']
        if not found:
            return 'not run'
        return 'done' if not bad else f'{len(bad)} of {len(found)}: {bad[0]}'

    def hit_rate(self):
        """The part of the accesses to devices that a window made.  A burst's window that
        is open at the end has not been counted, nor are accesses in other windows:
        then by what is left of KVM's exits."""
        runs = list(self.of('partial').values())
        made = sum(stat(r, 'partial', 'burst-accesses') for r in runs)
        left = sum(devices(r) for r in runs)
        opened = sum(sum(stats(r, 'takeovers-').values()) for r in runs)
        closed = sum(sum(stats(r, 'burst-length-').values()) for r in runs)
        if opened > closed:
            stock = self.median(devices, 'kvm')
            return max(0, 1 - left / len(runs) / stock) if stock else None
        return made / (made + left) if made + left else None

    def counters(self, prefix):
        """Counters of all good runs of partial together."""
        return total(stats(r, prefix) for r in self.of('partial').values())

    def why(self):
        """What bounds the gain, in numbers."""
        runs = list(self.of('partial').values())
        if not runs:
            return ''
        n = len(runs)
        words = []
        taken = self.counters('takeovers-')
        if taken:
            words.append('take-overs a run: ' + ', '.join(
                f'{name} {count / n:.0f}' for name, count in taken.items()))
        closed = sum(self.counters('burst-length-').values())
        if closed:
            made = sum(stat(r, 'partial', 'burst-accesses') for r in runs)
            words.append(f'{made / closed:.1f} accesses a window')
        stops = self.counters('stops-')
        if stops:
            words.append('stopped by ' + ', '.join(
                f'{name} {100 * count / sum(stops.values()):.0f} %'
                for name, count in list(stops.items())[:4]))
        wall = sum(r['seconds'] for r in runs) * 1e9
        tcg, vt = (sum(stat(r, 'partial', c) for r in runs) / wall for c in ('tcg-ns', 'vt-ns'))
        words.append(f'time in TCG {100 * tcg:.0f} %, in VT {100 * vt:.0f} %')
        rate = self.hit_rate()
        if rate is not None:
            words.append(f'hit rate {100 * rate:.1f} %')
        alone = self.ratio(duration, 'tcg')
        if alone:
            words.append(f'TCG alone {times(alone.middle)}')
        left = self.median(userspace, 'partial')
        words.append(f'{left:.0f} user-space exits left')
        return '; '.join(words)

    def _at_least(self, what, ratio, goal):
        if not ratio:
            verdict = 'no comparison' if not self.of('partial') else \
                'only partial can' if not self.of('kvm') else 'not counted'
            return Goal(what, verdict,
                        f'stock {self.outcome("kvm")}; partial {self.outcome("partial")}')
        if ratio.middle >= goal:
            return Goal(what, 'reached', spread(ratio))
        return Goal(what, 'missed', f'{spread(ratio)}: {self.why()}')

    def _no_worse(self, what, value):
        ratio = self.ratio(value)
        if not ratio:
            return Goal(what, 'no comparison', '')
        more = Ratio(1 / ratio.high, 1 / ratio.middle, 1 / ratio.low)
        said = f'{more.middle:.3f} of stock ({more.low:.3f}..{more.high:.3f})'
        if len(self.of('partial')) < ENOUGH:
            return Goal(what, 'too few runs', said)
        if more.middle <= AT_MOST:
            return Goal(what, 'reached', said)
        if self.overlaps(value):
            return Goal(what, 'within noise', said)
        return Goal(what, 'missed', f'{said}: {self.why()}')

    def _in_time(self):
        what = f'interrupts at most {LATER} us later than under stock'
        mine, theirs = (self.median(duration, e) for e in ('partial', 'kvm'))
        if not mine or not theirs:
            return Goal(what, 'no comparison', self.outcome('partial'))
        said = ', '.join(f'{LABELS.get(e, e)} {self.median(duration, e):.0f} us'
                         for e in ENGINES if self.of(e))
        return Goal(what, 'reached' if mine <= theirs + LATER else 'missed',
                    f'{said}: one in 20 ticks of 1000 us comes later')

    def _like_tcg(self):
        what = f'at most {LIKE_TCG} times the time of TCG'
        ratio = self.ratio(duration, base='tcg')
        if not ratio:
            return Goal(what, 'no comparison', self.outcome('partial'))
        more = Ratio(1 / ratio.high, 1 / ratio.middle, 1 / ratio.low)
        verdict = 'reached' if more.middle <= LIKE_TCG else 'missed'
        return Goal(what, verdict, f'{more.middle:.2f} ({more.low:.2f}..{more.high:.2f})')

    def goals(self):
        """What was to be reached here, and whether it was."""
        found = []
        if self.name == 'latency':
            return [self._in_time()]
        if isinstance(self.work, workloads.Real):
            return [self._at_least(f'{EMULATED}x faster', self.ratio(duration), EMULATED)]
        if self.of('tcg') and isinstance(self.work, (workloads.Linux, workloads.Program)):
            return [self._like_tcg()]
        if self.work and self.work.kind == 'quiet':
            counted = userspace if self.bed == 'xen' else exits
            return [self._no_worse('CPU at most 1 % more', cpu),
                    self._no_worse('exits at most 1 % more', counted)]
        if isinstance(self.work, workloads.Tiny):
            found.append(self._at_least(f'{FEWER_EXITS}x fewer user-space exits',
                                        self.ratio(userspace), FEWER_EXITS))
        if self.name in MUST_BE_FASTER:
            faster = FASTER_IN_XEN if self.bed == 'xen' else FASTER
            found.append(self._at_least(f'{faster}x faster', self.ratio(duration), faster))
        return found


def groups(runs):
    """The runs sorted into places and workloads, in the order they were made."""
    found = {}
    for r in runs:
        found.setdefault((r['bed'], r['workload']), []).append(r)
    return [Group(g) for g in found.values()]


# --- text --------------------------------------------------------------------

def row(g):
    """A group's cells: names, exits, ratios, hit rate, goals."""
    def counts(what):
        values = [g.median(what, engine) for engine in ('kvm', 'partial')]
        # None of either: they were not counted.
        return ['-' if value is None or not any(values) else f'{value:.0f}' for value in values]

    rate = g.hit_rate()
    return [g.bed, g.name, *counts(exits), spread(g.ratio(exits)),
            *counts(userspace), spread(g.ratio(userspace)),
            spread(g.ratio(duration)), spread(g.ratio(duration, 'tcg')),
            spread(g.ratio(duration, base='tcg')), spread(g.ratio(cpu)),
            '-' if rate is None else f'{100 * rate:.1f} %',
            ', '.join(goal.verdict for goal in g.goals()) or '-']


HEAD = ['place', 'workload', 'exits, stock', 'partial', 'fewer', 'user exits, stock', 'partial',
        'fewer', 'faster', 'TCG faster', 'than TCG', 'less CPU', 'hit rate', 'goals']


def text(_about, runs):
    """A table in Markdown."""
    lines = [HEAD, ['---'] * len(HEAD)] + [row(g) for g in groups(runs)]
    return '\n'.join('| ' + ' | '.join(cells) + ' |' for cells in lines)


# --- HTML --------------------------------------------------------------------

STYLE = '''
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#667;--line:#ccd3da;--card:#f5f7f9;
--kvm:#8a94a0;--partial:#0b7a75;--tcg:#c98a1b;--ok:#1a7f37;--bad:#c0392b;
--c0:#3b6ea8;--c1:#c98a1b;--c2:#0b7a75;--c3:#a2559b;--c4:#c0563b;--c5:#7d8a2e;--c6:#8a94a0}
@media(prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e4e8ec;--dim:#98a2ad;--line:#3a424b;
--card:#1e2329;--kvm:#8e99a5;--partial:#35b5ad;--tcg:#e0aa48;--ok:#4cc26a;--bad:#ef7a6c;
--c0:#6ea3dd;--c1:#e0aa48;--c2:#35b5ad;--c3:#cf86c8;--c4:#ec8a6d;--c5:#b3c15a;--c6:#8e99a5}}
body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;max-width:1240px;
margin:2em auto;padding:0 1em}h1{font-size:1.5em}h2{font-size:1.2em;margin:2em 0 .4em}
h3{font-size:1em;margin:0}table{border-collapse:collapse;width:100%;font-size:.9em}
.wide{overflow-x:auto}th,td{padding:.25em .5em;text-align:right;border-bottom:1px solid var(--line);
vertical-align:top}td{white-space:nowrap}td:last-child{white-space:normal}small{color:var(--dim)}th:first-child,td:first-child,th:last-child,td:last-child{text-align:left}
th{color:var(--dim);font-weight:500}.dim{color:var(--dim)}.reached{color:var(--ok)}
.missed{color:var(--bad)}details{background:var(--card);border-radius:8px;padding:.6em 1em;
margin:.6em 0}summary{cursor:pointer}summary h3{display:inline}.plots{display:flex;flex-wrap:wrap;
gap:1em 2em;margin:.8em 0}figure{margin:0}figcaption{color:var(--dim);font-size:.85em}
svg{display:block;max-width:100%}svg text{fill:var(--fg);font:12px system-ui,sans-serif}
svg .dim{fill:var(--dim)}a{color:var(--c0)}p{margin:.4em 0}'''

CHART, LABEL, BAR = 460, 110, 18
# The picture of all workloads, a row of which is lower.
WIDE, LINE = 1200, 16
# The width of a digit in pictures, in pixels.
DIGIT = 7


def esc(value):
    """For HTML."""
    return markup.escape(str(value))


def number(value):
    """A count, short."""
    for size, unit in ((1e9, 'G'), (1e6, 'M'), (1e4, 'k')):
        if value >= size:
            return f'{value / (1e3 if unit == "k" else size):.3g}{unit}'
    return f'{value:.0f}' if value == int(value) or value >= 100 else f'{value:.2g}'


def svg(height, parts, width=CHART):
    """A picture, of the usual width unless told."""
    return (f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
            + ''.join(parts) + '</svg>')


def box(x, y, w, h, colour, title):  # pylint: disable=too-many-arguments
    """A rectangle that says what it is."""
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(w, .8):.1f}" height="{h}" '
            f'fill="var(--{colour})"><title>{esc(title)}</title></rect>')


def word(x, y, said, more=''):
    """Text in a picture."""
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{esc(said)}</text>'


def figure(caption, picture):
    """A picture with what it shows."""
    return f'<figure><figcaption>{esc(caption)}</figcaption>{picture}</figure>'


def stacked(caption, rows):
    """Bars of parts: rows of (label, {part: count}); the frequent parts get colours."""
    names = list(total(parts for _, parts in rows))
    colour = {name: f'c{min(i, 6)}' for i, name in enumerate(names)}
    most = max((sum(parts.values()) for _, parts in rows), default=0)
    if not most:
        return ''
    out, room = [], CHART - LABEL - 60
    for i, (label, parts) in enumerate(rows):
        x, y = LABEL, i * (BAR + 6)
        out.append(word(0, y + 13, label))
        for name in names:
            if parts.get(name):
                w = parts[name] / most * room
                out.append(box(x, y, w, BAR, colour[name], f'{name}: {parts[name]:g}'))
                x += w
        out.append(word(x + 5, y + 13, number(sum(parts.values())), ' class="dim"'))
    x, y = 0, len(rows) * (BAR + 6) + 4
    for name in names[:6] + (['others'] if len(names) > 6 else []):
        w = 20 + 7.2 * len(name)
        if x and x + w > CHART:
            x, y = 0, y + 17
        out += [box(x, y, 10, 10, colour.get(name, 'c6'), name),
                word(x + 14, y + 9.5, name, ' class="dim"')]
        x += w + 6
    return figure(caption, svg(y + 16, out))


def columns(caption, bars):
    """A histogram: (label, count) from left to right."""
    most = max((count for _, count in bars), default=0)
    if not most:
        return ''
    step = min(60, CHART / len(bars))
    # Labels that would run into each other are left out.
    every = math.ceil((max(len(label) for label, _ in bars) + 1) * DIGIT / step)
    out = []
    for i, (label, count) in enumerate(bars):
        h = count / most * 70
        if count:
            out += [box(i * step + 2, 85 - h, step - 4, round(max(h, 1), 1), 'partial',
                        f'{count:g} windows of {label}'),
                    word(i * step + step / 2, 82 - h, number(count),
                         ' text-anchor="middle" class="dim"') if step > 4 * DIGIT else '']
        if i % every == 0:
            out.append(word(i * step + step / 2, 100, label, ' text-anchor="middle" class="dim"'))
    return figure(caption, svg(106, out))


def whiskers(caption, rows):
    """(label, colour, low, middle, high) from zero on: bars to the middle, lines for
    the rest."""
    most = max((row[4] for row in rows), default=0)
    if not most:
        return ''
    out, room = [], CHART - LABEL - 60
    for i, (label, colour, low, middle, high) in enumerate(rows):
        y = i * (BAR + 6)
        a, b = (LABEL + v / most * room for v in (low, high))
        out += [word(0, y + 13, label),
                box(LABEL, y, middle / most * room, BAR, colour,
                    f'{middle:.4g} ({low:.4g}..{high:.4g})'),
                f'<path d="M{a:.1f} {y + 9}H{b:.1f}M{a:.1f} {y + 5}v8M{b:.1f} {y + 5}v8" '
                'stroke="var(--fg)" fill="none"/>',
                word(max(b, LABEL) + 6, y + 13, f'{middle:.3g}', ' class="dim"')]
    return figure(caption, svg(len(rows) * (BAR + 6), out))


def relative(g, value):
    """Each engine's spread, stock KVM's middle being one."""
    stock = g.median(value, 'kvm')
    if not stock:
        return []
    found = []
    for engine in ENGINES:
        values = [value(r) / stock for r in g.of(engine).values()]
        if values:
            found.append((LABELS.get(engine, engine), engine, min(values), statistics.median(values), max(values)))
    return found


def average(g, engine, what):
    """The counts of a run, the good ones taken together."""
    runs = list(g.of(engine).values())
    return {name.removeprefix('KVM_EXIT_').lower(): count / len(runs) for name, count
            in total(r.get(what, {}) for r in runs).items()}


def lengths(g):
    """The histogram of windows by accesses."""
    found = {int(name): count for name, count in g.counters('burst-length-').items()}
    if not found:
        return []
    sizes = [0] + [1 << i for i in range(max(found).bit_length())]
    return [(f'{size}' if size < 2 or size == sizes[-1] else f'{size}-', found.get(size, 0))
            for size in sizes]


def plots(g):
    """All pictures of a workload."""
    both = ('kvm', 'partial')
    found = [
        whiskers('time, stock = 1: median, least, greatest', relative(g, duration)),
        whiskers('CPU time, stock = 1', relative(g, cpu)),
        stacked('exits to user space, a run', [(LABELS.get(e, e), average(g, e, 'userspace')) for e in both]),
        stacked('exits of the CPU by reason, a run', [(LABELS.get(e, e), average(g, e, 'exits')) for e in both]),
        columns('windows by accesses made in them, all runs', lengths(g)),
        stacked('why windows were opened, and why they ended, all runs',
                [('opened', g.counters('takeovers-')), ('ended', g.counters('stops-'))]),
    ]
    return '<div class="plots">' + ''.join(found) + '</div>'


def verdicts(g):
    """The goals as coloured words."""
    return ', '.join(f'<span class="{goal.verdict.split()[0]}">{esc(goal.verdict)}</span>'
                     for goal in g.goals()) or '-'


def section(g):
    """A workload's part of the page."""
    title = g.work.title if g.work else ''
    out = [f'<details id="{esc(g.bed)}-{esc(g.name)}"><summary><h3>{esc(g.name)}</h3> '
           f'<span class="dim">{esc(title)}; {esc(g.bed)}</span> {verdicts(g)}</summary>']
    for goal in g.goals():
        out.append(f'<p><b class="{goal.verdict.split()[0]}">{esc(goal.verdict)}</b> '
                   f'{esc(goal.what)}: {esc(goal.why)}</p>')
    out.append('<p>Outcome: ' + '; '.join(
        f'{LABELS.get(engine, engine)} {esc(g.outcome(engine))}' for engine in ENGINES) + '.</p>')
    out += [f'<p class="missed">{esc(r["outcome"])}</p>' for r in g.runs if not r['engine']]
    out.append(f'<p class="dim">partial: {esc(g.why() or "no good run")}.</p>')
    return ''.join(out) + plots(g) + '</details>'


def mark(shape, x, y, ratio, what):
    """One ratio in the picture of all: its spread as a line, its middle as a mark."""
    low, middle, high = (x(max(value, LEAST)) for value in ratio)
    said = f'<title>{esc(what)}: {esc(spread(ratio))}</title>'
    line = f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="var(--{shape})" stroke-width="2">{said}</path>'
    if shape == 'partial':
        return f'{line}<circle cx="{middle:.1f}" cy="{y}" r="4.5" fill="var(--partial)">{said}</circle>'
    return (f'{line}<rect x="{middle - 4:.1f}" y="{y - 4}" width="8" height="8" '
            f'fill="var(--{shape})">{said}</rect>')


# The least ratio that the picture of all has room for.
LEAST = .25


def all_ratios(found):
    """A row for each workload: how many fewer exits of the CPU, and how much faster, by powers of ten."""
    rows = [(g.name, g.ratio(exits) or g.ratio(userspace), g.ratio(duration)) for g in found]
    rows = [r for r in rows if r[1] or r[2]]
    if not rows:
        return ''
    most = max(r.high for row_ in rows for r in row_[1:] if r)
    left = LABEL + 40
    room = WIDE - left - 20
    scale = room / math.log10(max(most, 10) / LEAST)
    bottom = len(rows) * LINE + 6

    def x(value):
        return left + math.log10(value / LEAST) * scale

    out = []
    for power in range(int(math.log10(max(most, 10))) + 1):
        at = x(10 ** power)
        out += [f'<path d="M{at:.1f} 0V{bottom}" stroke="var(--{"fg" if power == 0 else "line"})"/>',
                word(at, bottom + 13, f'{10 ** power}', ' text-anchor="middle" class="dim"')]
    for i, (name, fewer, faster) in enumerate(rows):
        y = i * LINE + 10
        out.append(word(0, y + 4, name))
        if faster:
            out.append(mark('tcg', x, y, faster, f'{name}, time'))
        if fewer:
            out.append(mark('partial', x, y, fewer, f'{name}, exits'))
    return figure('stock over partial; right of 1 partial is better. Circles: exits of the CPU, or to user space '
                  'where those are not counted. Squares: time. '
                  'Lines: least to greatest.', svg(bottom + 18, out, WIDE))


def cell(text_):
    """A ratio's spread goes below it."""
    middle, _, rest = text_.partition(' (')
    return esc(middle) + (f'<br><small>{esc(rest[:-1])}</small>' if rest.endswith(')') else '')


def overview(found):
    """The table of all workloads, each with a link to its part."""
    out = ['<div class="wide"><table><tr>'
           + ''.join(f'<th>{esc(h)}</th>' for h in HEAD[1:]) + '</tr>']
    for g in found:
        cells = row(g)[2:-1]
        out.append(f'<tr><td><a href="#{esc(g.bed)}-{esc(g.name)}">{esc(g.name)}</a></td>'
                   + ''.join(f'<td>{cell(c)}</td>' for c in cells)
                   + f'<td>{verdicts(g)}</td></tr>')
    return ''.join(out) + '</table></div>'


def html(about, runs):
    """The page."""
    found = groups(runs)
    out = ['<!DOCTYPE html>\n<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n'
           '<html lang="en"><meta charset="utf-8">'
           '<meta name="viewport" content="width=device-width,initial-scale=1">'
           f'<title>accel partial, measured</title><style>{STYLE}</style>'
           '<h1>Stock, partial and TCG</h1><p>'
           + esc('; '.join(f'{k}: {v}' for k, v in about.items())) + '</p>'
           '<p>Ratios are stock over partial, run by run: more is better, 1 is the same. Stock is KVM, and in '
           "Xen's bed Debian's device model, whose user exits are ioreqs. "
           'The middle of the repetitions comes first, the least and the greatest in brackets. '
           'Counts hold anywhere; times are those of this machine, on which the beds are '
           'emulated.</p>']
    for bed in dict.fromkeys(g.bed for g in found):
        mine = [g for g in found if g.bed == bed]
        out.append(f'<h2>{esc(bed)}</h2>' + all_ratios(mine) + overview(mine))
        out += [section(g) for g in mine]
    out.append("<script>onhashchange=()=>{let d=document.getElementById(location.hash.slice(1));"
               "if(d)d.open=true};onhashchange()</script></html>\n")
    return ''.join(out)
