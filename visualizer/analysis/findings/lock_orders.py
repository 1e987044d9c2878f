"""Locks that threads take in different orders: they may come to wait for one another for ever, also where they did not
this time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from visualizer.analysis.findings.base import LOCKS, Finding, at, finding, suspension_before
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.ends import deadlock
from visualizer.analysis.model.timeline import Taking, Timeline
from visualizer.analysis.text.source_text import written
from visualizer.trace import words

#: Circles of at most so many locks are looked for, for so many steps; and so many wakes tell whether others are after
#: one another.
_LONGEST, _STEPS = 8, 20_000
_WAKES = 100_000
#: Of each lock that is taken while another is held, so many are tried with those of the others.
_TRIED = 16
#: What the program calls it: `lock` of `lock`, `lock.acquire()`, and (3.12) `with lock: ...`.
_CALLED = re.compile(r"(?:with +)?([\w.]+?)(?:\.acquire)?(?:\(|$| *:| +as\b)")


def lock_order(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Threads take locks in a circle, each one of them while it has another. One for each circle.

    Not where one thread does, or they have a lock in common that keeps the others out, or one is known to be after the
    other; nor where they do wait for each other: that is a deadlock.
    """
    handed = {one.object for one in timeline.takings if one.track == words.NOBODY}
    steps: dict[str, dict[str, list[Taking]]] = {}
    for one in timeline.takings:
        for outer in one.held if one.object not in handed else ():
            if outer not in handed:
                steps.setdefault(outer, {}).setdefault(one.object, []).append(one)
    told_of = {track for one in deadlock(timeline, observed) for track in one.lost_by} if steps else set()
    known: set[frozenset[str]] = set()
    for circle in sorted(_circles(steps), key=len):
        if any(other <= {*circle} for other in known):
            continue
        taken = _apart(timeline, [steps[outer][inner] for outer, inner in pairwise((*circle, circle[0]))], [])
        if taken is None or told_of.issuperset(one.track for one in taken):
            continue
        known.add(frozenset(circle))
        yield _told(timeline, circle, taken)


def _circles(steps: dict[str, dict[str, list[Taking]]]) -> Iterator[list[str]]:
    """Each once, as the locks in it, which begins with the first of them."""
    number = {lock: at for at, lock in enumerate(steps)}
    left = _STEPS
    for first in steps:
        paths = [[first]]
        while paths and left:
            left -= 1
            path = paths.pop()
            for inner in steps.get(path[-1], ()):
                if inner == first and len(path) > 1:
                    yield path
                elif number.get(inner, -1) > number[first] and inner not in path and len(path) < _LONGEST:
                    paths.append([*path, inner])


def _apart(timeline: Timeline, alike: list[list[Taking]], chosen: list[Taking]) -> list[Taking] | None:
    """One of each, by different threads, that might happen at the same time; None if there are none."""
    if len(chosen) == len(alike):
        return chosen
    for one in alike[len(chosen)][:_TRIED]:
        if all(_may_meet(timeline, other, one) for other in chosen):
            found = _apart(timeline, alike, [*chosen, one])
            if found is not None:
                return found
    return None


def _may_meet(timeline: Timeline, one: Taking, other: Taking) -> bool:
    if one.track == other.track or not {*one.held}.isdisjoint(other.held):
        return False
    return not _leads_to(timeline, *sorted((one, other), key=lambda taking: taking.t_ns))


def _leads_to(timeline: Timeline, first: Taking, then: Taking) -> bool:
    """Whether the second thread went on because of what the first did after `first`: it was started by that, or woken,
    not from a wait for a lock. Whoever started a thread that has ended may have waited for that.
    """
    before, after = timeline.tracks.get(first.track), timeline.tracks.get(then.track)
    if before is None or after is None or before.process != after.process:
        return True
    wakeups = timeline.wakeups
    since, until = (bisect_right(wakeups, one.t_ns, key=lambda wakeup: wakeup.t_ns) for one in (first, then))
    if until - since > _WAKES:
        return True
    steps = [(wakeup.t_ns, wakeup.waker, wakeup.track, True) for wakeup in wakeups[since:until]]
    for thread in timeline.tracks.of_kind(words.THREAD):
        steps.append((thread.spawn_ns, thread.creator, thread.id, False))
        steps.append((thread.exit_ns, thread.id, thread.creator, False))
    reached = {first.track}
    for t_ns, by, track, is_wake in sorted(steps):
        if first.t_ns <= t_ns <= then.t_ns and by in reached and track not in reached:
            woken = timeline.tracks.get(track) if is_wake else None
            wait = suspension_before(timeline, woken, t_ns) if woken is not None else None
            if wait is None or wait.reason not in LOCKS:
                reached.add(track)
    return then.track in reached


def _told(timeline: Timeline, circle: list[str], taken: list[Taking]) -> Finding:
    names = {one.object: _name(timeline, one) for one in taken}
    parts = [
        f"{timeline.name(one.track)} asks for {names[one.object]}{at(one.place)} while it has {names[outer]}"
        for outer, one in zip(circle, taken, strict=True)
    ]
    each = "each of them may get one and wait for the other for ever" if len(parts) == 2 else (
        "all of them may get one and wait for the next for ever"
    )  # fmt: skip
    sentence = f"{'; '.join(parts)} → {each} (inferred: nothing was seen that keeps them apart)"
    last = max(taken, key=lambda one: one.t_ns)
    return finding("lock_order", sentence, [one.track for one in taken], last.t_ns, last.place)


def _name(timeline: Timeline, taken: Taking) -> str:
    """The lock as the program calls it where it is taken, and as the trace does."""
    source = written(timeline, taken.place) if taken.place is not None else ""
    found = _CALLED.match(source)
    return f"{found[1]} ({taken.object})" if found is not None else taken.object
