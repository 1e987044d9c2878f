"""How tracks end: their last slice and what it is about, in front of a batch and behind it."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.load import per_track
from visualizer.analysis.load.per_track import READY_AGAIN, UNBORN, Before, Items
from visualizer.analysis.model.numbers import NONE
from visualizer.analysis.model.slices import Slices
from visualizer.analysis.model.states import RUNS, State
from visualizer.analysis.model.types import Block, Tail
from visualizer.analysis.model.writer import Writer
from visualizer.trace.columns import Column, nonzero

#: How a track ends that is not known.
_UNBORN = UNBORN, -1, -1, 0, -(1 << 62)


def _tail(slices: Slices) -> Tail:
    """How a track with these slices ends."""
    if not len(slices):
        return _UNBORN
    count, last_ns, state, about = len(slices), slices.start_ns[-1], slices.state[-1], slices.about[-1]
    if state == State.READY and count > 1 and slices.state[-2] == State.WAITING:
        return READY_AGAIN, -1, slices.about[-2], count, last_ns
    return state, about if state in RUNS else -1, about if state == State.WAITING else -1, count, last_ns


def _tails_in(block: Block, where: Column) -> Column:
    """The same of tracks whose last slices are in a block, and that stand there, as far as these slices tell."""
    state, about = np.frombuffer(block.state, dtype=np.uint8), np.frombuffer(block.about, dtype=np.int32)
    begun, end = _begun_in(block, where), np.asarray(block.bounds)[where + 1] - 1
    last = state[end]
    again = (last == State.READY) & (begun > 1) & (state[end - 1] == State.WAITING)
    run = np.where(per_track.runs(last), about[end], -1)
    suspension = np.where(last == State.WAITING, about[end], np.where(again, about[end - 1], -1))
    last_ns = np.frombuffer(block.start_ns, dtype=np.int64)[end]
    return np.stack((np.where(again, READY_AGAIN, last), run, suspension, block.counts[where] + begun, last_ns))


def _begun_in(block: Block, where: Column) -> Column:
    """How many slices tracks that stand there have in the block."""
    bounds = np.asarray(block.bounds)
    begun: Column = bounds[where + 1] - bounds[where]
    return begun


def tails_before(writer: Writer, ids: Column) -> Before:
    """The tracks as they are in front of a batch."""
    hubs, tracks, found = writer.hubs, writer.timeline.tracks, np.empty((5, len(ids)), dtype=np.int64)
    found.T[:] = _UNBORN
    is_made = tracks.are_made(ids)
    for at in nonzero(is_made).tolist():
        track = tracks[int(ids[at])]
        if track.id in hubs:
            writer.reopen(track)
            track.tail = None
        found[:, at] = track.tail or _tail(track.slices)
    reached = tracks.reached(ids)
    reached[is_made] = NONE
    for those, block, where in tracks.in_blocks(ids, reached):
        found[:, those] = _tails_in(block, where)
        # Who was ready is so again if the slice in front of that, which may be in another block, is a wait.
        ready = nonzero((found[0, those] == State.READY) & (_begun_in(block, where) == 1))
        one, before = those[ready], block.previous[where[ready]]
        for some, other, at in tracks.in_blocks(ids[one], before):
            state, _, suspension = _tails_in(other, at)[:3]
            waited = state == State.WAITING
            found[0, one[some[waited]]], found[2, one[some[waited]]] = READY_AGAIN, suspension[waited]
    return Before(*found)


def tails_after(
    tracks: Column, items: Items, before: Before, after: Column, bounds: Column, about: Column, start_ns: Column
) -> list[Tail]:
    """Of those that begin slices, and stand at these places, how they end."""
    begun = bounds[tracks + 1] - bounds[tracks]
    last, end = after[items.edges[tracks + 1] - 1].astype(np.int64), bounds[tracks + 1] - 1
    waited = np.where(begun > 1, about[end - 1], before.suspension[tracks])
    suspension = np.where(last == State.WAITING, about[end], np.where(last == READY_AGAIN, waited, -1))
    run = np.where(per_track.runs(last), about[end], -1)
    tails: list[Tail] = np.stack(
        (last, run, suspension, before.counts[tracks] + begun, start_ns[end]), axis=1
    ).tolist()
    return tails
