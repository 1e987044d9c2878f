"""`visualizer events`."""

from __future__ import annotations

import click

from visualizer.cli.parts import read_part, trace_argument
from visualizer.cli.progress import writing


@click.command("events")
@trace_argument
def command(file: str) -> None:
    """Print the events of a trace as JSON Lines.

    FILE is a trace, or a part of one: FILE@0.5-2 or FILE@#3-#17; - reads it from stdin. Prints one object a line,
    in order of time, each with `t` (seconds since the start) and `event`: spawn, switch, wait, wake, exit, mark,
    serves, calls, sample, output, note, held, continued, dropped, cancel, refused, struck, unasked, uncaught or end.
    visualizer/trace/FORMAT.md describes their fields.

    \b
    Examples:
      visualizer events run.trace | jq -c 'select(.event == "switch") | [.t, .from_name, .to_name, .value]'
      visualizer events run.trace > events.jsonl   # pandas.read_json("events.jsonl", lines=True)
    """
    from visualizer.analysis.model.timeline import AT_ONCE
    from visualizer.analysis.report.jsonl import json_lines

    part = read_part(file, says_remarks=True).part
    timeline = part.timeline
    with writing() as advance:
        for number, lines in enumerate(json_lines(timeline, part), 1):
            click.echo(lines, nl=False)
            advance(min(number * AT_ONCE, timeline.arrived), timeline.arrived)
