"""Which view of the model is visible, and selecting in views other than the timeline."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from visualizer.tui import messages
from visualizer.tui.actions.spans import Spanning
from visualizer.tui.widgets.sequence import Sequence


class Viewing(Spanning):
    """What these keys and clicks do, beside spans. A subclass has the panes."""

    sequence: Sequence
    #: What the sequence takes the place of.
    instead: tuple[Widget, ...]

    def action_sequence(self) -> None:
        """From the timeline to the sequence, or back. Whichever comes has the focus if the other one had it."""
        focused = self.focused in (None, self.sequence, *self.instead)
        self._show_sequence(not self.sequence.display)
        if focused:
            self.focus_front()
        # Not all keys do something in both.
        self.refresh_bindings()
        self.look()

    def _show_sequence(self, shown: bool) -> None:
        self.sequence.display = self.sequence.head.display = shown
        for pane in self.instead:
            pane.display = not shown

    def focus_front(self) -> None:
        """Give the focus to the tracks, or to the sequence in their place."""
        front = next((pane for pane in (self.sequence, *self.instead) if pane.display and pane.can_focus), None)
        self.set_focus(front)

    @on(messages.TrackChosen)
    def _choose_track(self, message: messages.TrackChosen) -> None:
        self.view.select_track(message.track)
        self.look()
