"""Takes what several threads, or processes, did at the same time into a timeline at once, as columns.

Each by itself is taken in by `bulk`, but where they take turns every few lines there is nothing that is long enough.
Here each thread's lines are named by themselves (batch.py), since who runs on one does not depend on the others, and
then put in order of time. What is in the middle of something at the beginning, or the end, is fed one line at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from visualizer.analysis.load.batch import Hand
from visualizer.analysis.load.batches import LEAST, Bulk
from visualizer.analysis.load.commit import Fit, enter
from visualizer.analysis.load.generators import of_generators
from visualizer.analysis.load.greenlets import of_greenlets
from visualizer.trace.columns import RESUME, SWITCH, WAIT, WAKE, YIELD, Column, Flat, Flattening

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline


#: What one thread did.
Strip = tuple[int, Flat]


class Braids:
    """Takes strips of one trace into its timeline."""

    def __init__(self, timeline: Timeline, flattening: Flattening, bulk: Bulk) -> None:
        self._timeline = timeline
        self._flattening = flattening
        self._bulk = bulk

    def take(self, strips: list[Strip]) -> None:
        """Take in all of them, in order of time; within a thread in its own."""
        if not strips:
            return
        t_ns = np.concatenate([flat.t_ns for _, flat in strips])
        which = np.repeat(np.arange(len(strips)), [len(flat.t_ns) for _, flat in strips])
        order = t_ns.argsort(kind="stable")
        which = which[order]
        first, last = self._between(strips, order)
        bounds = [
            [int((which[:end] == number).sum()) for number in range(len(strips))] for end in (first, last, len(which))
        ]
        nothing = [0] * len(strips)
        self._feed(strips, nothing, bounds[0], which[:first])
        middle = [
            (thread, flat.part(start, end))
            for (thread, flat), start, end in zip(strips, bounds[0], bounds[1], strict=True)
        ]
        if last - first < LEAST or not self._enter(middle, int(which[last - 1])):
            self._feed(strips, bounds[0], bounds[1], which[first:last])
        self._feed(strips, bounds[1], bounds[2], which[last:])

    def _between(self, strips: list[Strip], order: Column) -> tuple[int, int]:
        """From where to where, in the order of all: there nobody is in the middle of anything."""
        inside, before = [], 0
        for thread, flat in strips:
            self._timeline._strands.thread = thread
            begins, is_inside = self._inside(flat)
            before += begins
            inside.append(np.diff(is_inside, prepend=np.int64(begins)))
        among = np.concatenate(([before], before + np.cumsum(np.concatenate(inside)[order])))
        complete = np.flatnonzero(among == 0)
        return (int(complete[0]), int(complete[-1])) if len(complete) else (0, 0)

    def _inside(self, flat: Flat) -> tuple[int, Column]:
        """Whether the thread is in the middle of something before all of it; and behind each line of it."""
        kind = flat.kind
        if ((kind == RESUME) | (kind == YIELD)).any():
            return int(kind[0] == YIELD), (kind != YIELD).astype(np.int64)
        begins = not self._bulk.is_plain()
        told = np.where(kind == WAIT, 1, np.where(kind == SWITCH, 0, -1))
        last = np.maximum.accumulate(np.where(told >= 0, np.arange(len(kind)), -1))
        is_inside = np.where(last >= 0, told[last], int(begins))
        # What follows the last switch may belong to the next one.
        switches = np.flatnonzero(kind == SWITCH)
        is_inside[int(switches[-1]) + 1 if len(switches) else 0 :] = 1
        return int(begins), is_inside.astype(np.int64)

    def _feed(self, strips: list[Strip], starts: list[int], ends: list[int], which: Column) -> None:
        """Line by line. `which`: whose is the next."""
        if not len(which):
            return
        timeline = self._timeline
        events = [
            self._flattening.events(flat.part(start, end))
            for (_, flat), start, end in zip(strips, starts, ends, strict=True)
        ]
        for number in which.tolist():
            timeline._strands.thread = strips[number][0]
            timeline.feed(next(events[number]))

    def _enter(self, strips: list[Strip], last: int) -> bool:
        """At once, if that is possible; else nothing is changed. `last`: whose the last line is."""
        timeline, flattening, hows = self._timeline, self._flattening, self._bulk.hows
        hows.learn()
        strands = timeline._strands
        found: list[Hand] = []
        threads: list[int] = []
        running: set[int] = set()
        for thread, flat in strips:
            if not len(flat.t_ns):
                continue
            strands.thread = thread
            generators = (flat.kind == RESUME) | (flat.kind == YIELD)
            if generators.any() and not generators.all():
                return False
            hand = (of_generators if generators.any() else of_greenlets)(timeline, flattening, hows, flat)
            if not isinstance(hand, Hand):
                return False
            at = np.flatnonzero(hand.kind == SWITCH)
            running.add(int(hand.by[at[0]]) if len(at) else strands.current())
            found.append(hand)
            threads.append(thread)
        strands.thread = strips[last][0]
        if enter(timeline, _plaited(found, strands.bottom()), running) is not Fit.ALL:
            return False
        for thread, hand in zip(threads, found, strict=True):
            strands.thread = thread
            if hand.bottom != strands.bottom():
                strands.go_to(hand.bottom)
        strands.thread = strips[last][0]
        return True


def _plaited(hands: list[Hand], bottom: int) -> Hand:
    """All in order of time. Nobody begins or ends in them."""
    t_ns, kind, who, by, cause, how, value, ended, park_how, on_track = (
        np.concatenate([hand[field] for hand in hands]) for field in range(10)
    )
    order = t_ns.argsort(kind="stable")
    # Where each wake and switch comes from, of those of all hands one after another; and where each of these goes.
    wakes, comes = _moved(kind == WAKE, order), _moved(kind == SWITCH, order)
    goes = np.empty(len(comes), dtype=np.int64)
    goes[comes] = np.arange(len(comes))
    counts = [len(hand.how) for hand in hands]
    before = np.cumsum(counts) - counts
    timed = np.concatenate([hand.timed + first for hand, first in zip(hands, before, strict=True)])
    timed = goes[timed.astype(np.int64)]
    asked_ns = np.concatenate([hand.asked_ns for hand in hands])
    ascending = timed.argsort()

    def settle() -> None:
        for hand in hands:
            hand.settle()

    return Hand(
        t_ns[order], kind[order], who[order], by[order], cause[wakes], how[comes], value[comes], ended[comes],
        park_how[comes], on_track[comes], timed[ascending], asked_ns[ascending], [], bottom, settle,
    )  # fmt: skip


def _moved(those: Column, order: Column) -> Column:
    """In this order: the how manieth each of those is."""
    moved: Column = (np.cumsum(those) - 1)[order][those[order]]
    return moved
