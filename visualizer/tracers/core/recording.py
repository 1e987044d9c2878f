"""One recording inside the watched program: begins with the runtimes, and ends with the program."""

from __future__ import annotations

import _thread
import atexit
import os
import sys
import time

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import is_generated
from visualizer.tracers.core.collector import without
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.handlers import is_from_outside
from visualizer.tracers.core.ids import InHeader
from visualizer.tracers.core.postponed import uninterrupted
from visualizer.tracers.core.processes.forks import Forks
from visualizer.tracers.core.processes.starts import Starts
from visualizer.tracers.core.run_queue import RunQueue
from visualizer.tracers.core.sampling import Samples
from visualizer.tracers.core.string_table import quote
from visualizer.tracers.core.values import dictionary, exception_text, keep, show, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Mapping
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.api import Control, Runtime, Words
    from visualizer.tracers.core.buffer import Buffer
    from visualizer.tracers.core.code import Ownership
    from visualizer.tracers.core.stream import Stream

# Fetched now: gevent's monkey-patching replaces them.
_Local = _thread._local
_thread_time_ns = time.thread_time_ns
#: A class of the program may have a property of that name.
_traceback_of = BaseException.__dict__["__traceback__"].__get__


class Recording(Context):
    """The context of the runtimes, with its beginning and its end."""

    def __init__(self, stream: Stream, own: Ownership, control: Control | None = None) -> None:
        super().__init__(stream, own, control)
        self.samples = Samples(self)
        self.on_failure.append(self.samples.stop)
        self.forks = Forks(self, self.abandon)
        self.child, self.children = self.forks.child, self.forks.children
        #: Of a process that was started by exec in one that is recorded: the id of that one, and its own command line.
        self._started_by: tuple[int, str] | None = None
        #: The runtimes as they were added, what each says of how it is watched, and the words of those that the reader
        #: does not know.
        self._answers: dict[str, str] = {}
        self._added: dict[str, Runtime] = {}
        self._words: dict[str, Words] = {}
        self._began = False
        #: When the program's own code was over, and what is still to be done then.
        self._over_ns = 0
        self._last_steps = [
            self._report_ends, self._finish_runtimes, self._exit_main, self._remove_all, self._close,
        ]
        self._local = _Local()
        stream.on_thread = self._on_thread
        stream.is_own = own
        stream.on_backlog = lambda: self.unsettled.add(words.NOBODY)

    def add(self, name: str, make: Callable[[Context], Runtime]) -> None:
        """Have the runtime watched that `make` makes; if it cannot, the header says why."""
        try:
            runtime = make(self)
            if self.tracers.setdefault(runtime.name, runtime) is not runtime:
                raise ValueError("another runtime has that name")
            self._added[runtime.name] = runtime
            described: Words = getattr(runtime, "words", {})
            if described:
                self._words[runtime.name] = {part: dict(texts) for part, texts in described.items()}
        except Exception as error:
            self._answers[name] = f"refused: {show(error)}"

    def _on_thread(self, buffer: Buffer, t_ns: int) -> None:
        """A thread is about to store its first event: give it a track."""
        name, creator, code, offset, is_daemon = "main", words.NOBODY, None, 0, False
        if self._began:
            born = self.births.pop(buffer.ident, None)
            name, creator, code, offset, is_daemon = born or _known_to_threading(buffer.ident)
        buffer.track = self.new_track()
        if not self._began and self._started_by is not None:
            arguments = sys.orig_argv[1:]
            is_named = arguments and (arguments[0] == "-m" or not arguments[0].startswith("-"))
            name = self.forks.begin_started(buffer, t_ns, *self._started_by, _target(arguments) if is_named else "")
        about = (words.THREAD, name, words.NOBODY, creator)
        buffer.store((lines.born, t_ns, buffer.track, about, None, code, offset))
        if is_daemon:
            buffer.store((lines.tie, t_ns, buffer.track, words.DAEMON, "", None, 0))
        if self._began:
            self._local.farewell = _Farewell(self, buffer)
            for call in self.on_thread:
                call()
        self._began = True

    def on_thread_end(self, buffer: Buffer) -> None:
        """The thread of a buffer ends."""
        if not self.is_over:
            outcome, value = self.thread_errors.take(buffer.track) or (words.RETURNED, lines.NO_VALUE)
            self.ended[buffer.track] = t_ns = self.stream.clock()
            buffer.store((lines.thread_exited, t_ns, buffer.track, (outcome, None), value, None, 0))
        # Whoever looks afterwards finds no clock of its any more.
        buffer.used_ns = _thread_time_ns()
        buffer.closed = True
        buffer.leave_queue()
        if self.forks.is_child and all(other.closed for other in self.stream.buffers):
            # A thread has forked: the child ends with its last thread, unless ours keeps it alive.
            self.stream.leave_to_end()
            self.forks.end()

    def begin(self, started_by: tuple[int, str] | None = None) -> None:
        """Write the header, install the runtimes, and flush from now on.

        `started_by`: the process that started this one, and this one's command line: then the header is there.
        """
        stream = self.stream
        self._started_by = started_by
        buffer = stream.here(stream.start_ns if started_by is None else stream.clock())
        self.track, buffer.run_queue = buffer.track, RunQueue()
        if started_by is not None:
            # The others go on, and whoever reads the file puts their lines in order: this comes first.
            stream.flush()
        for name, runtime in self._added.items():
            try:
                self._answers[name] = runtime.install()
                for module in runtime.modules:
                    self.imports.after(module, name, runtime.imported)
            except Exception as error:
                self._answers[name] = f"refused: {show(error)}"
                self.tracers.pop(name, None)
        self.imports.after("threading", "threads", self.thread_errors.begin)
        if started_by is None:
            compiled = self.compiled is not None
            stream.write_header(_header(stream.start_ns, compiled, self._answers, self._words, self.follows))
            self._share()
        stream.flush()
        atexit.register(self.end)
        self.forks.begin()
        self._wrap_exit()
        if self.control is not None:
            self.control.begin(self)
        self.samples.begin()
        stream.collector.begin()
        stream.start_thread()

    def _share(self) -> None:
        """From now on other processes may write to the file."""
        if self.follows:
            try:
                shared = InHeader(self.stream.path)
            except OSError:
                # No regular file. Those that are forked will have memory to share.
                self.take_out(Starts.name, self.tracers.pop(Starts.name))
            else:
                self.stream.share(self.track, shared)
                self.number_tracks()

    @uninterrupted
    def end(self, raised: BaseException | None = None) -> None:
        """The program's own code is over (atexit, after all that the program registered itself).

        What a signal's handler raises from now on goes nowhere, as where the interpreter ends without us: what it comes
        in the middle of is left out. `raised`: what came last.
        """
        failure = None
        try:
            if raised is not None:
                self.stream.interrupted += 1
                if isinstance(raised, Exception) and not is_from_outside(raised, self.own):
                    failure = raised
            if failure is None:
                if self.forks.is_here and self._last_steps:
                    without(self._end)
                return
        except BaseException as error:
            raised, failure = error, None
        if failure is not None:
            raise failure
        # Outside of the `try` nothing can come in between, as it could where a loop jumps back.
        self.end(raised)

    def _end(self) -> None:
        """Do what is left to be done: the last of it again, if something came in the middle."""
        steps = self._last_steps
        while len(steps) > 1:
            step = steps[0]
            del steps[0]
            step()
        self._close()
        steps.clear()

    def _close(self) -> None:
        self.is_over = True
        self.stream.close()
        self.forks.end()

    def _report_ends(self) -> None:
        if self.control is not None:
            self.control.finish()
        self.stream.due.clear()
        self.forks.report_name()
        self.forks.report_ends(last=True)
        for report in self.on_end:
            report()

    def _finish_runtimes(self) -> None:
        # What is found now was there when the main thread ended: nobody started it.
        t_ns = self._over_ns = self.stream.clock()
        for name, runtime in list(self.tracers.items()):
            try:
                runtime.finish(t_ns)
            except Exception as error:
                self.fail(name, error)

    def _exit_main(self) -> None:
        stream, t_ns = self.stream, self._over_ns or self.stream.clock()
        # Set by the interpreter when it prints an exception that nobody caught (sys.last_exc from 3.12 on).
        uncaught: Any = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        outcome, value = words.RETURNED, lines.NO_VALUE
        if isinstance(uncaught, BaseException) and _ended_main(uncaught):
            outcome, value = words.RAISED, keep(uncaught)
            # That ends one process only; the program ends with its first one.
            if not self.forks.is_child:
                name, message = type_name(type(uncaught)), exception_text(uncaught)
                stream.extend((lines.uncaught, t_ns, name, message, None, *self._raised_at(uncaught)))
        stream.store(lines.thread_exited, t_ns, stream.here(t_ns).track, (outcome, None), value)

    def _raised_at(self, error: BaseException) -> tuple[CodeType | None, int]:
        """The innermost place of the program's own code that the exception passed, best in a file; of a group, that of
        its first one."""
        while isinstance(error, BaseExceptionGroup):
            error = _members(error)[0]
        place: tuple[CodeType | None, int] = None, 0
        entry = _traceback_of(error)
        while entry is not None:
            code = entry.tb_frame.f_code
            if self.own(code) and (place[0] is None or is_generated(place[0]) or not is_generated(code)):
                place = code, entry.tb_lasti
            entry = entry.tb_next
        return place

    def _remove_all(self) -> None:
        self.samples.stop()
        for name, runtime in list(self.tracers.items()):
            self.take_out(name, runtime)
        self.tracers.clear()
        self.imports.remove()
        self.stream.collector.remove()

    def _wrap_exit(self) -> None:
        """os._exit ends the process without atexit: flush first."""
        leave = os._exit

        def _exit(status: int) -> Any:
            if self.forks.is_here and not self.is_over:
                self.forks.leave(status)
            leave(status)

        os._exit = _exit

    def abandon(self) -> None:
        """In a forked child that cannot be recorded."""
        self._remove_all()
        self._last_steps.clear()
        self.is_over = True
        self.stream.discard()


