"""Which generators a scheduler resumes in turn.

Somebody's own scheduler keeps its generators in a container, where nobody can see who is ready. What is seen: one
expression, of one track, resumes this generator, then another, then this one again. That is a scheduler; and whoever
gives it nothing (a bare `yield`) asks for nothing but its next turn. It is taken to be ready from then on, which is
inferred. Who gives it anything else waits for that, for all that is known.
"""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from visualizer.trace.columns import Column

#: What a bare `yield` gives.
NOTHING_GIVEN = "None"
#: Who resumes, and the place where: track and place id.
Driver = tuple[int, int]
#: Of many: whom each resumed, whom last, and by the how manieth he is known for a scheduler, -1 if by none; then, whom
#: up to that one only.
Resumptions = dict[Driver, tuple[list[int], int, int]]


class Turns:
    """Fed with every resumption and every yield."""

    def __init__(self) -> None:
        self._last: dict[Driver, int] = {}
        self._driver: dict[int, Driver] = {}
        #: Drivers that are schedulers -> the tracks that they resume.
        self.schedulers: dict[Driver, list[int]] = {}
        self._given: dict[Driver, set[int]] = {}

    def on_resume(self, resumer: int, place: int, track: int) -> list[int]:
        """Return the tracks, if by this resumption they are known to be resumed in turn."""
        driver = resumer, place
        last = self._last.get(driver)
        before = self._driver.get(track)
        self._last[driver] = track
        self._driver[track] = driver
        known = self.schedulers.get(driver)
        if known is not None:
            if before != driver:
                known.append(track)
            return []
        given = self._given.setdefault(driver, set())
        if last is None or last == track or track not in given:
            given.add(track)
            return []
        # This one, another, and this one again.
        self.schedulers[driver] = sorted(given)
        del self._given[driver]
        return self.schedulers[driver]

    def is_in_turn(self, track: int) -> bool:
        """Whether the track was last resumed by a scheduler."""
        return self._driver.get(track) in self.schedulers

    def driver_of(self, track: int) -> Driver | None:
        """Who resumed the track last, and where."""
        return self._driver.get(track)

    def first_in_turn(self, driver: Driver, tracks: Column) -> int | None:
        """By which of these resumptions `driver`, no scheduler so far, is known for one; None if by none of them."""
        first = np.full(int(tracks.max()) + 1, len(tracks), dtype=np.int64)
        first[tracks[::-1]] = np.arange(len(tracks) - 1, -1, -1)
        again = first.take(tracks) < np.arange(len(tracks))
        given = self._given.get(driver)
        if given:
            again |= np.isin(tracks, list(given))
        last = self._last.get(driver)
        again[1:] &= tracks[1:] != tracks[:-1]
        again[0] &= last is not None and last != tracks[0]
        return int(again.argmax()) if again.any() else None

    def on_many(self, resumptions: Resumptions, changes: list[tuple[int, int, Driver]]) -> None:
        """The same as `on_resume` of many. `changes`: each that was not by him who had resumed that one before, or of
        which that is not known: the how manieth it is, whom, by whom.

        What those gave of whom it is known only now that they take turns is not looked at.
        """
        for driver, (tracks, last, known_at) in resumptions.items():
            if driver not in self.schedulers:
                given = self._given.setdefault(driver, set())
                given.update(tracks)
                if known_at >= 0:
                    self.schedulers[driver] = sorted(given)
                    del self._given[driver]
            self._last[driver] = last
        for number, track, driver in changes:
            known = self.schedulers.get(driver)
            if known is not None and self._driver.get(track) != driver and number > resumptions[driver][2]:
                known.append(track)
            self._driver[track] = driver

    def are_given(self, driver: Driver) -> Set[int]:
        """Whom `driver`, no scheduler so far, has resumed."""
        return self._given.get(driver, frozenset())

    def on_exit(self, track: int) -> None:
        """A track that has ended takes no turns any more."""
        driver = self._driver.pop(track, None)
        if driver is not None:
            self._given.get(driver, set()).discard(track)
