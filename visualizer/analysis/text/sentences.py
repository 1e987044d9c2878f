"""One plain English sentence for a switch, and one for what a track does at a moment.

Said from the model alone. What the trace does not tell is called unknown, what it only infers is called inferred.
"""

from __future__ import annotations

import ntpath

from visualizer.analysis.model.timeline import FINAL, Park, State, Switch, Timeline, Track, Wakeup, joined_tracks
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.endpoints import awaits, is_ready
from visualizer.analysis.text.hot_lines import sampled_at, spot_of
from visualizer.analysis.text.printable import plain
from visualizer.trace import words

_UNKNOWN = "cause unknown"
#: What whoever ends the wait for a queue has done, by the method that waits.
_DONE_TO_QUEUE = {
    "put": "took an item out of the queue it was waiting to put one in",
    "join": "reported the last task of the queue it was waiting for as done",
}


def sentence(timeline: Timeline, index: int) -> str:
    """Who runs after switch number `index`, and why. Raise IndexError if there is no such switch."""
    switch = timeline.switch(index)
    target = timeline.tracks[switch.target]
    first = is_first(target, switch)
    cause: tuple[Wakeup | None, Park | None] = None, None
    if timeline.tracks[switch.origin].schedules:
        cause = _before_run(timeline, target, target.slice_of_step(index))
    return f"{runs(timeline, target.id, first)}{plain(why(timeline, switch, first, *cause))}"


def sentence_before_first(timeline: Timeline) -> str:
    """What is so before switch number 0."""
    first = timeline.running_at(-1)
    if first == words.NOBODY:
        return "Nothing has run yet"
    return plain(f"{timeline.name(first)} runs: nothing has been switched yet")


def describe_state(timeline: Timeline, track_id: int, t_ns: int) -> str:
    """What the track does at `t_ns`, and for how long it has done so. Raise KeyError if there is no such track."""
    track = timeline.tracks[track_id]
    name = timeline.name(track_id)
    index = track.slices.at(t_ns)
    if index < 0:
        return plain(f"{name} does not exist yet")
    state = State(track.slices.state[index])
    about = track.slices.about[index]
    since_ns = max(0, t_ns - track.slices.start_ns[index])
    since = duration(since_ns, 2)
    if state in FINAL:
        return plain(_ended(timeline, track))
    if state is State.WAITING:
        return plain(_waiting(timeline, timeline.parks[about], name, since_ns))
    # Right at a switch there is no duration to tell yet.
    lasting = f" for {since}" if since_ns else ""
    if state is State.READY:
        return plain(f"{name} is ready{lasting}: {_woken(timeline, *_before_run(timeline, track, index + 1))}")
    text = {
        State.CREATED: f"{name} has not run yet, {since} after it was created"
        if since_ns
        else f"{name} has not run yet",
        State.RUNNING: f"{name} runs{lasting}{_last_seen(timeline, track_id, t_ns - since_ns, t_ns)}",
        State.IDLE: f"{name} is idle{lasting}: nothing is ready",
        State.BLOCKED: f"{name} is blocked{lasting}: {timeline.name(about)} runs without giving way"
        f"{_last_seen(timeline, about, t_ns - since_ns, t_ns) if state is State.BLOCKED else ''}",
        State.UNKNOWN: f"what {name} does is unknown",
    }
    return plain(text[state])


def _last_seen(timeline: Timeline, track: int, start_ns: int, t_ns: int) -> str:
    """Where it was sampled the last time in its run up to `t_ns`; "" if it was not."""
    place = sampled_at(timeline, timeline.samples.latest(track, start_ns, t_ns))
    return f", last seen at {spot_of(place)} (sampled)" if place is not None else ""


def runs(timeline: Timeline, track: int, first: bool) -> str:
    """What a sentence begins with: the reason is to follow."""
    return plain(f"{timeline.name(track)} runs{' for the first time' if first else ''}: ")


def is_first(target: Track, switch: Switch) -> bool:
    """Closing a generator that never ran does not run it; what a forked child inherited may have run before."""
    if target.copy_of != words.NOBODY and target.slices.state[0] != State.CREATED:
        return False
    return target.kind != words.THREAD and target.steps[0] == switch.index and switch.cause != words.CLOSE


