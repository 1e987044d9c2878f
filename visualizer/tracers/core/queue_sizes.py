"""How many items there are in the queues that take any number, as a thread of the program's looks now and then.

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

#: Whoever looks does so this often at most.
EVERY_NS = 25_000_000
#: So many queues are looked at.
_MOST = 64
#: A size is told that differs from the one told before by so many, and by this part of that.
_FEW = 8
_PART = 4


class Sizes:
    """The unbounded queues of a runtime."""

    def __init__(self, size: Callable[[Any], int]) -> None:
        """`size`: how many items are in something; -1 if it is no queue that takes any number, or that is not known."""
        self._size = size
        self._looked_ns = 0
        #: By the name of a queue: a weak reference to it, and the size that was told last.
        self.known: dict[str, tuple[Any, int]] = {}

    def met(self, reference: Any, name: str) -> None:
        """Somebody waits for something that is known by that name from now on."""
        if len(self.known) < _MOST and self._size(reference()) >= 0:
            self.known[name] = reference, -_FEW

    def look(self, t_ns: int, tell: Callable[[str, int], None], is_last: bool = False) -> None:
        """Tell of each queue the size of which has changed by much; if it is time to."""
        if not self.known or (t_ns - self._looked_ns < EVERY_NS and not is_last):
            return
        self._looked_ns = t_ns
        for name, (reference, told) in list(self.known.items()):
            size = self._size(reference())
            if size < 0:
                self.known.pop(name, None)
            elif abs(size - told) >= max(_FEW, told // _PART):
                self.known[name] = reference, size
                tell(name, size)


def by_dictionary(kind: type, limit: str, items: str) -> Callable[[Any], int]:
    """The size of a queue of that class, whose dictionary has its limit and its items under these names."""

    def size(queue: Any) -> int:
        for base in bases_of(type(queue)):
            if base is kind:
                break
        else:
            return -1
        own = dictionary(queue)
        most = own.get(limit)
        return _count(own.get(items)) if type(most) is int and most <= 0 else -1

    return size


def by_slots(kind: type, limit: str, items: str) -> Callable[[Any], int]:
    """The same of a compiled class, or one with slots."""
    of_limit, of_items = (kind.__dict__.get(name) for name in (limit, items))
    is_known = all(type(one).__name__ in ("getset_descriptor", "member_descriptor") for one in (of_limit, of_items))

    def size(queue: Any) -> int:
        if not is_known or not any(base is kind for base in bases_of(type(queue))):
            return -1
        most: Any = of_limit.__get__(queue)  # type: ignore[union-attr]
        return _count(of_items.__get__(queue)) if most is None else -1  # type: ignore[union-attr]

    return size


def _count(items: Any) -> int:
    return len(items) if type(items) is deque or type(items) is list else -1
