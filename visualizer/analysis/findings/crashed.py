"""The exception that ended the program."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, at, finding, is_interrupted
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.refusals import in_use, is_too_early, meant, refused_at, too_early
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.analysis.text.hot_lines import quoted
from visualizer.trace import events as ev
from visualizer.trace import words


def crash(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """An exception that nobody caught ended the program. Not reported: Ctrl-C; a LoopExit, which is a `deadlock`."""
    if timeline.uncaught is None or is_interrupted(timeline):
        return
    if timeline.uncaught[0] == "LoopExit" and observed.loop_exits:
        return
    exception, message = timeline.uncaught
    place = timeline.uncaught_at
    t_ns = next(remark.t_ns for remark in timeline.remarks if isinstance(remark, ev.Uncaught))
    main = next(iter(timeline.tracks), words.NOBODY)
    raised = _raised_in(timeline, main)
    told = f"{exception}: {message}" if message else exception
    where = f"{at(place)}{quoted(timeline, place)}" if place is not None else ""
    members = _members(timeline) if exception.endswith("ExceptionGroup") else []
    if members:
        raised = members[0]
        others = f" (one of {len(members)} that did)" if len(members) > 1 else ""
        sentence = f"{timeline.name(raised.id)}{others} raised {raised.value}{where}, which {timeline.name(main)} "
        sentence += f"got in {exception}({message.partition(', [')[0]}) and did not catch"
    elif raised is not None:
        sentence = f"{timeline.name(raised.id)} raised {told}{where}, which {timeline.name(main)} did not catch"
    else:
        sentence = f"{timeline.name(main)} raised {told}{where}"
    refused = refused_at(timeline, place, message)
    if refused is not None:
        sentence += meant(timeline, refused)
    elif is_too_early(message):
        sentence += too_early(_unstarted(timeline), is_too_early(message), "")
    elif raised is not None:
        sentence += in_use(timeline, raised)
    tracks = [track for track in (raised.id if raised is not None else main, main) if track in timeline.tracks]
    yield finding("crash", f"{sentence} → the program ended", tracks, t_ns, place)


def _members(timeline: Timeline) -> list[Track]:
    """The tracks that ended with the exceptions of the group that ended the program, the first of them first."""
    members = timeline.uncaught[1].partition("[")[2] if timeline.uncaught is not None else ""
    ended = map(timeline.tracks.__getitem__, timeline.exits)
    found = [track for track in ended if track.state is State.FAILED and track.value and track.value in members]
    return sorted(found, key=lambda track: members.index(track.value or ""))


def _raised_in(timeline: Timeline, main: int) -> Track | None:
    """The other track that ended with the same exception: who woke the main thread for the last time by that, else the
    last before the program did; or the one whose end handed it that, and so on: `Pool.map` gets it in a greenlet of its
    own, and raises it again."""
    ended = timeline.tracks.get(main)
    if ended is None or ended.value is None:
        return None
    alike = [
        track for track in map(timeline.tracks.__getitem__, reversed(timeline.exits))
        if track.value == ended.value and track.id != main and track.state is State.FAILED
    ]
    waker = _woken_last_by(timeline, ended)
    first = next((number for number, track in enumerate(alike) if track.id == waker), 0)
    raised = alike[first] if alike else None
    # From the last to the first: each ended before the one that it woke.
    for track in alike[first + 1 :]:
        if raised is not None and _woken_last_by(timeline, raised) == track.id:
            raised = track
    return raised


def _woken_last_by(timeline: Timeline, track: Track) -> int:
    """Who made it ready for its last run."""
    slices = track.slices
    ready = track.slice_of_step(track.steps[-1]) - 1 if len(track.steps) else -1
    if ready < 0 or slices.state[ready] != State.READY:
        return words.NOBODY
    return timeline.wakeups[slices.about[ready]].waker


def _unstarted(timeline: Timeline) -> str:
    """The generator that never ran, if there is just one."""
    kinds = (words.GENERATOR, words.COROUTINE)
    found = [track for track in timeline.tracks.values() if track.kind in kinds and not len(track.steps)]
    return timeline.name(found[0].id) if len(found) == 1 else "the generator"
