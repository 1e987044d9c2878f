"""How long a program waits for answers: of each line at which it reads from connections that it opened itself."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Set
from dataclasses import dataclass, field
from typing import NamedTuple

from visualizer.analysis.model.timeline import Suspension, Switch, Timeline, Wakeup
from visualizer.trace import words

#: A track that ran at most this long before the answer came is assumed to have given it.
_JUST_NS = 1_000_000
#: So many connections are told apart at a line.
_MOST_OVER = 8


class Answer(NamedTuple):
    """A track waited for it from `suspension.t_ns` to `came_ns`; `giver` ran just before it came, NOBODY if none
    did; or is known to have sent it (`is_seen`)."""

    suspension: Suspension
    came_ns: int
    giver: int
    is_seen: bool

    @property
    def waited_ns(self) -> int:
        return self.came_ns - self.suspension.t_ns


class Line(NamedTuple):
    """All answers that were waited for at one line: how many, for how long in all, the one that took longest; and by
    the ends of the connection, of the first ones, how many came over it, and the one of these that took longest."""

    answers: int
    waited_ns: int
    slowest: Answer
    over: dict[tuple[str, str], tuple[int, Answer]]


@dataclass(slots=True)
class Answers:
    """Of each line at which the program, on connections that it opened itself, waits to read: how long it waits."""

    lines: dict[tuple[str, int], Line] = field(default_factory=dict)
    #: Track -> both ends of the connection that it opened last, as far as they were known then. Who did not open one
    #: waits to be asked.
    opened: dict[int, tuple[str, str]] = field(default_factory=dict)
    #: What each track waits for.
    waits: dict[int, Suspension] = field(default_factory=dict)

    def on_suspension(self, suspension: Suspension, opened: Set[tuple[str, str]]) -> None:
        """A track waits for a descriptor. `opened`: connections that are known to be opened by the program."""
        track, local = suspension.track, suspension.local
        if suspension.direction == words.CONNECT:
            self.opened[track] = local, suspension.peer
        elif suspension.direction == words.READ and local:
            if (local, suspension.peer) in opened or self._has_opened(track, local, suspension.peer):
                self.waits[track] = suspension

    def _has_opened(self, track: int, local: str, peer: str) -> bool:
        # A thread's has no end here before it is open.
        here, there = self.opened.get(track, ("", ""))
        return here == local or (not here and there == peer != "")

    def on_wakeup(self, timeline: Timeline, wakeup: Wakeup, switches: int) -> None:
        """If it is woken since there is something to read, this is an answer. `switches`: so many came before."""
        suspension = self.waits.pop(wakeup.track, None)
        if suspension is None or suspension.place is None or wakeup.cause not in (words.IO, words.CALLBACK):
            return
        before = _last_to_hub(timeline, wakeup.waker, switches)
        just = before is not None and before.t_ns > suspension.t_ns and wakeup.t_ns - before.t_ns <= _JUST_NS
        giver = before.origin if before is not None and just and before.origin != suspension.track else words.NOBODY
        is_seen = wakeup.cause == words.CALLBACK
        answer = Answer(suspension, wakeup.t_ns, wakeup.waker if is_seen else giver, is_seen)
        key = suspension.place.file, suspension.place.line
        known = self.lines.get(key, Line(0, 0, answer, {}))
        ends = suspension.local, suspension.peer
        if ends in known.over or len(known.over) < _MOST_OVER:
            before_it, its_slowest = known.over.get(ends, (0, answer))
            known.over[ends] = before_it + 1, _slower(its_slowest, answer)
        waited_ns = known.waited_ns + answer.waited_ns
        self.lines[key] = Line(known.answers + 1, waited_ns, _slower(known.slowest, answer), known.over)


def _slower(one: Answer, other: Answer) -> Answer:
    return other if other.waited_ns > one.waited_ns else one


def _last_to_hub(timeline: Timeline, hub: int, switches: int) -> Switch | None:
    """Of so many switches the last to that hub; None if there is none, or it is no hub."""
    track = timeline.tracks.get(hub)
    if track is None or not track.schedules:
        return None
    step = bisect_left(track.steps, switches) - 1
    return timeline.switch(track.steps[step]) if step >= 0 else None
