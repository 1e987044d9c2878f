"""What the program printed, and which track printed it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from visualizer.analysis.model.timeline import Output as Printed
from visualizer.analysis.text.printable import plain
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import cell_width, fit_name
from visualizer.trace import words
from visualizer.tui.messages import TimeChosen
from visualizer.tui.state.view import View
from visualizer.tui.widgets.line_list import Lines

#: The names have as much room as the longest needs, but no more than this.
_NAME_CELLS = 12
#: A line is broken at a space if there is one among its last cells.
_RAGGED_CELLS = 16
_TAB_SIZE = 8
#: Stands between the track's name and what it printed to stdout, or to stderr.
_MARKS = {words.STDOUT: " │ ", words.STDERR: " ! "}
#: So many printed texts are made lines of without a pause.
_AT_ONCE = 5_000
_PAUSE_S = 0.01
_LEFT_OUT = "left out"


class _OutputLine(NamedTuple):
    t_ns: int
    track: int
    stream: str
    text: str
    #: False for what did not fit into the line above.
    first: bool


class OutputPane(Lines):
    """Lines of output, broken at the width of the pane. What was printed after the playhead's moment is dim."""

    def __init__(self, view: View, id: str) -> None:
        super().__init__(view, id)
        self._lines: list[_OutputLine] = []
        self._times: list[int] = []
        self._taken = 0
        self._width = 0
        self._name_cells = 0
        #: The last line has not ended: what its track prints next to the same stream belongs to it.
        self._open = False
        self._pausing = False

    def show(self) -> None:
        if self.display and self.width and self._take() and not self._pausing:
            # The rest of what a program printed by the megabyte, when the keys pressed meanwhile have been heard.
            self._pausing = True
            self.set_timer(_PAUSE_S, self._go_on)
        super().show()

    def _go_on(self) -> None:
        self._pausing = False
        self.show()

    @property
    def length(self) -> int:
        # If nothing was printed, one line says so.
        return len(self._lines) or 1

    @property
    def current(self) -> int:
        return bisect_right(self._times, self.view.playhead.t_ns) - 1

    @property
    def drawn_from(self) -> object:
        return len(self._lines), self._taken

    def runs(self, line: int, width: int) -> list[Run]:
        if not self._lines:
            return [Run(" No output.", "dim")]
        shown = self._lines[line]
        later = line > self.current
        name = self.view.timeline.name(shown.track, shown.t_ns) if shown.first else ""
        style = "error" if shown.stream == words.STDERR else "output"
        return [
            Run(fit_name(plain(name), self._name_cells), "dim" if later else "label"),
            Run(_MARKS.get(shown.stream, "   "), "error" if shown.stream == words.STDERR else "dim"),
            Run(shown.text, "dim" if later or shown.stream == _LEFT_OUT else style),
        ]

    def choose(self, line: int) -> None:
        if self._lines:
            self.post_message(TimeChosen(self._lines[line].t_ns))

    def _take(self) -> bool:
        """Make lines of what has been printed since the last time. Return whether there is more of it."""
        outputs = self.view.timeline.outputs
        until = min(len(outputs), self._taken + _AT_ONCE)
        names = {printed.track for printed in outputs[self._taken : until]}
        longest = max((cell_width(plain(self.view.timeline.name(track))) for track in names), default=0)
        name_cells = max(self._name_cells, min(longest, _NAME_CELLS))
        width = max(10, self.width - name_cells - 3)
        if width != self._width:
            self._width, self._name_cells, self._taken, self._open = width, name_cells, 0, False
            self._lines.clear()
            self._times.clear()
            until = min(len(outputs), _AT_ONCE)
        for printed in outputs[self._taken : until]:
            self._add(printed)
        self._taken = until
        return until < len(outputs)

    def _add(self, printed: Printed) -> None:
        first, *others = printed.text.split("\n")
        last = self._lines[-1] if self._lines else None
        if self._open and last is not None and (last.track, last.stream) == (printed.track, printed.stream):
            self._lines.pop()
            self._times.pop()
            self._append(last, last.text + plain(first.expandtabs(_TAB_SIZE)))
        else:
            others.insert(0, first)
        # Text after the last newline starts a line only if it is not empty.
        self._open = not others or bool(others[-1])
        for text in others if self._open else others[:-1]:
            start = _OutputLine(printed.t_ns, printed.track, printed.stream, "", True)
            self._append(start, plain(text.expandtabs(_TAB_SIZE)))
        if printed.cut:
            note = f"… and {printed.cut} more characters"
            self._append(_OutputLine(printed.t_ns, printed.track, _LEFT_OUT, "", False), note)
            self._open = False

    def _append(self, start: _OutputLine, text: str) -> None:
        for number, part in enumerate(_broken(text, self._width)):
            self._lines.append(start._replace(text=part, first=start.first and number == 0))
            # In order, although clocks of two threads may be read in another order than they print.
            self._times.append(max(start.t_ns, self._times[-1] if self._times else 0))


def _broken(text: str, width: int) -> Iterator[str]:
    """Printable `text` in parts of at most `width` cells, at least one; nothing is left out."""
    start = 0
    while True:
        # Not the sum of the characters' widths: what belongs together can be wider or narrower than that.
        end = start + (width if text[start : start + width].isascii() else 1)
        while end < len(text) and cell_width(text[start : end + 1]) <= width:
            end += 1
        if end >= len(text):
            yield text[start:]
            return
        space = text.rfind(" ", max(start + 1, end - _RAGGED_CELLS), end)
        if space > 0:
            end = space + 1
        yield text[start:end]
        start = end
