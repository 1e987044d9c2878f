"""Threads whose `select` finds at once that a socket may be written to, again and again, and that write nothing.

Calls that use a socket without waiting leave no trace, and in a program with one thread they are not seen at all. So
once a row of such finds is long, all calls are watched from then on, and only what is found after that counts.
"""

from __future__ import annotations

import _thread
import sys

from visualizer.tracers.core.sockets import several
from visualizer.tracers.runtimes.threads.selecting import has_socket

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

_get_ident = _thread.get_ident
#: Events, as in a mask: there is room to write, and nothing to read.
_WRITE = 2
#: So many finds in a row are told, and again after so long; who waits longer, or does anything else for longer in more
#: than so many of them, has not found that at once.
_MANY = 100
_AGAIN_NS = 50_000_000
_AT_ONCE_NS = 500_000
_LONGER = 10


class _Row:
    """Finds in a row: how many, how many of those took longer, when the last was, and when that was told."""

    __slots__ = ("count", "is_watched", "last_ns", "longer", "told_ns")

    def __init__(self, is_watched: bool) -> None:
        self.count = self.longer = self.last_ns = self.told_ns = 0
        self.is_watched = is_watched


class Spins:
    """Those of all threads of one recording."""

    def __init__(self) -> None:
        #: Have all calls watched; return whether they were before.
        self.watch: Callable[[], bool] = lambda: False
        #: By the id of the thread.
        self.rows: dict[int, _Row] = {}

    def ends(self) -> None:
        """The current thread does anything else."""
        if self.rows:
            self.rows.pop(_get_ident(), None)

    def counts(self, ready: dict[int, int]) -> bool:
        """Whether to find that may be one of such a row."""
        # An encrypted connection is not used by the methods of a socket.
        return bool(ready) and all(mask == _WRITE for mask in ready.values()) and "ssl" not in sys.modules

    def finds(self, asked: Any, since_ns: int, t_ns: int, ready: dict[int, int]) -> str:
        """It has asked since then, and this is ready. `asked`: the selector, or the lists. Return what is to be told,
        as "400 write 7"; mostly nothing. What is only known by its number may be used by other code than Python's."""
        ident = _get_ident()
        if not self.counts(ready):
            self.rows.pop(ident, None)
            return ""
        row = self.rows.get(ident)
        if row is None:
            row = self.rows[ident] = _Row(False)
        began_ns = row.last_ns or since_ns
        row.count, row.longer, row.last_ns = row.count + 1, row.longer + (t_ns - began_ns > _AT_ONCE_NS), t_ns
        if row.longer * _LONGER > row.count + _LONGER:
            del self.rows[ident]
        elif row.count >= _MANY and not row.is_watched:
            self.rows[ident] = _Row(self.watch())
        elif row.count >= _MANY and t_ns - row.told_ns >= _AGAIN_NS and all(has_socket(asked, fd) for fd in ready):
            row.told_ns = t_ns
            return f"{row.count} {several(ready)}"
        return ""

