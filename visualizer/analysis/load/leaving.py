"""What tracks did before they are suspended: they announce what they wait for, or are woken already."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from visualizer.analysis.load import per_track
from visualizer.analysis.load.distinct import NO_NUMBERS, edges, last_true, shifted
from visualizer.analysis.load.per_track import Items
from visualizer.analysis.load.steps import Steps
from visualizer.trace.columns import Column, grouped, nonzero, numbered


class Waits(NamedTuple):
    """Steps that suspend tracks that had announced a wait, ascending; its template, for how long, and for which thing
    (text id)."""

    steps: Column
    templates: Column
    asked_ns: Column
    things: Column


class Early(NamedTuple):
    """Which items leave who have been woken before; by which step, or, where that is -1, which wakeup. `open`: who has
    been woken and is still to leave, and by which step."""

    items: Column
    steps: Column
    wakes: Column
    open: list[tuple[int, int]]


def announced(
    items: Items, pending: dict[int, tuple[int, int, int]], said_at: Callable[[Column], Column]
) -> Waits:
    """The switches that end what was announced as a wait. `pending`: what tracks had announced in front of this, which
    is brought up to date; `said_at`: template, time asked for and thing of steps that announce."""
    what = items.what
    is_wait = what == per_track.WAITS
    if not pending and not is_wait.any():
        return Waits(NO_NUMBERS, NO_NUMBERS, NO_NUMBERS, NO_NUMBERS)
    those = nonzero(is_wait | (what == per_track.SUSPENSION) | (what == per_track.LEAVE))
    step, track, is_wait = (column.take(those) for column in (items.step, items.track, is_wait))
    is_first, is_last = edges(track)
    leaves = what.take(those) == per_track.LEAVE
    hits = nonzero(leaves & shifted(is_wait, False) & ~is_first)
    steps, said = step[hits], said_at(step[hits - 1])
    firsts = nonzero(is_first)
    ids = items.ids[track[firsts]]
    there = set(ids.tolist()) if pending else ()
    for id in [id for id in pending if id in there]:
        first = int(firsts[np.searchsorted(ids, id)])
        announced = pending.pop(id)
        if leaves[first]:
            steps, said = np.append(steps, step[first]), np.append(said, np.transpose([announced]), axis=1)
    open_ = nonzero(is_wait & is_last)
    announcements = map(tuple, said_at(step[open_]).T.tolist())
    pending.update(zip(items.ids[track[open_]].tolist(), announcements, strict=True))
    order = steps.argsort(kind="stable")
    return Waits(steps[order], *said[:, order])


def woken_early(
    items: Items, found: Column, steps: Steps, early: dict[int, int], is_hub: Callable[[], Column]
) -> Early:
    """Who is woken while it runs is ready as soon as it is suspended; the first wake of a run counts. `found`: in which
    state each item finds its track; `early`: by which wakeup those are ready that leave later, by the bottom of the
    stack, out of which who leaves is taken; `is_hub`: of each track, whether it is a hub's."""
    what = items.what
    woken = nonzero(what == per_track.WOKEN)
    if len(woken):
        woken = woken.compress(per_track.runs(found.take(woken)))
        woken = woken[~is_hub()[items.track[woken]]]
    if not len(woken) and not early:
        return Early(NO_NUMBERS, NO_NUMBERS, NO_NUMBERS, [])
    leaves = nonzero((what == per_track.LEAVE) & ~per_track.is_over(found))
    # By bottom: who is woken, and who leaves.
    item_of = np.full(len(steps.kind), -1)
    item_of[items.step[woken]], item_of[items.step[leaves]] = woken, leaves
    step = nonzero(item_of >= 0)
    bottoms, index = numbered(steps.bottom[step] + 1)
    order, bounds = grouped(index, len(bottoms))
    step = step[order]
    is_wake = what[item_of[step]] == per_track.WOKEN
    is_first, is_last = np.zeros((2, len(step)), dtype=bool)
    is_first[bounds[:-1]] = is_last[bounds[1:] - 1] = True
    is_open = ~is_first & shifted(is_wake, False)
    run = last_true(is_wake & ~is_open)
    hits = nonzero(~is_wake & is_open)
    leaving, by, wakes = step[hits], step[run[hits]], np.full(len(hits), -1)
    ids = (bottoms - 1).tolist()
    for bottom in [bottom for bottom in ids if bottom in early] if early else ():
        first, end = bounds[ids.index(bottom)], bounds[ids.index(bottom) + 1]
        left = nonzero(~is_wake[first:end])
        if len(left):
            at, number = step[first + left[0]], early.pop(bottom)
            is_other = leaving != at
            leaving, by = np.append(leaving[is_other], at), np.append(by[is_other], -1)
            wakes = np.append(wakes[is_other], number)
    tails = nonzero(is_last & is_wake)
    open_ = list(zip(steps.bottom[step[tails]].tolist(), step[run[tails]].tolist(), strict=True))
    return Early(item_of[leaving], by, wakes, open_)
