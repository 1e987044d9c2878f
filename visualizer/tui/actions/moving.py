"""Moving along a timeline: by switches, the visible range, selecting and folding rows."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.binding import ActiveBinding

from visualizer.analysis.index.idle_gaps import gaps
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.rows.order import GROUP_FROM
from visualizer.tui import messages
from visualizer.tui.actions.jumps import Navigating
from visualizer.tui.state.view import View
from visualizer.tui.widgets.filter import Filter

#: A pan by key moves by this part of the visible range.
_PAN_SHARE = 4


class Bringing:
    """Which row of a view is to be scrolled to once the playhead, the selection or the number of rows is another."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._before: tuple[int, int, int] | None = None

    def row(self) -> int | None:
        """Its number; None if nothing of that has changed since it was asked last."""
        view, before = self._view, self._before
        now = self._before = view.playhead.index, view.selected_number, view.line_count
        if now == before:
            return None
        if before is not None and now[1:] != before[1:]:
            return view.selected_number
        return view.row_of(view.timeline.running_at(view.playhead.index))


class Moving(Navigating):
    """What these keys do, beside jumps."""

    #: What all is that can be seen.
    WHOLE = "the trace"
    filter: Filter
    #: The last word shown for Escape in the footer.
    _escape_text = ""

    def remember_axis(self, axis: Axis) -> None:
        """The axis was chosen: it may be wanted again the next time."""

    def no_further(self, by: int) -> str:
        """Why nothing can be panned in that direction."""
        return f"This is the {'end' if by > 0 else 'beginning'} of the trace."

    # Switches.

    def action_step(self, by: int) -> None:
        if by < 0 or not self.is_paused_here():
            self.attempt(lambda: self.view.step(by), self.no_switch(by))

    def action_step_of(self, by: int) -> None:
        if not self.view.step_of_selected(by):
            self.deny(f"There is no {'further' if by > 0 else 'earlier'} switch to the selected track.")
        self.look()

    def action_first(self) -> None:
        self.attempt(lambda: self.view.go(self.view.first_switch), self.no_switch(-1, "This is the first switch."))

    def action_last(self) -> None:
        self.attempt(self.view.last, self.no_switch(1))

    def action_hurry(self, by: int) -> None:
        self.attempt(lambda: self.view.playhead.hurry(by), f"This is the {'highest' if by > 0 else 'lowest'} speed.")

    # The visible range.

    def action_zoom(self, by: int) -> None:
        edge = "Cannot zoom in any further." if by > 0 else f"All of {self.WHOLE} is visible."
        self.attempt(lambda: self.view.zoom(by if by > 0 else -1 / by), edge)

    def action_pan(self, by: int) -> None:
        cells = by * max(1, self.view.viewport.width // _PAN_SHARE)
        self.attempt(lambda: self.view.pan(cells), self.no_further(by))

    def action_fit(self) -> None:
        self.attempt(self.view.fit, "Everything is visible already.")

    def action_axis(self) -> None:
        self.view.toggle_axis()
        self.remember_axis(self.view.viewport.axis)
        self.look()

    @property
    def gap_count(self) -> int:
        """How many gaps there are that can be folded."""
        return len(gaps(self.view.timeline))

    def action_fold_gaps(self) -> None:
        count = self.gap_count
        if not count and not self.view.live and self.view.viewport.axis is not Axis.BUSY:
            # Another axis would look the same, and claim to be another.
            self.deny("No gap is long enough to fold: some track is always running.")
            self.look()
            return
        folded = self.view.fold_gaps()
        axis = self.view.viewport.axis
        self.remember_axis(axis)

        t_ns = self.view.playhead.t_ns

        def as_now() -> bool:
            playhead = self.view.playhead
            return self.view.viewport.axis is axis and (playhead.following or playhead.t_ns == t_ns)

        if not folded:
            self.message_while(as_now, "Gaps are no longer folded.")
        elif not count:
            self.message_while(as_now, "No gap is long enough to fold yet: some track has always been running.")
        else:
            which = "1 idle gap is" if count == 1 else f"{count} idle gaps are"
            self.message_while(as_now, f"{which} folded; the ruler shows how long each is.")
        self.look()

    # Rows.

    def action_select(self, by: int) -> None:
        self.attempt(lambda: self.view.select(by), f"This is the {'last' if by > 0 else 'first'} track.")

    def action_fold(self) -> None:
        self.attempt(lambda: self.view.fold(self.view.selected_number), "There is nothing to fold here.")

    def action_fold_all(self) -> None:
        self.attempt(self.view.fold_all, f"There are no groups: a group takes {GROUP_FROM} tracks of one name.")

    def action_filter(self) -> None:
        self.filter.open()
        self.look()

    @property
    def is_anything_open(self) -> bool:
        """Whether there is something for Escape to close before it leaves the screen."""
        return self.prompt.display or self.filter.display or self.view.span is not None or self.message_line.display

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The footer shows what Escape does at the moment."""
        found = super().active_bindings
        escape, text = found.get("escape"), self.escape_text
        if escape is not None and escape.binding.action == "back" and escape.binding.show and text:
            found["escape"] = escape._replace(binding=replace(escape.binding, description=text))
        return found

    @property
    def escape_text(self) -> str:
        """What Escape does now, in a word; "" for the text of its binding."""
        return "Close" if self.is_anything_open else ""

    def refresh_footer(self) -> None:
        """Have the footer say what Escape does, if that is something else by now."""
        if self.escape_text != self._escape_text:
            self._escape_text = self.escape_text
            self.refresh_bindings()

    def put_away(self) -> bool:
        """Close the uppermost of what was opened for a while. Return whether there was anything."""
        if self.prompt.display:
            self.prompt.close()
            self.focus_front()
            self.look()
        elif self.filter.display:
            self.filter.close()
        elif self.view.span is not None or self.message_line.display:
            self.view.drop_span()
            self.message_line.set()
            self.look()
        else:
            return False
        return True

    @on(messages.Filtered)
    def _filter_by(self, message: messages.Filtered) -> None:
        self.filter_by(message.text)
        if message.done:
            self.focus_front()
        self.look()

    def filter_by(self, text: str) -> None:
        """Show only tracks with that text in their names."""
        self.view.filter_by(text)
