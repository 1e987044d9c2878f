"""`visualizer explain`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import click

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.losses import missing
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence
from visualizer.cli import fail
from visualizer.cli.reading import echo_lines, read_trace
from visualizer.paint.text.cell_width import cell_width, fit

#: Names take the width of the longest, but at most this.
_NAME_CELLS = 24
_NS_PER_S = 1_000_000_000


@click.command("explain")
@click.argument("file")
@click.option("--track", metavar="NAME", help="Only switches to and from this track, or all tracks of that name.")
def command(file: str, track: str | None) -> None:
    """Explain why each switch happened, in a sentence.

    FILE is a trace; - reads it from stdin. Prints one line for each switch: its number, its time, the tracks it leads
    from and to, and the sentence. What was not observed is marked as inferred; a cause that the trace does not contain
    is called unknown. If part of the trace is missing, the first line says so.

    \b
    Examples:
      visualizer explain run.trace
      visualizer explain run.trace --track worker-2
    """
    timeline = read_trace(file).timeline
    tracks = None if track is None else _named(timeline, track)
    echo_lines(explained(timeline, tracks))


def explained(timeline: Timeline, tracks: set[int] | None) -> Iterator[str]:
    """A line for each switch to or from `tracks` (None: all); before them a line on what is missing, if anything."""
    if (lack := missing(timeline)) is not None:
        yield plain(f"{lack}.")
    count = timeline.switch_count
    names = max((cell_width(plain(timeline.name(track))) for track in timeline.tracks), default=0)
    names = min(names, _NAME_CELLS)
    number = len(str(count)) + 1
    time = len(_seconds(timeline.switch_ns[-1])) if count else 0
    for index in range(count):
        switch = timeline.switch(index)
        if tracks is not None and switch.origin not in tracks and switch.target not in tracks:
            continue
        origin, target = (fit(plain(timeline.name(who)), names) for who in (switch.origin, switch.target))
        moment = _seconds(switch.t_ns)
        yield f"{f'#{index + 1}':>{number}}  {moment:>{time}}  {origin} → {target}  {sentence(timeline, index)}"


def _named(timeline: Timeline, name: str) -> set[int]:
    """The tracks of that name, with or without their numbers. Exit with one sentence if there are none."""
    found = {track.id for track in timeline.tracks.values() if name in (timeline.name(track.id), track.base_name)}
    if not found:
        names = [timeline.name(track) for track in islice(timeline.tracks, 11)]
        more = ", ..." if len(names) > 10 else ""
        fail(f"The trace has no track {name!r}; it has {', '.join(names[:10])}{more}.")
    return found


def _seconds(t_ns: int) -> str:
    return f"{t_ns / _NS_PER_S:.6f} s"
