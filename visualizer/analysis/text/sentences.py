"""One sentence for each switch, the cause before the effect, and one for what a track is doing at a moment.

Made from the model alone. What the trace does not contain is called unknown; what was not observed is called inferred.
"""

from __future__ import annotations

import ntpath
import re
from enum import IntEnum

from visualizer.analysis.index.polls import is_poll
from visualizer.analysis.model.timeline import FINAL, State, Suspension, Switch, Timeline, Track, Wakeup, joined_tracks
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.endpoints import awaits, found_ready, is_ready, polls
from visualizer.analysis.text.executors import in_pool
from visualizer.analysis.text.hot_lines import QUOTED, is_mostly_idle, sampled_at, spot_of
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.segments import because_of, spent_in, spent_told
from visualizer.analysis.text.source_text import written
from visualizer.trace import words
from visualizer.trace.events import Cancel

_UNKNOWN = "cause unknown"
#: What a track is called whose name stands elsewhere in the sentence.
_IT = "it"
#: What stands in front of the arguments of a call: not of a tuple, as in `[(name, pay(name)) for name in names]`.
IS_CALL = re.compile(r"[\w)\]]\Z")
#: What says of a thing that the woken track waited for it. Behind the name of its waker, "it" might be either.
_WAITED_FOR = re.compile(r" \{\} was \w+(?: for| on| at)?")
#: How a value begins that kills a greenlet: all that a sentence depends on of a value, but that there is one.
KILLS = "GreenletExit("
#: How tracks end that give a value.
ENDS_WITH = words.RETURNED, words.RAISED, words.CANCELLED
#: What the waker did to end a wait for a queue, by the method that waits. `{}` is the woken track.
_DONE_TO_QUEUE = {
    "put": "took an item from the queue {} was waiting on",
    "join": "marked the last task of the queue {} was joining as done",
}
#: The same of one for a descriptor.
_WRITES, _CONNECTS = "wrote what {} was waiting for", "connected to where {} was waiting for it"
#: Of several tracks the last is not said to be late that ended so soon after the others.
_ALONE_NS = 1_000_000


class Length(IntEnum):
    """In how many words a switch is told."""

    FULL = 0
    #: A track that runs for the first time "starts".
    BRIEF = 1
    #: Also, the track that runs is named once, at the end: before, it is "it" or left out.
    BRIEFEST = 2


def sentence(timeline: Timeline, index: int, length: Length = Length.FULL) -> str:
    """Why switch number `index` happened, and which track runs then. Raise IndexError if there is no such switch."""
    switch = timeline.switch(index)
    target = timeline.tracks[switch.target]
    cause: tuple[Wakeup | None, Suspension | None] = None, None
    if timeline.tracks[switch.origin].schedules or switch.cause in words.SUSPENDS_NOBODY:
        cause = timeline.made_ready(target, target.slice_of_step(index))
    return in_words(timeline, switch, is_first(target, switch), *cause, length=length)


def in_words(
    timeline: Timeline, switch: Switch, first: bool, wakeup: Wakeup | None, before: Suspension | None,
    gave: str | None = None, length: Length = Length.FULL,
) -> str:
    """The sentence of a switch. `first`: the target had not run before. `wakeup`, `before`: for a switch from a
    hub, and of a thread that goes on, what made the target ready, and what it had been waiting for. `gave`: what stands
    for the value with which the origin ended, if it ended with one."""
    to = timeline.name(switch.target, switch.t_ns)
    runs = f"{to} {'starts' if length else 'runs for the first time'}" if first else f"{to} runs"
    if first and switch.cause == words.THROW:
        # What is thrown into one that has not begun ends it there.
        runs = f"{to} ends without having run"
    # Where the origin is called "it" already, the target keeps its name; and so does one whose name is no longer.
    is_it = length is Length.BRIEFEST and switch.cause != words.IGNORED and len(to) > len(_IT)
    it = _IT if is_it else to
    why = _why(timeline, switch, it, first, wakeup, before, gave, length is Length.BRIEFEST)
    if timeline.pool_calls and wakeup is not None and before is not None and not length:
        why += in_pool(timeline, wakeup, before, switch.t_ns)
    return plain(f"{why} → {runs}")


