"""`visualizer events`."""

from __future__ import annotations

import click

from visualizer.analysis.model.timeline import AT_ONCE
from visualizer.analysis.report.jsonl import json_lines
from visualizer.cli.json_text import printable_json
from visualizer.cli.progress import writing
from visualizer.cli.reading import read_trace


@click.command("events")
@click.argument("file")
def command(file: str) -> None:
    """Print the events of a trace as JSON Lines.

    FILE is a trace; - reads it from stdin. Prints one object a line, in order of time, each with `t` (seconds since the
    start) and `event`: spawn, switch, wait, wake, exit, sample, output, note, dropped, uncaught or end.
    visualizer/trace/FORMAT.md describes their fields.

    \b
    Examples:
      visualizer events run.trace | jq -c 'select(.event == "switch") | [.t, .from_name, .to_name, .value]'
      visualizer events run.trace > events.jsonl   # pandas.read_json("events.jsonl", lines=True)
    """
    timeline = read_trace(file, says_remarks=True).timeline
    with writing() as advance:
        for number, lines in enumerate(json_lines(timeline), 1):
            click.echo(printable_json(lines), nl=False)
            advance(min(number * AT_ONCE, timeline.arrived), timeline.arrived)
