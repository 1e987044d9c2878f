"""The slices of the rows. Of a long trace, short ones that follow one another are drawn together, as on the screen: as
high as the share in which the track runs, over what else it mostly does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from visualizer.analysis.index.groups import track_group_of
from visualizer.analysis.index.polls import called
from visualizer.analysis.index.switch_axis import PER_SWITCH, places
from visualizer.analysis.model.timeline import FINAL, State, Track
from visualizer.analysis.report.comparison import Part
from visualizer.export.player.steps import Steps
from visualizer.export.player.texts import short
from visualizer.paint.axis.viewport import Axis, position_of_time, times_of_places
from visualizer.paint.rows.group_row import group_cells, group_pieces
from visualizer.paint.text.wait_labels import labels, values
from visualizer.trace.columns import Column

#: A page with more would no longer open at once.
MOST = 150_000
#: Into so many parts the way from one switch to the next is divided, and a share.
FINE = 255
#: Beside the numbers of states: nothing is known, or there is nothing.
NOTHING = len(State)
#: Of both axes, the stretches within which slices are drawn together: at most so many, and at least.
_FINEST, _COARSEST = 1 << 14, 1 << 4
_FINAL = [int(state) for state in FINAL]


class Lane(NamedTuple):
    """The slices of a track, or of a group: when each begins; where along the switches, in PER_SWITCHths; its state;
    what stands on it, the longest text first. Of several that are drawn together the state is what they mostly are
    where they do not run, and `ran_ns`, `ran_switches` are the shares of the time, and of the switches, in which they
    do: from 1, not at all, to FINE, all of it. Of a slice by itself they are 0."""

    start_ns: Column
    place: Column
    state: Column
    said: list[list[str]]
    ran_ns: Column
    ran_switches: Column


def lanes(
    steps: Steps, tracks: Sequence[int], folded: Collection[int], groups: Sequence[tuple[int, ...]]
) -> tuple[list[Lane], bool]:
    """Those of the tracks, of which some are folded away at first, and then those of the groups; and whether any slices
    are drawn together."""
    part, timeline = steps.part, steps.part.timeline
    every = [_Slices(part, timeline.tracks[track]) for track in tracks]
    count = sum(len(one.start_ns) for one in every)
    if steps.every == 1 and count <= MOST:
        return [*(one.lane() for one in every), *(_group_lane(part, members) for members in groups)], False
    drawn: dict[int, Lane] = {}
    for is_folded in (False, True):
        # Those that are seen at first are finer.
        those = [track for track in tracks if (track in folded) is is_folded]
        if those:
            slices = [one for track, one in zip(tracks, every, strict=True) if (track in folded) is is_folded]
            drawn.update(zip(those, _together(steps, slices, MOST // (2 if is_folded else 1)), strict=True))
    summaries = [_group_summary(steps, members, MOST // len(groups)) for members in groups]
    return [*(drawn[track] for track in tracks), *summaries], True


class _Slices:
    """The slices of a track that lie in a part, with the one that the part begins in."""

    def __init__(self, part: Part, track: Track) -> None:
        self._timeline, self._track = part.timeline, track
        slices = track.slices
        start_ns = np.frombuffer(slices.start_ns, dtype=np.int64)
        self._first = max(0, int(start_ns.searchsorted(part.start_ns)) - 1)
        here = slice(self._first, int(start_ns.searchsorted(part.end_ns, side="right")))
        self.start_ns = start_ns[here]
        place = np.frombuffer(places(part.timeline, track).start, dtype=np.int64)[here]
        self.place = np.maximum(place, part.first * PER_SWITCH)
        self.state = np.frombuffer(called(part.timeline, track).state, dtype=np.uint8)[here].astype(np.int64)

    def lane(self) -> Lane:
        """Each of them by itself."""
        nothing = np.zeros(len(self.place), dtype=np.int64)
        return self.drawn(np.arange(len(nothing)), self.state, nothing, nothing)

    def drawn(self, first: Column, state: Column, ran_ns: Column, ran_switches: Column) -> Lane:
        """Of what is drawn as one the first slices, and what is known of all of it."""
        said = [
            [] if alike else self._said(self._first + at)
            for at, alike in zip(first.tolist(), ran_ns.tolist(), strict=True)
        ]
        return Lane(self.start_ns[first], self.place[first], state, said, ran_ns, ran_switches)

    def _said(self, index: int) -> list[str]:
        slices = self._track.slices
        state, about = slices.state[index], slices.about[index]
        if state == State.RUNNING and about >= 0:
            value = next(reversed(values(self._timeline.switch(about))), None)
            return [short(value)] if value is not None else []
        return [short(label) for label in labels(self._timeline, self._track, index)]


def _together(steps: Steps, every: Sequence[_Slices], room: int) -> list[Lane]:
    """Those of tracks, short ones together: about so many in all."""
    part = steps.part
    start_ns, place, state = (
        np.concatenate(column) for column in zip(*((one.start_ns, one.place, one.state) for one in every), strict=True)
    )
    bounds = np.cumsum([0, *(len(one.start_ns) for one in every)])
    lasts = bounds[1:][np.diff(bounds) > 0] - 1
    (first,) = np.nonzero(~_joined(steps, start_ns, place, state, lasts, room))
    # The last of each track lasts until the end.
    ends = np.append(start_ns[1:], 0), np.append(place[1:], 0)
    for column, end in zip(ends, (part.end_ns, (part.stop + 1) * PER_SWITCH), strict=True):
        column[lasts] = end
    sizes = np.diff(np.append(first, len(state)))
    piece, many = np.repeat(np.arange(len(first)), sizes), sizes > 1
    sums = [
        np.bincount(piece * NOTHING + state, np.maximum(end - begin, 0), len(first) * NOTHING).reshape(-1, NOTHING)
        for begin, end in zip((start_ns, place), ends, strict=True)
    ]
    ran = [np.where(many, _fine(one[:, State.RUNNING] / np.maximum(one.sum(axis=1), 1)), 0) for one in sums]
    for one in sums:
        one[:, State.RUNNING] = 0
    mostly = np.where(sums[0].any(axis=1), sums[0].argmax(axis=1), sums[1].argmax(axis=1))
    rests = many & (sums[0].any(axis=1) | sums[1].any(axis=1))
    mostly = np.where(rests, mostly, state[first])
    found = []
    for track, begin, (low, high) in zip(every, bounds, pairwise(np.searchsorted(first, bounds)), strict=False):
        here = slice(low, high)
        found.append(track.drawn(first[here] - begin, mostly[here], ran[0][here], ran[1][here]))
    return found


def _fine(share: Column) -> Column:
    """A share as a number from 1 to FINE; more than 1 only if it is more than nothing."""
    found: Column = 1 + np.ceil(np.minimum(share, 1.0) * (FINE - 1)).astype(np.int64)
    return found


def _joined(steps: Steps, start_ns: Column, place: Column, state: Column, lasts: Column, room: int) -> Column:
    """Which slices are drawn together with the one before: those within the same stretch of both axes, but not where
    one can step to all switches. The stretches are as short as there is room for."""
    part = steps.part
    long_ns, switches = part.end_ns - part.start_ns + 1, part.stop - part.first + 1
    ends = np.isin(state, _FINAL)
    ends[lasts] = True
    joins = np.zeros(len(place), dtype=bool)
    for alone in (ends | steps.are_around(place), ends):
        count = _FINEST
        while count >= _COARSEST:
            of_time = ((start_ns - part.start_ns) / long_ns * count).astype(np.int64)
            of_switches = ((place / PER_SWITCH - part.first) / switches * count).astype(np.int64)
            is_short = ~alone
            is_short[:-1] &= (of_time[1:] == of_time[:-1]) & (of_switches[1:] == of_switches[:-1])
            joins[1:] = is_short[1:] & is_short[:-1]
            if len(place) - joins.sum() <= room:
                return joins
            count //= 2
    return joins


def _group_lane(part: Part, members: tuple[int, ...]) -> Lane:
    timeline, group = part.timeline, track_group_of(part.timeline, members)
    found = group_pieces(timeline, group, part.start_ns, part.end_ns)
    state = np.where(found.state < 0, NOTHING, found.state)
    said = [[text] if text else [] for text in found.said]
    place = np.maximum((found.place * PER_SWITCH).astype(np.int64), part.first * PER_SWITCH)
    nothing = np.zeros(len(place), dtype=np.int64)
    return Lane(found.start_ns, place, state, said, nothing, nothing)


def _group_summary(steps: Steps, members: tuple[int, ...], room: int) -> Lane:
    """What the screen shows in about so many cells: from one switch to the next where one can step to all of them, else
    stretches of both axes."""
    part, timeline = steps.part, steps.part.timeline
    group = track_group_of(timeline, members)
    near = steps.numbers + 1
    (followed,) = np.nonzero(steps.are_around(near * PER_SWITCH) | steps.are_around((near - 1) * PER_SWITCH))
    near = near[followed] if len(followed) < room // 2 else near[:0]
    count = max(_COARSEST, min(_FINEST // 4, room // 4))
    times_ns = np.linspace(part.start_ns, part.end_ns, count).astype(np.int64).tolist()
    if group.ended_ns >= 0:
        times_ns.append(group.ended_ns)
    by_time = [position_of_time(timeline, Axis.SWITCHES, t_ns) for t_ns in times_ns]
    edges = np.unique(np.concatenate([np.linspace(part.first, part.stop + 1, count), by_time, near]))
    edges = edges[(edges >= part.first) & (edges <= part.stop + 1)]
    cells = group_cells(timeline, group, Axis.SWITCHES, edges.tolist(), None)
    at_ns = times_of_places(timeline, edges)
    ran_ns = np.diff(group.at(at_ns.astype(np.float64))[1][State.RUNNING]) / np.maximum(np.diff(at_ns), 1)
    runs, whole = cells.share >= 0, cells.share > 0.999
    state = np.where(whole, int(State.RUNNING), np.where(cells.main >= 0, cells.main, NOTHING))
    part_runs = runs & ~whole
    said: list[list[str]] = [[] for _ in state]
    for at, _, _, text in cells.stretches():
        said[at] = [text]
    kept = np.ones(len(state), dtype=bool)
    kept[1:] = part_runs[1:] | part_runs[:-1] | (state[1:] != state[:-1])
    if group.ended_ns >= 0:
        at = int(edges.searchsorted(by_time[-1]))
        if at < len(state):
            state[at], kept[at] = int(group.end), True
    return Lane(
        at_ns[:-1][kept],
        (edges[:-1][kept] * PER_SWITCH).astype(np.int64),
        state[kept],
        [one for one, is_kept in zip(said, kept.tolist(), strict=True) if is_kept],
        np.where(part_runs, _fine(ran_ns), 0)[kept],
        np.where(part_runs, _fine(np.maximum(cells.share, 0)), 0)[kept],
    )
