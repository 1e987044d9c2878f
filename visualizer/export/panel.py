"""One panel of the drawing: an axis, and a row for each track along it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf

from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.index.groups import track_group_of
from visualizer.analysis.index.idle_gaps import gaps
from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.sentences import sentence
from visualizer.export.flags import FLAG, Flag, draw_flags, placed, stacked
from visualizer.export.page import Heights
from visualizer.export.pen import Pen, Span, fitted, text_width
from visualizer.paint.axis.ruler import folded, ticks
from visualizer.paint.axis.viewport import Axis, Viewport, extent, position_of_time, span, time_of_position
from visualizer.paint.panes.arrow_labels import arrow_of
from visualizer.paint.rows.group_row import group_cells
from visualizer.paint.rows.order import Row, row_name
from visualizer.paint.rows.svg_boxes import Box, boxes
from visualizer.paint.rows.track_slices import TrackRow
from visualizer.paint.text.cell_width import fit_name
from visualizer.paint.text.palette import STYLE_OF
from visualizer.paint.text.wait_labels import labels, values

#: Distance between two rows; and how much of it is a bar, or is none at least.
ROWS = Heights(36.0, 26.0, 54.0)
_BAR, _BETWEEN_BARS = 2 / 3, 6.0
#: What a panel has above its rows.
ABOVE = 44.0
#: Width of what is told apart in the row of a group.
_GROUP_CELL = 2.0
_INDENT = 16
#: The least width of a run; and its least height if many are closer than this many pixels.
_NARROWEST_RUN = 2.5
_ALONE = 5.0
_LOWEST = 0.2
#: Up to this many switches are drawn as lines between tracks, with arrow heads down to this distance.
_CONNECTORS = 60
_ARROWS_FROM = 12.0
_LABEL = 11.5
#: Width of the mark at the end of a track.
_MARK = 20.0
#: Labels shorter than this many pixels are left out.
_SHORTEST_LABEL = 84.0


class Panel:
    """Draws along `axis`, which goes from `left` to `right`, in pixels."""

    def __init__(
        self, pen: Pen, timeline: Timeline, axis: Axis, left: float, right: float, pitch: float = ROWS.normal
    ) -> None:
        """`pitch`: the distance between two rows."""
        self._pitch = pitch
        self._bar = max(pitch * _BAR, min(ROWS.normal * _BAR, pitch - _BETWEEN_BARS))
        self._pen = pen
        self._timeline = timeline
        self._axis = axis
        self._left = left
        self._right = right
        self._start, self._end = span(timeline, axis)
        self._per_pixel = max(1e-9, (self._end - self._start) / (right - left))
        self._flags: list[Flag] = []

    def flag(self, marks: Iterable[Mark]) -> int:
        """Give those of the marks that lie on the axis a flag over it each; return how high they are stacked."""
        known = ((self._x(position_of_time(self._timeline, self._axis, mark.t_ns)), mark) for mark in marks)
        inside = [(x, mark) for x, mark in known if self._left <= x <= self._right]
        self._flags = placed(inside, self._right + _MARK)
        return stacked(self._flags)

    def draw(self, shown: Sequence[Row], margin: float, top: float, selected: str = "") -> float:
        """Draw heading, ruler and rows from `top` on; return where they end. `selected`: name of the row to mark."""
        rows_top = top + ABOVE + FLAG * stacked(self._flags)
        self.top = rows_top - 8
        pen, heading = self._pen, self._heading()
        pen.text(margin, top, heading, "thread", 15, mono=False, bold=True)
        pen.text(margin + 1.15 * text_width(heading, 15, mono=False) + 16, top, self._note(), "dim", 13, mono=False)
        bottom = rows_top + self._pitch * len(shown)
        draw_flags(pen, self._flags, top + 7, bottom)
        self._ruler(rows_top, bottom)
        centres = [rows_top + self._pitch * (number + 0.5) for number in range(len(shown))]
        middles = {track: y for row, y in zip(shown, centres, strict=True) for track in row.members or (row.track,)}
        for row, centre in zip(shown, centres, strict=True):
            style = "thread" if row.depth == 0 else "name"
            x = margin + _INDENT * row.depth
            called = row_name(self._timeline, row)
            if called == selected:
                pen.add(
                    "rect", x=margin - 12, y=centre - self._pitch / 2, width=self._right - margin + 24,
                    height=self._pitch, rx=4,
                    fill=pen.colour("selected"), fill_opacity=0.16,
                )
            name = fitted(called, self._left - 12 - x, 14, fit_name)
            pen.text(x, centre + 5, name, style, 14, bold=row.depth == 0)
        if len(self._switches()) <= _CONNECTORS:
            self._connectors(middles)
        for row, centre in zip(shown, centres, strict=True):
            if row.group is None:
                self._row(row.track, centre)
            else:
                self._group(row, centre)
        self.bottom = bottom
        return bottom

    def point_out(self, t_ns: int) -> None:
        """Draw the playhead over the rows that are drawn."""
        x = self._x(position_of_time(self._timeline, self._axis, t_ns))
        if self._left <= x <= self._right:
            self._pen.playhead(x, self.top, self.bottom)

    def place_of(self, switch: int) -> float:
        """Where switch number `switch` is, in pixels, within the rows."""
        on_switches = self._axis is Axis.SWITCHES
        t_ns = self._timeline.switch_ns[switch]
        x = self._x(switch + 1 if on_switches else position_of_time(self._timeline, self._axis, t_ns))
        return min(max(self._left, x), self._right)

    @property
    def covered(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the rows that are drawn, with the signs at their ends."""
        return self._left, self.top, self._right + _MARK, self.bottom

    def _x(self, position: float) -> float:
        return self._left + (position - self._start) / self._per_pixel

    def _heading(self) -> str:
        return self._axis.value.capitalize()

    def _switches(self) -> range:
        """Those that can be drawn."""
        return range(self._timeline.switch_count)

    def _ticks(self, viewport: Viewport, cells_of: Callable[[str], float]) -> Iterable[tuple[float, str]]:
        return ticks(self._timeline, viewport, cells_of)

    def _ends_here(self, track_row: TrackRow) -> bool:
        """Whether the track ends, and that is to be seen."""
        return track_row.track.state in FINAL

    def _note(self) -> str:
        if self._axis is Axis.SWITCHES:
            return "every switch has the same width"
        if self._axis is Axis.BUSY:
            count = len(gaps(self._timeline))
            return f"{count} idle gap{'' if count == 1 else 's'} {'is' if count == 1 else 'are'} folded"
        parts, sides = [], []
        if self._start > 0:
            parts.append(f"from {duration(int(self._start))}")
            sides.append("before")
        if self._end < extent(self._timeline, self._axis):
            parts.append(f"to {duration(int(self._end))}")
            sides.append("after")
        return f"shown {' '.join(parts)}: no switches {' or '.join(sides)} that" if parts else ""

    def _ruler(self, rows_top: float, bottom: float) -> None:
        # The poles of flags do not cross a label.
        pen, halo = self._pen, "" if self._flags else None
        viewport = Viewport(self._axis, self._start, self._per_pixel, round(self._right - self._left))
        for position, label in self._ticks(viewport, lambda label: text_width(label, 12) + 28):
            x = self._x(position)
            pen.add(
                "path", d=f"M{x:.2f} {rows_top - 8:.2f}V{bottom:.2f}", stroke=pen.colour("dim"), stroke_opacity=0.25
            )
            pen.text(x, rows_top - 14, label, "ruler", 12, anchor="middle", halo=halo)
        free = -inf
        for start, end, length_ns in folded(self._timeline, viewport):
            left, right = max(self._left, self._x(start)), min(self._right, self._x(end))
            pen.add(
                "rect", x=left, y=rows_top, width=right - left, height=bottom - rows_top,
                fill=pen.colour("gap"), fill_opacity=0.12,
            )
            label, middle = f"⋯ {duration(length_ns, 2)}", (left + right) / 2
            half = text_width(label, 12) / 2
            if middle - half >= free:
                pen.text(middle, rows_top - 30, label, "gap", 12, anchor="middle", halo=halo)
                free = middle + half + 4

    def _connectors(self, middles: dict[int, float]) -> None:
        pen = self._pen
        for index in self._switches():
            switch = arrow_of(self._timeline, self._timeline.switch(index))
            if switch.origin not in middles or switch.target not in middles or switch.origin == switch.target:
                continue
            on_switches = self._axis is Axis.SWITCHES
            x = self.place_of(index)
            begin, end = middles[switch.origin], middles[switch.target]
            line = pen.add("path", stroke=pen.colour("dim"), stroke_width=1.2, stroke_opacity=0.75)
            pen.tooltip(line, sentence(self._timeline, index))
            if on_switches and 1 / self._per_pixel >= _ARROWS_FROM:
                end += self._bar / 2 if end < begin else -self._bar / 2
                line.set("marker-end", "url(#arrow)")
            line.set("d", f"M{x:.2f} {begin:.2f}V{end:.2f}")

    def _row(self, track: int, middle: float) -> None:
        track_row = self._track_row(track)
        many: dict[State, list[Span]] = {}
        runs: list[Box] = []
        for box in self._boxes(track_row):
            box = box._replace(left=box.left + self._left, right=box.right + self._left)
            if box.state is State.WAITING and track_row.track.schedules:
                continue
            if box.state is State.RUNNING:
                runs.append(box)
            elif box.slice < 0:
                many.setdefault(box.state, []).append(Span(box.left, box.right, 1.0))
            else:
                self._pen.bar(box.left, box.right, middle, self._bar, box.state)
                if known := labels(self._timeline, track_row.track, box.slice):
                    blocked = box.state is State.BLOCKED
                    colour = self._pen.page if blocked else self._pen.colour("label")
                    self._label(known, box, middle, colour)
        for state, spans in many.items():
            self._pen.bars(spans, middle, self._bar, state)
        # Runs lie on top: what they are widened by to be seen covers their neighbours.
        narrow = _seen([box for box in runs if box.right - box.left < _NARROWEST_RUN])
        self._pen.bars(narrow, middle, self._bar, State.RUNNING)
        for box in runs:
            if box.right - box.left >= _NARROWEST_RUN:
                self._pen.bar(box.left, box.right, middle, self._bar, State.RUNNING)
                if self._axis is Axis.SWITCHES:
                    self._value(track_row, box, middle)
        if self._ends_here(track_row):
            end = track_row.start(len(track_row.slices) - 1)
            end = self._x(
                end if self._axis is not Axis.BUSY else position_of_time(self._timeline, self._axis, int(end))
            )
            if runs:
                end = max(end, runs[-1].left + _NARROWEST_RUN)
            self._pen.mark(end, middle, track_row.track.state)

    def _group(self, row: Row, middle: float) -> None:
        """Tracks of a kind: how much of the time one of them runs, else what most of them do, and how many."""
        timeline, group = self._timeline, track_group_of(self._timeline, row.members)
        count = max(1, round((self._right - self._left) / _GROUP_CELL))
        viewport = Viewport(self._axis, self._start, self._per_pixel * _GROUP_CELL, count)
        axis, edges = viewport.laid_out(timeline)
        until_ns = None if axis is Axis.SWITCHES else int(self._track_row(row.track).limit)
        cells = group_cells(timeline, group, axis, edges, until_ns)
        places = [self._left + _GROUP_CELL * cell for cell in range(count + 1)]
        for start, end, state, said in cells.stretches():
            box = Box(places[start], places[end], state, 1.0, -1)
            self._pen.bar(box.left, box.right, middle, self._bar, state)
            self._label([said], box, middle, self._pen.colour("label"))
        runs = (cells.share >= 0).nonzero()[0].tolist()
        spans = [Span(places[cell], places[cell + 1], max(_LOWEST, float(cells.share[cell]))) for cell in runs]
        self._pen.bars(spans, middle, self._bar, State.RUNNING)
        if group.ended_ns >= 0 and (until_ns is None or group.ended_ns <= until_ns):
            ended = self._x(position_of_time(timeline, self._axis, group.ended_ns))
            self._pen.mark(ended, middle, group.end)

    def _track_row(self, track: int) -> TrackRow:
        if self._axis is Axis.SWITCHES:
            return TrackRow(self._timeline, track, self._axis)
        until_ns = time_of_position(self._timeline, self._axis, self._end)
        return TrackRow(self._timeline, track, Axis.TIME, until_ns)

    def _boxes(self, track_row: TrackRow) -> Iterator[Box]:
        """Those of the whole panel; where gaps are folded, each stretch of time has a scale of its own."""
        if self._axis is not Axis.BUSY:
            yield from boxes(track_row, self._start, self._per_pixel)
            return
        last: Box | None = None
        for place, start_ns, end_ns, scale in self._stretches():
            until_ns = min(end_ns, int(track_row.limit))
            stretch = TrackRow(self._timeline, track_row.track.id, Axis.TIME, until_ns)
            offset = (place - self._start) / self._per_pixel
            for box in boxes(stretch, start_ns, self._per_pixel / scale):
                box = box._replace(left=box.left + offset, right=box.right + offset)
                if last is not None and box.slice == last.slice >= 0:
                    # It began in the stretch before.
                    last = last._replace(right=box.right)
                    continue
                if last is not None:
                    yield last
                last = box
        if last is not None:
            yield last

    def _stretches(self) -> Iterator[tuple[float, int, int, float]]:
        """The stretches between gaps, and the gaps: start in busy time, start and end in time, scale."""
        known = gaps(self._timeline)
        place, t_ns = self._start, int(known.time(self._start))
        for number in range(known.number_at(place), len(known)):
            gap, begin = known.gap(number), known.place(number)
            if begin >= self._end:
                break
            if place < begin:
                yield place, t_ns, gap.start_ns, 1.0
                place, t_ns = begin, gap.start_ns
            yield place, t_ns, gap.end_ns, gap.shown_ns / gap.length_ns
            place, t_ns = begin + gap.shown_ns, gap.end_ns
        yield place, t_ns, self._timeline.last_ns, 1.0

    def _value(self, track_row: TrackRow, box: Box, middle: float) -> None:
        """What was handed over to the track, in the run that began with it."""
        switch = track_row.slices.about[box.slice]
        found = values(self._timeline.switch(switch)) if switch >= 0 else []
        if found:
            self._label(found, box, middle, self._pen.on_running, anchor="middle")

    def _label(self, labels: list[str], box: Box, middle: float, colour: str, anchor: str = "start") -> None:
        room = box.right - box.left - 10
        label = next((label for label in labels if text_width(label, _LABEL) <= room), None)
        if label is None:
            if room < _SHORTEST_LABEL:
                return
            label = fitted(labels[-1], room, _LABEL)
        x = (box.left + box.right) / 2 if anchor == "middle" else box.left + 6
        # Between the dots nothing could be read.
        halo = "" if box.state is State.IDLE else None
        self._pen.text(x, middle + 4, label, STYLE_OF[box.state], _LABEL, anchor=anchor, colour=colour, halo=halo)


def _seen(runs: list[Box]) -> Iterator[Span]:
    """Runs too short to be seen, made wide enough; in full height where one stands alone."""
    for number, box in enumerate(runs):
        before = runs[number - 1].right if number else -inf
        after = runs[number + 1].left if number + 1 < len(runs) else inf
        alone = box.left - before > _ALONE and after - box.right > _ALONE
        share = 1.0 if alone else max(_LOWEST, box.share)
        yield Span(box.left, max(box.right, box.left + _NARROWEST_RUN), share)
