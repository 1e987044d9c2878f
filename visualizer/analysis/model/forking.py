"""What becomes of tracks where a process forks, and where one ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visualizer.analysis.model.processes import Process
from visualizer.analysis.model.states import FINAL, State
from visualizer.analysis.model.types import Entry, Track
from visualizer.trace import events as ev
from visualizer.trace import words

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline


class Forking:
    """The processes of a timeline as they come and go."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def on_process(self, event: ev.Process) -> None:
        """A child has been forked, and goes on with its own lines."""
        timeline = self._timeline
        t_ns = timeline._at(event.t_ns)
        process = timeline._processes.fork(event.pid, event.parent, event.track, event.forked_by, t_ns)
        known = timeline.tracks.get(event.track)
        if known is not None:
            known.process = process.number
        timeline._strands.thread = event.track

    def on_copy(self, event: ev.Copy) -> None:
        """A track of the process that forked has another life in this one."""
        timeline = self._timeline
        t_ns = timeline._at(event.t_ns)
        process = timeline._processes.of(timeline._strands.thread)
        original = timeline.tracks.get(event.of)
        kind, name = (original.kind, original.base_name) if original is not None else (words.UNKNOWN, "unknown")
        track = timeline.tracks.get(event.track) or timeline._new_track(event.track, kind, name, t_ns)
        track.copy_of = event.of
        track.creator = process.track
        process.copies[event.of] = event.track
        if original is not None:
            track.place = original.place
            track.parent = process.copies.get(original.parent, words.NOBODY)
            if track.parent == words.NOBODY:
                process.orphans.setdefault(original.parent, []).append(track)
        for child in process.orphans.pop(event.of, ()):
            # It was spoken of before its parent was.
            child.parent = event.track
        timeline._enter(t_ns, Entry.SPAWN, len(timeline.spawns))
        timeline._spawn_ns.append(t_ns)
        timeline.spawns.append(event.track)
        if event.runs:
            self._run(t_ns, track)
        elif not len(track.slices):
            self._begin(t_ns, track, original, process)
        timeline._blocks.spawned(track)

    def _begin(self, t_ns: int, track: Track, original: Track | None, process: Process) -> None:
        """It has done nothing since the fork: it is as it was then."""
        timeline = self._timeline
        slices = original.slices if original is not None else track.slices
        at = slices.at(process.start_ns)
        state = State(slices.state[at]) if at >= 0 else State.UNKNOWN
        if state is State.WAITING and slices.about[at] >= 0:
            park = slices.about[at]
            on_track = process.copies.get(timeline._parks.on_track[park], words.NOBODY)
            about = timeline._parks.repeat(park, on_track)
            timeline._parks.leave_alone(t_ns, track.id)
            timeline._set(track.id, process.start_ns, State.WAITING, about)
            timeline._enter(t_ns, Entry.PARK, about)
        else:
            timeline._set(track.id, process.start_ns, State.CREATED if state is State.CREATED else State.UNKNOWN)

    def _run(self, t_ns: int, track: Track) -> None:
        """It ran at the fork: on top of what was told of before it, or in the thread's place."""
        timeline = self._timeline
        strand = timeline._strands.now()
        below = strand[-1]
        inside = track.kind in (words.GENERATOR, words.COROUTINE)
        timeline._park(t_ns, below, words.RESUMED if inside else words.SWITCHED, track.id, words.NOTHING)
        timeline._parks.leave_alone(t_ns, below)
        timeline._enter(t_ns, Entry.PARK, len(timeline._parks) - 1)
        if inside:
            strand.append(track.id)
        else:
            timeline._strands.go_to(track.id)
        timeline._record_run(t_ns, track.id, -1)

    def ended(self, track: int, t_ns: int) -> None:
        """A track has ended: with its main thread all of a child is over."""
        timeline = self._timeline
        process = timeline._processes.of(track)
        if process.number and process.track == track:
            for other in timeline.tracks.values():
                if other.process == process.number and other.state not in FINAL:
                    timeline._set(other.id, t_ns, State.DONE)

    def end(self) -> None:
        """The program has ended. Of a child that nothing tells the end of, it is known up to its latest event."""
        timeline = self._timeline
        for process in timeline._processes.all[1:]:
            tracks = [one for one in timeline.tracks.values() if one.process == process.number and len(one.slices)]
            last_ns = max((track.slices.start_ns[-1] for track in tracks), default=0)
            for track in tracks:
                if track.state not in FINAL:
                    timeline._set(track.id, last_ns, State.UNKNOWN)
