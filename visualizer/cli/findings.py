"""`visualizer findings`."""

from __future__ import annotations

from typing import Any

import click

from visualizer.analysis.findings import Finding, findings, grouped
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.durations import in_seconds
from visualizer.cli.json_text import echo_json
from visualizer.cli.parts import read_part, trace_argument
from visualizer.cli.progress import progress
from visualizer.cli.reading import echo_lines

_NS_PER_S = 1_000_000_000


@click.command("findings")
@trace_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def command(file: str, as_json: bool) -> None:
    """Print the problems in a trace, such as blocked hubs and deadlocks.

    FILE is a trace; - reads it from stdin. Prints one line for each problem, the worst first: when, its kind, and a
    sentence. The same problem of several tracks is one line, with their number and the worst of them; --json lists all.
    The kind `incomplete` means that part of the trace is missing. visualizer/trace/FORMAT.md lists the kinds and their
    thresholds.

    \b
    Examples:
      visualizer findings run.trace
      visualizer findings run.trace --json | jq '.[] | select(.kind == "hog")'
    """
    part = read_part(file).part
    timeline = part.timeline
    with progress("Looking for problems") as advance:
        found = findings(timeline, advance)
        groups = grouped(timeline, [one for one in found if part.start_ns <= one.t_ns <= part.end_ns])
    if as_json:
        records = [
            {
                **_record(timeline, group.worst),
                "count": group.tracks,
                "others": [_record(timeline, one) for one in group.others],
            }
            for group in groups
        ]
        echo_json(records)
        return
    kinds = max((len(group.worst.kind) for group in groups), default=0)
    time = max((len(in_seconds(group.worst.t_ns)) for group in groups), default=0)
    echo_lines(
        f"{in_seconds(group.worst.t_ns):>{time}}  {group.worst.kind:{kinds}}  {group.sentence}" for group in groups
    )
    if not groups:
        click.echo("No problems found.")


def _record(timeline: Timeline, one: Finding) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "sentence": one.sentence,
        "tracks": [timeline.name(track) for track in one.tracks],
        "t": one.t_ns / _NS_PER_S,
        "file": one.file,
        "line": one.line,
    }
