"""Marks on the timeline, and a span of it: between two marks, or from where one began to where one is."""

from __future__ import annotations

from visualizer.analysis.explore.jumps import Moments, What
from visualizer.analysis.explore.marks import Marks, measure, split
from visualizer.tui.actions.jumps import Navigating
from visualizer.tui.dialogs.marks import MarksScreen


class Spanning(Navigating):
    """What these keys do, beside jumps."""

    #: A hint on where a span has more details.
    MORE_OF_SPAN = "; press 3 for its statistics"

    def __init__(self) -> None:
        super().__init__()
        self._shown_span: tuple[int, int] | None = None

    @property
    def marks(self) -> Marks:
        """Those of the view, which draws them."""
        return self.view.marks

    async def _moments(self, what: What) -> Moments:
        return self.marks.moments() if what is What.MARK else await super()._moments(what)

    def action_mark(self) -> None:
        t_ns = self.view.playhead.t_ns
        known = self.marks.at(t_ns)
        if known is not None:
            self.marks.remove(known)
            self.message_line.set(f"Mark removed: {known.name}")
        else:
            self.message_line.set(f"Mark set: {self.marks.set(t_ns).name}")
        self.keep_marks()
        self.look()

    def action_name_mark(self) -> None:
        known = self.marks.at(self.view.playhead.t_ns)
        # A name that nobody gave is in the way.
        told = known.told if known is not None and not (known.is_numbered and not known.caption) else ""
        self.prompt.ask("mark", "name of the mark", "name, or name: caption", told)
        self.look()

    def _take_answer(self, what: str, text: str) -> None:
        if what == "mark":
            self.message_line.set(f"Mark set: {self.marks.set(self.view.playhead.t_ns, *split(text)).name}")
            self.keep_marks()
        else:
            super()._take_answer(what, text)

    def action_marks(self) -> None:
        if not len(self.marks):
            self.deny("There are no marks yet: m sets one.")
            self.look()
            return
        self.app.push_screen(MarksScreen(self.view, self.keep_marks), self._go_to_mark)

    def keep_marks(self) -> None:
        """The marks have changed: a screen that keeps them does so."""

    def _go_to_mark(self, t_ns: int | None) -> None:
        if t_ns is not None:
            self.view.go_to_time(t_ns)
        self.look()

    def action_span(self) -> None:
        self.view.begin_or_hold_span()
        self.look()

    def action_extend_span(self, by: int) -> None:
        self.attempt(lambda: self.view.extend_span(by), self.no_switch(by))

    def action_span_of_marks(self) -> None:
        around = self.marks.around(self.view.playhead.t_ns)
        if around is None:
            self.deny("This needs two marks: m sets one.")
        else:
            self.view.span_over(around[0].t_ns, around[1].t_ns)
        self.look()

    def action_zoom_to_span(self) -> None:
        if not self.view.zoom_to_span():
            self.deny("There is no span to zoom in on: v starts one.")
        self.look()

    def show_span(self) -> None:
        """Show how long the span is whenever it has changed."""
        span = self.view.span
        if span != self._shown_span:
            self._shown_span = span
            if span is None:
                self.message_line.set()
            else:
                self.message_line.set(f"{measure(self.view.timeline, *span, self.view.zero_ns)}{self.MORE_OF_SPAN}")
