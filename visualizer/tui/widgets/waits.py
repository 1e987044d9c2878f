"""Who waits for whom at the playhead."""

from __future__ import annotations

from visualizer.analysis.waiting import moment_at
from visualizer.paint.graph import Said, graph
from visualizer.paint.row import Run
from visualizer.trace import words
from visualizer.tui.messages import TrackChosen
from visualizer.tui.view import View
from visualizer.tui.widgets.pointed import Pointed


class Waits(Pointed):
    """Lines of chains and circles, made anew for each moment. A choice selects the track that a line begins with."""

    def __init__(self, view: View, id: str) -> None:
        super().__init__(view, id)
        self._lines: list[Said] = []
        self._made_of: object = None

    def show(self) -> None:
        if not self.display or not self.width:
            return
        view = self.view
        made_of = view.playhead.t_ns, view.timeline.version, self.width
        if made_of != self._made_of:
            self._made_of = made_of
            moment = moment_at(view.timeline, view.playhead.t_ns)
            self._lines = graph(view.timeline, moment, self.width, ascii=view.ascii)
        super().show()

    @property
    def length(self) -> int:
        return len(self._lines)

    @property
    def drawn_from(self) -> object:
        return self._made_of

    def runs(self, line: int, width: int) -> list[Run]:
        return self._lines[line].runs

    def pick(self, line: int) -> None:
        if 0 <= line < len(self._lines) and self._lines[line].track != words.NOBODY:
            self.post_message(TrackChosen(self._lines[line].track))
