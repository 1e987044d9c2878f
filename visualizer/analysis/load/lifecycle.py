"""How tracks begin and end among many lines that are taken in at once (commit.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from visualizer.analysis.load.batch import Hand
from visualizer.analysis.model.blocking import HOG_NS
from visualizer.trace import words
from visualizer.trace.columns import EXIT, SPAWN, SWITCH
from visualizer.trace.events import Exit, Spawn

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline


def begin(timeline: Timeline, hand: Hand) -> None:
    """Let the tracks begin, and be named; when that stands in the order is not said here, nor are their slices."""
    spawns = np.flatnonzero(hand.kind == SPAWN)
    born = zip(hand.t_ns[spawns].tolist(), hand.by[spawns].tolist(), strict=True)
    for line, names in hand.lifecycle:
        if type(line) is Spawn:
            timeline.begin_track(line, *next(born))
        for name in names:
            timeline._on_name(name)


def end(timeline: Timeline, hand: Hand) -> None:
    """Let them end, in the same way."""
    for line, _ in hand.lifecycle:
        if type(line) is Exit:
            timeline.end_track(line, timeline.tracks[line.track])


def living(timeline: Timeline, hand: Hand, hub: int, switch: int) -> int:
    """How many greenlets this hub has at a switch of the hand; asked when all have begun and none has ended."""
    count = timeline._blocks.living(hub)
    place = int(np.flatnonzero(hand.kind == SWITCH)[switch])
    for what, kind, before in ((SPAWN, Spawn, False), (EXIT, Exit, True)):
        places = np.flatnonzero(hand.kind == what).tolist()
        for at, line in zip(places, (line for line, _ in hand.lifecycle if type(line) is kind), strict=True):
            if timeline.tracks[line.track].parent == hub and (at < place) is before:
                count -= 1
    return count


def may_go_unseen(timeline: Timeline, hand: Hand) -> bool:
    """Whether greenlets end whose hub stands still for long in the end: it may have been blocked before the last of
    them ended. Asked before any begins."""
    parents = {line.track: line.parent for line, _ in hand.lifecycle if type(line) is Spawn}
    ending = [line.track for line, _ in hand.lifecycle if type(line) is Exit]
    parents.update((track, timeline.tracks[track].parent) for track in ending if track in timeline.tracks)
    hubs = {parents.get(track, words.NOBODY) for track in ending} & timeline._blocks.hubs.keys()
    switches = np.flatnonzero(hand.kind == SWITCH)
    for hub in hubs:
        stopped_ns = timeline.tracks[hub].slices.start_ns[-1]
        turns = switches[(hand.who[switches] == hub) | (hand.by[switches] == hub)]
        if len(turns):
            if hand.who[turns[-1]] == hub:
                continue
            stopped_ns = int(hand.t_ns[turns[-1]])
        if int(hand.t_ns[-1]) - stopped_ns >= HOG_NS:
            return True
    return False
