"""What the page shows, as numbers and texts: rows, slices, switches, sentences, source. The page only draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from visualizer.analysis.explore.causes import standpoint, why
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.index.groups import track_group_of
from visualizer.analysis.index.idle_gaps import gaps
from visualizer.analysis.index.switch_axis import PER_SWITCH, places
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.durations import UNITS, duration
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence_before_first
from visualizer.export.player.columns import Columns, steps
from visualizer.export.player.sources import Sources
from visualizer.paint.axis.viewport import Axis, position_of_time, span
from visualizer.paint.panes.arrow_labels import arrow_of, crossing_labels
from visualizer.paint.rows.group_row import group_pieces
from visualizer.paint.rows.order import Row, row_name
from visualizer.paint.text.wait_labels import labels, values
from visualizer.trace import words
from visualizer.trace.columns import Column

#: A page with more could not be stepped through, and would no longer open at once.
SLICES, SWITCHES = 150_000, 50_000
#: No text is longer.
_LONGEST = 400
#: Into so many parts the way from one switch to the next is divided.
FINE = 255
#: Beside the numbers of states: nothing is known, or there is nothing.
NOTHING = len(State)


class Lane(NamedTuple):
    """The slices of a track, or of a group: when each begins, where along the switches, in PER_SWITCHths, its state,
    and what stands on it, the longest text first."""

    start_ns: Column
    place: Column
    state: Column
    said: list[list[str]]


class Texts:
    """Texts, or lists of them, each once. Number 0 is that of nothing."""

    def __init__(self, nothing: Any) -> None:
        self.known: dict[Any, int] = {nothing: 0}

    def number(self, text: Any) -> int:
        return self.known.setdefault(text, len(self.known))


def short(text: str, most: int = _LONGEST) -> str:
    """The text on one line, of a length that can be shown."""
    return plain(text if len(text) <= most else text[: most - 1] + "…")


def cut_to_fit(part: Part, shown: Iterable[Row]) -> Part:
    """As much of the part, from its beginning, as a page can hold."""
    timeline = part.timeline
    stop = min(part.stop, part.first + SWITCHES)
    end_ns = part.end_ns if stop == part.stop else timeline.switch_ns[stop - 1]
    tracks = {track for row in shown for track in (row.members or (row.track,))}
    starts = [np.frombuffer(timeline.tracks[track].slices.start_ns, dtype=np.int64) for track in tracks]
    every = np.concatenate([np.zeros(0, np.int64), *(one[one.searchsorted(part.start_ns) :] for one in starts)])
    if (every <= end_ns).sum() > SLICES:
        end_ns = min(end_ns, int(np.partition(every, SLICES)[SLICES]))
    return part if end_ns == part.end_ns else Part.between(timeline, part.start_ns, end_ns)


def switch_at(part: Part, t_ns: int) -> int:
    """Which of its switches, from 0, is the last up to that moment; -1 if none is."""
    return min(max(part.timeline.switch_before(t_ns), part.first - 1), part.stop - 1) - part.first


def collect(part: Part, shown: Sequence[Row], marks: Iterable[Mark], columns: Columns) -> dict[str, Any]:
    """What the page is told beside its columns."""
    timeline = part.timeline
    known: dict[int, int] = {}

    def number(track: int) -> int:
        return known.setdefault(track, len(known))

    rows, lanes = _rows(part, shown, number)
    alive = len(known)
    told = Texts(())
    lane_counts = _add_lanes(part, lanes, told, columns)
    switches = _add_switches(part, number, marks, columns)
    return {
        "rows": rows,
        "lanes": lane_counts,
        "tracks": [short(timeline.name(track)) for track in known],
        "alive": alive,
        "hubs": [number for track, number in known.items() if timeline.tracks[track].schedules],
        "first": part.first,
        "until_ns": part.end_ns,
        "fine": FINE,
        "switches": timeline.switch_count,
        "spans": {
            Axis.TIME.value: _time_span(part, Axis.TIME),
            Axis.BUSY.value: _time_span(part, Axis.BUSY),
            Axis.SWITCHES.value: [part.first, part.stop + 1],
        },
        "gaps": _gaps(timeline),
        "units": UNITS,
        "labels": list(told.known),
        **switches,
    }


def _mark(part: Part, mark: Mark, sources: Sources) -> list[Any]:
    """Its name, its caption, the switch before it, when it is, where along the switches, and its place in the source.
    """
    place = position_of_time(part.timeline, Axis.SWITCHES, mark.t_ns)
    texts = short(mark.name), short(" ".join(mark.caption.split()))
    return [*texts, switch_at(part, mark.t_ns), mark.t_ns, place, sources.marked(mark.t_ns)]


def _time_span(part: Part, axis: Axis) -> list[float]:
    if part.is_whole:
        return list(span(part.timeline, axis))
    return [position_of_time(part.timeline, axis, t_ns) for t_ns in (part.start_ns, part.end_ns)]


def _gaps(timeline: Timeline) -> list[list[Any]]:
    """Of each gap that is folded: when it begins and ends, how long it is shown, and how long it is."""
    known = gaps(timeline)
    found = map(known.gap, range(len(known)))
    return [[gap.start_ns, gap.end_ns, gap.shown_ns, duration(gap.length_ns, 2)] for gap in found]


def _rows(
    part: Part, shown: Sequence[Row], number: Callable[[int], int]
) -> tuple[list[dict[str, Any]], list[Lane]]:
    """The rows, and the slices of each track and then of each group in them. A group's row has those of its members
    below it, which the page folds away."""
    timeline = part.timeline
    rows: list[dict[str, Any]] = []
    tracks: list[int] = []
    groups: list[tuple[int, ...]] = []

    def take(track: int, depth: int, within: int) -> None:
        if track not in seen:
            seen.add(track)
            tracks.append(track)
            number(track)
        top = depth == 0 and timeline.tracks[track].kind == words.THREAD
        rows.append({"name": short(timeline.name(track)), "depth": depth, "lane": number(track), "top": top})
        if within >= 0:
            rows[-1]["within"] = within

    seen: set[int] = set()
    group, deep = -1, -1
    for row in shown:
        if row.group is None:
            group = group if row.depth > deep else -1
            take(row.track, row.depth, group)
            continue
        group, deep = len(rows), row.depth
        head = {"name": short(row_name(timeline, row)), "depth": deep, "lane": -1 - len(groups), "top": False}
        rows.append(head | {"open": not row.collapsed})
        groups.append(row.members)
        if row.collapsed:
            for member in row.members:
                take(member, deep + 1, group)
    found = [_track_lane(part, timeline.tracks[track]) for track in tracks]
    for told in rows:
        if told["lane"] < 0:
            told["lane"] = len(tracks) - 1 - told["lane"]
    return rows, [*found, *(_group_lane(part, members) for members in groups)]


def _within(start_ns: Column, part: Part) -> slice:
    """Which slices, of which these are the beginnings, lie in the part; with the one that the part begins in."""
    first = max(0, int(start_ns.searchsorted(part.start_ns)) - 1)
    return slice(first, int(start_ns.searchsorted(part.end_ns, side="right")))


def _track_lane(part: Part, track: Track) -> Lane:
    timeline, slices = part.timeline, track.slices
    start_ns = np.frombuffer(slices.start_ns, dtype=np.int64)
    here = _within(start_ns, part)
    said = []
    for index in range(here.start, here.stop):
        state, about = slices.state[index], slices.about[index]
        if state == State.RUNNING and about >= 0:
            value = next(reversed(values(timeline.switch(about))), None)
            said.append([short(value)] if value is not None else [])
        else:
            said.append([short(label) for label in labels(timeline, track, index)])
    place = np.frombuffer(places(timeline, track).start, dtype=np.int64)[here]
    states = np.frombuffer(slices.state, dtype=np.uint8)[here]
    return Lane(start_ns[here], np.maximum(place, part.first * PER_SWITCH), states, said)


def _group_lane(part: Part, members: tuple[int, ...]) -> Lane:
    timeline, group = part.timeline, track_group_of(part.timeline, members)
    found = group_pieces(timeline, group, part.start_ns, part.end_ns)
    state = np.where(found.state < 0, NOTHING, found.state)
    said = [[text] if text else [] for text in found.said]
    place = (found.place * PER_SWITCH).astype(np.int64)
    return Lane(found.start_ns, np.maximum(place, part.first * PER_SWITCH), state, said)


def _add_lanes(part: Part, lanes: Sequence[Lane], told: Texts, columns: Columns) -> list[int]:
    """Add the slices as columns; return how many each lane has.

    A time is told as how long it is after the switch before it, which for most is nothing at all.
    """
    nothing = np.zeros(0, dtype=np.int64)
    switch_ns = np.frombuffer(part.timeline.switch_ns, dtype=np.int64)
    segments, later_ns = [nothing], [nothing]
    for lane in lanes:
        segment = lane.place // PER_SWITCH
        segments.append(np.diff(segment, prepend=part.first))
        later_ns.append(lane.start_ns - _begins_ns(np.minimum(segment, part.stop), switch_ns))
    every_place = np.concatenate([nothing, *(lane.place for lane in lanes)])
    columns.add("segment", np.concatenate(segments), signed=True)
    columns.add("fraction", every_place % PER_SWITCH * FINE // PER_SWITCH)
    columns.add("later", np.concatenate(later_ns), signed=True)
    columns.add("state", np.concatenate([nothing, *(lane.state for lane in lanes)]))
    columns.add("label", [told.number(tuple(said)) for lane in lanes for said in lane.said])
    return [len(lane.start_ns) for lane in lanes]


def _begins_ns(segment: Column, switch_ns: Column) -> Column:
    """When the switch was that each segment begins with; 0 for the one before the first."""
    found: Column = np.zeros(len(segment), dtype=np.int64)
    if len(switch_ns):
        found = np.where(segment > 0, switch_ns[np.clip(segment - 1, 0, len(switch_ns) - 1)], 0)
    return found


def _add_switches(
    part: Part, number: Callable[[int], int], marks: Iterable[Mark], columns: Columns
) -> dict[str, Any]:
    timeline, switches = part.timeline, range(part.first, part.stop)
    said, told, sources = Texts(""), Texts(()), Sources(timeline)
    runs: list[int] = []
    stands: list[int] = []
    ends: list[tuple[int, int]] = []
    crossing: list[int] = []
    wakers: list[int] = []
    causes: list[int] = []
    # In front of the first switch of a part, what the one before it left.
    for index in range(part.first - 1, part.stop):
        runs.append(sources.running(index))
        stands.append(sources.suspended(index))
        if index < part.first:
            continue
        switch = timeline.switch(index)
        ends.append((number(arrow_of(timeline, switch).origin), number(switch.target)))
        crossing.append(told.number(tuple(short(label) for label in crossing_labels(timeline, switch))))
        target = timeline.tracks[switch.target]
        wakeup, _ = timeline.made_ready(target, target.slice_of_step(index))
        cause = why(timeline, standpoint(timeline, index, switch.t_ns), says_late=False).at
        # 0: the chain ends, or leads out of the part; 1: in front of its first switch.
        causes.append(max(0, cause.switch - part.first + 2) if cause is not None else 0)
        wakers.append(number(wakeup.waker) + 1 if wakeup is not None and wakeup.waker in timeline.tracks else 0)
    sentences = AllSentences(timeline) if part.stop else None
    before = sentence_before_first(timeline)
    if part.first and sentences is not None:
        [before] = sentences.said(part.first - 1, part.first)
    spoken = [before, *(sentences.said(part.first, part.stop) if sentences is not None else ())]
    switch_ns = np.frombuffer(timeline.switch_ns, dtype=np.int64)
    begins_ns = int(_begins_ns(np.array([part.first]), switch_ns)[0])
    columns.add("t", steps(switch_ns[switches.start : switches.stop] - begins_ns), signed=True)
    columns.add("origin", [origin for origin, _ in ends])
    columns.add("target", [target for _, target in ends])
    columns.add("crossing", crossing)
    columns.add("waker", wakers)
    columns.add("cause", causes)
    columns.add("sentence", [said.number(short(text)) for text in spoken])
    columns.add("running", runs)
    columns.add("suspended", stands)
    marked = [_mark(part, mark, sources) for mark in marks if part.start_ns <= mark.t_ns <= part.end_ns]
    return {
        "marks": marked,
        "begins_ns": begins_ns,
        "sentences": list(said.known),
        "crossings": list(told.known),
        "positions": sources.positions,
        "files": sources.files(),
    }
