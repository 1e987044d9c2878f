"""What a runtime is given: functions to report on its tracks, and what the runtimes of one recording share.

An event is reported in the thread in which it happens. A runtime whose hooks have no time for that stores rows itself
(buffer.py).
"""

from __future__ import annotations

import sys

from visualizer.trace import words
from visualizer.tracers.core import code, lines
from visualizer.tracers.core.buffer import NEW
from visualizer.tracers.core.code import place_of
from visualizer.tracers.core.compiled import recorder
from visualizer.tracers.core.handlers import is_from_outside
from visualizer.tracers.core.imports import Imports
from visualizer.tracers.core.postponed import Postponed
from visualizer.tracers.core.run_queue import RunQueue
from visualizer.tracers.core.thread_errors import ThreadErrors
from visualizer.tracers.core.used_ends import UsedEnds
from visualizer.tracers.core.values import keep, show

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any, TypeVar

    from visualizer.tracers.core.api import Callee, Control, GeneratorSteps, Points, Watcher
    from visualizer.tracers.core.code import Ownership
    from visualizer.tracers.core.sockets import Endpoint
    from visualizer.tracers.core.stream import Stream

    W = TypeVar("W", bound=Watcher)
    H = TypeVar("H", bound=Callable[..., Any])

#: No value crossed, or none that could be observed.
NO_VALUE = lines.NO_VALUE
#: As a creator or waker: who runs at that moment on that thread. As any of them: it is not known.
CURRENT, NOBODY, SUBJECT = words.CURRENT, words.NOBODY, words.SUBJECT
#: Exceptions that a hook raises because of the state that the program is in.
_OF_THE_PROGRAM = RecursionError, MemoryError


