"""Numbers as bars: the shares of states, one length against the longest, and how often which length came."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise

from visualizer.analysis.model.timeline import State
from visualizer.analysis.text.durations import duration
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import ascii_cells, cell_width
from visualizer.paint.text.palette import STYLE_OF, glyphs

_EIGHTHS = " ▏▎▍▌▋▊▉"
_HEIGHTS = "▁▂▃▄▅▆▇█"
_ASCII_HEIGHTS = ".:-=+*#@"
#: The states of a bar, from left to right.
_ORDER = (State.RUNNING, State.READY, State.WAITING, State.BLOCKED, State.IDLE, State.CREATED, State.UNKNOWN)
#: TrackTimes are counted between 0, 1, 2, 5, 10, ... microseconds.
_STEPS = (1, 2, 5)
_NS_PER_US = 1_000
_WIDEST_COLUMN = 3


def share_bar(spent: Mapping[State, float], whole: float, width: int, *, ascii: bool = False) -> list[Run]:
    """`width` cells, of which each state fills as much as its part of `whole`; none that occurs is left out.

    Where the states fill less than the whole, the rest is blank.
    """
    amounts = {state: spent.get(state, 0) for state in _ORDER if spent.get(state, 0) > 0}
    if not amounts or whole <= 0 or width <= 0:
        return [Run(" " * max(0, width), "dim")]
    filled = min(width, max(1, round(width * sum(amounts.values()) / whole)))
    cells = _apportioned(list(amounts.values()), filled)
    runs = [Run(glyphs(ascii)[state] * count, STYLE_OF[state]) for state, count in zip(amounts, cells, strict=True)]
    running = amounts.get(State.RUNNING, 0.0)
    if runs[0].text and 0 < running < whole / width / 2:
        # As in the rows: a run that is shorter than its cell is a part of a block.
        runs[0] = Run("|" if ascii else "▏", STYLE_OF[State.RUNNING])
    return [*(run for run in runs if run.text), Run(" " * (width - filled), "dim")]


def _apportioned(amounts: Sequence[float], cells: int) -> list[int]:
    """So many cells in all, by the largest remainders; nothing gets none as long as there is one for each."""
    total = sum(amounts)
    exact = [cells * amount / total for amount in amounts]
    found = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda at: found[at] - exact[at])
    for at in by_remainder[: cells - sum(found)]:
        found[at] += 1
    for at, count in enumerate(found):
        most = max(range(len(found)), key=found.__getitem__)
        if not count and found[most] > 1:
            found[most] -= 1
            found[at] = 1
    return found


def bar(amount: float, of: float, width: int, style: str, *, ascii: bool = False) -> Run:
    """As much of `width` cells as `amount` is of `of`, to an eighth of a cell; never nothing of something."""
    eighths = round(width * 8 * min(1.0, amount / of)) if of > 0 else 0
    if amount > 0:
        eighths = max(1, eighths)
    if ascii:
        text = "#" * max(amount > 0, round(eighths / 8))
    else:
        text = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
    return Run(text.ljust(width), style)


def histogram(lengths_ns: Sequence[int], width: int, style: str, *, ascii: bool = False) -> list[list[Run]]:
    """Two lines of at most `width` cells: how many lengths are how long, and the axis; none without any length.

    The axis has the steps 0, 1, 2, 5, 10, ... µs; the height is linear, and never nothing where there is one.
    """
    if not lengths_ns:
        return []
    # By binary search in them sorted: there can be a million.
    ordered = sorted(lengths_ns)
    first, last = _bucket(ordered[0]), _bucket(ordered[-1])
    edges = [0, *(bisect_left(ordered, _edge_ns(bucket)) for bucket in range(first + 1, last + 1)), len(ordered)]
    counts = {first + number: after - before for number, (before, after) in enumerate(pairwise(edges))}
    # A decade at least, from its beginning on.
    first -= (first - 1) % len(_STEPS) if first else 0
    last = max(last, first + len(_STEPS) - 1)
    cells = max(1, min(_WIDEST_COLUMN, width // (last - first + 1)))
    shown = range(max(first, last + 1 - width // cells), last + 1)
    heights = _ASCII_HEIGHTS if ascii else _HEIGHTS
    most = max(counts.values())
    columns = "".join(
        (heights[-(-count * len(heights) // most) - 1] if count else " ") * cells
        for count in (counts.get(bucket, 0) for bucket in shown)
    )
    axis = ""
    for number, bucket in enumerate(shown):
        at, label = number * cells, ("|" if ascii else "│") + _label(bucket)
        begins = not bucket or (bucket - 1) % len(_STEPS) == 0
        if begins and (not axis or len(axis) < at) and at + cell_width(label) <= width:
            axis = axis.ljust(at) + label
    return [[Run(columns, style)], [Run(ascii_cells(axis) if ascii else axis, "ruler")]]


def _bucket(length_ns: int) -> int:
    """Number of the step that the length begins with: 0 of less than 1 µs, 1 of less than 2, 2 of less than 5, ..."""
    if length_ns < _NS_PER_US:
        return 0
    digits = str(length_ns // _NS_PER_US)
    leading = int(digits[0])
    return 1 + (len(digits) - 1) * len(_STEPS) + (leading >= 2) + (leading >= 5)


def _edge_ns(bucket: int) -> int:
    """The least length in a bucket."""
    decade, step = divmod(bucket - 1, len(_STEPS))
    return int(_STEPS[step] * 10**decade) * _NS_PER_US if bucket else 0


def _label(bucket: int) -> str:
    return duration(_edge_ns(bucket), 1) if bucket else "0"