#: Not by an attribute, which a subclass may define.
_members = BaseExceptionGroup.exceptions.__get__


class _Farewell:
    """Kept in a thread's local storage, which the interpreter clears in that thread as the last thing it does there."""

    __slots__ = ("_buffer", "_recording")

    def __init__(self, recording: Recording, buffer: Buffer) -> None:
        self._recording = recording
        self._buffer = buffer

    def __del__(self) -> None:
        self._recording.on_thread_end(self._buffer)


def _ended_main(error: BaseException) -> bool:
    """Whether an exception that was printed had gone through all of the script, or module, that was run.

    An interactive console in the program and pytest set `sys.last_exc` as well, and go on.
    """
    outermost = error.__traceback__
    if outermost is None:
        # A script that does not compile has no more than that.
        return isinstance(error, SyntaxError) and type(error.filename) is str and not error.filename.startswith("<")
    frame = outermost.tb_frame
    if frame.f_code.co_filename == "<frozen runpy>":
        return True
    is_console = frame.f_code.co_filename.startswith(("<console", "<python-input", "<ipython-input"))
    main = sys.modules.get("__main__")
    return frame.f_code.co_name == "<module>" and frame.f_globals is getattr(main, "__dict__", None) and not is_console


def _known_to_threading(ident: int) -> tuple[str, int, CodeType | None, int, bool]:
    """What `threading` knows of a thread, as in `births`, read without properties (a subclass may have its own)."""
    threading = sys.modules.get("threading")
    thread = getattr(threading, "_active", {}).get(ident) if threading is not None else None
    known = dictionary(thread)
    name = known.get("_name")
    return name if type(name) is str else "thread", words.NOBODY, None, 0, known.get("_daemonic") is True


