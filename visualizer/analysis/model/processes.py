"""The processes of a program: which there are, and which threads and tracks belong to each."""

from __future__ import annotations

from dataclasses import dataclass, field

from visualizer.analysis.model.stacks import NOWHERE, Standing
from visualizer.analysis.model.types import Place, Track
from visualizer.trace import words
from visualizer.trace.events import Started


@dataclass(slots=True)
class Process:
    """A process. `number` counts them, 0 is the first; `track` is that of its main thread; `parent` the process that
    forked or started it."""

    number: int
    pid: int
    parent: int = -1
    track: int = words.NOBODY
    start_ns: int = 0
    #: Of one that was started by exec: its command line.
    command: str = ""
    #: How it was started: words.BY_FORK and the like; "" if that is not known.
    how: str = ""
    #: Once that is known: how it ended.
    exit_code: int | None = None
    signal: int | None = None
    #: Which track had it started, and where, if that is known.
    starter: tuple[int, Place | None] | None = None
    #: All that belong to it, but for the first process.
    tracks: list[Track] = field(default_factory=list)
    #: The process that forked it, and who stood where then.
    forker: Process | None = None
    at_fork: Standing = NOWHERE
    #: What became here of tracks of that process, and of those that forked that in turn, by the ids of all of these;
    #: and all that each of what is here was.
    copies: dict[int, int] = field(default_factory=dict)
    originals: dict[int, tuple[int, ...]] = field(default_factory=dict)
    #: Of those the ones whose parent has not been told of, by the id that it has in the other process; and by the
    #: same the suspensions that are on one of which that is so.
    orphans: dict[int, list[Track]] = field(default_factory=dict)
    unmet: dict[int, list[int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"process {self.pid}" if self.pid > 0 else "process"

    @property
    def end(self) -> str:
        """How it ended: "exit code 0", "signal 9"; "" where that is not known."""
        if self.signal is not None:
            return f"signal {self.signal}"
        return f"exit code {self.exit_code}" if self.exit_code is not None else ""

    def add(self, track: Track) -> None:
        """The track is one of this process."""
        if track.process != self.number:
            track.process = self.number
            self.tracks.append(track)

    def keep(self, of: int, track: int) -> tuple[int, ...]:
        """Track `of` of the process that forked it is `track` here. Return all that this was: also what `of` was."""
        further = self.forker.originals.get(of, ()) if self.forker is not None else ()
        self.originals[track] = originals = (of, *further)
        self.copies.update(dict.fromkeys(originals, track))
        return originals

    def parted(self, process: int) -> Process:
        """By which fork it has what it has of the process of that number: its own; or that by which one began that
        forked it in turn, in which nothing was told of it."""
        parted = self
        while parted.forker is not None and parted.forker.number != process:
            parted = parted.forker
        return parted

    def tell(self, main: Track) -> None:
        """Its main thread is told of: say who created it."""
        if self.starter is not None:
            main.creator, main.place = self.starter


class Processes:
    """All of them, in order of their appearance."""

    def __init__(self) -> None:
        self.all = [Process(0, 0)]
        #: The last of each process id, but for the first one.
        self.of_pid: dict[int, Process] = {}
        #: By thread; those of the first process are left out.
        self._of_thread: dict[int, Process] = {}
        #: By process id: those that were started and have not told of themselves yet.
        self.started: dict[int, Started] = {}

    def of(self, thread: int) -> Process:
        """The process that a thread belongs to."""
        return self._of_thread.get(thread, self.all[0])

    @property
    def several(self) -> bool:
        return len(self.all) > 1

    def join(self, thread: int, process: Process) -> None:
        """A thread belongs to that process."""
        if process.number:
            self._of_thread[thread] = process

    def begin(self, pid: int, parent: int, track: int, forked_by: int, t_ns: int) -> Process:
        """A process has been forked by a thread, or started (`forked_by` -1); `track` is its main thread."""
        known = self._of_thread.get(track)
        if known is not None:
            return known  # A damaged trace tells it twice.
        process = Process(len(self.all), pid, parent, track, t_ns)
        if forked_by != words.NOBODY:
            process.how = words.BY_FORK
            process.forker = self.of(forked_by)
            process.keep(forked_by, track)
        self.all.append(process)
        self.of_pid[pid] = process
        self._of_thread[track] = process
        return process
