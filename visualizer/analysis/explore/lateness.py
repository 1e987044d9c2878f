"""Why a track ran late: which track blocked its hub between the time it was due and the time it ran."""

from __future__ import annotations

from visualizer.analysis.findings.base import LATE_NS, NAMED_NS
from visualizer.analysis.model.timeline import State, Suspension, Timeline, Track, Wakeup
from visualizer.analysis.text.durations import duration
from visualizer.trace import words

#: A hub in one of these states does not run: another track does.
_STOOD = (State.WAITING, State.BLOCKED, State.CREATED)


def lateness(timeline: Timeline, index: int, wakeup: Wakeup, suspension: Suspension | None) -> str:
    """Which track kept running while the track of switch number `index` was due, or ready.

    "" if it was not late by LATE_NS, or not because of other tracks.
    """
    switch = timeline.switch(index)
    hub = timeline.tracks[switch.origin]
    if not hub.schedules:
        return ""
    parts = []
    if wakeup.cause in (words.TIMER, words.TIMEOUT) and suspension is not None and suspension.asked_ns > 0:
        who = _kept(timeline, hub, suspension.t_ns + suspension.asked_ns, wakeup.t_ns)
        parts += [f"{who} meanwhile"] if who else []
    waited_ns = switch.t_ns - wakeup.t_ns
    who = _kept(timeline, hub, wakeup.t_ns, switch.t_ns)
    parts += [f"it was ready for {duration(waited_ns, 2)} while {who}"] if who else []
    return "; ".join(parts)


def _kept(timeline: Timeline, hub: Track, due_ns: int, until_ns: int) -> str:
    """Which track ran while the hub was blocked between the two times."""
    if until_ns - due_ns < LATE_NS:
        return ""
    slices = hub.slices
    stood_ns, longest = 0, (NAMED_NS, -1)
    for number in range(max(0, slices.at(due_ns)), len(slices)):
        start_ns = slices.start_ns[number]
        if start_ns >= until_ns:
            break
        if slices.state[number] in _STOOD:
            end_ns = slices.start_ns[number + 1] if number + 1 < len(slices) else until_ns
            shared_ns = min(end_ns, until_ns) - max(start_ns, due_ns)
            stood_ns += shared_ns
            longest = max(longest, (shared_ns, number))
    if stood_ns < LATE_NS:
        return ""
    number = longest[1]
    if number < 0:
        return "others ran in short turns"
    end_ns = slices.start_ns[number + 1] if number + 1 < len(slices) else until_ns
    return f"{timeline.name(timeline.busiest(hub, slices.start_ns[number], end_ns))} kept running"
