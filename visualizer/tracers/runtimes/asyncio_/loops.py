"""One loop: what runs in it, who made that ready, and when it polls.

Most functions here are called by the loop's queue (ready.py), in the thread that does what they tell of.
"""

from __future__ import annotations

import _thread
import sys

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import NEW
from visualizer.tracers.core.code import place_of
from visualizer.tracers.core.values import LONGEST_TEXT, Shown, keep, show
from visualizer.tracers.runtimes.asyncio_.causes import cause_of_descriptor, cause_of_thread, cause_of_timer, is_in_pool
from visualizer.tracers.runtimes.asyncio_.shared import Shared
from visualizer.tracers.runtimes.asyncio_.tasks import Task, turn

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any


    #: Whose doing something is: a track, and the cause of the wakes that come of it.
    Giver = tuple[int, str]

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

_get_ident = _thread.get_ident
#: A poll shorter than this is not told of: the loop only looked whether there was anything.
_SHORT_POLL_NS = 20_000
_NOT_KNOWN: Giver = (words.NOBODY, words.UNKNOWN)


class Loop:
    """What is known of one loop."""

    __slots__ = (
        "_began_ns", "_buffer", "_is_asked", "_polling", "_shared", "before", "current", "due", "eager", "giver",
        "guard", "ident", "left", "resumed", "rows", "track",
    )

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        #: Its own track, once it has one.
        self.track = words.NOBODY
        #: The thread that it runs in, 0 while it does not; and the track that runs it.
        self.ident = 0
        self.before = words.NOBODY
        #: What each handle that is ready is: a step of a task, or whose doing it is. By the id of the handle.
        self.due: dict[int, Task | Giver] = {}
        #: The task that makes a step; or whose doing the callback is that runs.
        self.current: Task | None = None
        self.giver: Giver | None = None
        #: The eager tasks in the middle of their first step, the innermost last: what stands for one, who ran before.
        self.eager: list[tuple[Task, Task | None, Giver | None]] = []
        #: How many handles are left of those that the loop has looked at.
        self.left = 0
        #: The rows of the thread's buffer, and the shape of every switch from the loop to a task.
        self.rows: list[int] = []
        self.resumed = -1
        self._buffer: Any = None
        #: Tells of the end of the last step before the loop polls again.
        self.guard: Any = None
        #: It has asked how many are ready and polls, or has handled what came of that.
        self._is_asked = False
        #: When it began to poll, until that is told; and whether it does.
        self._began_ns = 0
        self._polling = False

    # Runs of the loop.

    def exists(self, t_ns: int) -> None:
        """Something happens on this loop: give it a track, if it has none."""
        if self.track == words.NOBODY:
            context = self._shared.context
            thread = context.stream.here(t_ns).track
            self.track = context.spawned(t_ns, words.LOOP, "loop", thread, context.current(), sys._getframe(2))

    def runs(self, frame: Any) -> None:
        """The loop runs from now on, in this thread. `frame`: of who runs it."""
        context = self._shared.context
        t_ns = context.now()
        self.exists(t_ns)
        self.before = context.current()
        self._buffer = buffer = context.stream.here(t_ns)
        self.ident, self.rows = _get_ident(), buffer.rows
        self.resumed = buffer.shape(t_ns, (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, None, 0))
        about = words.JOIN, -1, f"track {self.track}", None
        code, offset = place_of(frame, context.own)
        context.stream.store(lines.wait_in_call, t_ns, self.before, about, None, code, offset)
        self._switch(t_ns, self.before, self.running, code, offset)

    def stops(self, in_step: bool) -> None:
        """The loop does not run any longer. `in_step`: somebody lets another loop run in the middle of a step."""
        context = self._shared.context
        t_ns = context.now()
        if self._polling:
            self._polled(t_ns)
        if not in_step:
            self.over(t_ns)
            self.giver = None
        self._is_asked = False
        self.ident = 0
        context.ready(t_ns, self.before, self.track, words.FINISHED)
        self._switch(t_ns, self.running, self.before)

    def closes(self) -> None:
        """The loop is closed."""
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
        if not self.ident:
            return
        self._is_asked = not self._is_asked
        now = self._shared.context.stream.clock
        if not self._is_asked:
            if self._polling:
                self._polled(now())
            self.left = count
            return
        if self.current is not None:
            self.over(now())
        if self._shared.failed:
            self._shared.find_retrieved(now())
        self.giver = None
        if not count:
            self._polling = True
            self._began_ns = now()

    def report_poll(self) -> None:
        """In the flushing thread, or at the end of a poll that was not told of before."""
        began_ns, self._began_ns = self._began_ns, 0
        if began_ns:
            self._buffer.store((lines.poll, began_ns, self.track, 1, None, None, 0))

    def _polled(self, t_ns: int) -> None:
        if not self._polling:
            return
        self._polling = False
        if self._began_ns and t_ns - self._began_ns < _SHORT_POLL_NS:
            self._began_ns = 0
            return
        self.report_poll()
        self._buffer.store((lines.poll, t_ns, self.track, 0, None, None, 0))

    # What becomes ready.

    def made_ready(self, handle: Any) -> None:
        """A handle was put into the queue, by who runs in this thread."""
        shared = self._shared
        t_ns = shared.context.now()
        if self.track == words.NOBODY:
            self.exists(t_ns)
        callback = handle._callback
        waker, cause = self._giver(t_ns, handle, callback)
        args, current = handle._args, self.current
        is_end = args and current is not None and args[0] is current()
        if is_end:
            # Who waits for a task, or has asked to be told of its end, is told as the last it does.
            cause = words.FINISHED
        stepped = shared.library.stepped_by(callback)
        if stepped is None:
            self.due[id(handle)] = waker, cause
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
        elif is_woken:
            if args and not is_end:
                cause = self._cancel(t_ns, known, task, args[0], (waker, cause))
            # What it asked the loop to do wakes it: it does not do so itself.
            self._store_wake(t_ns, known.track, waker if waker != known.track else self.track, cause)
        self.due[id(handle)] = known

    def _store_wake(self, t_ns: int, track: int, waker: int, cause: str) -> None:
        buffer = self._shared.context.stream.here(t_ns)
        if buffer is self._buffer and waker == self.running:
            waker = words.CURRENT
        key = "wake", waker, cause
        shape = buffer.again(key)
        if shape is None:
            buffer.store((lines.wake, t_ns, track, (waker, cause), None, None, 0))
            return
        if shape == NEW:
            shape = buffer.learn(key, t_ns, (lines.wake, words.SUBJECT, (waker, cause), None, None, 0))
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
        where = place_of(self._shared.in_step(sys._getframe(4)), self._shared.context.own)
        # The task hands it on.
        message = library.get(future, "_cancel_message")
        self._store_cancel(t_ns, known, message, waker, *where)
        # If whoever waits for it has been cancelled, that was passed on to it.
        for callback, _ in library.get(task, "_callbacks") or ():
            stepped = library.stepped_by(callback)
            outer = self._shared.tasks.of(stepped[0]) if stepped is not None else None
            if stepped is not None and outer is not None and library.cancels(stepped[0]) > outer.cancels:
                outer.cancels = library.cancels(stepped[0])
                self._store_cancel(t_ns, outer, message, waker, *where)
        return words.CANCEL

    def cancels(self, t_ns: int, known: Task, task: Any, by: int, code: CodeType, offset: int) -> None:
        """`by` is about to ask that a task of this loop be cancelled, at that place."""
        library = self._shared.library
        future = library.get(task, "_fut_waiter") if known is not self.current else None
        if future is not None and type(future) is library.future and library.get(future, "_state") == "PENDING":
            return  # It is woken, and told of then.
        known.cancels += 1
        self._store_cancel(t_ns, known, None, by, code, offset)

    def _find_cancel(self, t_ns: int, known: Task, task: Any) -> None:
        """A task may have been cancelled while it was ready or ran: that wakes nobody, and who did it is not known."""
        cancels = self._shared.library.cancels(task)
        if cancels > known.cancels:
            self._store_cancel(t_ns, known, self._shared.library.get(task, "_cancel_message"), words.NOBODY)
        known.cancels = cancels

    def _store_cancel(
        self, t_ns: int, known: Task, message: Any, by: int, code: CodeType | None = None, offset: int = 0
    ) -> None:
        text = "" if message is None else message if type(message) is str else show(message)
        self._shared.context.stream.store(lines.cancel, t_ns, by, known.track, text[:LONGEST_TEXT], code, offset)

    def _giver(self, t_ns: int, handle: Any, callback: Any) -> Giver:
        """Whose doing it is that a handle is ready."""
        shared = self._shared
        if self.ident != _get_ident():
            cause = cause_of_thread(callback)
            if cause == words.THREADPOOL and not is_in_pool(sys._getframe(3)):
                cause = words.CALLBACK
            return shared.context.current(), cause
        if self.current is not None:
            return self.current.track, words.CALLBACK
        if self.giver is not None:
            return self.giver
        if self._is_asked:
            self._polled(t_ns)
            is_timer = issubclass(type(handle), shared.library.timer_handle)
            return self.track, cause_of_timer(callback) if is_timer else cause_of_descriptor(callback)
        return self.track, words.CALLBACK

    def _meet(self, t_ns: int, task: Any, giver: int, cause: str) -> Task:
        """A task that is seen for the first time. `cause`: why it goes on; "" if it is to begin."""
        shared = self._shared
        context = shared.context
        name = shared.library.name(task)
        frame = None if cause else shared.in_step(sys._getframe(3))
        track = context.spawned(t_ns, words.TASK, name, self.track, words.NOBODY if cause else giver, frame)
        context.ready(t_ns, track, giver, cause or words.SPAWN)
        return shared.tasks.add(task, track, self, name)

    # Eager tasks.

    def begins_eagerly(self, frame: Any, coroutine: Any, name: str) -> bool:
        """A task is made in `frame`, by who runs, and makes its first step now. Return False if it does not."""
        if self.ident != _get_ident():
            return False
        context = self._shared.context
        t_ns, running = context.now(), self.running
        by = self._shared.in_step(frame)
        track = context.spawned(t_ns, words.TASK, name, self.track, running, by)
        context.ready(t_ns, track, running, words.SPAWN)
        self._switch(t_ns, running, track, *place_of(by, context.own))
        # Nobody has the task yet: its coroutine stands for it.
        made: Task = Task(coroutine)
        made.begin(id(coroutine), track, self, name)
        made.started = True
        self.eager.append((made, self.current, self.giver))
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

    def ends_eagerly(self, task: Any) -> None:
        """The first step is over; `task` is None if none was made."""
        context = self._shared.context
        t_ns = context.now()
        made, before, giver = self.eager.pop()
        known = self._is_eager(made, task) if task is not None else None
        back = before.track if before is not None else self.track
        if known is not None:
            self.current = known
            self.over(t_ns, back)
        else:
            context.exited(t_ns, made.track, words.DROPPED)
            self._switch(t_ns, made.track, back)
        self.current, self.giver = before, giver

    # What runs.

    def begins(self, t_ns: int, handle: Any, what: Task | Giver | None) -> None:
        """A handle is run next."""
        context = self._shared.context
        if not self.ident:
            return  # Somebody runs single rounds of the loop (`_run_once`).
        if words.NOBODY in context.unsettled:
            context.unsettled.discard(words.NOBODY)
            context.stream.attend(self._buffer)
        self.over(t_ns)
        self.left -= 1
        self.giver = None
        if handle._cancelled:
            return
        if not isinstance(what, Task):
            self.giver = _NOT_KNOWN if what is None else what
            return
        self.current = what
        task = what()
        if not what.started:
            what.started = True
            self._name_again(t_ns, what, task)
            self._find_cancel(t_ns, what, task)
        if self.left < 1:
            self.guard = ref(handle, self.gone)
        self.rows.extend((t_ns, what.track, self.resumed))
        self._stop(what.track)

    def _name_again(self, t_ns: int, known: Task, task: Any) -> None:
        """A task may have been given its name after it was made."""
        name = self._shared.library.name(task)
        if name and name != known.name:
            known.name = name
            self._shared.context.named(t_ns, known.track, name)

    def gone(self, guard: Any) -> None:
        """The handle of the last step before the loop polls is about to be no more: so may its task be."""
        if guard is self.guard:
            try:
                self.over(self._shared.context.now())
            except Exception as error:
                self._shared.fail(error)

    def over(self, t_ns: int, back: int = words.NOBODY) -> None:
        """What ran is over: tell what became of it. `back`: who runs from now on; the loop, if that is nobody."""
        known = self.current
        if known is None:
            return
        self.current = self.guard = None
        if back == words.NOBODY:
            back = self.track
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
        if (task._fut_waiter if is_plain else library.get(task, "_fut_waiter")) is not None:
            self._suspended(t_ns, known, task, back)
            return
        known.ended = True
        self._name_again(t_ns, known, task)
        self._find_cancel(t_ns, known, task)
        outcome, value = self._outcome(task, library.get(task, "_state"))
        self._shared.context.exited(t_ns, known.track, outcome, value)
        if outcome is words.RAISED:
            self._shared.failed[known.track] = known
        self._switch(t_ns, known.track, back)

    def _outcome(self, task: Any, state: Any) -> tuple[str, Any]:
        library = self._shared.library
        if state == "CANCELLED":
            message = library.get(task, "_cancel_message")
            return words.CANCELLED, lines.NO_VALUE if message is None else Shown(show(message))
        error = library.get(task, "_exception")
        if error is not None:
            return words.RAISED, keep(error)
        return (words.RETURNED, keep(library.get(task, "_result"))) if state == "FINISHED" else (words.UNKNOWN, None)

    def _suspended(self, t_ns: int, known: Task, task: Any, back: int) -> None:
        """It waits for a future."""
        self._find_cancel(t_ns, known, task)
        waits, stream, buffer = self._shared.waits, self._shared.context.stream, self._buffer
        stand, coroutines = waits.stand(task)
        about, text = waits.of(t_ns, task, stand, coroutines)
        reason, limit_ns, thing, _ = about
        code, offset = stand.code, stand.offset
        if thing and stand.enters:
            for held in waits.held(stand, coroutines, thing):
                stream.store(lines.tie, t_ns, known.track, words.HOLDS, held)
        # Where it waits for the same again, the two lines are a row.
        shape, key = None, ("wait", id(stand), about, text)
        if reason != words.FUTURE and (limit_ns < 0 or text is not None):
            shape = buffer.again(key, stand)
        if shape is None:
            stream.store(lines.wait_in_call, t_ns, known.track, about, text, code, offset)
            self._switch(t_ns, known.track, back, code, offset)
            return
        if shape == NEW:
            shape = buffer.learn(
                key, t_ns,
                (lines.wait_in_call, words.CURRENT, about, text, code, offset),
                (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset),
            )
        self.rows.extend((t_ns, back, shape))
        self._stop(back)

    def _gives_way(self, t_ns: int, known: Task, task: Any) -> None:
        """It has only asked for its next turn."""
        shared, buffer = self._shared, self._buffer
        stand, coroutines = shared.waits.stand(task)
        code, offset = stand.code, stand.offset
        key = "turn", id(code), offset
        events = (
            (lines.wait, words.CURRENT, (words.SLEEP, "0 s", 0), None, None, 0),
            (lines.wake, words.CURRENT, (words.SUBJECT, words.TIMER), None, None, 0),
            (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset),
        )
        shape = buffer.again(key, code)
        if shape is None:
            buffer.again(key, code)
            shape = NEW
        if shape == NEW:
            shape = buffer.learn(key, t_ns, *events)
        self.rows.extend((t_ns, self.track, shape))
        if type(task) is shared.library.task and len(coroutines) == 3 and stand.ats[2][0] is shared.library.turn:
            if stand.ats[0] == (code, offset):
                known.place, known.shape = (offset, stand.ats[1][0]), shape
        self._stop(self.track)

    def _switch(self, t_ns: int, origin: int, target: int, code: CodeType | None = None, offset: int = 0) -> None:
        """`target` runs from now on instead of `origin`, which is suspended at that place."""
        self._shared.context.stream.store(lines.switch, t_ns, origin, target, lines.NO_VALUE, code, offset)
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