def sentence_before_first(timeline: Timeline) -> str:
    """What happens before switch number 0."""
    first = timeline.running_at(-1)
    if first == words.NOBODY:
        return "Nothing has run yet"
    return plain(f"{timeline.name(first)} runs; no switch yet")


def describe_state(timeline: Timeline, track_id: int, t_ns: int, short: bool = False) -> str:
    """What the track is doing at `t_ns`, and for how long. Raise KeyError if there is no such track.

    `short`: not where it was last seen, nor what it polls, or what limit its wait has.
    """
    track = timeline.tracks[track_id]
    name = timeline.name(track_id, t_ns)
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
        suspension = timeline.suspensions[about]
        if not is_poll(timeline, suspension):
            return plain(_waiting(timeline, suspension, name, since_ns, short))
    # Right at a switch no time has passed yet.
    has_been = f"has been {{}} for {since}" if since_ns else "is {}"
    if state is State.WAITING:
        polled = "" if short else f": {polls(suspension)}{_limit(suspension)}"
        return plain(f"{name} {has_been.format('idle')}{polled}")
    if state is State.READY:
        cause = _woken(timeline, *timeline.made_ready(track, index + 1), _IT, brief=True)
        return plain(f"{name} {has_been.format('ready')}: {cause}")
    text = {
        State.CREATED: f"{name} was created {since} ago and has not run yet" if since_ns else f"{name} has not run yet",
        State.RUNNING: (f"{name} {has_been.format('running')}" if since_ns else f"{name} runs")
        + ("" if short else _last_seen(timeline, track_id, t_ns - since_ns, t_ns)),
        State.IDLE: f"{name} {has_been.format('idle')}: {_idle(timeline, track, t_ns - since_ns, t_ns)}",
        State.BLOCKED: f"{name} {has_been.format('blocked')}: {timeline.name(about, t_ns)}"
        f"{_blocks(timeline, about, t_ns - since_ns, t_ns) if state is State.BLOCKED else ''}",
        State.UNKNOWN: f"what {name} is doing is unknown",
    }
    return plain(text[state])


def _idle(timeline: Timeline, track: Track, start_ns: int, t_ns: int) -> str:
    """Why the track is idle."""
    if track.schedules:
        return "nothing is ready"
    if timeline.is_foreign:
        return "the trace says no more"
    place = sampled_at(timeline, timeline.samples.latest(track.id, start_ns, t_ns))
    # Of a `with`, on 3.11, the block belongs to it.
    text = " ".join(written(timeline, place).partition(":\n")[0].split()) if place is not None else ""
    call = f"`{plain(text)}`" if 0 < len(text) <= QUOTED else "a call"
    seen = _last_seen(timeline, track.id, start_ns, t_ns)
    return f"it waits in {call} (inferred: it uses no processor time){seen}"


def _blocks(timeline: Timeline, track: int, start_ns: int, t_ns: int) -> str:
    """What the track that blocks a hub does."""
    does = "waits in a call" if is_mostly_idle(timeline, track, start_ns, t_ns) else "runs"
    return f" {does} without yielding{_last_seen(timeline, track, start_ns, t_ns)}"


def _last_seen(timeline: Timeline, track: int, start_ns: int, t_ns: int) -> str:
    """Where the track was last sampled in its run up to `t_ns`; "" if it was not."""
    place = sampled_at(timeline, timeline.samples.latest(track, start_ns, t_ns))
    return f", last seen at {spot_of(place)} (sampled)" if place is not None else ""


def is_first(target: Track, switch: Switch) -> bool:
    """Closing a generator that never ran does not run it; a track inherited by a forked child may have run before."""
    if switch.cause == words.SLICE and State.RUNNING in target.slices.state[: target.step_slices[0]]:
        return False
    return may_run_first(target) and target.steps[0] == switch.index and switch.cause != words.CLOSE


def may_run_first(track: Track) -> bool:
    """Whether the first step of the track is known to be the first time that it runs."""
    if track.copy_of != words.NOBODY and track.slices.state[0] != State.CREATED:
        return False
    return track.kind != words.THREAD


