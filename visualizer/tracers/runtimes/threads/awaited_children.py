"""The children that a thread waits for in a call of `os`, and which of them has ended.

The system is asked without taking anything away from who waits (WNOWAIT). Who has got the end of a child has taken it:
then it is gone.
"""

from __future__ import annotations

import os
import sys
from _io import BufferedReader, FileIO, TextIOWrapper

from visualizer.tracers.core.values import dictionary, ids_of
from visualizer.tracers.runtimes.threads.calls import AWAIT_ANY, AWAIT_CHILD, AWAIT_THOSE

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    #: Gives the ids of children that may live, and of those that were seen to have ended.
    Known = Callable[[], tuple[list[int], set[int]]]

#: What is passed to those calls, as far as it matters.
PARAMETERS = {AWAIT_CHILD: ("pid", "options"), AWAIT_ANY: ("options",), AWAIT_THOSE: ("idtype", "id", "options")}
#: Of more children than that it is not worked out which one has ended.
_MOST = 64
#: The types of streams that subprocess makes; others may have a `fileno` of the program's.
_STREAMS = ids_of(BufferedReader, FileIO, TextIOWrapper)
#: A pipe that has less room than a page may take nothing more: what lies in each of its pages is as it was written.
_PAGE = 4096
#: FIONREAD, of Linux.
_HOW_MUCH = 0x541B
#: In place of a process id.
NONE, SOME = -1, 0


class AwaitedChildren:
    """`kind` and `number` are the first arguments of `os.waitid`, `flags` what else it is to tell than an end."""

    __slots__ = ("_before", "_flags", "_kind", "_known", "_number", "pid")

    def __init__(self, kind: int, number: int, flags: int) -> None:
        self._kind = kind
        self._number = number
        self._flags = flags
        #: The child, if it is a certain one.
        self.pid = number if kind == os.P_PID else NONE
        self._known: Known = lambda: ([], set())
        self._before: set[int] = set()

    def among(self, known: Known) -> None:
        """They may be those that are `known`: that gives who may live, and who was seen to have ended."""
        if self.pid == NONE:
            living, over = known()
            self._known, self._before = known, over | {pid for pid in living[:_MOST] if has_ended(pid)}

    def is_over(self) -> bool:
        """Whether there is nothing to wait for."""
        return _has_told(self._kind, self._number, self._flags | os.WEXITED)

    def ended(self) -> int:
        """The child that has ended since; SOME if it is not known which one has, NONE if no known one has."""
        if self.pid != NONE:
            return self.pid if has_ended(self.pid) else NONE
        living, over = self._known()
        found = (over | {pid for pid in living[:_MOST] if has_ended(pid)}) - self._before
        return found.pop() if len(found) == 1 and len(living) <= _MOST else SOME if found else NONE


def awaited_children(what: int, first: Any, passed: dict[str, Any] | None) -> AwaitedChildren | None:
    """Those that such a call waits for; None if it does not wait, or that is not known. `first`: its first argument."""
    options = (passed or {}).get("options", 0)
    if passed is None or type(options) is not int or options & os.WNOHANG:
        return None
    # WSTOPPED of one is WUNTRACED of the others.
    flags = options & (os.WSTOPPED | os.WCONTINUED)
    if what == AWAIT_ANY:
        return AwaitedChildren(os.P_ALL, 0, flags)
    if type(first) is not int:
        return None
    if what == AWAIT_THOSE:
        number = passed.get("id")
        return AwaitedChildren(first, number, flags) if type(number) is int and options & os.WEXITED else None
    if first > 0:
        return AwaitedChildren(os.P_PID, first, flags)
    return AwaitedChildren(os.P_ALL, 0, flags) if first == -1 else AwaitedChildren(os.P_PGID, -first, flags)


def has_ended(pid: int) -> bool:
    """Whether that child has ended, also if somebody has got that."""
    return _has_told(os.P_PID, pid, os.WEXITED)


def _has_told(kind: int, number: int, flags: int) -> bool:
    try:
        return os.waitid(kind, number, flags | os.WNOHANG | os.WNOWAIT) is not None
    except OSError:
        return True


def unread(process: Any) -> str:
    """What lies in those pipes of an object of subprocess's that are full, of at most how much: "stdout 65536 65536",
    with a space between two; "" if nothing does, or that is not known. Only asks the system how much it is."""
    fcntl: Any = sys.modules.get("fcntl")
    if sys.platform != "linux" or not hasattr(fcntl, "F_GETPIPE_SZ"):
        return ""
    found = []
    for name in ("stdout", "stderr"):
        stream: Any = dictionary(process).get(name)
        if id(type(stream)) not in _STREAMS:
            continue
        try:
            fd = stream.fileno()
            most = fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
            size = int.from_bytes(fcntl.ioctl(fd, _HOW_MUCH, bytes(4)), sys.byteorder)
        except (OSError, ValueError):
            continue  # It is closed, or no pipe.
        if most - size < _PAGE:
            found.append(f"{name} {size} {most}")
    return " ".join(found)
