"""Holding the program itself, and letting it go on bit by bit. The keys are those of `keys.STEPPING`."""

from __future__ import annotations

import os

from visualizer.analysis.explore.targets import Line, Number, goal
from visualizer.analysis.model.timeline import Place
from visualizer.analysis.text.source_position import running
from visualizer.session.control import Condition, ProgramControl
from visualizer.tui.actions.spans import Spanning
from visualizer.tui.state.breakpoint_check import refusal
from visualizer.tui.state.feed import Feed

_EXPECTED = "Type a line of source: 14 or demo.py:14."
_PAUSED = "The program is paused: J runs it to the next switch, S resumes it."
_PAUSED_ELSEWHERE = "The program is paused by the terminal that started it."
_GOING = "The program runs to {}; S lets it continue past that."
_KEYS = "J one switch · T to the selected track · ; to a line · S resume"


class Stepping(Spanning):
    """What these keys do, beside marks and spans."""

    feed: Feed

    def __init__(self) -> None:
        super().__init__()
        self._wanted: Place | None = None
        #: How many stops of the program the playhead has gone to.
        self._stops_seen = 0
        #: The last message about pausing and resuming.
        self._stop_lines: list[str] = []
        #: Whether it is true only while the program is paused.
        self._stop_is_pause = False

    def follow_stops(self) -> bool:
        """Go to where the program has stopped. Return whether it has."""
        control = self.feed.control
        if control is None:
            return self._follow_stops_of_another()
        if control.refused:
            control.refused = False
            self._show_stop("This interpreter cannot watch for a line: another tool already does.")
        if control.condition is Condition.GONE and control.until:
            missed, control.until = control.until, ""
            if self._stops_seen:
                self._show_stop(f"The program ended before it reached {missed}.")
            return True
        paused, seen = control.condition is Condition.PAUSED, control.stops == self._stops_seen
        if not (paused and seen):
            # About the last pause: the program may have continued and paused again since.
            self.view.paused_before = None
        if control.condition is Condition.ASKED and self._stop_is_pause and self.message_line.lines == self._stop_lines:
            return self._show_going(control.until)
        if not paused or seen or not self.feed.caught_up:
            return False
        first, self._stops_seen = not self._stops_seen, control.stops
        if first:
            self.view.prefer_switches()
        self.view.follow()
        if control.cause == "line":
            self.view.paused_before = self._wanted
            self._show_stop(f"Paused before {control.until}.", paused=True)
        elif first or self.message_line.lines == self._stop_lines:
            self._show_stop(f"Paused: {_KEYS}", paused=True)
        return True

    def _follow_stops_of_another(self) -> bool:
        """Another viewer pauses the program: a view that follows its end shows switches, however short the time is."""
        if self._stops_seen or not self.feed.paused or not self.view.playhead.following:
            return False
        self._stops_seen = 1
        self.view.prefer_switches()
        return True

    def _show_going(self, until: str) -> bool:
        """Replace the message about the last pause while the program continues. Return True: the message is new."""
        self._show_stop(_GOING.format(until))
        return True

    def _show_stop(self, *lines: str, paused: bool = False) -> None:
        self.message_line.set(*lines)
        self._stop_lines, self._stop_is_pause = self.message_line.lines, paused

    def no_switch(self, by: int, otherwise: str = "This is before the first switch.") -> str:
        if by > 0 and self.feed.paused:
            return _PAUSED if self.feed.control is not None else _PAUSED_ELSEWHERE
        return super().no_switch(by, otherwise)

    def is_paused_here(self) -> bool:
        """The program is paused, and this is its last switch."""
        view = self.view
        if not self.feed.paused or view.playhead.playing or view.playhead.index < view.last_switch:
            return False
        self.deny(self.no_switch(1))
        self.look()
        return True

    def action_hold(self) -> None:
        control = self._control()
        if control is not None:
            if control.condition is Condition.PAUSED:
                control.run_on()
                self._show_stop()
            elif control.condition is Condition.ASKED:
                control.run_on()
                self._show_stop("The program continues.")
            else:
                control.hold()
                self._show_stop("The program pauses at its next switch; S cancels that.")
        self.look()

    def action_take_switch(self) -> None:
        control = self._control()
        if control is not None:
            control.step()
        self.look()

    def action_run_to_track(self) -> None:
        control = self._control()
        if control is not None:
            track, timeline = self.view.selected, self.view.timeline
            known = timeline.tracks.get(track)
            if known is None or known.outcome is not None:
                self.deny("The selected track will not run again.")
            elif known.process:
                self.deny("The selected track is in a child process, which cannot be paused.")
            else:
                control.run_to_track(track, timeline.name(track))
        self.look()

    def action_run_to_line(self) -> None:
        if self._control() is not None:
            self.prompt.ask("stop", "run to line", "14 or demo.py:14")
        self.look()

    def _take_answer(self, what: str, text: str) -> None:
        if what != "stop":
            super()._take_answer(what, text)
            return
        control = self._control()
        try:
            wanted = goal(text)
        except ValueError:
            wanted = None
        if control is None:
            return
        if isinstance(wanted, Number):
            wanted = Line("", wanted.number)
        file = os.path.normpath(wanted.file or self._file()) if isinstance(wanted, Line) else "."
        if not isinstance(wanted, Line) or file == "." or "\n" in file:
            self.deny(_EXPECTED)
            return
        refused = refusal(self.view.timeline, wanted._replace(file=file))
        if refused is not None:
            self.deny(refused)
            return
        control.run_to_line(file, wanted.line)
        known = (name for name in self.view.timeline.sources if wanted._replace(file=file).names(name))
        self._wanted = Place(next(known, file), "", wanted.line, -1, -1, -1)
        self._show_stop()

    def _file(self) -> str:
        """The file of what runs now, or else of the script."""
        timeline = self.view.timeline
        place = running(timeline, self.view.playhead.index).place
        if place is not None:
            return place.file
        header = timeline.header
        return header.argv[0] if header is not None and header.argv and header.argv[0].endswith(".py") else ""

    def _control(self) -> ProgramControl | None:
        """The connection that can pause the program; None, with a message, if there is none."""
        control = self.feed.control
        if control is not None and control.condition is not Condition.GONE:
            return control
        if control is None and not self.feed.follow:
            self.deny("This is a recording: there is no program to pause.")
        elif control is None:
            self.deny("Only a program started by `visualizer run` can be paused.")
        elif self.feed.status is not None:
            self.deny("The program has ended.")
        else:
            self.deny("The program can no longer be paused.")
        return None
