"""Hands (batch.py) of one track that resumes generators, none of which resumes another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from visualizer.analysis.load.batch import MOST_TRACKS, Hand, Hows, lifecycle_of
from visualizer.analysis.load.distinct import different, lasts, view
from visualizer.analysis.model.schedulers import NOTHING_GIVEN, Driver, Resumptions, Turns
from visualizer.analysis.model.stacks import returns_by
from visualizer.trace import words
from visualizer.trace.columns import EXIT, RESUME, SPAWN, SWITCH, WAKE, YIELD, Column, Flat, Flattening, Template
from visualizer.trace.events import Exit, Spawn

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline


def of_generators(timeline: Timeline, flattening: Flattening, hows: Hows, flat: Flat) -> Hand | int:
    """What it says; or after how many lines it may be common, 0 if that is not known."""
    t_ns, kind, template, a, b, value = flat
    strand, lifecycle = timeline._strands.now(), np.flatnonzero(kind >= SPAWN)
    resumer = strand[-1]
    own = lifecycle[np.isin(a[lifecycle], strand)]
    if len(own):
        # Who resumes, or stands below, ends itself.
        return int(own[0])
    resumes = np.flatnonzero(kind == RESUME)
    if not len(resumes) or resumes[-1] + 1 == len(kind):
        # Who is resumed last does nothing here yet: in a chain several do.
        return 0
    back = resumes + 1
    tracks = a.take(resumes)
    is_end = kind.take(back) == EXIT
    ends = back[is_end]
    if (
        2 * len(resumes) + len(lifecycle) - len(ends) != len(kind)
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
    places = _places(flattening.templates, template.take(resumes))
    resumptions, in_turn, known = _turns(timeline.turns, resumer, places, tracks)
    nothing: list[int] = []
    if known is not None or in_turn.any():
        nothing = [text for text in different(value.take(back)) if timeline._texts.get(text) == NOTHING_GIVEN]
    if known is not None:
        ended_before = (kind[lifecycle[lifecycle < resumes[known]]] == EXIT).any()
        if nothing or ended_before or _gave_nothing(timeline, resumptions):
            # Who is found to take turns may be ready from then on, or have ended by then: there it is known.
            return int(resumes[max(1, known)]) if len(resumes) > 1 else 0
    turns = np.zeros(0, dtype=np.int64)
    if nothing:
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
    twice = np.sort(np.concatenate((turns, ends)))
    total = len(kind) + len(twice)
    kinds, by = np.full(total, SWITCH, dtype=np.int32), np.full(total, resumer, dtype=np.int32)
    there: Column = np.arange(len(kind))
    times, who = t_ns, a.copy()
    if len(twice):
        more = np.zeros(len(kind), dtype=np.int64)
        more[twice] = 1
        there += np.cumsum(more) - more
        times, who = np.empty(total, dtype=np.int64), np.empty(total, dtype=np.int32)
        times[there], who[there] = t_ns, a
        times[there[twice] + 1], who[there[twice] + 1] = t_ns[twice], a[twice]
    kinds[there[lifecycle]] = kind[lifecycle]
    creators = b[lifecycle]
    by[there[lifecycle]] = np.where(creators == words.CURRENT, resumer, creators)
    woken = there[turns] + 1
    kinds[woken], by[woken] = WAKE, words.NOBODY
    there[ends] += 1
    there = there.take(back)
    who[there], by[there] = resumer, tracks
    cause = np.full(len(woken), timeline._wakeups.causes.number(words.TURN), dtype=np.int32)
    is_switch = kind < SPAWN
    is_switch[ends] = True
    switching = np.flatnonzero(is_switch)
    ended = np.zeros(len(switching), dtype=bool)
    ended[np.searchsorted(switching, ends)] = True
    how, crossing = view(hows.how).take(template.take(switching)), value.take(switching)
    if len(ends):
        last = [flattening.lifecycle[number].line for number in value[ends].tolist()]
        how[ended] = _ends(timeline, flattening.templates, last, template[ends - 1])
        crossing[ended] = [line.value for line in last]
    on_track = np.full(len(kind), words.NOBODY, dtype=np.int32)
    on_track[resumes] = tracks
    parks = switching[~ended] if len(ends) else switching
    none = np.zeros(0, dtype=np.int64)
    return Hand(
        times, kinds, who, by, cause, how, crossing, ended, view(hows.park_how).take(template.take(parks)),
        on_track.take(parks), none, none, lifecycle_of(flattening, value[lifecycle]), timeline._strands.bottom(),
        settle,
    )  # fmt: skip


def _places(templates: list[Template], resumes: Column) -> Column:
    """Where is resumed, of the templates of resumptions."""
    place_of = np.full(len(templates), -1, dtype=np.int64)
    for number in different(resumes):
        place_of[number] = templates[number].place
    return place_of.take(resumes)


def _ends(timeline: Timeline, templates: list[Template], lines: list[Spawn | Exit], resumes: Column) -> list[int]:
    """How control is back when generators end: by which number. `resumes`: the templates of their resumptions."""
    closing = [one.text == words.CLOSE for one in templates]
    numbers: dict[tuple[str, bool], int] = {}
    found = []
    for line, resume in zip(lines, resumes.tolist(), strict=True):
        ended = line.outcome, closing[resume]  # type: ignore[union-attr]
        if ended not in numbers:
            numbers[ended] = timeline._switches.hows.number((returns_by(*ended), words.NOTHING))
        found.append(numbers[ended])
    return found


def _turns(turns: Turns, resumer: int, places: Column, tracks: Column) -> tuple[Resumptions, Column, int | None]:
    """Who is resumed by whom; whether each is by one who was known for a scheduler before; and the first by which
    somebody is known for one only now."""
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


def _gave_nothing(timeline: Timeline, resumptions: Resumptions) -> bool:
    """Whether anybody gave nothing who is found to take turns only now."""
    tracks: set[int] = set()
    for driver, (several, _, known_at) in resumptions.items():
        if known_at >= 0:
            tracks.update(several, timeline.turns.are_given(driver))
    return any(timeline._texts.get(timeline._given.get(track, -1)) == NOTHING_GIVEN for track in tracks)


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
