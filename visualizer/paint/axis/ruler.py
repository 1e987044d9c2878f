"""The axis over the rows, and the whole trace in one row."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from itertools import groupby, pairwise
from math import ceil, floor, log2
from weakref import WeakKeyDictionary

from visualizer.analysis.index.idle_gaps import Gaps, gaps
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.durations import duration
from visualizer.paint.axis.times import SINCE_START, TimeFormat, nice
from visualizer.paint.axis.viewport import Axis, Viewport, extent, time_of_position
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import ascii_only

#: Cells between two labels, at least.
_GAP = 3
#: The length of a gap takes at least this many cells: "⋯2s".
_SHORTEST_LENGTH = 3
_BARS = "▁▂▃▄▅▆▇█"
_IN_ASCII = str.maketrans(_BARS, "_.:-=+*#")


def ruler(
    timeline: Timeline, viewport: Viewport, *, ascii: bool = False, time_format: TimeFormat = SINCE_START,
    taken: Collection[int] = (), sign: str = "#",
) -> list[Run]:
    """Ticks and labels, `viewport.width` cells: times, or the numbers of the switches, counted from 1 ("#1").

    In the cells `taken` something else will stand. A label that would lose a letter to it gives way as a whole.
    """
    runs: list[Run] = []
    free = 0
    marks = _marks(timeline, viewport, ascii)
    begins = [cell for cell, _ in marks]
    found = [(cell, text, True) for cell, text in marks]
    for position, label in ticks(timeline, viewport, lambda label: len(label) + 1 + _GAP, time_format, sign):
        cell = int(viewport.cell(position))
        if ascii:
            label = label.replace("µ", "u")
        if marks:
            # How long a gap is matters more than a tick.
            at = bisect_left(begins, cell + 1)
            before = marks[at - 1][0] + len(marks[at - 1][1]) if at else 0
            behind = begins[at] if at < len(begins) else viewport.width + 1
            if cell < before or cell + 2 + len(label) > behind:
                continue
        found.append((cell, label, False))
    for cell, label, is_gap in sorted(found):
        if is_gap:
            if any(cell <= other < cell + len(label) and label[other - cell] not in "⋯/" for other in taken):
                label = ("//" if ascii else "⋯")[:1] * len(label)
            runs += [Run(" " * (cell - free), "ruler"), Run(label, "gap")]
            free = cell + len(label)
            continue
        tick = Run("|" if ascii else "│", "dim")
        text = Run(label, "ruler")
        least = free
        covered = range(cell + 1, cell + 1 + len(label))
        if cell < viewport.width < cell + 1 + len(label):
            # No room on its right. On its left no tick keeps it apart from the label before.
            cell -= len(label)
            covered = range(cell, cell + len(label))
            tick, text = text, tick
            least += bool(free)
        if cell < least or cell + 1 + len(label) > viewport.width:
            continue
        if any(other in covered for other in taken):
            tick, text = (Run(" " * len(run.text), "ruler") if run.style == "ruler" else run for run in (tick, text))
        runs += [Run(" " * (cell - free), "ruler"), tick, text]
        free = cell + 1 + len(label)
    runs.append(Run(" " * (viewport.width - free), "ruler"))
    return [run for run in runs if run.text]


def _marks(timeline: Timeline, viewport: Viewport, ascii: bool) -> list[tuple[int, str]]:
    """Where the folded gaps in the viewport begin, with the length of each, if it fits."""
    marks: list[tuple[int, str]] = []
    sign = "//" if ascii else "⋯"
    found = list(folded(timeline, viewport))
    for number, (start, end, length_ns) in enumerate(found):
        cell, last = (int((place - viewport.start) / viewport.per_cell) for place in (start, end))
        # A free cell keeps it apart from the next one.
        behind = viewport.width
        if number + 1 < len(found):
            behind = min(behind, int((found[number + 1][0] - viewport.start) / viewport.per_cell) - 1)
        cell, last = max(0, cell), min(last, behind)
        room = behind - cell
        label = sign[: max(0, room)]
        if room >= _SHORTEST_LENGTH:
            length = ascii_only(duration(length_ns, 2)) if ascii else duration(length_ns, 2)
            said = (f"{sign} {length}", f"{sign}{length.replace(' ', '')}")
            label = next((text for text in said if len(text) <= room), label)
        if not label or cell >= viewport.width:
            continue
        spare = last - cell - len(label)
        if spare > 0:
            # All of its cells are marked, and it stands in their middle.
            label = sign[:1] * (spare // 2) + f"{label} " + sign[:1] * (spare - spare // 2 - 1)
        marks.append((cell, label))
    return marks


def folded(timeline: Timeline, viewport: Viewport) -> Iterator[tuple[float, float, int]]:
    """The gaps that are folded in the viewport: from where to where on its axis, and how many ns each is long.

    Where many begin in the same cell, the first of them: there are not more than cells.
    """
    if viewport.axis is not Axis.BUSY:
        return
    known, place = gaps(timeline), viewport.start
    while (number := known.number_at(place)) < len(known) and known.place(number) < viewport.end:
        start, gap = known.place(number), known.gap(number)
        yield start, start + gap.shown_ns, gap.length_ns
        place = max(
            start + gap.shown_ns,
            viewport.start + (floor((start - viewport.start) / viewport.per_cell) + 1) * viewport.per_cell,
        )


def ticks(
    timeline: Timeline, viewport: Viewport, cells_of: Callable[[str], float], time_format: TimeFormat = SINCE_START,
    sign: str = "#",
) -> Iterator[tuple[float, str]]:
    """Round places on the axis within the viewport, in ns or in switches, and their labels.

    They are as close as their labels allow; `cells_of` says how many cells a label needs with what is free
    around it. `sign` stands before the number of a switch.
    """
    if viewport.axis is Axis.SWITCHES:
        last = min(viewport.end, timeline.switch_count)
        step = nice(viewport.per_cell)
        while cells_of(f"{sign}{last:.0f}") * viewport.per_cell > step:
            step = nice(step * 1.5)
        numbers = range(max(ceil(viewport.start / step), 1), floor(last / step) + 1)
        yield from ((number * step, f"{sign}{number * step:.0f}") for number in numbers)
        return
    # What is written is another number than the place where gaps are folded.
    last = min(viewport.end, extent(timeline, viewport.axis))
    first_ns, last_ns = (time_of_position(timeline, viewport.axis, place) for place in (viewport.start, last))
    labels = time_format.labels(first_ns, last_ns)
    step = labels.round(viewport.per_cell)
    while max(cells_of(labels.label(t_ns, step)) for t_ns in (first_ns, last_ns)) * viewport.per_cell > step:
        step = labels.round(step * 1.5)
    zero_ns = time_format.zero_ns
    if viewport.axis is Axis.BUSY:
        found = _busy_ticks(gaps(timeline), viewport, step, last, zero_ns)
    else:
        numbers = range(ceil((viewport.start - zero_ns) / step), floor((last - zero_ns) / step) + 1)
        found = ((number * step + zero_ns, number * step + zero_ns) for number in numbers)
    yield from ((place, labels.label(t_ns, step)) for place, t_ns in found)


def _busy_ticks(
    known: Gaps, viewport: Viewport, step: float, last: float, zero_ns: int
) -> Iterator[tuple[float, float]]:
    """Round times in the viewport that are in no folded gap: the place in busy time, and the time."""
    place = viewport.start
    while place <= last:
        t_ns = ceil((known.time(place) - zero_ns) / step) * step + zero_ns
        at = known.busy(int(t_ns))
        number = known.number_at(at)
        if number < len(known) and known.place(number) <= at:
            # In a gap: go on after it.
            place = known.place(number) + known.gap(number).shown_ns
            continue
        if at > last:
            return
        yield at, t_ns
        place = max(at, place) + viewport.per_cell


_DENSITIES: WeakKeyDictionary[Timeline, tuple[tuple[Viewport, int], list[Run]]] = WeakKeyDictionary()


def _density(timeline: Timeline, whole: Viewport) -> list[Run]:
    """The bars of the overview. What moves over them while one looks at other parts of the trace leaves them as they
    are."""
    key = whole, timeline.version
    if timeline not in _DENSITIES or _DENSITIES[timeline][0] != key:
        found = [bisect_left(timeline.switch_ns, edge) for edge in whole.edges()]
        counts = [after - before for before, after in pairwise(found)]
        scale = log2(1 + max(counts))
        cells = [(_BARS[ceil(log2(1 + count) / scale * 7) if count else 0], count > 0) for count in counts]
        _DENSITIES[timeline] = (
            key,
            [
                Run("".join(text for text, _ in group), "overview" if some else "dim")
                for some, group in groupby(cells, key=lambda cell: cell[1])
            ],
        )
    return _DENSITIES[timeline][1]


def overview(timeline: Timeline, viewport: Viewport, width: int, *, ascii: bool = False) -> list[Run]:
    """How densely switches follow one another over the whole trace, always in time, `width` cells; [ ] around what the
    viewport shows of it. The height of a bar grows with the logarithm of the number of switches."""
    whole = Viewport.whole(timeline, Axis.TIME, width)
    left = int(whole.cell_of_time(timeline, viewport.time_at(timeline, 0)))
    right = int(whole.cell_of_time(timeline, viewport.time_at(timeline, viewport.width)))
    last = whole.width - 1
    if viewport.shows_end(timeline):
        right = last
    left = max(0, min(left, last - 1))
    marks = {left: "["}
    if last > 0:
        marks[min(max(right, left + 1), last)] = "]"
    runs: list[Run] = []
    at = 0
    for text, style in _density(timeline, whole):
        bars = text.translate(_IN_ASCII) if ascii else text
        begin = 0
        for cell, mark in marks.items():
            if at <= cell < at + len(bars):
                runs += [Run(bars[begin : cell - at], style), Run(mark, "edge")]
                begin = cell - at + 1
        runs.append(Run(bars[begin:], style))
        at += len(bars)
    # Side by side they are one run.
    shown = [run for run in runs if run.text]
    return [
        Run("".join(text for text, _ in group), style) for style, group in groupby(shown, key=lambda run: run.style)
    ]
