"""The rows and their order: sorting, grouping, pinning and hiding, with a message for each."""

from __future__ import annotations

from visualizer.paint.rows.grouping import By, RowOrder
from visualizer.paint.rows.order import row_name
from visualizer.tui.actions.clock import Timekeeping

_SORTED = {
    RowOrder.START: "Rows are sorted by start.",
    RowOrder.NAME: "Rows are sorted by name.",
    RowOrder.RUNNING: "Rows are sorted by time running, the longest first.",
    RowOrder.READY: "Rows are sorted by time ready but not running, the longest first.",
    RowOrder.WAITING: "Rows are sorted by time waiting, the longest first.",
}
_GROUPED = {
    By.FUNCTION: "Rows are grouped by thread; many tracks of one function share a row.",
    By.THREAD: "Rows are grouped by thread.",
    By.KIND: "Rows are grouped by kind.",
    By.SPAWN: "Rows are grouped by spawn tree.",
    By.PROCESS: "Rows are grouped by process, then by thread.",
    By.NONE: "Rows are not grouped.",
}


class Arranging(Timekeeping):
    """What these keys do, beside marks, spans and times."""

    def action_sort(self, by: int) -> None:
        orders = list(RowOrder)
        self.action_sort_by(orders[(orders.index(self.view.order) + by) % len(orders)].name)

    def action_sort_by(self, order: str) -> None:
        self.view.sort_by(RowOrder[order])
        self._show_message(_SORTED[self.view.order])

    def action_group(self, by: int) -> None:
        known = list(By)
        self.action_group_by(known[(known.index(self.view.by) + by) % len(known)].name)

    def action_group_by(self, by: str) -> None:
        self.view.group_by(By[by])
        self._show_message(_GROUPED[self.view.by])

    def action_pin(self) -> None:
        row, pinned = self.view.selected_row, self.view.pin()
        if row is None:
            self.deny("There is no row to pin.")
            self.look()
        else:
            name = row_name(self.view.timeline, row)
            self._show_message(f"{name} is pinned on top." if pinned else f"{name} is no longer pinned.")

    def action_hide(self) -> None:
        name = self.view.hide()
        if name:
            self.message_line.set(f"{name} is hidden: D shows all hidden rows.")
        else:
            self.deny("There is no row to hide.")
        self.look()

    def action_show_hidden(self) -> None:
        count = self.view.show_hidden()
        if count:
            self.message_line.set(f"{count} hidden row{' is' if count == 1 else 's are'} back.")
        else:
            self.deny("No row is hidden.")
        self.look()

    def _show_message(self, said: str) -> None:
        self.message_line.set(said)
        self.look()
