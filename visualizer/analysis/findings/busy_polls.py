"""Who polls: asks again and again, in vain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from visualizer.analysis.findings.base import (
    HOG_NS,
    POLL_BUSY_SHARE,
    POLLS,
    POLLS_NS,
    VAIN_SHARE,
    Finding,
    at,
    finding,
)
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.own_loops import polling_loops
from visualizer.analysis.findings.selects import idle_selects
from visualizer.analysis.findings.stretches import long_slices, long_stretches, resumed_most
from visualizer.analysis.model.timeline import RUNS, Place, State, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import hot_line, lines_sampled
from visualizer.analysis.text.vain_tries import vain_try
from visualizer.trace import words


def is_polling(timeline: Timeline, observed: Observed, track: int) -> bool:
    """Whether it is told as one that polls: it is always ready, and whom it delays is its doing."""
    row = observed.polls.longest.get(track)
    if row is None or row.count < POLLS or row.busy > POLL_BUSY_SHARE * row.count:
        return False
    return timeline.suspensions[row.suspension].t_ns - row.since_ns >= POLLS_NS


def busy_poll(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """POLLS or more sleeps of 0 s, or waits with that limit, in a row, in POLLS_NS, with short steps and nothing else
    between. One a track."""
    for track, row in observed.polls.longest.items():
        suspension = timeline.suspensions[row.suspension]
        lasted_ns = suspension.t_ns - row.since_ns
        if is_polling(timeline, observed, track):
            steps = f", {duration(row.busy_ns, 2)} of it in {row.busy} longer steps," if row.busy else ""
            did = "slept 0 s" if suspension.reason == words.SLEEP else f"waited 0 s in {suspension.on}"
            sentence = (
                f"{timeline.name(track)} polls: it {did} {row.count} times in a row "
                f"for {duration(lasted_ns, 2)}{steps} and was seen to do nothing else{at(suspension.place)}"
            )
            spent_ns = timeline.tracks[track].slices.spent_ns
            cost_ns = spent_ns(State.RUNNING, suspension.t_ns) - spent_ns(State.RUNNING, row.since_ns)
            yield finding("busy_poll", sentence, (track,), row.since_ns, suspension.place, cost_ns, (track,))
    spinning = [*_spinning_threads(timeline)]
    yield from spinning
    told = {one.tracks for one in spinning}
    yield from (one for one in polling_loops(timeline, observed) if one.tracks not in told)
    yield from idle_selects(timeline)


def _spinning_threads(timeline: Timeline) -> Iterator[Finding]:
    """Threads without a hub or loop that were sampled in a loop which only asks, for HOG_NS or longer: the source says
    so. One for each, about the longest time; what it costs is that it keeps the interpreter from others."""
    threads = timeline.tracks.of_kind(words.THREAD)
    busy = {track.id for track in threads} - {timeline.tracks[one].parent for one in timeline.tracks.scheduling()}
    for track in sorted(busy):
        slices = (_sampled_in_vain(timeline, track, *one) for one in long_slices(timeline, track, *RUNS))
        stretches = (_resumed_in_vain(timeline, track, *one) for one in long_stretches(timeline, track))
        found = [one for one in (*slices, *stretches) if one is not None]
        if found:
            longest = max(found, key=lambda one: one.end_ns - one.start_ns)
            sentence = (
                f"{timeline.name(track)} polls: `{longest.written}` ran for "
                f"{duration(longest.end_ns - longest.start_ns, 2)}, {longest.where}, and was seen to do nothing else"
            )
            cost_ns = sum(one.end_ns - one.start_ns for one in found)
            yield finding("busy_poll", sentence, (track,), longest.start_ns, longest.place, cost_ns, (track,))


class _InVain(NamedTuple):
    """What a loop tried between these times, as it is written, without waiting; and where, in words."""

    start_ns: int
    end_ns: int
    written: str
    place: Place
    where: str


def _sampled_in_vain(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> _InVain | None:
    """What a loop tries where the track was seen the most, if it was seen to do hardly anything else."""
    seen = lines_sampled(timeline, track, start_ns, end_ns)
    tried = vain_try(timeline, seen[0].place) if seen else None
    if tried is None:
        return None
    place = seen[0].place
    idle = sum(one.times for one in seen if one.place.file == place.file and one.place.line in tried.lines)
    if idle < VAIN_SHARE * seen[0].of:
        return None
    return _InVain(start_ns, end_ns, tried.written, place, hot_line(timeline, seen[0], quotes=False))


def _resumed_in_vain(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> _InVain | None:
    """The same where it resumed generators for that all the time, and nothing else."""
    resumed = resumed_most(timeline, track, start_ns, end_ns)
    tried = vain_try(timeline, resumed.place) if resumed is not None else None
    if resumed is None or tried is None or resumed.times < VAIN_SHARE * resumed.of:
        return None
    if resumed.end_ns - resumed.start_ns < HOG_NS:
        return None
    return _InVain(resumed.start_ns, resumed.end_ns, tried.written, resumed.place, resumed.told())
