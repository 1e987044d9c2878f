"""Watches generators with `sys.monitoring` (PEP 669, Python 3.12 and later).

What costs nothing when it is not used: PY_START is asked for everywhere, but answered with DISABLE the first time by
every code object that is no generator of the program's. Those get local events. PY_THROW and PY_UNWIND can only be
asked for globally before 3.15; they are, once the program has a generator. CALL is asked for in the program's own code,
and every place that calls neither a generator function nor a generator's method is disabled after its first call. Where
one calls a generator function, INSTRUCTION is asked for in that code, and disabled for all but what follows such calls:
but in C a plain generator is seen where the function returns it.
"""

from __future__ import annotations

import sys
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
)

from visualizer.trace import words
from visualizer.tracers.core.code import (
    ASYNC_GENERATOR_FLAG,
    COROUTINE_FLAG,
    GENERATOR_FLAG,
    ITERABLE_COROUTINE_FLAG,
)
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.postponed import WAITING, uninterrupted
from visualizer.tracers.core.values import type_name
from visualizer.tracers.runtimes.generators.fast_path import monitoring_ways
from visualizer.tracers.runtimes.generators.introspection import (
    ASKING,
    METHODS,
    after,
    ask_for_instructions,
    is_resuming,
    probe,
)
from visualizer.tracers.runtimes.generators.tracks import UNREAD, Generators, Watched

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

if sys.version_info < (3, 12):
    raise ImportError("sys.monitoring is there from Python 3.12 on")

_monitoring = sys.monitoring
_events = _monitoring.events
_DISABLE = _monitoring.DISABLE
_getframe = sys._getframe
#: Ids of sys.monitoring that no tool is asked to use by convention, then the profiler's.
_TOOL_IDS = (4, 3, _monitoring.PROFILER_ID)
_AWAITED = COROUTINE_FLAG | ITERABLE_COROUTINE_FLAG | ASYNC_GENERATOR_FLAG
_OF_GENERATORS = _events.PY_START | _events.PY_RESUME | _events.PY_YIELD | _events.PY_RETURN


#: What the interpreter, or greenlet, says of a call that does not resume what it was to resume.
_traceback = BaseException.__dict__["__traceback__"].__get__


