"""Threads that begin: which track asked for each, and where."""

from __future__ import annotations

import _thread

from visualizer.trace import words
from visualizer.tracers.core.code import place_of
from visualizer.tracers.core.values import dictionary

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.context import Context
    from visualizer.tracers.runtimes.threads.waits import Waits

_get_ident = _thread.get_ident


class Births:
    """Those of one recording."""

    def __init__(self, context: Context, waits: Waits) -> None:
        self._context = context
        self._waits = waits
        #: By the address of a thread that was asked to start: which track asked, and where.
        self._asked: dict[int, tuple[int, CodeType | None, int]] = {}

    def asked(self, thread: Any, frame: Any) -> None:
        """In the thread that asks for it, in `frame`: `thread`, an object of `threading`, is to start."""
        context = self._context
        inside = context.running_in(frame)
        self._asked[id(thread)] = inside[-1] if inside else context.current(), *place_of(frame, context.own)

    def began(self, thread: Any) -> bool:
        """In `thread` itself, before it does anything. Return whether it is one of the system's."""
        context, asked = self._context, self._asked.pop(id(thread), (words.NOBODY, None, 0))
        if context.stream.is_known():
            return False  # gevent has it run in a greenlet.
        known = dictionary(thread)
        name = known.get("_name")
        birth = name if type(name) is str else "thread", *asked, known.get("_daemonic") is True
        context.births[_get_ident()] = birth
        self._waits.began(thread, context.stream.here(context.now()).track)
        return True