def _why(
    timeline: Timeline, switch: Switch, to: str, first: bool, wakeup: Wakeup | None, before: Suspension | None,
    gave: str | None, brief: bool,
) -> str:
    origin = timeline.tracks[switch.origin]
    name = timeline.name(origin.id, switch.t_ns)
    value = switch.value
    if switch.cause == words.SLICE:
        return _told(timeline, switch, to, wakeup, before, brief)
    if switch.cause == words.UNPARK:
        if wakeup is not None and wakeup.cause == words.MESSAGE:
            return f"{timeline.name(wakeup.waker, wakeup.t_ns)} sends {value or 'a message'} to {to}"
        return _woken(timeline, wakeup, before, to, brief)
    if switch.suspension < 0:
        return _ended(timeline, origin, gave)
    suspension = timeline.suspensions[switch.suspension]
    match switch.cause:
        case words.NEXT:
            return f"{name} asks {to} for {'a' if first else 'the next'} value"
        case words.SEND:
            return f"{name} sends {value} to {to}" if value is not None else f"{name} resumes {to}"
        case words.THROW if origin.schedules:
            return _thrown(timeline, switch, to, wakeup, before, brief)
        case words.THROW:
            return _throws(name, value, to)
        case words.CLOSE:
            return f"{name} closes {to}"
        case words.YIELD:
            return f"{name} yields {value}" if value is not None else f"{name} yields"
        case words.IGNORED:
            yields = f"yields {value}" if value is not None else "yields"
            return f"{name} {yields} although {to} closes it: RuntimeError (generator ignored GeneratorExit)"
        case words.SWITCH if origin.kind == words.UNKNOWN:
            return _UNKNOWN
        case words.SWITCH if origin.schedules and not _is_of_callback(timeline, switch, origin, wakeup):
            return _woken(timeline, wakeup, before, to, brief)
        case words.SWITCH if suspension.reason != words.SWITCHED and not origin.schedules:
            return waits(suspension, name, brief)
        case words.SWITCH:
            return f"{name} switches to {to}" + (f" with {value}" if value is not None else "")
    return _UNKNOWN


def _is_of_callback(timeline: Timeline, switch: Switch, origin: Track, wakeup: Wakeup | None) -> bool:
    """Whether a callback of a loop has switched to a greenlet: whomever the loop runs was woken, and is a task."""
    return origin.kind == words.LOOP and wakeup is None and timeline.tracks[switch.target].kind != words.TASK


def _told(
    timeline: Timeline, switch: Switch, to: str, wakeup: Wakeup | None, before: Suspension | None, brief: bool
) -> str:
    """What another tool's trace knows of it."""
    if wakeup is not None:
        return _woken(timeline, wakeup, before, to, brief)
    if switch.index in timeline.flows:
        waker = timeline.wakeups[timeline.flows[switch.index]].waker
        begins = f"the slice {switch.value}" if switch.value is not None else "a slice"
        return f"a flow leads from {timeline.name(waker)} to {begins}"
    if switch.value is not None:
        return f"the slice {switch.value} begins"
    if switch.origin == switch.target:
        return "a slice begins"
    waits_for = timeline.suspensions[switch.suspension].on if switch.suspension >= 0 else ""
    return f"{timeline.name(switch.origin)} stops" + (f" ({waits_for})" if waits_for else "")


def _throws(name: str, value: str | None, to: str, kills: bool = False) -> str:
    if value is not None and value.startswith(KILLS):
        return f"{name} kills {to} (GreenletExit)"
    if kills:
        return f"{name} kills {to}" + (f" with {value}" if value is not None else "")
    return f"{name} throws {value or 'an exception'} into {to}"


def _thrown(
    timeline: Timeline, switch: Switch, to: str, wakeup: Wakeup | None, before: Suspension | None, brief: bool
) -> str:
    """The hub throws on behalf of another track, which is named instead."""
    if wakeup is not None and wakeup.waker in timeline.tracks and switch.value is not None:
        if wakeup.cause in (words.KILL, words.THROW):
            return _throws(timeline.name(wakeup.waker, wakeup.t_ns), switch.value, to, wakeup.cause == words.KILL)
    return _woken(timeline, wakeup, before, to, brief)


