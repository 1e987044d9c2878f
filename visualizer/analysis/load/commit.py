"""Takes hands (batch.py) into a timeline: what `Timeline.feed` makes of the same lines, as columns."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Set
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from visualizer.analysis.load import lifecycle, per_track
from visualizer.analysis.load.batch import MOST_TRACKS, Hand
from visualizer.analysis.load.distinct import together
from visualizer.analysis.load.per_track import Lives, New
from visualizer.analysis.model.blocking import HOG_NS
from visualizer.analysis.model.states import State
from visualizer.analysis.model.types import Entry, Track
from visualizer.trace.columns import EXIT, SPAWN, SWITCH, UNREADY, WAKE, Column

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline


_KINDS = SWITCH, WAKE, UNREADY, SPAWN, EXIT
_NONE = np.zeros(0, dtype=np.int64)


class Fit(Enum):
    """Whether lines are common enough to be taken in at once. NOT_YET: their tracks are in the midst of something else,
    and may be done with that a few lines later."""

    ALL = "all"
    NOT_YET = "not yet"
    NOT_ALL = "not all"


def enter(timeline: Timeline, hand: Hand, running: Set[int] | None = None) -> Fit:
    """Take it in, or change nothing if it is not as common as it has to be.

    `running`: who runs before, on each thread, where it is of several.
    """
    t_ns, kind, who, by = hand.t_ns, hand.kind, hand.who, hand.by
    # Ids are given out one after another.
    if not len(kind) or (t_ns[1:] < t_ns[:-1]).any() or int(who.min()) < 0 or int(who.max()) >= MOST_TRACKS:
        return Fit.NOT_ALL
    there = np.bincount(kind, minlength=EXIT + 1)
    where = {what: np.flatnonzero(kind == what) if there[what] else _NONE for what in _KINDS}
    at, woken = where[SWITCH], where[WAKE]
    if timeline._blocks.hubs and len(at) < len(kind):
        others = who[kind != SWITCH]
        if any((others == hub).any() for hub in timeline._blocks.hubs):
            return Fit.NOT_ALL
    ids = together(who, by if len(at) == len(kind) else by[at])
    if running is None:
        running = {int(by[at[0]]) if len(at) else timeline._strands.current()}
    lives = per_track.lives(timeline, ids.tolist(), running, set(who[where[SPAWN]].tolist()))
    if lives is None:
        return Fit.NOT_YET
    course = per_track.course(hand, where, ids)
    told = per_track.tell(course, lives)
    if told is None or (hand.lifecycle and lifecycle.may_go_unseen(timeline, hand)):
        return Fit.NOT_ALL
    lifecycle.begin(timeline, hand)
    new = per_track.slices(timeline, hand, course, told, lives)
    first_switch = len(timeline._switches.ns)
    timeline.occurred.update(State(number) for number in np.flatnonzero(np.bincount(new.state)).tolist())
    _enter_columns(timeline, hand, where)
    tracks = [timeline.tracks[id] for id in lives.ids]
    _enter_slices(tracks, lives, new)
    _mark_blocked(timeline, hand, lives, new, first_switch)
    for index, wake in told.open_early:
        timeline._early.setdefault(lives.ids[index], len(timeline._wakeups) - len(woken) + wake)
    if hand.bottom != timeline._strands.bottom():
        timeline._strands.go_to(hand.bottom)
    hand.settle()
    lifecycle.end(timeline, hand)
    timeline.version += len(kind)
    timeline._at(int(t_ns[-1]))
    return Fit.ALL


def _enter_columns(timeline: Timeline, hand: Hand, where: dict[int, Column]) -> None:
    switches, parks, wakeups = timeline._switches, timeline._parks, timeline._wakeups
    first, first_wake, first_park = len(switches.ns), len(wakeups), len(parks)
    at, woken, t_ns = where[SWITCH], where[WAKE], hand.t_ns
    index = np.arange(first, first + len(at), dtype=np.int32)
    if len(at):
        all_switch = len(at) == len(t_ns)
        ns, by, who = (t_ns, hand.by, hand.who) if all_switch else (t_ns[at], hand.by[at], hand.who[at])
        if first and ns[0] < switches.ns[-1]:
            ns = np.maximum(ns, switches.ns[-1])
        parks.extend(index if len(hand.park_how) == len(at) else index[~hand.ended], hand.on_track, hand.park_how)
        parks.limit(hand.timed + first_park, hand.asked_ns)
        switches.extend(ns, by, who, hand.how, hand.value)
    wakeups.extend(t_ns[woken], hand.who[woken], hand.by[woken], hand.cause)
    entry, number = np.full(len(t_ns), Entry.SWITCH, dtype=np.uint32), np.empty(len(t_ns), dtype=np.uint32)
    number[at] = index
    for what, called, begin in (
        (WAKE, Entry.WAKEUP, first_wake),
        # Those that begin are counted already, those that end will be.
        (SPAWN, Entry.SPAWN, len(timeline.spawns) - len(where[SPAWN])),
        (EXIT, Entry.EXIT, len(timeline.exits)),
    ):
        those = where[what]
        entry[those], number[those] = called, np.arange(begin, begin + len(those), dtype=np.uint32)
    if len(where[UNREADY]):
        entered = np.flatnonzero(hand.kind != UNREADY)
        entry, number, t_ns = entry[entered], number[entered], t_ns[entered]
    timeline._enter_many(entry, number, t_ns)


def _enter_slices(tracks: list[Track], lives: Lives, new: New) -> None:
    bounds, start_ns = new.bounds, new.start_ns
    some = np.flatnonzero(bounds[1:] > bounds[:-1])
    for index in some[start_ns[bounds[some]] < lives.open_ns[some]].tolist():
        mine = slice(bounds[index], bounds[index + 1])
        start_ns[mine] = np.maximum(start_ns[mine], lives.open_ns[index])
    steps = new.runs + np.repeat(lives.known - bounds[:-1], np.diff(new.groups))
    runs = steps.astype(np.int32).data.cast("B")
    starts, states, abouts = start_ns.data.cast("B"), new.state.data, new.about.data.cast("B")
    edges, groups = bounds.tolist(), (4 * new.groups).tolist()
    for track, low, high, first, last in zip(tracks, edges, edges[1:], groups, groups[1:], strict=False):
        if high > low:
            track.slices.extend(starts[8 * low : 8 * high], states[low:high], abouts[4 * low : 4 * high])
            track.version += high - low
            if last > first:
                track.step_slices.frombytes(runs[first:last])


def _mark_blocked(timeline: Timeline, hand: Hand, lives: Lives, new: New, first_switch: int) -> None:
    """Where hubs stood still for long while there was somebody to wake, they were blocked."""
    blocks = timeline._blocks
    for id, hub in blocks.hubs.items():
        index = bisect_left(lives.ids, id)
        if lives.ids[index : index + 1] != [id]:
            continue
        low, high = int(new.bounds[index]), int(new.bounds[index + 1])
        state, first = new.state[low:high], int(lives.known[index]) - 1
        lasted_ns = np.diff(new.start_ns[low:high], prepend=lives.open_ns[index])
        before = np.concatenate(([hub.slices.state[first]], state[:-1]))
        still = (before == State.WAITING) | (before == State.CREATED)
        for number in np.flatnonzero(still & (state == State.RUNNING) & (lasted_ns >= HOG_NS)).tolist():
            switch = int(new.about[low + number]) - first_switch
            if hand.ended[switch] or lifecycle.living(timeline, hand, id, switch) > 0:
                blocks.mark_past(hub, first + number)
