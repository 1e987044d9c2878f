"""What becomes of tracks where a process forks or starts another, and where one ends."""

from __future__ import annotations

import re

import numpy as np

from visualizer.analysis.model.processes import Process
from visualizer.analysis.model.stacks import Stacks, Standing
from visualizer.analysis.model.states import FINAL, State
from visualizer.analysis.model.types import Entry, Track
from visualizer.analysis.model.writer import Writer
from visualizer.trace import events as ev
from visualizer.trace import words

#: Numbers of texts of our own go down from this: those of a trace count from 0.
_LARGEST_ID = (1 << 30) - 1
#: So much later goes on who waited for an end, at most.
_LATE_NS = 1_000_000_000
#: States of a thread that begin by what its own process tells.
_OWN_STEPS = frozenset((State.RUNNING, State.WAITING, State.IDLE))
#: What a process says of its end that ends by os._exit, and what its parent sees.
_END = re.compile(r"exit code (\d{1,9})|signal (\d{1,3})", re.ASCII)


class Forking:
    """The processes of a timeline as they come and go."""

    def __init__(self, writer: Writer, stacks: Stacks) -> None:
        self._writer = writer
        self._stacks = stacks
        self._tracks = writer.timeline.tracks
        #: Who stood where at the forks of which no child has told, by the thread that forked, and when.
        self._forks: dict[tuple[int, int], Standing] = {}
        #: Numbers of texts of our own.
        self._own_texts: dict[str, int] = {}
        #: Processes whose end was seen before whoever may wait for it had gone on: main thread, and how it ended.
        self._awaited: list[tuple[int, ev.Ended]] = []

    def on_fork(self, line: ev.Fork) -> None:
        """The current thread forks: what its child inherits is known now. That may tell of itself later, or never."""
        thread = self._stacks.thread
        self._forks[thread, line.t_ns] = self._stacks.standing(thread)
        self._writer.reach(line.t_ns, 1, ())

    def on_process(self, line: ev.Process) -> ev.Exit | None:
        """A child has been forked or started, and goes on with its own lines. Return the end of who was replaced by it
        (exec), if anybody was."""
        processes = self._writer.processes
        # Of whoever forked and told nothing after that all stands as it did.
        at_fork = self._forks.pop((line.forked_by, line.t_ns), None) or self._stacks.standing(line.forked_by)
        before = self._last(line.pid)
        replaced = before if before is not None and before.track != line.track and not self._is_over(before) else None
        process = processes.begin(line.pid, line.parent, line.track, line.forked_by, line.t_ns)
        process.command = process.command or line.command
        if process.forker is not None:
            process.at_fork = at_fork
        started = processes.started.pop(line.pid, None)
        if started is not None:
            self._attribute(process, started)
        if replaced is not None and not process.how:
            process.how = words.BY_EXEC
            process.starter = self._main(replaced), None
        known = self._tracks.get(line.track)
        if known is not None:
            process.add(known)
            process.tell(known)
        self._stacks.thread = line.track
        self._writer.reach(line.t_ns, 1, ())
        if replaced is None:
            return None
        if not replaced.number:
            # Of a child this follows from the end of its main thread.
            self._end_all(replaced, line.t_ns)
        return ev.Exit(line.t_ns, self._main(replaced), words.RETURNED, self._text(f"exec {line.command}"))

    def on_started(self, line: ev.Started) -> None:
        """A process was started: it tells of itself before or after this, if it is recorded."""
        processes = self._writer.processes
        process = self._last(line.pid)
        if process is None or process.how or self._is_over(process):
            processes.started[line.pid] = line
            return
        self._attribute(process, line)
        known = self._tracks.get(process.track)
        if known is not None:
            process.tell(known)
            self._writer.timeline.version += 1

    def on_ended(self, line: ev.Ended) -> ev.Exit | None:
        """A process has ended. Return the end of its main thread, if that did not tell it itself."""
        processes = self._writer.processes
        process = self._last(line.pid)
        if process is not None:
            processes.started.pop(line.pid, None)
        if process is None or not process.number:
            return None
        if line.signal:
            process.signal = line.signal
        elif line.code >= 0:
            process.exit_code = line.code
        self._writer.timeline.version += 1
        if not self._writer.timeline.ended_wait(process.track, line.pid, process.start_ns, line.t_ns):
            self._awaited.append((process.track, line))
        if self._is_over(process):
            return None
        why, value = words.NOTHING, words.NOTHING
        if process.end:
            value = self._text(process.end)
        else:
            why = self._text("its process was gone, and how it ended was not seen")
        outcome = words.KILLED if process.signal is not None or not process.end else words.RETURNED
        return ev.Exit(line.t_ns, process.track, outcome, value, why)

    def settle(self) -> None:
        """More has come in: who waited for a process that has ended may have gone on."""
        timeline = self._writer.timeline
        self._awaited = [
            (main, line)
            for main, line in self._awaited
            if not timeline.ended_wait(main, line.pid, line.t_ns, min(timeline.last_ns, line.t_ns + _LATE_NS))
            and timeline.last_ns < line.t_ns + _LATE_NS
        ]

    def _attribute(self, process: Process, line: ev.Started) -> None:
        timeline = self._writer.timeline
        process.how, process.starter = line.how, (line.by, timeline.place(line.place))
        if line.by in self._tracks:
            process.parent = timeline.process_of(line.by).pid

    def is_known(self, pid: int) -> bool:
        """Whether a process that has ended had told of itself, or was another program, and no copy of one that does."""
        return self._last(pid) is not None or self._writer.processes.started.pop(pid, None) is not None

    def _last(self, pid: int) -> Process | None:
        """The last process of that id."""
        known, first = self._writer.processes.of_pid.get(pid), self._writer.timeline.processes[0]
        return first if known is None and first.pid == pid else known

    def _is_over(self, process: Process) -> bool:
        main = self._tracks.get(self._main(process))
        return main is None or main.state in FINAL

    def _main(self, process: Process) -> int:
        return process.track if process.number else next(iter(self._tracks), words.NOBODY)

    def _text(self, text: str) -> int:
        known = self._own_texts.get(text)
        if known is None:
            known = self._own_texts[text] = _LARGEST_ID - len(self._own_texts)
            self._writer.define(ev.Text(known, text))
        return known

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
        originals = process.keep(line.of, line.track)
        if original is not None:
            track.place = original.place
            track.parent = process.copies.get(original.parent, words.NOBODY)
            if track.parent == words.NOBODY:
                process.orphans.setdefault(original.parent, []).append(track)
        for one in originals:
            # They were spoken of before it was.
            for child in process.orphans.pop(one, ()):
                child.parent = line.track
            for suspension in process.unmet.pop(one, ()):
                writer.suspended_on(suspension, line.track)
        self._enter(t_ns, Entry.SPAWN, writer.spawned(track, t_ns))
        self._stand(process, track, original)
        writer.reach(t_ns, 1, ())

    def _enter(self, t_ns: int, entry: Entry, index: int) -> None:
        self._writer.enter(np.array([entry], np.uint32), np.array([index], np.uint32), np.array([t_ns]))

    def _stand(self, process: Process, track: Track, original: Track | None) -> None:
        """It stands where the original stood at the fork, and is as that was."""
        stacks, copies, of = self._stacks, process.copies, track.copy_of
        parted = process.parted(original.process) if original is not None else process
        bottom, *above = parted.at_fork.stacks.get(of, [of])
        if above and bottom in copies:
            stacks.stacks[copies[bottom]] = [copies[one] for one in (bottom, *above) if one in copies]
        if of in parted.at_fork.closing:
            stacks.closing.add(track.id)
        forked = process.at_fork
        if of == forked.bottom:
            stacks.of_thread[process.track] = track.id
        if of == forked.current:
            self._writer.begin_slice(track, process.start_ns, State.RUNNING)
            main = self._tracks.get(process.track)
            if main is not None:
                self._begin(main, self._tracks.get(forked.thread), process, process.start_ns)
        elif not len(track.slices):
            self._begin(track, original, process, parted.start_ns)

    def _begin(self, track: Track, original: Track | None, process: Process, forked_ns: int) -> None:
        """It has done nothing in the process: it is as the original was at the fork."""
        writer, t_ns = self._writer, process.start_ns
        slices = original.slices if original is not None else track.slices
        at = slices.at(forked_ns)
        state = State(slices.state[at]) if at >= 0 else State.UNKNOWN
        if state is State.WAITING and slices.about[at] >= 0:
            suspension = slices.about[at]
            on_track = writer.timeline.suspensions[suspension].on_track
            about = writer.repeat_suspension(suspension, t_ns, track.id, process.copies.get(on_track, words.NOBODY))
            if on_track not in process.copies:
                process.unmet.setdefault(on_track, []).append(about)
            writer.begin_slice(track, t_ns, State.WAITING, about)
            self._enter(t_ns, Entry.SUSPENSION, about)
        else:
            writer.begin_slice(track, t_ns, State.CREATED if state is State.CREATED else State.UNKNOWN)

    def ended(self, track: int, t_ns: int) -> int | None:
        """A track has ended: with its main thread all of a child is over. Return the number of that process."""
        process = self._writer.processes.of(track)
        if not process.number or process.track != track:
            return None
        self._end_all(process, t_ns)
        main = self._tracks.get(track)
        if not process.end and main is not None and (found := _END.fullmatch(main.value or "")):
            process.exit_code, process.signal = (int(number) if number else None for number in found.groups())
        return process.number

    def told_until(self, number: int | None, t_ns: int) -> int:
        """Up to when that process is known to have told all that it did, before it was gone at `t_ns`: it writes what
        its threads do in order, so up to the last step of its main thread. -1: it has told nothing."""
        main = self._tracks.get(self._writer.timeline.processes[number].track) if number is not None else None
        if main is None:
            return -1
        slices = main.slices
        for index in reversed(range(len(slices))):
            # What wakes it may be told by another process.
            if slices.start_ns[index] < t_ns and slices.state[index] in _OWN_STEPS:
                return slices.start_ns[index]
        return -1

    def _end_all(self, process: Process, t_ns: int) -> None:
        """All but its main thread."""
        main = self._main(process)
        for other in process.tracks if process.number else [*self._tracks.values()]:
            if other.process == process.number and other.id != main and other.state not in FINAL:
                self._writer.begin_slice(other, t_ns, State.DONE)

    def end(self) -> None:
        """The program is over. Of a child that nothing tells the end of, it is known up to its latest event; a thread
        that waits for a lock would have told if it had gone on."""
        for process in self._writer.processes.all[1:]:
            tracks = [one for one in process.tracks if one.process == process.number and len(one.slices)]
            last_ns = max((track.slices.start_ns[-1] for track in tracks), default=0)
            for track in tracks:
                if track.state not in FINAL and not self._waits_for_lock(track):
                    self._writer.begin_slice(track, last_ns, State.UNKNOWN)

    def _waits_for_lock(self, track: Track) -> bool:
        about = track.slices.about[-1]
        is_thread = track.kind == words.THREAD and track.state is State.WAITING and about >= 0
        return is_thread and self._writer.timeline.suspensions[about].reason == words.LOCK
