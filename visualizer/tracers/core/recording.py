"""One recording inside the watched program: starts the tracers, keeps what they share, and ends with the program."""

from __future__ import annotations

import _thread
import atexit
import os
import sys
import time

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import Buffer
from visualizer.tracers.core.code import Ownership
from visualizer.tracers.core.processes.forks import Forks
from visualizer.tracers.core.sampling import Samples
from visualizer.tracers.core.stream import Stream
from visualizer.tracers.core.string_table import quote
from visualizer.tracers.core.values import exception_text, keep, show, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, Protocol

    from visualizer.tracers.control.control import Control
else:
    Protocol = object

# Fetched now: gevent's monkey-patching replaces them.
_get_ident = _thread.get_ident
_Local = _thread._local


class Tracer(Protocol):
    """Watches one runtime. A tracer must not raise out of its hooks: it gives the error to `Recording.fail`."""

    #: The name under which the trace's header and notes speak of it.
    name: str

    def install(self) -> str:
        """Begin, or arrange to begin when the runtime is imported. Return one sentence on how, or why not."""

    def remove(self) -> None:
        """Take every hook out again. Called once, in the main thread at the end, or where a hook failed."""

    def finish(self, t_ns: int) -> None:
        """The program is over: store what is known only now (before `remove`)."""


class Recording:
    """What the tracers share: the stream, the track ids, the track of each thread, and what to do when one fails."""

    def __init__(self, stream: Stream, own: Ownership) -> None:
        self.stream = stream
        #: Whether a code object is the program's own.
        self.own = own
        #: Gives the next track id. Ids are never used twice, whichever process of the program gives them.
        self.new_track: Callable[[], int] = stream.ids.track
        #: The track of the process's main thread.
        self.track = words.NOBODY
        #: The track of the greenlet that runs here, or else of the thread; told by whoever knows greenlets.
        self.current: Callable[[], int] = lambda: stream.here(stream.clock()).track
        #: The tracks of the generators that run in a frame, and below it, the innermost last; told by who knows them.
        self.running_in: Callable[[Any], list[int]] = lambda frame: []
        #: Why greenlets' hooks must not take their short way now: tracks of which something is still to be found out,
        #: or NOBODY if something else is due.
        self.unsettled: set[int] = set()
        #: Has no generator take its short way at its next yield; told by who knows them.
        self.unlearn: Callable[[], None] = lambda: None
        #: Tells the greenlet tracer the first code that runs in a greenlet that was just entered.
        self.name_entered: Callable[[CodeType], None] = lambda code: None
        #: Whether a call of a class makes what a tracer wants to know of, and tells it that a frame has made one.
        self.makes: Callable[[Any], bool] = lambda kind: False
        self.was_made: Callable[[Any, Any], None] = lambda kind, frame: None
        #: Called in each thread but the first when it stores its first event.
        self.on_thread: list[Callable[[], None]] = []
        self.tracers: dict[str, Tracer] = {}
        self.samples = Samples(self)
        #: By which the program can be held, if it was started so.
        self.control: Control | None = None
        self.forks = Forks(self)
        self._began = self._ended = False
        self._local = _Local()
        stream.on_thread = self._on_thread
        stream.on_backlog = lambda: self.unsettled.add(words.NOBODY)

    @property
    def is_over(self) -> bool:
        """Whether nothing is recorded any more."""
        return self._ended

    def _on_thread(self, buffer: Buffer, t_ns: int) -> None:
        """A thread is about to store its first event: give it a track."""
        name = _thread_name(_get_ident()) if self._began else "main"
        buffer.track = self.new_track()
        about = (words.THREAD, name, words.NOBODY, words.NOBODY)
        buffer.store((lines.spawn, t_ns, buffer.track, about, None, None, 0))
        if self._began:
            self._local.farewell = _Farewell(self, buffer)
            for call in self.on_thread:
                call()
        self._began = True

    def at_next_event(self, call: Callable[[], None]) -> None:
        """Have `call` called by the next hook that runs, because it cannot be done now."""
        self.stream.due.append(call)
        self.unsettled.add(words.NOBODY)
        self.unlearn()

    def on_thread_end(self, buffer: Buffer) -> None:
        """The thread of a buffer ends."""
        if not self._ended:
            about = (words.RETURNED, None)
            buffer.store((lines.exited, self.stream.clock(), buffer.track, about, lines.NO_VALUE, None, 0))
        buffer.closed = True
        if self.forks.is_child and all(other.closed for other in self.stream.buffers):
            # A thread has forked, and with the last thread the child is over, unless ours keeps it alive.
            self.stream.leave_to_end()
            self.forks.end()

    def is_entering(self) -> bool:
        """Whether the code that starts on this thread now may be the function of a greenlet just entered."""
        return self.stream.is_known() and self.stream.here(0).entering != words.NOBODY

    def leave(self, outcome: str, value: Any) -> None:
        """The function of the greenlet that runs on this thread is left; its end comes next."""
        self.stream.here(self.stream.clock()).left = (outcome, keep(value))

    def note(self, text: str) -> None:
        """Store a sentence for whoever reads the trace."""
        self.stream.extend((lines.note, self.stream.clock(), text, None, None, None, 0))

    def fail(self, tracer: str, error: BaseException) -> None:
        """A hook of `tracer` failed: log it, take the tracer out, and let the program go on."""
        # What runs from now on is not known well enough.
        self.samples.stop()
        failed = self.tracers.pop(tracer, None)
        if failed is not None:
            self.note(f"The {tracer} tracer failed and was taken out: {show(error)}.")
            try:
                failed.remove()
            except Exception as second:
                self.note(f"Taking the {tracer} tracer out failed too: {show(second)}.")

    def begin(self, tracers: list[Tracer]) -> None:
        """Write the header, install the tracers, and flush from now on."""
        stream = self.stream
        self.track = stream.here(stream.start_ns).track
        answers: dict[str, str] = {}
        for tracer in tracers:
            self.tracers[tracer.name] = tracer
            try:
                answers[tracer.name] = tracer.install()
            except Exception as error:
                answers[tracer.name] = f"refused: {show(error)}"
                self.tracers.pop(tracer.name, None)
        stream.write_header(_header(stream.start_ns, answers))
        stream.flush()
        atexit.register(self.end)
        self.forks.begin()
        self._wrap_exit()
        if self.control is not None:
            self.control.begin(self)
        self.samples.begin()
        stream.start_thread()

    def end(self) -> None:
        """The program's own code is over (atexit, after all that the program registered itself)."""
        if not self.forks.is_here or self._ended:
            return
        stream = self.stream
        if self.control is not None:
            self.control.finish()
        stream.due.clear()
        self.forks.tell_name()
        self.forks.tell_ends()
        t_ns = stream.clock()
        for tracer in list(self.tracers.values()):
            try:
                tracer.finish(t_ns)
            except Exception as error:
                self.fail(tracer.name, error)
        # Set by the interpreter when it prints an exception that nobody caught (sys.last_exc from 3.12 on).
        uncaught: Any = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        outcome, value = words.RETURNED, lines.NO_VALUE
        if isinstance(uncaught, BaseException):
            outcome, value = words.RAISED, keep(uncaught)
            name, message = type_name(type(uncaught)), exception_text(uncaught)
            stream.extend((lines.uncaught, t_ns, name, message, None, None, 0))
        track = stream.here(t_ns).track
        stream.extend((lines.exited, t_ns, track, (outcome, None), value, None, 0))
        self._remove_all()
        self._ended = True
        stream.close()
        self.forks.end()

    def _remove_all(self) -> None:
        self.samples.stop()
        for tracer in list(self.tracers.values()):
            try:
                tracer.remove()
            except Exception as error:
                self.note(f"Taking the {tracer.name} tracer out failed: {show(error)}.")
        self.tracers.clear()

    def _wrap_exit(self) -> None:
        """os._exit ends the process without atexit: flush first."""
        leave = os._exit

        def _exit(status: int) -> Any:
            if self.forks.is_here and not self._ended:
                self.forks.leave(status)
            leave(status)

        os._exit = _exit

    def abandon(self) -> None:
        """In a forked child that cannot be recorded."""
        self._remove_all()
        self._ended = True
        self.stream.discard()


