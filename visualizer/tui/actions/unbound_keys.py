"""A key that is not bound shows a sentence that says so."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from visualizer.analysis.text.printable import plain
from visualizer.tui.messages import Denied

#: Keys of other programs -> those that do the same here.
_ELSEWHERE = {"f1": "question_mark", "f3": "n", "ctrl+z": "u", "ctrl+y": "U", "ctrl+g": "colon", "ctrl+o": "comma"}
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
        meant = self._meant(key)
        if meant is None:
            return f"{pressed} does nothing here: {self.INSTEAD}? shows all keys."
        shown = self.app.get_key_display(meant).strip()
        what = meant.tooltip[:1].lower() + meant.tooltip[1:].partition(";")[0]
        return f"{pressed} does nothing here; {shown}: {what}. ? shows all keys."

    def _meant(self, key: str) -> Binding | None:
        """The key that was probably meant: of other programs, or the same letter, small or large or without Ctrl."""
        letter = key.removeprefix("ctrl+").removeprefix("alt+")
        for near in (_ELSEWHERE.get(key, ""), letter, letter.swapcase()):
            if near != key and near and self._is_bound(near):
                return self.active_bindings[near].binding
        return None

    def _is_bound(self, key: str) -> bool:
        known = self.active_bindings.get(key)
        if known is None:
            return False
        # With a single pane the focus has nowhere to go.
        return known.binding.action not in _FOCUS or len(self.focus_chain) > 1
