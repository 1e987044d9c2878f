"""The few words on the arrow of a switch: what crosses with it, or why control is given away."""

from __future__ import annotations

from visualizer.analysis.model.timeline import Suspension, Switch, Timeline, Wakeup
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import asked_by, canceller
from visualizer.paint.text.wait_labels import values, wait_labels
from visualizer.trace import words

_UNKNOWN = ["cause unknown", "?"]
#: Causes of a wakeup that need no waker to be clear.
_BY_ITSELF = frozenset((words.TIMER, words.TIMEOUT, words.IO, words.SIGNAL, words.DNS, words.SUBPROCESS, words.ASYNC))


def crossing_labels(timeline: Timeline, switch: Switch) -> list[str]:
    """Such as "send 'x'", "sleep 2 s", "woken by foo": printable, and after it shorter ones that still say it."""
    return [plain(label) for label in _labels(timeline, switch)]


def arrow_of(timeline: Timeline, switch: Switch) -> Switch:
    """The same from where its arrow leads: of a thread that goes on, from the track that woke it, if that is known."""
    if switch.cause != words.UNPARK:
        return switch
    target = timeline.tracks[switch.target]
    wakeup, _ = timeline.made_ready(target, target.slice_of_step(switch.index))
    return switch._replace(origin=wakeup.waker) if wakeup is not None and wakeup.waker in timeline.tracks else switch


def _labels(timeline: Timeline, switch: Switch) -> list[str]:
    value, cause = switch.value, switch.cause
    if cause in (words.NEXT, words.CLOSE):
        return [f"{cause}()"]
    if cause == words.SLICE:
        return values(switch)
    if cause == words.UNPARK:
        return _made_ready(timeline, switch)
    if cause != words.SWITCH:
        return [f"{cause} {value}", value] if value is not None else [cause]
    if switch.suspension < 0:
        return _ended(timeline, switch.origin)
    origin = timeline.tracks[switch.origin]
    if origin.schedules:
        return _made_ready(timeline, switch)
    suspension = timeline.suspensions[switch.suspension]
    if suspension.reason != words.SWITCHED:
        return wait_labels(timeline, suspension)
    return [f"switch {value}", value] if value is not None else ["switch"]


def _ended(timeline: Timeline, track: int) -> list[str]:
    known = timeline.tracks[track]
    outcome = known.outcome or "ended"
    if known.value is not None and outcome in (words.RETURNED, words.RAISED):
        return [f"{outcome} {known.value}", outcome]
    return [outcome]


def _made_ready(timeline: Timeline, switch: Switch) -> list[str]:
    target = timeline.tracks[switch.target]
    return _woken(timeline, *timeline.made_ready(target, target.slice_of_step(switch.index)))


def _woken(timeline: Timeline, wakeup: Wakeup | None, suspension: Suspension | None) -> list[str]:
    if wakeup is None:
        return _UNKNOWN
    if wakeup.waker not in timeline.tracks and (child := timeline.ended_child(wakeup, suspension)):
        return [f"{child} ended", "ended"]
    if wakeup.cause in _BY_ITSELF or wakeup.waker not in timeline.tracks:
        return [wakeup.cause]
    name = timeline.name(wakeup.waker, wakeup.t_ns)
    if wakeup.cause == words.SPAWN:
        return [f"spawned by {name}", f"by {name}", "spawned"]
    if wakeup.cause == words.FINISHED:
        return [f"{name} ended", "ended"]
    if wakeup.cause == words.CANCEL:
        who = canceller(timeline, asked_by(timeline, wakeup), name)
        return [f"cancelled by {who}", f"by {who}"]
    if wakeup.cause == words.KILL:
        return [f"killed by {name}", f"by {name}"]
    return [f"woken by {name}", f"by {name}"]
