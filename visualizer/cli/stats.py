"""`visualizer stats`."""

from __future__ import annotations

import ntpath
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import click

from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.cli.json_text import echo_json
from visualizer.cli.painted import columns
from visualizer.cli.parts import read_part, trace_argument
from visualizer.cli.progress import progress
from visualizer.cli.reading import echo_lines
from visualizer.cli.streams import on_terminal
from visualizer.paint.text.tables import table

if TYPE_CHECKING:
    from visualizer.analysis.report.details import (
        Fairness,
        Figures,
        SampledLine,
        Served,
        Spread,
        TotalDetails,
        TrackDetails,
        Wakes,
    )
    from visualizer.analysis.report.statistics import Totals, TrackStatistics

_TIMES = ("kind", "state", "steps", "running", "ready", "waiting", "blocked", "idle")
_SHARES = ("run %", "ready %", "wait %", "block %", "idle %")
_STATES = ("RUNNING", "READY", "WAITING", "BLOCKED", "IDLE")
_SPREADS = ("step p50", "p95", "max", "delay p50", "p95", "max")
_FAIRNESS = ("fairness among", "tracks", "steps", "running", "ready")
_SAMPLES = ("samples", "%", "track", "in", "at")
_LATE = ("late", "total", "track")
_REQUESTS = ("longest", "total", "times", "request")
_WAITS = ("waited", "times", "reason", "for", "at")
#: At most this many late tracks, waits and sampled lines are printed.
_MOST = 10
#: At most this many tracks have a row.
_MOST_TRACKS = 2_000
#: A matrix with more columns is printed as a list.
_MOST_COLUMNS = 12
_NS_PER_S = 1_000_000_000


@click.command("stats")
@trace_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with exact seconds.")
@click.option("--wakes", is_flag=True, help="Print which track wakes which, and how often.")
def command(file: str, as_json: bool, wakes: bool) -> None:
    """Print how each track spent its time.

    FILE is a trace, or a part of one: FILE@0.5-2 or FILE@#3-#17; - reads it from stdin. Prints for each track: its
    kind, its final state, its number of steps (switches to it), and how long it was running, ready (it could have run,
    but another track did) and waiting. A hub is idle while it polls, a thread also in a select, and any other track
    while it waits in a call without yielding (inferred: it uses no processor time). A hub is blocked while a track
    keeps it from running for 100 ms or longer. Of more than 2,000 tracks, those that ran longest are printed. Then, for
    each track: the share of its life in each state; the length of its steps and its scheduling delay (from ready to
    running): median, 95th percentile and maximum; how often it woke others and was woken. Then: fairness among tracks
    of one function or one scheduler (1: all served equally, 1/n: only one of n); tracks that ran later than their
    sleeps and time limits asked for (the longest delay and the total, including the time of a blocked hub, which the
    scheduling delay excludes); the longest waits; and the lines at which tracks were sampled that ran without a switch
    (about every 25 ms).

    \b
    Examples:
      visualizer stats run.trace
      visualizer stats run.trace --wakes
      visualizer stats run.trace --json | jq '.tracks[] | select(.ready_s > 0.1) | .name'
    """
    from visualizer.analysis.report.details import Figures

    part = read_part(file).part
    span = None if part.is_whole else (part.start_ns, part.end_ns)
    with progress("Adding up") as advance:
        found = Figures(part.timeline, span, advance)
        lines = report(found, _columns())
        if not as_json and not wakes:
            # Of a long trace the rest takes a while.
            echo_lines(islice(lines, 1))
        if not wakes:
            found.add_up()
    if as_json:
        echo_json(found.details())
    elif wakes:
        echo_lines(who_wakes_whom(found.who_woke_whom(), _columns()))
    else:
        echo_lines(lines)


