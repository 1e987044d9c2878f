"""Why a track ran at a moment, and what its running led to: one link of a causal chain at a time.

Only what the trace tells is followed: who woke a track, who switched to it. Where the cause lies outside of the
program (a descriptor became ready), or is not known, the chain ends, and says so.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from visualizer.analysis.explore.lateness import lateness
from visualizer.analysis.model.connections import across
from visualizer.analysis.model.timeline import State, Suspension, Timeline, Track, Wakeup
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words

#: Causes of a wake by a timer that the woken track had set itself.
_OWN_TIMER = (words.TIMER, words.TIMEOUT)


class Standpoint(NamedTuple):
    """A moment `t_ns` in the run that `track` began with one of the switches up to number `switch`."""

    track: int
    switch: int
    t_ns: int


class Cause(NamedTuple):
    """`said` is why a track ran; `at` where whoever brought it about did so, None where the chain ends."""

    said: str
    at: Standpoint | None


class Effect(NamedTuple):
    """`said` is what a run led to; `at` the run that it led to, None if to none. It was the first of `among`."""

    said: str
    at: Standpoint | None
    among: int = 0


def standpoint(timeline: Timeline, switch: int, t_ns: int) -> Standpoint:
    """That of the track which runs after switch number `switch`, at `t_ns`."""
    return Standpoint(timeline.running_at(switch), switch, t_ns)


def why(timeline: Timeline, at: Standpoint, says_late: bool = True) -> Cause:
    """Why the track ran there: who woke it or switched to it, at the moment of doing so. Whoever does not need to be
    told what kept it waiting since then (`says_late`) saves a look at each track."""
    track = timeline.tracks.get(at.track)
    if track is None:
        return Cause("Nothing runs here", None)
    step = _step(track, at.switch)
    name = timeline.name(track.id, at.t_ns)
    if step < 0:
        return Cause(plain(f"{name} has run from the start: no switch led to it"), None)
    index = track.steps[step]
    said = f"{sentence(timeline, index)}"
    wakeup, suspension = timeline.made_ready(track, track.step_slices[step])
    if wakeup is not None:
        late = lateness(timeline, index, wakeup, suspension) if says_late else ""
        said = plain(f"{said}; {late}") if late else said
        return _why_woken(timeline, track, index, said, wakeup, suspension)
    switch = timeline.switch(index)
    origin = timeline.tracks[switch.origin]
    if origin.schedules or origin.kind == words.UNKNOWN or switch.cause in words.SUSPENDS_NOBODY:
        return Cause(said, None)
    return Cause(said, Standpoint(origin.id, index - 1, switch.t_ns))


def led_to(timeline: Timeline, at: Standpoint) -> Effect:
    """What the run did from `t_ns` on: the first that it woke, else whom it switched to, else its own next run.

    A hub's own run leads to whoever runs next on its thread.
    """
    track = timeline.tracks.get(at.track)
    if track is None:
        return Effect("Nothing runs here", None)
    step = _step(track, at.switch)
    run = track.step_slices[step] if step >= 0 else 0
    name = timeline.name(track.id, at.t_ns)
    again_ns = track.slices.start_ns[track.step_slices[step + 1]] if step + 1 < len(track.steps) else None
    woken = _wakes_given(timeline, track.id, at.t_ns, _end_of_run(track, run), again_ns)
    for number in woken:
        wakeup = timeline.wakeups[number]
        effect = _run_of_wakeup(timeline, number)
        if effect is not None and effect.switch <= at.switch:
            # With a coarse clock a wake may be of this very moment, and yet before.
            continue
        if effect is not None:
            return Effect(plain(sentence(timeline, effect.switch)), effect, len(woken))
        if len(woken) == 1:
            woken_name = timeline.name(wakeup.track, wakeup.t_ns)
            return Effect(plain(f"{name} woke {woken_name}, which did not run again"), None, 1)
    following = _switch_from(timeline, track, step)
    if following is None:
        return Effect(plain(f"{name} runs to the end of the trace"), None)
    switch = timeline.switch(following)
    if track.schedules or not timeline.tracks[switch.target].schedules:
        return Effect(sentence(timeline, following), Standpoint(switch.target, following, switch.t_ns), 1)
    if switch.suspension >= 0 and step + 1 < len(track.steps):
        own = track.steps[step + 1]
        wake, _ = timeline.made_ready(track, track.step_slices[step + 1])
        if wake is not None and wake.cause in _OWN_TIMER:
            return Effect(sentence(timeline, own), Standpoint(track.id, own, timeline.switch_ns[own]), 1)
    return Effect(plain(f"{name} had no known effect from here until it stopped running"), None)


def _why_woken(
    timeline: Timeline, track: Track, index: int, said: str, wakeup: Wakeup, suspension: Suspension | None
) -> Cause:
    waker = timeline.tracks.get(wakeup.waker)
    # What woke it was before it ran, whatever a coarse clock says.
    before = min(timeline.switch_before(wakeup.t_ns), index - 1)
    if wakeup.cause in _OWN_TIMER and suspension is not None:
        began = timeline.switch_before(suspension.t_ns)
        asked = f", {duration(wakeup.t_ns - suspension.t_ns, 2)} earlier" if wakeup.t_ns > suspension.t_ns else ""
        return Cause(
            plain(f"{said}; {timeline.name(track.id, suspension.t_ns)} set this timer itself{asked}"),
            Standpoint(track.id, min(began, index) - 1, suspension.t_ns),
        )
    giver = timeline.tracks.get(across(timeline, suspension, wakeup.t_ns)) if suspension is not None else None
    if giver is not None and wakeup.cause == words.IO and (step := _step(giver, before)) >= 0:
        at = giver.steps[step]
        said = plain(f"{said}; {timeline.name(giver.id, wakeup.t_ns)} has the other end of the connection")
        return Cause(said, Standpoint(giver.id, at, timeline.switch_ns[at]))
    if waker is None or waker.schedules:
        outside = "" if wakeup.cause == words.TURN or waker is None else "; the cause is outside the program"
        return Cause(plain(said + outside), None)
    return Cause(said, Standpoint(waker.id, before, wakeup.t_ns))


def _step(track: Track, switch: int) -> int:
    """Which of the track's steps is the last up to switch number `switch`, -1 if none."""
    return bisect_right(track.steps, switch) - 1


