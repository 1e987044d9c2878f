"""What happens a million times: a task's step begins, and it only gives way, at a place where it did so before.

Each is a *row* of three integers (visualizer/tracers/core/buffer.py): the time, a track, and the number of a *shape*,
which says once what such rows mean. All else goes the long way, and so does all while something is due, or the program
is to be paused.
"""

from __future__ import annotations

from _operator import attrgetter

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer_trio.waits import calls_nothing

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType, FrameType
    from typing import Any

    from visualizer.tracers.core.context import Context
    from visualizer_trio.run import Task


#: Where a task is in its outermost coroutine, and what it awaits there.
_turn = attrgetter("cr_frame.f_lasti", "cr_await.cr_code")


class FastPath:
    """That of one run, in its thread."""

    def __init__(self, context: Context, loop: int, t_ns: int) -> None:
        self._buffer = buffer = context.stream.here(t_ns)
        self._clock, self._unsettled, self._control = context.stream.clock, context.unsettled, context.control
        self._rows, self._loop = buffer.rows, loop
        self._begins = buffer.shape(t_ns, (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, None, 0))
        #: The shapes of giving way, by the id of the code and the offset of the place; the code is kept.
        self._shapes: dict[tuple[int, int], tuple[int, CodeType]] = {}

    def begins(self, track: int) -> bool:
        """A task's step begins. Return False if that is to be told in full."""
        if self._unsettled or (self._control is not None and self._control.goal):
            return False
        self._rows.extend((self._clock(), track, self._begins))
        return True

    def gives_way(self, coroutine: Any, known: Task) -> bool:
        """A task has asked for its next turn. Return False if that is to be told in full."""
        if known.turn is None or self._unsettled or (self._control is not None and self._control.goal):
            return False
        place, shape = known.turn
        try:
            if _turn(coroutine) != place:
                return False
        except AttributeError:
            return False  # What it awaits is no coroutine.
        self._rows.extend((self._clock(), self._loop, shape))
        return True

    def gave_way(self, t_ns: int, coroutine: Any, known: Task, frame: FrameType | None) -> None:
        """That was told in full: it gave way in `frame`."""
        awaited = getattr(coroutine.cr_await, "cr_code", None)
        if frame is None or frame is not coroutine.cr_frame or awaited is None or not calls_nothing(awaited):
            return
        code, offset = frame.f_code, frame.f_lasti
        if (id(code), offset) not in self._shapes:
            shape = self._buffer.shape(
                t_ns,
                (lines.wait, words.CURRENT, (words.SLEEP, "0 s", 0), None, None, 0),
                (lines.wake, words.CURRENT, (words.SUBJECT, words.TIMER), None, None, 0),
                (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset),
            )
            self._shapes[id(code), offset] = shape, code
        known.turn = (offset, awaited), self._shapes[id(code), offset][0]
