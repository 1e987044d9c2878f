"""Who owns an RLock: those name their owner, who is told whenever it has changed since somebody last began to wait."""

from __future__ import annotations

from bisect import bisect_right

from visualizer.analysis.model.timeline import State, Suspension, Timeline
from visualizer.trace import words


class Owners:
    """Of all RLocks of a timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._told: dict[str, list[tuple[int, int]]] = {}
        for tie in timeline.ties:
            if tie.relation == words.OWNS:
                self._told.setdefault(tie.object, []).append((tie.t_ns, tie.track))

    def of(self, suspension: Suspension, t_ns: int) -> int:
        """The track that owns at `t_ns` what is waited for then in that suspension; NOBODY if it is not known."""
        told = self._told.get(suspension.object, [])
        last = bisect_right(told, suspension.t_ns, key=lambda one: one[0]) - 1
        if last < 0 or not is_undisturbed(self._timeline, suspension, t_ns):
            return words.NOBODY
        return told[last][1] if told[last][1] in self._timeline.tracks else words.NOBODY


def is_undisturbed(timeline: Timeline, suspension: Suspension, t_ns: int) -> bool:
    """Whether nobody has made it ready up to then: whoever gives up a lock does so with the first who waits for it."""
    slices = timeline.tracks[suspension.track].slices
    at = slices.at(t_ns)
    return at >= 0 and slices.state[at] == State.WAITING and slices.start_ns[at] == suspension.t_ns