def _known(found: Figures) -> str:
    """Of how many wakes the cause is known."""
    wakes, unknown = found.wakes, found.wakes_unknown
    if not wakes:
        return ""
    if not unknown:
        return f"; {_count(wakes, 'wake')}, the cause of each known"
    return f"; {_count(wakes, 'wake')}, the cause of {unknown} unknown ({unknown / wakes:.2%})"


def _columns() -> int | None:
    """The width of the terminal; elsewhere a table is as wide as it needs."""
    return columns() if on_terminal() else None


def report(found: Figures, width: int | None = None) -> Iterator[str]:
    """The printed lines: times, shares and distributions of each track, and the longest waits.

    Tables are at most `width` cells wide; None: as wide as they need.
    """
    paused = f"; paused {_count(found.stops, 'time')}, for {_time(found.held_s)} in addition" if found.stops else ""
    yield f"{_count(found.switches, 'switch', 'es')} in {_time(found.duration_s)}{paused}{_known(found)}"
    yield ""
    several = len(found.timeline.processes) > 1 and bool(found.rows)
    rows_shown, left = _busiest(found)
    shown, totals = [found.track(row, 0) for row in rows_shown], found.totals(_MOST)
    rows = [
        (plain(track.name), *[str(track.process)] * several, plain(track.kind), track.state, str(track.steps),
         *_spent(track))
        for track in shown
    ]
    total = (
        "total", *[""] * several, _count(totals.tracks, "track"), "", str(totals.steps), *_spent(totals),
    )
    titles = ("track", *["process"] * several, *_TIMES)
    yield from table(titles, rows, total, words=3 + several, width=width)
    yield from left
    yield ""
    rows = [(plain(t.name), *_shares(t), *_spreads(t), str(t.wakes_given), str(t.wakes_received)) for t in shown]
    total = ("total", *_shares(totals), *_spreads(totals), str(totals.wakes), str(totals.wakes))
    heads = ("track", *_SHARES, *_SPREADS, "woke", "woken")
    yield from table(heads, rows, total, words=1, width=width, together=(5, 3, 3, 2))
    yield from left
    yield from _fairness(found.fairness(), width)
    yield from _requests(found.served(), width)
    yield from _late(found, width)
    yield from _waits(totals, found.reasons, width)
    yield from _sampled(found.sampled(), width)


def _busiest(found: Figures) -> tuple[Sequence[int], list[str]]:
    """Rows of all of the tracks, or, of very many, of those that ran longest, in the same order; and a line on the
    others."""
    if (more := len(found.rows) - _MOST_TRACKS) <= 0:
        return found.rows, []
    longest = (-found.seconds["running_s"][found.rows]).argsort(kind="stable")[:_MOST_TRACKS]
    rows = [found.rows[at] for at in sorted(longest.tolist())]
    return rows, [f"... and {more} more that ran for less: --json has them"]


def who_wakes_whom(wakes: Sequence[Wakes], width: int | None = None) -> Iterator[str]:
    """A row for each waker and a column for each woken track; a list if that takes too many columns."""
    woken = {wake.woken: plain(wake.woken_name) for wake in wakes}
    if not wakes:
        yield "No track was woken."
    elif len(woken) > _MOST_COLUMNS:
        often = sorted(wakes, key=lambda wake: -wake.count)
        listed = [(_waker(wake), plain(wake.woken_name), str(wake.count)) for wake in often]
        yield from table(("waker", "wakes", "times"), listed, words=2, width=width)
    else:
        counts = {(wake.waker, wake.woken): str(wake.count) for wake in wakes}
        wakers = {wake.waker: _waker(wake) for wake in wakes}
        ordered = sorted(woken)
        rows = [(name, *(counts.get((waker, one), "-") for one in ordered)) for waker, name in wakers.items()]
        yield from table(("wakes", *(woken[one] for one in ordered)), rows, words=1, width=width)


