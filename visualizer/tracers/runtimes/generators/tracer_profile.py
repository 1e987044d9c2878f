"""Watches generators with `sys.setprofile`, for Python 3.11, which has nothing better.

A profile function is called for every call in its thread, so it is in force only while it is needed: while a module of
the program's own is imported, and from the moment one is found to have a generator. Where code may come to run that no
import statement leads to, it stays in force until then: `exec` and the like, a finder of the program's own (pytest has
one), a library that is run as the script (`-m coverage run ...`). It is called with "call" when a
generator is started, resumed or thrown into, and with "return" when it yields, returns or ends by an exception; the
instruction that the frame stands at tells which. 3.11 has no event for a generator's creation.

While a thread runs tasks it is in force there only if the program has a generator that is no coroutine: what a task
awaits is no track.
"""

from __future__ import annotations

import _thread
import opcode
import sys
from types import AsyncGeneratorType, BuiltinFunctionType

from visualizer.tracers.core.code import GENERATOR_FLAG, PLAIN_FLAG, place, place_of
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import Shown, bases_of, type_module
from visualizer.tracers.runtimes.generators.fast_path import profile_way
from visualizer.tracers.runtimes.generators.introspection import (
    ASKING,
    METHODS,
    all_codes,
    code_of,
    frame_of,
    handler,
    is_resuming,
    is_suspended,
    probe,
    resumed_by,
    youngest_of,
)
from visualizer.tracers.runtimes.generators.shapes import Run
from visualizer.tracers.runtimes.generators.tracks import UNREAD, Generators, Watched

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any

_get_ident = _thread.get_ident
#: Of the flags of a code object those of a generator that is neither a coroutine nor asynchronous.
_UNAWAITED = "_warn_unawaited_coroutine"
_RESUME = opcode.opmap["RESUME"]
_YIELD = opcode.opmap["YIELD_VALUE"]
_RETURN = opcode.opmap["RETURN_VALUE"]
_RERAISE = opcode.opmap["RERAISE"]
_GLOBAL = opcode.opmap["LOAD_GLOBAL"]
#: These follow what a call's arguments are loaded with (PRECALL is there on 3.11 alone).
_OF_CALLS = frozenset(opcode.opmap[name] for name in ("PRECALL", "CALL", "CACHE") if name in opcode.opmap)
_next = next
_RAISE = opcode.opmap["RAISE_VARARGS"]
_STDLIB_NAMES = sys.stdlib_module_names
#: By these code is run that no import leads to; a child of multiprocessing's runs the program's script by the last two.
_LOADERS = frozenset((
    "exec", "exec_module", "load_module", "run_module", "run_path", "multiprocessing.spawn",
    "multiprocessing.forkserver",
))
#: Functions by which another profiler takes our place: of `sys`, of cProfile's, and of pyinstrument's.
_TAKING_OVER = ("setprofile", "enable", "setstatprofile")
_TAKEN = (
    "The program sets a profile function, where on Python 3.11 the tracer has its own: "
    "generators are missing from here on in that thread"
)
_GIVEN_BACK = "Generators are recorded again in that thread: the program takes its profile function back after"
_TAKEN_OUT = (
    "At the end of the program the profile function is not in force any more by which generators are recorded on "
    "Python 3.11, so some may be missing: the interpreter takes it out where a program has no stack left, or a "
    "signal's handler raises in the middle of it"
)
#: So many times these are told.
_TOLD = 10


