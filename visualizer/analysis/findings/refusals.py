"""What a refusal was about, where its exception does not say it: which value came too early, who was there first."""

from __future__ import annotations

import re

from visualizer.analysis.findings.base import at
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.model.timeline import Place, State, Timeline, Track
from visualizer.trace import events as ev
from visualizer.trace import words

_TOO_EARLY = re.compile(r"can't send non-None value to a just-started (generator|coroutine|async generator)")
#: Who is told that the same is being waited for already.
_IN_USE = re.compile(r"already used|already waiting|already running|simultaneous|[Cc]oncurrent call")
_RESUMES = (words.NEXT, words.SEND, words.THROW, words.CLOSE)


def refused_at(timeline: Timeline, place: Place | None, exception: str) -> ev.Refused | None:
    """The last call at that line that was refused with an exception of that message."""
    for remark in reversed(timeline.remarks):
        if isinstance(remark, ev.Refused) and place is not None:
            there = timeline.place(remark.place)
            said = _message(remark.exception)
            if there is not None and there[:3] == place[:3] and (not said or exception.startswith(said)):
                return remark
    return None


@once
def last_of_each(timeline: Timeline, observed: Observed) -> dict[int, ev.Refused]:
    """The last refusal of each track that asked."""
    return {remark.by: remark for remark in timeline.remarks if isinstance(remark, ev.Refused)}


def ended_by(timeline: Timeline, observed: Observed, track: Track) -> ev.Refused | None:
    """The refusal that ended a track: its last, with the exception that it raised."""
    remark = last_of_each(timeline, observed).get(track.id)
    if remark is None:
        return None
    (kind, _, _), raised = remark.exception.partition("("), track.value or ""
    return remark if raised.startswith(kind) and _message(remark.exception) in raised else None


def meant(timeline: Timeline, remark: ev.Refused) -> str:
    """What to add to the exception, "" if that says it all."""
    early = _TOO_EARLY.search(remark.exception)
    if early is not None:
        who = timeline.name(remark.track) if remark.track in timeline.tracks else f"the {early[1]}"
        return too_early(who, early[1], remark.sent)
    track = timeline.tracks.get(remark.track)
    if track is None:
        return ""
    if "already executing" in remark.exception:
        before = [index for index in track.steps if timeline.switch(index).t_ns <= remark.t_ns]
        for switch in map(timeline.switch, reversed(before)):
            if switch.cause in _RESUMES:
                return f" → {timeline.name(switch.origin)} had resumed {timeline.name(track.id)} and waits for it"
    return _waits_there(timeline, track, remark.t_ns) if waits_alike(remark) else ""


def waits_alike(remark: ev.Refused) -> bool:
    """Whether the other track is no generator that refused, but one that waits for the same already."""
    return _IN_USE.search(remark.exception) is not None


def too_early(who: str, kind: str, sent: str) -> str:
    return f": {who} was sent {sent or 'a value'} before its first {'await' if kind == 'coroutine' else 'yield'}"


def is_too_early(message: str) -> str:
    """The kind of what was sent something before it began; "" of any other message."""
    early = _TOO_EARLY.search(message)
    return early[1] if early is not None else ""


def in_use(timeline: Timeline, track: Track) -> str:
    """The same of a track that ended by an exception that says that the same is waited for already, where it is not
    recorded what refused it: inferred, if just one other track of its hub or loop waits in such a call then."""
    if not _IN_USE.search(track.value or ""):
        return ""
    others = [one for one in timeline.tracks.values() if one.parent == track.parent and one.id != track.id]
    found = [one for one in others if _reads(timeline, one, track.exit_ns)]
    if len(found) != 1:
        return ""
    return _waits_there(timeline, found[0], track.exit_ns, " (inferred: no other one does)")


def _reads(timeline: Timeline, track: Track, t_ns: int) -> bool:
    index = track.slices.at(t_ns)
    if index < 0 or track.slices.state[index] != State.WAITING:
        return False
    return timeline.suspensions[track.slices.about[index]].direction in (words.READ, words.WRITE)


def _waits_there(timeline: Timeline, track: Track, t_ns: int, inferred: str = "") -> str:
    """What the track waits in at that time."""
    index = track.slices.at(t_ns)
    if index < 0 or track.slices.state[index] != State.WAITING:
        return f": {timeline.name(track.id)} is there already"
    suspension = timeline.suspensions[track.slices.about[index]]
    return f": {timeline.name(track.id)} already waits in {suspension.on}{at(suspension.place)}{inferred}"


def _message(exception: str) -> str:
    """What an exception is shown with, without quotes; "" if nothing."""
    said = exception.partition("(")[2].removesuffix(")")
    return said[1:-1] if said[:1] in ("'", '"') and said[-1:] == said[:1] else said