def _longest(
    titles: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, numbers: int = 2, of: int | None = None
) -> Iterator[str]:
    """The first of the rows, which begin with so many numbers, and how many more there are, `of` so many in all."""
    if rows:
        yield ""
        yield from table(titles, rows[:_MOST], numbers=numbers, width=width)
    if (more := (len(rows) if of is None else of) - _MOST) > 0:
        yield f"... and {more} more: --json has them"


def _fairness(groups: Sequence[Fairness], width: int | None) -> Iterator[str]:
    if groups:
        rows = []
        for group in groups:
            spreads = (group.steps, group.running, group.ready)
            rows.append((plain(group.of), str(len(group.tracks)), *(f"{spread:.2f}" for spread in spreads)))
        yield ""
        yield from table(_FAIRNESS, rows, words=1, width=width)


def _requests(served: Iterable[Served], width: int | None) -> Iterator[str]:
    """What was served, what took longest in all first: how long it took, and how often; those that ended."""
    taken: dict[str, list[float]] = {}
    for one in served:
        if one.end_s is not None:
            taken.setdefault(one.what, []).append(one.end_s - one.start_s)
    rows = [
        (_time(max(times)), _time(sum(times)), str(len(times)), plain(what))
        for what, times in sorted(taken.items(), key=lambda one: -sum(one[1]))
    ]
    return _longest(_REQUESTS, rows, width, numbers=3)


def _late(found: Figures, width: int | None) -> Iterator[str]:
    """The tracks that ran later than they asked to, the latest first."""
    total_ns, most_ns = found.times.late_ns.tolist(), found.times.late_max_ns.tolist()
    late = sorted((row for row in found.rows if total_ns[row] > 0), key=lambda row: -most_ns[row])
    rows = [
        (duration(most_ns[row], 2), duration(total_ns[row], 2), plain(found.names[found.ids[row]]))
        for row in late[:_MOST]
    ]
    return _longest(_LATE, rows, width, of=len(late))


def _waits(totals: TotalDetails, count: int, width: int | None) -> Iterator[str]:
    """`count`: how many things were waited for."""
    rows = []
    for wait in totals.waited_by_expression:
        at = f"{ntpath.basename(wait.file)}:{wait.line}" if wait.file else "-"
        rows.append((_time(wait.waited_s), str(wait.count), plain(wait.reason), plain(wait.on or "-"), plain(at)))
    return _longest(_WAITS, rows, width, of=count)


def _sampled(lines: Sequence[SampledLine], width: int | None) -> Iterator[str]:
    """Where tracks were sampled that ran without a switch."""
    total = sum(line.samples for line in lines)
    rows = []
    for line in lines:
        at, share = f"{ntpath.basename(line.file)}:{line.line}", f"{100 * line.samples / total:.0f}"
        rows.append((str(line.samples), share, plain(line.name), plain(line.function), plain(at)))
    return _longest(_SAMPLES, rows, width)


def _waker(wake: Wakes) -> str:
    return plain(wake.waker_name) if wake.waker_name is not None else "(unknown)"


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}{'' if number == 1 else plural}"


def _time(seconds: float, digits: int = 3) -> str:
    return duration(round(seconds * _NS_PER_S), digits)


def _spent(by: TrackStatistics | Totals) -> tuple[str, ...]:
    seconds = (by.running_s, by.ready_s, by.waiting_s, by.blocked_s, by.idle_s)
    return tuple(_time(s) if s else "-" for s in seconds)


def _shares(by: TrackDetails | TotalDetails) -> tuple[str, ...]:
    return tuple(f"{100 * by.share[state]:.1f}" if by.share[state] else "-" for state in _STATES)


def _spreads(by: TrackDetails | TotalDetails) -> tuple[str, ...]:
    def cells(spread: Spread) -> tuple[str, ...]:
        lengths = (spread.median_s, spread.p95_s, spread.max_s)
        return tuple(_time(length, 2) for length in lengths) if spread.count else ("-", "-", "-")

    return (*cells(by.step), *cells(by.latency))
