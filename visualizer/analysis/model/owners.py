"""Who has a lock. RLocks name their owner, who is told whenever it has changed since somebody last began to wait; of a
lock that threads wait for, also whenever another takes it meanwhile. And who was told to hold one while it waits has it
at least as long as it does not run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from visualizer.analysis.model.timeline import State, Suspension, Timeline, Track
from visualizer.trace import words


class Owners:
    """Of all RLocks of a timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._told: dict[str, list[tuple[int, int]]] = {}
        # Of a lock of multiprocessing's nobody but who takes it says so: what another one gives back is no lock.
        handed = {one.object for one in timeline.takings if one.track == words.NOBODY}
        handed = {thing for thing in handed if thing.startswith(words.SHARED)}
        for tie in timeline.ties:
            if tie.relation == words.OWNS and tie.object not in handed:
                self._told.setdefault(tie.object, []).append((tie.t_ns, tie.track))

    def last_told(self, thing: str, t_ns: int) -> tuple[int, int] | None:
        """When it was told last, up to `t_ns`, who owns that, and which track; None if it was not."""
        told = self._told.get(thing, [])
        last = bisect_right(told, t_ns, key=lambda one: one[0]) - 1
        return told[last] if last >= 0 else None

    def of(self, suspension: Suspension, t_ns: int) -> int:
        """The track that owns at `t_ns` what is waited for then in that suspension; NOBODY if it is not known."""
        told = self.last_told(suspension.object, t_ns)
        if told is None or told[1] not in self._timeline.tracks or not is_undisturbed(self._timeline, suspension, t_ns):
            return words.NOBODY
        told_ns, owner = told
        for one in self._in_line(suspension):
            waited = is_undisturbed(self._timeline, one, max(told_ns, one.t_ns))
            if waited and not is_undisturbed(self._timeline, one, t_ns):
                return words.NOBODY  # It may have got that since.
        return owner

    def _in_line(self, suspension: Suspension) -> Iterator[Suspension]:
        """Those of the others who waited for the same as this one began."""
        columns, texts = self._timeline.columns.suspensions, self._timeline.columns.texts
        known, asked = columns.details.known, columns.asked.known
        same = [n for n, (_, at, _) in enumerate(known) if at >= 0 and texts.get(asked[at][2]) == suspension.object]
        for number in np.flatnonzero(np.isin(np.asarray(columns.detail), same)).tolist():
            one = self._timeline.suspensions[number]
            if one.t_ns >= suspension.t_ns:
                break
            if is_undisturbed(self._timeline, one, suspension.t_ns):
                yield one


def is_undisturbed(timeline: Timeline, suspension: Suspension, t_ns: int) -> bool:
    """Whether nobody has made it ready up to then: whoever gives up a lock does so with the first who waits for it."""
    slices = timeline.tracks[suspension.track].slices
    at = slices.at(t_ns)
    return at >= 0 and slices.state[at] == State.WAITING and slices.start_ns[at] == suspension.t_ns


def stands_since(track: Track, told_ns: int, t_ns: int) -> bool:
    """Whether the track stands suspended at both moments without having run between them."""
    # When it was told, the hub may already have thrown into the track.
    at = track.slices.at(told_ns)
    if at >= 0 and track.slices.state[at] != State.WAITING:
        at = track.slices.at(told_ns - 1)
    return at >= 0 and track.slices.state[at] == State.WAITING and track.slices.at(t_ns) == at
