"""The sequence diagram as a vector drawing: the lifelines of the screen, an arrow for each switch."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.index.polls import called
from visualizer.analysis.model.timeline import FINAL, State, Switch, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence
from visualizer.export.flags import draw_flag, flag_width
from visualizer.export.legend import LINE, draw_legend, legend_of
from visualizer.export.page import CELL, FONT, HEAD, PADDING, TOLD, Cover, Drawing, Heights, Page, told
from visualizer.export.page import fit as fit_lines
from visualizer.export.pen import Pen, fitted, number, text_width
from visualizer.export.rows import wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.comparison.figures import facts
from visualizer.paint.panes.arrow_labels import arrow_of, crossing_labels
from visualizer.paint.panes.sequence import in_order, lifelines, moment, room_for, spaced, state_after
from visualizer.paint.text.cell_width import fit, fit_name
from visualizer.paint.text.wait_labels import told_within
from visualizer.trace import words

#: Between two switches.
_ROWS = Heights(28.0, 22.0, 44.0)
#: So many switches where no height is given.
_SWITCHES = 60
#: Above the names, the names themselves, and below the lifelines.
_ABOVE, _NAMES, _BELOW = 24.0, 36.0, 24.0
_BAR = 14.0
#: What is a line and no bar, as a pattern of dashes.
LINES = {State.WAITING: "5 4", State.CREATED: "1 4"}
_LABEL = 12.0
#: Length of an arrow whose other end has no lifeline.
_STUB = 34.0


def draw_sequence(timeline: Timeline, settings: Settings, moving: bool = False) -> Drawing:
    """The picture. `moving`: with a stage."""
    part = settings.part_of(timeline)
    (title, *known), remarks = facts(part), told(timeline, settings, moving)
    only = _named(part, settings)
    switches = _switches(part, only)

    def fixed(width: float) -> float:
        legend = LINE * len(legend_of(settings, width, part.states()))
        return HEAD + TOLD * len(remarks) + _ABOVE + _NAMES + _BELOW + legend + PADDING / 2

    most = len(switches) if settings.height else min(len(switches), _SWITCHES)
    banners = _banners(part, switches, settings)
    fitting = fit_lines(settings, fixed, lambda _: most + len(banners), most < len(switches), _ROWS)
    shown = _around(timeline, switches, min(most, fitting.lines), settings)
    while len(shown) > 1 and len(shown) + sum(index in banners for index in shown) > fitting.lines:
        shown = _around(timeline, switches, len(shown) - 1, settings)
    page = Page(title, settings, fitting.scale)
    told_at = page.head(known, remarks)
    diagram = _Diagram(page, timeline, shown, only, settings, fitting.pitch, banners)
    y = diagram.draw(told_at + _ABOVE) + _BELOW
    if hidden := len(switches) - len(shown):
        y = page.more(y, f"{hidden} more switches: --from and --to choose others")
    seen = [state for state in part.states() if state in diagram.states]
    y = draw_legend(page.pen, legend_of(settings, page.width, seen), y, LINES)
    return page.finished(y, page.stage(shown, [diagram.cover()], told_at) if moving else None)


def _named(part: Part, settings: Settings) -> tuple[int, ...]:
    """The tracks that are wanted; none: all."""
    if not settings.rows:
        return ()
    rows, _ = wanted_rows(part, settings, len(part.timeline.tracks))
    return tuple(dict.fromkeys(track for row in rows for track in row.members or (row.track,)))


def named(timeline: Timeline, settings: Settings) -> list[int]:
    """The tracks that are to be marked. Raise ValueError, with a sentence, if there is none of that name."""
    found = [track for track in timeline.tracks if plain(timeline.name(track)) == settings.selected]
    if settings.selected and not found:
        raise ValueError(f"There is no track {settings.selected!r} to be marked")
    return found


def _switches(part: Part, only: Sequence[int]) -> Sequence[int]:
    """The numbers of those that the wanted tracks take part in; a scheduler, which takes part in all, does not count
    beside others."""
    if not only:
        return range(part.first, part.stop)
    known, tracks = part.timeline.columns.switches, part.timeline.tracks
    own = [track for track in only if not tracks[track].schedules] or only
    ends = np.isin(np.array(known.origin), own) | np.isin(np.array(known.target), own)
    found: list[int] = (ends[part.first : part.stop].nonzero()[0] + part.first).tolist()
    return found


def _banners(part: Part, switches: Sequence[int], settings: Settings) -> dict[int, list[Mark]]:
    """The marks of the part, by the switch of these that each stands over: the first that is not before it, else the
    last."""
    switch_ns, found = part.timeline.switch_ns, dict[int, list[Mark]]()
    for mark in settings.marks:
        if len(switches) and part.start_ns <= mark.t_ns <= part.end_ns:
            at = bisect_left(switches, bisect_left(switch_ns, mark.t_ns))
            found.setdefault(switches[min(at, len(switches) - 1)], []).append(mark)
    return found


def _around(timeline: Timeline, switches: Sequence[int], most: int, settings: Settings) -> Sequence[int]:
    """At most so many of them, with the moment that is pointed out in their midst."""
    first = 0
    if settings.at_ns is not None and len(switches) > most:
        at = int(np.searchsorted(np.array(switches), timeline.switch_before(settings.at_ns)))
        first = min(max(0, at - most // 2), len(switches) - most)
    return switches[first : first + most]


class _Diagram:
    """Names, lifelines and arrows of the switches `shown`; of the tracks `only`, or of those that have room."""

    def __init__(
        self, page: Page, timeline: Timeline, shown: Sequence[int], only: tuple[int, ...], settings: Settings,
        pitch: float, banners: Mapping[int, Sequence[Mark]],
    ) -> None:
        self._pen, self._timeline, self._shown, self._pitch = page.pen, timeline, shown, pitch
        self._banners = banners
        self._page, self._width = page, page.width
        self._selected = named(timeline, settings)
        self._at = timeline.switch_before(settings.at_ns) if settings.at_ns is not None else -1
        #: The states that are to be seen.
        self.states: set[State] = set()
        cells = int((page.width - 2 * PADDING) / CELL)
        ends = {track for index in shown for track in timeline.ends_of(index) if track in timeline.tracks}
        wanted = only or in_order(timeline, ends.union(self._selected))
        if len(wanted) <= room_for(timeline, cells):
            self._of = spaced(timeline, wanted, cells)
        elif only:
            self._of = spaced(timeline, only[: room_for(timeline, cells)], cells)
        else:
            self._of = lifelines(timeline, range(shown[0], shown[-1] + 1), cells, self._at, self._selected)

    def draw(self, top: float) -> float:
        """Draw from there on; return where it ends."""
        heads, self._top = top, top + _NAMES
        # A switch with a mark takes a line more, over its own.
        lines = [*accumulate((1 + (index in self._banners) for index in self._shown), initial=0)]
        self._tops = [self._top + self._pitch * line for line in lines]
        ys = [end - self._pitch * 0.5 for end in self._tops[1:]]
        bottom = self._tops[-1]
        if self._at in self._shown:
            y = ys[self._shown.index(self._at)]
            self._pen.marked(PADDING - 12, y - self._pitch / 2 - 4, self._width - 2 * PADDING + 24, self._pitch)
        # Behind all else.
        for index, y in zip(self._shown, ys, strict=True):
            if index in self._banners:
                line = f"M{number(PADDING)} {number(y - self._pitch)}H{number(self._said - 8)}"
                colour = self._pen.colour("gap")
                self._pen.add("path", d=line, stroke=colour, stroke_width=1.4, stroke_dasharray="2 3")
        for track in self._of.tracks:
            self._lifeline(track, ys, heads, bottom)
        self._names(heads)
        for index, y in zip(self._shown, ys, strict=True):
            if index in self._banners:
                self._banner(self._banners[index], y - self._pitch)
            self._switch(index, y)
        return bottom

    def cover(self) -> Cover:
        """Where the playhead goes, from line to line."""
        # What stands over an arrow belongs to it.
        box = PADDING - 12, self._top - 4, self._width - PADDING + 12, self._tops[-1]
        return self._page.cover(box, False, lambda number: self._tops[number] - 4)

    def _x(self, track: int) -> float:
        return PADDING + CELL * (self._of.left + self._of.centre(track) + 0.5)

    def _names(self, top: float) -> None:
        room = CELL * self._of.spacing - 10
        for track in self._of.tracks:
            name = fitted(plain(self._timeline.name(track)), room - 12, FONT, fit_name)
            width = text_width(name, FONT) + 18
            style = "selected" if track in self._selected else "thread"
            self._pen.add(
                "rect", x=self._x(track) - width / 2, y=top, width=width, height=26, rx=6, fill=self._pen.page,
                stroke=self._pen.colour("edge" if style == "selected" else "dim"),
                stroke_width=2.5 if style == "selected" else 1.2,
            )
            self._pen.text(self._x(track), top + 17.5, name, style, FONT, bold=True, anchor="middle")
        if hidden := len(self._timeline.tracks) - len(self._of.tracks):
            x = PADDING + CELL * (self._of.left + self._of.spacing * len(self._of.tracks)) + CELL
            if self._of.said:
                self._pen.text(x, top + 17.5, f"… {hidden} more tracks", "dim")

    def _lifeline(self, track: int, ys: Sequence[float], top: float, bottom: float) -> None:
        """What the track does between each two of the switches, as far as it is there."""
        timeline, x = self._timeline, self._x(track)
        switches = [timeline.switch(index) for index in self._shown]
        states = [_before(timeline, track, switches[0])] if switches else []
        states += [state_after(timeline, track, switch) for switch in switches]
        edges = [top, *ys, bottom]
        begin = 0
        for end in range(1, len(states) + 1):
            if end < len(states) and states[end] is states[begin]:
                continue
            self._state(x, edges[begin], edges[end], states[begin])
            begin = end

    def _state(self, x: float, top: float, bottom: float, state: State | None) -> None:
        pen = self._pen
        if state is None:
            return
        self.states.add(state)
        if state in FINAL:
            pen.mark(x - 8, top + 11, state)
        elif state in LINES:
            pen.line(f"M{number(x)} {number(top)}V{number(bottom)}", state, LINES[state])
        else:
            pen.column(x, top, bottom, _BAR, state)

    def _switch(self, index: int, y: float) -> None:
        timeline, of, baseline = self._timeline, self._of, y + 4.5
        switch, said = timeline.switch(index), plain(sentence(timeline, index))
        self._pen.text(PADDING + CELL * (of.number - 1), baseline, f"#{index + 1}", "ruler", 12, anchor="end")
        if of.time:
            end = PADDING + CELL * (of.left - 1)
            self._pen.text(end, baseline, moment(switch.t_ns, timeline.last_ns), "dim", 12, anchor="end")
        group = self._pen.within("g")
        group.tooltip(group.root, said)
        self._arrow(group, switch, y)
        if of.said:
            group.text(self._said, baseline, told_within(timeline, index, of.said - 1), "text", FONT)

    def _banner(self, marks: Sequence[Mark], y: float) -> None:
        """Flags at the left, and beside the sentences what is said there."""
        left = PADDING - 12.0
        for mark in marks:
            name = fitted(plain(mark.name), self._said - left - 20, _LABEL)
            if name:
                draw_flag(self._pen, left, y - 8.5, flag_width(name), name, mark.told)
                left += flag_width(name) + 4
        if self._of.said and (text := " · ".join(filter(None, (mark.caption for mark in marks)))):
            self._pen.text(self._said, y + 4.5, fitted(text, CELL * (self._of.said - 1), FONT), "gap")

    @property
    def _said(self) -> float:
        """Where sentences begin."""
        of = self._of
        return PADDING + CELL * (of.left + of.spacing * len(of.tracks) + 1) if of.said else self._width - PADDING

    def _arrow(self, pen: Pen, switch: Switch, y: float) -> None:
        """From lifeline to lifeline, and over it what crosses; where an end has no lifeline, its name instead."""
        tracks, timeline = self._of.tracks, self._timeline
        switch = arrow_of(timeline, switch)
        inside = [track in tracks for track in (switch.origin, switch.target)]
        if not any(inside):
            return
        room = CELL * self._of.spacing - _BAR - 12
        if switch.origin == switch.target:
            label = _fitting(crossing_labels(timeline, switch), room / 2)
            pen.text(self._x(switch.target) + _BAR / 2 + 5, y + 12, label, "label", _LABEL)
            return
        if all(inside):
            start, end = self._x(switch.origin), self._x(switch.target)
            sign = 1 if start < end else -1
            pen.arrow(start + sign * _BAR / 2, end - sign * _BAR / 2, y)
            labels, gap = crossing_labels(timeline, switch), CELL * self._of.spacing / 2
            label, x = _fitting(labels, room), start + sign * gap
            if label != labels[0] and abs(end - start) > 3 * gap:
                # Over the lifelines between them.
                label = _fitting(labels, abs(end - start) - _BAR - 12)
                x = start + sign * max(gap, text_width(label, _LABEL) / 2 + _BAR)
            ground = "selected" if switch.index == self._at else ""
            pen.text(x, y - 5, label, "label", _LABEL, anchor="middle", halo=ground)
            return
        here, there = (switch.origin, switch.target) if inside[0] else (switch.target, switch.origin)
        x = self._x(here) + _BAR / 2
        begin, end = (x, x + _STUB) if inside[0] else (x + _STUB, x)
        pen.arrow(begin, end, y)
        name = fitted(plain(timeline.name(there)), max(room - _STUB, 4 * CELL), _LABEL, fit_name)
        pen.text(x + _STUB + 5, y + 4, name, "name", _LABEL)


def _before(timeline: Timeline, track: int, switch: Switch) -> State | None:
    """What a track does just before the switch."""
    if track == switch.origin and switch.cause not in words.SUSPENDS_NOBODY:
        return State.RUNNING
    slices = called(timeline, timeline.tracks[track])
    at = slices.at(switch.t_ns - 1)
    state = State(slices.state[at]) if at >= 0 else None
    return None if state in FINAL else state


def _fitting(labels: Sequence[str], room: float) -> str:
    """The longest that has room, or the last one cut."""
    label = next((label for label in labels if text_width(label, _LABEL) <= room), "")
    if label or not labels:
        return label
    # Names differ in the number at their end.
    return fitted(labels[-1], room, _LABEL, fit_name if labels[-1][-1:].isdecimal() else fit)
