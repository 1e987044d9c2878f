"""The axis over the rows, and the whole trace in one row."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from math import ceil, floor, log2, log10

from visualizer.analysis.model import Timeline
from visualizer.paint.row import Run
from visualizer.paint.viewport import Axis, Viewport

#: From which time on a unit is used, the unit, its nanoseconds.
_UNITS = ((100_000_000, "s", 1_000_000_000), (100_000, "ms", 1_000_000), (100, "µs", 1_000), (0, "ns", 1))
#: Cells between two labels, at least.
_GAP = 3
_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.:-=+*#"


def ruler(timeline: Timeline, viewport: Viewport, *, ascii: bool = False) -> list[Run]:
    """Ticks and labels, `viewport.width` cells: times, or the numbers of the switches, counted from 1 ("#1")."""
    runs: list[Run] = []
    free = 0
    for position, label in ticks(timeline, viewport, lambda label: len(label) + 1 + _GAP):
        cell = int((position - viewport.start) / viewport.per_cell)
        if ascii:
            label = label.replace("µ", "u")
        tick = Run("|" if ascii else "│", "dim")
        text = Run(label, "ruler")
        if cell < viewport.width < cell + 1 + len(label):
            # No room on its right.
            cell -= len(label)
            tick, text = text, tick
        if cell < free or cell + 1 + len(label) > viewport.width:
            continue
        runs += [Run(" " * (cell - free), "ruler"), tick, text]
        free = cell + 1 + len(label)
    runs.append(Run(" " * (viewport.width - free), "ruler"))
    return [run for run in runs if run.text]


def ticks(timeline: Timeline, viewport: Viewport, cells_of: Callable[[str], float]) -> Iterator[tuple[float, str]]:
    """Round places on the axis within the viewport, in ns or in switches, and their labels.

    They stand as close as their labels let them; `cells_of` says how many cells a label needs with what is free
    around it.
    """
    switches = viewport.axis is Axis.SWITCHES
    extent = timeline.switch_count if switches else timeline.last_ns
    last = min(viewport.end, extent)
    unit, unit_ns = ("", 1) if switches else next((u, ns) for least, u, ns in _UNITS if last >= least)
    step = _nice(viewport.per_cell)
    while True:
        decimals = max(0, -floor(log10(step / unit_ns) + 1e-9))

        def label(position: float, decimals: int = decimals) -> str:
            return f"#{position:.0f}" if switches else f"{position / unit_ns:.{decimals}f} {unit}"

        if step >= 1 and cells_of(label(last)) * viewport.per_cell <= step:
            break
        step = _nice(step * 1.5)
    for number in range(max(ceil(viewport.start / step), int(switches)), floor(last / step) + 1):
        yield number * step, label(number * step)


def _nice(least: float) -> float:
    """The first of 1, 2, 5, 10, 20, 50, ... that is not below `least`."""
    power = 10.0 ** floor(log10(max(1.0, least)))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least)


def overview(timeline: Timeline, viewport: Viewport, width: int, *, ascii: bool = False) -> list[Run]:
    """How densely switches follow one another over the whole trace, always in time, `width` cells; [ ] around what the
    viewport shows of it. The height of a bar grows with the logarithm of the number of switches."""
    whole = Viewport.whole(timeline, Axis.TIME, width)
    found = [bisect_left(timeline.switch_ns, edge) for edge in whole.edges()]
    counts = [after - before for before, after in pairwise(found)]
    scale = log2(1 + max(counts))
    bars = _ASCII_BARS if ascii else _BARS
    cells = [(bars[ceil(log2(1 + count) / scale * 7)], "overview") if count else (bars[0], "dim") for count in counts]
    left = int(whole.cell_of_time(timeline, viewport.time_at(timeline, 0)))
    right = int(whole.cell_of_time(timeline, viewport.time_at(timeline, viewport.width)))
    if viewport.shows_end(timeline):
        right = len(cells) - 1
    left = max(0, min(left, len(cells) - 2))
    cells[left] = "[", "edge"
    if len(cells) > 1:
        cells[min(max(right, left + 1), len(cells) - 1)] = "]", "edge"
    return [Run("".join(text for text, _ in group), style) for style, group in groupby(cells, key=lambda cell: cell[1])]
