"""Whom generators and coroutines that are suspended have their `yield from` or `await` on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from visualizer.analysis.load.distinct import chosen, last_true
from visualizer.analysis.load.steps import Steps
from visualizer.trace import words
from visualizer.trace.columns import RESUME, Column, are_among, grouped, nonzero, numbered


def awaited(
    yields: Column, steps: Steps, places: Column, resumed: dict[int, tuple[int, int]],
    ends_of: Callable[[Column], Column], goes_on: Callable[[Column], Column],
) -> Column:
    """Whom generators that are suspended by these steps have their `yield from` or `await` on, -1 if on nobody
    known.

    It is the one that each resumed there last: at an expression that suspends its own track, there is no other.
    `places`: one of each step, the same where it is the same expression. `resumed`: whom tracks had resumed last, and
    where, which is brought up to date. `ends_of`: by which line tracks end; `goes_on`: who does not end in this batch.
    """
    found = np.full(len(steps.kind), words.NOBODY, dtype=np.int32)
    is_either = steps.kind == RESUME
    is_either[yields] = True
    those = nonzero(is_either)
    ids, index = numbered(chosen(steps.by, those) + 1)
    ids = ids - 1
    is_resume = chosen(steps.kind, those) == RESUME
    latest, resumes = np.full(len(ids), -1), nonzero(is_resume)
    latest[index.take(resumes)] = those.take(resumes)
    # Only who yields and has resumed somebody can wait for that.
    may_wait, inner, where = np.zeros(len(ids), dtype=bool), *np.full((2, len(ids)), words.NOBODY)
    may_wait[index.take(nonzero(~is_resume))] = True
    asking = nonzero(may_wait)
    asking = asking.compress(are_among(ids.take(asking), resumed))
    if len(asking):
        inner[asking], where[asking] = np.array([resumed[track] for track in ids.take(asking).tolist()]).T
    may_wait &= (latest >= 0) | (inner >= 0)
    if may_wait.any():
        some = nonzero(may_wait.take(index))
        order, edges = grouped(chosen(index, some), len(ids))
        some = some.take(order)
        step, group, last = those.take(some), index.take(some), last_true(is_resume.take(some))
        # Of those who yield, whom they have resumed last, and where.
        asked = nonzero(~is_resume.take(some))
        step, group, last, at = step.take(asked), group.take(asked), last.take(asked), step.take(last.take(asked))
        valid = last >= edges.take(group)
        whom = np.where(valid, steps.who.take(at), inner.take(group))
        place = np.where(valid, places.take(at), where.take(group))
        asked = nonzero((whom >= 0) & (place == places.take(step)))
        inner, asking = whom.take(asked), step.take(asked)
        ends = np.minimum(ends_of(inner), ends_of(steps.by.take(asking)))
        inner[nonzero(ends < steps.event.take(asking))] = words.NOBODY
        found[asking] = inner
    resuming = nonzero((latest >= 0) & goes_on(ids))
    at = latest[resuming]
    said = zip(steps.who[at].tolist(), places[at].tolist(), strict=True)
    resumed.update(zip(ids[resuming].tolist(), said, strict=True))
    return found.take(yields)
