"""`visualizer events`."""

from __future__ import annotations

from itertools import islice

import click
import msgspec

from visualizer.cli.reading import read_trace

#: Each write is flushed.
_LINES_AT_A_TIME = 1000


@click.command("events")
@click.argument("file")
def command(file: str) -> None:
    """Print what happened as JSON Lines, for jq and pandas.

    FILE is a trace; - reads it from stdin. One object a line, in order of time, each with `t` (seconds since the start)
    and `event`: spawn, switch, wait, wake, exit, sample, output, note, dropped, uncaught or end.
    visualizer/trace/FORMAT.md describes their fields.

    \b
    Examples:
      visualizer events run.trace | jq -c 'select(.event == "switch") | [.t, .from_name, .to_name, .value]'
      visualizer events run.trace > events.jsonl   # pandas.read_json("events.jsonl", lines=True)
    """
    trace = read_trace(file, says_remarks=True)
    encode = msgspec.json.Encoder().encode
    lines = (encode(event) + b"\n" for event in trace.events())
    while batch := b"".join(islice(lines, _LINES_AT_A_TIME)):
        click.echo(batch, nl=False)