def _ended(timeline: Timeline, track: Track, gave: str | None = None) -> str:
    if track.outcome == words.DROPPED:
        return f"{timeline.name(track.id)} was dropped before it ran"
    how = track.outcome or "outcome unknown"
    if track.value is not None and track.outcome in ENDS_WITH:
        how += f" {track.value if gave is None else gave}"
    return f"{timeline.name(track.id, track.exit_ns)} ended ({how}{', inferred' if track.inferred else ''})"


def waits(suspension: Suspension, name: str, brief: bool = False) -> str:
    """How a track begins to wait: "foo sleeps 2 s". `brief`: not for how long at most."""
    if suspension.reason == words.SLEEP and suspension.asked_ns >= 0:
        slept_ns = suspension.sleep_ns
        is_limited = suspension.asked_ns < slept_ns and not brief
        limit = f", at most {duration(suspension.asked_ns)}" if is_limited else ""
        return f"{name} sleeps {duration(slept_ns)}{limit}" if slept_ns else f"{name} yields (sleeps 0 s)"
    if suspension.reason == words.SLEEP:
        return f"{name} sleeps{_in(suspension) or ' (duration unknown)'}"
    limit = _limit(suspension) if not brief else ""
    if _in(suspension):
        return f"{name} waits{_in(suspension)}{limit}"
    if suspension.reason == words.JOIN:
        return f"{name} waits for others to end{limit}"
    if suspension.reason == words.UNKNOWN:
        return f"{name} waits for something unknown{limit}"
    return f"{name} waits ({suspension.reason}){limit}"


def _limit(suspension: Suspension) -> str:
    """For how long at most."""
    return f", at most {duration(suspension.asked_ns)}" if suspension.asked_ns >= 0 else ""


def _in(suspension: Suspension) -> str:
    """The descriptor, or else the waiting call as it is written in the source."""
    end = awaits(suspension)
    if end is not None:
        return f" {end}"
    if not suspension.on or suspension.on == words.UNKNOWN:
        return ""
    return f" {'in' if '(' in suspension.on else 'for'} {_written(suspension)}"


def _written(suspension: Suspension) -> str:
    """The waiting call as it is written in the source; without arguments that the trace has in part."""
    function, parenthesis, arguments = suspension.on.partition("(")
    is_cut = parenthesis and arguments.endswith("…") and IS_CALL.search(function)
    return f"{function}(…)" if is_cut else suspension.on


def _yield(timeline: Timeline, suspension: Suspension) -> str:
    """A chain of generators is suspended at the yield of the innermost one."""
    inner = timeline.innermost(suspension)
    if inner is suspension:
        return "its yield"
    where = f" ({ntpath.basename(inner.place.file)}:{inner.place.line})" if inner.place is not None else ""
    return f"the yield of {timeline.name(inner.track)}{where}, which it waits for"


def _waiting(timeline: Timeline, suspension: Suspension, name: str, since_ns: int, short: bool) -> str:
    since = duration(since_ns, 2)
    so_far = f": {since}{'' if short else ' so far'}" if since_ns else ""
    match suspension.reason:
        case words.RESUMED:
            resumed = f"which it resumed {since} ago" if since_ns else "which it resumes"
            return f"{name} waits for {timeline.name(suspension.on_track)}, {resumed}"
        case words.SUSPENDED if not since_ns:
            return f"{name} is suspended at {_yield(timeline, suspension)}"
        case words.SUSPENDED:
            return f"{name} has been suspended at {_yield(timeline, suspension)} for {since}"
        case words.SWITCHED if not since_ns:
            return f"{name} is suspended: it switches to {timeline.name(suspension.on_track)}"
        case words.SWITCHED:
            return f"{name} is suspended: it switched to {timeline.name(suspension.on_track)} {since} ago"
        case words.SLEEP if suspension.asked_ns >= 0 and not since_ns:
            return waits(suspension, name)
        case words.SLEEP if suspension.asked_ns >= 0:
            limit = f", at most {duration(suspension.asked_ns)}" if suspension.asked_ns < suspension.sleep_ns else ""
            return f"{name} sleeps: {since} of {duration(suspension.sleep_ns)}{limit}"
        case words.SLEEP:
            return f"{name} sleeps{_in(suspension)}{so_far}"
    reason = suspension.reason
    what = _in(suspension) or (" for something unknown" if reason == words.UNKNOWN else f" ({reason})")
    if suspension.asked_ns >= 0 and not short:
        limit = f"at most {duration(suspension.asked_ns)}"
        return f"{name} waits{what}" + (f": {since} of {limit}" if since_ns else f", {limit}")
    return f"{name} waits{what}{so_far}"


