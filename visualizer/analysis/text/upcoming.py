"""What a track does next, seen from a given moment. While the program runs, that may not be known yet."""

from __future__ import annotations

from visualizer.analysis.index.polls import is_poll
from visualizer.analysis.model.timeline import FINAL, State, Suspension, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.endpoints import polls
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import waits
from visualizer.trace import words

_TURNS = {
    State.CREATED: "is created",
    State.RUNNING: "runs",
    State.IDLE: "becomes idle",
    State.BLOCKED: "is blocked",
    State.DONE: "ends",
}


def what_next(timeline: Timeline, track_id: int, t_ns: int, short: bool = False) -> str:
    """What the track does after its state at `t_ns`, and when; "" if nothing more is known. `short`: of one that is
    woken not also when it runs, and that nothing more happens without up to when that is known.

    Raise KeyError if there is no such track.
    """
    track = timeline.tracks[track_id]
    slices = track.slices
    index = slices.at(t_ns) + 1
    if index >= len(slices):
        ended = index > 0 and slices.state[index - 1] in FINAL
        if ended or not timeline.finished:
            return ""
        return "nothing more happens to it" + ("" if short else " before the end of the trace")
    after = duration(slices.start_ns[index] - t_ns, 2)
    state, about = State(slices.state[index]), slices.about[index]
    if state is State.WAITING:
        suspension = timeline.suspensions[about]
        if is_poll(timeline, suspension):
            return plain(f"in {after} it {_TURNS[State.IDLE]}: {polls(suspension)}")
        return plain(f"in {after} it {_suspensions(timeline, suspension)}")
    if state is State.UNKNOWN:
        return f"in {after} its state becomes unknown"
    if state is State.FAILED:
        return plain(f"in {after} it fails" + (f" with {track.value}" if track.value is not None else ""))
    if state is State.STOPPED:
        return f"in {after} it is {track.outcome}"
    if state is not State.READY:
        return f"in {after} it {_TURNS[state]}"
    waker = timeline.wakeups[about].waker
    by = f" by {timeline.name(waker, slices.start_ns[index])}" if waker in timeline.tracks else ""
    runs = ""
    if not short and index + 1 < len(slices) and slices.state[index + 1] == State.RUNNING:
        late_ns = slices.start_ns[index + 1] - slices.start_ns[index]
        runs = f" and runs {duration(late_ns, 2)} later" if late_ns else " and runs at once"
    return plain(f"in {after} it is woken{by}{runs}")


def _suspensions(timeline: Timeline, suspension: Suspension) -> str:
    match suspension.reason:
        case words.RESUMED:
            return f"resumes {timeline.name(suspension.on_track)}"
        case words.SUSPENDED:
            return "yields"
        case words.SWITCHED:
            return f"switches to {timeline.name(suspension.on_track)}"
    return waits(suspension, "").strip()
