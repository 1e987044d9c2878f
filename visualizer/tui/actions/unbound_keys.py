"""A key that is not bound shows a sentence that says so."""

from __future__ import annotations

from textual import events
from textual.screen import Screen
from textual.widgets import Input

from visualizer.analysis.text.printable import plain
from visualizer.tui.messages import Denied

_FOCUS = ("app.focus_next", "app.focus_previous")


class UnboundKeys(Screen[None]):
    """A subclass shows `Denied` messages in its own place."""

    #: What to do instead, beside asking for all keys.
    INSTEAD = ""

    def touched(self) -> None:
        """A key or a button is about to do something: the message about the last one is outdated."""

    def on_key(self, event: events.Key) -> None:
        # It comes here on its way from the focus to the bindings, which the app looks through last of all: so does
        # every key but those that a line takes in which something is typed.
        if isinstance(self.focused, Input) or self._is_bound(event.key) or event.key.startswith("<"):
            return
        pressed = event.character if event.is_printable and event.character else event.key
        self.post_message(Denied(self.nothing_done_by(event.key, plain(pressed))))

    def nothing_done_by(self, key: str, pressed: str) -> str:
        """The message about `key`, whose name is `pressed`."""
        return f"{pressed} does nothing here: {self.INSTEAD}? shows all keys."

    def _is_bound(self, key: str) -> bool:
        known = self.active_bindings.get(key)
        if known is None:
            return False
        # With a single pane the focus has nowhere to go.
        return known.binding.action not in _FOCUS or len(self.focus_chain) > 1