def _woken(
    timeline: Timeline, wakeup: Wakeup | None, suspension: Suspension | None, it: str, brief: bool
) -> str:
    """What woke the track, which is called `it`: by its name, or "it" where that stands elsewhere in the sentence.
    `brief`: what it waited for is named, but not that it did."""
    if wakeup is None:
        return _UNKNOWN
    waker = timeline.tracks.get(wakeup.waker)
    name = timeline.name(wakeup.waker, wakeup.t_ns)
    what = f" ({_written(suspension)})" if suspension and suspension.on else ""
    match wakeup.cause:
        case words.SPAWN:
            return f"{name} spawned {it}" if waker else f"{it} was spawned (by which track is unknown)"
        case words.TIMER:
            return _timer(timeline, wakeup, suspension, it)
        case words.TURN:
            return f"{it} yielded nothing to its scheduler and waits for its turn (inferred)"
        case words.FINISHED if waker and suspension and _all_ended(timeline, suspension, wakeup.t_ns):
            first = timeline.tracks[joined_tracks(suspension.object)[0]]
            did = "joined" if first.kind != words.TASK else "was waiting for"
            if brief:
                return f"all that {it} {did} ended"
            return f"every {first.kind} {it} {did} has ended{_last_ended(timeline, suspension)}"
        case words.FINISHED if waker and waker.kind == words.LOOP:
            return f"{name} has stopped"
        case words.FINISHED if waker and waker.exit_ns >= 0:
            return _ended_for(name, it, brief)
        case words.FINISHED if waker and waker.schedules and suspension and suspension.on_track == waker.id:
            return f"{name} has nothing left to wait for"
        case words.FINISHED | words.SUBPROCESS if child := timeline.ended_child(wakeup, suspension):
            return _ended_for(child, it, brief)
        case words.FINISHED:
            return f"what {it} was waiting for ended"
        case words.IO if suspension and is_ready(suspension):
            return is_ready(suspension) or ""
        case words.IO if which := timeline.found_ready.get((wakeup.track, wakeup.t_ns)):
            return f"{found_ready(which)}{what}"
        case words.IO:
            return f"what {it} was waiting for is ready{what}"
        case cause if cause in timeline.words.causes:
            return timeline.words.causes[cause] + what
        case words.SIGNAL:
            return "a signal arrived"
        case words.MESSAGE:
            return f"{name} sent {it} a message{what}"
        case words.RELEASE:
            return f"{name} let {it} have the queue{what}"
        case words.TIMEOUT if suspension and suspension.asked_ns >= 0 and not suspension.is_whole_sleep:
            return _timer(timeline, wakeup, suspension, it)
        case words.TIMEOUT:
            return f"a timeout ended {_possessive(it)} wait{what}"
        case words.KILL if waker:
            return f"{name} killed {it}"
        case words.CANCEL if waker:
            asked = asked_by(timeline, wakeup)
            return f"{canceller(timeline, asked, name)} cancelled {it}{_cancelled_at(timeline, asked)}"
        case words.THROW if waker:
            return f"{name} threw an exception into {it}"
        case words.CALLBACK if waker and suspension and (done := _done(timeline, suspension)):
            if brief:
                done = _WAITED_FOR.sub("", done)
            # Not `format`: the words may be those of a trace's header.
            return f"{name} {done.replace('{}', it)}{what}"
        case words.CALLBACK if waker and suspension and suspension.on:
            return f"{name} woke {it} from {_written(suspension)}"
        case words.UNKNOWN if waker:
            return f"{name} woke {it} (cause unknown)"
    return f"{name} woke {it}" if waker else f"{it} was woken (by which track is unknown)"


def _ended_for(name: str, it: str, brief: bool) -> str:
    """Where there is little room, what is left out last comes first."""
    return f"{name} ended, for which {it} waited" if brief else f"{name}, which {it} was waiting for, ended"


def asked_by(timeline: Timeline, wakeup: Wakeup) -> Cancel | None:
    """The line that tells who cancelled the task that was woken by that."""
    return next((one for one in timeline.cancels.get(wakeup.track, ()) if one.t_ns == wakeup.t_ns), None)


