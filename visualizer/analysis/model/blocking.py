"""Blocked hubs: while a track of its thread runs and does not give way, a hub can wake nobody.

Whether a hub is blocked shows only with time. Its slice is WAITING (or CREATED, before its first run) until it has
lasted for HOG_NS, and BLOCKED from then on, from its beginning; its `about` is who ran most of that time.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from visualizer.analysis.model.states import FINAL, State
from visualizer.analysis.model.types import Track

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline

#: A track that keeps its hub from running for so long hogs it.
HOG_NS = 100_000_000


class Blocks:
    """Marks in a timeline the slices in which its hubs are blocked. `due_ns`: when to look at them again."""

    def __init__(self, timeline: Timeline) -> None:
        self.due_ns = 0
        self._timeline = timeline
        self.hubs: dict[int, Track] = {}
        #: Parent -> how many of its greenlets have not ended: without any, the hub keeps nobody waiting.
        self._living: dict[int, int] = {}
        #: Hub -> state and `about` of its BLOCKED slice before it was that.
        self._before: dict[int, tuple[State, int]] = {}

    def spawned(self, track: Track) -> None:
        if track.schedules:
            self.hubs[track.id] = track
        self._living[track.parent] = self._living.get(track.parent, 0) + 1

    def ended(self, track: Track) -> None:
        if track.parent in self._living:
            self._living[track.parent] -= 1

    def look(self, t_ns: int) -> None:
        """It is `t_ns` now, and `due_ns` is over: mark the hubs that have stood still for long enough."""
        # A hub that runs now and parks later is not due before this.
        self.due_ns = t_ns + HOG_NS
        for hub in self.hubs.values():
            slices = hub.slices
            if slices.state[-1] not in (State.WAITING, State.CREATED) or not self._living.get(hub.id):
                continue
            due_ns = slices.start_ns[-1] + HOG_NS
            if due_ns > t_ns:
                self.due_ns = min(self.due_ns, due_ns)
            elif not self._is_over(hub):
                self._mark(hub, t_ns)

    def resumes(self, track: int, t_ns: int, *, origin_ended: bool) -> None:
        """One of `hubs` runs again: it is known now for how long it stood still, and because of whom."""
        hub = self.hubs[track]
        state = hub.slices.state[-1]
        # Another thread's clock may have been ahead of the switch back.
        long = t_ns - hub.slices.start_ns[-1] >= HOG_NS and (origin_ended or self._living.get(track, 0) > 0)
        if long and state in (State.WAITING, State.CREATED, State.BLOCKED):
            self._mark(hub, t_ns)
        elif state == State.BLOCKED:
            hub.slices.restate(*self._before[track])

    def living(self, hub: int) -> int:
        """How many greenlets it may have to wake."""
        return self._living.get(hub, 0)

    def mark_past(self, hub: Track, index: int) -> None:
        """Slice number `index` is over, and lasted too long."""
        slices = hub.slices
        self._timeline.occurred.add(State.BLOCKED)
        who = busiest(self._timeline, hub, slices.start_ns[index], slices.start_ns[index + 1])
        slices.restate(State.BLOCKED, who, index)

    def _is_over(self, hub: Track) -> bool:
        """Whether the hub's thread has ended: then nobody runs there any more."""
        thread = self._timeline.tracks.get(hub.parent)
        return thread is not None and thread.state in FINAL

    def _mark(self, hub: Track, t_ns: int) -> None:
        slices = hub.slices
        state = State(slices.state[-1])
        if state is not State.BLOCKED:
            self._before[hub.id] = state, slices.about[-1]
            self._timeline.occurred.add(State.BLOCKED)
        slices.restate(State.BLOCKED, busiest(self._timeline, hub, slices.start_ns[-1], t_ns))
        hub.version += 1
        self._timeline.version += 1


def busiest(timeline: Timeline, hub: Track, start_ns: int, end_ns: int) -> int:
    """Who ran most on the hub's thread from `start_ns`, when the hub stopped or was created, to `end_ns`."""
    switch_ns = timeline.switch_ns
    spent_ns: dict[int, int] = {}
    running, since_ns = hub.creator if hub.creator in timeline.tracks else hub.parent, start_ns
    for index in range(bisect_left(switch_ns, start_ns), len(switch_ns)):
        origin, target = timeline.ends_of(index)
        t_ns = min(switch_ns[index], end_ns)
        if target == hub.id and t_ns > start_ns:
            break
        if origin == running:
            spent_ns[running] = spent_ns.get(running, 0) + t_ns - since_ns
        if origin in (running, hub.id):
            running, since_ns = target, t_ns
    spent_ns[running] = spent_ns.get(running, 0) + end_ns - since_ns
    return max(spent_ns, key=spent_ns.__getitem__)
