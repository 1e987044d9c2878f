"""Which thing a thread, greenlet or task waits on: "Event 3". Numbers that are never reused, although CPython reuses
addresses, nor given to two things of types that are called alike: an Event of gevent's is none of asyncio's.

A thing is known by a weak reference: what cannot be referred to weakly has no number, and is unknown. What is joined is
a track already: "track 7".
"""

from __future__ import annotations

from itertools import count

from visualizer.trace.words import FUTURE_NAME
from visualizer.tracers.core.postponed import uninterrupted
from visualizer.tracers.core.values import bases_of, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: Of those who are joined at once so many are told.
_TOLD = 16
#: Gives the next thing of a type its number, by the name of that, whichever runtime it is of.
_next: dict[str, Callable[[], int]] = {}


class Numbered(ref):  # type: ignore[type-arg]
    """A thing that has a number."""

    __slots__ = ("key", "name")

    key: int
    name: str


class Numbers:
    """The things that were waited on, numbered by type in the order in which they were first seen."""

    def __init__(
        self,
        track_of: Callable[[Any], int | None],
        met: Callable[[Numbered, str], None] = lambda known, name: None,
        future: type | None = None,
        new_table: Callable[[], dict[int, Any]] = dict,
    ) -> None:
        """`future`: the class of the futures of the runtime, of which most are waited for once. `new_table`: of the
        stream, where the recorder in C asks for what has a number."""
        #: Gives the track of a greenlet or task; None of what is none.
        self._track_of = track_of
        #: Called with each thing that gets a number, as a weak reference, and its name. Not with a future.
        self._met = met
        self._future = future
        #: Gives the next future its number. Here as well, for the recorder in C.
        self.next_future = _next.setdefault(FUTURE_NAME.strip(), count(1).__next__)
        self.forget: Callable[[Numbered], None] = self._forget
        #: Those that live, by id.
        self.known: dict[int, Numbered] = new_table()
        #: Classes, by their ids, whose instances have a name by `call` only.
        self.called: dict[int, type] = {}

    def name(self, thing: Any) -> str:
        """What `thing` is called, from now on; nothing if it cannot be told from others."""
        track = self._track_of(thing)
        if track is not None:
            return f"track {track}"
        kind = type(thing)
        if kind is list or kind is tuple:
            tracks = [self._track_of(one) for one in thing[:_TOLD]]
            known = [str(track) for track in tracks if track is not None]
            if len(known) != len(thing) or not known:
                return ""
            return f"track {known[0]}" if len(known) == 1 else f"tracks {', '.join(known)}"
        return self.of_no_track(thing)

    def of_no_track(self, thing: Any) -> str:
        """The same of what is known to be no track."""
        key = id(thing)
        known = self.known.get(key)
        if known is not None:
            return known.name
        if type(thing) is not self._future and self.called:
            if any(id(base) in self.called for base in bases_of(type(thing))):
                return ""
        try:
            known = Numbered(thing, self.forget)
        except TypeError:
            return ""
        known.key = key
        if type(thing) is self._future:
            known.name = f"{FUTURE_NAME}{self.next_future()}"
            return self.known.setdefault(key, known).name
        word = type_name(type(thing)).lstrip("_")
        # Another thread may name it at the same time: whoever comes first has.
        known.name = f"{word} {_next.setdefault(word, count(1).__next__)()}"
        found = self.known.setdefault(key, known)
        if found is known:
            self._met(known, known.name)
        return found.name

    def call(self, thing: Any, name: str) -> str:
        """`thing`, of one of the classes in `called`, is called so from now on. Return what it is called; as `name`."""
        try:
            known = Numbered(thing, self.forget)
        except TypeError:
            return ""
        known.key, known.name = id(thing), name
        return self.known.setdefault(known.key, known).name

    @uninterrupted
    def _forget(self, gone: Numbered) -> None:
        if gone.key in self.known and self.known[gone.key] is gone:
            del self.known[gone.key]

    def thing(self, name: str) -> Any:
        """What has that name; None if it is gone."""
        return next((thing for thing, known_as in self.living() if known_as == name), None)

    def living(self) -> list[tuple[Any, str]]:
        """The things that have a number, and that."""
        found = [(known(), known.name) for known in list(self.known.values())]
        return [one for one in found if one[0] is not None]