def _end_of_run(track: Track, run: int) -> int | None:
    """When the track stops running; None if it still runs."""
    end = track.slices.end_of_run(run)
    return track.slices.start_ns[end] if end < len(track.slices) else None


def _wakes_given(
    timeline: Timeline, waker: int, since_ns: int, until_ns: int | None, again_ns: int | None
) -> list[int]:
    """Numbers of the wakes that `waker` gave from `since_ns` to the end of its run at `until_ns`, both included.

    If there are none, the first after that and before it runs again at `again_ns`: those who wait for somebody's end
    are woken when that is over.
    """
    wakeups = timeline.wakeups
    found: list[int] = []
    first = bisect_right(wakeups, since_ns - 1, key=lambda wakeup: wakeup.t_ns)
    for number in range(first, len(wakeups)):
        wakeup = wakeups[number]
        over = until_ns is not None and wakeup.t_ns > until_ns
        if over and (found or (again_ns is not None and wakeup.t_ns >= again_ns)):
            break
        if wakeup.waker == waker and wakeup.cause != words.TURN:
            found.append(number)
    return found


def _run_of_wakeup(timeline: Timeline, number: int) -> Standpoint | None:
    """The run that wakeup number `number` brought about; None if there is none."""
    wakeup = timeline.wakeups[number]
    track = timeline.tracks.get(wakeup.track)
    if track is None:
        return None
    slices = track.slices
    step = bisect_right(track.steps, timeline.switch_before(wakeup.t_ns))
    # With a coarse clock the run may be of the same time as the wake.
    for candidate in range(max(0, step - 1), min(step + 2, len(track.steps))):
        run = track.step_slices[candidate]
        if run > 0 and slices.state[run - 1] == State.READY and slices.about[run - 1] == number:
            index = track.steps[candidate]
            return Standpoint(track.id, index, timeline.switch_ns[index])
    return None


def _switch_from(timeline: Timeline, track: Track, step: int) -> int | None:
    """Number of the switch that ended the run of that step; None if it has not ended."""
    first = track.steps[step] + 1 if step >= 0 else 0
    last = track.steps[step + 1] if step + 1 < len(track.steps) else timeline.switch_count
    return next((index for index in range(first, last) if timeline.ends_of(index)[0] == track.id), None)
