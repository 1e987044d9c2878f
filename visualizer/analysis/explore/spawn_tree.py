"""Who spawned whom. Each track is looked at once; asking costs what is asked for, not how many tracks there are."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import words


class Kin(NamedTuple):
    """Tracks of a kind that the same track spawned: they share a name, but for the number that tells them apart."""

    creator: int
    kind: str
    name: str


class Family:
    """The tree of a timeline that may still grow: call `take` after it has.

    A track whose creator is not known counts as a child of its parent, where that is known (the hub of a thread).
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._begin()

    def _begin(self) -> None:
        self._renamed = self._timeline.renamed
        self._position: dict[int, int] = {}
        #: Creator (NOBODY: none) -> its children of each kind, in order of their appearance.
        self._kin: dict[int, dict[Kin, list[int]]] = {}
        self._of: dict[int, Kin] = {}

    def take(self) -> bool:
        """Take in what has come since. Return whether anything has."""
        timeline = self._timeline
        if timeline.renamed != self._renamed:
            self._begin()
        before = len(self._position)
        for track in islice(timeline.tracks.values(), before, None):
            self._position[track.id] = len(self._position)
            creator = next(
                (one for one in (track.creator, track.parent) if self._is_older(one, track.id)), words.NOBODY
            )
            kin = self._of[track.id] = Kin(creator, track.kind, track.base_name)
            self._kin.setdefault(creator, {}).setdefault(kin, []).append(track.id)
        return len(self._position) != before

    def _is_older(self, creator: int, track: int) -> bool:
        """Whether that is known and came before: a damaged trace may tell of circles."""
        return creator != track and creator in self._position

    def children(self, creator: int) -> list[tuple[Kin, list[int]]]:
        """What that track spawned, kind by kind in order of the first of each; of NOBODY, what nobody spawned."""
        return list(self._kin.get(creator, {}).items())

    def position(self, track: int) -> int:
        """Its number in order of appearance."""
        return self._position[track]

    def kin(self, track: int) -> Kin:
        """Whose child it is, and among which. Raise KeyError if it has not been taken in."""
        return self._of[track]