def why(timeline: Timeline, switch: Switch, first: bool, wakeup: Wakeup | None, before: Park | None) -> str:
    """Why a switch was made, as text of the trace has it.

    `first`: the target had not run before. `wakeup`, `before`: of a switch from a hub, what made the target ready, and
    why it had stood parked.
    """
    origin = timeline.tracks[switch.origin]
    name = timeline.name(origin.id)
    value = switch.value
    if switch.park < 0:
        return _ended(timeline, origin)
    park = timeline.parks[switch.park]
    match switch.cause:
        case words.NEXT:
            return f"{name} asked it for {'a' if first else 'the next'} value"
        case words.SEND:
            return f"{name} sent it {value}" if value is not None else f"{name} resumed it"
        case words.THROW if origin.schedules:
            return _thrown(timeline, switch, wakeup, before)
        case words.THROW:
            return _threw(name, value)
        case words.CLOSE:
            return f"{name} closes it"
        case words.YIELD:
            return f"{name} yielded {value}" if value is not None else f"{name} yielded"
        case words.SWITCH if origin.kind == words.UNKNOWN:
            return _UNKNOWN
        case words.SWITCH if origin.schedules:
            return _woken(timeline, wakeup, before)
        case words.SWITCH if park.reason != words.SWITCHED:
            return waits(park, name)
        case words.SWITCH:
            return f"{name} switched to it" + (f" with {value}" if value is not None else "")
    return _UNKNOWN


def _threw(name: str, value: str | None, killed: bool = False) -> str:
    if value is not None and value.startswith("GreenletExit("):
        return f"{name} killed it (GreenletExit)"
    if killed:
        return f"{name} killed it" + (f" with {value}" if value is not None else "")
    return f"{name} threw {value or 'an exception'} into it"


def _thrown(timeline: Timeline, switch: Switch, wakeup: Wakeup | None, park: Park | None) -> str:
    """What a hub throws, it throws for whoever asked for that."""
    if wakeup is not None and wakeup.waker in timeline.tracks and switch.value is not None:
        if wakeup.cause in (words.KILL, words.THROW):
            return _threw(timeline.name(wakeup.waker), switch.value, wakeup.cause == words.KILL)
    return _woken(timeline, wakeup, park)


def _ended(timeline: Timeline, track: Track) -> str:
    how = track.outcome or "how is unknown"
    if track.value is not None and track.outcome in (words.RETURNED, words.RAISED):
        how += f" {track.value}"
    return f"{timeline.name(track.id)} ended ({how}{', inferred' if track.inferred else ''})"


def waits(park: Park, name: str) -> str:
    """What a track says of itself as it parks: "foo sleeps for 2 s"."""
    if park.reason == words.SLEEP and park.asked_ns >= 0:
        return f"{name} sleeps for {duration(park.asked_ns)}" if park.asked_ns else f"{name} gives way (sleeps for 0 s)"
    if park.reason == words.SLEEP:
        return f"{name} sleeps{_in(park) or ', for how long is unknown'}"
    limit = f", for at most {duration(park.asked_ns)}" if park.asked_ns >= 0 else ""
    if _in(park):
        return f"{name} waits{_in(park)}{limit}"
    if park.reason == words.JOIN:
        return f"{name} waits for others to end{limit}"
    if park.reason == words.UNKNOWN:
        return f"{name} waits{limit}, for what is unknown"
    return f"{name} waits ({park.reason}){limit}"


def _in(park: Park) -> str:
    """On which descriptor; else what is waited on is mostly the call that waits, as it is written in the source."""
    end = awaits(park)
    if end is not None:
        return f" {end}"
    if not park.on or park.on == words.UNKNOWN:
        return ""
    return f" {'in' if '(' in park.on else 'for'} {park.on}"


def _yield(timeline: Timeline, park: Park) -> str:
    """Of a chain of generators the innermost is where all of them are parked."""
    inner = timeline.innermost(park)
    if inner is park:
        return "its yield"
    where = f" ({ntpath.basename(inner.place.file)}:{inner.place.line})" if inner.place is not None else ""
    return f"the yield of {timeline.name(inner.track)}{where}, which it waits for"


def _waiting(timeline: Timeline, park: Park, name: str, since_ns: int) -> str:
    since = duration(since_ns, 2)
    lasting = f" for {since}" if since_ns else ""
    match park.reason:
        case words.RESUMED:
            resumed = f"which it resumed {since} ago" if since_ns else "which it resumes"
            return f"{name} waits for {timeline.name(park.on_track)}, {resumed}"
        case words.SUSPENDED if not since_ns:
            return f"{name} is suspended at {_yield(timeline, park)}"
        case words.SUSPENDED:
            return f"{name} has been suspended at {_yield(timeline, park)}{lasting}"
        case words.SWITCHED if not since_ns:
            return f"{name} is parked: it switches to {timeline.name(park.on_track)}"
        case words.SWITCHED:
            return f"{name} has been parked{lasting}, since it switched to {timeline.name(park.on_track)}"
        case words.SLEEP if park.asked_ns >= 0 and not since_ns:
            return waits(park, name)
        case words.SLEEP if park.asked_ns >= 0:
            return f"{name} sleeps: {since} of {duration(park.asked_ns)}"
        case words.SLEEP:
            return f"{name} sleeps{_in(park)}" + (f": {since} so far" if since_ns else "")
    what = _in(park) or (" for what is unknown" if park.reason == words.UNKNOWN else f" ({park.reason})")
    if park.asked_ns >= 0:
        limit = f"at most {duration(park.asked_ns)}"
        return f"{name} waits{what}" + (f": {since} of {limit}" if since_ns else f", for {limit}")
    return f"{name} waits{what}" + (f": {since} so far" if since_ns else "")


