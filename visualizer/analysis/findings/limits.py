"""Time limits around what waits (`with gevent.Timeout(1)`, `asyncio.timeout`, `wait_for`) that struck."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from visualizer.analysis.findings.base import LOCKS, Finding, at, finding, function_of, worst_of
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.ends import deadlock
from visualizer.analysis.findings.setters import broken
from visualizer.analysis.findings.stray_timeouts import struck_waits
from visualizer.analysis.findings.tracebacks import strangeness
from visualizer.analysis.findings.waits import long_waits
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.source_text import called, function_at, in_loop, limited, lines_with
from visualizer.trace import words

#: Where a limit begins that holds for all that is done meanwhile.
_LIMITS = re.compile(r"\b(?:[Tt]imeout(?:_at)?|wait_for|with_timeout|start_new|move_on_after|fail_after)\s*\(")
_WHILE = ("while ",)
#: What is over sooner was most often meant to be: somebody looked whether something had come.
_LONG_NS = 1_000_000_000


@dataclass(slots=True)
class _Struck:
    """The waits of tracks of one name at one line that limits ended: the longest, how long that was; and of all."""

    longest: tuple[int, Suspension]
    cost_ns: int = 0
    times: int = 0
    tracks: dict[int, None] = field(default_factory=dict)


def timed_out(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A time limit that its track had set around it ended a wait of a second or longer. One for each name and line.

    Not of a limit that the call which waits is given itself, as `get(timeout=1)`: who writes that reckons with it. Nor
    of one that is set again and again in a `while` loop, where somebody looks for more; nor if that ended the track by
    an exception, or another problem says who would have ended the wait.
    """
    told_of = {one for what in broken(timeline, observed) for one in what.waiting}
    told_of |= {suspension for _, suspension in struck_waits(timeline)}
    circles = {track for one in deadlock(timeline, observed) for track in one.lost_by}
    alike: dict[tuple[str, Place | None], _Struck] = {}
    for suspension, lasted_ns in _ended_by_limits(timeline, observed):
        track = timeline.tracks[suspension.track]
        if suspension in told_of or (suspension.reason in LOCKS and track.id in circles):
            continue
        if track.state is State.FAILED and not _waited_since(timeline, suspension):
            continue
        key = function_of(timeline, track), suspension.place
        struck = alike.setdefault(key, _Struck((lasted_ns, suspension)))
        struck.longest = max(struck.longest, (lasted_ns, suspension), key=lambda one: one[0])
        struck.cost_ns += lasted_ns
        struck.times += 1
        struck.tracks[track.id] = None
    for struck in alike.values():
        lasted_ns, suspension = struck.longest
        if not _is_around(timeline, suspension):
            continue
        thing = f" for {suspension.object}" if suspension.object and not suspension.object.startswith("track") else ""
        sentence = (
            f"a time limit ended {timeline.name(suspension.track)}'s wait in {suspension.on}{at(suspension.place)}"
            f"{thing} after {duration(lasted_ns, 2)}{worst_of(struck.times, 'such times')}"
        )
        sentence += f" of {len(struck.tracks)} tracks" if len(struck.tracks) > 1 else ""
        tracks = [suspension.track, *struck.tracks]
        yield finding("timed_out", sentence, tracks, suspension.t_ns, suspension.place, struck.cost_ns, struck.tracks)


def _ended_by_limits(timeline: Timeline, observed: Observed) -> Iterator[tuple[Suspension, int]]:
    """Such waits, in order, and how long each was."""
    struck = long_waits(timeline, observed, _LONG_NS, words.TIMEOUT)
    lasted_ns = struck.end_ns - struck.start_ns
    for number, length_ns in zip(struck.suspension.tolist(), lasted_ns.tolist(), strict=True):
        suspension = timeline.suspensions[number]
        if suspension.on and not timeline.tracks[suspension.track].schedules:
            yield suspension, length_ns


def _waited_since(timeline: Timeline, suspension: Suspension) -> bool:
    slices = timeline.tracks[suspension.track].slices
    return any(slices.state[at] == State.WAITING for at in range(slices.at(suspension.t_ns) + 1, len(slices)))


def _is_around(timeline: Timeline, suspension: Suspension) -> bool:
    """Whether the limit was set around the call that waits, as far as the source says, and in no `while` loop.

    Of what a library waits for by itself, as `threading.Timer` does, the source of the program says nothing.
    """
    place = suspension.place
    if place is None or strangeness(place.file) or in_loop(timeline, place, _WHILE):
        return False
    if limited(suspension.on) == suspension.on and suspension.reason not in (words.SLEEP, words.IO):
        call = called(suspension.on)
        if call is None or not suspension.on.endswith("()"):
            return False
    sites = list(lines_with(timeline, _LIMITS))
    function = function_at(timeline, place)
    own = [site for site in sites if function is not None and function_at(timeline, site) == function]
    return bool(sites) and not any(_is_repeated(timeline, site) for site in own or sites)


def _is_repeated(timeline: Timeline, site: Place) -> bool:
    """Whether that line is in a `while` loop, or in a function that is called in one."""
    if in_loop(timeline, site, _WHILE):
        return True
    function = function_at(timeline, site)
    if function is None:
        return False
    calls = re.compile(rf"(?<!def )\b{re.escape(function.function)}\s*\(")
    return any(in_loop(timeline, line, _WHILE) for line in lines_with(timeline, calls))
