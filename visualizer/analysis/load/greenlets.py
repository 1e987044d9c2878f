"""Hands (batch.py) of greenlets and threads that hand over to one another and are woken, none inside a generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from visualizer.analysis.load.batch import Hand, Hows, lifecycle_of
from visualizer.analysis.load.distinct import MOST_LISTED, distinct, view
from visualizer.trace import words
from visualizer.trace.columns import EXIT, SPAWN, SWITCH, WAIT, WAKE, Column, Flat, Flattening

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline


def of_greenlets(timeline: Timeline, flattening: Flattening, hows: Hows, flat: Flat) -> Hand | None:
    """What it says; None if that is not as common as it takes."""
    strands = timeline._strands
    how_of, park_how_of, joined_of = (view(column) for column in (hows.how, hows.park_how, hows.joined))
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
            return None
        how = how_of.take(template)
        return Hand(
            t_ns, kind, targets, origins, timed, how, value, ended, park_how, on_track, timed, asked_ns, [],
            int(targets[-1]), _nothing,
        )  # fmt: skip
    switches_before = np.cumsum(kind == SWITCH)
    switches_before[at] -= 1
    current = np.concatenate((np.array([begin], dtype=np.int32), targets)).take(switches_before)
    who, by = (np.where(column == words.CURRENT, current, column) for column in (a, b))
    if (by[at] != current[at]).any() or (targets == by[at]).any():
        return None
    waits = np.flatnonzero(kind == WAIT)
    if len(waits):
        if (who[waits] != current[waits]).any():
            return None
        # The last wait before a switch, and after the one before it, is what that switch is for.
        wait = np.full(len(at) + 1, -1, dtype=np.int64)
        wait[switches_before[waits]] = waits
        wait = wait[:-1]
    if len(lifecycle):
        ends = lifecycle[(kind[lifecycle] == EXIT) & (a[lifecycle] == current[lifecycle])]
        ends = switches_before[ends]
        ended[ends[ends < len(at)]] = True
        if len(waits) and (wait[ended] >= 0).any():
            return None
    if len(waits):
        waiting = np.flatnonzero(wait >= 0)
        wait = wait[waiting]
        wait_of = template[wait]
        park_how[waiting] = _waits_hows(timeline, flattening, hows, template[at[waiting]], wait_of)
        on_track = targets.copy()
        on_track[waiting] = joined_of[wait_of]
        asked = value[wait]
        timed, asked_ns = waiting[asked >= 0], asked[asked >= 0]
    if ended.any():
        parks = ~ended
        timed = (np.cumsum(parks) - 1)[timed]
        park_how, on_track = park_how[parks], on_track[parks]
    crossing, how = value.take(at), how_of.take(template.take(at))
    cause = how_of.take(template.take(np.flatnonzero(kind == WAKE)))
    if len(waits):
        kept = np.flatnonzero(kind != WAIT)
        t_ns, kind, who, by = (column.take(kept) for column in (t_ns, kind, who, by))
    return Hand(
        t_ns, kind, who, by, cause, how, crossing, ended, park_how, on_track, timed, asked_ns,
        lifecycle_of(flattening, value[lifecycle]), int(targets[-1]) if len(at) else begin, _nothing,
    )  # fmt: skip


def _waits_hows(timeline: Timeline, flattening: Flattening, hows: Hows, switch: Column, wait: Column) -> Column:
    """How those park who wait as one template says and switch as another one says."""
    (switches, switch_of), (waits, wait_of) = distinct(switch), distinct(wait)
    together = switch_of[switch] * len(waits) + wait_of[wait]
    if len(switches) * len(waits) <= MOST_LISTED:
        pairs, which = distinct(together)
        which = which[together]
    else:
        pairs, which = np.unique(together, return_inverse=True)
    templates, number = flattening.templates, timeline._parks.hows.number
    found = []
    for pair in pairs.tolist():
        by, of = divmod(pair, len(waits))
        on = int(waits[of])
        found.append(number((templates[on].text, hows.asked[on], templates[switches[by]].place)))
    return np.array(found, dtype=np.int32)[which]


def _nothing() -> None:
    pass
