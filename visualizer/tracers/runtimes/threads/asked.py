"""Calls of select that a thread has made before: it asks the same again, for as long, from the same line.

What tells such a call from others is its key: what it calls, what tells whether it asks for the same, its time limit,
and where it stands. By that `Buffer.asked` knows it, and by another one what such a call has found: then a row
tells it. The recorder in C looks there by itself (`select_way` in _recorder.c), and leaves the key of what it does not
find in `Buffer.asking`; where events tell of calls, `Again` does.
"""

from __future__ import annotations

import _thread
from itertools import count

from visualizer.trace import words
from visualizer.tracers.core.variables import of_variables
from visualizer.tracers.runtimes.threads.calls import SELECT
from visualizer.tracers.runtimes.threads.primitives import LIMIT, SELECT_LIMIT, TO_WRITE
from visualizer.tracers.runtimes.threads.selecting import descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Mapping
    from types import CodeType, ModuleType
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer
    from visualizer.tracers.core.context import Context
    from visualizer.tracers.runtimes.threads.waits import Wait, Waits

_get_ident = _thread.get_ident
#: Once in so long such a call takes the long way all the same, which looks at more than that.
LONG_NS = 25_000_000
#: So many are known of a thread; and so many of the frames that one is called by are compared.
_MOST, _DEEP = 1024, 16
#: Of what one finds, so many are compared.
MOST_FOUND = 64
#: Methods by which the standard library's selectors change what they watch.
_CHANGE = ("__init__", "register", "unregister", "modify", "close")
_MAP = "_fd_to_key"


class Asked:
    """Such a call. `shape`: of the row that tells that the thread waits; `wait`: as what it is known meanwhile.
    `above`: code and instruction of those who call, up to the first that is the program's own; None behind them, if
    none is. `fd`: the only descriptor that it asks for, else -1; `ends`: the addresses that it connects, as
    `Waits.connection` has them. `long_ns`: when it took the long way last."""

    __slots__ = ("above", "ends", "fd", "long_ns", "shape", "wait")

    def __init__(self, shape: int, wait: Wait, above: tuple[Any, ...], fd: int, ends: Any) -> None:
        self.shape = shape
        self.wait = wait
        self.above = above
        self.fd = fd
        self.ends = ends
        self.long_ns = wait.t_ns


def callers(frame: Any, is_last: Callable[[CodeType], bool]) -> tuple[Any, ...]:
    """As `Asked.above` has them; () if they are too many."""
    found: list[Any] = []
    while frame is not None:
        if len(found) > 2 * _DEEP:
            return ()
        found += frame.f_code, frame.f_lasti
        if is_last(frame.f_code):
            return tuple(found)
        frame = frame.f_back
    return (*found, None)


def _is_called_by(frame: Any, above: tuple[Any, ...]) -> bool:
    at = 0
    while at < len(above):
        code = above[at]
        if frame is None or frame.f_code is not code:
            return frame is None and code is None
        if frame.f_lasti != above[at + 1]:
            return False
        frame = frame.f_back
        at += 2
    return True


def remember(buffer: Buffer, key: tuple[Any, ...], known: Asked | int) -> None:
    """`key` stands for that from now on, in the thread of `buffer`, which calls."""
    if len(buffer.asked) >= _MOST:
        buffer.asked.clear()
    buffer.asked[key] = known


def _asked(known: Mapping[str, Any]) -> tuple[Any, Any]:
    return known.get("self"), known.get("timeout")


def found_key(ready: dict[int, int]) -> tuple[Any, ...]:
    """The key of that these are ready: by descriptor, the events."""
    return (None, *ready.items())


class Again:
    """The short way of such calls, where events tell of them. Called in the thread that asks."""

    def __init__(self, waits: Waits, context: Context) -> None:
        self._waits = waits
        self._context = context
        #: The classes of the standard library's selectors, by their ids: what these watch is changed by it alone.
        self._kinds: dict[int, type] = {}
        #: Of which selector, by its id, nothing has changed since it got that number.
        self._numbers: dict[int, int] = {}
        self._next = count(1).__next__

    def learn(self, module: ModuleType) -> list[CodeType]:
        """The program has imported `selectors`. Return what changes what a selector watches: `changes` is to be told
        when that begins and when it is over."""
        kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == "selectors"]
        self._kinds.update((id(kind), kind) for kind in kinds)
        found = [vars(kind).get(name) for kind in kinds for name in _CHANGE]
        codes = [getattr(function, "__code__", None) for function in found]
        return [code for code in codes if code is not None and _MAP in code.co_names]

    def changes(self, _code: CodeType, frame: Any, _value: Any = None) -> None:
        """`frame` changes what a selector watches."""
        self._numbers.pop(id(of_variables(frame, lambda known: known.get("self"))), None)

    def begins(self, code: CodeType, what: int, thing: Any, frame: Any) -> bool:
        """`frame`, of `code`, is about to ask. Return whether that is told, or there is nothing to tell."""
        waits, context = self._waits, self._context
        buffer = getattr(waits.local, "buffer", None)
        if buffer is None or waits.stands_apart():
            return False
        buffer.asking = None
        ident = _get_ident()
        if ident in waits.parked:
            return False
        caller, limit, things = frame, None, None
        if waits.primitives.selects(code):
            selector, limit = of_variables(frame, _asked)
            if id(type(selector)) not in self._kinds:
                return False
            things, caller = selector, frame.f_back
            which: Any = self._numbers.get(id(selector))
            if which is None:
                which = self._numbers[id(selector)] = self._next()
        else:
            passed = waits.primitives.passed(frame, SELECT_LIMIT if what == SELECT else LIMIT)
            if passed is None:
                return False
            limit, things = passed.get("limit"), (thing, passed.get(TO_WRITE))
            which = None
            if what == SELECT:
                which = tuple(tuple(descriptors(several)) for several in things)
        if limit is not None and type(limit) is not int and type(limit) is not float:
            return False
        if limit == 0:
            return True
        key = buffer.asking = what, which, limit, id(caller.f_code) + caller.f_lasti
        known = buffer.asked.get(key)
        if known is None or not _is_called_by(caller, known.above):
            return False
        t_ns = context.now()
        if t_ns - known.long_ns >= LONG_NS or (known.fd >= 0 and waits.connection(known.fd) != known.ends):
            return False
        wait = known.wait
        wait.t_ns, wait.thing = t_ns, things
        buffer.rows.extend((t_ns, words.CURRENT, known.shape))
        buffer.asking = None
        waits.parked[ident] = wait
        return True
