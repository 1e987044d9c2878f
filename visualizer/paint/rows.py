"""The order of the rows, and the label in front of each."""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from visualizer.analysis.model import Timeline, Track
from visualizer.paint.row import Run
from visualizer.paint.text import ascii_only, cell_width, fit, fit_name, printable
from visualizer.trace import words


class Row(NamedTuple):
    """A track's row. `depth` is 0 for a thread, 1 for what runs on it; `collapsed` if its children are left out."""

    track: int
    depth: int
    has_children: bool
    collapsed: bool = False


def rows(timeline: Timeline, collapsed: Set[int] = frozenset()) -> list[Row]:
    """Each thread, and under it what runs on it, in order of spawning; a track of which no thread is known stands for
    itself. `collapsed`: threads whose children are not wanted."""
    thread_of: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for track in timeline.tracks:
        thread = _thread_of(timeline, track, thread_of)
        under = children.setdefault(thread, [])
        if thread != track:
            under.append(track)
    found: list[Row] = []
    for thread, under in children.items():
        hidden = thread in collapsed and bool(under)
        found.append(Row(thread, 0, bool(under), hidden))
        if not hidden:
            found += [Row(track, 1, False) for track in under]
    return found


def _thread_of(timeline: Timeline, track: int, thread_of: dict[int, int]) -> int:
    """The thread on which `track` runs, found over those above it; else the uppermost that is known."""
    climbed: dict[int, None] = {}
    while track not in thread_of:
        climbed[track] = None
        above = _above(timeline, timeline.tracks[track])
        if above not in timeline.tracks or above in climbed:
            thread_of[track] = track
        else:
            track = above
    thread = thread_of[track]
    thread_of.update(dict.fromkeys(climbed, thread))
    return thread


def _above(timeline: Timeline, track: Track) -> int:
    """A track of the same thread, -1 if none is known: whoever resumes a generator does so on the thread it runs on."""
    if track.kind == words.THREAD:
        return words.NOBODY
    for above in (track.parent, track.creator):
        if above in timeline.tracks:
            return above
    return timeline.switch(track.steps[0]).origin if track.steps else words.NOBODY


def label_runs(timeline: Timeline, row: Row, width: int, *, selected: bool = False, ascii: bool = False) -> list[Run]:
    """The track's name, indented, with ▾ or ▸ in front if it has children: exactly `width` cells."""
    mark = ("▸ " if row.collapsed else "▾ ") if row.has_children else "  "
    before = mark + "  " * row.depth
    name = printable(timeline.name(row.track))
    if ascii:
        before, name = ascii_only(before), ascii_only(name)
    style = "selected" if selected else "thread" if row.depth == 0 else "name"
    # The last cell stays free, so that no name runs into its row.
    ellipsis = ".." if ascii else "…"
    room = width - 1
    text = before + fit_name(name, max(0, room - cell_width(before)), ellipsis)
    return [Run(fit(text, room, ellipsis) + " " * min(1, width), style)]