class MonitoringTracer:
    name = "generators"
    modules: tuple[str, ...] = ()

    def __init__(self, recording: Context) -> None:
        self._recording = recording
        self._settle = recording.postponed.settles(lambda error: recording.fail(self.name, error))
        self._generators = Generators(recording)
        self._tool: int | None = None
        self._watched = self._generators.watched
        self._seen: dict[int, CodeType] = {}
        #: Functions that a greenlet was seen to start with.
        self._entries: dict[int, CodeType] = recording.stream.new_table()
        self._everywhere = False
        #: Offsets of the instructions that follow calls of generator functions, by the id of the calling code.
        self._makers: dict[int, set[int]] = {}
        #: Those, by the place of the call: id(code) + offset.
        self._following: dict[int, int] = {}
        #: The classes whose calls are in progress, in any thread, and that another tracer wants to know of.
        self._making: list[type] = []
        #: Callbacks that are registered now and then.
        self._resume: Any = None
        self._throw: Any = None
        self._called: Any = None
        #: Whether the steps of a generator function that tasks have awaited need not be seen, by the id of its code.
        self._silent: dict[int, bool] = recording.stream.new_table()

    def install(self) -> str:
        tool = next((number for number in _TOOL_IDS if _monitoring.get_tool(number) is None), None)
        if tool is None:
            return "refused: every tool id of sys.monitoring is taken"
        _monitoring.use_tool_id(tool, "visualizer")
        self._tool = tool
        (
            call, self._resume, suspension, start, end, instruction, self._throw, unwind, raised, refused, self._called,
        ) = monitoring_ways(
            self._generators, _monitoring.MISSING, _DISABLE, self._settle,
            (self._silent, self._watched, self._entries), self._on_made,
            self._on_call, self._on_resume, self._on_yield, self._on_start, self._on_return, self._on_instruction,
            self._on_throw, self._on_unwind, self._on_exception, self._on_raised, self._on_called,
        )
        compiled, context = self._recording.compiled, self._recording
        if compiled is not None and not context.own.include:
            compiled.watch_steps(
                start, self._generators.awaiting, Watched, context.loops, context.step_codes, GENERATOR_FLAG
            )
        for event, callback in (
            (_events.PY_START, start),
            (_events.PY_RESUME, self._resume),
            (_events.PY_YIELD, suspension),
            (_events.PY_RETURN, end),
            (_events.PY_THROW, self._throw),
            (_events.PY_UNWIND, unwind),
            (_events.CALL, call),
            (_events.C_RAISE, refused),
            (_events.RAISE, raised),
            (_events.INSTRUCTION, instruction),
        ):
            _monitoring.register_callback(tool, event, callback)
        self._calibrate(tool)
        _monitoring.set_events(tool, _events.PY_START)
        if self._recording.points is not None:
            self._recording.points.install(tool)
        return "on: sys.monitoring"

    def imported(self, name: str, module: ModuleType) -> None:
        """No module is waited for."""

    def remove(self) -> None:
        tool, self._tool = self._tool, None
        if tool is None:
            return
        if self._recording.compiled is not None:
            self._recording.compiled.leave_sends()
        _monitoring.set_events(tool, 0)
        for code in (*self._seen.values(), *self._entries.values()):
            _monitoring.set_local_events(tool, code, 0)
        for event in (
            _events.PY_START, _events.PY_RESUME, _events.PY_YIELD, _events.PY_RETURN, _events.PY_THROW,
            _events.PY_UNWIND, _events.CALL, _events.C_RETURN, _events.C_RAISE, _events.INSTRUCTION,
            _events.RAISE,
        ):
            _monitoring.register_callback(tool, event, None)
        _monitoring.free_tool_id(tool)
        self._generators.forget()

    def finish(self, t_ns: int) -> None:
        self._generators.finish(t_ns)

    def _calibrate(self, tool: int) -> None:
        generator = probe()
        calibration = self._generators.calibration
        sent = object()
        handling = False

        def resumed(*_: Any) -> None:
            calibration.learn(generator, sent, handling)

        code = probe.__code__
        _monitoring.register_callback(tool, _events.PY_RESUME, resumed)
        _monitoring.set_local_events(tool, code, _events.PY_RESUME)
        next(generator)
        generator.send(sent)
        handling = True
        generator.send(sent)
        _monitoring.set_local_events(tool, code, 0)
        _monitoring.register_callback(tool, _events.PY_RESUME, self._resume)

        thrown: list[BaseException] = []
        _monitoring.register_callback(tool, _events.PY_THROW, lambda _code, _offset, error: thrown.append(error))
        _monitoring.set_events(tool, _events.PY_THROW | _events.PY_UNWIND)
        generator.close()
        _monitoring.register_callback(tool, _events.PY_THROW, self._throw)
        self._generators.closes_quietly = not thrown

    # Callbacks: in the thread that runs the code, before the event takes effect. Those of CALL, PY_RESUME and PY_YIELD
    # come by the short way (fast_path.py), one frame further from the program's.

    @uninterrupted
    def _on_start(self, code: CodeType, _offset: int) -> Any:
        try:
            if id(code) in self._watched:
                self._started(_getframe(1), code)
                return None
            return self._on_other_start(code)
        except BaseException as error:
            self._settle(error)
            return None

    def _on_other_start(self, code: CodeType) -> Any:
        if self._recording.own(code) and id(code) not in self._seen:
            self._discover(code)
            if code.co_flags & GENERATOR_FLAG:
                self._started(_getframe(2), code)
                return None
        elif code.co_name == "_warn_unawaited_coroutine":
            if self._recording.has_tasks:
                # Coroutines are not seen being made then.
                self._generators.births.on_unawaited(_getframe(2))
            return None
        if self._recording.is_entering() and _getframe(2).f_back is None:
            self._watch_entry(code)
            self._recording.entered(code)
        return None if id(code) in self._entries else _DISABLE

    def _started(self, frame: Any, code: CodeType) -> None:
        if self._generators.on_start(frame, code):
            if id(code) in self._silent:
                # Here it is a track: all its events are needed again, and no task shall have them left out any more.
                self._silent[id(code)] = False
                _monitoring.restart_events()
        elif id(code) not in self._silent:
            self._silent[id(code)] = not any(run.code is code for run in [*self._generators.live.values()])

    def _watch_entry(self, code: CodeType) -> None:
        """`code` is the function of a greenlet: see how it ends, which greenlet's own events do not tell."""
        if self._tool is not None and id(code) not in self._entries:
            self._entries[id(code)] = code
            events = _monitoring.get_local_events(self._tool, code)
            _monitoring.set_local_events(self._tool, code, events | _events.PY_START | _events.PY_RETURN)
            self._watch_exceptions(self._tool)

    def _watch_exceptions(self, tool: int) -> None:
        if not self._everywhere:
            self._everywhere = True
            _monitoring.set_events(tool, _events.PY_START | _events.PY_THROW | _events.PY_UNWIND | _events.RAISE)

    def _discover(self, code: CodeType) -> None:
        """Watch the generators of a piece of the program's own code that runs for the first time."""
        tool = self._tool
        if tool is None:
            return
        rest = [code]
        while rest:
            one = rest.pop()
            if id(one) in self._seen:
                continue
            events = _events.CALL
            if one.co_flags & GENERATOR_FLAG:
                self._watched[id(one)] = Watched(one)
                events |= _OF_GENERATORS
            _monitoring.set_local_events(tool, one, events)
            # Last: where another thread finds it, it is watched.
            self._seen[id(one)] = one
            rest += [constant for constant in one.co_consts if type(constant) is CodeType]
        if self._watched:
            self._watch_exceptions(tool)

    @uninterrupted
    def _on_resume(self, code: CodeType, _offset: int) -> Any:
        try:
            if not self._generators.on_resume(_getframe(2), code):
                return _DISABLE if self._silent.get(id(code)) else None
        except BaseException as error:
            self._settle(error)
        return None

    @uninterrupted
    def _on_yield(self, code: CodeType, offset: int, value: Any) -> Any:
        try:
            if self._generators.run_in(_getframe(2)) is None:
                return _DISABLE if self._silent.get(id(code)) else None
            self._generators.on_yield(_getframe(2), code, offset, value)
        except BaseException as error:
            self._settle(error)
        return None

    @uninterrupted
    def _on_return(self, code: CodeType, _offset: int, value: Any) -> Any:
        try:
            if id(code) in self._watched:
                self._generators.on_return(_getframe(1), value)
            elif _getframe(1).f_back is None:
                self._recording.left(words.RETURNED, value)
        except BaseException as error:
            self._settle(error)

    @uninterrupted
    def _on_throw(self, code: CodeType, _offset: int, error: BaseException) -> Any:
        try:
            if id(code) in self._watched:
                self._generators.on_throw(_getframe(1), code, error)
        except BaseException as failure:
            self._settle(failure)

    @uninterrupted
    def _on_unwind(self, code: CodeType, _offset: int, error: BaseException) -> Any:
        try:
            if id(code) in self._watched:
                self._generators.on_unwind(_getframe(1), error)
            elif id(code) in self._entries and _getframe(1).f_back is None:
                killed = type_name(type(error)) == "GreenletExit"
                self._recording.left(words.KILLED if killed else words.RAISED, error)
        except BaseException as failure:
            self._settle(failure)

    @uninterrupted
    def _on_call(self, code: CodeType, offset: int, function: Any, argument: Any) -> Any:
        try:
            return self._on_any_call(code, offset, function, argument)
        except BaseException as error:
            kind = type(function)
            if (kind is BuiltinFunctionType or kind is MethodDescriptorType) and function.__name__ in WAITING:
                # What comes now may end a wait.
                return self._recording.postponed.at_once(error)
            self._settle(error)
            return None

    def _on_any_call(self, code: CodeType, offset: int, function: Any, argument: Any) -> Any:
        kind = type(function)
        if kind is MethodType:
            function = function.__func__
            kind = type(function)
        if kind is FunctionType:
            made = function.__code__
            if not made.co_flags & GENERATOR_FLAG:
                return None if made.co_name in METHODS else _DISABLE
            if self._recording.has_tasks and made.co_flags & _AWAITED and not self._recording.own.names(made):
                return _DISABLE
            if id(made) not in self._watched and self._recording.own(made):
                # A copy of what was seen in its module: types.coroutine makes one.
                self._discover(made)
            if id(made) in self._watched:
                following = self._following.get(id(code) + offset)
                is_told = following is None
                if following is None:
                    following = self._following[id(code) + offset] = after(code, offset)
                self._generators.births.on_creating(made, _getframe(3), offset, following)
                if self._recording.compiled is not None:
                    is_told = not self._recording.compiled.see_made(function)
                if is_told:
                    self._watch_instruction(code, following)
            return None
        if kind is type:
            if not self._recording.makes(function):
                return _DISABLE
            if self._tool is not None:
                self._watch_exceptions(self._tool)
            self._making.append(function)
            self._watch_calls(True)
            return None
        if kind is MethodDescriptorType:
            target, sent = argument, UNREAD
            if function.__objclass__ is not type(target):
                return None
        elif kind is BuiltinFunctionType:
            target, sent = function.__self__, argument
        else:
            return _DISABLE
        name = function.__name__
        if name in METHODS:
            if is_resuming(target) and self._generators.on_call(target, name, sent, code, offset):
                self._watch_calls(True)
            return None
        if name in ASKING:
            if type(target) is AsyncGeneratorType:
                self._generators.on_ask(target, name)
            return None
        interested = self._recording.on_method.get(name)
        return None if interested is not None and interested(target, code, offset) else _DISABLE

    def _watch_instruction(self, code: CodeType, offset: int) -> None:
        """Have `_on_instruction` called there: what a call of a generator function makes is seen behind the call."""
        known = self._makers.get(id(code))
        if known is None:
            known = self._makers[id(code)] = set()
        if offset not in known and self._tool is not None:
            known.add(offset)
            ask_for_instructions(self._tool, code)
            self._seen[id(code)] = code

    @uninterrupted
    def _on_instruction(self, code: CodeType, offset: int) -> Any:
        try:
            if offset not in self._makers.get(id(code), ()):
                return _DISABLE
            self._generators.births.on_created(_getframe(1), offset)
        except BaseException as error:
            self._settle(error)
        return None

    @uninterrupted
    def _on_made(self, frame: Any, following: int, generator: Any) -> None:
        """The same of what was seen where it was returned, in C."""
        try:
            self._generators.births.on_created(frame, following, generator)
        except BaseException as error:
            self._settle(error)

    def _watch_calls(self, watch: bool) -> None:
        """Ask for the end of calls; it costs every call that is watched, and is asked for while it is needed only."""
        if self._tool is not None:
            _monitoring.register_callback(self._tool, _events.C_RETURN, self._called if watch else None)

    @uninterrupted
    def _on_raised(self, code: CodeType, offset: int, function: Any, argument: Any) -> Any:
        """The end of a call by an exception: of those that are watched, that is rare but for StopIteration."""
        try:
            if self._generators.calls or self._making:
                self._on_called(code, offset, function, argument)
            self._generators.on_refused(function.__self__ if type(function) is BuiltinFunctionType else argument)
        except BaseException as error:
            self._settle(error)

    @uninterrupted
    def _on_exception(self, code: CodeType, _offset: int, error: BaseException) -> Any:
        try:
            kind, (asked, sent) = type(error), self._generators.raised()
            if kind is not ValueError and kind is not TypeError and kind is not RuntimeError:
                if type_name(kind) != "error":
                    return
            back = _traceback(error)
            # Not where it passes on its way out.
            if back is not None and back.tb_next is None and self._recording.own(code):
                self._generators.on_exception(error, _getframe(1), asked, sent)
        except Exception as failure:
            self._recording.fail(self.name, failure)

    @uninterrupted
    def _on_called(self, _code: CodeType, _offset: int, function: Any, argument: Any) -> Any:
        ended = False
        try:
            if type(function) is type:
                if self._recording.makes(function):
                    if self._making:
                        self._making.pop()
                    self._recording.was_made(function, _getframe(1))
            else:
                target = function.__self__ if type(function) is BuiltinFunctionType else argument
                ended = self._generators.on_called(target)
            if not self._generators.calls and not self._making:
                self._watch_calls(False)
                if self._generators.calls or self._making:
                    self._watch_calls(True)
        except BaseException as error:
            self._settle(error)
        if ended and self._recording.control is not None:
            self._recording.control.on_switch()
