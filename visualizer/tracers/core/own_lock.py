"""A lock of our own that its owner may take again: in a signal's handler, or a finalizer, that runs in the middle.

It is no RLock. eventlet's patching looks for those of the whole process, puts its own in their place where it can, and
complains of the others.
"""

from __future__ import annotations

import _thread
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

# Fetched now: gevent's monkey-patching replaces them.
_get_ident = _thread.get_ident
_sleep = time.sleep
#: A thread that has to wait looks again after so long, and so many times: nobody has such a lock for a second. Who has
#: it nevertheless left it without giving it back, since a signal's handler raised just then.
_AGAIN_S = 0.0001
_TIMES = 10_000


class OwnLock:
    """For `with`. Handlers may come in at any place, and raise."""

    __slots__ = ("_depths", "_owner")

    def __init__(self) -> None:
        #: Who has it, at 0: to take it, and to see who has, is one call in C.
        self._owner: dict[int, int] = {}
        #: How often each thread has it, or is about to.
        self._depths: dict[int, int] = {}

    def __enter__(self) -> None:
        ident, owner, depths = _get_ident(), self._owner, self._depths
        for _ in range(_TIMES):
            # Before it is taken: who comes in between, and gives it back, leaves it to us.
            depths[ident] = depths.get(ident, 0) + 1
            if owner.setdefault(0, ident) == ident:
                return
            depths[ident] -= 1
            _sleep(_AGAIN_S)
        depths[ident] = 1
        owner[0] = ident

    def __exit__(self, *_: Any) -> None:
        ident = _get_ident()
        depth = self._depths[ident] = self._depths.get(ident, 1) - 1
        if depth <= 0:
            self._depths.pop(ident, None)
            if self._owner.get(0) == ident:
                self._owner.pop(0, None)
