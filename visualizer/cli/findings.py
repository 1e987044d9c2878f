"""`visualizer findings`."""

from __future__ import annotations

import click
import msgspec

from visualizer.cli.reading import echo_lines, read_trace

_NS_PER_S = 1_000_000_000


@click.command("findings")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def command(file: str, as_json: bool) -> None:
    """Print the problems in a trace, such as blocked hubs and deadlocks.

    FILE is a trace; - reads it from stdin. Prints one line for each problem, in order of time: when, its kind, and a
    sentence. The kind `incomplete` means that part of the trace is missing. visualizer/trace/FORMAT.md lists the kinds
    and their thresholds.

    \b
    Examples:
      visualizer findings run.trace
      visualizer findings run.trace --json | jq '.[] | select(.kind == "hog")'
    """
    found = read_trace(file).findings()
    if as_json:
        records = [
            {
                "kind": one.kind,
                "sentence": one.sentence,
                "tracks": one.tracks,
                "t": one.t_ns / _NS_PER_S,
                "file": one.file,
                "line": one.line,
            }
            for one in found
        ]
        click.echo(msgspec.json.format(msgspec.json.encode(records), indent=2))
        return
    kinds = max((len(one.kind) for one in found), default=0)
    time = max((len(_seconds(one.t_ns)) for one in found), default=0)
    echo_lines(f"{_seconds(one.t_ns):>{time}}  {one.kind:{kinds}}  {one.sentence}" for one in found)
    if not found:
        click.echo("No problems found.")


def _seconds(t_ns: int) -> str:
    return f"{t_ns / _NS_PER_S:.6f} s"
