"""`visualizer problems`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from visualizer.analysis.text.durations import duration, in_seconds
from visualizer.cli.json_text import echo_json
from visualizer.cli.parts import read_part, trace_argument
from visualizer.cli.progress import progress
from visualizer.cli.reading import echo_lines

if TYPE_CHECKING:
    from visualizer.analysis.findings import Finding, Group
    from visualizer.analysis.model.timeline import Timeline

_NS_PER_S = 1_000_000_000
#: At most this many lines are printed without --all.
_MOST_LINES = 20


@click.command("problems")
@trace_argument
@click.option("--all", "every", is_flag=True, help=f"Print all problems, not only the worst {_MOST_LINES}.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, with all problems.")
@click.option("--fail-on", metavar="KINDS", default="", help="Exit with 1 if there is a problem of one of these kinds.")
def command(file: str, every: bool, as_json: bool, fail_on: str) -> None:
    """Print the problems in a trace, the worst first.

    FILE is a trace, or a part of one: FILE@0.5-2 or FILE@#3-#17; - reads it from stdin. Prints one line for each
    problem, the worst first: what ended the program, then by cost. A line has the cost (the time that tracks lost by
    it, in total; - if none), when it happened, its kind, and a sentence. The same problem of several tracks is one
    line, with their number and the worst of them. `visualizer findings` is the same command.

    --fail-on takes kinds, separated by commas, or `any`. The kind `incomplete` means that part of the trace is missing.
    visualizer/trace/FORMAT.md lists the kinds and their thresholds.

    \b
    Examples:
      visualizer problems run.trace
      visualizer problems run.trace --fail-on hog,deadlock
      visualizer problems run.trace --json | jq '.[] | select(.cost_s > 1) | .sentence'
    """
    from visualizer.analysis.findings import cut_off, findings, grouped, none_found

    failing = _kinds(fail_on)
    part = read_part(file).part
    timeline = part.timeline
    with progress("Looking for problems") as advance:
        found = findings(timeline, advance)
        groups = grouped(timeline, [one for one in found if part.start_ns <= one.t_ns <= part.end_ns])
    if as_json:
        echo_json([_with_others(timeline, group) for group in groups])
    elif groups:
        echo_lines(_lines(groups, len(groups) if every else _MOST_LINES))
    else:
        doing = cut_off(timeline) if part.is_whole else ""
        click.echo(" ".join(filter(None, (none_found(timeline), doing))))
    if any(group.worst.kind in failing for group in groups):
        sys.stdout.flush()
        sys.exit(1)


def _kinds(words: str) -> frozenset[str]:
    """The kinds that `words` lists. Raise click.UsageError if there is no such kind."""
    from visualizer.analysis.findings import KINDS

    kinds = frozenset(word for word in words.replace(",", " ").split())
    if unknown := sorted(kinds - KINDS.keys() - {"any"}):
        raise click.UsageError(f"There is no kind of problem {unknown[0]!r}; there are {', '.join(KINDS)}, and any.")
    return frozenset(KINDS) if "any" in kinds else kinds


def _lines(groups: Sequence[Group], most: int) -> Iterator[str]:
    """A line for each, at most so many lines."""
    shown = groups if len(groups) <= most else groups[: most - 1]
    rows = [(_cost(one), in_seconds(one.worst.t_ns), one.worst.kind, one.sentence) for one in shown]
    cost, time, kind = (max(len(row[column]) for row in rows) for column in range(3))
    for row in rows:
        yield f"{row[0]:>{cost}}  {row[1]:>{time}}  {row[2]:{kind}}  {row[3]}"
    if len(shown) < len(groups):
        yield f"... and {len(groups) - len(shown)} more: --all prints them"


def _cost(group: Group) -> str:
    return f"{duration(group.cost_ns, 2)} lost" if group.cost_ns else "-"


def _with_others(timeline: Timeline, group: Group) -> dict[str, Any]:
    return {
        **_record(timeline, group.worst),
        "count": group.tracks,
        "others": [_record(timeline, one) for one in group.others],
    }


def _record(timeline: Timeline, one: Finding) -> dict[str, Any]:
    from visualizer.analysis.findings import KINDS

    return {
        "kind": one.kind,
        "severity": KINDS[one.kind].severity,
        "sentence": one.sentence,
        "tracks": [timeline.name(track) for track in one.tracks],
        "t": one.t_ns / _NS_PER_S,
        "file": one.file,
        "line": one.line,
        "cost_s": one.cost_ns / _NS_PER_S,
        "lost_by": [timeline.name(track) for track in one.lost_by],
    }
