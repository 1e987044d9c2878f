"""Where a program can be stopped beside greenlets' switches, with `sys.monitoring` (Python 3.12 and later).

A tool of its own, with a lower id than the tracer's: of one event the tools are told in the order of their ids, the
highest first, so that what we stop at is stored already. No event is asked for while there is no goal.
"""

from __future__ import annotations

import sys

from visualizer.tracers.control.control import LINE, RUN, TRACK, SocketControl
from visualizer.tracers.core.code import is_in
from visualizer.tracers.core.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.api import GeneratorSteps

if sys.version_info < (3, 12):
    raise ImportError("sys.monitoring is there from Python 3.12 on")

_monitoring = sys.monitoring
_events = _monitoring.events
_DISABLE = _monitoring.DISABLE
_OF_GENERATORS = _events.PY_START | _events.PY_RESUME | _events.PY_YIELD | _events.PY_RETURN
_STEPS = (_events.PY_START, _events.PY_RESUME, _events.PY_THROW, _events.PY_YIELD, _events.PY_RETURN, _events.PY_UNWIND)
#: With these a generator gives control back.
_LEFT = (_events.PY_YIELD, _events.PY_RETURN, _events.PY_UNWIND)
#: These cannot be asked for in one code object alone, nor disabled for a place (before 3.15).
_EVERYWHERE = _events.PY_THROW | _events.PY_UNWIND


class MonitoringPoints:
    """The steps of the program's generators, and a line."""

    def __init__(self, recording: Context, control: SocketControl) -> None:
        self._recording = recording
        self._own = recording.own
        self._control = control
        self._tool = -1
        self._singled_out: list[CodeType] = []

    def install(self, hook: Any) -> Any:
        """`hook`: the id of the tool that stores the steps. Raise LookupError if there is no free one below it."""
        tool = next((number for number in range(hook - 1, -1, -1) if _monitoring.get_tool(number) is None), None)
        if tool is None:
            raise LookupError("no tool id of sys.monitoring is left")
        self._tool = tool
        _monitoring.use_tool_id(tool, "visualizer control")
        for event in _STEPS:
            _monitoring.register_callback(tool, event, self._on_event(event))
        _monitoring.register_callback(tool, _events.LINE, self._on_line)
        self._control.points = self
        return hook

    @property
    def _steps(self) -> GeneratorSteps:
        steps = self._recording.steps
        assert steps is not None
        return steps

    def arm(self, goal: str) -> None:
        for code in self._singled_out:
            _monitoring.set_local_events(self._tool, code, 0)
        self._singled_out.clear()
        if goal == LINE:
            _monitoring.set_events(self._tool, _events.LINE)
            # For the previous line, every other place was disabled.
            _monitoring.restart_events()
            return
        _monitoring.set_events(self._tool, _EVERYWHERE | _OF_GENERATORS if goal else 0)
        if goal != RUN:
            for watched in list(self._steps.watched.values()):
                self._single_out(watched.code, _OF_GENERATORS)

    def enter(self) -> None:
        if self._control.goal == LINE:
            file = self._control.wanted_line[1]
            frame: Any = sys._getframe(1)
            while frame is not None:
                if self._own(frame.f_code) and is_in(frame.f_code, file):
                    self._single_out(frame.f_code, _events.LINE)
                frame = frame.f_back

    def _single_out(self, code: CodeType, events: int) -> None:
        """Ask for events of one piece of code, also where it runs, or is suspended, by now.

        The events asked for everywhere come there only when it is entered the next time, unless it is on the stack of
        a thread; the stacks of suspended greenlets are not.
        """
        _monitoring.set_local_events(self._tool, code, events)
        self._singled_out.append(code)

    def remove(self) -> None:
        self.arm(RUN)
        _monitoring.free_tool_id(self._tool)

    def _on_event(self, event: int) -> Any:
        control, steps = self._control, self._steps
        watched = steps.watched
        otherwise = None if event & _EVERYWHERE else _DISABLE

        def step(code: CodeType, *_: Any) -> Any:
            if id(code) not in watched:
                return otherwise
            frame = sys._getframe(1)
            if not steps.is_track(frame):
                return None
            track = None
            if control.goal == TRACK:
                track = control.track_in(frame.f_back if event in _LEFT else frame)
            control.on_switch(track)
            return None

        return step

    def _on_line(self, code: CodeType, line: int) -> Any:
        wanted, file = self._control.wanted_line
        if line != wanted or not self._own(code) or not is_in(code, file):
            return _DISABLE
        self._control.on_line()
        return None
