"""Watches generators by the slots of their types, on Python 3.11 with the recorder in C.

Whatever resumes a generator or coroutine does so by a slot of its type, or one of its methods: there stand functions of
the recorder's in C (_recorder.c, "Steps, on 3.11"). What has nothing to do with generators costs what it costs without
us, and the thread's profile function stays the program's.
"""

from __future__ import annotations

import sys

from visualizer.tracers.core.code import GENERATOR_FLAG
from visualizer.tracers.core.context import Context
from visualizer.tracers.runtimes.generators.frame_events import RESUME, SEND, UNAWAITED, FrameEvents
from visualizer.tracers.runtimes.generators.introspection import ASKING, METHODS
from visualizer.tracers.runtimes.generators.shapes import Run
from visualizer.tracers.runtimes.generators.tracks import Watched

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType, ModuleType
    from typing import Any

_getframe = sys._getframe


class SlotsTracer(FrameEvents):
    name = "generators"
    modules: tuple[str, ...] = ()

    def __init__(self, recording: Context) -> None:
        super().__init__(recording, recording.stream.new_table())
        generators = self._generators
        generators.tells_late = True
        self._hook: Any = recording.compiled.step_hook(
            generators.live, recording.stream.local, generators.calls, GENERATOR_FLAG, (UNAWAITED,),
            (*METHODS, *ASKING), recording.unsettled, recording.stream.due, recording.steppers, recording.inside,
            generators.through, self._thrown, generators.watched, generators.awaiting, Watched, self._instructions,
            recording.loops, recording.step_codes, -1 if recording.own.include else RESUME, SEND,
            self._watch, self._on_end, self._on_event,
        )

    def install(self) -> str:
        self._calibrate()
        self._hook.begin()
        return "on: the slots of their types"

    def imported(self, name: str, module: ModuleType) -> None:
        """No module is waited for."""

    def remove(self) -> None:
        self._recording.compiled.leave_sends()

    def finish(self, t_ns: int) -> None:
        self._generators.finish(t_ns)

    def _watch(self, code: CodeType) -> None:
        """A generator of that code is met first."""
        try:
            self._watched(code)
        except Exception as error:
            self._recording.fail(self.name, error)

    def _on_end(self, of: Any, value: Any, raised: bool) -> None:
        """A step is over, whose beginning was told: `of` is the frame of a generator that is suspended again, or the
        run of one that has ended. We are called in the place of its frame."""
        try:
            # Our own frame is kept in no variable of ours: it would keep itself, and the program's.
            if type(of) is not Run:
                self._generators.on_yield(of, of.f_code, of.f_lasti, value, _getframe())
            elif raised:
                self._generators.unwound(of, None, _getframe())
            else:
                self._generators.returned(of, value, _getframe())
        except Exception as error:
            self._recording.fail(self.name, error)

    def _on_event(self, frame: Any, event: str, arg: Any) -> None:
        """As a profile function is called: of a step that begins, of calls of methods of what can be resumed; and of
        all that happens while one is thrown into or closed. "refused": `arg`, a generator, was to be resumed."""
        try:
            code = frame.f_code
            if event == "call":
                if code.co_flags & GENERATOR_FLAG:
                    self._on_generator_call(frame, code)
                elif code.co_name == UNAWAITED:
                    self._generators.births.on_unawaited(frame)
                elif frame.f_back is None and self._recording.is_entering():
                    self._recording.entered(code)
            elif event == "return":
                if code.co_flags & GENERATOR_FLAG:
                    self._on_generator_return(frame, code, arg)
            elif event == "c_call":
                self._on_method(arg, frame, code)
            elif event == "refused":
                self._on_refused(arg, frame, code)
            else:
                if self._generators.calls:
                    self._generators.on_called(arg.__self__)
                if event == "c_exception":
                    self._on_refused(arg.__self__, frame, code, arg.__name__)
        except Exception as error:
            self._recording.fail(self.name, error)
