"""What both generator tracers share: which generators are tracks, and what is stored for each event.

A generator's frame is found in a hook with `sys._getframe`; the generator object is not (before 3.14). A track is
therefore kept by the id of the frame object, which lives as long as the generator does. The generator itself is known
for the length of a call of its `send`, `throw` or `close` that the program's own code makes: then the value sent is
read from the generator's evaluation stack with `gc.get_referents`, which runs no code of the program.
"""

from __future__ import annotations

import gc
import sys
from types import CodeType, GeneratorType

from visualizer.trace import words
from visualizer.tracers import lines
from visualizer.tracers.code import GENERATOR_FLAG, function_name
from visualizer.tracers.recording import Recording, place_of
from visualizer.tracers.values import keep

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

_getframe = sys._getframe

#: Method of a generator -> cause of the switch.
METHODS = {"send": words.SEND, "throw": words.THROW, "close": words.CLOSE}
_COLLECTED = "it was collected before it was finished; when is not known"


class Calibration:
    """Where in `gc.get_referents(generator)` the value just sent to it stands, found out by trying.

    The order is that of CPython's gen_traverse: the frame's variables, its evaluation stack, and last, in some
    versions or while the generator handles an exception, that exception.
    """

    def __init__(self) -> None:
        self.plain = 0
        self.handling = 0

    def learn(self, generator: Any, sent: Any, handling: bool) -> None:
        """Take the position of `sent`, which has just been sent to `generator`, from inside a resume hook."""
        found = gc.get_referents(generator)
        for back in range(1, min(4, len(found)) + 1):
            if found[-back] is sent:
                if handling:
                    self.handling = -back
                else:
                    self.plain = -back
                return

    def sent(self, generator: Any) -> Any:
        """The value just sent to `generator`, NO_VALUE if it cannot be told."""
        found = gc.get_referents(generator)
        handled = sys.exc_info()[1]
        position = self.handling if handled is not None and found and found[-1] is handled else self.plain
        return keep(found[position]) if position and len(found) >= -position else lines.NO_VALUE


