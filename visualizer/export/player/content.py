"""What the page shows, as numbers and texts: rows, slices, switches, sentences, source. The page only draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from visualizer.analysis.explore.causes import standpoint, why
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.index.idle_gaps import gaps
from visualizer.analysis.index.switch_axis import PER_SWITCH
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.durations import UNITS, duration
from visualizer.analysis.text.sentences import sentence, sentence_before_first
from visualizer.export.player.columns import Columns, differences
from visualizer.export.player.lanes import FINE, Lane, lanes
from visualizer.export.player.sources import Sources
from visualizer.export.player.steps import Steps
from visualizer.export.player.texts import Texts, short
from visualizer.paint.axis.viewport import Axis, position_of_time, span
from visualizer.paint.panes.arrow_labels import arrow_of, crossing_labels
from visualizer.paint.rows.order import Row, row_name
from visualizer.trace import words
from visualizer.trace.columns import Column

#: Tracks that share rows which can be unfolded.
_MEMBERS = 2_000
#: Of so many sentences in a row, or more, those that are alike are made once.
_TOGETHER = 8


def collect(steps: Steps, shown: Sequence[Row], marks: Iterable[Mark], columns: Columns) -> dict[str, Any]:
    """What the page is told beside its columns."""
    part, timeline = steps.part, steps.part.timeline
    known: dict[int, int] = {}

    def number(track: int) -> int:
        return known.setdefault(track, len(known))

    # Before tracks are looked at one by one: that of many takes longer afterwards.
    spans = {
        Axis.TIME.value: _time_span(part, Axis.TIME),
        Axis.BUSY.value: _time_span(part, Axis.BUSY),
        Axis.SWITCHES.value: [part.first, part.stop + 1],
    }
    rows, tracks, groups, homes = _rows(timeline, shown, number)
    alive, told = len(known), Texts(())
    found, summed = lanes(steps, [*tracks], {track for track, is_folded in tracks.items() if is_folded}, groups)
    lane_counts = _add_lanes(steps, found, told, columns)
    switches = _add_switches(steps, number, marks, columns)
    return {
        "rows": rows,
        "lanes": lane_counts,
        "tracks": [short(timeline.name(track)) for track in known],
        "alive": alive,
        "homes": [[number, homes[track]] for track, number in known.items() if track in homes],
        "hubs": [number for track, number in known.items() if number < alive and timeline.tracks[track].schedules],
        "summed": summed,
        "first": part.first,
        "until_ns": part.end_ns,
        "fine": FINE,
        "switches": timeline.switch_count,
        "spans": spans,
        "gaps": _gaps(timeline),
        "units": UNITS,
        "labels": list(told.known),
        **switches,
    }


def _mark(steps: Steps, mark: Mark, sources: Sources) -> list[Any]:
    """Its name, its caption, the switch before it, when it is, where along the switches, and its place in the source.
    """
    place = position_of_time(steps.part.timeline, Axis.SWITCHES, mark.t_ns)
    texts = short(mark.name), short(" ".join(mark.caption.split()))
    return [*texts, steps.at(mark.t_ns), mark.t_ns, place, sources.marked(mark.t_ns)]


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
    timeline: Timeline, shown: Sequence[Row], number: Callable[[int], int]
) -> tuple[list[dict[str, Any]], dict[int, bool], list[tuple[int, ...]], dict[int, int]]:
    """The rows; the tracks that have slices in them, and whether those are folded away at first; the groups; and, of
    tracks that have no row of their own, the number of the row that they share. A group's row has those of its members
    below it, which the page folds away; but not of too many."""
    rows: list[dict[str, Any]] = []
    tracks: dict[int, bool] = {}
    groups: list[tuple[int, ...]] = []
    homes: dict[int, int] = {}

    def take(track: int, depth: int, within: int) -> None:
        number(track)
        tracks[track] = tracks.get(track, True) and within >= 0 and not rows[within]["open"]
        top = depth == 0 and timeline.tracks.birth(track).kind == words.THREAD
        rows.append({"name": short(timeline.name(track)), "depth": depth, "lane": number(track), "top": top})
        if within >= 0:
            rows[-1]["within"] = within

    group, deep, room = -1, -1, _MEMBERS
    for row in shown:
        if row.group is None:
            group = group if row.depth > deep else -1
            take(row.track, row.depth, group)
            continue
        group, deep = len(rows), row.depth
        head = {"name": short(row_name(timeline, row)), "depth": deep, "lane": -1 - len(groups), "top": False}
        groups.append(row.members)
        if row.collapsed and len(row.members) > room:
            rows.append(head)
            homes.update(dict.fromkeys(row.members, group))
            continue
        rows.append(head | {"open": not row.collapsed})
        if row.collapsed:
            room -= len(row.members)
            for member in row.members:
                take(member, deep + 1, group)
    for told in rows:
        if told["lane"] < 0:
            told["lane"] = len(tracks) - 1 - told["lane"]
    return rows, tracks, groups, homes


def _add_lanes(steps: Steps, lanes: Sequence[Lane], told: Texts, columns: Columns) -> list[int]:
    """Add the slices as columns; return how many each lane has.

    A time is told as how long it is after the step before it, which for most is nothing at all.
    """
    nothing = np.zeros(0, dtype=np.int64)
    segments, later_ns = [nothing], [nothing]
    for lane in lanes:
        segment = lane.place // PER_SWITCH
        segments.append(np.diff(segment, prepend=steps.part.first))
        later_ns.append(lane.start_ns - _begins_ns(steps, segment))
    every_place = np.concatenate([nothing, *(lane.place for lane in lanes)])
    columns.add("segment", np.concatenate(segments), signed=True)
    columns.add("fraction", every_place % PER_SWITCH * FINE // PER_SWITCH)
    columns.add("later", np.concatenate(later_ns), signed=True)
    columns.add("state", np.concatenate([nothing, *(lane.state for lane in lanes)]))
    columns.add("ran_ns", np.concatenate([nothing, *(lane.ran_ns for lane in lanes)]))
    columns.add("ran_switches", np.concatenate([nothing, *(lane.ran_switches for lane in lanes)]))
    columns.add("label", [told.number(tuple(said)) for lane in lanes for said in lane.said])
    return [len(lane.start_ns) for lane in lanes]


def _begins_ns(steps: Steps, segment: Column) -> Column:
    """When the last step was that is not behind each segment of the switches; if there is none, when the first segment
    begins."""
    switch_ns, first = np.frombuffer(steps.part.timeline.switch_ns, dtype=np.int64), steps.part.first
    at = steps.numbers.searchsorted(segment, side="left") - 1
    begins_ns = int(switch_ns[first - 1]) if first and len(switch_ns) else 0
    if not len(steps.numbers):
        return np.full(len(segment), begins_ns)
    found: Column = np.where(at >= 0, switch_ns[steps.numbers[np.maximum(at, 0)]], begins_ns)
    return found


def _add_switches(
    steps: Steps, number: Callable[[int], int], marks: Iterable[Mark], columns: Columns
) -> dict[str, Any]:
    part, timeline, numbers = steps.part, steps.part.timeline, steps.numbers.tolist()
    said, told, sources = Texts(""), Texts(()), Sources(timeline)
    # In front of the first switch of a part, what the one before it left.
    runs = [sources.running(part.first - 1)]
    stands = [sources.suspended(part.first - 1)]
    ends: list[tuple[int, int]] = []
    crossing: list[int] = []
    wakers: list[int] = []
    causes: list[int] = []
    step_of = {index: step for step, index in enumerate(numbers)} | {part.first - 1: -1}
    for index in numbers:
        runs.append(sources.running(index))
        stands.append(sources.suspended(index))
        switch = timeline.switch(index)
        ends.append((number(arrow_of(timeline, switch).origin), number(switch.target)))
        crossing.append(told.number(tuple(short(label) for label in crossing_labels(timeline, switch))))
        target = timeline.tracks[switch.target]
        wakeup, _ = timeline.made_ready(target, target.slice_of_step(index))
        cause = why(timeline, standpoint(timeline, index, switch.t_ns), says_late=False).at
        # 0: the chain ends, or leads to where there is no step; 1: in front of the first one.
        causes.append(step_of.get(cause.switch, -2) + 2 if cause is not None else 0)
        wakers.append(number(wakeup.waker) + 1 if wakeup is not None and wakeup.waker in timeline.tracks else 0)
    switch_ns = np.frombuffer(timeline.switch_ns, dtype=np.int64)
    begins_ns = int(_begins_ns(steps, np.array([part.first]))[0])
    columns.add("number", differences(steps.numbers - part.first + 1) - 1, signed=True)
    columns.add("t", differences(switch_ns[steps.numbers] - begins_ns), signed=True)
    columns.add("origin", [origin for origin, _ in ends])
    columns.add("target", [target for _, target in ends])
    columns.add("crossing", crossing)
    columns.add("waker", wakers)
    columns.add("cause", causes)
    columns.add("sentence", [said.number(short(text)) for text in _sentences(steps)])
    columns.add("running", runs)
    columns.add("suspended", stands)
    marked = [_mark(steps, mark, sources) for mark in marks if part.start_ns <= mark.t_ns <= part.end_ns]
    return {
        "marks": marked,
        "begins_ns": begins_ns,
        "sentences": list(said.known),
        "crossings": list(told.known),
        "positions": sources.positions,
        "files": sources.files(),
    }


def _sentences(steps: Steps) -> Iterator[str]:
    """What is so before the first step, and the sentence of each."""
    part, timeline, numbers = steps.part, steps.part.timeline, steps.numbers
    if not part.stop:
        yield sentence_before_first(timeline)
        return
    every = AllSentences(timeline)
    yield from every.said(part.first - 1, part.first) if part.first else [sentence_before_first(timeline)]
    # All of a stretch together are told sooner than each for itself.
    (breaks,) = np.nonzero(np.diff(numbers) != 1)
    for low, high in pairwise([0, *(breaks + 1).tolist(), len(numbers)]):
        those = numbers[low:high].tolist()
        if len(those) < _TOGETHER:
            yield from (sentence(timeline, index) for index in those)
        else:
            yield from every.said(those[0], those[-1] + 1)
