"""`visualizer explain`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress, islice
from operator import add
from typing import TYPE_CHECKING

import click

from visualizer.analysis.text.durations import in_seconds
from visualizer.analysis.text.printable import plain
from visualizer.cli.completion import tracks as names_of_tracks
from visualizer.cli.parts import read_part, trace_argument
from visualizer.cli.progress import Advance, writing
from visualizer.cli.reading import echo_lines
from visualizer.cli.streams import fail
from visualizer.paint.text.cell_width import cell_width, fit
from visualizer.trace import words

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline
    from visualizer.analysis.report.comparison import Part
    from visualizer.trace.columns import Column

#: Names take the width of the longest, but at most this.
_NAME_CELLS = 24
#: This many switches are explained at a time.
_AT_ONCE = 1 << 12
_NS_PER_S = 1_000_000_000
#: Of greater times a nanosecond may be more than half of what two fractions of a second differ by.
_LARGEST_NS = 1 << 52


@click.command("explain")
@trace_argument
@click.option(
    "--track",
    metavar="NAME",
    shell_complete=names_of_tracks,
    help="Only switches to and from this track, or all tracks of that name.",
)
def command(file: str, track: str | None) -> None:
    """Explain why each switch happened, in a sentence.

    FILE is a trace, or a part of one: FILE@0.5-2 or FILE@#3-#17; - reads it from stdin. Prints one line for each
    switch: its number, its time, the tracks it leads from and to, and the sentence. What was not observed is marked
    as inferred; a cause that the trace does not contain is called unknown. If part of the trace is missing, the
    first line says so.

    \b
    Examples:
      visualizer explain run.trace
      visualizer explain run.trace@#1-#18
      visualizer explain run.trace --track worker-2
    """
    part = read_part(file).part
    tracks = None if track is None else _named(part.timeline, track)
    with writing() as advance:
        echo_lines(explained(part, tracks, advance))


def explained(part: Part, tracks: set[int] | None, advance: Advance) -> Iterator[str]:
    """A line for each switch to or from `tracks` (None: all); before them a line on what is missing, if anything."""
    import numpy as np

    from visualizer.analysis.text.all_sentences import AllSentences
    from visualizer.analysis.text.losses import missing

    timeline, first_switch, stop = part.timeline, part.first, part.stop
    if (lack := missing(timeline)) is not None:
        yield plain(f"{lack}.")
    names = {track: plain(name) for track, name in timeline.names().items()}
    if first_switch >= stop:
        return
    width = min(max(map(cell_width, names.values()), default=0), _NAME_CELLS)
    fitted = _Fitted(names, width)
    switches = timeline.columns.switches
    goes_on = np.array([cause == words.UNPARK for cause, _ in switches.details.known])[np.asarray(switches.detail)]
    # Another tool's trace does not say from which track, and a thread that goes on comes from none.
    has_origins = not timeline.is_foreign and not goes_on[first_switch:stop].all()

    def from_to(origin: int, target: int, cause: str) -> str:
        if not has_origins:
            return f"{fitted[target]}  "
        is_known = origin != words.NOBODY and cause != words.UNPARK
        return f"{f'{fitted[origin]} → ' if is_known else ' ' * (width + 3)}{fitted[target]}  "

    sentences = AllSentences(timeline, from_to, names)
    number, time = len(str(stop)) + 1, len(in_seconds(timeline.switch_ns[stop - 1])) - 2
    for first in range(first_switch, stop, _AT_ONCE):
        here = slice(first, min(stop, first + _AT_ONCE))
        said = sentences.said(here.start, here.stop)
        lines: Iterator[str] = map(add, _heads(first, np.asarray(switches.ns)[here], number, time), said)
        if tracks is not None:
            ends = zip(switches.origin[here], switches.target[here], strict=True)
            lines = compress(lines, (not tracks.isdisjoint(both) for both in ends))
        yield from lines
        advance(here.stop - first_switch, stop - first_switch)


class _Fitted(dict[int, str]):
    """Names of tracks in so many cells, each made when it is first asked for."""

    def __init__(self, names: dict[int, str], width: int) -> None:
        super().__init__()
        self._names = names
        self._width = width

    def __missing__(self, track: int) -> str:
        self[track] = found = fit(self._names[track], self._width)
        return found


def _heads(first: int, ns: Column, number: int, time: int) -> list[str]:
    """Number and time of the switches from number `first` on, at these ascending times, in so many cells."""
    import numpy as np

    if not 0 <= ns[0] <= ns[-1] < _LARGEST_NS:
        row = f"%{number}s  %{time}.6f s  "
        return [row % (f"#{at}", t_ns / _NS_PER_S) for at, t_ns in enumerate(ns.tolist(), first + 1)]
    # The digits of all of them at once: a million take a third of the time.
    microseconds = (ns + 500) // 1000
    for at in np.flatnonzero(ns % 1000 == 500).tolist():
        # In the middle it depends on which fraction of two is nearest.
        microseconds[at] = int(f"{ns[at] / _NS_PER_S:.6f}".replace(".", ""))
    seconds, fraction = np.divmod(microseconds, 1_000_000)
    parts = (
        _digits(np.arange(first + 1, first + 1 + len(ns)), number), "  ", _digits(seconds, time - 7), ".",
        _digits(fraction + 1_000_000, 7)[:, 1:], " s  ",
    )
    cells = np.concatenate(
        [np.tile([*map(ord, part)], (len(ns), 1)) if isinstance(part, str) else part for part in parts], axis=1
    ).astype(np.uint32)
    cells[np.arange(len(ns)), (cells[:, :number] == ord(" ")).sum(axis=1) - 1] = ord("#")
    heads: list[str] = cells.view(f"U{cells.shape[1]}").ravel().tolist()
    return heads


def _digits(numbers: Column, width: int) -> Column:
    """The digits of each, as codes of characters, behind blanks."""
    import numpy as np

    cells = np.empty((len(numbers), width), dtype=np.int64)
    for place in reversed(range(width)):
        left = numbers // 10
        cells[:, place] = np.where((numbers > 0) | (place == width - 1), numbers - 10 * left + ord("0"), ord(" "))
        numbers = left
    return cells


def _named(timeline: Timeline, name: str) -> set[int]:
    """The tracks of that name, with or without their numbers. Exit with one sentence if there are none."""
    found = {track.id for track in timeline.tracks.values() if name in timeline.all_names(track.id)}
    if not found:
        names = [timeline.name(track) for track in islice(timeline.tracks, 10)]
        left = len(timeline.tracks) - len(names)
        fail(f"The trace has no track {name!r}; it has {', '.join(names)}{f' and {left} more' if left else ''}.")
    return found
