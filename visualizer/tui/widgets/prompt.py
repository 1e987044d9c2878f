"""One line in which something is typed that the timeline needs: where to go to, what to look for, a name."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from visualizer.tui.messages import Prompted


class _PromptInput(Input):
    def check_consume_key(self, key: str, character: str | None) -> bool:
        # Otherwise the footer promises that these zoom while they are typed.
        return super().check_consume_key(key, character) or key in ("plus", "minus")


class Prompt(Horizontal):
    """Asks for one thing at a time. Enter answers, and it is gone; Escape has it gone without an answer."""

    def __init__(self) -> None:
        super().__init__()
        self._title = Static(markup=False)
        self._input = _PromptInput(compact=True, select_on_focus=False)
        self._asked = ""

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._input

    def ask(self, what: str, title: str, hint: str) -> None:
        """Ask for `what`; `hint` shows what may be typed until something is."""
        self._asked = what
        self._title.update(f" {title} ")
        self._input.value = ""
        self._input.placeholder = hint
        self.display = True
        self._input.focus()

    def close(self) -> None:
        """Be gone."""
        self.display = False

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.close()
        self.post_message(Prompted(self._asked, event.value.strip()))
