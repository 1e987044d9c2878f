"""Keys that can do nothing right now: they say so in one sentence, which the next key takes away."""

from __future__ import annotations

from collections.abc import Callable

from textual import on

from visualizer.tui import messages
from visualizer.tui.actions.unbound_keys import UnboundKeys
from visualizer.tui.state.view import View
from visualizer.tui.widgets.message_line import MessageLine


class Feedback(UnboundKeys):
    """A subclass has `view` and the panes, and draws them when it hears that it has `Looked`."""

    view: View
    message_line: MessageLine

    def __init__(self) -> None:
        super().__init__()
        self._denied = ""
        #: What stood there before, and whether a key was pressed since.
        self._lines_before: list[str] = []
        self._over = False
        #: A message that is true only for a while, and whether it still is.
        self._lines_while: list[str] = []
        self._holds: Callable[[], bool] = bool

    def look(self) -> None:
        """Have everything drawn that has changed."""
        self.post_message(messages.Looked())

    def attempt(self, do: Callable[[], object], otherwise: str) -> None:
        """Do that, and draw what has changed; if nothing of the view has, say `otherwise`."""
        before = self.view.condition
        do()
        if self.view.condition == before:
            self.deny(otherwise)
        self.look()

    def deny(self, sentence: str) -> None:
        """Say why nothing happens."""
        self.app.bell()
        if not self._denied:
            self._lines_before = self.message_line.lines
        self._denied, self._over = sentence, False
        self.message_line.set(sentence)

    def no_switch(self, by: int, otherwise: str = "This is before the first switch.") -> str:
        """Why there is no switch in that direction."""
        live = self.view.live
        if not self.view.timeline.switch_count:
            return "No switch yet." if live else "No switch."
        if by > 0:
            return "This is the last switch so far." if live else "This is the last switch."
        return otherwise

    def is_paused_here(self) -> bool:
        """Whether only the program can continue, since the view is at its end; if so, show a message."""
        return False

    def touched(self) -> None:
        super().touched()
        self._over = True

    def message_while(self, holds: Callable[[], bool], *lines: str) -> None:
        """Show a message that is removed as soon as `holds` is false."""
        self.message_line.set(*lines)
        self._lines_while, self._holds = self.message_line.lines, holds

    def message_here(self, *lines: str) -> None:
        """Show a message about the playhead's moment; it is removed when the playhead moves."""
        t_ns = self.view.playhead.t_ns
        self.message_while(lambda: self.view.playhead.t_ns == t_ns, *lines)

    def drop_outdated(self) -> None:
        """Remove a message that is no longer true."""
        if self._lines_while and not self._holds():
            if self._lines_before == self._lines_while:
                self._lines_before = []
            if self.message_line.lines == self._lines_while:
                self.message_line.set()
            self._lines_while = []

    def drop_denied(self) -> None:
        """Remove the message about an earlier key, unless it has been replaced."""
        if self._denied and self._over:
            if self.message_line.lines == [self._denied]:
                self.message_line.set(*self._lines_before)
            self._denied = ""

    @on(messages.Denied)
    def _deny(self, message: messages.Denied) -> None:
        self.deny(message.sentence)
        self.look()
