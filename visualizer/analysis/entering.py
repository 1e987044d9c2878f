"""Takes hands (hands.py) into a timeline: what `Timeline.feed` makes of the same lines, as columns."""

from __future__ import annotations

from collections.abc import Set
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from visualizer.analysis.blocks import HOG_NS
from visualizer.analysis.different import distinct
from visualizer.analysis.hands import MOST_TRACKS, Hand
from visualizer.analysis.states import FINAL, State
from visualizer.analysis.tracks import Entry, Track
from visualizer.trace import words
from visualizer.trace.flat import SWITCH, WAKE, Column

if TYPE_CHECKING:
    from visualizer.analysis.model import Timeline

_OUT, _IN, _WAKE, _UNREADY = range(4)
_BECOMES = np.array((State.WAITING, State.RUNNING, State.READY, State.WAITING), dtype=np.uint8)
#: What a track that runs may be in, and what one that does not run may not be in.
_GOES_ON = frozenset(map(int, (State.RUNNING, State.IDLE)))
_GOES_NOWHERE = frozenset(map(int, (*FINAL, State.RUNNING, State.IDLE, State.BLOCKED)))


class Fit(Enum):
    """Whether lines are common enough to be taken in at once. NOT_YET: their tracks are in the midst of something else,
    and may be done with that a few lines later."""

    ALL = "all"
    NOT_YET = "not yet"
    NOT_ALL = "not all"


class _Lives(NamedTuple):
    """The tracks as they are before, each by its place here."""

    tracks: list[Track]
    running: Column
    ready: Column
    #: It may be taken back that it is ready, or it waits. `waited`: its last park, if it has one.
    may_wait: Column
    waited: Column
    hub: Column
    #: How many slices it has, and when the last of them began.
    known: Column
    open_ns: Column


def enter(timeline: Timeline, hand: Hand, running: Set[int] | None = None) -> Fit:
    """Take it in, or change nothing if it is not as common as it has to be.

    `running`: who runs before, on each thread, where it is of several.
    """
    t_ns, kind, who, by = hand.t_ns, hand.kind, hand.who, hand.by
    # Ids are given out one after another.
    if not len(kind) or (t_ns[1:] < t_ns[:-1]).any() or int(who.min()) < 0 or int(who.max()) >= MOST_TRACKS:
        return Fit.NOT_ALL
    is_switch, is_wake = kind == SWITCH, kind == WAKE
    at, woken = np.flatnonzero(is_switch), np.flatnonzero(is_wake)
    if any((who[~is_switch] == hub).any() for hub in timeline._blocks.hubs):
        return Fit.NOT_ALL
    ids, index_of = distinct(who, by[at])
    if running is None:
        running = {int(by[at[0]]) if len(at) else timeline._strands.current()}
    lives = _lives(timeline, ids.tolist(), running)
    if lives is None:
        return Fit.NOT_YET
    parks, wakeups = len(timeline._parks), len(timeline._wakeups)
    switches = len(timeline._switches.ns)
    # What happens, in order: whose it is, where in the order, what, number of the switch or wakeup. A switch is the
    # end of one run and the beginning of another.
    item = np.arange(len(kind)) + np.cumsum(is_switch) - is_switch
    leaves = item[at]
    count = len(kind) + len(at)
    whose, what = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.uint8)
    place, number = np.empty(count, dtype=np.int32), np.zeros(count, dtype=np.int32)
    whose[item], place[item], what[item] = index_of[who], np.arange(len(kind)), _UNREADY
    whose[leaves + 1], place[leaves + 1], what[leaves + 1] = whose[leaves], at, _IN
    whose[leaves], what[leaves] = index_of[by[at]], _OUT
    number[leaves] = number[leaves + 1] = np.arange(len(at))
    what[item[woken]], number[item[woken]] = _WAKE, np.arange(len(woken))
    # numpy sorts 16 bits by their digits.
    order = np.argsort(whose.astype(np.uint16) if len(ids) < 1 << 16 else whose, kind="stable")
    course = _Course(whose[order], place[order], what[order], number[order])
    told = _tell(course, lives)
    if told is None:
        return Fit.NOT_ALL
    # A slice for each item that changes something, and a second where who parks is ready already.
    whose, place, what, number = course
    begins = np.cumsum(told.slices) - told.slices
    item_of: Column | slice = slice(None)
    if (told.slices != 1).any():
        item_of = np.repeat(np.arange(count), told.slices)
    is_what = what[item_of]
    start_ns, state = t_ns[place[item_of]], _BECOMES[is_what]
    about = number[item_of] + np.array((parks, switches, wakeups, 0), dtype=np.int32)[is_what]
    ready = np.flatnonzero(told.early >= 0)
    if len(ready):
        state[begins[ready] + 1] = State.READY
        about[begins[ready] + 1] = wakeups + told.early[ready]
    again = np.flatnonzero((told.slices > 0) & (what == _UNREADY))
    if len(again):
        out = np.maximum.accumulate(np.where(what == _OUT, np.arange(count), -1))[again]
        mine = (out >= 0) & (whose[out] == whose[again])
        about[begins[again]] = np.where(mine, parks + number[out], lives.waited[whose[again]])
    timeline.occurred.update(State(number) for number in np.flatnonzero(np.bincount(state)).tolist())
    _enter_columns(timeline, hand, at, woken)
    bounds = np.append(begins, len(state))[_bounds(whose, len(lives.tracks))]
    _enter_slices(timeline, lives, bounds, start_ns, state, about)
    steps = np.flatnonzero(what == _IN)
    _enter_steps(lives, bounds, _bounds(whose[steps], len(lives.tracks)), begins[steps])
    for index, wake in told.open_early:
        timeline._early.setdefault(lives.tracks[index].id, wakeups + wake)
    if hand.bottom != timeline._strands.bottom():
        timeline._strands.go_to(hand.bottom)
    timeline.version += len(kind)
    timeline._at(int(t_ns[-1]))
    return Fit.ALL


