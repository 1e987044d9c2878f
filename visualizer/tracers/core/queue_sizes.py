"""How many items there are in the queues that take any number, as a thread of the program's looks now and then.

At queues that somebody has waited for; and, since whoever never finds one empty does not, at those that code names in
which somebody waits for anything. Nothing of the program is called: the items lie in a deque or list of the queue's
own.
"""

from __future__ import annotations

import sys
from _collections import deque  # type: ignore[import-not-found]

from visualizer.tracers.core import lines
from visualizer.tracers.core.values import bases_of, own_attribute
from visualizer.tracers.core.variables import FUNCTION, LOOKS_AT_LOCALS, Unknown, of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterator, Mapping
    from types import CodeType
    from typing import Any

GetSetDescriptorType = type(type.__dict__["__dict__"])

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: Whoever looks does so this often at most.
EVERY_NS = 25_000_000
#: So many queues are looked at.
_MOST = 64
#: Of a list that is longer it is not found out whether something was taken.
_MOST_ITEMS = 4096
#: A size is told that differs from the one told before by so many, and by this part of that.
_FEW = 8
_PART = 4
_MODULE = type(sys)
_MISSING = object()
_class_dict = type.__dict__["__dict__"].__get__


#: Of so many codes it is known what they name, and so many of those that call where somebody waits are looked at.
_MOST_CODES = 4096
_DEEP = 6


class Looked:
    """A queue, by a weak reference, and what was told of it last: `name`, how many items, and how often one that was
    `next` to be taken the time before was there no more. How the code that waits at `offset` calls it (`on`).
    `is_taken`: from one of which only the size is known somebody has taken an item since."""

    __slots__ = ("code", "is_taken", "name", "next", "offset", "on", "reference", "taken", "told")

    def __init__(self, reference: Any, name: str) -> None:
        self.reference = reference
        self.name = name
        self.told = -_FEW
        self.next: tuple[int, ...] = ()
        self.taken = 0
        self.is_taken = False
        self.on = ""
        self.code: CodeType | None = None
        self.offset = -1


