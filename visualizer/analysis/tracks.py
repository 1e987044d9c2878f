"""What a timeline is made of: tracks, their slices, switches, parks, wakeups. Values only; model.py makes them."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from visualizer.trace import words


class State(IntEnum):
    """What a track does during a slice."""

    CREATED = 0
    READY = 1
    RUNNING = 2
    WAITING = 3
    IDLE = 4
    #: Only of a hub: it waits while a track of its thread runs for long without giving way, see blocks.py.
    BLOCKED = 5
    DONE = 6
    FAILED = 7
    UNKNOWN = 8


#: The states whose share is summed up slice by slice, see `Slices.spent_ns`.
SUMMED = (State.RUNNING, State.READY, State.WAITING, State.IDLE, State.BLOCKED)
FINAL = (State.DONE, State.FAILED)


class Entry(IntEnum):
    """What stands at one position of `Timeline.order`, and so which list its index counts in."""

    SPAWN = 0
    SWITCH = 1
    PARK = 2
    WAKEUP = 3
    EXIT = 4
    OUTPUT = 5
    REMARK = 6


class Place(NamedTuple):
    """The range of an expression in a file: lines from 1, columns from 0 in UTF-8 bytes, -1 if not known."""

    file: str
    function: str
    line: int
    end_line: int
    column: int
    end_column: int


class Park(NamedTuple):
    """Why and where a track stopped running. `asked_ns` is -1 without a limit; `on_track` -1 if it is no track.

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


class Tie(NamedTuple):
    """At `t_ns`, in a deadlock, `track` held the thing `object`, or waited for tracks (`on_tracks`) to end."""

    t_ns: int
    track: int
    relation: str
    object: str
    on_tracks: tuple[int, ...]


class Wakeup(NamedTuple):
    """`waker` made `track` ready; `waker` is -1 if that is not known."""

    t_ns: int
    track: int
    waker: int
    cause: str


class Switch(NamedTuple):
    """Control passed from `origin` to `target`. `place` is where `origin` is parked, None if it ended.

    `park` is the index of the origin's Park in `Timeline.parks`, -1 if it ended.
    """

    index: int  # type: ignore[assignment]  # It hides tuple.index, which nobody wants of a switch.
    t_ns: int
    origin: int
    target: int
    cause: str
    value: str | None
    place: Place | None
    park: int = -1


class Output(NamedTuple):
    """`track` printed `text` to `stream`; `cut` characters of it were left out."""

    t_ns: int
    track: int
    stream: str
    text: str
    cut: int


class Slices:
    """The states of one track in time, as columns. Slice i lasts from start_ns[i] to start_ns[i + 1].

    `about[i]` says more: for RUNNING and IDLE the index of the switch that began it, for WAITING that of its Park, for
    READY that of its Wakeup, for BLOCKED the id of the track that ran most meanwhile, else -1.
    """

    __slots__ = ("_spent", "_totals", "about", "start_ns", "state")

    def __init__(self) -> None:
        self.start_ns = array("q")
        self.state = array("B")
        self.about = array("i")
        self._totals = [0] * len(State)
        #: For each state: where its slices start, and how much was spent in it before each.
        self._spent = {int(state): (array("q"), array("q")) for state in SUMMED}

    def __len__(self) -> int:
        return len(self.start_ns)

    def begin(self, t_ns: int, state: State, about: int = -1) -> None:
        """Close the open slice and begin one in `state`. A time before the open slice's start is moved to it."""
        if self.start_ns:
            start_ns = self.start_ns[-1]
            if t_ns < start_ns:
                t_ns = start_ns
            self._totals[self.state[-1]] += t_ns - start_ns
        spent = self._spent.get(state)
        if spent is not None:
            starts_ns, before_ns = spent
            starts_ns.append(t_ns)
            before_ns.append(self._totals[state])
        self.start_ns.append(t_ns)
        self.state.append(state)
        self.about.append(about)

    def restate(self, state: State, about: int) -> None:
        """Say that the open slice is another state, from its start."""
        before = self._spent.get(self.state[-1])
        if before is not None:
            before[0].pop()
            before[1].pop()
        spent = self._spent.get(state)
        if spent is not None:
            spent[0].append(self.start_ns[-1])
            spent[1].append(self._totals[state])
        self.state[-1] = state
        self.about[-1] = about

    def at(self, t_ns: int) -> int:
        """Index of the slice in which `t_ns` lies (the last that begins at or before it); -1 if before the first."""
        return bisect_right(self.start_ns, t_ns) - 1

    def spent_ns(self, state: State, until_ns: int) -> int:
        """Nanoseconds spent in `state` (one of SUMMED) before `until_ns`. One binary search, whatever the length."""
        starts_ns, before_ns = self._spent[state]
        index = bisect_right(starts_ns, until_ns) - 1
        if index < 0:
            return 0
        lasted_ns = until_ns - starts_ns[index]
        if index + 1 < len(starts_ns):
            lasted_ns = min(lasted_ns, before_ns[index + 1] - before_ns[index])
        elif self.state[-1] != state:
            lasted_ns = min(lasted_ns, self._totals[state] - before_ns[index])
        return before_ns[index] + lasted_ns


@dataclass(slots=True)
class Track:
    """One independent sequence of execution."""

    id: int
    kind: str
    base_name: str
    parent: int = words.NOBODY
    creator: int = words.NOBODY
    place: Place | None = None
    spawn_ns: int = 0
    #: Ordinal among the tracks of the same base name, from 1.
    number: int = 1
    slices: Slices = field(default_factory=Slices)
    #: Index of each switch to this track, ascending.
    steps: array[int] = field(default_factory=lambda: array("i"))
    #: Index in `slices` of the RUNNING slice that each of `steps` began.
    step_slices: array[int] = field(default_factory=lambda: array("i"))
    exit_ns: int = -1
    outcome: str | None = None
    value: str | None = None
    #: Why the end is only inferred; None where it was observed.
    inferred: str | None = None
    #: What of the track itself is only inferred: which one it is. None if nothing is.
    doubt: str | None = None
    #: Changes whenever anything of this track does, its name included; a cache key.
    version: int = 0

    @property
    def state(self) -> State:
        return State(self.slices.state[-1]) if len(self.slices) else State.UNKNOWN

    def slice_of_step(self, switch: int) -> int:
        """Index of the slice that switch number `switch`, which must be one to this track, began."""
        return self.step_slices[bisect_left(self.steps, switch)]
