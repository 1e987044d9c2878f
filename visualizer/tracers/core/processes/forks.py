"""Continues recording in the children that the program forks, into the same file.

Right before a fork everything is flushed, so that the file has all that the child inherits: texts, places, shapes. The
child drops what its copy of the buffers holds, takes numbers of its own (ids.py), says which process it is, and names
its copies of the parent's tracks (copies.py). It begins its life at the moment that the parent read before the fork.

What is started by exec begins as another program (starts.py). A child that is forked to exec something is as a rule
gone before the first flush, and then leaves nothing in the file.
"""

from __future__ import annotations

import _thread
import os
import sys

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.own_lock import OwnLock
from visualizer.tracers.core.processes.children import Children
from visualizer.tracers.core.processes.copies import Copies
from visualizer.tracers.core.values import Shown, show

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer
    from visualizer.tracers.core.context import Context

_get_ident = _thread.get_ident
#: The end of a child is looked for every 25 ms. If it was not for so long, it is not known when it ended.
_LATE_NS = 200_000_000
_WHEN = "it had ended by then; when is not known"


class _Fork:
    """A fork that is going on."""

    __slots__ = (
        "children", "code", "failed", "flushing", "is_known", "limit", "offset", "place", "running", "stops", "t_ns",
        "track",
    )

    def __init__(self) -> None:
        #: Whether the child can be recorded; if it was expected to be and cannot, why not.
        self.is_known = False
        self.failed = ""
        #: Whether our own thread was stopped for it.
        self.stops = False
        self.t_ns = 0
        #: Track of the thread that forks; and of who runs on it, the innermost last.
        self.track = words.NOBODY
        self.running: list[int] = []
        #: Where in the program's own code.
        self.code: CodeType | None = None
        self.offset = 0
        #: Tracks below it are inherited.
        self.limit = 0
        #: Keeps others from writing.
        self.flushing: Any = None
        #: Where the parent looks whether the child still lives; and that place in it.
        self.children: Children | None = None
        self.place = -1


