"""One panel of the drawing: an axis, and a row for each track along it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from visualizer.analysis.durations import duration
from visualizer.analysis.model import FINAL, State, Timeline
from visualizer.export.pen import Pen, Span, fitted, text_width
from visualizer.paint.boxes import Box, boxes
from visualizer.paint.lane import Lane
from visualizer.paint.palette import STYLE_OF
from visualizer.paint.rows import Row
from visualizer.paint.ruler import ticks
from visualizer.paint.text import fit_name
from visualizer.paint.viewport import Axis, Viewport, extent, span
from visualizer.paint.waits import labels
from visualizer.trace import words

#: Distance between two rows, and height of a bar, in pixels.
ROW = 36.0
_BAR = 24.0
_INDENT = 16
#: However short, a run is that wide; and where many stand less than so many pixels apart, at least that high.
_NARROWEST_RUN = 2.5
_ALONE = 5.0
_LOWEST = 0.2
#: Up to so many switches are drawn as lines from track to track, and up to so close together with arrow heads.
_CONNECTORS = 60
_ARROWS_FROM = 12.0
_LABEL = 11.5
#: A label shorter than this many pixels says nothing.
_SHORTEST_LABEL = 84.0


class Panel:
    """Draws along `axis`, which goes from `left` to `right`, in pixels."""

    def __init__(self, pen: Pen, timeline: Timeline, axis: Axis, left: float, right: float) -> None:
        self._pen = pen
        self._timeline = timeline
        self._axis = axis
        self._left = left
        self._right = right
        self._start, self._end = span(timeline, axis)
        self._per_pixel = max(1e-9, (self._end - self._start) / (right - left))

    def draw(self, shown: Sequence[Row], margin: float, top: float) -> float:
        """Draw heading, ruler and rows from `top` on; return where they end."""
        pen = self._pen
        heading = self._axis.value.capitalize()
        pen.text(margin, top, heading, "thread", 15, mono=False, bold=True)
        pen.text(margin + 1.15 * text_width(heading, 15, mono=False) + 16, top, self._note(), "dim", 13, mono=False)
        rows_top = top + 44
        bottom = rows_top + ROW * len(shown)
        self._ruler(rows_top, bottom)
        middles = {row.track: rows_top + ROW * (number + 0.5) for number, row in enumerate(shown)}
        for row in shown:
            style = "thread" if row.depth == 0 else "name"
            x = margin + _INDENT * row.depth
            name = fitted(self._timeline.name(row.track), self._left - 12 - x, 14, fit_name)
            pen.text(x, middles[row.track] + 5, name, style, 14, bold=row.depth == 0)
        if self._timeline.switch_count <= _CONNECTORS:
            self._connectors(middles)
        for row in shown:
            self._row(row.track, middles[row.track])
        return bottom

    def _x(self, position: float) -> float:
        return self._left + (position - self._start) / self._per_pixel

    def _note(self) -> str:
        if self._axis is Axis.SWITCHES:
            return "every switch has the same width"
        parts, sides = [], []
        if self._start > 0:
            parts.append(f"from {duration(int(self._start))}")
            sides.append("before")
        if self._end < extent(self._timeline, self._axis):
            parts.append(f"to {duration(int(self._end))}")
            sides.append("after")
        return f"shown {' '.join(parts)}: nothing is switched {' or '.join(sides)} that" if parts else ""

    def _ruler(self, rows_top: float, bottom: float) -> None:
        pen = self._pen
        viewport = Viewport(self._axis, self._start, self._per_pixel, round(self._right - self._left))
        for position, label in ticks(self._timeline, viewport, lambda label: text_width(label, 12) + 28):
            x = self._x(position)
            pen.add(
                "path", d=f"M{x:.2f} {rows_top - 8:.2f}V{bottom:.2f}", stroke=pen.colour("dim"), stroke_opacity=0.25
            )
            pen.text(x, rows_top - 14, label, "ruler", 12, anchor="middle")

    def _connectors(self, middles: dict[int, float]) -> None:
        pen = self._pen
        switch_ns = self._timeline.switch_ns
        for index in range(self._timeline.switch_count):
            switch = self._timeline.switch(index)
            if switch.origin not in middles or switch.target not in middles:
                continue
            on_switches = self._axis is Axis.SWITCHES
            x = self._x(index + 1 if on_switches else switch_ns[index])
            begin, end = middles[switch.origin], middles[switch.target]
            line = pen.add("path", stroke=pen.colour("dim"), stroke_width=1.2, stroke_opacity=0.75)
            if on_switches and 1 / self._per_pixel >= _ARROWS_FROM:
                end += _BAR / 2 if end < begin else -_BAR / 2
                line.set("marker-end", "url(#arrow)")
            line.set("d", f"M{x:.2f} {begin:.2f}V{end:.2f}")

    def _row(self, track: int, middle: float) -> None:
        until_ns = int(self._end) if self._axis is Axis.TIME else None
        lane = Lane(self._timeline, track, self._axis, until_ns)
        many: dict[State, list[Span]] = {}
        runs: list[Box] = []
        for box in boxes(lane, self._start, self._per_pixel):
            box = box._replace(left=box.left + self._left, right=box.right + self._left)
            if box.state is State.WAITING and lane.track.kind == words.HUB:
                continue
            if box.state is State.RUNNING:
                runs.append(box)
            elif box.slice < 0:
                many.setdefault(box.state, []).append(Span(box.left, box.right, 1.0))
            else:
                self._pen.bar(box.left, box.right, middle, _BAR, box.state)
                if known := labels(self._timeline, lane.track, box.slice):
                    blocked = box.state is State.BLOCKED
                    colour = self._pen.page if blocked else self._pen.colour("label")
                    self._label(known, box, middle, colour)
        for state, spans in many.items():
            self._pen.bars(spans, middle, _BAR, state)
        # Runs lie on top: what they are widened by to be seen covers their neighbours.
        narrow = _seen([box for box in runs if box.right - box.left < _NARROWEST_RUN])
        self._pen.bars(narrow, middle, _BAR, State.RUNNING)
        for box in runs:
            if box.right - box.left >= _NARROWEST_RUN:
                self._pen.bar(box.left, box.right, middle, _BAR, State.RUNNING)
                if self._axis is Axis.SWITCHES:
                    self._value(lane, box, middle)
        if lane.track.state in FINAL:
            end = self._x(lane.start(len(lane.slices) - 1))
            if runs:
                end = max(end, runs[-1].left + _NARROWEST_RUN)
            self._pen.mark(end, middle, lane.track.state)

    def _value(self, lane: Lane, box: Box, middle: float) -> None:
        """What was handed over to the track, in the run that began with it."""
        switch = lane.slices.about[box.slice]
        value = self._timeline.switch(switch).value if switch >= 0 else None
        if value is not None:
            self._label([value], box, middle, self._pen.on_running, anchor="middle")

    def _label(self, labels: list[str], box: Box, middle: float, colour: str, anchor: str = "start") -> None:
        room = box.right - box.left - 10
        label = next((label for label in labels if text_width(label, _LABEL) <= room), None)
        if label is None:
            if room < _SHORTEST_LABEL:
                return
            label = fitted(labels[-1], room, _LABEL)
        x = (box.left + box.right) / 2 if anchor == "middle" else box.left + 6
        self._pen.text(x, middle + 4, label, STYLE_OF[box.state], _LABEL, anchor=anchor, colour=colour)


def _seen(runs: list[Box]) -> Iterator[Span]:
    """Runs too short to be seen, made wide enough; in full height where one stands alone."""
    for number, box in enumerate(runs):
        before = runs[number - 1].right if number else -inf
        after = runs[number + 1].left if number + 1 < len(runs) else inf
        alone = box.left - before > _ALONE and after - box.right > _ALONE
        share = 1.0 if alone else max(_LOWEST, box.share)
        yield Span(box.left, max(box.right, box.left + _NARROWEST_RUN), share)
