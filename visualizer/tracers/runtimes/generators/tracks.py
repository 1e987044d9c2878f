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
from _thread import get_ident
from types import AsyncGeneratorType, CodeType, CoroutineType, GeneratorType

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import VALUE_BIT, Buffer
from visualizer.tracers.core.call_sites import CallSites
from visualizer.tracers.core.code import ASYNC_GENERATOR_FLAG, GENERATOR_FLAG, place_of
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.stream import FULL
from visualizer.tracers.core.values import LONGEST_TEXT, Shown, keep, type_name
from visualizer.tracers.core.youngest import all_of
from visualizer.tracers.runtimes.generators.identity import Births, is_unstarted
from visualizer.tracers.runtimes.generators.introspection import (
    ASEND,
    ASKING,
    ATHROW,
    GENERATORS,
    METHODS,
    Calibration,
    beginning,
    chain,
    code_of,
    delegating_calls,
    delegations,
    ends_in_none,
    frame_of,
    is_generator,
    is_resuming,
    may_run,
    outside_of_blocks,
    resumed_by,
    throwing_calls,
)
from visualizer.tracers.runtimes.generators.shapes import (
    AGAIN,
    DELEGATING,
    GIVEN,
    LIMITS,
    NEVER,
    RUNNING,
    SUSPENDED,
    Run,
    Site,
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
#: Each run begins as a copy of it, in C.
_BLANK = Run(words.NOBODY, sys._getframe().f_code, 0)
_EXECUTING = "already executing"
_EARLY = "can't send non-None value to a just-started "
_KINDS = {GeneratorType: "generator", CoroutineType: "coroutine", AsyncGeneratorType: "async generator"}
#: Which track was asked, and for what.
_UNKNOWN = words.NOBODY, lines.NO_VALUE
#: Parts of what is said by exceptions that tell that.
_REFUSALS = (
    _EXECUTING, "to a just-started ", "cannot reuse already awaited ", "is being awaited already",
    "asynchronous generator is already running", "annot switch to a ",
)
_arguments = BaseException.__dict__["args"].__get__
_RERAISED = "it was closed and ended by an exception: which one is not known on this Python"
_COLLECTED = "it was collected before it was finished; when is not known"


class Watched:
    """A generator function of the program's own."""

    __slots__ = ("awaits", "code", "delegating", "is_async", "quiet", "sends")

    def __init__(self, code: CodeType) -> None:
        #: Kept so that its id stays its own.
        self.code = code
        self.delegating = delegations(code)
        self.sends = delegating_calls(code)
        #: At these it runs what it awaits, whether that was sent something or thrown.
        self.awaits = self.sends | throwing_calls(code)
        #: At these yields it may be closed without running.
        self.quiet = outside_of_blocks(code)
        self.is_async = bool(code.co_flags & ASYNC_GENERATOR_FLAG)


class Call:
    """A call in progress of a method of which the end must be seen. Nothing of the program's is kept alive by it."""

    __slots__ = ("chain", "key", "sent", "target", "thread")

    def __init__(
        self, target: int, key: int, chain: list[tuple[Any, int, CodeType, Run | None]], sent: Any = lines.NO_VALUE
    ) -> None:
        #: The id of what the method is called of, which the caller keeps as long as the call takes.
        self.target = target
        #: The thread that makes the call: another one may call the same.
        self.thread = get_ident()
        #: Of the generator's frame.
        self.key = key
        #: What a close would close: weak reference, id of its frame, code, run; the innermost last.
        self.chain = chain
        #: What `keep` makes of what is sent, if that is known.
        self.sent = sent


class Generators:
    """The tracks of the program's generators, and the events of each."""

    def __init__(self, recording: Context) -> None:
        self.recording = recording
        self.stream = recording.stream
        self.clock = recording.stream.clock
        self.compiled = recording.compiled
        if self.compiled is not None:
            parts = lines.resume, lines.yielded, words.SEND, words.YIELD, keep
            known = AGAIN, UNREAD, lines.NO_VALUE, SUSPENDED, DELEGATING, RUNNING, "", _BLANK, NEVER, *parts
            said = words.ZERO_TEXT, words.LARGEST_NUMBER, VALUE_BIT
            self.compiled.learn(Run, Site, Buffer, known, (*LIMITS, LONGEST_TEXT, FULL, *said))
        self.calibration = Calibration()
        self.births = Births(recording, self.on_gone)
        #: Whether the end of one that runs is told once it has no frame any more.
        self.tells_late = False
        #: Whether a generator that is suspended outside of any block is closed without running, and without an event.
        self.closes_quietly = False
        #: The generator functions that are watched, by the id of their code.
        self.watched: dict[int, Watched] = recording.stream.new_table()
        #: The same of others' that were seen to await one of those.
        self.awaiting: dict[int, Watched] = recording.stream.new_table()
        #: Each started generator that has not ended, by the id of its frame object.
        self.live: dict[int, Run] = recording.stream.new_table()
        #: Generators that were told to be resumed because something was thrown through them into what they wait for:
        #: the instruction they are suspended at, by the id of the frame. They run only when what they wait for ends.
        self.through: dict[int, int] = {}
        #: The track of which the last call that raised in a thread was a method's, and what that sent, as far as it is
        #: known; by the thread's ident.
        self.asked: dict[int, tuple[int, Any]] = {}
        #: What was sent to one that was to be started by it, and refused; by the thread's ident.
        self.sent: dict[int, Any] = {}
        self.sites = CallSites()
        #: Whether the variables of a frame can be read in a hook.
        self.reads_variables = True
        #: Calls in progress, in any thread.
        self.calls: list[Call] = []
        recording.steps = self
        recording.on_due.append(self.unlearn)

    # Calls of methods, by the program's own code.

    def on_ask(self, generator: Any, method: str) -> None:
        """Something to await is made of an asynchronous generator: it will be resumed through that."""
        frame = generator.ag_frame
        run = self.run_in(frame)
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
        run = self.run_in(frame)
        if kind is ATHROW:
            if run is not None and run.asked is None:
                run.asked = words.THROW if len(gc.get_referents(target)) > 1 else words.CLOSE, ref(generator)
            return False
        if kind is ASEND and (cause is not words.SEND or run is None or run.at != DELEGATING):
            # What it resumes was seen when it was asked for.
            return False
        if cause is words.CLOSE:
            links = [(link, frame_of(link)) for link in chain(generator)]
            there = [(link, its) for link, its in links if its is not None]
            known = [(ref(link), id(its), its.f_code, self._run_of(link, its)) for link, its in there]
            self.calls.append(Call(id(target), key, known))
            return True
        if run is None or self._run_of(generator, frame) is None:
            sent = lines.NO_VALUE if argument is UNREAD or cause is not words.SEND else keep(argument)
            self.calls.append(Call(id(target), key, [], sent))
            return True
        if run.at:
            run.cause, run.sent, run.generator = cause, argument, generator
            run.ended_in_none = argument is UNREAD and cause is words.SEND and ends_in_none(generator)
            run.call_code, run.call_offset = code, offset
        return False

    def track_of(self, thing: Any) -> int:
        """The track of a generator that is suspended, or has not been started; NOBODY of anything else."""
        frame = frame_of(thing) if any(type(thing) is kind for kind in GENERATORS) else None
        if frame is None:
            return words.NOBODY
        run = self.run_in(frame)
        if run is not None:
            return run.track if run.at != RUNNING else words.NOBODY
        return self.births.track_of(id(frame), frame.f_code)

    def _is_called(self, key: int) -> bool:
        """Whether a method is being called, not to close it, of the generator whose frame has this id."""
        return any(call.key == key and not call.chain for call in self.calls[:])

    def _is_being_closed(self, key: int) -> bool:
        """Whether this thread is in a call that closes the generator whose frame has this id, or what waits for it."""
        here = get_ident()
        return any(key == its for call in self.calls[:] if call.thread == here for _, its, *_ in call.chain)

    def run_in(self, frame: Any) -> Run | None:
        """The run of the generator that has `frame`; None if it has none, or there is no frame.

        Not every end is told: of one that is collected after it was given to a finalizer of asynchronous generators, or
        where another profile function is in force, it is not. Its frame's place may then be any other frame's.
        """
        run = self.live.get(id(frame))
        return run if run is not None and run.code is frame.f_code else None

    def _run_of(self, generator: Any, frame: Any) -> Run | None:
        """The same of a generator that has this frame; None also if it has not been started."""
        run = self.live.get(id(frame))
        if run is not None and (run.code is not frame.f_code or is_unstarted(generator)):
            self._lose(id(frame), run, self.clock())
            return None
        return run

    def on_refused(self, target: Any, may_be_early: bool = True) -> str:
        """A call of a method raised: if it did not resume what it was to resume, nothing of it is kept.

        `may_be_early`: the method was `send`, as far as is known. Any other refuses a generator that has not been
        started for its arguments alone.

        Return what it must have raised then, as far as that is certain.
        """
        here = get_ident()
        sent = self.sent.pop(here, lines.NO_VALUE)
        generator = resumed_by(target) if is_resuming(target) else None
        frame = frame_of(generator) if generator is not None else None
        run = self.run_in(frame)
        if run is not None:
            self.asked[here] = run.track, sent
            if not run.at:
                return f"ValueError('{'coroutine' if type(generator) is CoroutineType else 'generator'} {_EXECUTING}')"
            run.cause, run.sent, run.generator = "", None, None
        elif frame is not None:
            is_early = may_be_early and id(frame.f_code) in self.watched and is_unstarted(generator)
            track = self.births.meet(generator, frame) if is_early else self.births.track_of(id(frame), frame.f_code)
            self.asked[here] = track, sent
            if is_early:
                return f'TypeError("{_EARLY}{_KINDS[type(generator)]}")'
        return ""

    def raised(self) -> tuple[int, Any]:
        """The track of which a method has just raised in this thread, before the interpreter tells of the exception;
        and what that sent, if it is known."""
        return self.asked.pop(get_ident(), _UNKNOWN) if self.asked else _UNKNOWN

    def on_exception(self, error: BaseException, frame: Any, asked: int, sent: Any = lines.NO_VALUE) -> None:
        """`error` was raised by a call in `frame`, of a method of `asked`, with `sent`, if that is known: tell it if it
        refused."""
        args = _arguments(error)
        if len(args) == 1 and type(args[0]) is str and any(part in args[0] for part in _REFUSALS):
            # Greenlet's goes on with addresses.
            text = Shown(f"{type_name(type(error))}({args[0].partition(chr(10))[0]!r})")
            self.on_refusal(frame, text, asked, sent)

    def on_refusal(self, frame: Any, error: str, asked: int, sent: Any) -> None:
        """An exception that says so, in this text, was raised in `frame` by what it called: a method of `asked`, with
        `sent`, if that is known."""
        if sent is lines.NO_VALUE:
            sent = self.sites.handed(frame, self.reads_variables)
            if error.startswith("TypeError") and not self.sites.at(frame).sends:
                # It may be due to the number of arguments.
                error = Shown("TypeError")
        if asked == words.NOBODY and self.reads_variables:
            known = self.sites.receiver(frame, lambda receiver: self._known(receiver.thing))
            asked = known if known is not lines.NO_VALUE else words.NOBODY
        if asked == words.NOBODY:
            # By a `for`, `next` or the like; if one alone runs that can have refused, it is that one.
            running = self.running()
            asked = running.pop() if len(running) == 1 and _EXECUTING in error else words.NOBODY
        inside = self.running_in(frame)
        by = inside[-1] if inside else self.recording.current()
        self.stream.extend((lines.refused, self.clock(), by, asked, (error, sent), frame.f_code, frame.f_lasti))

    def _known(self, thing: Any) -> int:
        """The track of a generator or greenlet; NOBODY of anything else."""
        return self.track_of(thing) if is_generator(thing) else self.recording.greenlet(thing)

    def on_called(self, target: Any) -> bool:
        """The call is over. A close may have ended generators without running them: return whether it has."""
        ended = False
        here = get_ident()
        call = next((call for call in self.calls[::-1] if call.target == id(target) and call.thread == here), None)
        if call is None:
            return False
        self.calls.remove(call)
        if call.sent is not None and call.sent is not lines.NO_VALUE:
            # It was not resumed.
            self.sent[here] = call.sent
        for reference, key, code, run in reversed(call.chain):
            generator = reference()
            if generator is None or frame_of(generator) is None:
                known = self.live.get(key)
                if run is None:
                    self.births.end(key, code, self.clock())
                elif known is run:
                    self._end_quietly(known, place_of(_getframe(2), self.recording.own))
                    ended = True
        return ended

    # Generators that end without running, which the interpreter does not tell of.

    def on_gone(self, key: int, reference: Any) -> None:
        """A generator that was started is collected: it is closed next, the innermost of what it waits for first."""
        run: Run | None = self.live.get(key)
        if run is None or run.reference is not reference or not self.closes_quietly:
            return
        try:
            run.dying = True
            while run.at == DELEGATING:
                inner = run.inner
                if inner is None or self.live.get(inner.key) is not inner or self.watched[id(inner.code)].is_async:
                    return
                run = inner
                run.dying = True
            # Below ours there is no frame where a greenlet ends that had the generator, or something in C drops it.
            self._end_outwards(run, place_of(_getframe(1).f_back, self.recording.own))
        except Exception as error:
            self.recording.fail("generators", error)

    def _is_quiet(self, run: Run) -> bool:
        """Whether to close a generator would not run it."""
        return self.closes_quietly and run.at != RUNNING and run.offset in self.watched[id(run.code)].quiet

    def _end_outwards(self, run: Run | None, place: tuple[CodeType | None, int]) -> None:
        """End a generator that is being closed with what waits for it, up to the first that runs for that."""
        while run is not None and run.dying and self._is_quiet(run) and self.live.get(run.key) is run:
            self._end_quietly(run, place)
            run = run.outer

    def _end_inside(self, run: Run, place: tuple[CodeType | None, int]) -> None:
        """End what a generator waits for, which was closed before GeneratorExit was thrown into it."""
        inner = run.inner
        if inner is None or self.live.get(inner.key) is not inner or self.watched[id(inner.code)].is_async:
            return
        if self._is_quiet(inner):
            self._end_inside(inner, place)
            self._end_quietly(inner, place)

    def _end_quietly(self, run: Run, place: tuple[CodeType | None, int]) -> None:
        """A generator was closed without running."""
        self.live.pop(run.key, None)
        t_ns = self.clock()
        store_resume(self.stream, run, words.CLOSE, lines.NO_VALUE, *place, t_ns, False)
        self._exit(run.track, words.CLOSED, lines.NO_VALUE, t_ns)

    def _lose(self, key: int, run: Run, t_ns: int, inferred: str = _COLLECTED) -> None:
        """The frame of another generator has taken the place of that of `run`: that one is no more."""
        self.live.pop(key, None)
        self._exit(run.track, words.CLOSED, lines.NO_VALUE, t_ns, inferred)

    def _take_place(self, key: int, t_ns: int) -> None:
        """A generator begins, whose frame may have the place of another one's that is no more."""
        self.through.pop(key, None)
        gone = self.live.get(key)
        if gone is not None and gone.at == RUNNING and self.tells_late:
            self.live.pop(key, None)
        elif gone is not None:
            self._lose(key, gone, t_ns)

    # What a task awaits.

    def is_stepped(self, frame: Any, code: CodeType) -> bool:
        """Whether what runs in `frame` does so for a task that awaits it: then the task is the track."""
        steppers = self.recording.steppers
        if not steppers or self.recording.own.names(code):
            return False
        if self.births.track_of(id(frame), code) != words.NOBODY:
            return False  # It was told that it was made: then it has to be told that it runs, too.
        inner, back = frame, frame.f_back
        while back is not None and back.f_code.co_flags & GENERATOR_FLAG:
            if self.run_in(back) is not None:
                return False
            if back.f_lasti not in self._awaits_of(back.f_code):
                break  # It resumes the next by hand. So does a loop that is a generator itself.
            inner, back = back, back.f_back
        if back is not None:
            for is_step in steppers:
                if is_step(back, inner):
                    return True
        return False

    def is_track(self, frame: Any) -> bool:
        """Whether the step that is made, or was just ended, in the frame of a watched generator is that of a track."""
        return self.run_in(frame) is not None or not self.is_stepped(frame, frame.f_code)

    def _awaits_of(self, code: CodeType) -> frozenset[int]:
        known = self.watched.get(id(code)) or self.awaiting.get(id(code))
        if known is None:
            known = self.awaiting[id(code)] = Watched(code)
        return known.awaits

    # Steps.

    def on_start(self, frame: Any, code: CodeType) -> bool:
        """A generator runs for the first time. Return False if that is no track's step."""
        t_ns = self.clock()
        key = id(frame)
        if self.is_stepped(frame, code):
            self._take_place(key, t_ns)
            return False
        run = self._begin(frame, code, t_ns)
        cause, value = words.NEXT, lines.NO_VALUE
        if self.calls and self._is_called(key):
            cause, value = words.SEND, None
        where, offset = _place(frame.f_back)
        outer = self.run_in(frame.f_back)
        # Else it is not known what a generator resumes it for.
        learn = cause is words.NEXT and where is not None and (outer or not where.co_flags & GENERATOR_FLAG)
        if learn:
            buffer = self.stream.here(t_ns)
            learn = id(where) + offset in buffer.sites or buffer.again(("start", id(where), offset), where) is not None
        by_run = outer is not None and offset in self.watched[id(outer.code)].sends
        store_resume(self.stream, run, cause, value, where, offset, t_ns, learn, by_run)
        return True

    def _begin(self, frame: Any, code: CodeType, t_ns: int) -> Run:
        key = id(frame)
        self._take_place(key, t_ns)
        track, reference = self.births.take(frame, code, t_ns)
        if code.co_flags & ASYNC_GENERATOR_FLAG and sys.get_asyncgen_hooks().finalizer is not None:
            # Collected, it is given to that one, which may close it later.
            reference = None
        run = self.live[key] = Run(track, code, key, reference)
        return run

    def on_resume(self, frame: Any, code: CodeType) -> bool:
        """A generator goes on after a yield. Return False if that is no track's step."""
        key = id(frame)
        if self.through and self.through.pop(key, None) is not None:
            # What it waited for has ended: it was told before that it runs.
            return True
        t_ns = self.clock()
        run = self.run_in(frame)
        if run is None:
            if self.is_stepped(frame, code):
                return False
            self._take_place(key, t_ns)
            run = self.live[key] = Run(self.births.spawn(code, t_ns), code, key)
        back = frame.f_back
        where, offset = _place(back)
        cause, value, learn, by_run = words.NEXT, lines.NO_VALUE, True, False
        if run.cause:
            if run.cause is AGAIN:
                run.cause, run.call_code, run.call_offset = words.SEND, run.resume_code, run.resume_offset
            if run.cause is words.SEND:
                cause, value = words.SEND, run.sent
                if value is UNREAD:
                    value = self.calibration.sent(run.generator, run.ended_in_none)
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
            outer = self.run_in(back)
            if outer is not None and offset in self.watched[id(outer.code)].sends:
                by_run = True
                if outer.inner is not run or run.outer is not outer:
                    run.yield_offset = -1  # There it is learned.
                if outer.passing is not lines.NO_VALUE:
                    cause, value, outer.passing = words.SEND, outer.passing, lines.NO_VALUE
                    learn = type(value) is not Shown
        if run.at == DELEGATING and value is not lines.NO_VALUE:
            run.passing, run.yield_offset = keep(value), -1
            learn = learn and run.passing is value
        run.at = RUNNING
        store_resume(self.stream, run, cause, value, where, offset, t_ns, learn, by_run)
        return True

    def on_throw(self, frame: Any, code: CodeType, error: BaseException | None) -> None:
        """An exception is thrown into a generator. `error` is None where the interpreter does not tell which."""
        key = id(frame)
        if self.through and self.through.pop(key, None) is not None:
            return
        t_ns = self.clock()
        run = self.live.get(key)
        if run is not None and (run.code is not code or frame.f_lasti < beginning(code)):
            # That is another one's frame by now: this one was never started.
            self._lose(key, run, t_ns)
            run = None
        if run is None:
            called_to_throw = self._is_called(key)
            if error is None and not called_to_throw:
                return  # Closed before it was started: 3.12 and later do not tell that either.
            if self.is_stepped(frame, code):
                return
            run = self._begin(frame, code, t_ns)
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
        if isinstance(error, GeneratorExit):
            self._end_inside(run, (where, offset))
            t_ns = self.clock()
        run.inner = None
        for outer_frame, outer in reversed(passed):
            outer.at, outer.yield_offset = RUNNING, -1
            self.through[id(outer_frame)] = outer_frame.f_lasti
            store_resume(self.stream, outer, cause, value, where, offset, t_ns, False)
            where, offset = _place(outer_frame)
        run.at, run.yield_offset = RUNNING, -1
        if cause is words.CLOSE:
            run.closing = True
        elif not run.closing and self._is_being_closed(key):
            # As what it waits for was closed, that raised something else: by that it may end, but it must not yield.
            run.closing = words.THROW
        store_resume(self.stream, run, cause, value, where, offset, t_ns, False)

    def _passed_through(self, back: Any) -> tuple[list[tuple[Any, Run]], Any]:
        """The suspended generators, innermost first, that an exception passes on its way into what they wait for.

        The interpreter throws it straight into the innermost, and runs the others only when that one ends. Return
        them with their frames, and the frame of who throws.
        """
        passed = []
        while back is not None:
            outer = self.run_in(back)
            if outer is None or outer.at != DELEGATING:
                break
            passed.append((back, outer))
            back = back.f_back
        return passed, back

    def on_yield(self, frame: Any, code: CodeType, offset: int, value: Any, inner: Any = None) -> None:
        """A generator hands `value` out and is suspended.

        `inner`: where its own frame is not any more, another that was called by who resumed it.
        """
        run = self.run_in(frame)
        if run is None:
            return
        t_ns = self.clock()
        if self.through:
            # Before 3.12 it is not told that it goes on by itself, where what it waited for has ended.
            self.through.pop(id(frame), None)
        watched = self.watched[id(code)]
        delegating = offset in watched.delegating
        if watched.is_async and not delegating:
            held = gc.get_referents(value)  # PEP 525: the interpreter wraps it.
            value = held[0] if held else None
        run.at = DELEGATING if delegating else GIVEN if watched.is_async else SUSPENDED
        run.offset = offset
        ignored, run.closing = run.closing, False
        if ignored:
            self._raises_outwards(run)
        back = (inner or frame).f_back
        outer = self.run_in(back)
        if outer is not None and back.f_lasti in self.watched[id(outer.code)].sends:
            outer.inner, run.outer = run, outer
        run.passing = lines.NO_VALUE
        learn = not (watched.is_async or ignored)
        store_yield(self.stream, run, value, code, offset, t_ns, learn, words.IGNORED if ignored else words.YIELD)
        if self.through:
            self._yield_through(back, keep(value), t_ns)

    def _yield_through(self, back: Any, value: Any, t_ns: int) -> None:
        """What was thrown through generators is answered through them."""
        while back is not None and (suspended_at := self.through.pop(id(back), None)) is not None:
            if suspended_at != back.f_lasti:
                return  # What it waited for has ended, and it goes on, which 3.11 does not tell.
            outer = self.run_in(back)
            if outer is None:
                return
            outer.at = DELEGATING
            store_yield(self.stream, outer, value, *_place(back), t_ns, False)
            back = back.f_back

    def on_return(self, frame: Any, value: Any) -> None:
        """A generator ends by returning `value`."""
        run = self._take_out(frame)
        if run is not None:
            self.returned(run, value, frame)

    def _take_out(self, frame: Any) -> Run | None:
        """The run of a generator that ends, which from now on is not among the living any more."""
        self.through.pop(id(frame), None)
        # Another thread may be told of the same end, or take the frame's place, at any time.
        return self.live.pop(id(frame), None) if self.run_in(frame) is not None else None

    def returned(self, run: Run, value: Any, inner: Any) -> None:
        """The same of one that is not among the living any more. `inner`: a frame that was called by who resumed it."""
        closed = run.closing is True
        if value is None and not closed:
            self._return_nothing(run.track)
            self._end_around(run, inner)
        else:
            shown = lines.NO_VALUE if closed and value is None else keep(value)
            self._exit(run.track, words.CLOSED if closed else words.RETURNED, shown, self.clock())
            self._end_around(run, inner)

    def _return_nothing(self, track: int) -> None:
        t_ns = self.clock()
        buffer = self.stream.here(t_ns)
        buffer.rows.extend((t_ns, track, buffer.returned_nothing(t_ns)))
        self.stream.attend(buffer)

    def on_unwind(self, frame: Any, error: BaseException | None, passed: bool | None = False) -> None:
        """A generator ends by an exception. `error` is None where the interpreter does not tell which.

        `passed`: then, whether it is the one that was thrown into it; None if that is likely.
        """
        run = self._take_out(frame)
        if run is not None:
            self.unwound(run, error, frame, passed)

    def unwound(self, run: Run, error: BaseException | None, inner: Any, passed: bool | None = False) -> None:
        """The same of one that is not among the living any more: `inner` as of `returned`."""
        by_close = isinstance(error, GeneratorExit) if error is not None else passed is not False
        closed = run.closing is True and by_close
        value = lines.NO_VALUE if closed or error is None else keep(error)
        inferred = _RERAISED if closed and error is None and passed is None else None
        self._exit(run.track, words.CLOSED if closed else words.RAISED, value, self.clock(), inferred)
        if closed:
            self._end_around(run, inner)
        elif run.closing:
            self._raises_outwards(run)

    def _raises_outwards(self, run: Run) -> None:
        """Instead of being closed it raises, which is thrown into what is closed next: 3.11 does not tell what is."""
        closed = (one for call in self.calls[:] for *_, one in call.chain)
        if run.outer is not None and any(one is run.outer for one in closed):
            run.outer.cause = words.THROW

    def _end_around(self, run: Run, inner: Any) -> None:
        """A generator has ended: what waits for it, and is being closed with it, may end without running."""
        if run.outer is not None and run.outer.dying:
            self._end_outwards(run.outer, place_of(inner.f_back, self.recording.own))

    def unlearn(self) -> None:
        """Have the next yield of each generator go the long way: something else is due then."""
        for run in list(self.live.values()):
            run.yield_offset = -1

    def running(self) -> set[int]:
        """The tracks of all generators that run, or are suspended in the middle of that with their greenlet."""
        # A copy, which is made at once: other threads start and end theirs meanwhile.
        return {run.track for run in list(self.live.values()) if run.at == RUNNING}

    def running_in(self, frame: Any) -> list[int]:
        """The tracks of all generators that run in `frame` and below it, the innermost last."""
        found = []
        while frame is not None:
            run = self.run_in(frame)
            if run is not None:
                found.append(run.track)
            frame = frame.f_back
        return found[::-1]

    def _exit(self, track: int, outcome: str, value: Any, t_ns: int, inferred: str | None = None) -> None:
        self.recording.exited(t_ns, track, outcome, value, inferred)

    def finish(self, t_ns: int) -> None:
        """Tell the generators that are still there from those that were collected unseen."""
        if not self.live and not self.births.is_any_missing:
            return
        there = [thing for kind in GENERATORS for thing in all_of(kind)]
        frames = {id(frame_of(thing)) for thing in there if not may_run(thing)}
        running = {id(code_of(thing)) for thing in there if may_run(thing)}
        for key, run in list(self.live.items()):
            may_be_there = id(run.code) in running and (run.at == RUNNING or run.code.co_flags & ASYNC_GENERATOR_FLAG)
            if key not in frames and not may_be_there:
                self._lose(key, run, t_ns)
        self.births.finish(t_ns, there)

    def forget(self) -> None:
        """Watch none of them any more."""
        self.live.clear()
        self.calls.clear()
        self.births.forget()


def _place(frame: Any) -> tuple[Any, int]:
    return (frame.f_code, frame.f_lasti) if frame is not None else (None, 0)
