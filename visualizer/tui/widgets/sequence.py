"""The sequence diagram: a lifeline for each track, a line for each switch. It replaces the tracks."""

from __future__ import annotations

from textual import events
from textual.strip import Strip
from textual.widget import Widget

from visualizer.paint.panes import sequence as painted
from visualizer.paint.panes.sequence import Lifelines, heads, lifelines
from visualizer.paint.text.canvas import Run
from visualizer.trace import words
from visualizer.tui import keys
from visualizer.tui.messages import TrackChosen
from visualizer.tui.state.view import View
from visualizer.tui.terminal.styles import strip
from visualizer.tui.widgets.switch_list import SwitchList


class Sequence(SwitchList):
    """The arrow of each switch; a click on one goes there."""

    BINDINGS = keys.bindings([keys.LIST, keys.PAGES, keys.SEQUENCE])

    def __init__(self, view: View) -> None:
        super().__init__(view, "sequence")
        self.head = _Heads(self)
        self._lifelines: Lifelines | None = None
        self._lifelines_of: object = None
        #: Switches behind which a mark is set.
        self._marked: frozenset[int] = frozenset()

    def show(self) -> None:
        if self.display:
            before = self.view.timeline.switch_before
            self._marked = frozenset(before(mark.t_ns) for mark in self.view.marks)
        super().show()
        if self.display:
            self.head.show()

    @property
    def drawn_from(self) -> object:
        # While more arrives, tracks become ready or end after the last switch, and names change.
        view = self.view
        return view.selected, view.span, self._marked, view.timeline.version if view.live else None

    @property
    def lifelines(self) -> Lifelines:
        """The lifelines of the visible lines."""
        view, timeline = self.view, self.view.timeline
        top, height = self.scroll_offset.y, self.size.height
        of = (
            top, height, self.width, self.current, view.selected, len(timeline.tracks), timeline.switch_count
        )
        if self._lifelines is None or of != self._lifelines_of:
            self._lifelines_of = of
            visible = range(top, min(top + height, timeline.switch_count))
            self._lifelines = lifelines(timeline, visible, self.width, self.current, (view.selected,))
        return self._lifelines

    @property
    def span(self) -> str:
        """The visible switches, as FILE@SPAN has them; "" where all are."""
        top, count = self.scroll_offset.y, self.view.timeline.switch_count
        last = min(top + self.size.height, count)
        return f"@#{top + 1}-#{last}" if (top, last) != (0, count) and top < last else ""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # Other tracks may take part in the visible lines now.
        self.head.show()

    def said(self, line: int, width: int) -> list[Run]:
        timeline = self.view.timeline
        span, t_ns = self.view.span, timeline.switch_ns[line]
        return painted.line(
            timeline, self.lifelines, line, ascii=self.view.ascii,
            within=span is not None and span[0] <= t_ns <= span[1], marked=line in self._marked,
        )

    def choose(self, line: int) -> None:
        if line < self.view.timeline.switch_count:
            super().choose(line)

    def action_lifeline(self, by: int) -> None:
        """Select the track of the next lifeline; the first, if the selected one has none."""
        tracks = self.lifelines.tracks
        if tracks:
            at = tracks.index(self.view.selected) + by if self.view.selected in tracks else 0
            self.post_message(TrackChosen(tracks[min(max(at, 0), len(tracks) - 1)]))


class _Heads(Widget):
    """The names over the lifelines; a click on one selects its track."""

    DEFAULT_CLASSES = "heads"
    ALLOW_SELECT = False

    def __init__(self, sequence: Sequence) -> None:
        super().__init__()
        self._sequence = sequence
        self._said: list[Run] = []

    def show(self) -> None:
        """Draw them if they are others than before."""
        view = self._sequence.view
        said = heads(view.timeline, self._sequence.lifelines, view.selected, ascii=view.ascii)
        if said != self._said:
            self._said = said
            self.refresh()

    def render_line(self, y: int) -> Strip:
        return strip(self, self._said, self.size.width)

    def on_click(self, event: events.Click) -> None:
        track = self._sequence.lifelines.track_at(event.x)
        if track != words.NOBODY:
            self.post_message(TrackChosen(track))
