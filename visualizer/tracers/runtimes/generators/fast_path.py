"""The short way of the commonest steps of a generator: a callback stores three integers.

It is taken where a generator that is suspended at a plain `yield`, or in a `yield from`, is resumed in a `for` or by
`next`, or at a plain one by its `send`, and is suspended again, each at a place that this thread met before, with a
value that it met there, or one that the row can say (`known_shape`). Everything else takes the long way (tracks.py),
which learns from it (shapes.py). The same stands here twice, for `sys.monitoring` and for a profile function: a call of
a function would cost as much as what it did. In C it is also taken where something is sent in a `yield from`, and where
that resumes another generator.
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, GeneratorType

from visualizer.tracers.core.code import GENERATOR_FLAG
from visualizer.tracers.core.postponed import uninterrupted
from visualizer.tracers.runtimes.generators.introspection import RESUMING, ends_in_none
from visualizer.tracers.runtimes.generators.shapes import AGAIN, DELEGATING, RUNNING, SUSPENDED, known_shape
from visualizer.tracers.runtimes.generators.tracks import UNREAD, Generators

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    OnCall = Callable[[CodeType, int, Any, Any], Any]
    OnResume = Callable[[CodeType, int], Any]
    OnYield = Callable[[CodeType, int, Any], Any]
    Profile = Callable[[Any, str, Any], None]

_getframe = sys._getframe
_SEND_METHOD = GeneratorType.send


def monitoring_ways(
    generators: Generators, missing: Any, disable: Any, settle: Callable[[BaseException], None],
    tables: tuple[dict[int, Any], ...],
    on_made: Callable[[Any, int, Any], None], on_call: OnCall, on_resume: OnResume, on_yield: OnYield,
    *others: Callable[..., Any],
) -> tuple[Callable[..., Any], ...]:
    """Callbacks for CALL, PY_RESUME and PY_YIELD, in front of those given; and, as they are, the `others`.

    `missing`: what a callback is given for an argument that there is not. `on_made`: is told, in C alone, what a
    generator function returned. The three that follow it are called one frame further away from the program's.
    `others`: for PY_START, PY_RETURN, INSTRUCTION, PY_THROW, PY_UNWIND, RAISE, C_RAISE and C_RETURN; in C they have a
    short way too: for generators that begin and end where others did, and for exceptions in code that has nothing to do
    with generators. `tables`: of the tracer, which tell what is not to be taken by it. `disable`: what a callback
    returns to be called no more at that place. In C that is so for calls of `send` where nothing else was called many
    times in a row: it stands in the method's place itself then.
    """
    run_of: Callable[[int], Any] = generators.live.get
    local, clock, sent = generators.stream.local, generators.clock, generators.calibration.sent
    builtin, generator_type, again, shape_of = BuiltinFunctionType, GeneratorType, AGAIN, known_shape

    @uninterrupted
    def call(code: CodeType, offset: int, function: Any, argument: Any) -> Any:
        try:
            if type(function) is builtin and argument is not missing:
                generator = function.__self__
                if type(generator) is generator_type:
                    run = run_of(id(generator.gi_frame))
                    # That it was `send` was seen at the same site, and of the same generator.
                    if run is not None and run.at == SUSPENDED and offset == run.resume_offset:
                        if code is run.resume_code:
                            run.cause, run.sent = again, argument
                            return None
            elif function is _SEND_METHOD and type(argument) is generator_type:
                run = run_of(id(argument.gi_frame))
                if run is not None and run.at == SUSPENDED and offset == run.resume_offset and code is run.resume_code:
                    run.cause, run.sent, run.generator = again, UNREAD, argument
                    run.ended_in_none = ends_in_none(argument)
                    return None
            return on_call(code, offset, function, argument)
        except BaseException as error:
            settle(error)
            return None

    @uninterrupted
    def resume(code: CodeType, offset: int) -> Any:
        try:
            frame = _getframe(1)
            run = run_of(id(frame))
            if run is None or run.code is not code or (run.at != SUSPENDED and run.at != DELEGATING):
                return on_resume(code, offset)
            try:
                buffer = local.buffer
            except AttributeError:
                return on_resume(code, offset)
            if run.cause is again:
                value = run.sent
                if value is UNREAD:
                    value = run.sent = sent(run.generator, run.ended_in_none)
                    run.generator = None
                if value is run.resume_value:
                    shape = run.resume_shape
                else:
                    shape = shape_of(value, run.resume_site, buffer)
                if shape is not None and run.in_thread is buffer:
                    rows = buffer.rows
                    rows += (clock(), run.track, shape)
                    run.at, run.cause, run.sent = RUNNING, "", None
                    return None
            elif not run.cause:
                back = frame.f_back
                site = buffer.sites.get(id(back.f_code) + back.f_lasti) if back is not None else None
                if site is not None and site.next_shape >= 0:
                    rows = buffer.rows
                    rows += (clock(), run.track, site.next_shape)
                    run.at = RUNNING
                    if run.in_thread is not buffer:
                        run.in_thread, run.resume_offset, run.yield_offset = buffer, -1, -1
                    return None
            return on_resume(code, offset)
        except BaseException as error:
            settle(error)
            return None

    @uninterrupted
    def suspension(code: CodeType, offset: int, value: Any) -> Any:
        try:
            run = run_of(id(_getframe(1)))
            if run is None or run.yield_offset != offset or run.code is not code:
                return on_yield(code, offset, value)
            if value is run.yield_value:
                shape = run.yield_shape
            else:
                shape = shape_of(value, run.yield_site, run.in_thread)
                if shape is None:
                    return on_yield(code, offset, value)
            rows = run.in_thread.rows
            rows += (clock(), run.track, shape)
            run.at = run.yield_site.at
            return None
        except BaseException as error:
            settle(error)
            return None

    ways: tuple[Callable[..., Any], ...] = (call, resume, suspension, *others)
    if generators.compiled is None:
        return ways
    # These take the same ways at once, and call those where they cannot.
    births, context = generators.births, generators.recording
    *made, births.gone = generators.compiled.monitoring_ways(
        generators.live, local, missing, disable, RESUMING, (*ways, births.gone), births.making, births.found,
        context.stream.due, generators.calls, context.steppers, context.inside, generators.through,
        *tables, generators.asked, on_made,
    )
    return tuple(made)


def profile_way(
    generators: Generators, entered: frozenset[str], methods: frozenset[str], on_event: Profile
) -> Profile:
    """A profile function in front of the one given, which is not asked about most calls of ordinary functions.

    `entered`, `methods`: the names of functions, and of methods in C, that it is asked about.
    """
    run_of: Callable[[int], Any] = generators.live.get
    local, clock, sent = generators.stream.local, generators.clock, generators.calibration.sent
    calls, unsettled, flag = generators.calls, generators.recording.unsettled, GENERATOR_FLAG
    builtin, generator_type, again, shape_of = BuiltinFunctionType, GeneratorType, AGAIN, known_shape

    def visualizer_profile(frame: Any, event: str, arg: Any) -> None:
        if event == "return":
            run = run_of(id(frame))
            if run is None:
                if not frame.f_code.co_flags & flag:
                    return
            elif run.yield_offset == frame.f_lasti and run.code is frame.f_code:
                if arg is run.yield_value:
                    shape = run.yield_shape
                else:
                    shape = shape_of(arg, run.yield_site, run.in_thread)
                if shape is not None:
                    rows = run.in_thread.rows
                    rows += (clock(), run.track, shape)
                    run.at = run.yield_site.at
                    return
        elif event == "call":
            run = run_of(id(frame))
            if run is None:
                code = frame.f_code
                # The first function of a greenlet may give it its name.
                if not (code.co_flags & flag or unsettled or code.co_name in entered):
                    return
            # The RESUME after the yield: elsewhere something is thrown into it.
            elif run.at != RUNNING and run.yield_offset == frame.f_lasti - 2 and run.code is frame.f_code:
                buffer = run.in_thread
                rows = buffer.rows
                if run.cause is again:
                    value = run.sent
                    if value is UNREAD:
                        value = run.sent = sent(run.generator, run.ended_in_none)
                        run.generator = None
                    if value is run.resume_value:
                        shape = run.resume_shape
                    else:
                        shape = shape_of(value, run.resume_site, buffer)
                    if shape is not None and buffer is getattr(local, "buffer", None):
                        rows += (clock(), run.track, shape)
                        run.at, run.cause, run.sent = RUNNING, "", None
                        return
                elif not run.cause:
                    back = frame.f_back
                    site = buffer.sites.get(id(back.f_code) + back.f_lasti) if back is not None else None
                    if site is not None and site.next_shape >= 0 and buffer is getattr(local, "buffer", None):
                        rows += (clock(), run.track, site.next_shape)
                        run.at = RUNNING
                        return
        elif event == "c_call":
            if type(arg) is not builtin:
                return
            generator = arg.__self__
            if type(generator) is generator_type:
                run = run_of(id(generator.gi_frame))
                if run is not None and run.at == SUSPENDED and run.resume_offset == frame.f_lasti:
                    if frame.f_code is run.resume_code and arg.__name__ == "send":
                        run.cause, run.sent, run.generator = again, UNREAD, generator
                        run.ended_in_none = ends_in_none(generator)
                        return
            elif arg.__name__ not in methods:
                return
        elif not calls and event != "c_exception":
            return
        on_event(frame, event, arg)

    return visualizer_profile
