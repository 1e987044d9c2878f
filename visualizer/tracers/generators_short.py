"""The short way of the commonest steps of a generator, for `sys.monitoring`: a callback stores three integers.

It is taken where a generator that is parked at a plain `yield` is resumed by its `send`, or in a `for` or by `next`,
and parks at one again, each at a place and with a value that this thread met before. Everything else takes the long
way (generators.py), which learns from it (generator_steps.py). In one line each, for speed: these run at every step.
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, GeneratorType

from visualizer.trace import words
from visualizer.tracers.generator_objects import ends_in_none
from visualizer.tracers.generator_steps import PARKED, RUNNING, Run
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
    run_of, through, local = generators.live.get, generators._through, generators.stream.local
    clock, live = generators.clock, generators.live
    builtin, generator_type = BuiltinFunctionType, GeneratorType

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
        if run is not None and run.at == PARKED and not through:
            try:
                buffer = local.buffer
                if run.cause is _SEND:
                    value = run.sent
                    if run.call_offset == run.resume_offset and run.call_code is run.resume_code:
                        if run.in_thread is buffer:
                            if value is run.resume_value:
                                shape = run.resume_shape
                            else:
                                kind = type(value)
                                if kind is int or kind is str or value is None:
                                    shape = run.resume_site.shapes[value]
                                else:
                                    return on_resume(code, offset)
                            buffer.rows.extend((clock(), run.track, shape))
                            run.at, run.cause, run.sent = RUNNING, "", None
                            return None
                elif not run.cause and run.asked is None:
                    back = frame.f_back
                    site = buffer.sites[id(back.f_code) + back.f_lasti]
                    buffer.rows.extend((clock(), run.track, site.next_shape))
                    run.at = RUNNING
                    if run.in_thread is not buffer:
                        run.in_thread, run.resume_offset, run.yield_offset = buffer, -1, -1
                    return None
            except (AttributeError, KeyError):
                pass
        return on_resume(code, offset)

    def park(code: CodeType, offset: int, value: Any) -> Any:
        run = run_of(id(_getframe(1)))
        if run is not None and run.yield_offset == offset and not through and not run.closing:
            if value is run.yield_value:
                run.in_thread.rows.extend((clock(), run.track, run.yield_shape))
                run.at = PARKED
                return None
            kind = type(value)
            if kind is int or kind is str or value is None:
                shape = run.yield_site.shapes.get(value)
                if shape is not None:
                    run.in_thread.rows.extend((clock(), run.track, shape))
                    run.at = PARKED
                    return None
        return on_yield(code, offset, value)

    return call, resume, park