class Context:
    """What the runtimes share. Times are absolute nanoseconds of `now`; tracks are the integers that `spawned` gives.

    `frame` is where in the program something happens, if that is known: its innermost frame of the program's own.
    """

    def __init__(self, stream: Stream, own: Ownership, control: Control | None = None) -> None:
        self.stream = stream
        #: The short ways in C, None where they are Python's.
        self.compiled = recorder(stream.clock)
        if self.compiled is not None:
            stream.new_rows, stream.new_table = self.compiled.Rows, self.compiled.Table
            stream.at_once, stream.made.put = sys.maxsize, self.compiled.put_pieces
            stream.open_high, code.read = self.compiled.open_high, self.compiled.read_apart
        #: Whether a code object is the program's own.
        self.own = own
        #: Pauses the program, if it was started with that; and what makes it pause at steps and lines.
        self.control = control
        self.points: Points | None = None
        #: A hook of the runtime of that name failed.
        self.fail: Callable[[str, BaseException], None] = self.roomy(self._fail)
        self.imports = Imports(self.fail)
        #: What is to be raised once the program goes on.
        self.postponed = Postponed(self.own.is_hook, self.compiled is not None)
        self.thread_errors = ThreadErrors(self.current, self.fail)
        #: The runtimes that are watched, by name, in the order of `start.RUNTIMES`.
        self.tracers: dict[str, Watcher] = {}
        #: Loads one of them that is only stood for yet (late.py), by name.
        self.late: dict[str, Callable[[], Any]] = {}
        #: Gives the next track id. Ids are never used twice, whichever process of the program gives them.
        self.new_track: Callable[[], int]
        self.number_tracks()
        #: Nothing is recorded any more.
        self.is_over = False
        #: Its children are recorded, too.
        self.follows = True
        #: This process was started by another one that is recorded.
        self.is_child = False
        #: Which processes that are recorded, too, may have the other end of what this one reads or writes: its
        #: "parent", its "children".
        self.others: dict[str, bool] = {}
        self.ends = UsedEnds()
        #: Of threads that begin, by their ids: their names, which track started each, and code and instruction where;
        #: whether they are daemons.
        self.births: dict[int, tuple[str, int, CodeType | None, int, bool]] = {}
        #: When tracks of threads ended.
        self.ended: dict[int, int] = {}
        #: The track of the process's main thread.
        self.track = NOBODY
        #: The same in a forked child -> the number that this thread had as it began, in whichever process: what was
        #: kept before the fork has that, and to the file both are the same (processes/copies.py).
        self.first_numbers: dict[int, int] = {}
        #: Why hooks must not take their fast path now: tracks about which something is still to be found out, or NOBODY
        #: if something else is due.
        self.unsettled: set[int] = set()
        #: Called in each thread but the first when it stores its first event.
        self.on_thread: list[Callable[[], None]] = []
        #: Called when something is due that hooks in their fast path would not see (`at_next_event`).
        self.on_due: list[Callable[[], None]] = [lambda: self.unsettled.add(NOBODY)]
        #: Called when the process is about to end, by os._exit or else.
        self.on_end: list[Callable[[], None]] = []
        #: Called when a runtime has failed: from then on it is not known well enough what runs.
        self.on_failure: list[Callable[[], None]] = []
        #: Each returns the track that has the stack of the current thread, if it knows it; the last one is asked first.
        self.runners: list[Callable[[], int | None]] = []
        #: The id of the greenlet that runs in the current thread, once the program has imported greenlet: tells which
        #: stack it is that the thread runs on.
        self.running: Callable[[], int] | None = None
        #: Each tells whether the current thread has a hub: a call that blocks there is no wait, but stops that.
        self.hubs: list[Callable[[], bool]] = []
        #: Tracks that run a loop on their stack -> the track that runs there in their place: the loop, or a task.
        self.inside: dict[int, Callable[[], int]] = {}
        #: Functions that call what a loop runs, such as the one that runs a handle: what stands below one of them has
        #: nothing to do with the track that runs.
        self.bottoms: list[CodeType] = []
        #: Gives the tracks of the greenlets that are suspended, each with the frame in which it is.
        self.suspended_greenlets: Callable[[], Iterable[tuple[int, Any]]] = tuple
        #: Knows the generators that run in a frame.
        self.steps: GeneratorSteps | None = None
        #: Each tells whether a frame makes a step of a task, which is a track: what the task awaits is none. (That
        #: frame, that of the outermost coroutine in the step.) None of them as long as no task runs.
        self.steppers: list[Callable[[Any, Any], bool]] = []
        #: The loops that run, by the id of their thread, the innermost last, of which one of these steppers knows that
        #: all that code of `step_codes` (by id) resumes there is a step of a task.
        self.loops: dict[int, list[Any]] = stream.new_table()
        self.step_codes: dict[int, CodeType] = stream.new_table()
        #: Tasks may come to run: most coroutines are made for one, and are no tracks until one
        #: resumes them that is no task.
        self.has_tasks = False
        #: Called before the program's own code calls a compiled method of that name, where calls are seen (from 3.12
        #: on): (object, code, offset). Each tells whether calls at that place may be of interest again.
        self.on_method: dict[str, Callable[[Any, CodeType, int], bool]] = {}
        #: Called in a thread that begins (True) or ceases (False) to run tasks: `runs_tasks`.
        self.on_tasks: list[Callable[[bool], None]] = []
        #: The main thread of the forked child with that process id; NOBODY if that is not known.
        self.child: Callable[[int], int] = lambda pid: NOBODY
        #: The track of a greenlet, as far as it has one; NOBODY of anything else.
        self.greenlet: Callable[[Any], int] = lambda thing: NOBODY
        #: The ids of the children that are known and may live, and of the last that were seen to have ended.
        self.children: Callable[[], tuple[list[int], set[int]]] = lambda: ([], set())
        #: Is told that the program starts another one, by those arguments and with that environment.
        self.spawns: Callable[[Any, Any], None] = lambda argv, env: None
        #: Informed of the program's calls.
        self.callees: list[Callee] = []

    def number_tracks(self) -> None:
        """Take the numbers of tracks from where the stream has them from now on."""
        self.new_track = self.stream.ids.track
        if self.compiled is not None:
            self.compiled.number_tracks(self.stream.ids.tracks)

    def of(self, kind: type[W]) -> W:
        """The runtime of that class. Raise KeyError if it is not watched."""
        found: Any = self.tracers[kind.name]
        load = self.late.get(kind.name)
        return found if load is None else load()  # type: ignore[no-any-return]

    def load_late(self) -> None:
        """Load now what would be loaded late."""
        for name, load in list(self.late.items()):
            try:
                load()
            except Exception as error:
                self.fail(name, error)

    # What happens to tracks.

    def now(self) -> int:
        """The time of what happens now. It stands still while the program is paused."""
        return self.stream.clock()

    def spawned(
        self, t_ns: int, kind: str, name: str, parent: int = NOBODY, creator: int = NOBODY, frame: Any = None,
        place: tuple[CodeType | None, int] | None = None,
    ) -> int:
        """A new track, which `creator` made in `frame`, and to whose `parent` its end goes. Return it.

        `place`: code and instruction, where a frame further out has nothing to do with it.
        """
        track = self.new_track()
        if kind in (words.HUB, words.LOOP) and (buffer := self.stream.here(t_ns)).run_queue is None:
            buffer.run_queue = RunQueue()
        code, offset = place if place is not None else place_of(frame, self.own)
        self.stream.store(lines.spawn, t_ns, track, (kind, name, parent, creator), lines.NO_VALUE, code, offset)
        return track

    def named(self, t_ns: int, track: int, name: str) -> None:
        """`track` has a better name than it was spawned with."""
        self.stream.store(lines.name, t_ns, track, name, lines.NO_VALUE)

    def serves(self, t_ns: int, track: int, what: str | None, ends: tuple[str, str] = ("", "")) -> None:
        """`track` serves that from now on, such as "GET /report"; None: nothing any more. `ends`: local and peer
        address of the connection by which it was asked, "" where they are not known."""
        self.stream.store(lines.serves, t_ns, track, what, ends)

    def switched(
        self, t_ns: int, origin: int, target: int, value: Any = NO_VALUE, frame: Any = None, thrown: bool = False
    ) -> None:
        """`target` runs from now on, on this thread, instead of `origin`, which is suspended in `frame`.

        `value`: what it is given; an exception, if that is thrown into it.
        """
        if value is NO_VALUE and frame is None and not thrown:
            event = lines.switch, origin, SUBJECT, NO_VALUE, None, 0
            self._store(t_ns, target, ("switch", origin), None, event)
        else:
            line = lines.throw if thrown else lines.switch
            self.stream.store(line, t_ns, origin, target, _kept(value), *place_of(frame, self.own))
        if self.control is not None and self.control.goal:
            self.control.on_switch(target)

    def suspended(
        self, t_ns: int, track: int, target: int, reason: str, on: str = "", limit_ns: int = -1, thing: str = "",
        end: Endpoint | None = None, frame: Any = None, giver: tuple[int, str] | None = None,
    ) -> None:
        """`track`, which runs, begins to wait in `frame` for that reason, and `target` runs from now on.

        `on`: for what; else what `frame` calls. `limit_ns`: for so long at most; of a sleep, for so long. `thing`: the
        object, as `Numbers` (object_ids.py) call it. `end`: of a descriptor, its number, words.READ or the like, and
        both addresses of a socket. `giver`: it was made ready before it began to wait: by that waker, for that cause.
        """
        code, offset = place_of(frame, self.own)
        key = "wait", id(code), offset, reason, on, limit_ns, bool(thing), end, giver
        about = reason, limit_ns, SUBJECT if thing else "", end
        waits: tuple[Any, ...] = lines.wait_in_call, CURRENT, about, on or None, code, offset
        switches = lines.switch, CURRENT, SUBJECT, NO_VALUE, code, offset
        if giver is None:
            self._store(t_ns, target, key, code, waits, switches, said=thing)
        else:
            wakes = lines.wake, CURRENT, giver, None, None, 0
            self._store(t_ns, target, key, code, waits, wakes, switches, said=thing)
        if self.control is not None and self.control.goal:
            self.control.on_switch(target)

    def parked(
        self, t_ns: int, reason: str, on: str = "", limit_ns: int = -1, thing: str = "", end: Endpoint | None = None,
        frame: Any = None,
    ) -> int | None:
        """The current track begins to wait in a call of `frame`, and nothing else runs on its thread meanwhile.

        The rest as of `suspended`. Return the shape of the row that tells it; None if that has all its parts.
        """
        code, offset = place_of(frame, self.own)
        key = "park", id(code), offset, reason, on, limit_ns, thing, end
        waits = lines.wait_in_call, CURRENT, (reason, limit_ns, thing, end), on or None, code, offset
        return self._store(t_ns, CURRENT, key, code, waits, (lines.park, CURRENT, None, None, code, offset))

    def unparked(self, t_ns: int, waker: int, cause: str, woken_ns: int) -> int | None:
        """The current track goes on, which `waker` made ready at `woken_ns`. Return the shape, as `parked`; None if
        it also takes two rows.

        Whoever reports it asks `control` then whether the program is to be paused.
        """
        woken_ns = max(woken_ns, self.stream.here(t_ns).last_ns)
        unparks = lines.unpark, CURRENT, None, None, None, 0
        if woken_ns < t_ns:
            self.ready(woken_ns, CURRENT, waker, cause)
            self._store(t_ns, CURRENT, ("unpark",), None, unparks)
            return None
        wakes = lines.wake, CURRENT, (waker, cause), None, None, 0
        return self._store(woken_ns, CURRENT, ("unpark", waker, cause), None, wakes, unparks)

    def unparked_by(self, t_ns: int, track: int, which: str) -> int | None:
        """`track`, the current one, goes on because these are ready, for which it waited in a select. Return the
        shape, as `parked`."""
        finds = lines.tie, SUBJECT, words.FOUND_READY, which, None, 0
        wakes = lines.wake, CURRENT, (NOBODY, words.IO), None, None, 0
        return self._store(
            t_ns, track, ("found", which), None, finds, wakes, (lines.unpark, CURRENT, None, None, None, 0)
        )

    def _store(
        self, t_ns: int, track: int, key: tuple[Any, ...], kept: Any, *events: tuple[Any, ...], said: str = ""
    ) -> int | None:
        """Store events, in which words.SUBJECT is `track`; as a row where the same has come before: return its shape.

        `key` tells them from others, and has the ids of nothing but what `kept` keeps alive. `said`: what a wait among
        them is for, that leaves this open.
        """
        buffer = self.stream.here(t_ns)
        shape = buffer.again(key, kept)
        if shape is None:
            for line, a, b, *rest in events:
                if said and line is lines.wait_in_call:
                    b = b[0], b[1], said, b[3]
                buffer.store((line, t_ns, track if a == SUBJECT else a, track if b == SUBJECT else b, *rest))
        else:
            shape = buffer.learn(key, t_ns, *events) if shape == NEW else shape
            buffer.rows.extend((t_ns, track, shape + buffer.said(t_ns, said) if said else shape))
        if shape is None or NOBODY in self.unsettled:
            self.unsettled.discard(NOBODY)
            self.stream.attend(buffer)
        return shape

    def waits(self, t_ns: int, track: int, reason: str, on: str = "", limit_ns: int = -1) -> None:
        """`track` is about to be suspended, for that reason. `on`: for what, as the program writes it.

        `limit_ns`: for so long at most; of a sleep, for so long.
        """
        self.stream.store(lines.wait, t_ns, track, (reason, on, limit_ns))

    def ready(self, t_ns: int, track: int, waker: int, cause: str) -> None:
        """`waker` makes `track` ready."""
        self._store(t_ns, track, ("wake", waker, cause), None, (lines.wake, SUBJECT, (waker, cause), None, None, 0))

    def finds_ready(self, t_ns: int, track: int, which: str) -> None:
        """`track` goes on since that child has ended."""
        self._store(t_ns, track, ("tie", which), None, (lines.tie, SUBJECT, words.FOUND_READY, which, None, 0))

    def owns(self, t_ns: int, track: int, thing: str) -> None:
        """Somebody is about to wait for the lock `thing`, and `track` has it."""
        self.stream.store(lines.tie, t_ns, track, words.OWNS, thing)

    def unready(self, t_ns: int, track: int) -> None:
        """`track` was made ready, and waits on all the same."""
        self.stream.store(lines.unready, t_ns, track)

    def exited(self, t_ns: int, track: int, outcome: str, value: Any = NO_VALUE, inferred: str | None = None) -> None:
        """`track` is over (words.OUTCOMES), with that value or exception. `inferred`: why that is no certain thing."""
        self.stream.store(lines.exited, t_ns, track, (outcome, inferred), _kept(value))

    def polls(self, t_ns: int, track: int, polling: bool) -> None:
        """The scheduler `track` begins, or ends, to ask the operating system for events: it is idle meanwhile."""
        self.stream.store(lines.poll, t_ns, track, int(polling))

    def note(self, text: str, unsupported: str = "") -> None:
        """Store a sentence for the reader of the trace. `unsupported`: the runtime that it says is not recorded."""
        self.stream.store(lines.note, self.now(), text, unsupported)

    # Who runs.

    def runs_tasks(self, begins: bool) -> None:
        """The current thread begins, or ceases, to run tasks (`inside`, `steppers` and `has_tasks`, see there)."""
        for report in self.on_tasks:
            report(begins)

    def current(self) -> int:
        """The track that runs in the current thread, generators apart: the thread's own, if nobody knows better."""
        for runner in reversed(self.runners):
            track = runner()
            if track is not None:
                return self.in_place_of(track)
        return self.in_place_of(self.thread())

    def thread(self) -> int:
        """The track of the current thread, by the number that all that is kept has for it."""
        track = self.stream.here(self.stream.clock()).track
        return self.first_numbers.get(track, track)

    def is_main(self) -> bool:
        """Whether the main thread runs here, and nobody in its place."""
        return self.stream.here(self.stream.clock()).track == self.track and self.current() == self.thread()

    def in_place_of(self, track: int) -> int:
        """The track that runs where `track` has the stack: itself, if it runs no loop."""
        for _ in range(len(self.inside)):
            runs = self.inside.get(track)
            if runs is None:
                break
            track = runs()
        return track

    def running_in(self, frame: Any) -> list[int]:
        """The tracks of the generators that run in `frame` and below it, the innermost last."""
        return self.steps.running_in(frame) if self.steps is not None else []

    def running_elsewhere(self, here: Iterable[int]) -> dict[int, list[int]]:
        """The generators in the middle of which greenlets are suspended, by the track of each; and by those of the loop
        or task that runs on its stack. `here`: the generators that run in the current one."""
        found: dict[int, list[int]] = {}
        if self.steps is None or self.steps.running().issubset(here):
            return found
        for track, frame in self.suspended_greenlets():
            generators = self.running_in(frame)
            while generators and track not in found:
                found[track] = generators
                runs = self.inside.get(track)
                track = runs() if runs is not None else track
        return found

    # Calls of the program that only a runtime which watches code sees, passed on to the others.

    def is_entering(self) -> bool:
        """Whether the code that starts on this thread now may be the first on a stack of its own."""
        return any(callee.is_entering() for callee in self.callees)

    def entered(self, code: CodeType) -> None:
        """`code` is the first that runs on its stack."""
        for callee in self.callees:
            callee.entered(code)

    def left(self, outcome: str, value: Any) -> None:
        """The first function of this stack is left; its end comes next."""
        for callee in self.callees:
            callee.left(outcome, value)

    def makes(self, kind: type) -> bool:
        """Whether a call of the class `kind` makes something that a runtime wants to know of."""
        return any(callee.makes(kind) for callee in self.callees)

    def was_made(self, kind: type, frame: Any) -> None:
        """A call of `kind` in the program's own code, in `frame`, is over."""
        for callee in self.callees:
            if callee.makes(kind):
                callee.was_made(kind, frame)

    # What is due, and what went wrong.

    def at_next_event(self, call: Callable[[], None]) -> None:
        """Have `call` called by the next hook that runs, because it cannot be done now."""
        self.stream.due.append(call)
        for report in self.on_due:
            report()

    def roomy(self, hook: H) -> H:
        """That hook, for where the program may have no stack left; the recorder in C gives it some of its own."""
        if self.compiled is None:
            return hook
        made: H = self.compiled.roomy(hook)
        return made

    def told(self, hook: H) -> H:
        """The same of a hook that the interpreter calls, and that keeps for later what comes in the middle of it."""
        if self.compiled is None:
            return hook
        made: H = self.compiled.told(hook)
        return made

    def _fail(self, name: str, error: BaseException) -> None:
        """A hook of the runtime of that name failed: log it, take the runtime out, and let the program go on.

        What the state of the program causes is no fault of the hook's: what it was called for is missing, and counted.
        What a signal's handler of the program's raised in the middle of it, or another thread sent, goes on into the
        program.
        """
        if not isinstance(error, Exception) or is_from_outside(error, self.own):
            self.stream.interrupted += 1
            raise error
        if isinstance(error, _OF_THE_PROGRAM):
            self.stream.missed += 1
            return
        for report in self.on_failure:
            report()
        failed = self.tracers.pop(name, None)
        if failed is not None:
            what = "could not be loaded" if name in self.late else "failed and was taken out"
            self.note(f"The {name} tracer {what}: {show(error)}.", name)
            self.take_out(name, failed)

    def take_out(self, name: str, runtime: Watcher) -> None:
        """Have a runtime take its hooks out. Raise what comes from outside in the middle of that."""
        self.imports.forget(name)
        try:
            runtime.remove()
        except Exception as second:
            if is_from_outside(second, self.own):
                raise
            self.note(f"Taking the {name} tracer out failed: {show(second)}.")


def _kept(value: Any) -> Any:
    return value if value is NO_VALUE else keep(value)
