"""Which thing a greenlet or task waits on: "Event 3". Numbers that are never reused, although CPython reuses addresses.

A thing is known by a weak reference: what cannot be referred to weakly has no number, and is unknown. What is joined is
a track already: "track 7".
"""

from __future__ import annotations

from visualizer.tracers.core.values import type_name

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


class Numbers:
    """The things that were waited on, numbered by type in the order in which they were first seen."""

    def __init__(self, track_of: Callable[[Any], int | None]) -> None:
        #: Gives the track of a greenlet or task; None of what is none.
        self._track_of = track_of
        self._known: dict[int, tuple[Any, str]] = {}
        self._things: dict[str, Any] = {}
        self._last: dict[str, int] = {}

    def name(self, thing: Any) -> str:
        """What `thing` is called, from now on; nothing if it cannot be told from others."""
        key = id(thing)
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
        known_as = self._known.get(key)
        if known_as is not None:
            return known_as[1]

        def forget(gone: Any) -> None:
            if key in self._known and self._known[key][0] is gone:
                self._things.pop(self._known.pop(key)[1], None)

        try:
            reference = ref(thing, forget)
        except TypeError:
            return ""
        word = type_name(kind).lstrip("_")
        number = self._last[word] = self._last.get(word, 0) + 1
        name = f"{word} {number}"
        self._known[key], self._things[name] = (reference, name), reference
        return name

    def thing(self, name: str) -> Any:
        """What has that name; None if it is gone."""
        reference = self._things.get(name)
        return reference() if reference is not None else None

    def living(self) -> list[tuple[Any, str]]:
        """The things that have a number, and that."""
        found = [(reference(), name) for reference, name in list(self._known.values())]
        return [one for one in found if one[0] is not None]
