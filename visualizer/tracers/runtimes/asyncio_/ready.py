"""What a loop of asyncio has for its queue of ready handles: one that tells of what is put in and taken out.

asyncio puts everything that is to run into `loop._ready`, and `_run_once` takes it out again: a step of a task, a
callback, what a timer or a descriptor was waited for with. `append` is called where something becomes ready, by who
makes it so; `popleft` where the next begins, and so where the one before is over; and `_run_once` asks for the length
twice, right before it polls and right behind. All of these have returned before anything of the program runs: no frame
of ours stands on any stack.
"""

from __future__ import annotations

import sys
from _collections import deque  # type: ignore[import-not-found]

from visualizer.trace import words
from visualizer.tracers.core.object_ids import Numbered
from visualizer.tracers.runtimes.asyncio_.loops import SHORT_POLL_NS, Loop
from visualizer.tracers.runtimes.asyncio_.tasks import Task, turn
from visualizer.tracers.runtimes.asyncio_.waits import Stand

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.runtimes.asyncio_.shared import Shared

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

_getframe = sys._getframe


class Plain(deque):  # type: ignore[misc]
    """The queue of a loop that is not watched any more."""

    __slots__ = ("loop",)

    #: A weak reference to its `Loop`: whoever follows the program's objects from one to the next does not come to ours.
    loop: Any


def make_watched(shared: Shared, kind: type[Loop]) -> type[Plain]:
    """The queue of a loop that is watched. `kind`: `Loop`.

    The short way is that of a task that gives way by `asyncio.sleep(0)`, at a place where it did so before, and that of
    the next one to run. Everything else takes the long way (loops.py). In C there are short ways as well for a task
    that waits, sleeps or gives way where one did before, for its wakeup, for a descriptor that is ready, a timer that
    is due, a callback that was called before, and for a poll that only looks.
    """
    clock, unsettled = shared.context.stream.clock, shared.context.unsettled
    library, fail = shared.library, shared.fail
    tasks = shared.tasks
    push, pop, length = deque.append, deque.popleft, deque.__len__
    compiled, waits, numbers = shared.context.compiled, shared.waits, shared.waits.numbers
    types = (
        Plain, kind, Task, Stand, library.handle, library.timer_handle, Numbered, library.task, library.future
    )  # fmt: skip
    tables = (
        tasks.by_id, waits.stands, waits.ends, numbers.known, shared.failed, waits.sizes.known, shared.whose,
        shared.calls,
    )  # fmt: skip

    def failed(queue: Plain, handle: Any, error: BaseException) -> None:
        """What was known under the id of a handle may be of another one: nothing is known of this."""
        try:
            queue.loop().due.pop(id(handle), None)
        except BaseException as second:
            fail(second)
        fail(error)

    class Watched(Plain):
        __slots__ = ()

        def append(self, handle: Any) -> None:
            try:
                loop = self.loop()
                callback, task = handle._callback, loop.current
                if task is not None and type(callback) is library.step and callback.__self__ is task():
                    task.gave_way = True
                    loop.due[id(handle)] = task
                else:
                    loop.made_ready(handle)
            except BaseException as error:
                failed(self, handle, error)
            finally:
                # Last: put in by another thread, it may begin at once.
                push(self, handle)

        def popleft(self) -> Any:
            handle = pop(self)
            try:
                loop = self.loop()
                t_ns = clock()
                task, before = loop.due.pop(id(handle), None), loop.current
                is_long = unsettled or loop.eager or not loop.ident
                if type(task) is tuple and not (is_long or handle._cancelled):
                    if before is not None:
                        loop.over(t_ns)
                    loop.left -= 1
                    loop.giver = task[:2]
                    if len(task) == 3 or loop.called:
                        loop.tell_call(t_ns, task[2] if len(task) == 3 else None)
                    return handle
                if type(task) is not Task or not task.started or is_long or loop.called:
                    loop.begins(t_ns, handle, task)
                    return handle
                is_over = False
                if before is not None and before.gave_way and before.place is not None:
                    try:
                        if turn(before()) == before.place:
                            before.gave_way = False
                            shape = loop.onward.get(before.shape)
                            if shape is not None:
                                loop.rows.extend((t_ns, task.track, shape))
                            else:
                                loop.rows.extend((t_ns, loop.track, before.shape, t_ns, task.track, loop.resumed))
                            is_over = True
                    except AttributeError:
                        pass
                if not is_over:
                    loop.over(t_ns)
                    loop.giver = None
                    loop.rows.extend((t_ns, task.track, loop.resumed))
                loop.current = task
                left = loop.left = loop.left - 1
                if left < 1:
                    loop.guard = ref(handle, loop.gone)
            except BaseException as error:
                failed(self, handle, error)
            return handle

        def __len__(self) -> int:
            count: int = length(self)
            try:
                if _getframe(1).f_code.co_name == "_run_once":
                    self.loop().asked(count)
            except Exception as error:
                fail(error)
            return count

        if compiled is not None:
            # The short ways in C, in front of these. They end steps as well.
            append, popleft, __len__, _, numbers.forget, tasks.forget = compiled.queue_ways(
                types, library, shared.context, shared.context.runners, unsettled, tables, shared.context.bottoms,
                (
                    numbers.of_no_track, numbers.next_future, words.FUTURE_NAME, words.ZERO_FUTURE, words.ZERO_TRACK,
                    words.LARGEST_TRACK,
                ),
                (words.FINISHED, words.CALLBACK), SHORT_POLL_NS, (push, pop),
                (append, popleft, __len__, kind.gone, numbers.forget, tasks.forget),
            )

        def clear(self) -> None:
            deque.clear(self)
            try:
                if _getframe(1).f_code.co_name == "close":
                    self.loop().closes()
            except Exception as error:
                fail(error)

    return Watched
