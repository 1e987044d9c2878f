"""`visualizer explain`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import click

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.losses import missing
from visualizer.analysis.text.printable import plain
from visualizer.cli import fail
from visualizer.cli.progress import Advance, writing
from visualizer.cli.reading import echo_lines, read_trace
from visualizer.paint.text.cell_width import cell_width, fit

#: The names have as much room as the longest needs, but no more than this.
_NAME_CELLS = 24
#: So many switches are looked at together.
_AT_ONCE = 1 << 12
_NS_PER_S = 1_000_000_000


@click.command("explain")
@click.argument("file")
@click.option("--track", metavar="NAME", help="Only the switches to and from this track, or to all of that name.")
def command(file: str, track: str | None) -> None:
    """Print for each switch, in a sentence, who runs and why.

    FILE is a trace; - reads it from stdin. One line each: the number of the switch, its time, from whom control passed
    to whom, and the sentence. What is only inferred says so; a cause that the trace does not tell is called unknown.
    If some of the trace could not be read, the first line says so.

    \b
    Examples:
      visualizer explain run.trace
      visualizer explain run.trace --track worker-2
    """
    timeline = read_trace(file).timeline
    tracks = None if track is None else _named(timeline, track)
    with writing() as advance:
        echo_lines(explained(timeline, tracks, advance))


def explained(timeline: Timeline, tracks: set[int] | None, advance: Advance) -> Iterator[str]:
    """A line for each switch to or from one of `tracks`, None for all; first what is missing, if anything is."""
    if (lack := missing(timeline)) is not None:
        yield plain(f"{lack}.")
    count = timeline.switch_count
    names = max((cell_width(plain(timeline.name(track))) for track in timeline.tracks), default=0)
    names = min(names, _NAME_CELLS)
    number = len(str(count)) + 1
    if not count:
        return
    time = len(_seconds(timeline.switch_ns[-1]))
    fitted = {track: fit(plain(timeline.name(track)), names) for track in timeline.tracks}
    switches = timeline.columns.switches
    sentences = AllSentences(timeline)
    for first in range(0, count, _AT_ONCE):
        here = slice(first, min(count, first + _AT_ONCE))
        said = sentences.said(here.start, here.stop)
        rows = zip(switches.ns[here], switches.origin[here], switches.target[here], said, strict=True)
        for index, (t_ns, origin, target, sentence) in enumerate(rows, first + 1):
            if tracks is None or origin in tracks or target in tracks:
                yield (
                    f"{f'#{index}':>{number}}  {_seconds(t_ns):>{time}}  "
                    f"{fitted[origin]} → {fitted[target]}  {sentence}"
                )
        advance(here.stop, count)


def _named(timeline: Timeline, name: str) -> set[int]:
    """The tracks of that name, with or without their numbers. Exit with one sentence if there is none."""
    found = {track.id for track in timeline.tracks.values() if name in (timeline.name(track.id), track.base_name)}
    if not found:
        names = [timeline.name(track) for track in islice(timeline.tracks, 11)]
        more = ", ..." if len(names) > 10 else ""
        fail(f"The trace has no track {name!r}; it has {', '.join(names[:10])}{more}.")
    return found


def _seconds(t_ns: int) -> str:
    return f"{t_ns / _NS_PER_S:.6f} s"
