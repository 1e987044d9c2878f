"""Where a program can be stopped beside greenlets' switches, on Python 3.11: behind the profile function, and by a
trace function (`sys.settrace`), which is set in each thread that comes to a switch, and only while a line is the goal.
"""

from __future__ import annotations

import sys

from visualizer.tracers.control.control import LINE, TRACK, SocketControl
from visualizer.tracers.core.code import GENERATOR_FLAG, is_in
from visualizer.tracers.core.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any


class ProfilePoints:
    """The steps of the program's generators, and a line."""

    def __init__(self, recording: Context, control: SocketControl) -> None:
        self._recording = recording
        self._own = recording.own
        self._control = control

    def install(self, hook: Any) -> Any:
        """Return a profile function that pauses after `hook`, which is one, has stored what happens."""
        control, steps = self._control, self._recording.steps
        watched = steps.watched if steps is not None else {}
        control.points = self

        def visualizer_profile(frame: Any, event: str, arg: Any) -> None:
            hook(frame, event, arg)
            if control.goal and frame.f_code.co_flags & GENERATOR_FLAG and id(frame.f_code) in watched:
                if (event == "call" or event == "return") and steps is not None and steps.is_track(frame):
                    track = None
                    if control.goal == TRACK:
                        track = control.track_in(frame.f_back if event == "return" else frame)
                    try:
                        control.on_switch(track)
                    except BaseException:
                        # A signal's handler raised it, and the interpreter takes the profile function out.
                        control.put_back(lambda: sys.setprofile(visualizer_profile))
                        raise

        return visualizer_profile

    def arm(self, goal: str) -> None:
        """The hooks ask for the goal."""

    def enter(self) -> None:
        if sys.gettrace() not in (None, self._on_call):
            return  # The program's own.
        frame: Any = sys._getframe(1)
        while frame is not None:
            if self._is_wanted(frame.f_code):
                frame.f_trace = self._on_line
            frame = frame.f_back
        sys.settrace(self._on_call)

    def remove(self) -> None:
        """The trace functions take themselves out."""

    def _is_wanted(self, code: CodeType) -> bool:
        return is_in(code, self._control.wanted_line[1]) and self._own(code)

    def _on_call(self, frame: Any, event: str, arg: Any) -> Any:
        if self._control.goal != LINE:
            sys.settrace(None)
            return None
        return self._on_line if self._is_wanted(frame.f_code) else None

    def _on_line(self, frame: Any, event: str, arg: Any) -> Any:
        if self._control.goal != LINE:
            frame.f_trace = None
            sys.settrace(None)
            return None
        if event == "line" and frame.f_lineno == self._control.wanted_line[0]:
            self._control.on_line()
        return self._on_line
