"""One loop: what runs in it, who made that ready, and when it polls.

Most functions here are called by the loop's queue (ready.py), in the thread that does what they tell of.
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, CoroutineType, FunctionType, MethodType

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import NEW
from visualizer.tracers.core.handlers import handling
from visualizer.tracers.core.postponed import uninterrupted
from visualizer.tracers.core.unpatched import get_ident
from visualizer.tracers.core.values import LONGEST_TEXT, Shown, keep, own_attribute, show, type_module
from visualizer.tracers.runtimes.asyncio_.causes import (
    cause_of_descriptor,
    cause_of_thread,
    cause_of_timer,
    is_in_pool,
    is_interrupted,
    is_of_asyncio,
)
from visualizer.tracers.runtimes.asyncio_.library import is_automatic
from visualizer.tracers.runtimes.asyncio_.shared import MOST_CALLED, Shared
from visualizer.tracers.runtimes.asyncio_.tasks import ASKED, Task, turn

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterator
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer

    #: Whose doing something is: a track, and the cause of the wakes that come of it.
    Giver = tuple[int, str]
    #: The same of a callback of no task, of the program's own or a library's: with the name of its function.
    Call = tuple[int, str, str]

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: A poll shorter than this is not told of: the loop only looked whether there was anything.
SHORT_POLL_NS = 20_000
#: Who polls for so long may do so for ever.
_LONG_POLL_NS = 1_000_000_000
_NOT_KNOWN: Giver = (words.NOBODY, words.UNKNOWN)
#: The switch from a loop to a task.
_RESUMPTION = lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, None, 0


class OfLimit(tuple[int, str]):
    """The same of a handle by which the time limit of an `asyncio.timeout` is over."""

    __slots__ = ()


class Loop:
    """What is known of one loop."""

    __slots__ = (
        "__weakref__", "_began_ns", "_buffer", "_is_asked", "_polling", "_shared", "before", "births", "bottom",
        "called", "calls", "clock", "current", "descriptors", "due", "eager", "giver", "guard", "home", "ident",
        "is_closed", "left", "loop", "onward", "polls", "polls_since_ns", "resumed", "rows", "timers", "track", "wakes",
    )

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.clock = shared.context.stream.clock
        self.is_closed = False
        #: Its own track, once it has one.
        self.track = words.NOBODY
        #: The thread that it runs in, 0 while it does not; and the track that runs it.
        self.ident = 0
        self.before = words.NOBODY
        #: The id of the greenlet that it runs in, where it is the only loop of its thread; else 0.
        self.home = 0
        #: The code right below all that it runs, where that is none of asyncio's.
        self.bottom: CodeType | None = None
        #: What each handle that is ready is: a step of a task, or whose doing it is. By the id of the handle.
        self.due: dict[int, Task | Giver | Call] = shared.context.stream.new_table()
        #: The task that makes a step; or whose doing the callback is that runs.
        self.current: Task | None = None
        self.giver: Giver | None = None
        #: The eager tasks in the middle of their first step, the innermost last: what stands for one, who ran before.
        self.eager: list[tuple[Task, Task | None, Giver | None]] = []
        #: It runs a callback of which it is told that.
        self.called = False
        #: How many handles are left of those that the loop has looked at.
        self.left = 0
        #: The rows of the thread's buffer, and the shape of every switch from the loop to a task.
        self.rows: list[int] = []
        self.resumed = -1
        #: The shapes of a turn that a task gives up, and of that together with the switch to the next task.
        self.onward: dict[int, int] = {}
        #: The shapes of wakes by who runs here, by their causes.
        self.wakes: dict[str, int] = {}
        #: The shapes of that a callback of that name begins, and of that it is over: None.
        self.calls: dict[str | None, int] = {}
        #: Methods that the loop calls since a descriptor is ready: whose doing that is, by the id of the code, which is
        #: kept.
        self.descriptors: dict[int, tuple[Giver | Call, CodeType]] = shared.context.stream.new_table()
        #: The same of functions that it calls since a timer is due.
        self.timers: dict[int, tuple[Giver | Call, CodeType]] = shared.context.stream.new_table()
        #: The shapes of the births of tasks to which nobody gave a name, by ids of their coroutines' code and of the
        #: places where they are made, by who is current there, and whether they ran at once; their names, and both
        #: code objects, which are kept.
        self.births: dict[tuple[int, int, bool], tuple[int, str, CodeType, CodeType]] = {}
        self._buffer: Any = None
        #: Tells of the end of the last step before the loop polls again.
        self.guard: Any = None
        #: It has asked how many are ready and polls, or has handled what came of that.
        self._is_asked = False
        #: When it began to poll, until that is told; and whether it does.
        self._began_ns = 0
        self._polling = False
        #: The shapes of that a poll ends, and begins; none until one was told of. Made only in the thread of the loop.
        self.polls: tuple[int, int] | None = None
        #: asyncio's loop, weakly; and since when it polls, until that has been looked at.
        self.loop: Any = None
        self.polls_since_ns = 0

    # Runs of the loop.

    def exists(self, t_ns: int) -> None:
        """Something happens on this loop: give it a track, if it has none."""
        if self.track == words.NOBODY:
            context = self._shared.context
            thread = context.stream.here(t_ns).track
            place = self._shared.place_in_step(sys._getframe(2))
            self.track = context.spawned(t_ns, words.LOOP, "loop", thread, context.current(), place=place)

    def runs(self, frame: Any) -> None:
        """The loop runs from now on, in this thread. `frame`: of who runs it."""
        context = self._shared.context
        t_ns = context.now()
        self.exists(t_ns)
        self.before = context.current()
        self._buffer = buffer = context.stream.here(t_ns)
        self.ident, self.rows, self.onward = get_ident(), buffer.rows, buffer.onward
        self.onward.clear()
        self.polls = None
        self.wakes.clear()
        self.calls.clear()
        self.births.clear()
        self.resumed = buffer.shape(t_ns, _RESUMPTION)
        running = context.loops.get(self.ident, [])
        for loop in running:
            loop.home = 0
        if context.running is not None and len(running) == 1:
            self.home = context.running()
        about = words.JOIN, -1, f"track {self.track}", None
        code, offset = self._shared.place_in_step(frame)
        context.stream.store(lines.wait_in_call, t_ns, self.before, about, None, code, offset)
        self._switch(t_ns, self.before, self.running, code, offset)
        context.inside[self.before] = self._runs

    def stops(self, in_step: bool) -> None:
        """The loop does not run any longer. `in_step`: somebody lets another loop run in the middle of a step."""
        context = self._shared.context
        t_ns = context.now()
        if self._polling:
            self._polled(t_ns)
        if not in_step:
            self.over(t_ns)
            self.giver = None
            if self.called:
                self.tell_call(t_ns, None)
        self._is_asked = False
        self._look_at_queues(t_ns, is_last=True)
        self.ident = self.home = 0
        self.onward.clear()  # It names this loop.
        context.inside.pop(self.before, None)
        context.ready(t_ns, self.before, self.track, words.FINISHED)
        self._switch(t_ns, self.running, self.before)

    def closes(self) -> None:
        """The loop is closed."""
        self.is_closed = True
        self.due.clear()
        if self.track != words.NOBODY:
            self._shared.context.exited(self._shared.context.now(), self.track, words.RETURNED)

    @property
    def running(self) -> int:
        """The track that runs, while the loop does."""
        return self.current.track if self.current is not None else self.track

    # Polls.

    def asked(self, count: int) -> None:
        """The loop asks how many handles are ready: right before it polls, and right behind."""
        if self._is_asked:
            self._is_asked = False
            self.left = count
            if self._polling:
                self._polled(self.clock())
            return
        if not self.ident:
            return
        self._is_asked = True
        if self.eager:
            self.end_eager(is_over=True)
        t_ns = self.clock()
        if self.current is not None:
            self.over(t_ns)
        if self.called:
            self.tell_call(t_ns, None)
        if self._shared.failed:
            self._shared.find_retrieved(t_ns)
        if self._shared.waits.sizes.known:
            self._look_at_queues(t_ns)
        self.giver = None
        if not count:
            self._polling = True
            self._began_ns = self.polls_since_ns = self.clock()

    def _look_at_queues(self, t_ns: int, is_last: bool = False) -> None:
        self._shared.waits.sizes.look(t_ns, self._shared.context.stream.store, self.track, is_last)

    def report_poll(self) -> None:
        """In the flushing thread, or at the end of a poll that was not told of before."""
        began_ns, self._began_ns = self._began_ns, 0
        if began_ns:
            self._tell_poll(began_ns, 1)

    def _tell_poll(self, t_ns: int, begins: int) -> None:
        if self.polls is None:
            self._buffer.store((lines.poll, t_ns, self.track, begins, None, None, 0))
        else:
            self._buffer.rows.extend((t_ns, self.track, self.polls[begins]))

    def look_at_poll(self) -> None:
        """In the flushing thread: if it has polled for long, say so where nothing is left that could wake it."""
        if self._polling and self.polls_since_ns and self.clock() - self.polls_since_ns >= _LONG_POLL_NS:
            self.polls_since_ns = 0
            loop = self.loop() if self.loop is not None else None
            if loop is not None and _is_forsaken(loop):
                self._buffer.store((lines.tie, self.clock(), self.track, words.FORSAKEN, "", None, 0))

    def _polled(self, t_ns: int) -> None:
        if not self._polling:
            return
        self._polling = False
        if self._began_ns and t_ns - self._began_ns < SHORT_POLL_NS:
            self._began_ns = 0
            return
        self.report_poll()
        self._tell_poll(t_ns, 0)
        if self.polls is None:
            end, begin = (self._buffer.shape(t_ns, (lines.poll, words.SUBJECT, how, None, None, 0)) for how in (0, 1))
            self.polls = end, begin

    # What becomes ready.

    def made_ready(self, handle: Any) -> None:
        """A handle was put into the queue, by who runs in this thread."""
        shared = self._shared
        t_ns = self.clock()
        if self.track == words.NOBODY:
            self.exists(t_ns)
        if self.eager:
            self.end_eager()
        callback, args, current = handle._callback, handle._args, self.current
        if self.ident != get_ident() or (shared.context.runners and not self._is_at_home()):
            waker, cause = self._giver(t_ns, handle, callback)
        elif current is not None:
            waker, cause = current.track, words.CALLBACK
        else:
            waker, cause = self.giver or self._by_itself(t_ns, handle, callback)
        is_end = args and current is not None and args[0] is current()
        if is_end:
            # Who waits for a task, or has asked to be told of its end, is told as the last it does.
            cause = words.FINISHED
        if type(callback) is BuiltinFunctionType and type(callback.__self__) is shared.library.task:
            # By anything else of a task's, such as its `cancel`, it is no step.
            stepped = (callback.__self__, True) if callback.__name__ == "task_wakeup" else None
        else:
            stepped = shared.library.stepped_by(callback)
        if stepped is None:
            if type(callback) is MethodType and type(callback.__self__) is shared.library.timeout:
                # No timer calls that if the time was over as the limit was set.
                self.due[id(handle)] = OfLimit((self.track, words.TIMEOUT))
                return
            name, is_own = shared.named(callback)
            if cause is words.FINISHED and is_own:
                # What the program's own code wakes then did not wait for that end.
                cause = words.CALLBACK
            self.due[id(handle)] = (waker, cause, name) if name else (waker, cause)
            return
        task, is_woken = stepped
        known = shared.tasks.by_id.get(id(task))
        if known is None:
            if shared.library.is_formality(task):
                self.due[id(handle)] = self.track, words.CALLBACK
                return
            known = self._of_eager(task)
            if known is not None:
                # It gives way in its first step.
                known.gave_way = not is_woken
            else:
                known = self._meet(t_ns, task, waker, cause if is_woken else "")
        elif known is current and not is_woken:
            known.gave_way = True
        elif is_woken:
            if args and not is_end and (type(args[0]) is not shared.library.future or args[0].cancelled()):
                cause = self._cancel(t_ns, known, task, args[0], (waker, cause))
            # What it asked the loop to do wakes it: it does not do so itself.
            self._store_wake(t_ns, known.track, waker if waker != known.track else self.track, cause)
        self.due[id(handle)] = known

    def _is_at_home(self) -> bool:
        """Whether the thread is on the stack on which the loop runs, and no other loop runs there."""
        running = self._shared.context.running
        return running is not None and running() == self.home

    def _by_current(self, track: int) -> int:
        """The same, as what is current in the thread of the loop, if it is: a generator does what its task seems to, or
        its greenlet."""
        context = self._shared.context
        runs = self.running if not context.runners or self._is_at_home() else context.current()
        return words.CURRENT if track == runs else track

    def _store_wake(self, t_ns: int, track: int, waker: int, cause: str) -> None:
        if self.ident == get_ident():
            buffer, waker = self._buffer, self._by_current(waker)
            if waker == words.CURRENT:
                shape = self.wakes.get(cause)
                if shape is not None:
                    self.rows.extend((t_ns, track, shape))
                    return
        else:
            buffer = self._shared.context.stream.here(t_ns)
        key = "wake", waker, cause
        shape = buffer.again(key)
        if shape is None:
            buffer.store((lines.wake, t_ns, track, (waker, cause), None, None, 0))
            return
        if shape == NEW:
            shape = buffer.learn(key, t_ns, (lines.wake, words.SUBJECT, (waker, cause), None, None, 0))
        if waker == words.CURRENT and buffer is self._buffer:
            self.wakes[cause] = shape
        buffer.rows.extend((t_ns, track, shape))

    def _cancel(self, t_ns: int, known: Task, task: Any, future: Any, giver: Giver) -> str:
        """A task is woken: tell who has asked that it be cancelled, if that is why. Return why it is woken."""
        library = self._shared.library
        waker, cause = giver
        if library.get(future, "_state") != "CANCELLED":
            return cause
        cancels = library.cancels(task)
        is_new, known.cancels = cancels > known.cancels, cancels
        if not is_new or cause == words.TIMEOUT:
            return cause
        handler = handling(sys._getframe(4))
        where = self._shared.place_in_step(sys._getframe(4), handler)
        asked_by = words.SIGNAL if handler is not None or cause == words.SIGNAL else ""
        if waker == known.track and cancels == 1 and is_interrupted(task):
            # That came while it ran, and is told as it waits.
            asked_by, where = words.SIGNAL, (None, 0)
        # The task hands it on.
        message = library.get(future, "_cancel_message")
        self._store_cancel(t_ns, known, message, waker, *where, asked_by)
        # If whoever waits for it has been cancelled, that was passed on to it.
        for callback, _ in library.get(task, "_callbacks") or ():
            stepped = library.stepped_by(callback)
            outer = self._shared.tasks.of(stepped[0]) if stepped is not None else None
            if stepped is not None and outer is not None and library.cancels(stepped[0]) > outer.cancels:
                outer.cancels = library.cancels(stepped[0])
                self._store_cancel(t_ns, outer, message, waker, *where, asked_by)
        return words.CANCEL

    def cancels(self, t_ns: int, known: Task, task: Any, by: int, code: CodeType, offset: int) -> None:
        """`by` is about to ask that a task of this loop be cancelled, at that place."""
        library = self._shared.library
        future = library.get(task, "_fut_waiter") if known is not self.current else None
        if future is not None and type(future) is library.future and library.get(future, "_state") == "PENDING":
            return  # It is woken, and told of then.
        known.cancels += 1
        if future is None or (library.is_future(future) and library.get(future, "_state") != "PENDING"):
            # With which message, the task itself has by its next step: that is to take the long way (`begins`).
            known.started, known.given = False, ASKED
        is_handler = self.current is None and self.giver is not None and self.giver[1] == words.SIGNAL
        asked_by = words.SIGNAL if is_handler or handling(sys._getframe(2)) is not None else ""
        self._store_cancel(t_ns, known, None, by, code, offset, asked_by)
        # What it waits for is asked first, and hands that on.
        for inner in library.asked_with(future):
            of = self._shared.tasks.of(inner)
            if of is not None and not of.ended:
                of.loop.cancels(t_ns, of, inner, by, code, offset)

    def _find_cancel(self, t_ns: int, known: Task, task: Any) -> None:
        """A task may have been cancelled while it was ready or ran: that wakes nobody, and who did it is not known.

        Or what had cancelled it has taken that back.
        """
        cancels = self._shared.library.cancels(task)
        if cancels > known.cancels:
            message = self._shared.library.get(task, "_cancel_message")
            if message is None:
                message = self._shared.library.message_of_end(task)
            cause = words.SIGNAL if cancels == 1 and is_interrupted(task) else ""
            self._store_cancel(t_ns, known, message, words.NOBODY, cause=cause)
        elif cancels < known.cancels:
            self._shared.context.stream.store(lines.tie, t_ns, known.track, words.UNCANCELLED, "")
        known.cancels = cancels

    def _store_cancel(
        self, t_ns: int, known: Task, message: Any, by: int, code: CodeType | None = None, offset: int = 0,
        cause: str = "",
    ) -> None:
        about = _text(message), cause
        self._shared.context.stream.store(lines.cancel, t_ns, by, known.track, about, code, offset)

    def _giver(self, t_ns: int, handle: Any, callback: Any) -> Giver:
        """Whose doing it is that a handle is ready, which another thread has put in, or may have, or a greenlet."""
        shared = self._shared
        if self.ident != get_ident():
            cause = cause_of_thread(callback)
            if cause == words.THREADPOOL and not is_in_pool(sys._getframe(3)):
                cause = words.CALLBACK
            return shared.context.current(), cause
        if shared.context.runners and (running := shared.context.current()) != self.running:
            return running, words.CALLBACK  # A greenlet, to which what runs here has switched.
        if self.current is not None:
            return self.current.track, words.CALLBACK
        return self.giver or self._by_itself(t_ns, handle, callback)

    def _by_itself(self, t_ns: int, handle: Any, callback: Any) -> Giver:
        """The same of what nobody has asked for but the loop."""
        if not self._is_asked:
            return self.track, words.CALLBACK
        if self._polling:
            self._polled(t_ns)
        library = self._shared.library
        if type(handle) is library.handle:
            function, table = callback.__func__ if type(callback) is MethodType else None, self.descriptors
        else:
            function, table = callback if type(handle) is library.timer_handle else None, self.timers
        code = function.__code__ if type(function) is FunctionType else None
        known = table.get(id(code))
        if known is not None:
            return known[0][:2]
        if _is_asked_for(sys._getframe(1)):
            # The loop only polls: something interrupts it.
            return (self.track, words.SIGNAL) if handling(sys._getframe(1)) is not None else _NOT_KNOWN
        is_timer = issubclass(type(handle), library.timer_handle)
        giver = self.track, cause_of_timer(callback) if is_timer else cause_of_descriptor(callback)
        if code is not None and (is_timer or self._calls(callback)) and len(table) < MOST_CALLED:
            name, _ = self._shared.named(callback)
            table[id(code)] = (*giver, name) if name else giver, code
        return giver

    def _calls(self, method: Any) -> bool:
        """Whether the loop only calls that: it neither makes a step of a task, nor is it the end of a time limit."""
        library = self._shared.library
        return library.stepped_by(method) is None and type(method.__self__) is not library.timeout

    def _meet(self, t_ns: int, task: Any, giver: int, cause: str) -> Task:
        """A task that is seen for the first time. `cause`: why it goes on; "" if it is to begin."""
        shared = self._shared
        given = shared.library.given(task)
        name = shared.library.name(task, given)
        place = (None, 0) if cause else shared.place_in_step(sys._getframe(3))
        coroutine = shared.library.get(task, "_coro")
        giver = self._by_current(giver) if self.ident == get_ident() else giver
        creator = words.NOBODY if cause else giver
        track = self._spawned(t_ns, name, creator, (giver, cause or words.SPAWN), place, coroutine, given)
        if cause and type(coroutine) is CoroutineType:
            # It was eager, and nobody saw its first step.
            shared.expect_eager(coroutine.cr_code)
        return shared.tasks.add(task, track, self, name, given)

    def _spawned(
        self, t_ns: int, name: str, creator: int, giver: Giver, place: tuple[CodeType | None, int], coroutine: Any,
        given: Any, runs: bool = False,
    ) -> int:
        """`creator` has made a task at that place, which is ready by `giver`. Return its track. `given`: what asyncio
        calls it. `runs`: at once."""
        context, served, (code, offset) = self._shared.context, self._shared.served, place
        buffer, may_serve, shape = self._buffer, served.may_serve(coroutine), None
        if self.ident == get_ident() and not may_serve:
            key = "task", self.track, name, creator, giver, runs, id(code), offset
            shape = buffer.again(key, code)
        if shape is None:
            track = context.spawned(t_ns, words.TASK, name, self.track, creator, place=place)
            context.ready(t_ns, track, *giver)
            if may_serve:
                served.met(t_ns, track, coroutine)
            if runs:
                self._passes(t_ns, track, code, offset)
            return track
        if shape == NEW:
            shape = buffer.learn(
                key, t_ns,
                (lines.spawn, words.SUBJECT, (words.TASK, name, self.track, creator), lines.NO_VALUE, code, offset),
                (lines.wake, words.SUBJECT, giver, None, None, 0),
                *([(lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset)] if runs else ()),
            )
        if type(coroutine) is CoroutineType and type(given) is str and is_automatic(given) and code is not None:
            if giver == (words.CURRENT, words.SPAWN):
                if len(self.births) >= MOST_CALLED:
                    self.births.clear()
                made = coroutine.cr_code
                self.births[id(made), id(code) + offset, runs] = shape, name, code, made
        track = context.new_track()
        self.rows.extend((t_ns, track, shape))
        if runs:
            self._stop(track)
        return track

    # Eager tasks.

    def is_eager(self, thing: Any) -> bool:
        """Whether the task, or the task of the coroutine, is known to make its first step."""
        return any(made is thing or made() is thing for made, _, _ in self.eager)

    def begins_eagerly(self, frame: Any, coroutine: Any, name: str, task: Any = None, given: Any = None) -> bool:
        """A task is made in `frame`, by who runs, and makes its first step now. Return False if it does not.

        `task`: None if nobody has it yet. `given`: what asyncio calls it.
        """
        if self.ident != get_ident():
            return False
        context = self._shared.context
        t_ns, creator = context.now(), self._by_current(self.running)
        place = self._shared.place_in_step(frame)
        track = self._spawned(t_ns, name, creator, (creator, words.SPAWN), place, coroutine, given, True)
        if task is not None:
            made = self._shared.tasks.add(task, track, self, name, given)
        else:
            # Its coroutine stands for it.
            made = Task(coroutine)
            made.begin(id(coroutine), track, self, name)
        made.started = True
        # Nothing is called here, nor where it ends: what comes from outside comes before it, or when all of it is done.
        self.eager += [(made, self.current, self.giver)]
        self.current, self.giver = made, None
        return True

    def _of_eager(self, task: Any) -> Task | None:
        """The task that makes its first step, if this is it."""
        made = self.eager[-1][0] if self.eager else None
        if made is None or self._shared.library.get(task, "_coro") is not made():
            return None
        self.current = self._is_eager(made, task)
        return self.current

    def _is_eager(self, made: Task, task: Any) -> Task:
        known = self._shared.tasks.of(task)
        if known is None:
            known = self._shared.tasks.add(task, made.track, self, made.name)
            known.started = True
        return known

    def ends_eagerly(self, task: Any, is_made: bool = False) -> None:
        """The first step is over; `task` is None if nobody had it before, and none was made, or `is_made` it and nobody
        saw that."""
        entry = self.eager[-1]
        del self.eager[-1]
        made, before, giver = entry
        try:
            context = self._shared.context
            t_ns, is_met = context.now(), self._is_met(made)
            known = self._is_eager(made, task) if task is not None and not is_met else made
            back = before.track if before is not None else self.track
            if not (is_met or is_made or task is not None):
                context.exited(t_ns, made.track, words.UNKNOWN)
            self.current = known
            self.over(t_ns, back)
        finally:
            self.current, self.giver = before, giver

    def _is_met(self, made: Task) -> bool:
        """Whether it is that of a task, and not what stands for one that nobody has yet."""
        return self._shared.tasks.by_id.get(made.key) is made

    def _runs(self) -> int:
        """The track that runs now, in the thread of the loop."""
        if self.eager:
            self.end_eager()
        return self.running

    def end_eager(self, is_over: bool = False) -> None:
        """End the first steps that are over and were not seen to end: SystemExit and its like go on to the creator, and
        something may have come from outside in the middle of our hook. `is_over`: the step in which they were is."""
        while self.eager and self.ident == get_ident():
            made = self.eager[-1][0]
            task = made()
            if is_over:
                self.ends_eagerly(None, task is not None)
            elif (self._is_met(made) or task is None) and self._shared.library.running_task() is not task:
                self.ends_eagerly(None)
            else:
                return

    # What runs.

    def begins(self, t_ns: int, handle: Any, what: Task | Giver | Call | None) -> None:
        """A handle is run next."""
        context, library = self._shared.context, self._shared.library
        if not self.ident:
            return  # Somebody runs single rounds of the loop (`_run_once`).
        if words.NOBODY in context.unsettled:
            context.unsettled.discard(words.NOBODY)
            context.stream.attend(self._buffer)
        if self.eager:
            self.end_eager(is_over=True)
        self.over(t_ns)
        self.left -= 1
        self.giver = None
        name = what[2] if isinstance(what, tuple) and len(what) == 3 else None
        if name is not None and not handle._cancelled:
            self.tell_call(t_ns, name)
        elif self.called:
            self.tell_call(t_ns, None)
        if handle._cancelled:
            return
        if not isinstance(what, Task):
            self.giver = _NOT_KNOWN if what is None else what if len(what) == 2 else what[:2]
            if type(what) is OfLimit:
                self._look_at_limit(t_ns, handle)
            return
        self.current = what
        task = what()
        if not what.started:
            what.started = True
            asked = library.get(task, "_cancel_message") if what.given is ASKED else None
            if asked is not None:
                context.stream.store(lines.tie, t_ns, what.track, words.CANCELLED_WITH, _text(asked))
            self._name_again(t_ns, what, task)
            self._find_cancel(t_ns, what, task)
        if self.left < 1:
            self.guard = ref(handle, self.gone)
        self.rows.extend((t_ns, what.track, self.resumed))
        self._stop(what.track)

    def tell_call(self, t_ns: int, name: str | None) -> None:
        """A callback of that name begins; None: it is over."""
        self.called = name is not None
        shape = self.calls.get(name)
        if shape is not None:
            self.rows.extend((t_ns, self.track, shape))
            return
        buffer = self._buffer
        key = "calls", name
        shape = buffer.again(key)
        if shape is None:
            buffer.store((lines.serves, t_ns, self.track, name, ("", ""), None, 0))
            return
        if shape == NEW:
            shape = buffer.learn(key, t_ns, (lines.serves, words.SUBJECT, name, ("", ""), None, 0))
        if len(self.calls) >= MOST_CALLED:
            self.calls.clear()
        self.calls[name] = shape
        self.rows.extend((t_ns, self.track, shape))

    def _look_at_limit(self, t_ns: int, handle: Any) -> None:
        """A time limit is over. If its task is ready by then, it is not what made it so that it goes on with; unless it
        has been cancelled since the limit was set: the first one counts."""
        limit, library = handle._callback.__self__, self._shared.library
        task, cancels = own_attribute(limit, "_task"), own_attribute(limit, "_cancelling")
        known = self._shared.tasks.of(task)
        if known is None or known.ended or type(cancels) is not int or library.cancels(task) > cancels:
            return
        future = library.get(task, "_fut_waiter")
        if future is not None and (not library.is_future(future) or library.get(future, "_state") == "PENDING"):
            return  # It is woken, and told of then.
        self._shared.context.unready(t_ns, known.track)
        self._store_wake(t_ns, known.track, self.track, words.TIMEOUT)

    def _name_again(self, t_ns: int, known: Task, task: Any) -> None:
        """A task may have been given its name after it was made."""
        library = self._shared.library
        given = library.given(task)
        if type(task) is library.task:
            if given == known.given:
                return
            known.given = given
        name = library.name(task, given)
        if name and name != known.name:
            known.name = name
            self._shared.context.named(t_ns, known.track, name)

    @uninterrupted
    def gone(self, guard: Any) -> None:
        """The handle of the last step before the loop polls is about to be no more: so may its task be."""
        if guard is self.guard:
            try:
                self.over(self._shared.context.now())
            except BaseException as error:
                self._shared.settle(error)

    def over(self, t_ns: int, back: int = words.NOBODY) -> None:
        """What ran is over: tell what became of it. `back`: who runs from now on; the loop, if that is nobody."""
        known = self.current
        if known is None:
            return
        self.current = self.guard = None
        if back == words.NOBODY:
            back = self.track
        if known() is None or not self._is_met(known):
            # It is no more, or was never seen to be a task: something came from outside in the middle of our hook.
            self._switch(t_ns, known.track, back)
            return
        if known.gave_way:
            known.gave_way = False
            if back != self.track:
                context, (stand, _) = self._shared.context, self._shared.waits.stand(known())
                context.waits(t_ns, known.track, words.SLEEP, "0 s", 0)
                context.ready(t_ns, known.track, self.track, words.TIMER)
                self._switch(t_ns, known.track, back, stand.code, stand.offset)
                return
            try:
                if known.place is not None and turn(known()) == known.place:
                    self.rows.extend((t_ns, self.track, known.shape))
                    self._stop(self.track)
                    return
            except AttributeError:
                pass
            self._gives_way(t_ns, known, known())
            return
        library = self._shared.library
        task: Any = known()
        is_plain = type(task) is library.task
        future = task._fut_waiter if is_plain else library.get(task, "_fut_waiter")
        if future is not None:
            self._suspended(t_ns, known, task, future, back)
            return
        known.ended = True
        if not is_plain or task.get_name() != known.given:
            self._name_again(t_ns, known, task)
        if not is_plain or task.cancelling() != known.cancels:
            self._find_cancel(t_ns, known, task)
        outcome, value = self._outcome(task, task._state if is_plain else library.get(task, "_state"))
        if outcome is words.RETURNED:
            self._returns(t_ns, known.track, value)
        else:
            self._shared.context.exited(t_ns, known.track, outcome, value)
        if outcome is words.RAISED:
            self._shared.failed[known.track] = known
        self.rows.extend((t_ns, back, self.resumed))
        self._stop(back)

    def _outcome(self, task: Any, state: Any) -> tuple[str, Any]:
        library = self._shared.library
        if state == "CANCELLED":
            message = library.message_of_end(task)
            return words.CANCELLED, lines.NO_VALUE if message is None else Shown(show(message))
        is_plain = type(task) is library.task
        error = task._exception if is_plain else library.get(task, "_exception")
        if error is not None:
            return words.RAISED, keep(error)
        if state != "FINISHED":
            return words.UNKNOWN, None
        return words.RETURNED, task._result if is_plain else library.get(task, "_result")

    def _returns(self, t_ns: int, track: int, value: Any) -> None:
        """A task returns that."""
        buffer: Buffer = self._buffer
        shape = buffer.returned_nothing(t_ns)
        if value is not None:
            number = buffer.tell_value(t_ns, value) or buffer.tell_tuple(t_ns, value)
            if number == 0:
                kept = keep(value)
                if type(kept) is not Shown:
                    self._shared.context.exited(t_ns, track, words.RETURNED, kept)
                    return
                number = buffer.said(t_ns, str(kept))
            shape += number
        self.rows.extend((t_ns, track, shape))

    def _suspended(self, t_ns: int, known: Task, task: Any, future: Any, back: int) -> None:
        """It waits for a future."""
        waits = self._shared.waits
        if type(task) is not waits.task or task.cancelling() != known.cancels:
            self._find_cancel(t_ns, known, task)
        buffer: Buffer = self._buffer
        stand, coroutines = waits.stand(task)
        delay = waits.delay(stand, coroutines)
        if stand.buffer is buffer and delay is not None:
            shape = stand.sleeps.get(delay)
            if shape is not None:
                self.rows.extend((t_ns, back, shape))
                self._stop(back)
                return
        elif stand.buffer is buffer and (stand.shape >= 0 or stand.join >= 0):
            thing, shape = waits.awaited(stand, future), stand.join
            if not thing and stand.shape >= 0:
                thing, shape = waits.thing(stand, future, coroutines), stand.shape
            if thing and shape >= 0:
                self.rows.extend((t_ns, back, shape + buffer.said(t_ns, thing)))
                self._stop(back)
                return
        entered = waits.entered(stand, coroutines) if stand.enters else []
        about, text = waits.of(t_ns, task, future, stand, coroutines, entered)
        reason, limit_ns, what, end = about
        thing = str(what)
        code, offset = stand.code, stand.offset
        if waits.opened:
            opened, waits.opened = waits.opened, ""
            self._shared.context.stream.store(lines.tie, t_ns, known.track, words.OPENED, opened)
        if entered and thing and end is None:
            for held in waits.held(stand, entered, thing):
                self._shared.context.stream.store(lines.tie, t_ns, known.track, words.HOLDS, held)
        # Where it waits so again, the two lines are a row, which says for what.
        shape, open_about = None, (reason, limit_ns, words.SUBJECT if thing else "", end)
        key = "wait", id(stand), open_about, text
        if limit_ns < 0 or text is not None:
            shape = buffer.again(key, stand)
        if shape is None:
            self._shared.context.stream.store(lines.wait_in_call, t_ns, known.track, about, text, code, offset)
            self._switch(t_ns, known.track, back, code, offset)
            return
        if shape == NEW:
            shape = buffer.learn(
                key, t_ns,
                (lines.wait_in_call, words.CURRENT, open_about, text, code, offset),
                (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset),
            )
            if thing and text is None and waits.may_be_short(stand, reason):
                stand.learn(buffer)
                stand.shape = shape
            elif thing and text is None and thing == waits.awaited(stand, future):
                stand.learn(buffer)
                stand.join = shape
            elif delay is not None and text is not None:
                stand.learn(buffer)
                if len(stand.sleeps) < MOST_CALLED:
                    stand.sleeps[delay] = shape
        if thing:
            shape += buffer.said(t_ns, thing)
        self.rows.extend((t_ns, back, shape))
        self._stop(back)

    def _gives_way(self, t_ns: int, known: Task, task: Any) -> None:
        """It has only asked for its next turn."""
        shared, buffer = self._shared, self._buffer
        stand, coroutines = shared.waits.stand(task)
        code, offset = stand.code, stand.offset
        key = "turn", id(code), offset

        def events(loop: int) -> Iterator[tuple[Any, ...]]:
            yield lines.wait, words.CURRENT, (words.SLEEP, "0 s", 0), None, None, 0
            yield lines.wake, words.CURRENT, (loop, words.TIMER), None, None, 0
            yield lines.switch, words.CURRENT, loop, lines.NO_VALUE, code, offset

        shape = buffer.again(key, code)
        if shape is None:
            buffer.again(key, code)
            shape = NEW
        if shape == NEW:
            shape = buffer.learn(key, t_ns, *events(words.SUBJECT))
        self.rows.extend((t_ns, self.track, shape))
        stand.learn(buffer)
        stand.turn = shape
        if type(task) is shared.library.task and len(coroutines) == 3 and stand.ats[2][0] is shared.library.turn:
            if stand.ats[0] == (code, offset):
                stand.place = known.place = offset, stand.ats[1][0]
                known.shape = shape
                if shape not in self.onward:
                    self.onward[shape] = buffer.shape(t_ns, *events(self.track), _RESUMPTION)
        self._stop(self.track)

    def _switch(self, t_ns: int, origin: int, target: int, code: CodeType | None = None, offset: int = 0) -> None:
        """`target` runs from now on instead of `origin`, which is suspended at that place."""
        self._shared.context.stream.store(lines.switch, t_ns, origin, target, lines.NO_VALUE, code, offset)
        self._stop(target)

    def _passes(self, t_ns: int, target: int, code: CodeType | None = None, offset: int = 0) -> None:
        """The same of what runs here."""
        key, buffer = ("pass", id(code), offset), self._buffer
        shape = buffer.again(key, code)
        if shape is None:
            buffer.store((lines.switch, t_ns, words.CURRENT, target, lines.NO_VALUE, code, offset))
        else:
            if shape == NEW:
                event = lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset
                shape = buffer.learn(key, t_ns, event)
            self.rows.extend((t_ns, target, shape))
        self._stop(target)

    def _stop(self, target: int) -> None:
        """The program may be paused here, where `target` runs from now on."""
        control = self._shared.context.control
        if control is not None and control.goal:
            try:
                control.on_switch(target)
            except Exception as error:
                # A signal's handler raised it: it goes on into the program.
                self._shared.raised = error
                raise


def _text(message: Any) -> str:
    """A cancel's message as it is told."""
    text = "" if message is None else message if type(message) is str else show(message)
    return text[:LONGEST_TEXT]


def _is_asked_for(frame: Any) -> bool:
    """Whether somebody has asked the loop for what it puts into its queue there, by call_soon."""
    while frame is not None and not is_of_asyncio(frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_name == "_call_soon"


def _is_forsaken(loop: Any) -> bool:
    """Whether a loop that polls has no timer, no descriptor but that by which others wake it, and no handler of a
    signal; and there is no other thread. What is the program's own class is not known."""
    selector, threads = own_attribute(loop, "_selector"), getattr(sys.modules.get("threading"), "_active", None)
    descriptors = own_attribute(selector, "_fd_to_key")
    if type_module(type(selector)) != "selectors" or type(descriptors) is not dict or type(threads) is not dict:
        return False
    timers: Any = own_attribute(loop, "_scheduled") or ()
    is_due = any(not timer._cancelled for timer in list(timers))
    return len(descriptors) == 1 and len(threads) == 1 and not is_due and not own_attribute(loop, "_signal_handlers")
