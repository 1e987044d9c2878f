"""One line in which a text is typed that the names of the tracks shall hold; it is there as long as it filters."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from visualizer.tui.messages import Filtered
from visualizer.tui.state.view import View


class _FilterInput(Input):
    def check_consume_key(self, key: str, character: str | None) -> bool:
        # Otherwise the footer promises that these zoom while they are typed.
        return super().check_consume_key(key, character) or key in ("plus", "minus")


class Filter(Horizontal):
    """Tells how many tracks the text finds. Enter goes back to them."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._input = _FilterInput(compact=True, select_on_focus=False)
        self._found = Static(markup=False)

    def compose(self) -> ComposeResult:
        yield Static(" & ", id="sign", markup=False)
        yield self._input
        yield self._found

    def show(self) -> None:
        """Tell what is found."""
        if self.display:
            found, count = self._view.found, len(self._view.timeline.tracks)
            self.show_count(f"{found} of {count} track{'' if count == 1 else 's'}, esc: all ")

    def show_count(self, found: str) -> None:
        """Show at the end of the line how many tracks match."""
        self._found.update(found)

    def open(self) -> None:
        self.display = True
        self._input.focus()

    def close(self) -> None:
        """Be gone, and filter no more."""
        self.display = False
        with self._input.prevent(Input.Changed):
            self._input.value = ""
        self.post_message(Filtered("", done=True))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Filtered(event.value))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.post_message(Filtered(event.value, done=True))
        else:
            self.close()