def _lives(timeline: Timeline, ids: list[int], running: Set[int]) -> _Lives | None:
    pending, top = timeline._pending, timeline._strands.top
    tracks, lives = [], []
    for id in ids:
        track = timeline.tracks.get(id)
        if track is None or top(id) != id or id in pending:
            return None
        states, abouts, starts = track.slices.state, track.slices.about, track.slices.start_ns
        if not states:
            return None
        state = states[-1]
        if (state not in _GOES_ON) if id in running else (state in _GOES_NOWHERE):
            return None
        waits = state == State.WAITING
        before = state == State.READY and len(states) > 1 and states[-2] == State.WAITING
        waited = abouts[-1] if waits else abouts[-2] if before else -1
        tracks.append(track)
        lives.append(
            (id in running, state == State.READY, waits or before, waited, track.kind == words.HUB, len(states),
             starts[-1])
        )  # fmt: skip
    columns = zip(*lives, strict=True)
    kinds = (bool, bool, bool, np.int32, bool, np.int64, np.int64)
    return _Lives(tracks, *(np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)))


def _enter_columns(timeline: Timeline, hand: Hand, at: Column, woken: Column) -> None:
    switches, parks, wakeups = timeline._switches, timeline._parks, timeline._wakeups
    first, first_wake = len(switches.ns), len(wakeups)
    if len(at):
        ns = hand.t_ns[at]
        if first and ns[0] < switches.ns[-1]:
            ns = np.maximum(ns, switches.ns[-1])
        parks.extend(np.arange(first, first + len(at)), hand.on_track, hand.park_how)
        parks.limit(hand.timed + (len(parks) - len(at)), hand.asked_ns)
        switches.extend(ns, hand.by[at], hand.who[at], hand.how, hand.value)
    wakeups.extend(hand.t_ns[woken], hand.who[woken], hand.by[woken], hand.cause[woken])
    entered = np.concatenate((at, woken)) if len(woken) else at
    entry = np.full(len(entered), Entry.SWITCH, dtype=np.uint32)
    entry[len(at) :] = Entry.WAKEUP
    index = np.concatenate((np.arange(first, first + len(at)), np.arange(first_wake, first_wake + len(woken))))
    if len(woken):
        order = entered.argsort(kind="stable")
        entered, entry, index = entered[order], entry[order], index[order]
    timeline._enter_many(entry, index, hand.t_ns[entered])


