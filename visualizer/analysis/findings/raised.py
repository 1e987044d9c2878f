"""Greenlets and threads that ended with an exception that was never retrieved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from visualizer.analysis.findings.base import (
    STUCK_NS,
    Finding,
    at,
    end_told,
    finding,
    function_of,
    listed,
    spot,
    suspension_before,
    thread_waits,
)
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.findings.joins import expression, only_waits
from visualizer.analysis.findings.pools import waits_for_results
from visualizer.analysis.findings.refusals import ended_by, in_use, meant
from visualizer.analysis.findings.setters import broken
from visualizer.analysis.findings.stray_timeouts import struck_waits
from visualizer.analysis.findings.tracebacks import ended_process, exception, in_callbacks, in_streams, printed
from visualizer.analysis.findings.unasked import in_futures
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline, Track, joined_tracks
from visualizer.trace import words

#: How gevent's greenlets end the program.
_ASYNCIO = "Task exception was never retrieved"
#: The threads by which a pool of multiprocessing's hands on what is to be done, and what comes of it.
_OF_POOL = ("_handle_tasks", "_handle_results", "_handle_workers")
_ENDS_PROGRAM = ("SystemExit(", "KeyboardInterrupt(")
#: How a program learns of what a greenlet raised without getting it: `g.exception`, `g.successful()`, `g.link(...)`.
_LOOKS = re.compile(r"\.(?:exception|exc_info)\b(?!\s*\()|\.successful\(|(?<!os)\.link(?:_exception)?\(")


@once
def unretrieved(timeline: Timeline, observed: Observed) -> list[Finding]:
    """See `_unretrieved`."""
    return list(_unretrieved(timeline, observed))


def _unretrieved(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A greenlet of a hub raised, and no track was seen to get the exception. Inferred: a later get() is not recorded.
    Or a thread did, or another process than the first, whose exception nobody can get.

    Not reported if its creator waited for others to end then or later, except by a call that only waits: it may be one
    of those. Nor if a track that waited for it ended with the same exception, nor if it was killed; nor where the
    source looks at what greenlets raised (_LOOKS); nor if others wait for what it would have done: that is told with
    them.
    """
    yield from _in_callbacks(timeline)
    yield from _in_processes(timeline)
    yield from in_futures(timeline)
    main = next(iter(timeline.tracks), words.NOBODY)
    told_of = {track.id for what in broken(timeline, observed) for track in what.died}
    # What they raised as their limits were over follows from that.
    gave_up = [one for what in broken(timeline, observed) if what.ends_ns for one in what.waiting]
    gave_up += [suspension for _, suspension in struck_waits(timeline)]
    told_of |= {one.track for one in gave_up if _ends_it(timeline, one)}
    told, of_streams = _told_by_asyncio(timeline), {*_in_streams(timeline)}
    for track in timeline.tracks.ended(words.RAISED):
        track_id = track.id
        if track_id in told_of:
            continue
        parent = timeline.tracks.get(track.parent)
        if track.state is State.FAILED and track.kind == words.THREAD and track_id != main:
            is_process = timeline.process_of(track_id).track == track_id
            if is_process and (track.value or "").startswith("KeyboardInterrupt("):
                continue  # Ctrl-C, which all of them get.
            yield _of_thread(timeline, observed, track, "process" if is_process else "thread")
        if track.state is not State.FAILED or parent is None or not parent.schedules:
            continue
        if (track.value or "").startswith(_ENDS_PROGRAM):
            continue
        if track.kind == words.TASK:
            if track_id in of_streams:
                loop = timeline.name(track.parent)
                yield _of_task(timeline, observed, track, f": {loop} printed it and went on", printed(timeline, track))
            elif track_id in told:
                yield _of_task(timeline, observed, track)
            elif track_id not in observed.retrieved and (gathering := _gathered(timeline, track)) is not None:
                ended = f"{gathering.on}{at(gathering.place)} had ended with that of another task"
                unseen = "a later await that need not wait is not recorded"
                yield _of_task(timeline, observed, track, f" (inferred: {ended}; {unseen})")
            continue
        if any(since_ns <= track.exit_ns <= until_ns for since_ns, until_ns in observed.group_joins):
            continue
        number = observed.only_awaited.get(track_id)
        suspension = timeline.suspensions[number] if number is not None else None
        if track_id in observed.retrieved or _asked_for(timeline, observed, track.creator, track.exit_ns):
            continue
        others = (track.creator, suspension.track if suspension is not None else words.NOBODY)
        if _looks_at_exceptions(timeline, (track.place, suspension.place if suspension is not None else None)):
            continue
        if any(_ended_alike(timeline, other, track) for other in others) or _was_killed(timeline, track):
            continue
        value = track.value if track.value is not None else exception(timeline, track)
        raised = f" {value}" if value else ""
        place = printed(timeline, track)
        who = timeline.name(track_id)
        # gevent prints it in either case, so the printed traceback does not show whether it was retrieved.
        sentence = f"{who} raised{raised}{at(place)}" if place else f"{who}{at(track.place)} raised{raised}"
        sentence += _refused(timeline, observed, track)
        if suspension is None:
            sentence += " → exception never retrieved (inferred: no track waited for it"
        else:
            waited = f"{timeline.name(suspension.track)} waited for it in {suspension.on}"
            waited += f", {spot(suspension.place)}" if spot(suspension.place) else ""
            sentence += f" → exception never retrieved (inferred: {waited}, which does not raise it again"
        sentence += "; a later get() that need not wait is not recorded)"
        yield finding("unretrieved", sentence, (track_id,), track.exit_ns, place or track.place)


