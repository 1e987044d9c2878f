"""What a generator does, told by the calls and returns of its frame: Python 3.11.

"call" is told when a generator is started, resumed or thrown into, and "return" when it yields, returns or ends by an
exception; the instruction that the frame stands at tells which. 3.11 has no event for a generator's creation.
"""

from __future__ import annotations

import opcode
import sys
from types import AsyncGeneratorType

from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import Shown
from visualizer.tracers.runtimes.generators.introspection import (
    ASKING,
    METHODS,
    code_of,
    frame_of,
    handler,
    is_resuming,
    is_suspended,
    may_run,
    probe,
    resumed_by,
    youngest_of,
)
from visualizer.tracers.runtimes.generators.shapes import RUNNING
from visualizer.tracers.runtimes.generators.tracks import UNREAD, Generators, Watched

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

#: The function of `warnings` that the interpreter calls where a coroutine is collected that was never awaited.
UNAWAITED = "_warn_unawaited_coroutine"
RESUME = opcode.opmap["RESUME"]
SEND = opcode.opmap["SEND"]
_YIELD = opcode.opmap["YIELD_VALUE"]
_RETURN = opcode.opmap["RETURN_VALUE"]
_RERAISE = opcode.opmap["RERAISE"]
_RAISE = opcode.opmap["RAISE_VARARGS"]


class FrameEvents:
    """The events of one frame after another, as profile functions are told of them (the manual of `sys.setprofile`)."""

    def __init__(self, recording: Context, instructions: dict[int, tuple[bytes | None, CodeType]]) -> None:
        """`instructions`: is filled in, see below."""
        self._recording = recording
        self._generators = Generators(recording)
        #: Whether a code object is a watched generator's, and its instructions; by id, the code kept.
        self._instructions = instructions
        #: Tracks that were thrown into, by the id of their frame, with the instruction they were suspended at.
        self._thrown: dict[int, int] = {}

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
        if at >= 0 and instructions[at] == RESUME:
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
        then among all, the youngest first. Whose frame one that runs has is not asked: see `may_run`.
        """
        generators, code = self._generators, frame.f_code
        closing = [link() for call in generators.calls[:] for link, key, *_ in call.chain if key == id(frame)]
        found = closing[-1] if closing else None
        if found is None:
            others = [run for key, run in list(generators.live.items()) if run.code is code and key != id(frame)]
            is_alone = not self._recording.steppers and all(run.at != RUNNING for run in others)
            found = youngest_of(
                code, lambda one: is_alone if may_run(one) else frame_of(one) is frame, new=False
            )
        return found is None or not is_suspended(found)

    def _on_method(self, method: Any, frame: Any, code: CodeType) -> bool:
        """A method in C is called. Return whether it is one that has to do with generators."""
        target = method.__self__
        if is_resuming(target):
            generator = resumed_by(target)
            if generator is not None and self._watched(code_of(generator)) and method.__name__ in METHODS:
                self._generators.on_call(target, method.__name__, UNREAD, code, frame.f_lasti)
            return True
        if type(target) is AsyncGeneratorType and method.__name__ in ASKING:
            self._generators.on_ask(target, method.__name__)
            return True
        return False

    def _on_refused(self, asked: Any, frame: Any, code: CodeType, method: str = "") -> None:
        """A call that resumes `asked`, if that is what can be resumed, has raised: if it refused, tell that.

        `method`: that was called. But for what is sent too early, a TypeError is due to its arguments.
        """
        refusal = self._generators.on_refused(asked, method == "send")
        track, sent = self._generators.raised()
        if refusal and self._recording.own(code):
            self._generators.on_refusal(frame, Shown(refusal), track, sent)


def _raises_again(code: CodeType, at: int, suspended_at: int) -> bool | None:
    """Whether what leaves a generator at a RERAISE or RAISE_VARARGS was thrown into it at a yield; None if likely.

    A `finally` raises again what it caught, and so does a bare `raise`. What the block around the yield caught was
    thrown in; of what an outer block caught, that is likely.
    """
    if code.co_code[at] == _RAISE and code.co_code[at + 1]:
        return False
    caught = handler(code, suspended_at)
    return True if caught >= 0 and handler(code, caught + 2) == handler(code, at) else None
