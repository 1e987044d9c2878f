"""Takes many switches, waits and wakes into a timeline at once, as columns.

What comes out is what `Timeline.feed` makes of the same lines one at a time. Only what is common is done here:
greenlets that hand over to one another and are woken, none of them inside a generator; or one track that resumes
generators, none of which resumes another. All else is fed line by line: a part is looked at before anything is changed.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from visualizer.analysis.blocks import HOG_NS
from visualizer.analysis.columns import asked_of
from visualizer.analysis.states import FINAL, State
from visualizer.analysis.tracks import Entry, Track
from visualizer.analysis.turns import Driver
from visualizer.trace import words
from visualizer.trace.flat import RESUME, SWITCH, WAIT, WAKE, YIELD, Column, Flat, Flattening

if TYPE_CHECKING:
    from visualizer.analysis.model import Timeline

#: Fewer are fed one at a time: that is faster.
LEAST = 48
#: No smaller part than this is looked at again for what may be common in it.
_LEAST_HALF = 500
#: Where so many were to be tried by themselves, it is no use to look for better places to divide.
_MOST_HEAD = 32 * _LEAST_HALF
#: Tracks beyond this are no tracks of ours.
_MOST_TRACKS = 1 << 24
#: Up to so many, what there may be is listed; of more, what there is.
_MOST_LISTED = 1 << 20
_OUT, _IN, _WAKE, _UNREADY = range(4)
_BECOMES = np.array((State.WAITING, State.RUNNING, State.READY, State.WAITING), dtype=np.uint8)
#: What a track that runs may be in, and what one that does not run may not be in.
_GOES_ON = frozenset(map(int, (State.RUNNING, State.IDLE)))
_GOES_NOWHERE = frozenset(map(int, (*FINAL, State.RUNNING, State.IDLE, State.BLOCKED)))
#: Who resumes, whom, and whom last.
_Resumptions = tuple[Driver, list[int], int]


class _Hand(NamedTuple):
    """What `Flat` says, with everybody named.

    `kind`: SWITCH, WAKE or UNREADY. `who`: the target, or the track; `by`: the origin, or the waker. In columns of
    their own, of each switch: its `how`, `value`, how its origin parks and on which track.
    """

    t_ns: Column
    kind: Column
    who: Column
    by: Column
    cause: Column
    how: Column
    value: Column
    park_how: Column
    on_track: Column
    timed: Column
    asked_ns: Column
    #: The greenlet that the thread is on in the end.
    bottom: int


class _Fit(Enum):
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


class Bulk:
    """Takes the flats of one trace into its timeline."""

    def __init__(self, timeline: Timeline, flattening: Flattening) -> None:
        self._timeline = timeline
        self._flattening = flattening
        #: For each template: number of its cause and place among the switches' hows, or of its cause among the wakes';
        #: number of its park's how; of a wait, the number of what it asked for, and the one track it joins.
        self._how = array("i")
        self._park_how = array("i")
        self._asked = array("i")
        self._joined = array("i")

    def take(self, flat: Flat) -> None:
        """Take in all of it."""
        count = len(flat.t_ns)
        if count >= LEAST:
            self._learn()
            generators = (flat.kind == RESUME) | (flat.kind == YIELD)
            bounds = [0, *(np.flatnonzero(generators[1:] != generators[:-1]) + 1).tolist(), count]
            if len(bounds) * LEAST < count:
                for start, end in pairwise(bounds):
                    self._take_part(flat.part(start, end), bool(generators[start]))
                return
        self._feed(flat)

    def _feed(self, flat: Flat) -> None:
        self._timeline.feed_all(self._flattening.events(flat))

    def _take_part(self, flat: Flat, generators: bool, head: int = _LEAST_HALF) -> None:
        """`head`: of so many it is tried what they are by themselves, should it not be the time yet for all."""
        count = len(flat.kind)
        if generators:
            # What was begun before, and what is not over: line by line.
            first, end = int(flat.kind[0] == YIELD), count - int(flat.kind[-1] == RESUME)
        else:
            switches = np.flatnonzero(flat.kind == SWITCH)
            # What belongs to a switch that began before, and to one that has not come yet, line by line.
            first = int(switches[0]) + 1 if len(switches) and not self._is_plain() else 0
            end = int(switches[-1]) + 1 if len(switches) else 0
        if end - first < LEAST:
            self._feed(flat)
            return
        self._feed(flat.part(0, first))
        inner = flat.part(first, end)
        fit, learnt = self._enter_generators(inner) if generators else (self._enter_greenlets(inner), 0)
        if fit is not _Fit.ALL and len(inner.kind) < 2 * _LEAST_HALF:
            self._feed(inner)
        elif fit is not _Fit.ALL:
            # Perhaps a part of it is common.
            part = len(inner.kind) // 2
            if fit is _Fit.NOT_YET:
                part = min(head, part)
            elif learnt and head < _MOST_HEAD:
                part = learnt
            self._take_part(inner.part(0, part), generators)
            self._take_part(inner.part(part, len(inner.kind)), generators, 2 * head)
        self._feed(flat.part(end, count))

    def _enter_greenlets(self, flat: Flat) -> _Fit:
        hand = self._of_greenlets(flat)
        return _Fit.NOT_ALL if hand is None else self._enter(hand)

    def _enter_generators(self, flat: Flat) -> tuple[_Fit, int]:
        """And, if they are not all common, after how many lines that may change; 0 if that is not known."""
        told = self._of_generators(flat)
        if isinstance(told, int):
            return _Fit.NOT_ALL, told
        hand, settle = told
        fit = self._enter(hand)
        if fit is _Fit.ALL:
            settle()
        return fit, 0

    def _is_plain(self) -> bool:
        """Whether a greenlet or thread runs of which nothing is known that concerns its next switch."""
        timeline = self._timeline
        bottom = timeline._strands.bottom()
        track = timeline.tracks.get(bottom)
        if track is None or track.state not in (State.RUNNING, State.IDLE):
            return False
        return bottom not in timeline._pending and bottom not in timeline._early

    # Templates.

    def _learn(self) -> None:
        timeline = self._timeline
        switches, parks, wakeups = timeline._switches, timeline._parks, timeline._wakeups
        templates = self._flattening.templates
        if len(self._how) == len(templates):
            return
        for kind, _, _, _, text, place, rest in templates[len(self._how) :]:
            how = park_how = asked = joined = -1
            if kind in (SWITCH, RESUME, YIELD):
                how = switches.hows.number((text, place))
                reason = words.SWITCHED if kind == SWITCH else words.RESUMED if kind == RESUME else words.SUSPENDED
                park_how = parks.hows.number((reason, -1, place))
            elif kind == WAKE:
                how = wakeups.causes.number(text)
            elif kind == WAIT:
                on, thing, fd, direction, local, peer = rest
                asked = parks.asked.number(asked_of(text, on, thing, fd, direction, local, peer))
                joined = timeline._joined(thing)
            self._how.append(how)
            self._park_how.append(park_how)
            self._asked.append(asked)
            self._joined.append(joined)

    # Greenlets.

    def _of_greenlets(self, flat: Flat) -> _Hand | None:
        timeline = self._timeline
        strands = timeline._strands
        how_of, park_how_of, joined_of = (_view(column) for column in (self._how, self._park_how, self._joined))
        t_ns, kind, template, a, b, value = flat
        begin = strands.bottom()
        is_switch = kind == SWITCH
        at = np.flatnonzero(is_switch)
        targets = a[at]
        current = np.concatenate(([begin], targets))[np.cumsum(is_switch) - is_switch]
        who = np.where(a == words.CURRENT, current, a)
        by = np.where(b == words.CURRENT, current, b)
        if (by[at] != current[at]).any() or (who[at] == by[at]).any():
            return None
        waits = np.flatnonzero(kind == WAIT)
        if (who[waits] != current[waits]).any():
            return None
        # The last wait before a switch, and after the one before it, is what that switch is for.
        last_wait = np.maximum.accumulate(np.where(kind == WAIT, np.arange(len(kind)), -1))
        wait = last_wait[at]
        wait[wait < np.concatenate(([-1], at[:-1]))] = -1
        waiting = wait >= 0
        park_how = park_how_of[template[at]]
        on_track = targets.copy()
        timed = asked_ns = np.zeros(0, dtype=np.int64)
        if waiting.any():
            switch_of, wait_of = template[at[waiting]], template[wait[waiting]]
            park_how[waiting] = self._waits_hows(switch_of, wait_of)
            on_track[waiting] = joined_of[wait_of]
            asked = value[wait[waiting]]
            limited = asked >= 0
            timed, asked_ns = np.flatnonzero(waiting)[limited], asked[limited]
        kept = kind != WAIT
        return _Hand(
            t_ns[kept], kind[kept], who[kept], by[kept], how_of[template[kept]], how_of[template[at]], value[at],
            park_how, on_track, timed, asked_ns, int(targets[-1]) if len(at) else begin,
        )  # fmt: skip

    def _waits_hows(self, switch: Column, wait: Column) -> Column:
        """How those park who wait as one template says and switch as another one says."""
        (switches, switch_of), (waits, wait_of) = _distinct(switch), _distinct(wait)
        together = switch_of[switch] * len(waits) + wait_of[wait]
        if len(switches) * len(waits) <= _MOST_LISTED:
            pairs, which = _distinct(together)
            which = which[together]
        else:
            pairs, which = np.unique(together, return_inverse=True)
        templates, number = self._flattening.templates, self._timeline._parks.hows.number
        hows = []
        for pair in pairs.tolist():
            by, of = divmod(pair, len(waits))
            on = int(waits[of])
            hows.append(number((templates[on].text, self._asked[on], templates[switches[by]].place)))
        return np.array(hows, dtype=np.int32)[which]

    # Generators.

    def _of_generators(self, flat: Flat) -> tuple[_Hand, Callable[[], None]] | int:
        """What it says, and what to do once that is taken in; or what `_enter_generators` returns."""
        timeline = self._timeline
        t_ns, kind, template, a, _, value = flat
        tracks = a[0::2]
        if (kind[0::2] != RESUME).any() or (kind[1::2] != YIELD).any() or (tracks != a[1::2]).any():
            return 0
        strand = timeline._strands.now()
        resumer = strand[-1]
        if int(tracks.min()) < 0 or int(tracks.max()) >= _MOST_TRACKS:
            return 0
        ids = _different(tracks)
        if any(
            track in strand or track in timeline._resumed or track in timeline._closing or track in timeline._pending
            for track in ids
        ):
            return 0
        templates = self._flattening.templates
        resumes = _different(template[0::2])
        if any(templates[number].text == words.CLOSE for number in resumes):
            return 0
        place_of = np.full(len(templates), -1, dtype=np.int64)
        for number in resumes:
            place_of[number] = templates[number].place
        places = place_of[template[0::2]]
        turning = self._turns(resumer, places, tracks)
        if isinstance(turning, int):
            return turning
        in_turn, drivers = turning
        nothing = [text for text in _different(value[1::2]) if timeline._texts.get(text) == "None"]
        turns = in_turn & np.isin(value[1::2], nothing)
        newest = {int(tracks[number]): int(value[2 * number + 1]) for number in _lasts(tracks).tolist()}

        def settle() -> None:
            timeline._pending.pop(resumer, None)
            timeline._resumed[resumer] = int(tracks[-1]), int(places[-1])
            timeline._given.update(newest)
            for driver, several, last in drivers:
                timeline.turns.on_many(driver, several, last)

        how_of, park_how_of = _view(self._how), _view(self._park_how)
        count = len(a)
        resumes_it = np.arange(count) % 2 == 0
        # Who is ready for its next turn is so right behind its yield.
        place = np.arange(count) + np.concatenate(([0], np.cumsum(np.repeat(turns, 2) & ~resumes_it)[:-1]))
        total = count + int(turns.sum())
        kinds = np.full(total, WAKE, dtype=np.int32)
        kinds[place] = SWITCH
        times, who, by = (np.empty(total, dtype=kind) for kind in (np.int64, np.int32, np.int32))
        woken = np.flatnonzero(kinds == WAKE)
        times[place], times[woken] = t_ns, t_ns[1::2][turns]
        who[place], who[woken] = np.where(resumes_it, a, resumer), tracks[turns]
        by[place], by[woken] = np.where(resumes_it, resumer, a), words.NOBODY
        cause = np.full(total, timeline._wakeups.causes.number(words.TURN), dtype=np.int64)
        on_track = np.where(resumes_it, a, words.NOBODY)
        none = np.zeros(0, dtype=np.int64)
        hand = _Hand(
            times, kinds, who, by, cause, how_of[template], value, park_how_of[template], on_track, none, none,
            timeline._strands.bottom(),
        )  # fmt: skip
        return hand, settle

    def _turns(self, resumer: int, places: Column, tracks: Column) -> tuple[Column, list[_Resumptions]] | int:
        """Whether each is resumed by a scheduler, and by which; or what `_enter_generators` returns, if one is known to
        be a scheduler only now."""
        turns = self._timeline.turns
        in_turn = np.zeros(len(places), dtype=bool)
        seen: set[int] = set()
        drivers: list[_Resumptions] = []
        for place in _different(places):
            here = places == place
            driver = resumer, place
            order = tracks[here]
            several = _in_order(order)
            if not seen.isdisjoint(several):
                return 2 * int((places != places[0]).argmax())
            seen.update(several)
            if driver in turns.schedulers:
                in_turn[here] = True
            else:
                changes = np.flatnonzero(np.concatenate(([True], order[1:] != order[:-1])))
                first = turns.first_in_turn(driver, order[changes].tolist())
                if first is not None:
                    return max(2, 2 * int(np.flatnonzero(here)[changes[first]]))
            drivers.append((driver, several, int(order[-1])))
        return in_turn, drivers

    # Both.

    def _enter(self, hand: _Hand) -> _Fit:
        """Take it in, or change nothing if it is not as common as it has to be."""
        timeline = self._timeline
        t_ns, kind, who, by = hand.t_ns, hand.kind, hand.who, hand.by
        # Ids are given out one after another.
        if not len(kind) or (t_ns[1:] < t_ns[:-1]).any() or int(who.min()) < 0 or int(who.max()) >= _MOST_TRACKS:
            return _Fit.NOT_ALL
        is_switch, is_wake = kind == SWITCH, kind == WAKE
        at, woken = np.flatnonzero(is_switch), np.flatnonzero(is_wake)
        if any((who[~is_switch] == hub).any() for hub in timeline._blocks.hubs):
            return _Fit.NOT_ALL
        ids, index_of = _distinct(who, by[at])
        running = int(by[at[0]]) if len(at) else timeline._strands.current()
        lives = self._lives(ids.tolist(), running)
        if lives is None:
            return _Fit.NOT_YET
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
            return _Fit.NOT_ALL
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
        self._enter_columns(hand, at, woken)
        bounds = np.append(begins, len(state))[_bounds(whose, len(lives.tracks))]
        self._enter_slices(lives, bounds, start_ns, state, about)
        steps = np.flatnonzero(what == _IN)
        self._enter_steps(lives, bounds, _bounds(whose[steps], len(lives.tracks)), begins[steps])
        for index, wake in told.open_early:
            timeline._early.setdefault(lives.tracks[index].id, wakeups + wake)
        if hand.bottom != timeline._strands.bottom():
            timeline._strands.go_to(hand.bottom)
        timeline.version += len(kind)
        timeline._at(int(t_ns[-1]))
        return _Fit.ALL

    def _lives(self, ids: list[int], running: int) -> _Lives | None:
        timeline = self._timeline
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
            if (state not in _GOES_ON) if id == running else (state in _GOES_NOWHERE):
                return None
            waits = state == State.WAITING
            before = state == State.READY and len(states) > 1 and states[-2] == State.WAITING
            waited = abouts[-1] if waits else abouts[-2] if before else -1
            tracks.append(track)
            lives.append(
                (id == running, state == State.READY, waits or before, waited, track.kind == words.HUB, len(states),
                 starts[-1])
            )  # fmt: skip
        columns = zip(*lives, strict=True)
        kinds = (bool, bool, bool, np.int32, bool, np.int64, np.int64)
        return _Lives(tracks, *(np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)))

    def _enter_columns(self, hand: _Hand, at: Column, woken: Column) -> None:
        timeline = self._timeline
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

    def _enter_slices(self, lives: _Lives, bounds: Column, start_ns: Column, state: Column, about: Column) -> None:
        """Each track's from one of `bounds` to the next."""
        some = np.flatnonzero(bounds[1:] > bounds[:-1])
        for index in some[start_ns[bounds[some]] < lives.open_ns[some]].tolist():
            mine = slice(bounds[index], bounds[index + 1])
            start_ns[mine] = np.maximum(start_ns[mine], lives.open_ns[index])
        blocks = self._timeline._blocks
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

    def _enter_steps(self, lives: _Lives, bounds: Column, groups: Column, steps: Column) -> None:
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


