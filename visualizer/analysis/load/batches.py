"""Takes many switches, waits and wakes into a timeline at once, as columns.

What comes out is what `Timeline.feed` makes of the same lines one at a time. Only what is common is done here:
greenlets that hand over to one another and are woken, none of them inside a generator; or one track that resumes
generators, none of which resumes another. All else is fed line by line: a part is looked at before anything is changed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from visualizer.analysis.load.batch import Hand, Hows
from visualizer.analysis.load.commit import Fit, enter
from visualizer.analysis.load.generators import of_generators
from visualizer.analysis.load.greenlets import of_greenlets
from visualizer.analysis.model.states import State
from visualizer.trace.columns import EXIT, RESUME, SPAWN, SWITCH, WAIT, YIELD, Column, Flat, Flattening

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline

#: Fewer are fed one at a time: that is faster.
LEAST = 48
#: No smaller part than this is looked at again for what may be common in it.
_LEAST_HALF = 500
#: Where so many were to be tried by themselves, it is no use to look for better places to divide.
_MOST_HEAD = 32 * _LEAST_HALF


class Bulk:
    """Takes the flats of one trace into its timeline."""

    def __init__(self, timeline: Timeline, flattening: Flattening) -> None:
        self._timeline = timeline
        self._flattening = flattening
        self.hows = Hows(timeline, flattening)

    def take(self, flat: Flat) -> None:
        """Take in all of it."""
        count = len(flat.t_ns)
        if count >= LEAST:
            self.hows.learn()
            parts = _parts(flat.kind)
            if len(parts) * LEAST < count:
                for start, end, generators in parts:
                    self._take_part(flat.part(start, end), generators)
                return
        self._feed(flat)

    def _feed(self, flat: Flat) -> None:
        self._timeline.feed_all(self._flattening.events(flat))

    def _take_part(self, flat: Flat, generators: bool, head: int = _LEAST_HALF) -> None:
        """`head`: of so many it is tried what they are by themselves, should it not be the time yet for all."""
        count = len(flat.kind)
        if generators:
            # What was begun before, and what is not over: line by line. Of a chain, several are resumed in the end.
            others = np.flatnonzero(flat.kind != RESUME)
            first, end = int(flat.kind[0] in (YIELD, EXIT)), int(others[-1]) + 1 if len(others) else 0
        else:
            switches = np.flatnonzero(flat.kind == SWITCH)
            begun, over = (int(switches[0]) + 1, int(switches[-1]) + 1) if len(switches) else (count, 0)
            # What belongs to a switch that began before, and to one that has not come yet, line by line.
            first = 0 if self.is_plain() else begun
            waits = np.flatnonzero(flat.kind[over:] == WAIT)
            end = over + int(waits[0]) if len(waits) else count
        if end - first < LEAST:
            self._feed(flat)
            return
        self._feed(flat.part(0, first))
        inner = flat.part(first, end)
        told = (of_generators if generators else of_greenlets)(self._timeline, self._flattening, self.hows, inner)
        # Of generators it may be known after how many lines they are common.
        fit, learnt = (enter(self._timeline, told), 0) if isinstance(told, Hand) else (Fit.NOT_ALL, told)
        if fit is not Fit.ALL and len(inner.kind) < 2 * _LEAST_HALF:
            self._feed(inner)
        elif fit is not Fit.ALL:
            # Perhaps a part of it is common.
            part = len(inner.kind) // 2
            if fit is Fit.NOT_YET:
                part = min(head, part)
            elif learnt and head < _MOST_HEAD:
                part = learnt
            self._take_part(inner.part(0, part), generators)
            self._take_part(inner.part(part, len(inner.kind)), generators, 2 * head)
        self._feed(flat.part(end, count))

    def is_plain(self) -> bool:
        """Whether a greenlet or thread runs of which nothing is known that concerns its next switch."""
        timeline = self._timeline
        bottom = timeline._strands.bottom()
        track = timeline.tracks.get(bottom)
        if track is None or track.state not in (State.RUNNING, State.IDLE):
            return False
        return bottom not in timeline._pending and bottom not in timeline._early


def _parts(kind: Column) -> list[tuple[int, int, bool]]:
    """Lines of generators apart from others: from which to which, and whether they are. One by which a track begins or
    ends belongs to the line before it."""
    there = np.bincount(kind, minlength=SPAWN)
    resumed = int(there[RESUME]) + int(there[YIELD])
    if not resumed or resumed == there[:SPAWN].sum():
        return [(0, len(kind), resumed > 0)]
    running = kind < SPAWN
    whose = kind[np.flatnonzero(running)[np.maximum(np.cumsum(running) - 1, 0)]]
    generators = (whose == RESUME) | (whose == YIELD)
    bounds = [0, *(np.flatnonzero(generators[1:] != generators[:-1]) + 1).tolist(), len(kind)]
    return [(start, end, bool(generators[start])) for start, end in pairwise(bounds)]
