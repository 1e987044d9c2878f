"""Who ended waits for the same thing before, of those that wait now: where nothing else says who would end them."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.waits import all_waits
from visualizer.analysis.model.timeline import Suspension, Timeline
from visualizer.analysis.text.source_text import Ending
from visualizer.trace import words

#: What is waited for, and the method that waits -> what somebody did who ended such a wait.
_DID = {
    (words.QUEUE, "get"): "put into",
    (words.QUEUE, "put"): "took from",
    (words.CHANNEL, "get"): "put into",
    (words.CHANNEL, "put"): "took from",
    (words.EVENT, "wait"): "set",
    (words.CONDITION, "wait"): "notified",
    (words.SEMAPHORE, "acquire"): "released",
}
#: In the place of the line of an `Ending`: it was seen before, and where is not known.
BEFORE = -1
#: How a wait ends that nobody has ended by what was waited for.
_OTHERWISE = (words.TIMEOUT, words.CANCEL, words.KILL, words.SIGNAL)


def earlier_wakers(timeline: Timeline, observed: Observed, waiting: dict[int, Suspension]) -> dict[int, Ending]:
    """By the track that waits: who was the only one that ended waits for that very thing before, in the same way, and
    waits now, too. Inferred: another one might do so the next time.
    """
    asked = {(one.object, did) for one in waiting.values() if one.object and (did := _done_to(one))}
    if not asked:
        return {}
    columns, wakeups = timeline.columns.suspensions, timeline.columns.wakeups
    reasons = {reason for reason, _ in _DID}
    details = [number for number, (reason, *_) in enumerate(columns.details.known) if reason in reasons]
    every = all_waits(timeline, observed)
    rows = np.flatnonzero((every.waker >= 0) & np.isin(np.asarray(columns.detail)[every.suspension], details))
    rows = rows[~wakeups.are_by(every.waker[rows], *_OTHERWISE)]
    wakers: dict[tuple[str, str], set[int]] = {}
    for suspension, wakeup in zip(every.suspension[rows].tolist(), every.waker[rows].tolist(), strict=True):
        one = timeline.suspensions[suspension]
        thing = one.object, _done_to(one)
        if thing in asked:
            wakers.setdefault(thing, set()).add(wakeups.waker[wakeup])
    found = {}
    for track, one in waiting.items():
        those = wakers.get((one.object, _done_to(one)), set())
        if len(those) == 1 and (waker := next(iter(those))) in waiting and waker != track:
            found[track] = Ending(waker, "", BEFORE, _done_to(one))
    return found


def _done_to(suspension: Suspension) -> str:
    method = suspension.on.partition("(")[0].rpartition(".")[2]
    return _DID.get((suspension.reason, method), "")
