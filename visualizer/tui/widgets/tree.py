"""The spawn tree, and what each track does at the playhead."""

from __future__ import annotations

from visualizer.analysis.explore.spawn_tree import Family, Kin
from visualizer.analysis.index.groups import TrackGroup
from visualizer.paint.panes.spawn_tree import Node, node_runs, nodes
from visualizer.paint.text.canvas import Run
from visualizer.tui.messages import TrackChosen
from visualizer.tui.state.view import View
from visualizer.tui.widgets.pick_list import Pointed


class Tree(Pointed):
    """A line for each track; many of a kind share one until it is unfolded. The selected track is pointed at."""

    def __init__(self, view: View, id: str) -> None:
        super().__init__(view, id)
        self._family = Family(view.timeline)
        self._unfolded: set[Kin] = set()
        self._shown: list[Node] = []
        self._numbers: dict[int, int] = {}
        self._made_of: object = None
        self._track_groups: dict[Kin, TrackGroup] = {}
        self._selected = view.selected

    def show(self) -> None:
        if not self.display:
            return
        grown = self._family.take()
        of = self.view.timeline.renamed, len(self._unfolded)
        if grown or of != self._made_of:
            self._made_of = of
            self._shown = nodes(self._family, self._unfolded)
            self._numbers = {node.track: number for number, node in enumerate(self._shown) if node.kin is None}
            self._numbers.update(
                (track, number) for number, node in enumerate(self._shown) if node.folded for track in node.members
            )
        if self.view.selected != self._selected:
            self._selected = self.view.selected
            self.pointed = self._numbers.get(self._selected, self.pointed)
        super().show()

    @property
    def length(self) -> int:
        return len(self._shown) or 1

    @property
    def drawn_from(self) -> object:
        view = self.view
        return view.playhead.t_ns, view.selected, self._made_of, len(self._shown), view.timeline.version

    def runs(self, line: int, width: int) -> list[Run]:
        if not self._shown:
            return [Run(" No track yet.", "dim")]
        view, node = self.view, self._shown[line]
        selected = view.selected in node.members if node.folded else node.kin is None and node.track == view.selected
        return node_runs(
            view.timeline, node, view.playhead.t_ns, width,
            group=self._track_group(node), selected=selected, ascii=view.ascii,
        )

    def _track_group(self, node: Node) -> TrackGroup | None:
        if node.kin is None:
            return None
        track_group = self._track_groups.get(node.kin)
        if track_group is None:
            track_group = self._track_groups[node.kin] = TrackGroup(self.view.timeline)
        track_group.follow(node.members)
        return track_group

    def pick(self, line: int) -> None:
        if not self._shown:
            return
        node = self._shown[line]
        if node.kin is None:
            self.post_message(TrackChosen(node.track))
        else:
            self._unfolded ^= {node.kin}
            self._made_of = None