def _ends_it(timeline: Timeline, suspension: Suspension) -> bool:
    """Whether that was the last wait of its track."""
    track = timeline.tracks[suspension.track]
    last = suspension_before(timeline, track, track.exit_ns) if track.exit_ns >= 0 else None
    return last is not None and last.t_ns == suspension.t_ns


def _of_thread(timeline: Timeline, observed: Observed, track: Track, what: str) -> Finding:
    """A thread, or a process by its main thread, raised. Of what hands on the results of a pool of multiprocessing's
    it says who waits for them up to the end."""
    place = printed(timeline, track)
    raised = f"{track.value or 'an exception'}{at(place)}{_refused(timeline, observed, track)}"
    sentence = f"{timeline.name(track.id)} raised {raised} → the {what} ended"
    waits: list[Suspension] = []
    if function_of(timeline, track) in _OF_POOL and timeline.last_ns - track.exit_ns >= STUCK_NS:
        threads = (one for one in timeline.tracks.of_kind(words.THREAD) if one.process == track.process)
        waits = [one for thread in threads if (one := thread_waits(timeline, thread)) and waits_for_results(one)]
    if not waits:
        return finding("unretrieved", sentence, (track.id,), track.exit_ns, place)
    told = [f"{timeline.name(one.track)} waits in {one.on}{at(one.place)}" for one in waits]
    sentence += f"; {listed(told)} for results that it would have handed on, until {end_told(timeline)}"
    lost_by = [one.track for one in waits]
    cost_ns = sum(timeline.last_ns - max(one.t_ns, track.exit_ns) for one in waits)
    return finding("unretrieved", sentence, (track.id, *lost_by), track.exit_ns, place, cost_ns, lost_by)


def _in_callbacks(timeline: Timeline) -> Iterator[Finding]:
    """Exceptions of a loop's callbacks, which it prints, and goes on: one for each callback and line."""
    told: dict[tuple[int, str, Place | None], list[tuple[int, str]]] = {}
    for t_ns, loop, callback, raised, place in in_callbacks(timeline):
        if raised.partition(":")[0].rpartition(".")[2] == "CancelledError":
            continue  # Who cancelled what the callback looks at wanted it to end; asyncio's streams do that on 3.11.
        told.setdefault((loop, callback, place), []).append((t_ns, raised))
    for (loop, callback, place), several in told.items():
        (t_ns, raised), name = several[0], timeline.name(loop)
        sentence = f"{callback}(), a callback that {name} called, raised {raised}{at(place)}"
        sentence += f" → exception never retrieved: {name} printed it and went on"
        sentence += f"; the first of {len(several)} times" if len(several) > 1 else ""
        yield finding("unretrieved", sentence, (loop,), t_ns, place)


def _in_processes(timeline: Timeline) -> Iterator[Finding]:
    """Exceptions that multiprocessing caught in a child and printed, as it was about to end with a code."""
    for process in timeline.processes[1:]:
        track = timeline.tracks.get(process.track)
        if track is None or track.outcome != words.RETURNED:
            continue
        failed = process.exit_code or (track.value or "").startswith("exit code")
        raised = exception(timeline, track) if failed and ended_process(timeline, track) else ""
        if raised and not raised.startswith("KeyboardInterrupt"):
            place = printed(timeline, track)
            sentence = f"{timeline.name(track.id)} raised {raised}{at(place)} → the process ended"
            yield finding("unretrieved", sentence, (track.id,), track.exit_ns, place)


def _told_by_asyncio(timeline: Timeline) -> set[int]:
    """The tasks whose exception nobody had got by the end, or of which asyncio printed that."""
    found = {tie.track for tie in timeline.ties if tie.relation == words.UNRETRIEVED}
    texts = [output.text for output in timeline.outputs if _ASYNCIO in output.text]
    known = found | {tie.track for tie in timeline.ties if tie.relation == words.RETRIEVED}
    alike: dict[str, list[int]] = {}
    for track in timeline.tracks.ended(words.RAISED) if texts else ():
        if track.kind == words.TASK and track.state is State.FAILED and track.id not in known:
            told = re.escape(f"exception={track.value}>")
            for about in (told, rf"(?:coro=<(?:[^()\n]*\.)?|name='){re.escape(track.base_name)}(?:\(\)|')[^\n]*{told}"):
                alike.setdefault(about, []).append(track.id)
    for about, several in alike.items():
        # Which of several it was is not known where it was not all of them.
        if sum(len(re.findall(about, text)) for text in texts) >= len(several):
            found.update(several)
    return found


