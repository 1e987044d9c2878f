"""The short way of calls of select that a thread has made before (asked.py), where events tell of calls."""

from __future__ import annotations

import _thread
from itertools import count

from visualizer.trace import words
from visualizer.tracers.core.variables import of_variables
from visualizer.tracers.runtimes.threads.asked import LONG_NS, is_called_by
from visualizer.tracers.runtimes.threads.calls import SELECT
from visualizer.tracers.runtimes.threads.primitives import LIMIT, SELECT_LIMIT, TO_WRITE
from visualizer.tracers.runtimes.threads.selecting import descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Mapping
    from types import CodeType, ModuleType
    from typing import Any

    from visualizer.tracers.core.context import Context
    from visualizer.tracers.runtimes.threads.waits import Waits

_get_ident = _thread.get_ident
#: Methods by which the standard library's selectors change what they watch.
_CHANGE = ("__init__", "register", "unregister", "modify", "close")
_MAP = "_fd_to_key"


def _asked(known: Mapping[str, Any]) -> tuple[Any, Any]:
    return known.get("self"), known.get("timeout")


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
        if known is None or not is_called_by(caller, known.above):
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
