"""The short way of the commonest steps of a generator, for `sys.monitoring`: a callback stores three integers.

It is taken where a generator that is parked at a plain `yield` is resumed by its `send`, or in a `for` or by `next`,
and parks at one again, each at a place and with a value that this thread met before. Everything else takes the long
way (generators.py), which learns from it (generator_steps.py).
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, GeneratorType

from visualizer.trace import words
from visualizer.tracers import lines
from visualizer.tracers.generator_objects import ends_in_none
from visualizer.tracers.generator_steps import PARKED, RUNNING
from visualizer.tracers.generators import UNREAD, Generators

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    OnCall = Callable[[CodeType, int, Any, Any], Any]
    OnResume = Callable[[CodeType, int], Any]
    OnYield = Callable[[CodeType, int, Any], Any]

_getframe = sys._getframe
_SEND = words.SEND
_SEND_METHOD = GeneratorType.send


def short_ways(
    generators: Generators, missing: Any, on_call: OnCall, on_resume: OnResume, on_yield: OnYield
) -> tuple[OnCall, OnResume, OnYield]:
    """Callbacks for CALL, PY_RESUME and PY_YIELD, in front of those given.

    `missing`: what a callback is given for an argument that there is not. The callbacks given are called one frame
    further away from the program's.
    """
    run_of: Callable[[int], Any] = generators.live.get
    through, local, clock = generators.through, generators.stream.local, generators.clock
    builtin, generator_type = BuiltinFunctionType, GeneratorType
    sent, no_value = generators.calibration.sent, lines.NO_VALUE

    def call(code: CodeType, offset: int, function: Any, argument: Any) -> Any:
        if type(function) is builtin and argument is not missing:
            generator = function.__self__
            if type(generator) is generator_type:
                run = run_of(id(generator.gi_frame))
                if run is not None and run.at and run.send_hash == hash(function):
                    run.cause, run.sent, run.call_code, run.call_offset = _SEND, argument, code, offset
                    return None
                if run is not None and function.__name__ == "send":
                    run.send_hash = hash(function)
        elif function is _SEND_METHOD and type(argument) is generator_type:
            run = run_of(id(argument.gi_frame))
            if run is not None and run.at:
                run.cause, run.sent, run.call_code, run.call_offset = _SEND, UNREAD, code, offset
                run.generator, run.ended_in_none = argument, ends_in_none(argument)
                return None
        return on_call(code, offset, function, argument)

    def resume(code: CodeType, offset: int) -> Any:
        frame = _getframe(1)
        run = run_of(id(frame))
        if run is None or run.at != PARKED or through:
            return on_resume(code, offset)
        try:
            buffer = local.buffer
        except AttributeError:
            return on_resume(code, offset)
        if run.cause is _SEND:
            value = run.sent
            if value is UNREAD:
                value = run.sent = sent(run.generator, run.ended_in_none)
                run.generator = None
            if run.call_offset == run.resume_offset and run.call_code is run.resume_code and run.in_thread is buffer:
                if value is run.resume_value:
                    shape = run.resume_shape
                else:
                    kind = type(value)
                    if kind is not int and kind is not str and value is not None:
                        return on_resume(code, offset)
                    shape = run.resume_site.shapes.get(value)
                    if shape is None:
                        return on_resume(code, offset)
                buffer.rows.extend((clock(), run.track, shape))
                run.at, run.cause, run.sent = RUNNING, "", None
                return None
        elif not run.cause and run.asked is None:
            back = frame.f_back
            if back is not None:
                site = buffer.sites.get(id(back.f_code) + back.f_lasti)
                if site is not None and site.next_shape >= 0:
                    buffer.rows.extend((clock(), run.track, site.next_shape))
                    run.at = RUNNING
                    if run.in_thread is not buffer:
                        run.in_thread, run.resume_offset, run.yield_offset = buffer, -1, -1
                    return None
        return on_resume(code, offset)

    def park(code: CodeType, offset: int, value: Any) -> Any:
        run = run_of(id(_getframe(1)))
        if run is None or run.yield_offset != offset or run.closing or run.passing is not no_value or through:
            return on_yield(code, offset, value)
        if value is run.yield_value:
            shape = run.yield_shape
        else:
            kind = type(value)
            if kind is not int and kind is not str and value is not None:
                return on_yield(code, offset, value)
            shape = run.yield_site.shapes.get(value)
            if shape is None:
                return on_yield(code, offset, value)
        run.in_thread.rows.extend((clock(), run.track, shape))
        run.at = PARKED
        return None

    return call, resume, park
