"""The sequence: a lifeline for each track side by side, a line for each switch, an arrow from lifeline to lifeline.

What a line costs depends on the lifelines that have room, never on the length of the trace or the number of tracks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

from visualizer.analysis.index.polls import called
from visualizer.analysis.model.timeline import FINAL, State, Switch, Timeline
from visualizer.analysis.text.printable import plain
from visualizer.paint.panes.arrow_labels import arrow_of, crossing_labels
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import ascii_cells, cell_width, fit, fit_name
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.paint.text.wait_labels import told_within
from visualizer.trace import words

#: Cells of a lifeline: with fewer, an arrow to the next lifeline would have no room for a word.
LEAST_SPACING, _WIDEST_SPACING = 11, 30
#: The sentence is beside the lifelines if it has this much room, the time before them from this width on.
_LEAST_SAID = 30
_WITH_TIME = 100
_TIME_CELLS = 14
#: A track that is alive and waits, seen along its lifeline.
_LIFELINE, _ASCII_LIFELINE = "┊", "|"
_ARROW, _ASCII_ARROW = ("─", "◀", "▶"), ("-", "<", ">")
#: An arrow that comes from or leads to a track without a lifeline begins or ends with its name at the right.
_OUTSIDE_CELLS = 14
#: Lifelines keep their positions for this many lines.
_PAGE = 40

#: From which length of a trace on, with which decimals and in which unit its moments are shown.
_DIGITS = (
    (1_000_000_000_000, (3, "s", 1e9)),
    (100_000_000, (6, "s", 1e9)),
    (100_000, (3, "ms", 1e6)),
    (0, (3, "µs", 1e3)),
)

_Cell = tuple[str, str]


class Lifelines(NamedTuple):
    """Which tracks have a lifeline, from left to right, and how many cells everything has."""

    tracks: tuple[int, ...]
    number: int
    time: int
    spacing: int
    said: int

    @property
    def left(self) -> int:
        """Cells in front of the lifelines."""
        return self.number + self.time

    def centre(self, track: int) -> int:
        """The cell of the lifeline's line, from the left of the lifelines. Raise ValueError if the track has none."""
        return self.tracks.index(track) * self.spacing + self.spacing // 2

    def track_at(self, cell: int) -> int:
        """The track in whose lifeline that cell of the whole line is; NOBODY if it is in none."""
        at = (cell - self.left) // self.spacing
        return self.tracks[at] if 0 <= at < len(self.tracks) else words.NOBODY


def sequence(timeline: Timeline, visible: range, width: int, *, ascii: bool = False) -> Iterator[list[Run]]:
    """The lines of the switches `visible`, page by page; the names stand above a page if its lifelines are others."""
    before: tuple[int, ...] | None = None
    for start in range(visible.start, visible.stop, _PAGE):
        page = visible[start - visible.start : start - visible.start + _PAGE]
        of = lifelines(timeline, page, width)
        if of.tracks != before:
            if before is not None:
                yield []
            yield heads(timeline, of, ascii=ascii)
        before = of.tracks
        for index in page:
            yield line(timeline, of, index, ascii=ascii)


def lifelines(timeline: Timeline, visible: range, width: int, near: int = -1, wanted: Iterable[int] = ()) -> Lifelines:
    """The lifelines for the switches `visible`, in lines of `width` cells.

    All tracks, if they have room; else those that take part in these switches, the nearest to switch number `near`
    first, and `wanted`; then others. Always in the order in which they came to be.
    """
    known, room = timeline.tracks, room_for(timeline, width)
    tracks = tuple(known) if len(known) <= room else _chosen(timeline, visible, room, near, wanted)
    return spaced(timeline, tracks, width)


