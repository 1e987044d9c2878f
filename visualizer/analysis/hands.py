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
from visualizer.analysis.different import MOST_LISTED, different, distinct, lasts, view
from visualizer.analysis.strands import returns_by
from visualizer.analysis.turns import Driver, Resumptions
from visualizer.trace import words
from visualizer.trace.events import Exit, Spawn
from visualizer.trace.flat import (
    EXIT,
    RESUME,
    SPAWN,
    SWITCH,
    WAIT,
    WAKE,
    YIELD,
    Column,
    Flat,
    Flattening,
    Lifecycle,
)

if TYPE_CHECKING:
    from visualizer.analysis.model import Timeline


def _nothing() -> None:
    pass


#: What a bare `yield` gives.
_NOTHING_GIVEN = "None"
#: Tracks beyond this are no tracks of ours: their ids are given out one after another.
MOST_TRACKS = 1 << 24


class Hand(NamedTuple):
    """What `Flat` says, with everybody named.

    `kind`: SWITCH, WAKE, UNREADY, SPAWN or EXIT. `who`: the target, or the track; `by`: the origin, the waker, or the
    creator. In columns of their own, of each switch: its `how`, `value`, and whether its origin has ended; of each
    whose origin has not, how that parks and on which track. `timed`: which of these parks ask for a time.
    """

    t_ns: Column
    kind: Column
    who: Column
    by: Column
    cause: Column
    how: Column
    value: Column
    ended: Column
    park_how: Column
    on_track: Column
    timed: Column
    asked_ns: Column
    #: Of each SPAWN and EXIT.
    lifecycle: list[Lifecycle]
    #: The greenlet that the thread is on in the end.
    bottom: int
    #: What else changes once it is taken in.
    settle: Callable[[], None]


