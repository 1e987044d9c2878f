"""Takes many switches, waits and wakes into a timeline at once, as columns.

What comes out is what `Timeline.feed` makes of the same lines one at a time. Only what is common is done here:
greenlets that hand over to one another and are woken, none of them inside a generator; or one track that resumes
generators, none of which resumes another. All else is fed line by line: a part is looked at before anything is changed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from visualizer.analysis.entering import Fit, enter
from visualizer.analysis.hands import Hands
from visualizer.analysis.states import State
from visualizer.trace.flat import RESUME, SWITCH, YIELD, Flat, Flattening

if TYPE_CHECKING:
    from visualizer.analysis.model import Timeline

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
        self.hands = Hands(timeline, flattening)

    def take(self, flat: Flat) -> None:
        """Take in all of it."""
        count = len(flat.t_ns)
        if count >= LEAST:
            self.hands.learn()
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
            first = int(switches[0]) + 1 if len(switches) and not self.is_plain() else 0
            end = int(switches[-1]) + 1 if len(switches) else 0
        if end - first < LEAST:
            self._feed(flat)
            return
        self._feed(flat.part(0, first))
        inner = flat.part(first, end)
        fit, learnt = self._enter_generators(inner) if generators else (self._enter_greenlets(inner), 0)
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

    def _enter_greenlets(self, flat: Flat) -> Fit:
        hand = self.hands.of_greenlets(flat)
        return Fit.NOT_ALL if hand is None else enter(self._timeline, hand)

    def _enter_generators(self, flat: Flat) -> tuple[Fit, int]:
        """And, if they are not all common, after how many lines that may change; 0 if that is not known."""
        told = self.hands.of_generators(flat)
        if isinstance(told, int):
            return Fit.NOT_ALL, told
        hand, settle = told
        fit = enter(self._timeline, hand)
        if fit is Fit.ALL:
            settle()
        return fit, 0

    def is_plain(self) -> bool:
        """Whether a greenlet or thread runs of which nothing is known that concerns its next switch."""
        timeline = self._timeline
        bottom = timeline._strands.bottom()
        track = timeline.tracks.get(bottom)
        if track is None or track.state not in (State.RUNNING, State.IDLE):
            return False
        return bottom not in timeline._pending and bottom not in timeline._early
