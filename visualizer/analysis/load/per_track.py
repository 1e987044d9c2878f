"""What hands (batch.py) come to, track by track: which slices each begins, worked out as columns."""

from __future__ import annotations

from array import array
from collections.abc import Set
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from visualizer.analysis.load.batch import Hand
from visualizer.analysis.model.states import FINAL, State
from visualizer.trace import words
from visualizer.trace.columns import EXIT, SPAWN, SWITCH, UNREADY, WAKE, Column
from visualizer.trace.events import Exit

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline

_OUT, _IN, _WAKE, _UNREADY, _SPAWN, _EXIT = range(6)
_BECOMES = np.array(
    (State.WAITING, State.RUNNING, State.READY, State.WAITING, State.CREATED, State.DONE), dtype=np.uint8
)
#: What a kind of line is to its track; a switch is two things, of which the second is this.
_WHAT = np.zeros(max(SWITCH, WAKE, UNREADY, SPAWN, EXIT) + 1, dtype=np.uint8)
_WHAT[[SWITCH, WAKE, UNREADY, SPAWN, EXIT]] = _IN, _WAKE, _UNREADY, _SPAWN, _EXIT
#: What a track that runs may be in, and what one that does not run may not be in.
_GOES_ON = frozenset(map(int, (State.RUNNING, State.IDLE)))
_GOES_NOWHERE = frozenset(map(int, (*FINAL, State.RUNNING, State.IDLE, State.BLOCKED)))
#: Of a track that begins only now: before any time.
_NEVER_NS = -(1 << 62)
_BORN, _RUNS, _IS_READY, _MAY_WAIT, _IS_HUB = (1 << bit for bit in range(5))


class Lives(NamedTuple):
    """The tracks as they are before, each by its place here. `born`: it begins only now."""

    #: Ascending.
    ids: list[int]
    born: Column
    running: Column
    ready: Column
    #: It may be taken back that it is ready, or it waits. `waited`: its last park, if it has one.
    may_wait: Column
    hub: Column
    waited: Column
    #: How many slices it has, and when the last of them began.
    known: Column
    open_ns: Column


class Course(NamedTuple):
    """Items, track by track, those of one from one of `edges` to the next, and in order of time: which line of the hand
    that is, what, and the number of the switch, park or wakeup."""

    edges: Column
    place: Column
    what: Column
    number: Column


class Told(NamedTuple):
    """Of each item, how many slices it begins, and for one that parks the number of the wake that came before, or -1;
    None if each begins one, and that is all.

    `open_early`: tracks that run in the end and have been woken for their next turn, by which wake.
    """

    slices: Column | None
    early: Column | None
    open_early: list[tuple[int, int]]


class New(NamedTuple):
    """Slices that begin, track by track: those of one from one of `bounds` to the next. `runs`: which of them are runs
    that a switch began; those of a track from one of `groups` to the next."""

    bounds: Column
    start_ns: Column
    state: Column
    about: Column
    runs: Column
    groups: Column


def lives(timeline: Timeline, ids: list[int], running: Set[int], born: Set[int]) -> Lives | None:
    pending, strands, tracks = timeline._pending, timeline._strands, timeline.tracks
    flags, waited, known, open_ns = bytearray(), array("i"), array("q"), array("q")
    for id in ids:
        track = tracks.get(id)
        if track is None:
            if id not in born:
                return None
            flags.append(_BORN)
            waited.append(-1)
            known.append(0)
            open_ns.append(_NEVER_NS)
            continue
        slices = track.slices
        states = slices.state
        if not states or id in born or id in pending or strands.top(id) != id:
            return None
        state = states[-1]
        if (state not in _GOES_ON) if id in running else (state in _GOES_NOWHERE):
            return None
        flag = _RUNS if id in running else 0
        park = -1
        if state == State.WAITING:
            flag |= _MAY_WAIT
            park = slices.about[-1]
        elif state == State.READY:
            flag |= _IS_READY
            if len(states) > 1 and states[-2] == State.WAITING:
                flag |= _MAY_WAIT
                park = slices.about[-2]
        flags.append(flag | _IS_HUB if track.schedules else flag)
        waited.append(park)
        known.append(len(states))
        open_ns.append(slices.start_ns[-1])
    flag_of = np.frombuffer(flags, dtype=np.uint8)
    is_born, runs, ready, may_wait, hub = (flag_of & (1 << bit) != 0 for bit in range(5))
    return Lives(
        ids, is_born, runs, ready, may_wait, hub, np.frombuffer(waited, np.int32), np.frombuffer(known, np.int64),
        np.frombuffer(open_ns, np.int64),
    )  # fmt: skip


