"""The source positions of a switch: of the track that runs after it, and of the one that it suspended."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from visualizer.analysis.model.timeline import FINAL, RUNS, Place, State, Timeline, Track
from visualizer.analysis.text.hot_lines import mostly, sampled_at, spot_of
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.source_text import definition
from visualizer.trace import words

#: Exceptions of the compiler, and how it writes the place.
_OF_COMPILER = ("SyntaxError", "IndentationError", "TabError")
_WRONG = re.compile(r".*\((.+), line ([0-9]{1,9})\)", re.DOTALL)

#: What a track does at its position.
RESUMES, STARTS, FAILS, IS_PAUSED, IS_HERE = "resumes", "starts", "fails", "is paused before this line", "is here"
SAMPLED, IS_SUSPENDED, HAS_STOPPED, HAS_ENDED = "sampled here", "is suspended", "has stopped", "has ended"
_PAST = {RESUMES: "last resumed", STARTS: "started", FAILS: "failed"}


class SourcePosition(NamedTuple):
    """A track and its source position."""

    track: int
    #: One of `RESUMES` and its kin: what it does there.
    verb: str
    place: Place | None
    #: More about that, which follows the verb.
    detail: str = ""
    #: The track has only begun: `place` is somewhere in its function, of which the first line is meant.
    starts: bool = False
    #: It ran on there: the line is meant, and no expression in it.
    ran_on: bool = False
    #: How it has ended by now: `place` is where it was before that.
    final: State | None = None

    @property
    def activity(self) -> str:
        """What it does there, in a word or two."""
        verb = self.verb if self.final is None else f"ended; {_PAST.get(self.verb, self.verb)}"
        return verb + self.detail


def running(timeline: Timeline, index: int) -> SourcePosition:
    """The track that runs after switch number `index` (-1: before the first), and where it resumes."""
    track_id = timeline.running_at(index)
    track = timeline.tracks.get(track_id)
    if index < 0 or track is None:
        header = timeline.header
        script = header.argv[0] if header is not None and header.argv else ""
        # As it was typed; all places have whole paths.
        if header is not None and (whole := os.path.normpath(os.path.join(header.cwd, script))) in timeline.sources:
            script = whole
        wrong = _not_compiled(timeline, script)
        if wrong is not None:
            return SourcePosition(track_id, FAILS, wrong, ": syntax error here")
        return SourcePosition(track_id, STARTS, Place(script, "", 1, -1, -1, -1) if script else None)
    run = track.slice_of_step(index)
    states, about = track.slices.state, track.slices.about
    for before in range(run - 1, max(run - 3, -1), -1):
        if states[before] == State.BLOCKED:
            return SourcePosition(track_id, RESUMES, None)
        if states[before] == State.WAITING:
            return SourcePosition(track_id, RESUMES, timeline.suspensions[about[before]].place)
    place = _next_suspension(timeline, track, run)
    if place is not None and track.kind != words.THREAD:
        return SourcePosition(track_id, STARTS, place, starts=True)
    if (written := definition(timeline, track)) is not None:
        return SourcePosition(track_id, STARTS, written)
    return SourcePosition(track_id, STARTS, track.place, "; created here" if track.place is not None else "")


def _not_compiled(timeline: Timeline, script: str) -> Place | None:
    """The line of the script at which the compiler gave it up, so that nothing of it ran."""
    exception, message = timeline.uncaught or ("", "")
    found = _WRONG.fullmatch(message) if exception in _OF_COMPILER and not timeline.switch_count else None
    if found is None or found[1] != os.path.basename(script):
        return None
    return Place(script, "", int(found[2]), -1, -1, -1)


def run_of(timeline: Timeline, index: int, now_ns: int) -> tuple[int, int, int]:
    """Who runs after switch number `index`, and from when to when; up to `now_ns` if it does so still."""
    track_id = timeline.running_at(index)
    track = timeline.tracks.get(track_id)
    if track is None or not len(track.slices):
        return track_id, 0, -1
    run = track.slice_of_step(index) if index >= 0 else 0
    starts_ns = track.slices.start_ns
    end = track.slices.end_of_run(run)
    return track_id, starts_ns[run], starts_ns[end] if end < len(starts_ns) else now_ns


def marked(timeline: Timeline, t_ns: int) -> SourcePosition | None:
    """Where the program was when it marked that very moment itself; None if it did not."""
    mark = timeline.marks.get(t_ns)
    if mark is None or mark.place is None:
        return None
    return SourcePosition(mark.track, IS_HERE, mark.place, ran_on=True)


def seen(timeline: Timeline, where: SourcePosition, run: tuple[int, int, int], t_ns: int) -> SourcePosition:
    """`where` the `run` begins, or the position of a sample, if that is nearer to `t_ns`; or where the program was
    when it marked that very moment itself."""
    if (here := marked(timeline, t_ns)) is not None:
        return here
    track, start_ns, end_ns = run
    samples = timeline.samples
    number = samples.nearest(track, t_ns, start_ns, end_ns)
    if number >= 0 and abs(samples.ns[number] - t_ns) < t_ns - start_ns:
        return SourcePosition(track, SAMPLED, sampled_at(timeline, number), ran_on=True)
    most = mostly(timeline, track, start_ns, end_ns)
    if most is None:
        return where
    same = where.place is not None and where.place.file == most.place.file
    spot = f"line {most.place.line}" if same else spot_of(most.place)
    return where._replace(detail=f"{where.detail}; sampled at {spot}")


def behind_end(timeline: Timeline, where: SourcePosition, t_ns: int) -> SourcePosition:
    """`where` a track runs, or where it ran last if at `t_ns` it has ended, and no other has taken its place."""
    track = timeline.tracks.get(where.track)
    at = track.slices.at(t_ns) if track is not None else -1
    if track is None or at < 0 or track.slices.state[at] not in FINAL:
        return where
    return where._replace(final=State(track.slices.state[at]))


def suspended(timeline: Timeline, index: int) -> SourcePosition | None:
    """The track that switch number `index` left, and the expression at which it is suspended; None before the first."""
    if index < 0:
        return None
    switch = timeline.switch(index)
    if switch.cause in words.SUSPENDS_NOBODY:
        return SourcePosition(switch.origin, HAS_STOPPED, None) if switch.origin != switch.target else None
    if switch.suspension >= 0:
        return SourcePosition(switch.origin, IS_SUSPENDED, switch.place)
    origin = timeline.tracks[switch.origin]
    outcome = origin.outcome or "ended"
    value = f" {origin.value}" if origin.value is not None and outcome in (words.RETURNED, words.RAISED) else ""
    return SourcePosition(switch.origin, HAS_ENDED, None, f": {outcome}{value}")


def _next_suspension(timeline: Timeline, track: Track, run: int) -> Place | None:
    """Where the track is suspended when it stops running for the first time."""
    states, about = track.slices.state, track.slices.about
    for after in range(run + 1, len(states)):
        if states[after] == State.WAITING:
            return timeline.suspensions[about[after]].place
        if states[after] not in RUNS:
            break
    return None


def short_path(file: str, cwd: str) -> str:
    """`file` relative to the folder the program ran in, or else its last two parts."""
    if cwd and file.startswith(cwd.rstrip(os.sep) + os.sep):
        file = file[len(cwd.rstrip(os.sep)) + 1 :]
    elif file.startswith(os.sep):
        parts = file.split(os.sep)
        file = os.sep.join(["…", *parts[-2:]]) if len(parts) > 3 else file
    return plain(file)