def _header(
    start_ns: int, compiled: bool, tracers: dict[str, str], runtimes: dict[str, Words], shares: bool
) -> str:
    now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
    arguments = sys.orig_argv[1:]
    fields = {
        "format": quote(words.FORMAT),
        "version": str(words.VERSION),
        # Where they are in the file, and what follows, is known to those that are started later.
        **({"numbers": InHeader.NONE} if shares else {}),
        **identity(start_ns),
        "wall_ns": str(wall_ns - (now_ns - start_ns)),
        "python": quote(".".join(map(str, sys.version_info[:3]))),
        "platform": quote(sys.platform),
        "target": quote(_target(arguments)),
        "argv": f"[{','.join(map(quote, arguments))}]",
        "cwd": quote(os.getcwd()),
        "recorder": quote("C" if compiled else "Python"),
        "tracers": _object(tracers),
    }
    if runtimes:
        fields["runtimes"] = _object(runtimes)
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}\n"


def identity(start_ns: int) -> dict[str, str]:
    """What tells a trace from others: this process, and its zero."""
    return {"pid": str(os.getpid()), "monotonic_ns": str(start_ns)}


def _object(fields: Mapping[str, Any]) -> str:
    """Words, or words of words, as a JSON object."""
    made = (f"{quote(name)}:{quote(it) if isinstance(it, str) else _object(it)}" for name, it in fields.items())
    return "{" + ",".join(made) + "}"


def _target(arguments: list[str]) -> str:
    if arguments[:1] == ["-m"]:
        return " ".join(arguments[1:2])
    name = os.path.basename(arguments[0]) if arguments else ""
    return name[:-3] if name.endswith(".py") else name
