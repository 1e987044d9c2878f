"""`visualizer stats`."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec
from wcwidth import wcswidth

from visualizer.analysis.durations import duration
from visualizer.analysis.plain import plain
from visualizer.analysis.statistics import Statistics, Totals, TrackStatistics, statistics
from visualizer.cli.reading import echo_lines, read_timeline

_HEADS = ("track", "kind", "state", "steps", "running", "ready", "waiting", "idle")
#: The columns of words are flush left, those of numbers flush right.
_WORD_COLUMNS = 3
_NS_PER_S = 1_000_000_000


@click.command("stats")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with exact seconds.")
def command(file: str, as_json: bool) -> None:
    """Print how each track spent its time.

    FILE is a trace; - reads it from stdin. For each track: its kind, its state at the end, how often it was switched
    to, and for how long it was running, ready (it could have run but another did) and waiting. A hub that polls is
    idle.

    \b
    Examples:
      visualizer stats run.trace
      visualizer stats run.trace --json | jq '.tracks[] | select(.ready_s > 0.1) | .name'
    """
    found = statistics(read_timeline(file))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    echo_lines(table(found))


def table(found: Statistics) -> list[str]:
    """The lines of the table: heads, one a track, the totals."""
    rows = [
        (plain(track.name), plain(track.kind), track.state, str(track.steps), *_spent(track)) for track in found.tracks
    ]
    rows.append(("total", _count(found.totals.tracks, "track"), "", str(found.totals.steps), *_spent(found.totals)))
    widths = [max(_width(row[column]) for row in (_HEADS, *rows)) for column in range(len(_HEADS))]
    lines = [_line(row, widths) for row in (_HEADS, *rows)]
    rule = "-" * max(map(_width, lines))
    lasted = duration(round(found.duration_s * _NS_PER_S))
    return [f"{_count(found.switches, 'switch', 'es')} in {lasted}", "", lines[0], rule, *lines[1:-1], rule, lines[-1]]


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}{'' if number == 1 else plural}"


def _spent(by: TrackStatistics | Totals) -> tuple[str, ...]:
    seconds = (by.running_s, by.ready_s, by.waiting_s, by.idle_s)
    return tuple(duration(round(s * _NS_PER_S)) if s else "-" for s in seconds)


def _width(text: str) -> int:
    """Terminal cells; a character of unknown width counts as one."""
    width = wcswidth(text)
    return width if width >= 0 else len(text)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = []
    for column, (text, width) in enumerate(zip(row, widths, strict=True)):
        padding = " " * (width - _width(text))
        cells.append(text + padding if column < _WORD_COLUMNS else padding + text)
    return "  ".join(cells).rstrip()
