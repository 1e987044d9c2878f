"""One recording inside the watched program: starts the tracers, keeps what they share, and ends with the program."""

from __future__ import annotations

import _thread
import atexit
import os
import sys
import time
from itertools import count

from visualizer.trace import words
from visualizer.trace.sink import Sink
from visualizer.tracers import lines
from visualizer.tracers.code import Ownership
from visualizer.tracers.stream import Stream, quote
from visualizer.tracers.values import exception_text, keep, show, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, Protocol
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
        #: Gives the next track id. Ids are sequential and never used twice.
        self.new_track: Callable[[], int] = count().__next__
        #: The track of each OS thread, by `_thread.get_ident()`.
        self.threads: dict[int, int] = {}
        #: The thread whose events stand last in the buffer: what follows belongs to it until a `thread` line.
        self.ident = 0
        #: Thread and track of a greenlet that has just been entered for the first time, its function not yet known.
        self.entering: tuple[int, int] | None = None
        #: Tells the greenlet tracer the first code that runs in it.
        self.name_entered: Callable[[CodeType], None] = lambda code: None
        #: How the function of the greenlet that is about to end left: (outcome, value); from 3.12 on, else None.
        self.left: tuple[str, Any] | None = None
        self.tracers: dict[str, Tracer] = {}
        self._process = os.getpid()
        self._next: list[Callable[[], None]] = []
        self._began = self._ended = False
        self._local = _Local()

    def at_next_event(self, call: Callable[[], None]) -> None:
        """Have `call` called by the next hook that runs, because it cannot be done now.

        It costs the hooks nothing: having forgotten the thread, the next one asks `on_thread` for it.
        """
        self._next.append(call)
        self.ident = 0

    def on_thread(self, ident: int, t_ns: int) -> None:
        """Store that what follows happens on thread `ident`. Called by a hook that finds another one in `ident`."""
        while self._next:
            self._next.pop()()
        track = self.threads.get(ident)
        if track is None:
            about = (words.THREAD, _thread_name(ident) if self._began else "main", words.NOBODY, words.NOBODY)
            track = self.threads[ident] = self.new_track()
            if self._began:
                self._local.farewell = _Farewell(self, ident)
            self._began = True
            self.stream.extend((lines.spawn, t_ns, track, about, None, None, 0))
        else:
            self.stream.extend((lines.thread, t_ns, track, None, None, None, 0))
        self.ident = ident

    def on_thread_end(self, ident: int) -> None:
        """A thread ends, and the next one may be given its `ident`."""
        track = self.threads.pop(ident, None)
        if track is not None and not self._ended:
            stream = self.stream
            about = (words.RETURNED, None)
            stream.extend((lines.exited, stream.clock(), track, about, lines.NO_VALUE, None, 0))
        self.ident = 0

    def is_entering(self) -> bool:
        """Whether the code that starts on this thread now may be the function of a greenlet just entered."""
        return self.entering is not None and self.entering[0] == _get_ident()

    def note(self, text: str) -> None:
        """Store a sentence for whoever reads the trace."""
        self.stream.extend((lines.note, self.stream.clock(), text, None, None, None, 0))

    def fail(self, tracer: str, error: BaseException) -> None:
        """A hook of `tracer` failed: log it, take the tracer out, and let the program go on."""
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
        self.on_thread(_get_ident(), stream.start_ns)
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
        os.register_at_fork(
            before=self._before_fork, after_in_child=self._in_forked_child, after_in_parent=self._after_fork
        )
        self._wrap_exit()
        stream.start_thread()

    def end(self) -> None:
        """The program's own code is over (atexit, after all that the program registered itself)."""
        if os.getpid() != self._process:
            return
        self._next.clear()
        stream = self.stream
        t_ns = stream.clock()
        if _get_ident() != self.ident:
            self.on_thread(_get_ident(), t_ns)
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
        main = self.threads.get(_get_ident(), 0)
        stream.extend((lines.exited, t_ns, main, (outcome, None), value, None, 0))
        self._remove_all()
        self._ended = True
        stream.close()

    def _remove_all(self) -> None:
        for tracer in list(self.tracers.values()):
            try:
                tracer.remove()
            except Exception as error:
                self.note(f"Taking the {tracer.name} tracer out failed: {show(error)}.")
        self.tracers.clear()

    def _wrap_exit(self) -> None:
        """os._exit ends the process without atexit: flush first."""
        leave = os._exit
        process = self._process

        def _exit(status: int) -> Any:
            if os.getpid() == process:
                self.stream.flush(last=True)
            leave(status)

        os._exit = _exit

    def _before_fork(self) -> None:
        if os.getpid() == self._process:
            self.stream.stop_thread()
            self.stream.flush()

    def _after_fork(self) -> None:
        if os.getpid() == self._process:
            self.note("The program forked: its child process is not recorded.")
            # Not at once: os.fork() counts the threads only after this (3.13).
            self.at_next_event(self.stream.start_thread)

    def _in_forked_child(self) -> None:
        self._remove_all()
        self.stream.discard()


class _Farewell:
    """Kept in a thread's local storage, which the interpreter clears in that thread as the last thing it does there."""

    __slots__ = ("_ident", "_recording")

    def __init__(self, recording: Recording, ident: int) -> None:
        self._recording = recording
        self._ident = ident

    def __del__(self) -> None:
        self._recording.on_thread_end(self._ident)


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


def start(trace: str, include: list[str], source: bool = True) -> Recording:
    """Begin to record this process into the file `trace`. Raise OSError if it cannot be written."""
    from visualizer.tracers.chooser import choose

    recording = Recording(Stream(Sink(trace)), Ownership(include))
    if not source:
        recording.stream.source_room = 0
    recording.begin(choose(recording))
    return recording


def own_frame(frame: Any, own: Callable[[CodeType], bool]) -> Any:
    """The innermost frame of the program's own code; the innermost of all if there is none."""
    inner = frame
    while frame is not None:
        if own(frame.f_code):
            return frame
        frame = frame.f_back
    return inner


def place_of(frame: Any, own: Callable[[CodeType], bool]) -> tuple[CodeType | None, int]:
    """Code and instruction of `own_frame`; (None, 0) of no frame."""
    found = own_frame(frame, own)
    return (found.f_code, found.f_lasti) if found is not None else (None, 0)
