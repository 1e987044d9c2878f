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
from visualizer.tracers.core.values import Shown, keep, show
from visualizer.tracers.runtimes.asyncio_.causes import cause_of_descriptor, cause_of_thread, cause_of_timer
from visualizer.tracers.runtimes.asyncio_.shared import Shared
from visualizer.tracers.runtimes.asyncio_.tasks import Task

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
        "_began_ns", "_buffer", "_guard", "_is_asked", "_polling", "_shared", "before", "current", "due", "giver",
        "ident", "left", "resumed", "rows", "track",
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
        #: How many handles are left of those that the loop has looked at.
        self.left = 0
        #: The rows of the thread's buffer, and the shape of every switch from the loop to a task.
        self.rows: list[int] = []
        self.resumed = -1
        self._buffer: Any = None
        #: Tells of the end of the last step before the loop polls again.
        self._guard: Any = None
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
        context.switched(t_ns, self.before, self.current.track if self.current is not None else self.track, frame=frame)

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
        running = self.current.track if self.current is not None else self.track
        context.ready(t_ns, self.before, self.track, words.FINISHED)
        context.switched(t_ns, running, self.before)

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
        t_ns = self._shared.context.now()
        self._is_asked = not self._is_asked
        if not self._is_asked:
            self._polled(t_ns)
            self.left = count
            return
        self.over(t_ns)
        self.giver = None
        self._polling = True
        if not count:
            self._began_ns = t_ns

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
        self.exists(t_ns)
        callback = handle._callback
        giver = self._giver(t_ns, handle, callback)
        stepped = shared.library.stepped_by(callback)
        if stepped is None:
            argument = handle._args[0] if handle._args else None
            current = self.current
            if current is not None and giver[0] == current.track and argument is not None and argument is current():
                giver = giver[0], words.FINISHED
            self.due[id(handle)] = giver
            return
        task, is_woken = stepped
        known = shared.tasks.of(task)
        if known is None:
            if shared.library.is_formality(task):
                self.due[id(handle)] = self.track, words.CALLBACK
                return
            known = self._meet(t_ns, task, giver, is_woken)
        elif is_woken:
            shared.context.ready(t_ns, known.track, *self._wake(known, task, handle, giver))
        self.due[id(handle)] = known

    def _giver(self, t_ns: int, handle: Any, callback: Any) -> Giver:
        """Whose doing it is that a handle is ready."""
        shared = self._shared
        if self.ident != _get_ident():
            return shared.context.current(), cause_of_thread(callback)
        if self.current is not None:
            return self.current.track, words.CALLBACK
        if self.giver is not None:
            return self.giver
        if self._is_asked:
            self._polled(t_ns)
            is_timer = issubclass(type(handle), shared.library.timer_handle)
            return self.track, cause_of_timer(callback) if is_timer else cause_of_descriptor(callback)
        return self.track, words.CALLBACK

    def _wake(self, known: Task, task: Any, handle: Any, giver: Giver) -> Giver:
        """Who makes a task ready that waited for a future, and why."""
        future = handle._args[0] if handle._args else None
        current = self.current
        if current is not None and giver[0] == current.track and future is not None and future is current():
            return giver[0], words.FINISHED
        return giver

    def _meet(self, t_ns: int, task: Any, giver: Giver, is_woken: bool) -> Task:
        """A task that is seen for the first time."""
        shared = self._shared
        context = shared.context
        name = shared.library.name(task)
        frame = shared.in_step(sys._getframe(3)) if not is_woken else None
        creator = giver[0] if not is_woken else words.NOBODY
        track = context.spawned(t_ns, words.TASK, name, self.track, creator, frame)
        context.ready(t_ns, track, giver[0], giver[1] if is_woken else words.SPAWN)
        return shared.tasks.add(task, track, self.track, name)

    # What runs.

    def begins(self, t_ns: int, handle: Any, what: Task | Giver | None) -> None:
        """A handle is run next."""
        context = self._shared.context
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
        if not what.started:
            what.started = True
            self._name_again(t_ns, what)
        if self.left < 1:
            self._guard = ref(handle, self._gone)
        if context.control is not None and context.control.goal:
            context.switched(t_ns, self.track, what.track)
        else:
            self.rows.extend((t_ns, what.track, self.resumed))

    def _name_again(self, t_ns: int, known: Task) -> None:
        """A task may have been given its name after it was made."""
        name = self._shared.library.name(known())
        if name != known.name:
            known.name = name
            self._shared.context.named(t_ns, known.track, name)

    def _gone(self, guard: Any) -> None:
        """The handle of the last step before the loop polls is about to be no more: so may its task be."""
        if guard is self._guard:
            try:
                self.over(self._shared.context.now())
            except Exception as error:
                self._shared.fail(error)

    def over(self, t_ns: int) -> None:
        """What ran is over: tell what became of it."""
        known, self.current, self._guard = self.current, None, None
        if known is None:
            return
        shared = self._shared
        task = known()
        state = shared.library.get(task, "_state")
        if state == "PENDING":
            self._suspended(t_ns, known, task)
            return
        code: CodeType | None = None
        context = shared.context
        known.ended = True
        self._name_again(t_ns, known)
        outcome, value = self._outcome(task, state)
        context.exited(t_ns, known.track, outcome, value)
        context.stream.store(lines.switch, t_ns, known.track, self.track, lines.NO_VALUE, code)

    def _outcome(self, task: Any, state: Any) -> tuple[str, Any]:
        library = self._shared.library
        if state == "CANCELLED":
            message = library.get(task, "_cancel_message")
            return words.CANCELLED, lines.NO_VALUE if message is None else Shown(show(message))
        error = library.get(task, "_exception")
        if error is not None:
            return words.RAISED, keep(error)
        return (words.RETURNED, keep(library.get(task, "_result"))) if state == "FINISHED" else (words.UNKNOWN, None)

    def _suspended(self, t_ns: int, known: Task, task: Any) -> None:
        shared = self._shared
        buffer = self._buffer
        if known.gave_way:
            known.gave_way = False
            self._gives_way(t_ns, known, task)
            return
        about, code, offset = shared.waits.of(t_ns, task)
        again = about[1] < 0
        key = ("task", self.track, about, id(code), offset)
        shape = buffer.again(key, code) if again else None
        if shape == NEW:
            shape = buffer.learn(
                key, t_ns,
                (lines.wait_in_call, words.CURRENT, about, None, code, offset),
                (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset),
            )
        if shape is not None:
            self.rows.extend((t_ns, self.track, shape))
            return
        stream = shared.context.stream
        stream.store(lines.wait_in_call, t_ns, known.track, about, None, code, offset)
        stream.store(lines.switch, t_ns, known.track, self.track, lines.NO_VALUE, code, offset)

    def _gives_way(self, t_ns: int, known: Task, task: Any) -> None:
        """It has only asked for its next turn."""
        shared, buffer = self._shared, self._buffer
        frames = shared.waits.chain(task)
        code, offset = shared.waits.place(frames)
        key = ("turn", id(code), offset)
        shape = buffer.again(key, code)
        if shape is None or shape == NEW:
            events = (
                (lines.wait, words.CURRENT, (words.SLEEP, "0 s", 0), None, None, 0),
                (lines.wake, words.CURRENT, (words.SUBJECT, words.TIMER), None, None, 0),
                (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset),
            )
            if shape is None:
                buffer.again(key, code)
            shape = buffer.learn(key, t_ns, *events)
        self.rows.extend((t_ns, self.track, shape))
        if len(frames) > 1 and frames[1].f_code is shared.library.sleep and code is frames[0].f_code:
            known.place, known.shape = (offset, shared.library.sleep), shape
