"""Who hands over to whom in many lines at once: everybody named, and what each says by number.

Two common kinds are known: greenlets that hand over to one another and are woken; and one track that resumes
generators, none of which resumes another.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from visualizer.analysis.columns import asked_of
from visualizer.analysis.different import MOST_LISTED, different, distinct, in_order, lasts, view
from visualizer.analysis.turns import Driver
from visualizer.trace import words
from visualizer.trace.flat import RESUME, SWITCH, WAIT, WAKE, YIELD, Column, Flat, Flattening

if TYPE_CHECKING:
    from visualizer.analysis.model import Timeline

#: Tracks beyond this are no tracks of ours: their ids are given out one after another.
MOST_TRACKS = 1 << 24
#: Who resumes, whom, and whom last.
_Resumptions = tuple[Driver, list[int], int]


class Hand(NamedTuple):
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


class Hands:
    """Makes hands of the flats of one trace; None or a number where they are not as common as it takes."""

    def __init__(self, timeline: Timeline, flattening: Flattening) -> None:
        self._timeline = timeline
        self._flattening = flattening
        #: For each template: number of its cause and place among the switches' hows, or of its cause among the wakes';
        #: number of its park's how; of a wait, the number of what it asked for, and the one track it joins.
        self._how = array("i")
        self._park_how = array("i")
        self._asked = array("i")
        self._joined = array("i")

    # Templates.

    def learn(self) -> None:
        """Take in the templates that have come since the last time."""
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

    def of_greenlets(self, flat: Flat) -> Hand | None:
        timeline = self._timeline
        strands = timeline._strands
        how_of, park_how_of, joined_of = (view(column) for column in (self._how, self._park_how, self._joined))
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
        return Hand(
            t_ns[kept], kind[kept], who[kept], by[kept], how_of[template[kept]], how_of[template[at]], value[at],
            park_how, on_track, timed, asked_ns, int(targets[-1]) if len(at) else begin,
        )  # fmt: skip

    def _waits_hows(self, switch: Column, wait: Column) -> Column:
        """How those park who wait as one template says and switch as another one says."""
        (switches, switch_of), (waits, wait_of) = distinct(switch), distinct(wait)
        together = switch_of[switch] * len(waits) + wait_of[wait]
        if len(switches) * len(waits) <= MOST_LISTED:
            pairs, which = distinct(together)
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

    def of_generators(self, flat: Flat) -> tuple[Hand, Callable[[], None]] | int:
        """What it says, and what to do once that is taken in; or what `_enter_generators` returns."""
        timeline = self._timeline
        t_ns, kind, template, a, _, value = flat
        tracks = a[0::2]
        if (kind[0::2] != RESUME).any() or (kind[1::2] != YIELD).any() or (tracks != a[1::2]).any():
            return 0
        strand = timeline._strands.now()
        resumer = strand[-1]
        if int(tracks.min()) < 0 or int(tracks.max()) >= MOST_TRACKS:
            return 0
        ids = different(tracks)
        if any(
            track in strand or track in timeline._resumed or track in timeline._closing or track in timeline._pending
            for track in ids
        ):
            return 0
        templates = self._flattening.templates
        resumes = different(template[0::2])
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
        nothing = [text for text in different(value[1::2]) if timeline._texts.get(text) == "None"]
        turns = in_turn & np.isin(value[1::2], nothing)
        newest = {int(tracks[number]): int(value[2 * number + 1]) for number in lasts(tracks).tolist()}

        def settle() -> None:
            timeline._pending.pop(resumer, None)
            timeline._resumed[resumer] = int(tracks[-1]), int(places[-1])
            timeline._given.update(newest)
            for driver, several, last in drivers:
                timeline.turns.on_many(driver, several, last)

        how_of, park_how_of = view(self._how), view(self._park_how)
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
        hand = Hand(
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
        for place in different(places):
            here = places == place
            driver = resumer, place
            order = tracks[here]
            several = in_order(order)
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