class _Farewell:
    """Kept in a thread's local storage, which the interpreter clears in that thread as the last thing it does there."""

    __slots__ = ("_buffer", "_recording")

    def __init__(self, recording: Recording, buffer: Buffer) -> None:
        self._recording = recording
        self._buffer = buffer

    def __del__(self) -> None:
        self._recording.on_thread_end(self._buffer)


def _thread_name(ident: int) -> str:
    """The name that `threading` has for a thread, read without its property (a subclass may have its own)."""
    threading = sys.modules.get("threading")
    thread = getattr(threading, "_active", {}).get(ident) if threading is not None else None
    name = thread.__dict__.get("_name") if thread is not None else None
    return name if type(name) is str else "thread"


def _header(start_ns: int, tracers: dict[str, str]) -> str:
    now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
    arguments = sys.orig_argv[1:]
    fields = {
        "format": quote(words.FORMAT),
        "version": str(words.VERSION),
        "pid": str(os.getpid()),
        "monotonic_ns": str(start_ns),
        "wall_ns": str(wall_ns - (now_ns - start_ns)),
        "python": quote(".".join(map(str, sys.version_info[:3]))),
        "platform": quote(sys.platform),
        "target": quote(_target(arguments)),
        "argv": f"[{','.join(map(quote, arguments))}]",
        "cwd": quote(os.getcwd()),
        "tracers": "{" + ",".join(f"{quote(name)}:{quote(answer)}" for name, answer in tracers.items()) + "}",
    }
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}\n"


def _target(arguments: list[str]) -> str:
    if arguments[:1] == ["-m"]:
        return " ".join(arguments[1:2])
    name = os.path.basename(arguments[0]) if arguments else ""
    return name[:-3] if name.endswith(".py") else name
