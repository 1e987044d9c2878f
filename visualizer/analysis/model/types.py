"""What a timeline is made of: tracks, their slices, switches, suspensions, wakeups. Values only; timeline.py makes
them."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple, overload

import numpy as np

from visualizer.analysis.model.slices import Slices
from visualizer.analysis.model.states import State
from visualizer.trace import words
from visualizer.trace.columns import Column


class Entry(IntEnum):
    """What stands at one position of `Timeline.order`, and so which list its index counts in."""

    SPAWN = 0
    SWITCH = 1
    SUSPENSION = 2
    WAKEUP = 3
    EXIT = 4
    OUTPUT = 5
    REMARK = 6
    SAMPLE = 7


class Place(NamedTuple):
    """The range of an expression in a file: lines from 1, columns from 0 in UTF-8 bytes, -1 if not known."""

    file: str
    function: str
    line: int
    end_line: int
    column: int
    end_column: int


_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?(?:e-\d\d)?) s", re.ASCII)


class Suspension(NamedTuple):
    """Why and where a track stopped running. `asked_ns` is -1 without a limit, -2 if that is not known; `on_track` is
    -1 if it is no track.

    `object` says which thing it waits on, as "Event 3"; nothing if that is not known.
    Of a wait for a descriptor: `fd` (-1 if not known, or of several), `direction` ("read", "accept", ...; of several,
    which: "read 5 6, write 7"), and the two addresses, "" where not known.
    """

    t_ns: int
    track: int
    reason: str
    on: str
    on_track: int
    asked_ns: int
    place: Place | None
    object: str = ""
    fd: int = -1
    direction: str = ""
    local: str = ""
    peer: str = ""

    @property
    def sleep_ns(self) -> int:
        """Of a sleep, how long it is: longer than `asked_ns` where that is a time limit, which `on` then shows."""
        found = _SECONDS.fullmatch(self.on)
        whole_ns = int(float(found[1]) * 1e9) if found else 0
        # It is written with six digits.
        return whole_ns if self.asked_ns >= 0 and whole_ns - self.asked_ns > whole_ns // 100_000 else self.asked_ns

    @property
    def is_endless(self) -> bool:
        """Whether it is known that it has no time limit."""
        return self.asked_ns == words.NO_LIMIT

    @property
    def is_whole_sleep(self) -> bool:
        """Whether it is a sleep, and the time that it asked for is that of the sleep."""
        return self.reason == words.SLEEP and self.asked_ns == self.sleep_ns


class Tie(NamedTuple):
    """At `t_ns` `track` held the thing `object`, or waited for tracks (`on_tracks`) to end. It took it at `since_ns`
    and `place`; -1 and None if that is not known."""

    t_ns: int
    track: int
    relation: str
    object: str
    on_tracks: tuple[int, ...]
    since_ns: int = -1
    place: Place | None = None


class Size(NamedTuple):
    """At `t_ns` a queue had so many `items`; the first had been `taken` so often. It is called `on` where one waits at
    `place`; "" and None if that is not known."""

    t_ns: int
    items: int
    taken: int
    on: str
    place: Place | None


class Taking(NamedTuple):
    """At `t_ns` `track` acquired the lock `object` at `place` while it had the locks `held`; if it is -1, somebody
    released the lock who did not have it."""

    t_ns: int
    track: int
    object: str
    held: tuple[str, ...]
    place: Place | None


class Wakeup(NamedTuple):
    """`waker` made `track` ready; `waker` is -1 if that is not known."""

    t_ns: int
    track: int
    waker: int
    cause: str


class Switch(NamedTuple):
    """Control passed from `origin` to `target`. `place` is where `origin` is suspended, None if it ended.

    `suspension` is the index of the origin's Suspension in `Timeline.suspensions`, -1 if it ended.
    """

    index: int  # type: ignore[assignment]  # It hides tuple.index, which nobody wants of a switch.
    t_ns: int
    origin: int
    target: int
    cause: str
    value: str | None
    place: Place | None
    suspension: int = -1


class Output(NamedTuple):
    """`track` printed `text` to `stream`; `cut` characters of it were left out."""

    t_ns: int
    track: int
    stream: str
    text: str
    cut: int


class Message(NamedTuple):
    """`sender` and `receiver`: tracks. `value`: as text, if it is plain."""

    sent_ns: int
    received_ns: int
    sender: int
    receiver: int
    value: str | None


class Marked(NamedTuple):
    """What the program says of a moment that it marks itself, "name" or "name: caption"; `track` runs at `place` then.
    """

    text: str
    track: int
    place: Place | None


class TrackSteps(Sequence[int]):
    """The switches to a track: what the runs that they began are about."""

    __slots__ = ("_about", "_runs")

    def __init__(self, track: Track) -> None:
        self._about, self._runs = track.slices.about, track.step_slices

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        if isinstance(index, slice):
            return [self._about[run] for run in self._runs[index]]
        return self._about[self._runs[index]]


class SlicesOfMany(NamedTuple):
    """Those of some tracks, one's behind another's: how many each has, the columns, as bytes, and the same of
    `step_slices`."""

    counts: Column
    start_ns: memoryview | bytes
    state: memoryview | bytes
    about: memoryview | bytes
    step_counts: Column
    steps: memoryview | bytes

    @classmethod
    def joined(cls, count: int, parts: Sequence[tuple[Column, SlicesOfMany]]) -> SlicesOfMany:
        """Those of so many tracks out of parts: which tracks each is of, and theirs, the last ones of a track first."""
        if len(parts) == 1 and len(parts[0][0]) == count:
            return parts[0][1]
        counts, steps = np.zeros((2, count), dtype=np.int64)
        for those, part in parts:
            counts[those] += part.counts
            steps[those] += part.step_counts
        ends, step_ends = counts.cumsum(), steps.cumsum()
        total, all_steps = int(counts.sum()), int(steps.sum())
        start_ns, state, about, own = (
            np.empty(length, dtype=of)
            for length, of in ((total, np.int64), (total, np.uint8), (total, np.int32), (all_steps, np.int32))
        )
        for those, part in parts:
            ends[those] -= part.counts
            step_ends[those] -= part.step_counts
            to = _places(ends[those], part.counts, False)
            start_ns[to] = np.frombuffer(part.start_ns, dtype=np.int64)
            state[to] = np.frombuffer(part.state, dtype=np.uint8)
            about[to] = np.frombuffer(part.about, dtype=np.int32)
            own[_places(step_ends[those], part.step_counts, False)] = np.frombuffer(part.steps, dtype=np.int32)
        times, states, abouts, runs = (column.view(np.uint8).data for column in (start_ns, state, about, own))
        return cls(counts, times, states, abouts, steps, runs)


class Block(NamedTuple):
    """Slices that came together, one track's after another's: those of ids[i], which ascend, from bounds[i] to
    bounds[i + 1]. `runs`: as `step_slices`, from run_bounds[i] on. `counts`: how many slices each had in front of
    these; `previous`: where those are, as Tracks keeps it. What is copied is kept as bytes, and where it is as what
    gives plain numbers: there may be a million tracks."""

    ids: Column
    counts: Column
    previous: Column
    bounds: memoryview
    start_ns: memoryview
    state: memoryview
    about: memoryview
    run_bounds: memoryview
    runs: memoryview

    @classmethod
    def of(
        cls, ids: Column, counts: Column, previous: Column, bounds: Column, start_ns: Column, state: Column,
        about: Column, run_bounds: Column, runs: Column,
    ) -> Block:
        """The same of columns: int64 times, uint8 states, and the rest int32."""
        times, states, abouts, own = (column.data.cast("B") for column in (start_ns, state, about, runs))
        return cls(ids, counts, previous, bounds.data, times, states, abouts, run_bounds.data, own)

    def of_tracks(self, at: Column) -> SlicesOfMany:
        """Those of the tracks that stand at these places in it, in that order."""
        low, counts = _from_to(self.bounds, at)
        own_low, own_counts = _from_to(self.run_bounds, at)
        is_stretch = bool((at[1:] == at[:-1] + 1).all())
        those, own = _places(low, counts, is_stretch), _places(own_low, own_counts, is_stretch)
        columns = (
            np.frombuffer(column, dtype=of)[where].view(np.uint8).data
            for column, of, where in (
                (self.start_ns, np.int64, those), (self.state, np.uint8, those), (self.about, np.int32, those),
                (self.runs, np.int32, own),
            )
        )
        start_ns, state, about, runs = columns
        return SlicesOfMany(counts, start_ns, state, about, own_counts, runs)


def _from_to(bounds: memoryview, at: Column) -> tuple[Column, Column]:
    """Where that begins which stands at these places between the bounds, and how much each is."""
    edges = np.asarray(bounds)
    return edges[at], edges[at + 1] - edges[at]


def _places(low: Column, counts: Column, is_stretch: bool) -> Column | slice:
    """All places from each of these on, so many of each; `is_stretch`: they follow one another."""
    if is_stretch:
        return slice(int(low[0]), int(low[-1] + counts[-1]))
    found: Column = np.repeat(low - counts.cumsum() + counts, counts)
    found += np.arange(len(found))
    return found


_STATES = tuple(State)
#: How a track's slices end: state (as analysis/load/ has it), about of the run, and of the wait, that lasts; how many
#: there are, and when the last began.
Tail = Sequence[int]
#: So many blocks may wait for somebody to ask for the slices.
_MOST_BLOCKS = 64


class Track:
    """One independent sequence of execution.

    What is not set is made when somebody asks for it; the slices are in blocks until then.
    """

    __slots__ = (
        "_blocks", "_slices", "_step_slices", "base_name", "copy_of", "creator", "doubt", "exit_ns", "id", "inferred",
        "kind", "number", "outcome", "parent", "place", "process", "schedules", "spawn_ns", "tail", "value", "version",
    )

    id: int
    kind: str
    base_name: str
    parent: int
    creator: int
    place: Place | None
    spawn_ns: int
    #: It is a scheduler: it runs whenever no other track does, and waits whenever another track runs.
    schedules: bool
    #: Number of its process in `Timeline.processes`, and which track of the parent process it was before the fork.
    process: int
    copy_of: int
    #: Ordinal among the tracks of the same base name, from 1.
    number: int
    exit_ns: int
    outcome: str | None
    value: str | None
    #: Why the end is only inferred; None where it was observed.
    inferred: str | None
    #: What of the track itself is only inferred: which one it is. None if nothing is.
    doubt: str | None
    #: Changes whenever anything of this track does, its name included; a cache key.
    version: int
    #: None if it is to be read from the slices.
    tail: Tail | None
    _slices: Slices
    _step_slices: array[int]
    #: Where its slices are, and where the track stands in each; None once somebody has asked for them.
    _blocks: list[tuple[Block, int]] | None

    def __init__(self, id: int, kind: str, spawn_ns: int) -> None:
        """Its name is given by `Names`."""
        self.id, self.kind, self.spawn_ns = id, kind, spawn_ns
        self.parent, self.schedules, self.version = words.NOBODY, False, 0
        self.tail, self._blocks = None, []

    def __getattr__(self, name: str) -> Any:
        """What was not set, and is asked for the first time."""
        if name in _UNSET:
            setattr(self, name, _UNSET[name])
        elif name in ("_slices", "_step_slices"):
            self._slices, self._step_slices = Slices(), array("i")
        else:
            raise AttributeError(name)
        return getattr(self, name)

    @property
    def slices(self) -> Slices:
        """Its states in time."""
        if self._blocks is not None:
            self._join()
        return self._slices

    @property
    def step_slices(self) -> array[int]:
        """Index in `slices` of the RUNNING slice that each of `steps` began."""
        if self._blocks is not None:
            self._join()
        return self._step_slices

    def extend(self, block: Block, at: int, tail: Tail | None) -> None:
        """More slices: those of the track that stands there in the block."""
        self.tail = tail
        if self._blocks is None:
            self._put(block, at)
        else:
            self._blocks.append((block, at))
            if len(self._blocks) > _MOST_BLOCKS:
                self._join()

    def _join(self) -> None:
        blocks, self._blocks = self._blocks or (), None
        for block, at in blocks:
            self._put(block, at)

    def _put(self, block: Block, at: int) -> None:
        low, high, slices = block.bounds[at], block.bounds[at + 1], self._slices
        slices.start_ns.frombytes(block.start_ns[8 * low : 8 * high])
        slices.state.frombytes(block.state[low:high])
        slices.about.frombytes(block.about[4 * low : 4 * high])
        self._step_slices.frombytes(block.runs[4 * block.run_bounds[at] : 4 * block.run_bounds[at + 1]])

    @property
    def steps(self) -> TrackSteps:
        """Index of each switch to this track, ascending."""
        return TrackSteps(self)

    @property
    def state(self) -> State:
        states = self.slices.state
        return _STATES[states[-1]] if states else State.UNKNOWN

    def slice_of_step(self, switch: int) -> int:
        """Index of the slice that switch number `switch`, which must be one to this track, began."""
        return self.step_slices[bisect_left(self.steps, switch)]


_UNSET: dict[str, Any] = {
    "creator": words.NOBODY, "copy_of": words.NOBODY, "place": None, "process": 0, "number": 1, "exit_ns": -1,
    "outcome": None, "value": None, "inferred": None, "doubt": None,
}