class Sizes:
    """The unbounded queues of a runtime."""

    def __init__(self, items: Callable[[Any], Any], name: Callable[[Any], str]) -> None:
        """`items`: what a queue that takes any number keeps them in, or how many there are, if only that is known; None
        of anything else. `name`: what a thing is called from now on."""
        self._items = items
        self._name = name
        self._looked_ns = 0
        #: By the queue's id.
        self.known: dict[int, Looked] = {}
        #: By the id of a code: that, and how often somebody has waited there.
        self._codes: dict[int, list[Any]] = {}

    def met(self, reference: Any, name: str) -> None:
        """Somebody waits for something that is known by that name from now on."""
        queue = reference()
        looked = self.known.get(id(queue))
        if looked is not None and looked.reference() is queue:
            looked.name = name
        elif len(self.known) < _MOST and self._items(queue) is not None:
            self.known[id(queue)] = Looked(reference, name)

    def waits_in(self, frame: Any, own: Callable[[CodeType], bool]) -> None:
        """Somebody waits, for anything, in `frame`: which queues do that and its callers, of the program's own, name?

        Found out the first time that somebody waits in that code, the second, the fourth and so on: they may not be
        there at first.
        """
        codes, code = self._codes, frame.f_code if frame is not None else None
        known = codes.get(id(code))
        if known is None:
            if code is None or len(codes) >= _MOST_CODES:
                return
            known = codes[id(code)] = [code, 0]
        times = known[1] = known[1] + 1
        if times & (times - 1):
            return
        for _ in range(_DEEP):
            if frame is None:
                return
            if own(frame.f_code):
                for on, thing in _named(frame):
                    self._named(thing, on, frame)
            frame = frame.f_back

    def _named(self, thing: Any, on: str, frame: Any) -> None:
        looked = self.known.get(id(thing))
        if looked is None or looked.reference() is not thing:
            if len(self.known) >= _MOST or self._items(thing) is None:
                return
            try:
                looked = self.known[id(thing)] = Looked(ref(thing), "")
            except TypeError:
                return
        if looked.code is None:
            looked.on, looked.code, looked.offset = on, frame.f_code, frame.f_lasti

    def takes(self, queue: Any) -> None:
        """Somebody takes an item from a queue of which only the size is known."""
        looked = self.known.get(id(queue))
        if looked is not None:
            looked.is_taken = True

    def look(self, t_ns: int, store: Callable[..., None], track: int, is_last: bool = False) -> None:
        """Store the size of each queue in which it has changed by much; if it is time to. `track`: who looks."""
        if not self.known or (t_ns - self._looked_ns < EVERY_NS and not is_last):
            return
        self._looked_ns = t_ns
        for key, looked in list(self.known.items()):
            queue = looked.reference()
            items = self._items(queue) if queue is not None else None
            if items is None:
                self.known.pop(key, None)
                continue
            size = items if type(items) is int else len(items)
            looked.taken += looked.is_taken or _is_taken(items, looked.next)
            looked.is_taken = False
            looked.next = _next(items)
            if abs(size - looked.told) >= max(_FEW, looked.told // _PART) and (looked.name or size >= _FEW):
                looked.name = looked.name or self._name(queue)
                looked.told = size
                about = looked.name, looked.taken, looked.on
                store(lines.size, t_ns, track, about, size, looked.code, looked.offset)


def _named(frame: Any) -> Iterator[tuple[str, Any]]:
    """What the code of a frame names: variables, and what their objects keep as an attribute of such a name."""
    code = frame.f_code
    found: list[tuple[str, Any]] = []
    module = frame.f_globals
    if type(module) is dict:
        found += [(name, module[name]) for name in code.co_names if name in module]
    is_seen = sys.version_info < (3, 13) and code.co_flags & FUNCTION and not LOOKS_AT_LOCALS.isdisjoint(code.co_names)
    if code.co_flags & FUNCTION and not is_seen:
        names = (*code.co_varnames, *code.co_cellvars, *code.co_freevars)

        found += _variables(frame, names)
    for name, thing in found:
        yield name, thing
        for attribute in code.co_names if _has_dictionary(thing) else ():
            kept = own_attribute(thing, attribute, _MISSING)
            if kept is not _MISSING:
                yield f"{name}.{attribute}", kept


def _has_dictionary(thing: Any) -> bool:
    """Whether an object, other than a module, has a dictionary that its class makes nothing else of."""
    for base in bases_of(type(thing)) if type(thing) is not _MODULE else ():
        found = _class_dict(base).get("__dict__")
        if found is not None:
            return type(found) is GetSetDescriptorType
    return False


def _variables(frame: Any, names: tuple[str, ...]) -> list[tuple[str, Any]]:
    def those(known: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return [(name, known[name]) for name in names if name in known]

    try:
        found: list[tuple[str, Any]] = of_variables(frame, those)
    except Unknown:
        return []
    return found


def _next(items: Any) -> tuple[int, ...]:
    """Which item is to be taken next, as a number; of a list it is the first (of a heap) or the last one. Nothing if
    there is none, or that is not known."""
    try:
        if type(items) is deque:
            return (id(items[0]),)
        return (id(items[0]), id(items[-1])) if type(items) is list else ()
    except IndexError:
        return ()


def _is_taken(items: Any, before: tuple[int, ...]) -> bool:
    """Whether one of those that were next before is there no more, as far as is known."""
    now = _next(items)
    if type(items) is not list:
        return bool(before) and now != before
    # What is put may come before the first, or behind the last.
    if now == before or len(items) > _MOST_ITEMS:
        return False
    return not {*map(id, items)}.issuperset(before)


def by_dictionary(kind: type, limit: str, items: str) -> Callable[[Any], Any]:
    """The items of a queue of that class, whose dictionary has its limit and its items under these names."""

    def of(queue: Any) -> Any:
        for base in bases_of(type(queue)):
            if base is kind:
                break
        else:
            return None
        most = own_attribute(queue, limit)
        return _plain(own_attribute(queue, items)) if type(most) is int and most <= 0 else None

    return of


def by_slots(kind: type, limit: str, items: str) -> Callable[[Any], Any]:
    """The same of a compiled class, or one with slots."""
    of_limit, of_items = (kind.__dict__.get(name) for name in (limit, items))
    is_known = all(type(one).__name__ in ("getset_descriptor", "member_descriptor") for one in (of_limit, of_items))

    def of(queue: Any) -> Any:
        if not is_known or not any(base is kind for base in bases_of(type(queue))):
            return None
        most: Any = of_limit.__get__(queue)  # type: ignore[union-attr]
        return _plain(of_items.__get__(queue)) if most is None else None  # type: ignore[union-attr]

    return of


def _plain(items: Any) -> Any:
    return items if type(items) is deque or type(items) is list else None