class Hands:
    """Makes hands of the flats of one trace; a number where they are not as common as it takes."""

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

    def of_greenlets(self, flat: Flat) -> Hand | int:
        """What it says; or 0."""
        timeline = self._timeline
        strands = timeline._strands
        how_of, park_how_of, joined_of = (view(column) for column in (self._how, self._park_how, self._joined))
        t_ns, kind, template, a, b, value = flat
        begin = strands.bottom()
        at = np.flatnonzero(kind == SWITCH)
        targets = a.take(at)
        lifecycle, ended = np.flatnonzero(kind >= SPAWN), np.zeros(len(at), dtype=bool)
        timed = asked_ns = np.zeros(0, dtype=np.int64)
        park_how = park_how_of.take(template.take(at))
        on_track = targets
        if len(at) == len(kind):
            origins = np.empty_like(targets)
            origins[0], origins[1:] = begin, targets[:-1]
            if ((b != words.CURRENT) & (b != origins)).any() or (targets == origins).any():
                return 0
            how = how_of.take(template)
            return Hand(
                t_ns, kind, targets, origins, how, how, value, ended, park_how, on_track, timed, asked_ns, [],
                int(targets[-1]), _nothing,
            )  # fmt: skip
        switches_before = np.cumsum(kind == SWITCH)
        switches_before[at] -= 1
        current = np.concatenate((np.array([begin], dtype=np.int32), targets)).take(switches_before)
        who, by = (np.where(column == words.CURRENT, current, column) for column in (a, b))
        if (by[at] != current[at]).any() or (targets == by[at]).any():
            return 0
        waits = np.flatnonzero(kind == WAIT)
        if len(waits):
            if (who[waits] != current[waits]).any():
                return 0
            # The last wait before a switch, and after the one before it, is what that switch is for.
            wait = np.full(len(at) + 1, -1, dtype=np.int64)
            wait[switches_before[waits]] = waits
            wait = wait[:-1]
        if len(lifecycle):
            ends = lifecycle[(kind[lifecycle] == EXIT) & (a[lifecycle] == current[lifecycle])]
            ends = switches_before[ends]
            ended[ends[ends < len(at)]] = True
            if len(waits) and (wait[ended] >= 0).any():
                return 0
        if len(waits):
            waiting = np.flatnonzero(wait >= 0)
            wait = wait[waiting]
            wait_of = template[wait]
            park_how[waiting] = self._waits_hows(template[at[waiting]], wait_of)
            on_track = targets.copy()
            on_track[waiting] = joined_of[wait_of]
            asked = value[wait]
            timed, asked_ns = waiting[asked >= 0], asked[asked >= 0]
        if ended.any():
            parks = ~ended
            timed = (np.cumsum(parks) - 1)[timed]
            park_how, on_track = park_how[parks], on_track[parks]
        crossing, how = value.take(at), how_of.take(template.take(at))
        if len(waits):
            kept = np.flatnonzero(kind != WAIT)
            t_ns, kind, who, by, template = (column.take(kept) for column in (t_ns, kind, who, by, template))
        return Hand(
            t_ns, kind, who, by, how_of.take(template), how, crossing, ended, park_how, on_track, timed, asked_ns,
            self._lifecycle(value[lifecycle]), int(targets[-1]) if len(at) else begin, _nothing,
        )  # fmt: skip

    def _lifecycle(self, numbers: Column) -> list[Lifecycle]:
        """What has these numbers, which follow one another."""
        return self._flattening.lifecycle[int(numbers[0]) : int(numbers[-1]) + 1] if len(numbers) else []

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

    def of_generators(self, flat: Flat) -> Hand | int:
        """What it says; or after how many lines it may be common, 0 if that is not known."""
        timeline = self._timeline
        t_ns, kind, template, a, b, value = flat
        strand, lifecycle = timeline._strands.now(), np.flatnonzero(kind >= SPAWN)
        resumer = strand[-1]
        own = lifecycle[np.isin(a[lifecycle], strand)]
        if len(own):
            # Who resumes, or stands below, ends itself.
            return int(own[0])
        resumes = np.flatnonzero(kind == RESUME)
        back = resumes + 1
        tracks = a.take(resumes)
        is_end = kind.take(back) == EXIT
        ends = back[is_end]
        if (
            not len(resumes)
            or 2 * len(resumes) + len(lifecycle) - len(ends) != len(kind)
            or not (is_end | (kind.take(back) == YIELD)).all()
            or (tracks != a.take(back)).any()
        ):
            return 0
        if int(tracks.min()) < 0 or int(tracks.max()) >= MOST_TRACKS:
            return 0
        ids = different(np.concatenate((tracks, a[lifecycle])) if len(lifecycle) else tracks)
        busy = (strand, timeline._resumed, timeline._closing, timeline._pending)
        if not all(set(some).isdisjoint(ids) for some in busy):
            return 0
        places = self._places(template.take(resumes))
        nothing = [text for text in different(value.take(back)) if timeline._texts.get(text) == _NOTHING_GIVEN]
        resumptions, in_turn, known = self._turns(resumer, places, tracks)
        if known is not None:
            ended_before = (kind[lifecycle[lifecycle < resumes[known]]] == EXIT).any()
            if nothing or ended_before or self._gave_nothing(resumptions):
                # Who is found to take turns may be ready from then on, or have ended by then: there it is known.
                return int(resumes[max(1, known)]) if len(resumes) > 1 else 0
        turns = np.zeros(0, dtype=np.int64)
        if nothing and in_turn.any():
            turns = back[in_turn & ~is_end & np.isin(value.take(back), nothing)]
        yields = back[~is_end]

        def settle() -> None:
            timeline._pending.pop(resumer, None)
            timeline._resumed[resumer] = int(tracks[-1]), int(places[-1])
            if len(yields):
                newest = yields[lasts(a.take(yields))]
                timeline._given.update(zip(a.take(newest).tolist(), value.take(newest).tolist(), strict=True))
            timeline.turns.on_many(resumptions, _changes(resumer, places, tracks))

        # Who is ready for its next turn is so right behind its yield; control is back right behind an end.
        there: Column = np.arange(len(kind))
        twice = np.sort(np.concatenate((turns, ends)))
        if len(twice):
            more = np.zeros(len(kind), dtype=np.int64)
            more[twice] = 1
            there += np.cumsum(more) - more
        total = len(kind) + len(twice)
        times, who = np.empty(total, dtype=np.int64), np.empty(total, dtype=np.int32)
        kinds, by = np.full(total, SWITCH, dtype=np.int32), np.full(total, resumer, dtype=np.int32)
        times[there], who[there] = t_ns, a
        times[there[twice] + 1], who[there[twice] + 1] = t_ns[twice], a[twice]
        kinds[there[lifecycle]] = kind[lifecycle]
        creators = b[lifecycle]
        by[there[lifecycle]] = np.where(creators == words.CURRENT, resumer, creators)
        woken = there[turns] + 1
        kinds[woken], by[woken] = WAKE, words.NOBODY
        there[ends] += 1
        who[there[back]], by[there[back]] = resumer, tracks
        cause = np.full(total, timeline._wakeups.causes.number(words.TURN), dtype=np.int64)
        is_switch = kind < SPAWN
        is_switch[ends] = True
        switching = np.flatnonzero(is_switch)
        ended = np.zeros(len(switching), dtype=bool)
        ended[np.searchsorted(switching, ends)] = True
        how, crossing = view(self._how).take(template.take(switching)), value.take(switching)
        if len(ends):
            last = [self._flattening.lifecycle[number].line for number in value[ends].tolist()]
            how[ended] = self._ends(last, template[ends - 1])
            crossing[ended] = [line.value for line in last]
        on_track = np.full(len(kind), words.NOBODY, dtype=np.int32)
        on_track[resumes] = tracks
        parks = switching[~ended] if len(ends) else switching
        none = np.zeros(0, dtype=np.int64)
        return Hand(
            times, kinds, who, by, cause, how, crossing, ended, view(self._park_how).take(template.take(parks)),
            on_track.take(parks), none, none, self._lifecycle(value[lifecycle]), timeline._strands.bottom(), settle,
        )  # fmt: skip

    def _places(self, resumes: Column) -> Column:
        """Where is resumed, of the templates of resumptions."""
        templates = self._flattening.templates
        place_of = np.full(len(templates), -1, dtype=np.int64)
        for number in different(resumes):
            place_of[number] = templates[number].place
        return place_of.take(resumes)

    def _ends(self, lines: list[Spawn | Exit], resumes: Column) -> list[int]:
        """How control is back when generators end: by which number. `resumes`: the templates of their resumptions."""
        closing = [one.text == words.CLOSE for one in self._flattening.templates]
        hows: dict[tuple[str, bool], int] = {}
        found = []
        for line, resume in zip(lines, resumes.tolist(), strict=True):
            ended = line.outcome, closing[resume]  # type: ignore[union-attr]
            if ended not in hows:
                hows[ended] = self._timeline._switches.hows.number((returns_by(*ended), words.NOTHING))
            found.append(hows[ended])
        return found

    def _turns(self, resumer: int, places: Column, tracks: Column) -> tuple[Resumptions, Column, int | None]:
        """Who is resumed by whom; whether each is by one who was known for a scheduler before; and the first by which
        somebody is known for one only now."""
        turns = self._timeline.turns
        in_turn = np.zeros(len(places), dtype=bool)
        known: int | None = None
        resumptions: Resumptions = {}
        for place in different(places):
            here = np.flatnonzero(places == place)
            driver, order, known_at = (resumer, place), tracks.take(here), -1
            last = int(order[-1])
            if driver in turns.schedulers:
                in_turn[here] = True
            else:
                first = turns.first_in_turn(driver, order)
                if first is not None:
                    known_at, order = int(here[first]), order[: first + 1]
                    known = known_at if known is None else min(known, known_at)
            resumptions[driver] = different(order), last, known_at
        return resumptions, in_turn, known

    def _gave_nothing(self, resumptions: Resumptions) -> bool:
        """Whether anybody gave nothing who is found to take turns only now."""
        timeline = self._timeline
        tracks: set[int] = set()
        for driver, (several, _, known_at) in resumptions.items():
            if known_at >= 0:
                tracks.update(several, timeline.turns.are_given(driver))
        return any(timeline._texts.get(timeline._given.get(track, -1)) == _NOTHING_GIVEN for track in tracks)


def _changes(resumer: int, places: Column, tracks: Column) -> list[tuple[int, int, Driver]]:
    """When each track is resumed first, and each time that this is done at another place than before, for
    Turns.on_many."""
    # numpy sorts 16 bits by their digits.
    order = (tracks.astype(np.uint16) if int(tracks.max()) < 1 << 16 else tracks).argsort(kind="stable")
    track, place = tracks.take(order), places.take(order)
    changes = np.flatnonzero(np.concatenate(([True], (track[1:] != track[:-1]) | (place[1:] != place[:-1]))))
    changes = np.sort(order[changes])
    whom = zip(changes.tolist(), tracks[changes].tolist(), places[changes].tolist(), strict=True)
    return [(number, track, (resumer, place)) for number, track, place in whom]
