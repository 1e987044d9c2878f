"""Which generator is which: from the call that makes one to its first step.

The call of a generator function is seen from Python 3.12 on, what it returns is not. The generator is therefore looked
for before the next one of the same function is made: it is the newest object of its kind that the cyclic garbage
collector knows (`gc.get_objects`, oldest first). From then on it goes by the id of its frame, watched by a weak
reference. Only where it could not be found and several are possible is one taken by the order of creation; that is
said in the trace.
"""

from __future__ import annotations

import gc

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import function_name
from visualizer.tracers.core.context import Context
from visualizer.tracers.runtimes.generators.introspection import beginning, code_of, frame_of, is_generator, kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

_BY_ORDER = "which of those created it is was taken from their order"
_UNSTARTED = "it was collected before it was started, or never came to be; when is not known"


class Births:
    """The generators that were made and have not been started."""

    def __init__(self, recording: Context) -> None:
        self._recording = recording
        #: Tracks whose generator has not been looked for or not been found, oldest first, by the id of their code.
        self._waiting: dict[int, list[int]] = {}
        #: How often the garbage collector had run when the newest of those was made.
        self._collections: dict[int, tuple[int, ...]] = {}
        #: Track, code and weak reference of those found, by the id of the generator's frame.
        self._found: dict[int, tuple[int, CodeType, Any]] = {}
        #: Codes of which generators are also made where that is not seen: by C code, or by a library.
        self._unseen: set[int] = set()

    def on_created(self, code: CodeType, caller: Any, t_ns: int) -> None:
        """A generator of `code` is about to be created by the frame `caller`."""
        key = id(code)
        waiting = self._waiting.setdefault(key, [])
        if waiting:
            self._look_for(code, waiting)
        waiting.append(self.spawn(code, caller, t_ns))
        self._collections[key] = gc.get_count()[1:]

    def spawn(self, code: CodeType, caller: Any, t_ns: int) -> int:
        """A new track, made by `caller` (None if that was not seen)."""
        track = self._recording.new_track()
        about = (kind_of(code), function_name(code), words.NOBODY, words.CURRENT if caller else words.NOBODY)
        where, offset = (caller.f_code, caller.f_lasti) if caller is not None else (None, 0)
        self._recording.stream.extend((lines.spawn, t_ns, track, about, lines.NO_VALUE, where, offset))
        return track

    def take(self, key: int, code: CodeType, t_ns: int) -> int:
        """The track of the generator whose frame has the id `key`, which is started, closed or thrown into now."""
        found = self._found.get(key)
        if found is not None and found[1] is code:
            del self._found[key]
            return found[0]
        waiting = self._waiting.get(id(code))
        if not waiting:
            self._unseen.add(id(code))
            return self.spawn(code, None, t_ns)
        track = waiting.pop(0)
        if waiting or id(code) in self._unseen:
            self._recording.stream.extend((lines.inferred, t_ns, track, _BY_ORDER, None, None, 0))
        return track

    def has(self, key: int, code: CodeType) -> bool:
        """Whether a generator of `code` that has not been started is a track."""
        return key in self._found or bool(self._waiting.get(id(code)))

    def _look_for(self, code: CodeType, waiting: list[int]) -> None:
        """Find the generator of the track that was made last, before another one of the same code is made."""
        untouched = self._collections[id(code)] == gc.get_count()[1:]
        for generation in (0,) if untouched else (0, 1):
            for thing in reversed(gc.get_objects(generation)):
                if is_generator(thing) and code_of(thing) is code:
                    if _is_unstarted(thing) and id(frame_of(thing)) not in self._found:
                        self._remember(thing, id(frame_of(thing)), code, waiting.pop())
                        return
        if untouched:
            # It would stand among the youngest: it is gone, or the call failed.
            self._end(waiting.pop(), self._recording.stream.clock(), _UNSTARTED)

    def _remember(self, generator: Any, key: int, code: CodeType, track: int) -> None:
        def forget(gone: Any) -> None:
            known = self._found.get(key)
            if known is not None and known[2] is gone:
                del self._found[key]
                self._end(track, self._recording.stream.clock(), None)

        self._found[key] = track, code, ref(generator, forget)

    def _end(self, track: int, t_ns: int, inferred: str | None) -> None:
        self._recording.exited(t_ns, track, words.CLOSED, inferred=inferred)

    def finish(self, t_ns: int, alive: list[Any]) -> None:
        """The program is over: of the generators not found, tell those that are no more. `alive`: all there are."""
        for key, waiting in self._waiting.items():
            if waiting:
                there = sum(
                    id(code_of(one)) == key and id(frame_of(one)) not in self._found and _is_unstarted(one)
                    for one in alive
                )
                for _ in range(len(waiting) - there):
                    self._end(waiting.pop(0), t_ns, _UNSTARTED)


def _is_unstarted(generator: Any) -> bool:
    frame = frame_of(generator)
    return frame is not None and frame.f_lasti < beginning(code_of(generator))