def canceller(timeline: Timeline, asked: Cancel | None, otherwise: str) -> str:
    """Who asked that a task be cancelled; `otherwise` if no line tells."""
    if asked is not None and asked.cause == words.SIGNAL:
        return "a signal's handler"
    return timeline.name(asked.by) if asked is not None and asked.by in timeline.tracks else otherwise


def _cancelled_at(timeline: Timeline, asked: Cancel | None) -> str:
    """Where that was asked for, and with which message, as " (demo.py:12, 'too late')"; "" if neither is known."""
    if asked is None:
        return ""
    place = timeline.place(asked.place)
    parts = [f"{ntpath.basename(place.file)}:{place.line}"] if place is not None else []
    told = ", ".join([*parts, repr(asked.message)] if asked.message else parts)
    return f" ({told})" if told else ""


def _possessive(it: str) -> str:
    return "its" if it == _IT else f"{it}'s"


def _done(timeline: Timeline, suspension: Suspension) -> str:
    """What the waker did to end this wait, with `{}` for the woken track; "" where that is not known."""
    if suspension.reason == words.IO:
        return _CONNECTS if suspension.direction == words.ACCEPT else _WRITES
    if suspension.reason != words.QUEUE:
        return timeline.words.reasons.get(suspension.reason, "")
    method = suspension.on.partition("(")[0].rpartition(".")[2]
    return _DONE_TO_QUEUE.get(method, "put an item in the queue {} was waiting on")


def _all_ended(timeline: Timeline, suspension: Suspension, t_ns: int) -> bool:
    """Whether several tracks are known to have been joined, and all of them had ended by then."""
    joined = [timeline.tracks.get(track) for track in joined_tracks(suspension.object)]
    return len(joined) > 1 and all(track is not None and 0 <= track.exit_ns <= t_ns for track in joined)


def _last_ended(timeline: Timeline, suspension: Suspension) -> str:
    """Which of the tracks that are waited for, all of which have ended, was the last, how long after the others, and
    where its time went since then."""
    joined = [timeline.tracks[id] for id in joined_tracks(suspension.object)]
    if any(track.inferred for track in joined):
        return ""  # Nor is it known when.
    *others, last = sorted(joined, key=lambda track: track.exit_ns)
    since_ns = max(others[-1].exit_ns, suspension.t_ns)
    alone_ns = last.exit_ns - since_ns
    told = f", {timeline.name(last.id)} as the last"
    if alone_ns < _ALONE_NS:
        return told
    spent = spent_in(timeline, last, since_ns, last.exit_ns)
    after = f", {duration(alone_ns, 2)} after {timeline.name(others[-1].id)}" if since_ns > suspension.t_ns else ""
    if not spent:
        return told + after
    return f"{told}{after}: {spent_told(timeline, spent[0])}{because_of(timeline, last, spent[0])[0]}"


def _timer(timeline: Timeline, wakeup: Wakeup, suspension: Suspension | None, it: str) -> str:
    if suspension is None or suspension.asked_ns < 0:
        return f"{_possessive(it)} timer expired"
    if suspension.asked_ns == 0 and suspension.reason == words.SLEEP:
        return f"{it} had only yielded"
    late_ns = wakeup.t_ns - suspension.t_ns - suspension.asked_ns
    off = f" ({duration(abs(late_ns), 2)} {'late' if late_ns > 0 else 'early'})" if late_ns else ""
    # What begins while the clock stands still has the time of the pause.
    if late_ns < 0 and timeline.pauses.between(suspension.t_ns - 1, wakeup.t_ns)[0]:
        # A thread's own sleep goes on meanwhile: it only seems short, since times leave the pause out.
        off = " (part of it passed while the program was paused)"
    asked = duration(suspension.asked_ns)
    if suspension.reason == words.SLEEP and wakeup.cause == words.TIMER:
        return f"{_possessive(it)} {asked} sleep is over{off}"
    what = f"its sleep of {duration(suspension.sleep_ns)}" if suspension.reason == words.SLEEP else _written(suspension)
    return f"{_possessive(it)} time limit of {asked}{' for ' + what if what else ''} is over{off}"