class Generators:
    """The tracks of the program's generators, and the events of each."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.calibration = Calibration()
        #: Track of each started generator that has not ended, by the id of its frame object.
        self.live: dict[int, int] = {}
        #: Tracks that were created and not started, oldest first, by the id of their code.
        self.created: dict[int, list[int]] = {}
        #: Tracks that are being closed.
        self.closing: set[int] = set()
        # The call in progress of a generator's method: the id of the generator's frame, the generator, the cause.
        self.called_frame = 0
        self.called: Any = None
        self.cause = words.NEXT

    def _now(self) -> int:
        return self.recording.stream.clock()

    def on_created(self, code: CodeType, caller: Any) -> None:
        """A generator of `code` is about to be created by the frame `caller`."""
        t_ns = self._now()
        self.created.setdefault(id(code), []).append(self._spawn(code, caller, t_ns))

    def _spawn(self, code: CodeType, caller: Any, t_ns: int) -> int:
        track = self.recording.new_track()
        about = (words.GENERATOR, function_name(code), words.NOBODY, words.CURRENT if caller else words.NOBODY)
        where, offset = (caller.f_code, caller.f_lasti) if caller is not None else (None, 0)
        self.recording.stream.extend((lines.spawn, t_ns, track, about, None, where, offset))
        return track

    def on_call(self, generator: Any, method: str) -> None:
        """The program calls a method of a generator; what it resumes, if anything, comes next."""
        frame = generator.gi_frame
        if frame is None:
            return
        self.called_frame, self.called, self.cause = id(frame), generator, METHODS[method]

    def on_called(self) -> None:
        """The call of a generator's method is over. A close may have ended the generator without running it."""
        generator, frame, cause = self.called, self.called_frame, self.cause
        self.called, self.called_frame = None, 0
        if cause is words.CLOSE and generator is not None and generator.gi_frame is None:
            track = self.live.pop(frame, None)
            code = generator.gi_code
            if track is not None:
                t_ns = self._now()
                where, offset = self._parked(3)
                stream = self.recording.stream
                stream.extend((lines.resume, t_ns, track, words.CLOSE, lines.NO_VALUE, where, offset))
                self._exit(track, words.CLOSED, lines.NO_VALUE, t_ns)
            elif self.created.get(id(code)):
                self._exit(self.created[id(code)].pop(0), words.CLOSED, lines.NO_VALUE, self._now())

    def _parked(self, depth: int) -> tuple[CodeType | None, int]:
        return place_of(_getframe(depth), self.recording.own)

    def on_start(self, frame: Any, code: CodeType) -> None:
        """A generator runs for the first time."""
        t_ns = self._now()
        created = self.created.get(id(code))
        track = created.pop(0) if created else self._spawn(code, None, t_ns)
        key = id(frame)
        gone = self.live.get(key)
        if gone is not None:
            # The frame object of another generator stood here: that one is no more.
            self._exit(gone, words.CLOSED, lines.NO_VALUE, t_ns, _COLLECTED)
        self.live[key] = track
        self._resume(track, key, frame, t_ns)

    def on_resume(self, frame: Any, code: CodeType) -> None:
        """A generator goes on after a yield."""
        t_ns = self._now()
        key = id(frame)
        track = self.live.get(key)
        if track is None:
            track = self.live[key] = self._spawn(code, None, t_ns)
        self._resume(track, key, frame, t_ns)

    def _resume(self, track: int, key: int, frame: Any, t_ns: int) -> None:
        cause = words.NEXT
        value = lines.NO_VALUE
        if key == self.called_frame:
            cause = self.cause
            if cause is words.SEND:
                value = self.calibration.sent(self.called)
            if cause is not words.CLOSE:
                self.called, self.called_frame = None, 0
        back = frame.f_back
        where, offset = (back.f_code, back.f_lasti) if back is not None else (None, 0)
        self.recording.stream.store(lines.resume, t_ns, track, cause, value, where, offset)

    def on_throw(self, frame: Any, code: CodeType, error: BaseException | None) -> None:
        """An exception is thrown into a generator. `error` is None where the interpreter does not tell which."""
        t_ns = self._now()
        key = id(frame)
        track = self.live.get(key)
        if track is None:
            created = self.created.get(id(code))
            track = created.pop(0) if created else self._spawn(code, None, t_ns)
            self.live[key] = track
        cause = self.cause if key == self.called_frame and self.cause is not words.SEND else words.THROW
        if key != self.called_frame and (error is None or isinstance(error, GeneratorExit)):
            # Not by a call in the program's code: the interpreter closes a generator that is collected.
            cause = words.CLOSE
        if cause is words.CLOSE:
            self.closing.add(track)
        value = keep(error) if error is not None and cause is words.THROW else lines.NO_VALUE
        back = frame.f_back
        where, offset = (back.f_code, back.f_lasti) if back is not None else (None, 0)
        self.recording.stream.store(lines.resume, t_ns, track, cause, value, where, offset)

    def on_yield(self, frame: Any, code: CodeType, offset: int, value: Any) -> None:
        """A generator hands `value` out and is parked."""
        t_ns = self._now()
        track = self.live.get(id(frame))
        if track is not None:
            if self.closing:
                self.closing.discard(track)
            self.recording.stream.store(lines.yielded, t_ns, track, None, keep(value), code, offset)

    def on_return(self, frame: Any, value: Any) -> None:
        """A generator ends by returning `value`."""
        track = self.live.pop(id(frame), None)
        if track is not None:
            closed = track in self.closing
            shown = lines.NO_VALUE if closed and value is None else keep(value)
            self._exit(track, words.CLOSED if closed else words.RETURNED, shown, self._now())

    def on_unwind(self, frame: Any, error: BaseException | None) -> None:
        """A generator ends by an exception. `error` is None where the interpreter does not tell which."""
        track = self.live.pop(id(frame), None)
        if track is not None:
            closed = track in self.closing and (error is None or isinstance(error, GeneratorExit))
            value = lines.NO_VALUE if closed or error is None else keep(error)
            self._exit(track, words.CLOSED if closed else words.RAISED, value, self._now())

    def _exit(self, track: int, outcome: str, value: Any, t_ns: int, inferred: str | None = None) -> None:
        self.closing.discard(track)
        self.recording.stream.store(lines.exited, t_ns, track, (outcome, inferred), value, None, 0)

    def finish(self, t_ns: int) -> None:
        """Tell the generators that are still parked from those that were collected unseen."""
        if not self.live:
            return
        alive = {id(thing.gi_frame) for thing in gc.get_objects() if type(thing) is GeneratorType and thing.gi_frame}
        for key, track in list(self.live.items()):
            if key not in alive:
                del self.live[key]
                self._exit(track, words.CLOSED, lines.NO_VALUE, t_ns, _COLLECTED)


def generator_codes(code: CodeType) -> list[CodeType]:
    """The generator functions and expressions in `code`, itself included, however deep."""
    found = []
    rest = [code]
    while rest:
        one = rest.pop()
        if one.co_flags & GENERATOR_FLAG:
            found.append(one)
        rest += [constant for constant in one.co_consts if type(constant) is CodeType]
    return found


def probe() -> Any:
    """A generator to find the place of a sent value with: first plain, then while it handles an exception."""
    yield
    try:
        raise LookupError
    except LookupError:
        yield
    yield