def course(hand: Hand, where: dict[int, Column], ids: Column) -> Course:
    """What happens to whom. A switch is the end of one run, but of a track that has ended, and the beginning of
    another. `where`: of each kind, which lines are of it. `ids`: whom all this is about, ascending."""
    at, count, parks = where[SWITCH], len(hand.kind), len(hand.park_how)
    # numpy sorts what is of 8 or 16 bits by its digits.
    most = int(ids[-1])
    kind_of_id = np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.int32
    whose = np.empty(count + parks, dtype=kind_of_id)
    if len(at) == count == parks:
        whose[0::2], whose[1::2] = hand.by, hand.who
        turns = np.argsort(whose, kind="stable")
        place = turns >> 1
        edges = _edges(whose.take(turns), ids)
        return Course(edges, place, (turns & 1).astype(np.uint8), place.astype(np.int32))
    parking = at if parks == len(at) else at[~hand.ended]
    parks_there = np.zeros(count, dtype=np.int64)
    parks_there[parking] = 1
    # Who parks does so right before who goes on.
    item = np.arange(count) + np.cumsum(parks_there)
    leaves = item.take(parking) - 1
    whose[item], whose[leaves] = hand.who, hand.by.take(parking)
    place, what = np.empty(len(whose), dtype=np.int64), np.empty(len(whose), dtype=np.uint8)
    place[item], place[leaves] = np.arange(count), parking
    what[item], what[leaves] = _WHAT.take(hand.kind), _OUT
    number = np.zeros(len(whose), dtype=np.int32)
    number[item.take(at)], number[leaves] = np.arange(len(at), dtype=np.int32), np.arange(parks, dtype=np.int32)
    number[item.take(where[WAKE])] = np.arange(len(where[WAKE]), dtype=np.int32)
    order = np.argsort(whose, kind="stable")
    return Course(_edges(whose.take(order), ids), place.take(order), what.take(order), number.take(order))


def _edges(whose: Column, ids: Column) -> Column:
    """Where in the column, which ascends, each of the ids begins, and where the last ends."""
    return np.append(whose.searchsorted(ids.astype(whose.dtype)), len(whose))


def tell(course: Course, lives: Lives) -> Told | None:
    """What each item means for its track. None if that is not to be told from these alone."""
    edges, _, what, number = course
    if int(what.max(initial=_OUT)) <= _IN:
        # Nobody begins, so that whom these are about is known, and nobody ends.
        return None if lives.born.any() else Told(None, None, [])
    # Who begins does so first of all; who ends does nothing after that.
    born, begins, ends = np.flatnonzero(lives.born), np.flatnonzero(what == _SPAWN), np.flatnonzero(what == _EXIT)
    if len(born) != len(begins) or (begins != edges[born]).any():
        return None
    if (edges[edges.searchsorted(ends, side="right")] != ends + 1).any():
        return None
    if not ((what == _WAKE) | (what == _UNREADY)).any():
        return Told(None, None, [])
    whose = np.repeat(np.arange(len(lives.ids)), np.diff(edges))
    switches = what <= _IN
    early = np.full(len(what), -1, dtype=np.int32)
    first = np.zeros(len(what), dtype=bool)
    first[edges[:-1]] = True
    items = np.arange(len(what))
    last = np.maximum.accumulate(np.where(switches, items, -1))
    known = last >= edges[whose]
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
    ready_after = (what == _WAKE) | (early >= 0)
    was_ready = np.where(first, lives.ready[whose], np.concatenate(([False], ready_after[:-1])))
    turns_back = what == _UNREADY
    if (turns_back & ~known & ~runs & ~lives.may_wait[whose]).any():
        return None
    effective = ((what != _WAKE) & ~turns_back) | (~runs & (was_ready == turns_back))
    return Told(effective.astype(np.int64) + (early >= 0), early, open_early)


def slices(timeline: Timeline, hand: Hand, course: Course, told: Told, lives: Lives) -> New:
    """A slice for each item that changes something, and a second where who parks is ready already."""
    edges, place, what, number = course
    bases = np.array(
        (len(timeline._parks), len(timeline._switches.ns), len(timeline._wakeups), 0, 0, 0), dtype=np.int32
    )
    begins: Column = np.arange(len(what))
    item_of: Column | slice = slice(None)
    bounds = edges
    if told.slices is not None:
        begins = np.cumsum(told.slices) - told.slices
        item_of = np.repeat(np.arange(len(what)), told.slices)
        bounds = np.append(begins, int(told.slices.sum()))[edges]
    is_what = what[item_of]
    start_ns, state = hand.t_ns.take(place[item_of]), _BECOMES.take(is_what)
    about = number[item_of] + bases.take(is_what)
    if hand.lifecycle:
        about[is_what >= _SPAWN] = -1
    if told.slices is not None and told.early is not None:
        ready = np.flatnonzero(told.early >= 0)
        state[begins[ready] + 1] = State.READY
        about[begins[ready] + 1] = bases[_WAKE] + told.early[ready]
        again = np.flatnonzero((told.slices > 0) & (what == _UNREADY))
        if len(again):
            out = np.maximum.accumulate(np.where(what == _OUT, np.arange(len(what)), -1))[again]
            whose = edges.searchsorted(again, side="right") - 1
            about[begins[again]] = np.where(out >= edges[whose], bases[_OUT] + number[out], lives.waited[whose])
    failed = [line.track for line, _ in hand.lifecycle if type(line) is Exit and line.outcome == words.RAISED]
    if failed:
        ends = np.flatnonzero(what == _EXIT)
        whose = np.array(lives.ids)[edges.searchsorted(ends, side="right") - 1]
        state[begins[ends[np.isin(whose, failed)]]] = State.FAILED
    runs = np.flatnonzero(what == _IN)
    return New(bounds, start_ns, state, about, begins[runs], runs.searchsorted(edges))