class Forks:
    """The forks of one process, and of its children."""

    def __init__(self, recording: Context, abandon: Callable[[], None]) -> None:
        """`abandon`: called in a child that cannot be recorded."""
        self._recording = recording
        #: This process is multiprocessing's fork server, and leaves no lines of its own: which one had it started.
        self.server_of: int | None = None
        #: Called in a child that was forked and is recorded.
        self.on_child: Callable[[], None] = lambda: None
        self._abandon = abandon
        self._pid = os.getpid()
        #: The process began by a fork that we saw, or was started by exec in a process that we record.
        self.is_child = False
        #: The forks in progress, by the thread that forks: a signal's handler may fork while we prepare another one.
        self._forks: dict[int, list[_Fork]] = {}
        #: Has the thread that forks, from right before to right after: what it holds then is for one at a time.
        self._one = OwnLock()
        #: The fork that this process began with.
        self._born: _Fork | None = None
        #: What this process has forked; and where our own thread stores how that ended.
        self._children: Children | None = None
        self._ends = recording.stream.new_buffer()
        self._looked_ns = 0
        #: What this process inherited, if it is a child.
        self._copies: Copies | None = None
        #: The name that multiprocessing had for the process when that was looked for last.
        self._name: str | None = None

    @property
    def is_here(self) -> bool:
        """Whether this is the process that records; False after a fork that ran no hooks."""
        return os.getpid() == self._pid

    def begin(self) -> None:
        """Be told of forks from now on."""
        os.register_at_fork(before=self._before, after_in_child=self._in_child, after_in_parent=self._in_parent)

    def _before(self) -> None:
        """In the thread that forks, as the last thing before it."""
        self._one.__enter__()
        fork = _Fork()
        self._forks.setdefault(_get_ident(), []).append(fork)
        if not self.is_here or self._recording.is_over:
            return
        stream = self._recording.stream
        try:
            fork.stops = True
            stream.stop_thread()
            if not self._recording.follows:
                return
            stream.flush()
            stream.share(self._recording.track)
            self._recording.number_tracks()
            if self._recording.control is not None:
                self._recording.control.share_clock(stream.ids.spare)
            self._look(fork)
            fork.children = self._watched()
            fork.place = fork.children.expect()
            fork.flushing = stream.hold_flushes()
            fork.is_known = True
        except Exception as error:
            fork.failed = show(error)

    def _look(self, fork: _Fork) -> None:
        """Who forks, where and when."""
        recording = self._recording
        stream = recording.stream
        fork.t_ns = stream.clock()
        buffer = stream.here(fork.t_ns)
        fork.track = buffer.track
        frame: Any = sys._getframe(1)
        running = [recording.current(), *recording.running_in(frame)]
        if _in_file(running[0], self._copies) == fork.track:
            del running[0]
        fork.running = running
        while frame is not None and not recording.own(frame.f_code):
            frame = frame.f_back
        if frame is not None:
            fork.code, fork.offset = frame.f_code, frame.f_lasti
        fork.limit = stream.ids.is_inherited_below()
        buffer.store((lines.fork, fork.t_ns, None, None, None, None, 0))

    def _watched(self) -> Children:
        """The children, which are looked at from now on."""
        if self._children is None:
            self._children = Children()
            self._recording.others["children"] = True
            stream = self._recording.stream
            self._looked_ns = stream.clock()
            stream.before_flush.append(self.report_ends)
        return self._children

    def _aside(self) -> Buffer:
        """Where our own thread stores what it finds out about processes."""
        stream = self._recording.stream
        if not self._ends.reported:
            self._ends.track, self._ends.reported = stream.process, True
            stream.buffers.append(self._ends)
        return self._ends

    def started(self, pid: int) -> None:
        """A child was started by exec."""
        self._watched().started(pid)

    def returned(self, pid: int, code: int, number: int) -> None:
        """The program has learnt how a child ended: its exit code, or -1 and the signal that killed it."""
        stream = self._recording.stream
        if not self.is_here or self._recording.is_over:
            return
        if stream.is_flushing_here():
            # A finalizer of the program's.
            self._recording.at_next_event(lambda: self.returned(pid, code, number))
            return
        if self._children is None or self._children.returned(pid):
            stream.store(lines.ended, stream.clock(), pid, (code, number))

    def child(self, pid: int) -> int:
        """The main thread of a forked child; words.NOBODY if that is not known."""
        return self._children.track_of(pid) if self._children is not None else words.NOBODY

    def children(self) -> tuple[list[int], set[int]]:
        """The ids of those that may live, and of the last that were seen to have ended."""
        known = self._children
        return (known.living(), known.over()) if known is not None else ([], set())

    def report_ends(self, last: bool = False) -> None:
        """Store how children ended that did not tell it. In our own thread, or at the end (`last`)."""
        if self._children is not None:
            t_ns = self._recording.stream.clock()
            # After a fork our thread may begin late (3.12 and later).
            late, self._looked_ns = t_ns - self._looked_ns > _LATE_NS, t_ns
            for track, outcome, inferred, value in self._children.ended(last):
                about = outcome, inferred or (_WHEN if late else None)
                self._aside().store((lines.thread_exited, t_ns, track, about, value, None, 0))
            for pid, code, number in self._children.gone(last):
                self._aside().store((lines.ended, t_ns, pid, (code, number), None, None, 0))

    def _ended(self) -> _Fork:
        """The fork that the thread that calls has made."""
        forks = self._forks.get(_get_ident())
        return forks.pop() if forks else _Fork()

    def _in_parent(self) -> None:
        try:
            self._go_on_in_parent(self._ended())
        finally:
            self._one.__exit__()

    def _go_on_in_parent(self, fork: _Fork) -> None:
        if fork.stops:
            self._recording.stream.forked()
        if not self.is_here or self._recording.is_over:
            return
        stream = self._recording.stream
        stream.ids.forked()
        if fork.flushing is not None:
            stream.let_flush(fork.flushing)
        if fork.failed:
            t_ns = stream.clock()
            reported = f"The program forked, and its child process is not recorded: {fork.failed}."
            # Stored past `extend`, which does what is due: our thread must not begin yet.
            stream.here(t_ns).store((lines.note, t_ns, reported, None, None, None, 0))
        if sys.version_info < (3, 12):
            stream.start_thread()
        else:
            # Not at once: os.fork() counts the threads only after this.
            self._recording.at_next_event(stream.start_thread)

    def _in_child(self) -> None:
        try:
            self._go_on_in_child(self._ended())
        finally:
            self._one.__exit__()

    def _go_on_in_child(self, fork: _Fork) -> None:
        recording = self._recording
        if recording.is_over:
            return
        if recording.control is not None:
            recording.control.abandon()
        try:
            if fork.is_known:
                self._go_on(fork)
                return
        except Exception:  # There is nobody to tell: the file is the parent's.
            pass
        self._abandon()

    def _go_on(self, fork: _Fork) -> None:
        recording, stream = self._recording, self._recording.stream
        parent, self._pid, self.is_child = self._pid, os.getpid(), True
        self._ends = stream.new_buffer()
        if self._children is not None:
            self._children = None
            stream.before_flush.remove(self.report_ends)
        buffer = stream.here(fork.t_ns)
        elsewhere = frozenset(other.track for other in stream.buffers if other is not buffer)
        before = self._copies
        stream.begin_again(buffer, fork.track)
        recording.number_tracks()
        track = recording.new_track()
        name = f"process {self._pid}"
        inside = recording.running_elsewhere(fork.running)
        stream.copies = self._copies = copies = Copies(
            fork.limit, before, elsewhere, inside, name, recording.new_track
        )
        # The hooks may know the thread's track by the number that it had then, or by that of an earlier process.
        inherited = before.known if before is not None else ()
        numbers = [fork.track, *(known for known in inherited if copies.original(known) == fork.track)]
        copies.known.update(dict.fromkeys(numbers, track))
        born_with = [*fork.running, *(one for number in numbers for one in inside.get(number, ()))]
        buffer.track = stream.process = recording.track = track
        recording.first_numbers[track] = recording.first_numbers.get(fork.track, fork.track)
        creator = copies.original(fork.running[-1] if fork.running else fork.track)
        about = self._pid, parent, copies.original(fork.track), ""
        if self.server_of is not None:
            about, creator = (self._pid, self.server_of, words.NOBODY, ""), words.NOBODY
        buffer.store((lines.process, fork.t_ns, track, about, None, None, 0))
        born = words.THREAD, name, words.NOBODY, creator
        buffer.store((lines.born, fork.t_ns, track, born, None, fork.code, fork.offset))
        for one in born_with:
            copy = copies.known[one] = recording.new_track()
            buffer.store((lines.copy, fork.t_ns, copy, copies.original(one), None, None, 0))
        self._name = _name_of_process()
        if self._look_for_name not in stream.before_flush:
            stream.before_flush.append(self._look_for_name)
        self._born = fork
        if fork.children is not None:
            fork.children.begin(fork.place, track)
        self.on_child()
        if self.server_of is not None:
            # Whoever had it forked knows nothing of a fork: this must be in the file before anything that happens now.
            self.server_of = None
            stream.flush()
        stream.start_thread()

    def begin_started(self, buffer: Buffer, t_ns: int, parent: int, command: str, title: str) -> str:
        """This process was started by `parent` with exec. Return what its main thread is called; `title`: its script or
        module, if it has one."""
        self.is_child = self._recording.is_child = self._recording.others["parent"] = True
        self._recording.ends.tell_all()
        self._name = "MainProcess"
        stream = self._recording.stream
        stream.process = buffer.track
        if parent == self._pid:
            # It forked, and did this before the child told anything; or another program was here before.
            parent = os.getppid()
        about = self._pid, parent, words.NOBODY, command
        buffer.store((lines.process, t_ns, buffer.track, about, None, None, 0))
        stream.before_flush.append(self._look_for_name)
        return f"{title} ({self._pid})" if title else f"process {self._pid}"

    def _look_for_name(self) -> None:
        """In the flushing thread: multiprocessing names a process after its fork, whose own thread may only wait from
        then on."""
        if self.is_child and _name_of_process() != self._name:
            self._report_name(self._aside())

    def report_name(self) -> None:
        """In a thread of the program's."""
        stream = self._recording.stream
        self._report_name(stream.here(stream.clock()))

    def _report_name(self, buffer: Buffer) -> None:
        name = _name_of_process()
        if self.is_child and name is not None and name != self._name:
            self._name = name
            stream = self._recording.stream
            called = f"{name} ({self._pid})"
            buffer.store((lines.name, stream.clock(), stream.process, called, lines.NO_VALUE, None, 0))

    def end(self) -> None:
        """The process has told of its end."""
        if self._born is not None and self._born.children is not None:
            self._born.children.end(self._born.place)

    def leave(self, status: Any) -> None:
        """The process is about to end by os._exit."""
        stream = self._recording.stream
        for report in self._recording.on_end:
            report()
        if self.is_child and type(status) is int:
            self.report_name()
            t_ns = stream.clock()
            value = Shown(f"exit code {status & 0xFF}")
            about = words.RETURNED, None
            stream.here(t_ns).store((lines.thread_exited, t_ns, stream.process, about, value, None, 0))
        self.report_ends(last=True)
        stream.leave()
        self.end()


def _in_file(track: int, copies: Copies | None) -> int:
    return copies.known.get(track, track) if copies is not None else track


def _name_of_process() -> str | None:
    """The name that multiprocessing has for this process, read without its property (a subclass may have its own)."""
    module = sys.modules.get("multiprocessing.process")
    process = getattr(module, "_current_process", None)
    name = getattr(process, "__dict__", {}).get("_name")
    return name if type(name) is str else None
