"""Which generators a scheduler resumes in turn.

Somebody's own scheduler keeps its generators in a container, where nobody can see who is ready. What is seen: one
expression, of one track, resumes this generator, then another, then this one again. That is a scheduler; and whoever
gives it nothing (a bare `yield`) asks for nothing but its next turn. It is taken to be ready from then on, which is
inferred. Who gives it anything else waits for that, for all that is known.
"""

from __future__ import annotations

#: Who resumes, and the place where: track and place id.
Driver = tuple[int, int]


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

    def stay_single(self, driver: Driver, tracks: list[int]) -> bool:
        """Whether `driver`, no scheduler so far, is none either after resuming these, all different, in this order."""
        last, given = self._last.get(driver), self._given.get(driver, set())
        return given.isdisjoint(tracks[1:]) and (tracks[0] not in given or last in (None, tracks[0]))

    def on_many(self, driver: Driver, tracks: set[int], last: int) -> None:
        """The same as `on_resume` of these tracks, where `stay_single` is true or all of them are the scheduler's."""
        self._last[driver] = last
        self._driver.update(dict.fromkeys(tracks, driver))
        if driver not in self.schedulers:
            self._given.setdefault(driver, set()).update(tracks)

    def on_exit(self, track: int) -> None:
        """A track that has ended takes no turns any more."""
        driver = self._driver.pop(track, None)
        if driver is not None:
            self._given.get(driver, set()).discard(track)
