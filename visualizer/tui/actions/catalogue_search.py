"""A name is looked for in the list of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on

from visualizer.tui import messages
from visualizer.tui.actions.unbound_keys import UnboundKeys
from visualizer.tui.widgets.message_line import MessageLine
from visualizer.tui.widgets.prompt import Prompt


class CatalogueSearch(UnboundKeys):
    """A subclass has the list, and shows `prompt` and `message_line` below it."""

    INSTEAD = "/ searches names, "

    def __init__(self) -> None:
        super().__init__()
        self.prompt = Prompt()
        self.message_line = MessageLine()
        self._looked_for = ""
        #: What was highlighted when the search began.
        self._began_at = 0

    @property
    def names(self) -> Sequence[str]:
        """Of all that is listed, in order."""
        raise NotImplementedError

    @property
    def position(self) -> int:
        """Which of them is highlighted."""
        raise NotImplementedError

    def highlight(self, position: int) -> None:
        """Highlight that one."""
        raise NotImplementedError

    def focus_list(self) -> None:
        """Give the focus back to the list."""
        raise NotImplementedError

    def deny(self, sentence: str) -> None:
        """Say why nothing happens, until the next key."""
        self.app.bell()
        self.message_line.set(sentence)

    def touched(self) -> None:
        super().touched()
        # One would cover what the next key asks or says in the lines at the bottom.
        self.app.clear_notifications()
        if self.message_line.display:
            self.message_line.set()

    @on(messages.Denied)
    def _deny(self, message: messages.Denied) -> None:
        self.deny(message.sentence)

    def action_find(self) -> None:
        self._began_at = self.position
        self.prompt.ask("name", "/", "part of a name")

    def action_find_next(self, by: int) -> None:
        if self._looked_for:
            self._find(self.position + by, by)
        else:
            self.deny("Nothing to search for: / searches names.")

    def action_back(self) -> None:
        if self.prompt.display:
            if self.prompt.asked == "name":
                self.highlight(self._began_at)
            self.prompt.close()
            self.focus_list()
        else:
            self.deny("This is the catalogue: q quits.")

    @on(messages.Typing)
    def _follow_typing(self, message: messages.Typing) -> None:
        if message.what == "name":
            found = self._nearest(message.text, self._began_at, 1)
            self.highlight(self._began_at if found is None else found)

    @on(messages.Prompted)
    def _answer(self, message: messages.Prompted) -> None:
        self.focus_list()
        if message.text:
            self.take_answer(message.what, message.text)

    def take_answer(self, what: str, text: str) -> None:
        """`text` is the answer to what was asked with the prompt."""
        if what == "name":
            self._looked_for = text
            # The one that is highlighted may be it.
            self._find(self._began_at, 1)

    def _find(self, start: int, by: int) -> None:
        """Highlight the nearest from there on; behind the last comes the first."""
        found = self._nearest(self._looked_for, start, by)
        if found is None:
            self.deny(f"No scenario or recording has {self._looked_for!r} in its name.")
        else:
            self.highlight(found)

    def _nearest(self, text: str, start: int, by: int) -> int | None:
        """Which of the names from there on has `text` in it first; None if none has."""
        names, wanted = self.names, text.casefold()
        ways = ((start + by * passed) % len(names) for passed in range(len(names)))
        return next((position for position in ways if wanted in names[position].casefold()), None)
