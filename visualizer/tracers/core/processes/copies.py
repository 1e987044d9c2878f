"""What a forked child inherited: the greenlets and generators of its parent, which exist in both from then on.

To the hooks they are what they were: every table of the tracers is copied with the process, and its numbers hold. To
the file they are new tracks. So in a child the flush puts another number in the place of each track that is older than
the process, and a `copy` line before the first event that speaks of it, together with those of the generators that
it is in the middle of: they go on with it, and may do so without an event. So do those who are in the middle of a
generator, with that, which may be asked for in vain. What never does anything here is not told.
"""

from __future__ import annotations

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import shape_line

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    from visualizer.tracers.core.api import Line

#: Lines that say something of one track, which is their first field.
_OF_ONE = (
    lines.resume, lines.yielded, lines.wait, lines.wait_in_call, lines.tie, lines.wake, lines.unready, lines.park,
    lines.unpark, lines.poll, lines.idle, lines.sample, lines.spawn, lines.name, lines.serves, lines.size, lines.exited,
    lines.takes, lines.gives, lines.gets, lines.struck, lines.unasked, lines.has,
    lines.thread_exited, lines.inferred, lines.started, lines.sent, lines.received,
)
_OF_TWO = (lines.switch, lines.throw, lines.refused, lines.cancel)
#: Relations to what is the same thing in all processes.
_OF_THE_SYSTEM = frozenset((words.FOUND_READY, words.SPINS, words.CONNECTED, words.OPENED))
#: How the names begin of things that are the same in all processes.
_SHARED = ("process", "fd", words.SHARED.strip())
#: These are left out where the track has done nothing in this process.
_IF_MET = frozenset((lines.name, lines.exited, lines.thread_exited, lines.inferred, lines.unready))


class _Known(dict[int, int]):
    """The track in the file, by the number that the hooks have."""

    def __init__(self, make: Callable[[int], int]) -> None:
        self._make = make

    def __missing__(self, track: int) -> int:
        return self._make(track)


class Copies:
    """The tracks that one process inherited."""

    def __init__(
        self, limit: int, before: Copies | None, elsewhere: frozenset[int], inside: dict[int, list[int]], process: str,
        new_track: Callable[[], int],
    ) -> None:
        """`limit`: tracks below it are inherited. `before`: those that the parent inherited itself.

        `elsewhere`: the parent's other threads, which do not live here: they keep their numbers. `inside`: the
        generators that others are in the middle of, by these.
        """
        self._limit = limit
        # What the parent has not met goes by the number that it has where it was met last.
        self._of: dict[int, int] = {**before._of, **before.known} if before is not None else {}
        self._elsewhere = elsewhere
        self._inside = inside
        #: By generator, those who are in the middle of it.
        self._within: dict[int, list[int]] = {}
        for one, generators in inside.items():
            for generator in generators:
                self._within.setdefault(generator, []).append(one)
        self._process = process
        self._new_track = new_track
        #: The file's number of each track, by the hooks'.
        self.known: dict[int, int] = _Known(self._find)
        #: Those that were met since this was emptied last: (copy, of which track of the parent).
        self.met: list[tuple[int, int]] = []
        self._of_one, self._of_two = frozenset(_OF_ONE), frozenset(_OF_TWO)

    def original(self, track: int) -> int:
        """How the parent's lines call a track that was inherited; where they do not, those of who forked that."""
        return self._of.get(track, track)

    def _find(self, track: int) -> int:
        if not 0 <= track < self._limit:
            return track
        if track in self._elsewhere:
            return self.original(track)
        for one in self._within.pop(track, ()):
            self.known[one]
        if track in self.known:
            return self.known[track]
        copy = self.known[track] = self._new_track()
        self.met.append((copy, self.original(track)))
        for generator in self._inside.pop(track, ()):
            self.known[generator]
        return copy

    def translate(self, line: Line, a: Any, b: Any, value: Any) -> tuple[Any, Any, Any] | None:
        """The same in the parts of an event. None: it is to be left out."""
        known = self.known
        if line in self._of_two:
            return known[a], known[b], value
        if line in self._of_one:
            if line in _IF_MET and a not in known and 0 <= a < self._limit:
                return None
            a = known[a]
            if line is lines.wake:
                b = known[b[0]], b[1]
            elif line is lines.spawn:
                kind, name, parent, creator = b
                b = kind, name, known[parent], known[creator]
            elif line is lines.wait_in_call:
                reason, limit_ns, thing, endpoint = b
                b = reason, limit_ns, self._thing(thing), endpoint
            elif line is lines.size:
                thing, taken, on = b
                b = self._thing(thing), taken, on
            elif line is lines.tie and b not in _OF_THE_SYSTEM:
                value = self._thing(value)
            elif line is lines.takes:
                b, value = self._thing(b), tuple(map(self._thing, value))
        elif line is lines.text:
            b = self._thing(b)
        elif line is shape_line:
            b = tuple(self._part(*part) for part in b)
        return a, b, value

    def _part(self, line: Line, a: Any, b: Any, value: Any, code: Any, at: int) -> tuple[Any, ...]:
        translated = self.translate(line, a, b, value)
        return (line, *(translated or (a, b, value)), code, at)

    def _thing(self, thing: Any) -> Any:
        """What is waited on: tracks by their numbers here. Anything else is another thing than the parent's."""
        if type(thing) is int:
            return thing  # The row says which.
        word, _, numbers = thing.partition(" ")
        if word in ("track", "tracks"):
            return f"{word} {', '.join(str(self.known[int(number)]) for number in numbers.split(', '))}"
        if word in _SHARED:
            return thing
        return f"{thing} of {self._process}" if thing else thing