def _distinct(*columns: Column) -> tuple[Column, Column]:
    """The different tracks of these columns, ascending, and a column that says of each which of these it is."""
    most = max(int(column.max(initial=0)) for column in columns)
    seen = np.zeros(most + 1, dtype=bool)
    for column in columns:
        seen[column] = True
    return np.flatnonzero(seen), np.cumsum(seen) - 1


def _different(column: Column) -> list[int]:
    """The different numbers in the column, ascending."""
    low, high = int(column.min()), int(column.max())
    if high - low >= _MOST_LISTED:
        different: list[int] = np.unique(column).tolist()
        return different
    seen = np.zeros(high - low + 1, dtype=bool)
    seen[column - low] = True
    return (np.flatnonzero(seen) + low).tolist()


def _in_order(tracks: Column) -> list[int]:
    """The different tracks in the column, as they come first."""
    first = np.full(int(tracks.max()) + 1, -1, dtype=np.int64)
    first[tracks[::-1]] = np.arange(len(tracks) - 1, -1, -1)
    found: list[int] = tracks[np.sort(first[first >= 0])].tolist()
    return found


def _lasts(tracks: Column) -> Column:
    """Where each of the tracks in the column stands for the last time."""
    last = np.full(int(tracks.max()) + 1, -1, dtype=np.int64)
    last[tracks] = np.arange(len(tracks))
    return last[last >= 0]


def _view(column: array[int]) -> Column:
    """Of a column of 32 bits, which cannot grow while this lives."""
    return np.frombuffer(column, dtype=np.int32)
