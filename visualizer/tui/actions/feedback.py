"""Keys that can do nothing right now: they say so in one sentence, which the next key takes away."""

from __future__ import annotations

from collections.abc import Callable

from textual import on

from visualizer.tui import messages
from visualizer.tui.actions.unbound_keys import Answering
from visualizer.tui.state.view import View
from visualizer.tui.widgets.message_line import Told


class Telling(Answering):
    """A subclass has `view` and the panes, and draws them when it hears that it has `Looked`."""

    view: View
    told: Told

    def __init__(self) -> None:
        super().__init__()
        self._denied = ""
        #: What stood there before, and whether a key was pressed since.
        self._told_before: list[str] = []
        self._over = False
        #: What was told that is true only for a while, and whether it still is.
        self._told_while: list[str] = []
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
            self._told_before = self.told.lines
        self._denied, self._over = sentence, False
        self.told.tell(sentence)

    def no_switch(self, by: int, otherwise: str = "This is before the first switch.") -> str:
        """Why there is no switch in that direction."""
        live = self.view.live
        if not self.view.timeline.switch_count:
            return "Nothing is switched yet." if live else "Nothing was switched."
        if by > 0:
            return "This is the last switch so far." if live else "This is the last switch."
        return otherwise

    def is_held_here(self) -> bool:
        """Whether the view alone cannot go on, which is said then."""
        return False

    def touched(self) -> None:
        super().touched()
        self._over = True

    def tell_while(self, holds: Callable[[], bool], *lines: str) -> None:
        """Tell something that is to go as soon as it `holds` no more."""
        self.told.tell(*lines)
        self._told_while, self._holds = self.told.lines, holds

    def tell_here(self, *lines: str) -> None:
        """Tell something of the moment that the playhead is at; it is not true of the next."""
        t_ns = self.view.playhead.t_ns
        self.tell_while(lambda: self.view.playhead.t_ns == t_ns, *lines)

    def drop_outdated(self) -> None:
        """Take away what was told and holds no more."""
        if self._told_while and not self._holds():
            if self._told_before == self._told_while:
                self._told_before = []
            if self.told.lines == self._told_while:
                self.told.tell()
            self._told_while = []

    def drop_denied(self) -> None:
        """Take away what was said of a key before the last, unless something else is told by now."""
        if self._denied and self._over:
            if self.told.lines == [self._denied]:
                self.told.tell(*self._told_before)
            self._denied = ""

    @on(messages.Denied)
    def _deny(self, message: messages.Denied) -> None:
        self.deny(message.sentence)
        self.look()