class ProfileTracer:
    name = "generators"
    modules: tuple[str, ...] = ()

    def __init__(self, recording: Context) -> None:
        self._recording = recording
        self._imports = recording.imports
        self._generators = Generators(recording)
        #: Whether a code object is a watched generator's, and its instructions; by id, the code kept.
        self._instructions: dict[int, tuple[bytes | None, CodeType]] = {}
        #: Whether the program is known to have a generator; what --include names is taken to have one.
        self._found = bool(recording.own.include)
        #: The same of one that no task awaits, as far as can be told.
        self._found_plain = bool(recording.own.include)
        #: The threads in which tasks run.
        self._with_tasks: set[int] = set()
        #: What `warnings` has for coroutines that were never awaited, while it is asked for by way of us.
        self._warn: Any = None
        self._main_began = False
        #: Code of the program's own may come to run without our having been asked for a module.
        self._stays = False
        #: Has the track of a greenlet that was just entered, if its name is to be found.
        self._unsettled = recording.unsettled
        #: Another profile function may be told of so often.
        self._telling = _TOLD
        #: By the id of a thread where another profile function has our place: since when, and its generators.
        self._unseen: dict[int, tuple[int, list[tuple[Run, Any]]]] | None = None
        self._changed = self._on_changed
        #: Tracks that were thrown into, by the id of their frame, with the instruction they were suspended at.
        self._thrown: dict[int, int] = {}
        entered, methods = ("<module>", _UNAWAITED), (*METHODS, *ASKING, *_TAKING_OVER)
        self._hook: Any = profile_way(self._generators, frozenset(entered), frozenset(methods), self._on_event)
        #: Has it called in the current thread.
        self._begin: Callable[[], None] = lambda: sys.setprofile(self._hook)
        if recording.compiled is not None:
            self._hook = recording.compiled.profile_hook(
                self._generators.live, recording.stream.local, self._generators.calls, self._unsettled,
                GENERATOR_FLAG, entered, methods,
                recording, recording.stream.due, recording.steppers, recording.inside, self._generators.through,
                self._thrown, self._generators.watched, self._generators.awaiting, Watched, self._instructions,
                recording.loops, recording.step_codes, -1 if recording.own.include else _RESUME, self._hook,
            )
            self._begin = self._hook.begin

    def install(self) -> str:
        if sys.getprofile() is not None:
            return "refused: the program already has a profile function"
        self._calibrate()
        if self._recording.points is not None:
            self._hook = self._recording.points.install(self._hook)
        self._imports.before_any = self._before_import
        self._imports.install()
        self._recording.on_tasks.append(self._on_tasks)
        self._begin()
        return "on: sys.setprofile"

    def imported(self, name: str, module: ModuleType) -> None:
        """No module is waited for."""

    def remove(self) -> None:
        self._imports.before_any = None
        self._found = self._found_plain = False
        self._leave_warnings()
        self._telling = -1
        if self._unseen is not None:
            self._unseen.clear()
        if self._recording.compiled is not None:
            self._recording.compiled.leave_sends()
        if sys.getprofile() is self._hook:
            sys.setprofile(None)

    def finish(self, t_ns: int) -> None:
        if self._is_needed() and sys.getprofile() is None and _get_ident() not in (self._unseen or ()):
            self._recording.note(f"{_TAKEN_OUT}.")
        self._generators.finish(t_ns)

    def _calibrate(self) -> None:
        generator = probe()
        calibration = self._generators.calibration
        sent = object()
        handling = False

        def resumed(frame: Any, event: str, _: Any) -> None:
            if event == "call" and frame.f_code is probe.__code__:
                calibration.learn(generator, sent, handling)

        next(generator)
        sys.setprofile(resumed)
        generator.send(sent)
        handling = True
        generator.send(sent)
        sys.setprofile(None)

    def _before_import(self, name: str, path: Any) -> None:
        """A module is about to be looked for: if it may be the program's own, see what is in it."""
        if not self._stays and sys.meta_path[0] is not self._imports:
            # Whoever stands in front of us answers without our being asked.
            self._stays = True
            if sys.getprofile() is None:
                self._begin()
        if not self._is_needed() and name.partition(".")[0] not in _STDLIB_NAMES and sys.getprofile() is None:
            for finder in sys.meta_path:
                find = getattr(finder, "find_spec", None)
                if finder is self._imports or find is None:
                    continue
                spec = find(name, path)
                if spec is not None:
                    if spec.has_location and self._recording.own.owns_file(spec.origin):
                        self._begin()
                    return

    def _is_needed(self) -> bool:
        """Whether the program has generators that are to be seen in this thread."""
        return self._found_plain if _get_ident() in self._with_tasks else self._found

    def _on_tasks(self, begins: bool) -> None:
        """This thread begins or ceases to run tasks."""
        if begins:
            self._with_tasks.add(_get_ident())
            if not self._found_plain and not self._stays and sys.getprofile() is self._hook:
                # It is called for this call, too.
                telling, self._telling = self._telling, -1
                sys.setprofile(None)
                self._telling = telling
                self._mind_warnings()
        else:
            self._with_tasks.discard(_get_ident())
            if not self._with_tasks:
                self._leave_warnings()
            if self._found and sys.getprofile() is None:
                self._begin()

    def _mind_warnings(self) -> None:
        """Learn of coroutines that are never awaited while no profile function is in force.

        The interpreter asks `warnings` for the function to call then (PEP 562: for one that is not there, a function of
        the module's is asked). From there on a profile function is in force up to that call: no frame of ours stands
        between the two, by which the place of the warning is found.
        """
        warnings = sys.modules.get("warnings")
        if self._warn is not None or warnings is None or "__getattr__" in warnings.__dict__:
            return
        self._warn = warn = warnings.__dict__.pop(_UNAWAITED, None)

        def first(frame: Any, event: str, _: Any) -> None:
            if event == "call":
                sys.setprofile(None)
                if frame.f_code is warn.__code__:
                    self._on_event(frame, event, None)

        def __getattr__(name: str) -> Any:  # noqa: N807
            if name != _UNAWAITED or warn is None:
                raise AttributeError(f"module 'warnings' has no attribute {name!r}")
            if sys.getprofile() is None:
                sys.setprofile(first)
            return warn

        warnings.__dict__["__getattr__"] = __getattr__

    def _leave_warnings(self) -> None:
        warnings, warn, self._warn = sys.modules.get("warnings"), self._warn, None
        if warnings is not None and warn is not None:
            warnings.__dict__.pop("__getattr__", None)
            warnings.__dict__.setdefault(_UNAWAITED, warn)

    def _on_event(self, frame: Any, event: str, arg: Any) -> None:
        try:
            code = frame.f_code
            if event == "call":
                if code.co_flags & GENERATOR_FLAG:
                    self._on_generator_call(frame, code)
                elif code.co_name == "<module>":
                    self._on_module(frame, code)
                elif code.co_name == _UNAWAITED:
                    self._generators.births.on_unawaited(frame)
                elif self._unsettled and frame.f_back is None and self._recording.is_entering():
                    self._recording.entered(code)
            elif event == "return":
                if code.co_flags & GENERATOR_FLAG:
                    self._on_generator_return(frame, code, arg)
            elif event == "c_call":
                if type(arg) is BuiltinFunctionType:
                    self._on_method(arg, frame, code)
            else:
                if self._generators.calls:
                    self._on_method_over(arg)
                if event == "c_exception" and type(arg) is BuiltinFunctionType:
                    asked = _argument(frame, code) if arg is _next else arg.__self__
                    refusal = self._generators.on_refused(asked)
                    by = self._generators.raised()
                    if refusal and self._recording.own(code):
                        self._generators.on_refusal(frame, Shown(refusal), by)
        except Exception as error:
            try:
                self._recording.fail(self.name, error)
            except BaseException:
                if self._recording.compiled is None:
                    self._put_back(frame)
                raise

    def _put_back(self, frame: Any) -> None:
        """A signal's handler raised something, and the interpreter takes out the profile function: have it set again
        by a trace function, which is called when that comes to `frame`, or from there to its caller."""
        if sys.gettrace() is not None:
            return  # The program's own.
        both = [one for one in (frame, frame.f_back) if one is not None]

        def again(*_: Any) -> None:
            sys.settrace(None)
            for one in both:
                one.f_trace = None
            self._begin()

        for one in both:
            one.f_trace = again
        sys.settrace(again)

    def _on_module(self, frame: Any, code: CodeType) -> None:
        """A module begins: out of the way, as long as the program has no generator."""
        own = self._recording.own(code)
        if not self._main_began and frame.f_globals.get("__name__") == "__main__":
            self._main_began = True
            self._stays = self._stays or not own
        if not self._found_plain and own:
            codes = all_codes(code)
            self._stays = self._stays or any(not _LOADERS.isdisjoint(one.co_names) for one in codes)
            if not self._found and any(one.co_flags & GENERATOR_FLAG for one in codes):
                self._found = True
                self._imports.in_threads(self.name, self._begin)
            self._found_plain = any(one.co_flags & GENERATOR_FLAG == PLAIN_FLAG for one in codes)
        if self._main_began and not self._is_needed() and not self._stays and sys.getprofile() is self._hook:
            sys.setprofile(None)

    def _watched(self, code: CodeType) -> bytes | None:
        """The instructions of a generator of the program's own; None of any other."""
        known = self._instructions.get(id(code))
        if known is None:
            own = self._recording.own(code)
            if own:
                self._generators.watched[id(code)] = Watched(code)
            # Last: where another thread finds it, it is watched.
            known = self._instructions[id(code)] = (code.co_code if own else None, code)
        return known[0]

    def _on_generator_call(self, frame: Any, code: CodeType) -> None:
        instructions = self._watched(code)
        if instructions is None:
            return
        at = frame.f_lasti
        if at >= 0 and instructions[at] == _RESUME:
            if instructions[at + 1] & 3 == 0:
                self._generators.on_start(frame, code)
            else:
                self._generators.on_resume(frame, code)
        else:
            self._thrown[id(frame)] = at
            self._generators.on_throw(frame, code, None)

    def _on_generator_return(self, frame: Any, code: CodeType, value: Any) -> None:
        instructions = self._watched(code)
        if instructions is None:
            return
        at = frame.f_lasti
        instruction = instructions[at] if at >= 0 else -1
        suspended_at = self._thrown.pop(id(frame), None)
        if instruction == _RETURN:
            self._generators.on_return(frame, value)
        elif instruction == _YIELD and not (suspended_at == at and value is None and self._ended(frame)):
            self._generators.on_yield(frame, code, at, value)
        else:
            passed: bool | None = suspended_at == at
            if suspended_at is not None and not passed and code.co_code[at] in (_RERAISE, _RAISE):
                passed = _raises_again(code, at, suspended_at)
            self._generators.on_unwind(frame, None, passed)

    def _ended(self, frame: Any) -> bool:
        """Whether a generator that was thrown into and stands where it stood ended there, or yielded None there again.

        The event does not tell: a `with` statement and an `except` clause leave the frame where the exception came in.
        The generator tells: it is suspended by now if it yielded. It is looked for among those that are being closed,
        then among all, the youngest first.
        """
        closing = [link() for call in self._generators.calls[:] for link, *_ in call.chain]
        found = next((one for one in reversed(closing) if one is not None and frame_of(one) is frame), None)
        if found is None:
            found = youngest_of(frame.f_code, lambda one: frame_of(one) is frame, new=False)
        return found is None or not is_suspended(found)

    def _on_method(self, method: Any, frame: Any, code: CodeType) -> None:
        target = method.__self__
        if is_resuming(target):
            generator = resumed_by(target)
            if generator is not None and self._watched(code_of(generator)) and method.__name__ in METHODS:
                self._generators.on_call(target, method.__name__, UNREAD, code, frame.f_lasti)
        elif type(target) is AsyncGeneratorType and method.__name__ in ASKING:
            self._generators.on_ask(target, method.__name__)
        elif method.__name__ in _TAKING_OVER and self._telling >= 0 and not self._imports.is_threads_own(frame):
            if method.__name__ != "enable" or any(type_module(base) == "_lsprof" for base in bases_of(type(target))):
                self._taken(frame)

    # Another profile function, of the program's own.

    def _taken(self, frame: Any) -> None:
        """Our place is taken in this thread by the call in `frame`; learn when it is free again.

        The interpreter tells audit hooks before it changes the profile function. Until they return, it refuses to do so
        in any other thread: a hook in Python, during which others come to run, would be seen by the program. They stay
        for good, and make calls such as `id` slower, so a program without a profile function has none.
        """
        self._tell(_TAKEN, frame)
        if self._unseen is None:
            self._unseen = {}
            if self._recording.compiled is not None:
                self._recording.compiled.watch_profile(self._unseen, self._changed, sys.settrace)
        self._unseen[_get_ident()] = self._recording.now(), self._generators.of_thread()

    def _on_changed(self, frame: Any, _event: str, _value: Any) -> None:
        """The profile function was set to another one, or to none."""
        sys.settrace(None)
        # Another function may have been called right behind it.
        frame = frame if frame.f_trace is self._changed else frame.f_back
        if frame is not None and frame.f_trace is self._changed:
            frame.f_trace = None
        if sys.getprofile() is None and self._telling >= 0 and self._unseen is not None:
            try:
                since_ns, known = self._unseen.pop(_get_ident())
                self._tell(f"{_GIVEN_BACK} {(self._recording.now() - since_ns) / 1e9:.3f} s", frame)
                self._telling -= self._telling > 0
                self._generators.see_again(known)
                self._thrown.clear()
                self._begin()
            except Exception as error:
                self._recording.fail(self.name, error)

    def _tell(self, text: str, frame: Any) -> None:
        if self._telling:
            code, offset = place_of(frame, self._recording.own)
            file, function, line, *_ = place(code if code is not None else frame.f_code, offset)
            self._recording.note(f"{text} ({function}, {file}:{line}).")

    def _on_method_over(self, method: Any) -> None:
        if type(method) is BuiltinFunctionType:
            self._generators.on_called(method.__self__)


def _argument(frame: Any, code: CodeType) -> Any:
    """The one argument of the call in `frame` if that is a global variable; None if it is anything else.

    Its own variables are not looked at: the interpreter writes back what it showed of them.
    """
    instructions, at = code.co_code, frame.f_lasti
    while at > 0 and instructions[at] in _OF_CALLS:
        at -= 2
    if at < 0 or instructions[at] != _GLOBAL:
        return None
    return frame.f_globals.get(code.co_names[instructions[at + 1] >> 1])


def _raises_again(code: CodeType, at: int, suspended_at: int) -> bool | None:
    """Whether what leaves a generator at a RERAISE or RAISE_VARARGS was thrown into it at a yield; None if likely.

    A `finally` raises again what it caught, and so does a bare `raise`. What the block around the yield caught was
    thrown in; of what an outer block caught, that is likely.
    """
    if code.co_code[at] == _RAISE and code.co_code[at + 1]:
        return False
    caught = handler(code, suspended_at)
    return True if caught >= 0 and handler(code, caught + 2) == handler(code, at) else None
