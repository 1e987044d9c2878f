"""Many tracks of a kind, looked at as one: how many of them are in which state."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from visualizer.analysis.model import Timeline
from visualizer.analysis.tracks import FINAL, State


class _Level:
    """How many are in one state: from t_ns[i] on it is count[i]. All of them together spent spent_ns[i] before that."""

    __slots__ = ("count", "spent_ns", "t_ns")

    def __init__(self) -> None:
        self.t_ns = array("q")
        self.count = array("i")
        self.spent_ns = array("q")

    def change(self, t_ns: int, by: int) -> None:
        if not self.t_ns:
            self.t_ns.append(t_ns)
            self.count.append(by)
            self.spent_ns.append(0)
        elif self.t_ns[-1] == t_ns:
            self.count[-1] += by
        else:
            self.spent_ns.append(self.spent_ns[-1] + self.count[-1] * (t_ns - self.t_ns[-1]))
            self.t_ns.append(t_ns)
            self.count.append(self.count[-1] + by)


class Crowd:
    """Some tracks of one thread. After `follow`, everything here costs a binary search, however many they are."""

    def __init__(self, timeline: Timeline) -> None:
        self.tracks: tuple[int, ...] = ()
        self._timeline = timeline
        self._version = -1
        self._begin()

    def _begin(self) -> None:
        self._levels = [_Level() for _ in State]
        #: Of each track, how many slices and how many runs have been taken in.
        self._taken: dict[int, tuple[int, int]] = {}
        self._until_ns = 0
        #: Runs as places on the switch axis, where each begins and ends, and how long those before it were.
        self._run_starts = array("d")
        self._run_ends = array("d")
        self._run_before = array("d")
        #: Where the run begins that has not ended yet, -1 if there is none.
        self._open_run = -1.0

    def follow(self, tracks: tuple[int, ...]) -> None:
        """Take in what has happened to these tracks since the last time, or all of it if they are others than then."""
        if tracks == self.tracks and self._version == self._timeline.version:
            return
        self._version = self._timeline.version
        if tracks != self.tracks:
            known = self._timeline.tracks
            came = tracks[len(self.tracks) :] if tracks[: len(self.tracks)] == self.tracks else None
            # Whoever joins late brings a past along.
            if came is None or any(known[track].slices.start_ns[0] <= self._until_ns for track in came):
                self._begin()
            self.tracks = tracks
        self._take_slices()
        self._take_runs()

    def _take_slices(self) -> None:
        changes: list[tuple[int, int, int]] = []
        for track in self.tracks:
            slices = self._timeline.tracks[track].slices
            taken, runs = self._taken.get(track, (0, 0))
            if taken == len(slices):
                continue
            for index in range(taken, len(slices)):
                before = slices.state[index - 1] if index else -1
                changes.append((slices.start_ns[index], before, slices.state[index]))
            self._taken[track] = len(slices), runs
        changes.sort()
        for t_ns, before, state in changes:
            # A waker's clock may be a moment behind this thread's.
            self._until_ns = t_ns = max(t_ns, self._until_ns)
            if before >= 0:
                self._levels[before].change(t_ns, -1)
            self._levels[state].change(t_ns, 1)

    def _take_runs(self) -> None:
        switch_ns = self._timeline.switch_ns
        runs: list[tuple[float, float]] = []
        self._open_run = -1.0
        for track in self.tracks:
            known = self._timeline.tracks[track]
            slices, steps, step_slices = known.slices, known.steps, known.step_slices
            count, taken = self._taken[track]
            while taken < len(steps):
                index, switch = step_slices[taken], steps[taken]
                if index + 1 >= len(slices):
                    self._open_run = switch + 1.0
                    break
                runs.append((switch + 1.0, bisect_left(switch_ns, slices.start_ns[index + 1], switch + 1) + 1.0))
                taken += 1
            self._taken[track] = count, taken
        for start, end in sorted(runs):
            before = 0.0
            if self._run_ends:
                # One thread runs one of them at a time; a damaged trace may say otherwise.
                start = max(start, self._run_ends[-1])
                before = self._run_before[-1] + self._run_ends[-1] - self._run_starts[-1]
            self._run_starts.append(start)
            self._run_ends.append(max(start, end))
            self._run_before.append(before)

    def count(self, state: State, t_ns: int) -> int:
        """How many are in `state` at `t_ns`."""
        level = self._levels[state]
        index = bisect_right(level.t_ns, t_ns) - 1
        return level.count[index] if index >= 0 else 0

    def spent_ns(self, state: State, until_ns: int) -> int:
        """Nanoseconds that all of them together spent in `state` before `until_ns`."""
        level = self._levels[state]
        index = bisect_right(level.t_ns, until_ns) - 1
        if index < 0:
            return 0
        return level.spent_ns[index] + level.count[index] * (until_ns - level.t_ns[index])

    def changes(self, state: State, start_ns: int, end_ns: int) -> int:
        """How often the number of those in `state` changes between the two, or changes back at once."""
        t_ns = self._levels[state].t_ns
        return max(0, bisect_left(t_ns, end_ns) - bisect_right(t_ns, start_ns))

    def ran(self, until: float) -> float:
        """How much of the switch axis before the place `until` is filled with their runs, in switches."""
        filled = 0.0
        index = bisect_right(self._run_starts, until) - 1
        if index >= 0:
            filled = self._run_before[index] + min(until, self._run_ends[index]) - self._run_starts[index]
        return filled + max(0.0, until - self._open_run) if self._open_run >= 0 else filled

    @property
    def ended_ns(self) -> int:
        """When the last of them ended; -1 if one has not."""
        ended = sum(level.count[-1] for state in FINAL if (level := self._levels[state]).count)
        if not self.tracks or ended < len(self.tracks):
            return -1
        return max(level.t_ns[-1] for state in FINAL if (level := self._levels[state]).t_ns)

    @property
    def failed(self) -> bool:
        """Whether one of them ended by an exception."""
        return bool(self._levels[State.FAILED].t_ns)