def _before_run(timeline: Timeline, track: Track, run: int) -> tuple[Wakeup | None, Park | None]:
    """What made the track ready before slice number `run`, and why it had stood parked until then."""
    slices = track.slices
    if run < 1 or slices.state[run - 1] != State.READY:
        return None, None
    wakeup = timeline.wakeups[slices.about[run - 1]]
    if run < 2 or slices.state[run - 2] != State.WAITING:
        return wakeup, None
    return wakeup, timeline.parks[slices.about[run - 2]]


def _woken(timeline: Timeline, wakeup: Wakeup | None, park: Park | None) -> str:
    if wakeup is None:
        return _UNKNOWN
    waker = timeline.tracks.get(wakeup.waker)
    name = timeline.name(wakeup.waker)
    match wakeup.cause:
        case words.SPAWN:
            return f"{name} spawned it" if waker else "it was spawned, by whom is unknown"
        case words.TIMER:
            return _timer(wakeup, park)
        case words.TURN:
            return "it gave its scheduler nothing, and so waits for its next turn (inferred)"
        case words.FINISHED if waker and park and _all_ended(timeline, park, wakeup.t_ns):
            return "every greenlet it joined is done"
        case words.FINISHED if waker and waker.exit_ns >= 0:
            return f"{name} ended, which it waited for"
        case words.FINISHED:
            return "what it waited for is over"
        case words.IO if park and is_ready(park):
            return is_ready(park) or ""
        case words.IO:
            return f"what it waited for is ready ({park.on})" if park and park.on else "what it waited for is ready"
        case cause if cause in timeline.words.causes:
            return timeline.words.causes[cause] + (f" ({park.on})" if park and park.on else "")
        case words.SIGNAL:
            return "a signal came in"
        case words.TIMEOUT if park and park.asked_ns >= 0 and park.reason != words.SLEEP:
            return _timer(wakeup, park)
        case words.TIMEOUT:
            return "a timeout ended its wait" + (f" ({park.on})" if park and park.on else "")
        case words.KILL if waker:
            return f"{name} killed it"
        case words.THROW if waker:
            return f"{name} threw an exception into it"
        case words.CALLBACK if waker and park and _done(timeline, park):
            return f"{name} {_done(timeline, park)}" + (f" ({park.on})" if park.on else "")
        case words.CALLBACK if waker and park and park.on:
            return f"{name} woke it from {park.on}"
        case words.UNKNOWN if waker:
            return f"{name} woke it, why is unknown"
    return f"{name} woke it" if waker else "it was woken, by whom is unknown"


def _done(timeline: Timeline, park: Park) -> str | None:
    """What whoever ends this wait has done; None where that is not known."""
    if park.reason != words.QUEUE:
        return timeline.words.reasons.get(park.reason)
    method = park.on.partition("(")[0].rpartition(".")[2]
    return _DONE_TO_QUEUE.get(method, "put an item in the queue it was waiting on")


def _all_ended(timeline: Timeline, park: Park, t_ns: int) -> bool:
    """Whether it is known that several tracks were joined, and that all have ended by then."""
    joined = [timeline.tracks.get(track) for track in joined_tracks(park.object)]
    return len(joined) > 1 and all(track is not None and 0 <= track.exit_ns <= t_ns for track in joined)


def _timer(wakeup: Wakeup, park: Park | None) -> str:
    if park is None or park.asked_ns < 0:
        return "its timer is over"
    if park.asked_ns == 0:
        return "it had only given way"
    late_ns = wakeup.t_ns - park.t_ns - park.asked_ns
    off = f" ({duration(abs(late_ns), 2)} {'late' if late_ns > 0 else 'early'})" if late_ns else ""
    asked = duration(park.asked_ns)
    if park.reason == words.SLEEP:
        return f"its {asked} sleep is over{off}"
    return f"its limit of {asked}{' for ' + park.on if park.on else ''} is over{off}"
