"""A name is looked for in the list of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.screen import Screen

from visualizer.analysis.plain import plain
from visualizer.tui import messages
from visualizer.tui.widgets.prompt import Prompt


class Finding(Screen[None]):
    """A subclass has the list, and shows `prompt` below it."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt = Prompt()
        self._looked_for = ""

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
        """Say why nothing happens."""
        from visualizer.tui.app import VisualizerApp

        assert isinstance(self.app, VisualizerApp)
        self.app.bell()
        self.app.tell(sentence)

    def on_key(self, event: events.Key) -> None:
        # Whatever a binding or the line of the prompt takes does not come here.
        if not self.prompt.display:
            pressed = event.character if event.is_printable and event.character else event.key
            self.deny(f"{plain(pressed)} does nothing here: / finds a name, ? shows all keys.")

    def action_find(self) -> None:
        self.prompt.ask("name", "/", "part of a name")

    def action_find_next(self, by: int) -> None:
        if self._looked_for:
            self._find(self.position + by, by)
        else:
            self.deny("Nothing is looked for: / finds a name.")

    def action_back(self) -> None:
        if self.prompt.display:
            self.prompt.close()
            self.focus_list()
        else:
            self.deny("This is the catalogue: q quits.")

    @on(messages.Prompted)
    def _answer(self, message: messages.Prompted) -> None:
        self.focus_list()
        if message.text:
            self._looked_for = message.text
            # The one that is highlighted may be it.
            self._find(self.position, 1)

    def _find(self, start: int, by: int) -> None:
        """Highlight the nearest from there on; behind the last comes the first."""
        names, wanted = self.names, self._looked_for.casefold()
        for passed in range(len(names)):
            position = (start + by * passed) % len(names)
            if wanted in names[position].casefold():
                self.highlight(position)
                return
        self.deny(f"No scenario and no recording has {self._looked_for!r} in its name.")