def room_for(timeline: Timeline, width: int) -> int:
    """How many lifelines have room in lines of `width` cells."""
    number, time = _before(timeline, width)
    return max(1, (width - number - time) // LEAST_SPACING)


def _before(timeline: Timeline, width: int) -> tuple[int, int]:
    """Cells for the number of a switch and for its time."""
    return len(str(timeline.switch_count)) + 2, _TIME_CELLS if width >= _WITH_TIME else 0


def spaced(timeline: Timeline, tracks: tuple[int, ...], width: int) -> Lifelines:
    """These lifelines in lines of `width` cells, in which they have room."""
    number, time = _before(timeline, width)
    left = width - number - time
    spacing = min(_WIDEST_SPACING, left // max(1, len(tracks)))
    if left - 2 * LEAST_SPACING * len(tracks) >= _LEAST_SAID:
        # Twice the least is enough for most words on an arrow; then the whole sentence is of more use.
        spacing = min(spacing, max(LEAST_SPACING * 2, (left - 2 * _LEAST_SAID) // max(1, len(tracks))))
    said = left - spacing * len(tracks)
    return Lifelines(tracks, number, time, spacing, said if said >= _LEAST_SAID else 0)


def _chosen(timeline: Timeline, visible: range, room: int, near: int, wanted: Iterable[int]) -> tuple[int, ...]:
    known = timeline.tracks
    if near not in visible:
        near = (visible.start + visible.stop) // 2
    found = dict.fromkeys(track for track in wanted if track in known)
    for index in sorted(visible, key=lambda index: abs(index - near)):
        found.update(dict.fromkeys(track for track in timeline.ends_of(index) if track in known))
        if len(found) >= room:
            break
    found.update(dict.fromkeys(islice(known, room)))
    return in_order(timeline, islice(found, room))


def in_order(timeline: Timeline, tracks: Iterable[int]) -> tuple[int, ...]:
    """As they came to be."""
    return tuple(sorted(tracks, key=lambda track: (timeline.tracks[track].spawn_ns, track)))


def heads(timeline: Timeline, of: Lifelines, selected: int = words.NOBODY, *, ascii: bool = False) -> list[Run]:
    """The names over the lifelines."""
    runs = [
        Run(("switch" if of.number >= 8 else "#").rjust(of.number - 1) + " ", "dim"),
        Run("time ".rjust(of.time) if of.time else "", "dim"),
    ]
    for track in of.tracks:
        room = of.spacing - 1
        name = fit_name(plain(timeline.name(track)), room).rstrip()
        # In the middle, over the line.
        before = max(0, min(of.spacing // 2 - cell_width(name) // 2, room - cell_width(name)))
        style = "selected" if track == selected else "thread"
        runs += [Run(" " * before, "dim"), Run(name, style), Run(" " * (of.spacing - before - cell_width(name)), "dim")]
    hidden = len(timeline.tracks) - len(of.tracks)
    if hidden > 0 and of.said:
        runs.append(Run(fit(f"… {hidden} more tracks", of.said), "dim"))
    return [Run(ascii_cells(text), style) for text, style in runs] if ascii else runs


def line(
    timeline: Timeline, of: Lifelines, index: int, *, ascii: bool = False, within: bool = False, marked: bool = False
) -> list[Run]:
    """Switch number `index`: what each lifeline's track does after it, and the arrow. Raise IndexError if there is
    none.

    `within`: it is in the selected span; `marked`: there is a mark between it and the next.
    """
    switch = timeline.switch(index)
    cells = [_BLANK] * (of.spacing * len(of.tracks))
    for track in of.tracks:
        cells[of.centre(track)] = _state_cell(timeline, track, switch, ascii)
    _draw_arrow(timeline, of, switch, cells, ascii)
    mark = Run(("v" if ascii else "▼") if marked else " ", "edge")
    runs = [mark, Run(f"{index + 1:>{of.number - 2}}", "selected" if within else "ruler"), Run(" ", "dim")]
    if of.time:
        runs.append(Run(f"{moment(switch.t_ns, timeline.last_ns):>{of.time - 1}} ", "dim"))
    runs += [Run("".join(text for text, _ in group), style) for style, group in groupby(cells, key=lambda one: one[1])]
    if of.said:
        runs.append(Run(told_within(timeline, index, of.said), "text"))
    return [Run(ascii_cells(text), style) for text, style in runs] if ascii else runs


_BLANK: _Cell = (" ", "dim")


def digits_of(of_ns: int) -> tuple[int, str, float]:
    """With how many decimals, and in which unit of how many ns, the moments of a trace of that length are shown: as
    many at every moment of it, since two switches are often microseconds apart."""
    return next(found for least, found in _DIGITS if of_ns >= least)


def moment(t_ns: int, of_ns: int) -> str:
    """A moment of a trace of that length."""
    digits, unit, unit_ns = digits_of(of_ns)
    return f"{t_ns / unit_ns:.{digits}f} {unit}"


def state_after(timeline: Timeline, track: int, switch: Switch) -> State | None:
    """What a track does after the switch; None before its creation and after its end, which the switch itself shows.
    What the switch left waits, whatever wakes it later."""
    if track == switch.target:
        return State.RUNNING
    known = timeline.tracks[track]
    told = switch.cause in words.SUSPENDS_NOBODY
    if not told and track == switch.origin and switch.suspension < 0:
        return known.state if known.state in FINAL else State.DONE
    at = known.slices.at(switch.t_ns)
    if at < 0:
        return None
    if not told and track == switch.origin:
        return State.WAITING
    state = State(called(timeline, known).state[at])
    return None if state in FINAL else state


def _state_cell(timeline: Timeline, track: int, switch: Switch, ascii: bool) -> _Cell:
    """The glyph in the lifeline of a track after the switch."""
    state = state_after(timeline, track, switch)
    if state is None:
        return _BLANK
    if state is State.WAITING:
        return _ASCII_LIFELINE if ascii else _LIFELINE, STYLE_OF[state]
    return glyphs(ascii)[state], STYLE_OF[state]


def _draw_arrow(timeline: Timeline, of: Lifelines, switch: Switch, cells: list[_Cell], ascii: bool) -> None:
    """From the origin's lifeline to the target's, with what crosses on its shaft."""
    shaft, back, forth = _ASCII_ARROW if ascii else _ARROW
    labels, switch = crossing_labels(timeline, switch), arrow_of(timeline, switch)
    inside = [track in of.tracks for track in (switch.origin, switch.target)]
    if not any(inside) or switch.origin == switch.target:
        return
    if not all(inside):
        _draw_outside(timeline, of, switch, cells, ascii, labels)
        return
    start, end = of.centre(switch.origin), of.centre(switch.target)
    if start < end:
        _write(cells, start + 1, [shaft] * (end - start - 2) + [forth], labels, shaft)
    else:
        _write(cells, end + 1, [back] + [shaft] * (start - end - 2), labels, shaft)


def _draw_outside(
    timeline: Timeline, of: Lifelines, switch: Switch, cells: list[_Cell], ascii: bool, labels: list[str]
) -> None:
    """One end has no lifeline: its name is at the end of the arrow, beside the lifeline of the other."""
    shaft, back, forth = _ASCII_ARROW if ascii else _ARROW
    leaves = switch.origin in of.tracks
    here, there = (switch.origin, switch.target) if leaves else (switch.target, switch.origin)
    start = of.centre(here) + 1
    room = len(cells) - start
    if room < LEAST_SPACING // 2:
        return
    name = fit_name(plain(timeline.name(there)), min(_OUTSIDE_CELLS, room - 2)).rstrip()
    head = [shaft, forth] if leaves else [back, shaft]
    _write(cells, start, head, [], shaft)
    _place(cells, start + 2, f" {name}"[: room - 2], "name")


def _write(cells: list[_Cell], start: int, arrow: list[str], labels: list[str], shaft: str) -> None:
    """An arrow from cell `start` on, and in its middle the longest of the labels that leaves some of it on either side.

    Where none does, one that leaves its head, with some of the shaft if that can be; else the last is cut.
    """
    cells[start : start + len(arrow)] = [(glyph, "edge") for glyph in arrow]
    # Between a space on either side and the head.
    most = len(arrow) - 3
    label = next((each for room in (most - 2, most - 1, most) for each in labels if cell_width(each) <= room), "")
    if not label and labels and most >= 5:
        # Names differ in the number at their end.
        label = (fit_name if labels[-1][-1:].isdecimal() else fit)(labels[-1], most - 1).rstrip()
    if label:
        text = f" {label} "
        free = len(arrow) - 1 - cell_width(text)
        pointed_left = arrow[0] != shaft
        _place(cells, start + (1 + max(free // 2, min(free, 1)) if pointed_left else free // 2), text, "label")


def _place(cells: list[_Cell], start: int, text: str, style: str) -> None:
    width = cell_width(text)
    cells[start : start + width] = [(text, style)] + [("", style)] * (width - 1)
