"""What has happened and is not stored yet: a hook reads the clock first, and the interpreter may let others run before
it stores. What these did since must not be written before it: the flush leaves that for the next one.

A thread in the middle of a hook is known by its innermost frame. It read the clock after it was seen outside of all
hooks, or in another one, or had stored its latest event.
"""

from __future__ import annotations

import _thread
from _operator import attrgetter
from itertools import chain, repeat, tee

from visualizer.trace.words import NOBODY
from visualizer.tracers.core.thread_frames import all_frames

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType

    from visualizer.tracers.core.buffer import Buffer

#: Whoever is in the same hook for so many looks waits in it, as for a child, or is held there.
_LOOKS = 10

_get_ident = _thread.get_ident
_code = attrgetter("f_code")


def all_is_stored(now_ns: int, buffers: list[Buffer]) -> int:
    """For want of better knowledge."""
    return now_ns


class Unstored:
    """The threads that are in the middle of a hook."""

    def __init__(self, is_hook: Callable[[CodeType], bool]) -> None:
        self._is_hook = is_hook
        self._looked_ns = -1
        #: Of each, by its ident: its hook, since when it may have anything to store, how many times it was seen there.
        self._seen: dict[int, tuple[CodeType | None, int, int]] = {}

    def since_ns(self, now_ns: int, buffers: list[Buffer]) -> int:
        """Up to when all that happened is stored. To be asked in each flush."""
        seen: dict[int, tuple[CodeType | None, int, int]] = {}
        # To name a thread that stores its first event, a hook asks `threading`.
        here, new = _get_ident(), {buffer.ident for buffer in buffers if buffer.track == NOBODY}
        for ident, code in _innermost():
            hook = None if ident in new else code
            if ident == here or not (hook is None or self._is_hook(code)):
                continue
            before, since_ns, looks = self._seen.get(ident, (hook, self._looked_ns, 0))
            # What it stores first it may not have stored yet when it has its name.
            is_same = hook is None or before is None or hook is before
            seen[ident] = (hook, since_ns, looks + 1) if is_same else (hook, self._looked_ns, 1)
        for buffer in buffers:
            if buffer.ident in seen and buffer.last_ns > seen[buffer.ident][1]:
                seen[buffer.ident] = seen[buffer.ident][0], buffer.last_ns, 1
        self._seen, self._looked_ns = seen, now_ns
        return min((since_ns for _, since_ns, looks in seen.values() if looks < _LOOKS), default=now_ns)


def _innermost() -> list[tuple[int, CodeType]]:
    """Ident and innermost code of each thread. As in `sampling`, no reference to a frame is left."""
    twice = list(tee(all_frames()))
    return list(chain.from_iterable(map(zip, twice.pop(), map(map, repeat(_code), map(dict.values, twice.pop())))))
