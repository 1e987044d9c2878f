"""A trace as a talk: the rows or the sequence, one sentence, the source; from mark to mark, or by switches."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from visualizer.analysis.explore.marks import Mark, Marks
from visualizer.analysis.model.timeline import State
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence_before_first
from visualizer.paint.axis.viewport import Axis, is_burst
from visualizer.paint.text.cell_width import cell_width, fit, fit_sentence
from visualizer.paint.text.wait_labels import told_within
from visualizer.tui import keys, messages
from visualizer.tui.actions.moving import Bringing
from visualizer.tui.state.playhead import Playhead
from visualizer.tui.state.talk import Talk
from visualizer.tui.state.view import View
from visualizer.tui.widgets.notices import Notice
from visualizer.tui.widgets.sequence import Sequence
from visualizer.tui.widgets.source import SourcePane
from visualizer.tui.widgets.too_small import TooSmall, is_too_small
from visualizer.tui.widgets.tracks import RIGHT, Legend, Ruler, TracksPane, row_start

_NS_PER_S = 1_000_000_000
_TICK_S = 0.1
#: Empty columns left and right of what is said; from this height on, two empty lines above and below it, else one, and
#: a legend under the rows.
_MARGIN, _TALL = 3, 32
#: A caption takes so many lines at most under its name, and so many are kept for the sentence.
_CAPTION_LINES, _SENTENCE_LINES = 3, 2
#: Of what the words leave, the rows take this part at most, and a sequence always; the source has the rest.
_ROWS_SHARE = 0.6
#: From this width on the source of the suspended track has room beside that of the running one.
_WIDE = 110
_BLANK = "-blank"


class PresentingScreen(Screen[None]):
    """Shows a talk. Its keys are those of `keys.PRESENTING`."""

    SECTIONS = (keys.PRESENTING,)
    BINDINGS = keys.bindings(SECTIONS)
    AUTO_FOCUS = ""

    def __init__(self, talk: Talk, *, ascii: bool = False, clock: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__()
        part = talk.part
        header = part.timeline.header
        self._part = part
        self._title = plain(talk.title or (header.target if header is not None else ""))
        self._clock = clock
        #: When the timer began, and when something was gone to last.
        self._since_ns = self._moved_ns = clock()
        self._every_ns = round(talk.every_s * _NS_PER_S)
        self.playing = self._every_ns > 0
        self.view = view = View(part.timeline, live=False, ascii=ascii, axis=talk.axis or Axis.TIME)
        view.grown(part.end_ns, False)
        if talk.axis is None and is_burst(part.timeline):
            view.prefer_switches()
        if not part.is_whole:
            view.playhead = Playhead(part.timeline, part)
            view.show_part(part)
        view.marks = Marks(mark for mark in talk.marks if part.start_ns <= mark.t_ns <= part.end_ns)
        if (first := next(iter(view.marks), None)) is not None:
            view.go_to_time(first.t_ns)
        else:
            view.begin(None if part.is_whole else part.first)
        self._as_sequence = talk.as_sequence
        #: Whether nobody has gone anywhere yet, and may not know how.
        self._begins = True
        #: Whether there is nobody who could press a key, nor any time that passes.
        self.is_filmed = False
        #: How many the longest caption takes, at this width.
        self._caption_lines = 0
        self._bringing = Bringing(view)
        self._head = Static(id="talk", markup=False)
        self._caption = Static(id="caption", markup=False)
        self._ruler, self._tracks, self.sequence = Ruler(view), TracksPane(view), Sequence(view)
        self._legend = Legend(view)
        self._sentence = Static(id="sentence", markup=False)
        self._runs = SourcePane(view, State.RUNNING, "running")
        self._waits = SourcePane(view, State.WAITING, "suspended")

    def compose(self) -> ComposeResult:
        yield TooSmall("talk")
        with Vertical(id="presenting"):
            yield from (self._head, self._caption)
            yield from (self._ruler, self._tracks, self.sequence.head, self.sequence, self._legend)
            yield self._sentence
            with Horizontal(id="beside"):
                yield from (self._waits, self._runs)

    def on_mount(self) -> None:
        self.set_interval(_TICK_S, self.tick)
        self.look()

    def tick(self) -> None:
        """Count the time, and go on if that is due."""
        now_ns = self._clock()
        if self.playing and not self.has_class(_BLANK) and now_ns - self._moved_ns >= self._every_ns:
            self.action_next(1)
        self._show_head()

    # What is shown.

    def look(self) -> None:
        """Have everything drawn that has changed."""
        self.post_message(messages.Looked())

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(is_too_small(event.size), "-too-small")
        self._caption_lines = max((sum(map(len, self._captioned(mark))) for mark in self.view.marks), default=0)
        self.look()

    @on(messages.Looked)
    def _draw(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        view = self.view
        self._show_head()
        name, caption = self._captioned(view.marks.at(view.playhead.t_ns))
        self._caption.update(Content.assemble(("\n".join(name), "bold $text-primary"), "\n", "\n".join(caption)))
        self._sentence.update("\n".join(self._said()))
        self._divide()
        view.resize(self.size.width - row_start(view) - RIGHT)
        if (row := self._bringing.row()) is not None:
            self._tracks.bring(row)
        for pane in (self._ruler, self._tracks, self.sequence, self._legend, self._runs, self._waits):
            pane.show()
        # Nothing can be read from a hub: then the line at which the other one waits says more.
        runs, waits = bool(self._runs.line_text), bool(self._waits.line_text)
        self._runs.display, self._waits.display = runs or not waits, waits and (self.size.width >= _WIDE or not runs)

    def _show_head(self) -> None:
        view, marks = self.view, [mark.t_ns for mark in self.view.marks]
        where = f"switch {view.playhead.index + 1} of {view.timeline.switch_count}"
        if marks:
            where = f"{sum(t_ns <= view.playhead.t_ns for t_ns in marks)}/{len(marks)}   {where}"
        minutes, seconds = divmod((self._clock() - self._since_ns) // _NS_PER_S, 60)
        timer = f"   {minutes:02}:{seconds:02}" if not self.is_filmed else ""
        right = f"  {where}{timer} "
        hint = "   space: next   ?: keys" if self._begins and not self.is_filmed else ""
        self._head.update(fit(f" {self._title}{hint}", max(0, self.size.width - cell_width(right))) + right)

    def _captioned(self, mark: Mark | None) -> tuple[list[str], list[str]]:
        """The name of the mark and its caption, in lines. Between two marks nothing is said: it may not hold there."""
        if mark is None:
            return [], []
        return self._broken(mark.name, 1), [
            line for text in mark.caption.splitlines() for line in self._broken(text, _CAPTION_LINES)
        ][:_CAPTION_LINES]

    def _said(self) -> list[str]:
        """The sentence of the switch, in lines."""
        view, width = self.view, self._text_width
        timeline, index = view.timeline, view.playhead.index
        if index < 0:
            said = plain(sentence_before_first(timeline))
        else:
            said = told_within(timeline, index, _SENTENCE_LINES * width)
        return self._broken(said, _SENTENCE_LINES)

    def _broken(self, text: str, most: int) -> list[str]:
        """The text, shortened where it would take more than so many lines."""
        said = fit_sentence(plain(text), most * self._text_width).rstrip()
        # Breaking between words takes some room as well.
        return [line.text for line in Notice(said, "").within(self._text_width, most, 0)]

    @property
    def _text_width(self) -> int:
        return max(20, self.size.width - 2 * _MARGIN)

    def _divide(self) -> None:
        """Words get what the longest of them need, so that nothing jumps; then come the rows; the source has the rest.
        """
        height, view = self.size.height, self.view
        self._legend.display = tall = height >= _TALL
        around = 2 if tall else 1
        captions = self._caption_lines
        self._caption.display = captions > 0
        caption, sentence_ = captions + 2 * around - 1 if captions else 0, _SENTENCE_LINES + 2 * around
        most = max(3, int((height - 2 - tall - caption - sentence_) * _ROWS_SHARE))
        view.make_room(most, self.size.width)
        heights: dict[Widget, int] = {
            self._caption: caption,
            self._sentence: sentence_,
            self._tracks: min(max(view.line_count, 1), most),
            self.sequence: min(self.sequence.length, most),
        }
        for widget, lines in heights.items():
            if widget.styles.height is None or widget.styles.height.value != lines:
                widget.styles.height = lines
        self._caption.styles.padding = (around, _MARGIN, around - 1, _MARGIN)
        self._sentence.styles.padding = (around, _MARGIN)
        for widget in (self._ruler, self._tracks):
            widget.display = not self._as_sequence
        for widget in (self.sequence, self.sequence.head):
            widget.display = self._as_sequence

    # Actions of the keys in keys.py.

    def _move(self, go: Callable[[], None]) -> None:
        """Go somewhere. Where that is where one is, there is no more: a bell says so, and it no longer goes on."""
        before = self.view.condition
        go()
        self._moved_ns, self._begins = self._clock(), False
        if self.view.condition == before:
            self.playing = False
            self.app.bell()
        self._change()

    def _change(self) -> None:
        """Something else is to be seen; whoever wants to see it does not want a blank screen."""
        self.remove_class(_BLANK)
        self.look()

    def action_next(self, by: int) -> None:
        """To the next mark, or the previous one; without marks, to that switch."""
        here, times = self.view.playhead.t_ns, [mark.t_ns for mark in self.view.marks]
        if not times:
            self.action_step(by)
            return
        those = [t_ns for t_ns in times if t_ns > here] if by > 0 else [t_ns for t_ns in times[::-1] if t_ns < here]
        self._move(lambda: self.view.go_to_time(those[0] if those else here))

    def action_step(self, by: int) -> None:
        self._move(lambda: self.view.step(by))

    def action_mark(self, number: int) -> None:
        """To that mark, from 1; without marks, to that switch."""
        marks = list(self.view.marks)
        if not marks:
            self._move(lambda: self.view.go(self._part.first + number - 1))
        elif number <= len(marks):
            self._move(lambda: self.view.go_to_time(marks[number - 1].t_ns))
        else:
            self.app.bell()

    def action_end(self, by: int) -> None:
        self._move(lambda: self.view.go(self._part.stop - 1 if by > 0 else self._part.first))

    def action_play(self) -> None:
        """Go on by itself, or stop doing so."""
        if not self._every_ns:
            self.app.bell()
            return
        self.playing = not self.playing
        self._moved_ns = self._clock()

    def action_blank(self) -> None:
        self.toggle_class(_BLANK)
        self._moved_ns = self._clock()

    def action_sequence(self) -> None:
        self._as_sequence = not self._as_sequence
        self._change()

    def action_axis(self) -> None:
        self.view.toggle_axis()
        self._change()

    def action_zoom(self, by: int) -> None:
        before = self.view.condition
        self.view.zoom(by if by > 0 else -1 / by)
        if self._as_sequence or self.view.condition == before:
            # There is nothing to be seen of it.
            self.app.bell()
        self._change()

    def action_timer(self) -> None:
        """Count the time from here."""
        self._since_ns = self._clock()
        self._show_head()

    @on(messages.MomentChosen)
    def _choose_moment(self, message: messages.MomentChosen) -> None:
        if message.column >= 0:
            self._move(lambda: self.view.go_to_cell(message.column))

    @on(messages.RowFolded)
    def _fold(self, message: messages.RowFolded) -> None:
        self.view.fold(message.number)
        self._change()

    @on(messages.SwitchChosen)
    def _choose_switch(self, message: messages.SwitchChosen) -> None:
        self._move(lambda: self.view.go(message.index))
