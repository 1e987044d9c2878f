"""Which generator is which: from the call that makes one to its first step.

The call of a generator function is seen from Python 3.12 on, what it returns is not. The generator is therefore looked
for at the caller's next instruction: it is the newest object of its kind that the cyclic garbage collector knows. (The
recorder in C sees what a plain generator function returns.) From then on it goes by the id of its frame, and a weak
reference tells when it is no more. Only where it could not be found and several are possible is one taken by the order
of creation; that is said in the trace.
"""

from __future__ import annotations

from types import CoroutineType

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import PLAIN_FLAG, function_name, place_of
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.postponed import uninterrupted
from visualizer.tracers.core.variables import of_variables
from visualizer.tracers.runtimes.generators.introspection import (
    beginning,
    code_of,
    frame_of,
    kind_of,
    may_run,
    returns,
    youngest_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.buffer import Making

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

_BY_ORDER = "which of those created it is was taken from their order"
_WHERE_DROPPED = "it was made before; its place is where it was collected"
_UNSTARTED = "it was collected before it was started; when is not known"


class Link(ref):  # type: ignore[type-arg]
    """A weak reference to a generator that was made: the id of its frame, its track and its code."""

    __slots__ = ("code", "key", "track")
    key: int
    track: int
    code: CodeType


class Births:
    """The generators that were made and have not been started."""

    def __init__(self, recording: Context, on_gone: Callable[[int, Any], None]) -> None:
        """`on_gone` is told of a generator that was started and is about to be no more: id of its frame, reference."""
        self._recording = recording
        self._on_gone = on_gone
        self._settle = recording.postponed.settles(lambda error: recording.fail("generators", error))
        #: What is being made: its code, and the caller's and where that goes on, by the id of the caller's frame.
        self.making: dict[int, Making] = recording.stream.new_table()
        #: Tracks whose generator was not found, oldest first, by the id of their code.
        self._waiting: dict[int, list[int]] = {}
        #: Those found, by the id of the generator's frame.
        self.found: dict[int, Link] = recording.stream.new_table()
        #: What refers to a generator: the recorder in C has its own type, where it sees them being made.
        self._link: type[Link] = getattr(recording.compiled, "Link", Link)
        #: Is called with the link to a generator that is no more.
        self.gone: Callable[[Link], None] = recording.told(self._gone)

    def on_creating(self, made: CodeType, frame: Any, offset: int, next_offset: int) -> None:
        """A generator of `made` is created by the call at `offset` in `frame`, which goes on at `next_offset`."""
        self.making[id(frame)] = made, frame.f_code, offset, next_offset

    def on_created(self, frame: Any, next_offset: int, generator: Any = None) -> None:
        """`frame` goes on behind a call that creates generators. `generator`: that one, if it is known."""
        making = self.making.pop(id(frame), None)
        if making is None or making[1] is not frame.f_code or making[3] != next_offset:
            return
        made, code, offset, _ = making
        t_ns = self._recording.now()
        track = self._spawn(made, words.CURRENT, code, offset, t_ns, lambda: making)
        if generator is None:
            generator = youngest_of(made, self._is_new, self._recording.stream.is_alone)
        if generator is None:
            self._waiting.setdefault(id(made), []).append(track)
        else:
            self._note(generator, id(frame_of(generator)), track, made)

    def _is_new(self, generator: Any) -> bool:
        return not may_run(generator) and is_unstarted(generator) and id(frame_of(generator)) not in self.found

    def spawn(self, code: CodeType, t_ns: int) -> int:
        """A new track, of which it was not seen who made it."""
        return self._spawn(code, words.NOBODY, None, 0, t_ns, lambda: (code, returns(code), beginning(code), 0))

    def on_unawaited(self, frame: Any) -> None:
        """`warnings`, in `frame`, warns of a coroutine that is collected before it ran.

        Of one that was not seen being made that is all that there is to be told.
        """
        coroutine = of_variables(frame, lambda own: own.get("coro"))
        if type(coroutine) is not CoroutineType:
            return
        made = code_of(coroutine)
        if not self._recording.own(made) or self.track_of(id(frame_of(coroutine)), made) != words.NOBODY:
            return
        t_ns = self._recording.now()
        track = self._spawn(made, words.NOBODY, *place_of(frame.f_back, self._recording.own), t_ns)
        self._recording.stream.extend((lines.inferred, t_ns, track, _WHERE_DROPPED, None, None, 0))
        self._recording.exited(t_ns, track, words.DROPPED)

    def _spawn(
        self, made: CodeType, creator: int, where: CodeType | None, offset: int, t_ns: int,
        known: Callable[[], Any] | None = None,
    ) -> int:
        """A new track. `known`: gives what is kept of such a spawn in `Buffer.makers`."""
        track, stream = self._recording.new_track(), self._recording.stream
        buffer, place = stream.here(t_ns), id(made) if where is None else id(where) + offset
        maker = buffer.makers.get(place) if known is not None else None
        if maker is not None and maker[1][0] is made:
            rows = buffer.rows
            rows += (t_ns, track, maker[0])
        else:
            key = "spawn", id(made), creator, id(where), offset
            shape = buffer.spawns(
                key, (made, where), t_ns, track, lambda: (kind_of(made), function_name(made), words.NOBODY, creator),
                where, offset,
            )
            if known is not None and shape is not None and made.co_flags & PLAIN_FLAG:
                buffer.makers[place] = shape, known()
        stream.attend(buffer)
        return track

    def take(self, frame: Any, code: CodeType, t_ns: int) -> tuple[int, Any]:
        """The track of the generator that has `frame`, which is started or thrown into now, and a weak reference to it.

        None instead of the reference if the generator was not found.
        """
        found = self.found.get(id(frame))
        if found is not None and found.code is code:
            del self.found[id(frame)]
            return found.track, found
        waiting = self._waiting.get(id(code))
        if waiting:
            track = waiting.pop(0)
            self._recording.stream.extend((lines.inferred, t_ns, track, _BY_ORDER, None, None, 0))
        else:
            track = self.spawn(code, t_ns)
        return track, None

    def end(self, key: int, code: CodeType, t_ns: int) -> None:
        """The generator of `code` whose frame has the id `key` was closed before it was started."""
        found = self.found.get(key)
        if found is not None and found.code is code:
            del self.found[key]
            self._recording.exited(t_ns, found.track, words.CLOSED)

    def meet(self, generator: Any, frame: Any) -> int:
        """The track of one that has not been started, and refused to be: a new one, if it was not seen being made."""
        key, code = id(frame), frame.f_code
        track = self.track_of(key, code)
        if track == words.NOBODY and not self._waiting.get(id(code)):
            track = self.spawn(code, self._recording.now())
            self._note(generator, key, track, code)
        return track

    def _note(self, generator: Any, key: int, track: int, code: CodeType) -> None:
        link = self._link(generator, self.gone)
        link.key, link.track, link.code = key, track, code
        self.found[key] = link

    def track_of(self, key: int, code: CodeType) -> int:
        """The track of the generator of `code` that has the frame `key` and has not been started."""
        found = self.found.get(key)
        return found.track if found is not None and found.code is code else words.NOBODY

    @uninterrupted
    def _gone(self, reference: Link) -> None:
        """The generator is no more. Where the interpreter tells that, it only prints what is raised."""
        try:
            key = getattr(reference, "key", None)
            if key is None:
                return  # Nothing had been noted of it when something came in between.
            found = self.found.get(key)
            if found is reference:
                del self.found[key]
                self._recording.exited(self._recording.now(), found.track, words.DROPPED)
            else:
                self._on_gone(key, reference)
        except BaseException as error:
            self._settle(error)

    @property
    def is_any_missing(self) -> bool:
        """Whether there is a generator that was made and is not found."""
        return any(self._waiting.values())

    def finish(self, t_ns: int, alive: list[Any]) -> None:
        """The program is over: of the generators not found, tell those that are no more. `alive`: all there are."""
        for key, waiting in list(self._waiting.items()):
            if waiting:
                there = sum(id(code_of(one)) == key and self._is_new(one) for one in alive)
                for _ in range(len(waiting) - there):
                    self._recording.exited(t_ns, waiting.pop(0), words.CLOSED, inferred=_UNSTARTED)

    def forget(self) -> None:
        """Watch none of them any more."""
        self.found.clear()
        self.making.clear()


def is_unstarted(generator: Any) -> bool:
    """Whether a generator was never resumed nor closed."""
    frame = frame_of(generator)
    return frame is not None and frame.f_lasti < beginning(code_of(generator))