def _in_streams(timeline: Timeline) -> Iterator[int]:
    """The tasks of asyncio's streams, one for each connection, of which it printed what they raised, and went on."""
    failed = [track for track in timeline.tracks.ended(words.RAISED) if track.kind == words.TASK]
    for t_ns, loop, raised in in_streams(timeline):
        name = raised.partition(":")[0].rpartition(".")[2]
        theirs = [one for one in failed if one.parent == loop and one.exit_ns <= t_ns]
        last = max(theirs, key=lambda one: one.exit_ns, default=None)
        if last is not None and (last.value or "").startswith(f"{name}("):
            yield last.id


def _gathered(timeline: Timeline, track: Track) -> Suspension | None:
    """The wait for a `gather` of this task and others that had ended by then, because another of them raised.

    asyncio takes the exception of a later one for retrieved. Somebody who waits for the task itself gets it after all.
    """
    creator = timeline.tracks.get(track.creator)
    if creator is None or creator.kind != words.TASK:
        return None
    slices = creator.slices
    last = slices.at(track.exit_ns)
    for number in range(min(last, len(slices) - 2), -1, -1):
        if slices.start_ns[number + 1] < track.spawn_ns:
            return None
        suspension = timeline.suspensions[slices.about[number]] if slices.state[number] == State.WAITING else None
        if suspension is None or "gather(" not in suspension.on or slices.start_ns[number + 1] > track.exit_ns:
            continue
        gathered = joined_tracks(suspension.object)
        others = [timeline.tracks[one] for one in gathered if one in timeline.tracks and one != track.id]
        raised = any(one.outcome == words.RAISED and one.exit_ns <= slices.start_ns[number + 1] for one in others)
        if track.id in gathered and raised:
            return suspension
    return None


def _of_task(
    timeline: Timeline, observed: Observed, track: Track, why: str = "", raised_at: Place | None = None
) -> Finding:
    place = raised_at or track.place
    raised = f"{track.value}{_refused(timeline, observed, track)}"
    sentence = f"{timeline.name(track.id)}{at(place)} raised {raised} → exception never retrieved{why}"
    return finding("unretrieved", sentence, (track.id,), track.exit_ns, place)


def _refused(timeline: Timeline, observed: Observed, track: Track) -> str:
    """What a refusal that ended the track was about."""
    remark = ended_by(timeline, observed, track)
    return meant(timeline, remark) if remark is not None else in_use(timeline, track)


def _looks_at_exceptions(timeline: Timeline, places: Iterable[Place | None]) -> bool:
    """Whether a file that spawns it, or waits for it, has code for that."""
    files = {place.file for place in places if place is not None}
    return any(_LOOKS.search(timeline.sources.get(file, "")) for file in files)


def _asked_for(timeline: Timeline, observed: Observed, track: int, t_ns: int) -> bool:
    """Whether the track waits at `t_ns` or later for others to end, and may be handed what they raised."""
    index = observed.joins.get(track)
    if index is None:
        return False
    slices = timeline.tracks[track].slices
    suspension = timeline.suspensions[index]
    if only_waits(expression(timeline, suspension)):
        return False
    if suspension.t_ns >= t_ns:
        return True
    at_ns = slices.at(t_ns)
    # Woken by another of those it joined, it was not to be woken once more; still suspended, this one was not among
    # them.
    return at_ns > 0 and slices.state[at_ns] == State.READY and slices.about[at_ns - 1] == index


def _ended_alike(timeline: Timeline, other: int, track: Track) -> bool:
    """Whether the other one raised the same thereafter: then it was handed it, and did not catch it."""
    known = timeline.tracks.get(other)
    if known is None or known is track or known.state is not State.FAILED or known.exit_ns < track.exit_ns:
        return False
    return known.value is not None and known.value == track.value


def _was_killed(timeline: Timeline, track: Track) -> bool:
    """Whether somebody threw into it what it ended with: whoever did that knows of it."""
    slices = track.slices
    if not len(track.steps):
        return False
    switch = timeline.switch(track.steps[-1])
    ready = track.slice_of_step(switch.index) - 1
    if switch.cause != words.THROW or switch.value != track.value or ready < 0 or slices.state[ready] != State.READY:
        return False
    return timeline.wakeups[slices.about[ready]].cause == words.KILL
