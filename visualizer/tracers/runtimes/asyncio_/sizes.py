"""How many items there are in the queues that take any number: a loop looks before it polls.

Only at queues that somebody has waited for. Nothing of the program is called: the items lie in a deque or list of the
queue's own.
"""

from __future__ import annotations

from _collections import deque  # type: ignore[import-not-found]

from visualizer.tracers.core.values import bases_of, dictionary

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

#: A loop looks this often at most.
EVERY_NS = 25_000_000
#: So many queues are looked at.
_MOST = 64
#: A size is told that differs from the one told before by so many, and by this part of that.
_FEW = 8
_PART = 4


class Sizes:
    """The unbounded queues of all loops."""

    def __init__(self, queue: type) -> None:
        """`queue`: asyncio's own class."""
        self._queue = queue
        #: By the name of a queue: a weak reference to it, and the size that was told last.
        self.known: dict[str, tuple[Any, int]] = {}

    def met(self, reference: Any, name: str) -> None:
        """Somebody waits for something that is known by that name from now on."""
        thing = reference()
        if len(self.known) < _MOST and any(base is self._queue for base in bases_of(type(thing))):
            most = dictionary(thing).get("_maxsize")
            if type(most) is int and most <= 0 and _size(thing) >= 0:
                self.known[name] = reference, -_FEW

    def look(self, tell: Callable[[str, int], None]) -> None:
        """Tell of each queue the size of which has changed by much."""
        for name, (reference, told) in list(self.known.items()):
            thing = reference()
            size = _size(thing)
            if size < 0:
                self.known.pop(name, None)
            elif abs(size - told) >= max(_FEW, told // _PART):
                self.known[name] = reference, size
                tell(name, size)


def _size(queue: Any) -> int:
    """How many items are in it; -1 if that is not known, or it is gone."""
    items: Any = dictionary(queue).get("_queue")
    return len(items) if type(items) is deque or type(items) is list else -1
