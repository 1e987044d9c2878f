"""What becomes of tracks where a process forks, and where one ends."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.model.processes import Process
from visualizer.analysis.model.stacks import Stacks
from visualizer.analysis.model.states import FINAL, State
from visualizer.analysis.model.types import Entry, Track
from visualizer.analysis.model.writer import Writer
from visualizer.trace import events as ev
from visualizer.trace import words


class Forking:
    """The processes of a timeline as they come and go."""

    def __init__(self, writer: Writer, stacks: Stacks) -> None:
        self._writer = writer
        self._stacks = stacks
        self._tracks = writer.timeline.tracks

    def on_process(self, line: ev.Process) -> None:
        """A child has been forked, and goes on with its own lines."""
        process = self._writer.processes.fork(line.pid, line.parent, line.track, line.forked_by, line.t_ns)
        known = self._tracks.get(line.track)
        if known is not None:
            known.process = process.number
        self._stacks.thread = line.track
        self._writer.reach(line.t_ns, 1, ())

    def on_copy(self, line: ev.Copy) -> None:
        """A track of the process that forked has another life in this one."""
        writer, t_ns, thread = self._writer, line.t_ns, self._stacks.thread
        process = writer.processes.of(thread)
        original = self._tracks.get(line.of)
        kind, name = words.UNKNOWN, "unknown"
        if original is not None:
            kind, name = original.kind, writer.timeline.own_name(line.of)
        track = writer.track(line.track, t_ns, thread, kind, name)
        track.copy_of = line.of
        track.creator = process.track
        process.copies[line.of] = line.track
        if original is not None:
            track.place = original.place
            track.parent = process.copies.get(original.parent, words.NOBODY)
            if track.parent == words.NOBODY:
                process.orphans.setdefault(original.parent, []).append(track)
        for child in process.orphans.pop(line.of, ()):
            # It was spoken of before its parent was.
            child.parent = line.track
        self._enter(t_ns, Entry.SPAWN, writer.spawned(track, t_ns))
        if line.runs:
            self._run(t_ns, track)
        elif not len(track.slices):
            self._begin(t_ns, track, original, process)
        writer.reach(t_ns, 1, ())

    def _enter(self, t_ns: int, entry: Entry, index: int) -> None:
        self._writer.enter(np.array([entry], np.uint32), np.array([index], np.uint32), np.array([t_ns]))

    def _begin(self, t_ns: int, track: Track, original: Track | None, process: Process) -> None:
        """It has done nothing since the fork: it is as it was then."""
        writer = self._writer
        slices = original.slices if original is not None else track.slices
        at = slices.at(process.start_ns)
        state = State(slices.state[at]) if at >= 0 else State.UNKNOWN
        if state is State.WAITING and slices.about[at] >= 0:
            suspension = slices.about[at]
            on_track = process.copies.get(writer.timeline.suspensions[suspension].on_track, words.NOBODY)
            about = writer.repeat_suspension(suspension, t_ns, track.id, on_track)
            writer.begin_slice(track, process.start_ns, State.WAITING, about)
            self._enter(t_ns, Entry.SUSPENSION, about)
        else:
            writer.begin_slice(track, process.start_ns, State.CREATED if state is State.CREATED else State.UNKNOWN)

    def _run(self, t_ns: int, track: Track) -> None:
        """It ran at the fork: on top of what was told of before it, or in the thread's place."""
        writer, stacks = self._writer, self._stacks
        stack = stacks.stack(stacks.bottom)
        inside = track.kind in (words.GENERATOR, words.COROUTINE)
        how = writer.number_of_suspension((words.RESUMED if inside else words.SWITCHED, -1, words.NOTHING))
        below = writer.track(stack[-1], t_ns, stacks.thread)
        about = writer.suspend_new_alone(t_ns, below.id, track.id, how)
        writer.begin_slice(below, t_ns, State.WAITING, about)
        self._enter(t_ns, Entry.SUSPENSION, about)
        if inside:
            stack.append(track.id)
        else:
            stacks.go_to(track.id)
        writer.begin_slice(track, t_ns, State.RUNNING)

    def ended(self, track: int, t_ns: int) -> None:
        """A track has ended: with its main thread all of a child is over."""
        process = self._writer.processes.of(track)
        if process.number and process.track == track:
            for other in self._tracks.values():
                if other.process == process.number and other.state not in FINAL:
                    self._writer.begin_slice(other, t_ns, State.DONE)

    def end(self) -> None:
        """The program is over. Of a child that nothing tells the end of, it is known up to its latest event."""
        for process in self._writer.processes.all[1:]:
            tracks = [one for one in self._tracks.values() if one.process == process.number and len(one.slices)]
            last_ns = max((track.slices.start_ns[-1] for track in tracks), default=0)
            for track in tracks:
                if track.state not in FINAL:
                    self._writer.begin_slice(track, last_ns, State.UNKNOWN)