def _enter_slices(
    timeline: Timeline, lives: _Lives, bounds: Column, start_ns: Column, state: Column, about: Column
) -> None:
    """Each track's from one of `bounds` to the next."""
    some = np.flatnonzero(bounds[1:] > bounds[:-1])
    for index in some[start_ns[bounds[some]] < lives.open_ns[some]].tolist():
        mine = slice(bounds[index], bounds[index + 1])
        start_ns[mine] = np.maximum(start_ns[mine], lives.open_ns[index])
    blocks = timeline._blocks
    starts, states, abouts = start_ns.data, state.data, about.data
    edges = bounds.tolist()
    for index in some.tolist():
        track, low, high = lives.tracks[index], edges[index], edges[index + 1]
        track.slices.extend(starts[low:high], states[low:high], abouts[low:high])
        track.version += high - low
        if blocks.may_block(track.id):
            first = int(lives.known[index]) - 1
            lasted_ns = np.diff(start_ns[low:high], prepend=lives.open_ns[index])
            before = np.concatenate(([track.slices.state[first]], state[low : high - 1]))
            still = (before == State.WAITING) | (before == State.CREATED)
            blocked = still & (state[low:high] == State.RUNNING) & (lasted_ns >= HOG_NS)
            for number in np.flatnonzero(blocked).tolist():
                blocks.mark_past(track, first + number)


def _enter_steps(lives: _Lives, bounds: Column, groups: Column, steps: Column) -> None:
    """`steps`: which of the slices runs are that a switch began; each track's from one of `groups` to the next."""
    numbers = (steps + np.repeat(lives.known - bounds[:-1], np.diff(groups))).astype(np.int32).data
    for track, (low, high) in zip(lives.tracks, pairwise(groups.tolist()), strict=True):
        if high > low:
            track.step_slices.frombytes(numbers[low:high].cast("B"))


class _Course(NamedTuple):
    """Items, track by track, and in order of time."""

    whose: Column
    place: Column
    what: Column
    number: Column


class _Told(NamedTuple):
    """Of each item, how many slices it begins, and for one that parks the number of the wake that came before, or -1.

    `open_early`: tracks that run in the end and have been woken for their next turn, by which wake.
    """

    slices: Column
    early: Column
    open_early: list[tuple[int, int]]


def _tell(course: _Course, lives: _Lives) -> _Told | None:
    """What each item means for its track. None if that is not to be told from these alone."""
    whose, _, what, number = course
    switches = what <= _IN
    early = np.full(len(what), -1, dtype=np.int32)
    if switches.all():
        return _Told(np.ones(len(what), dtype=np.int64), early, [])
    items = np.arange(len(what))
    last = np.maximum.accumulate(np.where(switches, items, -1))
    known = last >= _bounds(whose, len(lives.tracks))[whose]
    runs = np.where(known, what[last] == _IN, lives.running[whose])
    # Who is woken while it runs is ready as soon as it parks; the first wake of a run counts.
    open_early = []
    woken = np.flatnonzero((what == _WAKE) & runs & ~lives.hub[whose])
    if len(woken):
        run = np.where(known[woken], last[woken], -1 - whose[woken])
        woken = woken[np.concatenate(([True], run[1:] != run[:-1]))]
        following = np.minimum.accumulate(np.where(switches, items, len(what))[::-1])[::-1][woken]
        parks = (following < len(what)) & (whose[np.minimum(following, len(what) - 1)] == whose[woken])
        early[following[parks]] = number[woken[parks]]
        open_early = list(zip(whose[woken[~parks]].tolist(), number[woken[~parks]].tolist(), strict=True))
    # Of several wakes the first counts, until it is taken back.
    first = np.concatenate(([True], whose[1:] != whose[:-1]))
    ready_after = (what == _WAKE) | (early >= 0)
    was_ready = np.where(first, lives.ready[whose], np.concatenate(([False], ready_after[:-1])))
    turns_back = what == _UNREADY
    if (turns_back & ~known & ~runs & ~lives.may_wait[whose]).any():
        return None
    effective = ~switches & ~runs & (was_ready == turns_back)
    slices = (switches | effective).astype(np.int64) + (early >= 0)
    return _Told(slices, early, open_early)


def _bounds(whose: Column, count: int) -> Column:
    """Where in the column, which ascends, each of the tracks 0 to `count` begins."""
    return whose.searchsorted(np.arange(count + 1, dtype=whose.dtype))
