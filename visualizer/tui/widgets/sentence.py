"""The switch under the playhead in one plain sentence, and what the selected track does at that moment and next."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.index.polls import called
from visualizer.analysis.model.timeline import State
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import Length, describe_state, sentence, sentence_before_first
from visualizer.analysis.text.upcoming import what_next
from visualizer.paint.rows.group_row import state_counts
from visualizer.paint.rows.order import row_name
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import fit_sentence, is_wider
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.paint.text.wait_labels import brief
from visualizer.trace import words
from visualizer.tui.state.view import View
from visualizer.tui.terminal.styles import strip
from visualizer.tui.widgets.notices import Notice

#: As many as the style sheet gives it.
_LINES = 2


class Sentence(Widget):
    """The sentence, and below it the state of the selected track, if any and if the sentence takes one line: it is told
    in fewer words where that is all it takes, and cut only where it would take more than both."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._lines: list[list[Run]] = []

    def show(self) -> None:
        """Draw the state at the playhead."""
        lines = self._said()
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def on_resize(self) -> None:
        self.show()

    def render_line(self, y: int) -> Strip:
        runs = self._lines[y] if y < len(self._lines) else []
        return strip(self, [Run(" ", "text"), *runs], self.size.width)

    def _said(self) -> list[list[Run]]:
        view, width = self._view, max(10, self.size.width - 2)
        timeline, index = view.timeline, view.playhead.index
        if index < 0:
            lines = [[Run(fit_sentence(plain(sentence_before_first(timeline)), width), "text")]]
        else:
            switch = timeline.switch(index)
            ends = (switch.target,) if switch.cause in words.SUSPENDS_NOBODY else (switch.origin, switch.target)
            who = " → ".join(timeline.name(track, switch.t_ns) for track in ends)
            head = plain(who) + "   "
            tellings = (head + plain(sentence(timeline, index, length)) for length in Length)
            wordings = [Notice(brief(timeline, said, switch.suspension, width), "text") for said in tellings]
            fitting = (one for most in (1, _LINES) for one in wordings if len(one.broken(width)) <= most)
            broken = next(fitting, wordings[-1]).within(width, _LINES)
            lines = [[Run(line.text, line.style)] for line in broken]
            if broken[0].text.startswith(head):
                lines[0] = [Run(head, "edge"), Run(broken[0].text[len(head) :], "text")]
        if view.selected in timeline.tracks:
            lines.append(self._selected(width))
        return lines

    def _selected(self, width: int) -> list[Run]:
        view = self._view
        row = view.selected_row
        if row is not None and row.group is not None and view.selected_group is not None:
            said = f"{row_name(view.timeline, row)}: {state_counts(view.track_group(row), view.playhead.t_ns)}"
            return [Run("  ", "text"), Run(fit_sentence(said, width - 2), "ruler")]
        track = view.timeline.tracks[view.selected]
        at = track.slices.at(view.playhead.t_ns)
        state = State(called(view.timeline, track).state[at]) if at >= 0 else State.UNKNOWN
        mark = glyphs(view.ascii)[state] if at >= 0 else " "
        suspension = track.slices.about[at] if at >= 0 and track.slices.state[at] == State.WAITING else -1
        told = ""
        for shorter, short in ((False, False), (False, True), (True, True)):
            said = describe_state(view.timeline, view.selected, view.playhead.t_ns, shorter)
            then = what_next(view.timeline, view.selected, view.playhead.t_ns, short)
            told = brief(view.timeline, plain(f"{said}; {then}" if then else said), suspension, width - 2)
            if not is_wider(told, width - 2):
                break
        return [Run(f"{mark} ", STYLE_OF[state]), Run(fit_sentence(told, width - 2), "ruler")]
