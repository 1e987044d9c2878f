"""Has the cyclic garbage collector, which runs the program's finalizers, run where and when it would without us.

It runs in whichever thread makes one object too many, or is next to run. In our own thread a finalizer would find
itself in a thread that the program does not know, without its `threading.local`, and could wait there for a lock for
good. So the collector is off while our thread does anything but wait, and the program is told that it is on.

When it runs depends on how many objects were made since it ran last, and in which order it finalizes what it finds at
once on how old that is. So the script begins as far from the next collection as it would without us, and what is done
at its end does not bring one on.
"""

from __future__ import annotations

import gc
from _collections import deque  # type: ignore[import-not-found]
from _operator import call
from itertools import chain, compress, starmap

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any, TypeVar

    _Result = TypeVar("_Result")

# Fetched now: what the program, and all of ours that is imported later, finds in `gc` answers for the program.
turn_off, turn_on, is_turned_on = gc.disable, gc.enable, gc.isenabled
#: What counts as made since the last collection.
_counted: list[list[Any]] = []


def settle(count: int) -> None:
    """The collector was off while all of ours was made: have it begin again with so many objects counted."""
    gc.collect(0)
    _counted[:] = ([] for _ in range(count))


def without(called: Callable[[], _Result]) -> _Result:
    """Return what it returns, called with the collector off."""
    was_on = is_turned_on()
    turn_off()
    try:
        return called()
    finally:
        if was_on:
            turn_on()


class Collector:
    """The collector as our own thread leaves it to the program."""

    def __init__(self) -> None:
        #: Whether the program has it on: as it said last, else as it was when our thread began to run again.
        self._is_on: list[bool] = []
        #: Of the module `gc`: name, the function that was there, and ours in its place.
        self._replaced: list[tuple[str, Any, Any]] = []

    def begin(self) -> None:
        """What the program says of it, and asks, is from now on about what it has itself."""
        is_on = self._is_on

        # Said first: then our thread does not switch on what the program has just switched off.
        def disable() -> None:
            is_on[:1] = [False]
            turn_off()

        def enable() -> None:
            is_on[:1] = [True]
            turn_on()

        def isenabled() -> bool:
            return is_turned_on() or next(iter(is_on), False) or is_turned_on()

        for ours in (disable, enable, isenabled):
            self._replaced.append((ours.__name__, getattr(gc, ours.__name__), ours))
            setattr(gc, ours.__name__, ours)

    def wait(self, wait: Callable[..., Any], *arguments: Any) -> Any:
        """In our thread: return `wait(*arguments)`, with the collector on meanwhile if the program has it on.

        That is a function in C, and all is one call into C: while it is on, our thread makes and runs nothing.
        """
        is_on = self._is_on
        result: list[Any] = []
        steps = chain(
            map(call, compress((turn_on,), is_on)),
            map(call, (is_on.clear,)),
            map(result.append, starmap(wait, (arguments,))),
            map(is_on.append, map(call, (is_turned_on,))),
            map(call, (turn_off,)),
        )
        deque(steps, 0)
        return result[0]

    def leave(self) -> None:
        """Our thread ends, or is not here after a fork."""
        deque(chain(map(call, compress((turn_on,), self._is_on)), map(call, (self._is_on.clear,))), 0)

    def remove(self) -> None:
        """Take out what `begin` has put in."""
        for name, original, ours in self._replaced:
            if getattr(gc, name) is ours:
                setattr(gc, name, original)
