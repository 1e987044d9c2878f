"""The marks as a list, to go to one of them, move it or remove it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList

from visualizer.analysis.text.printable import plain
from visualizer.tui import keys
from visualizer.tui.state.view import View
from visualizer.tui.widgets.header import moment


class MarksScreen(ModalScreen[int | None]):
    """Ends with the time of the mark that was chosen, or with None."""

    BINDINGS = keys.bindings([keys.MARKS])

    def __init__(self, view: View, changed: Callable[[], None]) -> None:
        """`changed` is called when a mark has been moved or removed."""
        super().__init__()
        self._view = view
        self._marks = view.marks
        self._changed = changed
        self._list = OptionList(id="marks", markup=False)
        self._list.border_title = "Marks"
        self._list.border_subtitle = "Enter: go · < >: move · Delete: remove · Escape: close"

    def compose(self) -> ComposeResult:
        yield self._list

    def on_mount(self) -> None:
        self._fill()

    def _fill(self) -> None:
        at = self._list.highlighted
        self._list.clear_options()
        self._list.add_options(
            Content(f"{moment(mark.t_ns, self._view.now_ns):>12}  {plain(mark.line)}") for mark in self._marks
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
            self._changed()
            self._fill()
        if not len(self._marks):
            self.dismiss(None)

    def action_move(self, by: int) -> None:
        """To the next switch, or the previous one, where no mark is yet."""
        at = self._list.highlighted
        if at is None:
            return
        mark = list(self._marks)[at]
        switch_ns = self._view.timeline.switch_ns
        index = bisect_right(switch_ns, mark.t_ns) if by > 0 else bisect_left(switch_ns, mark.t_ns) - 1
        while 0 <= index < len(switch_ns) and self._marks.at(switch_ns[index]) is not None:
            index += by
        if 0 <= index < len(switch_ns):
            self._marks.remove(mark)
            moved = self._marks.set(switch_ns[index], mark.name, mark.caption)
            self._changed()
            self._fill()
            self._list.highlighted = list(self._marks).index(moved)

    def action_close(self) -> None:
        self.dismiss(None)
