"""The marks as a list, to go to one of them or to remove it."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList

from visualizer.analysis.explore.marks import Marks
from visualizer.analysis.text.printable import plain
from visualizer.tui import keys
from visualizer.tui.widgets.header import moment


class MarksScreen(ModalScreen[int | None]):
    """Ends with the time of the mark that was chosen, or with None."""

    BINDINGS = keys.bindings([keys.MARKS])

    def __init__(self, marks: Marks, of_ns: int) -> None:
        super().__init__()
        self._marks = marks
        self._of_ns = of_ns
        self._list = OptionList(id="marks", markup=False)
        self._list.border_title = "Marks"
        self._list.border_subtitle = "Enter: go to it · Delete: remove it · Escape: close"

    def compose(self) -> ComposeResult:
        yield self._list

    def on_mount(self) -> None:
        self._fill()

    def _fill(self) -> None:
        at = self._list.highlighted
        self._list.clear_options()
        self._list.add_options(
            Content(f"{moment(mark.t_ns, self._of_ns):>12}  {plain(mark.name)}") for mark in self._marks
        )
        if len(self._marks):
            self._list.highlighted = min(at or 0, len(self._marks) - 1)
        self._list.focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(list(self._marks)[event.option_index].t_ns)

    def action_remove(self) -> None:
        at = self._list.highlighted
        if at is not None and at < len(self._marks):
            self._marks.remove(list(self._marks)[at])
            self._fill()
        if not len(self._marks):
            self.dismiss(None)

    def action_close(self) -> None:
        self.dismiss(None)
