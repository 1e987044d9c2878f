"""`visualizer explain`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
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

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline
    from visualizer.analysis.report.comparison import Part

#: Names take the width of the longest, but at most this.
_NAME_CELLS = 24
#: This many switches are explained at a time.
_AT_ONCE = 1 << 12


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
    from visualizer.analysis.text.all_sentences import AllSentences
    from visualizer.analysis.text.losses import missing

    timeline, first_switch, stop = part.timeline, part.first, part.stop
    if (lack := missing(timeline)) is not None:
        yield plain(f"{lack}.")
    names = max((cell_width(plain(timeline.name(track))) for track in timeline.tracks), default=0)
    names = min(names, _NAME_CELLS)
    if first_switch >= stop:
        return
    number = len(str(stop)) + 1
    time = len(in_seconds(timeline.switch_ns[stop - 1]))
    fitted = {track: fit(plain(timeline.name(track)), names) for track in timeline.tracks}
    switches = timeline.columns.switches
    sentences = AllSentences(timeline)
    for first in range(first_switch, stop, _AT_ONCE):
        here = slice(first, min(stop, first + _AT_ONCE))
        said = sentences.said(here.start, here.stop)
        rows = zip(switches.ns[here], switches.origin[here], switches.target[here], said, strict=True)
        for index, (t_ns, origin, target, sentence) in enumerate(rows, first + 1):
            if tracks is None or origin in tracks or target in tracks:
                yield (
                    f"{f'#{index}':>{number}}  {in_seconds(t_ns):>{time}}  "
                    f"{fitted[origin]} → {fitted[target]}  {sentence}"
                )
        advance(here.stop - first_switch, stop - first_switch)


def _named(timeline: Timeline, name: str) -> set[int]:
    """The tracks of that name, with or without their numbers. Exit with one sentence if there are none."""
    found = {track.id for track in timeline.tracks.values() if name in timeline.all_names(track.id)}
    if not found:
        names = [timeline.name(track) for track in islice(timeline.tracks, 10)]
        left = len(timeline.tracks) - len(names)
        fail(f"The trace has no track {name!r}; it has {', '.join(names)}{f' and {left} more' if left else ''}.")
    return found
