"""One line in which something is typed that the timeline needs: where to go to, what to look for, a name."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from visualizer.tui.messages import Prompted, Typing


class _PromptInput(Input):
    def check_consume_key(self, key: str, character: str | None) -> bool:
        # Otherwise the footer promises that these zoom while they are typed.
        return super().check_consume_key(key, character) or key in ("plus", "minus")

    def on_key(self, event: events.Key) -> None:
        # It would lead elsewhere, where what is typed next are keys.
        if event.key in ("tab", "shift+tab"):
            event.stop()
            event.prevent_default()


class Prompt(Horizontal):
    """Asks for one thing at a time. Enter answers, and it is gone; Escape has it gone without an answer."""

    def __init__(self) -> None:
        super().__init__()
        self._title = Static(markup=False)
        self._input = _PromptInput(compact=True, select_on_focus=False)
        #: What is asked for.
        self.asked = ""

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._input

    def ask(self, what: str, title: str, hint: str, value: str = "") -> None:
        """Ask for `what`, which is `value` so far; `hint` shows what may be typed until something is."""
        self.asked = what
        self._title.update(f" {title} ")
        with self.prevent(Input.Changed):
            self._input.value = value
        self._input.cursor_position = len(value)
        self._input.placeholder = hint
        self.display = True
        self._input.focus()

    def close(self) -> None:
        """Be gone."""
        self.display = False

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Typing(self.asked, event.value.strip()))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.close()
        self.post_message(Prompted(self.asked, event.value.strip()))
