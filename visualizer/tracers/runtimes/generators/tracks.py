"""What both generator tracers share: which generators are tracks, and what is stored for each event.

A generator's frame is found in a hook with `sys._getframe`; the generator object is not (before 3.14). A track is
therefore kept by the id of the frame object, which lives as long as the generator does. The generator itself is known
for the length of a call of its `send`, `throw` or `close` that the program's own code makes: then the value sent is
read from the generator's evaluation stack with `gc.get_referents`, which runs no code of the program.

Nothing here is one thread's, but a generator's, which runs in one thread at a time.
"""

from __future__ import annotations

import gc
import sys
from types import CodeType

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import ASYNC_GENERATOR_FLAG, place_of
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import keep
from visualizer.tracers.runtimes.generators.identity import Births
from visualizer.tracers.runtimes.generators.introspection import (
    ASEND,
    ASKING,
    ATHROW,
    METHODS,
    Calibration,
    chain,
    code_of,
    delegating_calls,
    delegations,
    ends_in_none,
    frame_of,
    is_generator,
    resumed_by,
)
from visualizer.tracers.runtimes.generators.shapes import (
    AGAIN,
    DELEGATING,
    GIVEN,
    RUNNING,
    SUSPENDED,
    Run,
    store_resume,
    store_yield,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

_getframe = sys._getframe

#: What was sent is to be read from the generator.
UNREAD = object()
_COLLECTED = "it was collected before it was finished; when is not known"


class Watched:
    """A generator function of the program's own."""

    __slots__ = ("code", "delegating", "is_async", "sends")

    def __init__(self, code: CodeType) -> None:
        #: Kept so that its id stays its own.
        self.code = code
        self.delegating = delegations(code)
        self.sends = delegating_calls(code)
        self.is_async = bool(code.co_flags & ASYNC_GENERATOR_FLAG)


class Call:
    """A call in progress of a method of which the end must be seen."""

    __slots__ = ("chain", "key", "target")

    def __init__(self, target: Any, key: int, closed: list[tuple[Any, int, Run | None]]) -> None:
        self.target = target
        #: Of the generator's frame.
        self.key = key
        #: What a close would close: generator, id of its frame, run; the innermost last.
        self.chain = closed


class Generators:
    """The tracks of the program's generators, and the events of each."""

    def __init__(self, recording: Context) -> None:
        self.recording = recording
        self.stream = recording.stream
        self.clock = recording.stream.clock
        self.calibration = Calibration()
        self.births = Births(recording)
        #: The generator functions that are watched, by the id of their code.
        self.watched: dict[int, Watched] = {}
        #: Each started generator that has not ended, by the id of its frame object.
        self.live: dict[int, Run] = {}
        #: Generators that were told to be resumed because something was thrown through them into what they wait for;
        #: by the id of the frame. The interpreter resumes them only when that ends.
        self.through: set[int] = set()
        #: Calls in progress, in any thread.
        self.calls: list[Call] = []
        recording.steps = self
        recording.on_due.append(self.unlearn)

    # Calls of methods, by the program's own code.

    def on_created(self, code: CodeType, caller: Any) -> None:
        """A generator of `code` is about to be created by the frame `caller`."""
        self.births.on_created(code, caller, self.clock())

    def on_ask(self, generator: Any, method: str) -> None:
        """Something to await is made of an asynchronous generator: it will be resumed through that."""
        frame = generator.ag_frame
        run = self.live.get(id(frame)) if frame is not None else None
        if run is not None:
            run.asked = ASKING[method], ref(generator)
            run.ended_in_none = ends_in_none(generator)

    def on_call(self, target: Any, method: str, argument: Any, code: CodeType | None = None, offset: int = 0) -> bool:
        """The program calls a method of a generator, or of what stands for one; what it resumes comes next.

        `argument`: UNREAD if it is not known. Return whether the end of the call must be seen.
        """
        cause = METHODS[method]
        kind = type(target)
        generator = resumed_by(target)
        frame = frame_of(generator) if generator is not None else None
        if frame is None or id(frame.f_code) not in self.watched:
            return False
        key = id(frame)
        run = self.live.get(key)
        if kind is ATHROW:
            if run is not None and run.asked is None:
                run.asked = words.THROW if len(gc.get_referents(target)) > 1 else words.CLOSE, ref(generator)
            return False
        if kind is ASEND and (cause is not words.SEND or run is None or run.at != DELEGATING):
            # What it resumes was seen when it was asked for.
            return False
        if cause is words.CLOSE:
            # The innermost first: by then what it is part of is still suspended.
            links = [(link, frame_of(link)) for link in chain(generator)]
            known = [(link, id(its), self.live.get(id(its))) for link, its in links if its is not None]
            self.calls.append(Call(target, key, known))
            return True
        if run is None:
            self.calls.append(Call(target, key, []))
            return True
        if run.at:
            run.cause, run.sent, run.generator = cause, argument, generator
            run.ended_in_none = argument is UNREAD and cause is words.SEND and ends_in_none(generator)
            run.call_code, run.call_offset = code, offset
        return False

    def on_called(self, target: Any) -> bool:
        """The call is over. A close may have ended generators without running them: return whether it has."""
        ended = False
        call = next((call for call in reversed(self.calls) if call.target is target), None)
        if call is None:
            return False
        self.calls.remove(call)
        for generator, key, run in reversed(call.chain):
            if frame_of(generator) is None:
                code, offset = place_of(_getframe(2), self.recording.own)
                if run is not None:
                    if self.live.get(key, run) is not run or self.live.pop(key, None) is None:
                        continue
                    t_ns = self.clock()
                    store_resume(self.stream, run, words.CLOSE, lines.NO_VALUE, code, offset, t_ns, False)
                    self._exit(run.track, words.CLOSED, lines.NO_VALUE, t_ns)
                    ended = True
                elif self.births.has(key, code_of(generator)):
                    t_ns = self.clock()
                    self._exit(self.births.take(key, code_of(generator), t_ns), words.CLOSED, lines.NO_VALUE, t_ns)
        return ended

    # Steps.

    def on_start(self, frame: Any, code: CodeType) -> None:
        """A generator runs for the first time."""
        t_ns = self.clock()
        key = id(frame)
        run = self._begin(key, code, t_ns)
        cause, value = words.NEXT, lines.NO_VALUE
        if self.calls and any(call.key == key and not call.chain for call in self.calls):
            cause, value = words.SEND, None
        where, offset = _place(frame.f_back)
        store_resume(self.stream, run, cause, value, where, offset, t_ns, False)

    def _begin(self, key: int, code: CodeType, t_ns: int) -> Run:
        gone = self.live.get(key)
        if gone is not None:
            # The frame object of another generator stood here: that one is no more.
            self._exit(gone.track, words.CLOSED, lines.NO_VALUE, t_ns, _COLLECTED)
        run = self.live[key] = Run(self.births.take(key, code, t_ns), code)
        return run

    def on_resume(self, frame: Any, code: CodeType) -> None:
        """A generator goes on after a yield."""
        key = id(frame)
        if self.through and key in self.through:
            # What it waited for has ended: it was told before that it runs.
            self.through.discard(key)
            return
        t_ns = self.clock()
        run = self.live.get(key)
        if run is None:
            run = self.live[key] = Run(self.births.spawn(code, None, t_ns), code)
        back = frame.f_back
        where, offset = _place(back)
        cause, value, learn = words.NEXT, lines.NO_VALUE, True
        if run.cause:
            if run.cause is AGAIN:
                run.cause, run.call_code, run.call_offset = words.SEND, run.resume_code, run.resume_offset
            if run.cause is words.SEND:
                cause, value = words.SEND, run.sent
                value = self.calibration.sent(run.generator, run.ended_in_none) if value is UNREAD else keep(value)
                learn = where is run.call_code and offset == run.call_offset
            run.cause, run.sent, run.generator = "", None, None
        elif run.asked is not None and run.at == GIVEN:
            asked, run.asked = run.asked, None
            generator = asked[1]()
            value = self.calibration.sent(generator, run.ended_in_none) if generator is not None else lines.NO_VALUE
            if value is None:
                value = lines.NO_VALUE
            elif asked[0] is words.SEND:
                cause = words.SEND
            learn = False
        else:
            outer = self.live.get(id(back)) if back is not None else None
            if outer is not None and offset in self.watched[id(outer.code)].sends:
                learn = False
                if outer.passing is not lines.NO_VALUE:
                    cause, value, outer.passing = words.SEND, outer.passing, lines.NO_VALUE
        if run.at == DELEGATING:
            run.passing = value
            run.yield_offset = -1
            learn = False
        run.at = RUNNING
        store_resume(self.stream, run, cause, value, where, offset, t_ns, learn)

    def on_throw(self, frame: Any, code: CodeType, error: BaseException | None) -> None:
        """An exception is thrown into a generator. `error` is None where the interpreter does not tell which."""
        key = id(frame)
        if self.through and key in self.through:
            self.through.discard(key)
            return
        t_ns = self.clock()
        run = self.live.get(key)
        if run is None:
            called_to_throw = any(call.key == key and not call.chain for call in self.calls)
            if error is None and not called_to_throw:
                return  # Closed before it was started: 3.12 and later do not tell that either.
            run = self._begin(key, code, t_ns)
            run.cause = words.THROW if called_to_throw else ""
        passed, back = self._passed_through(frame.f_back)
        # What a call announced, it announced of the outermost.
        called = passed[-1][1] if passed else run
        cause = called.cause
        if called.asked is not None:
            cause, called.asked = cause or called.asked[0], None
        if cause is words.SEND or cause is AGAIN or not cause:
            # Not by a call in the program's code: the interpreter closes a generator that is collected.
            cause = words.CLOSE if error is None or isinstance(error, GeneratorExit) else words.THROW
        called.cause, called.sent, called.generator = "", None, None
        value = keep(error) if error is not None and cause is words.THROW else lines.NO_VALUE
        where, offset = _place(back)
        for outer_frame, outer in reversed(passed):
            outer.at, outer.yield_offset = RUNNING, -1
            self.through.add(id(outer_frame))
            store_resume(self.stream, outer, cause, value, where, offset, t_ns, False)
            where, offset = _place(outer_frame)
        run.at, run.yield_offset = RUNNING, -1
        run.closing = run.closing or cause is words.CLOSE
        store_resume(self.stream, run, cause, value, where, offset, t_ns, False)

    def _passed_through(self, back: Any) -> tuple[list[tuple[Any, Run]], Any]:
        """The suspended generators, innermost first, that an exception passes on its way into what they wait for.

        The interpreter throws it straight into the innermost, and runs the others only when that one ends. Return
        them with their frames, and the frame of who throws.
        """
        passed = []
        while back is not None:
            outer = self.live.get(id(back))
            if outer is None or outer.at != DELEGATING:
                break
            passed.append((back, outer))
            back = back.f_back
        return passed, back

    def on_yield(self, frame: Any, code: CodeType, offset: int, value: Any) -> None:
        """A generator hands `value` out and is suspended."""
        run = self.live.get(id(frame))
        if run is None:
            return
        t_ns = self.clock()
        if self.through:
            # Before 3.12 it is not told that it goes on by itself, where what it waited for has ended.
            self.through.discard(id(frame))
        watched = self.watched[id(code)]
        delegating = offset in watched.delegating
        if watched.is_async and not delegating:
            referents = gc.get_referents(value)  # PEP 525: the interpreter wraps it.
            value = referents[0] if referents else None
        run.at = DELEGATING if delegating else GIVEN if watched.is_async else SUSPENDED
        run.closing = False
        run.passing = lines.NO_VALUE
        value = keep(value)
        store_yield(self.stream, run, value, code, offset, t_ns, not delegating and not watched.is_async)
        if self.through:
            self._yield_through(frame.f_back, value, t_ns)

    def _yield_through(self, back: Any, value: Any, t_ns: int) -> None:
        """What was thrown through generators is answered through them."""
        while back is not None and id(back) in self.through:
            self.through.discard(id(back))
            outer = self.live[id(back)]
            outer.at = DELEGATING
            store_yield(self.stream, outer, value, *_place(back), t_ns, False)
            back = back.f_back

    def on_return(self, frame: Any, value: Any) -> None:
        """A generator ends by returning `value`."""
        self.through.discard(id(frame))
        run = self.live.pop(id(frame), None)
        if run is not None:
            shown = lines.NO_VALUE if run.closing and value is None else keep(value)
            self._exit(run.track, words.CLOSED if run.closing else words.RETURNED, shown, self.clock())

    def on_unwind(self, frame: Any, error: BaseException | None) -> None:
        """A generator ends by an exception. `error` is None where the interpreter does not tell which."""
        self.through.discard(id(frame))
        run = self.live.pop(id(frame), None)
        if run is not None:
            closed = run.closing and (error is None or isinstance(error, GeneratorExit))
            value = lines.NO_VALUE if closed or error is None else keep(error)
            self._exit(run.track, words.CLOSED if closed else words.RAISED, value, self.clock())

    def unlearn(self) -> None:
        """Have the next yield of each generator go the long way: something else is due then."""
        for run in list(self.live.values()):
            run.yield_offset = -1

    def running_in(self, frame: Any) -> list[int]:
        """The tracks of all generators that run in `frame` and below it, the innermost last."""
        found = []
        while frame is not None:
            run = self.live.get(id(frame))
            if run is not None and run.code is frame.f_code:
                found.append(run.track)
            frame = frame.f_back
        return found[::-1]

    def _exit(self, track: int, outcome: str, value: Any, t_ns: int, inferred: str | None = None) -> None:
        self.recording.exited(t_ns, track, outcome, value, inferred)

    def finish(self, t_ns: int) -> None:
        """Tell the generators that are still there from those that were collected unseen."""
        there = [thing for thing in gc.get_objects() if is_generator(thing)]
        frames = {id(frame_of(thing)) for thing in there}
        for key, run in list(self.live.items()):
            if key not in frames:
                del self.live[key]
                self._exit(run.track, words.CLOSED, lines.NO_VALUE, t_ns, _COLLECTED)
        self.births.finish(t_ns, there)


def _place(frame: Any) -> tuple[Any, int]:
    return (frame.f_code, frame.f_lasti) if frame is not None else (None, 0)
