"""The timeline: what a stream of events means.

For each track its *slices* (which state, from when, why), and over all tracks the *switches*. It is filled by its
`Writer` (writer.py), as the lines of a trace come in (analysis/load/). Nothing here is ever removed or changed once
later events stand after it, except names, which are numbered when a second track takes the same one, and the slice of a
hub, which turns out to be blocked.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np

from visualizer.analysis.model.blocking import Blocking
from visualizer.analysis.model.columns import Columns, Order, Rows, Suspensions, Switches, Wakeups, switch_of
from visualizer.analysis.model.names import Names, Service
from visualizer.analysis.model.pauses import Pauses
from visualizer.analysis.model.pool_calls import PoolCalls
from visualizer.analysis.model.processes import Process, Processes
from visualizer.analysis.model.runtimes import Vocabulary
from visualizer.analysis.model.samples import Samples
from visualizer.analysis.model.schedulers import Schedulers
from visualizer.analysis.model.slices import Slices
from visualizer.analysis.model.states import FINAL, RUNS, SUMMED, State
from visualizer.analysis.model.texts import Texts
from visualizer.analysis.model.tracks import Exits, Spawns, Tracks
from visualizer.analysis.model.types import (
    Entry,
    Marked,
    Message,
    Output,
    Place,
    Size,
    Suspension,
    Switch,
    Taking,
    Tie,
    Track,
    Wakeup,
)
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import Column, unique

__all__ = [
    "FINAL", "RUNS", "SUMMED", "Entry", "Output", "Place", "Process", "Remark", "Service", "Size", "Slices",
    "State", "Suspension", "Switch", "Taking", "Tie", "Timeline", "Track", "Wakeup", "joined_tracks",
]

Remark = (
    ev.Note | ev.Serves | ev.Mark | ev.Held | ev.Continued | ev.Dropped | ev.Refused | ev.Cancel | ev.Struck
    | ev.Unasked | ev.Uncaught | ev.End
)

#: So many entries are looked at together, suspensions that switches bring along not counted.
AT_ONCE = 1 << 13
#: What may be said of a wake by a lock or semaphore of multiprocessing's.
_GIVEN = (words.CALLBACK, words.RELEASE)
#: How what a wait is for begins, if that is the end of a child.
CHILD = "process "


class Timeline:
    """A trace as a model: read `tracks`, `switch(index)`, `suspensions`, `wakeups`, `outputs`, and whatever else says
    so."""

    def __init__(self) -> None:
        #: The words of the runtimes that the trace speaks of.
        self.words = Vocabulary()
        self._header: ev.Header | None = None
        #: In order of appearance.
        self._texts = Texts()
        self._places: dict[int, Place] = {}
        self.tracks = Tracks(self._texts, self._places)
        #: Ids in the order in which they were spawned, or ended.
        self.spawns = self.tracks.spawns.track
        self.exits = self.tracks.exits.track
        self.outputs: list[Output] = []
        self.samples = Samples()
        self.ties: list[Tie] = []
        #: Locks that threads take while they have others, in order of time.
        self.takings: list[Taking] = []
        #: The threads that are known to be daemons.
        self.daemons: set[int] = set()
        #: Which descriptors a track found ready when it went on, as "read 5 6, write 7", or which child had ended, as
        #: "process 4711"; by the track and that time.
        self.found_ready: dict[tuple[int, int], str] = {}
        #: By local and peer address of a connection: who had that end, and since when, other than by waiting for it.
        self.has_end: dict[tuple[str, str], list[tuple[int, int]]] = {}
        #: The local and peer addresses of connections that a process of the program has opened, as far as that is told.
        self.opened: set[tuple[str, str]] = set()
        self.pool_calls = PoolCalls()
        #: A loop, and a queue that takes any number of items: when it had how many, as far as that is told.
        self.sizes: dict[tuple[int, str], list[Size]] = {}
        #: Who was kept from running, in order of time.
        self.delayed: list[ev.Delayed] = []
        #: Text of the source files that the trace carries, by the name that places give them.
        self.sources: dict[str, str] = {}
        #: What the trace says of the recording itself and of its end, and what tracks serve.
        self.remarks: list[Remark] = []
        #: Who asked that a task be cancelled, and where, by the task.
        self.cancels: dict[int, list[ev.Cancel]] = {}
        self.notes: list[str] = []
        #: The moments that the program marks itself, by their times; of several at one time, the last.
        self.marks: dict[int, Marked] = {}
        #: Another tool's trace, which has slices and no more: no waits, values, lines and ends.
        self.is_foreign = False
        #: The wakeup that a flow to the slice is that a switch begins, by its number; of another tool's trace.
        self.flows: dict[int, int] = {}
        #: Those of the notes that say that a runtime ran and was not recorded: by its name.
        self.unsupported: dict[str, str] = {}
        #: When the program was paused, and for how long.
        self.pauses = Pauses()
        self.dropped: dict[str, int] = {}
        self.uncaught: tuple[str, str] | None = None
        #: The innermost line of the program's own code where that was raised.
        self.uncaught_at: Place | None = None
        self.end: ev.End | None = None
        #: The states that any track was ever in.
        self.occurred: set[State] = set()
        #: The latest time seen.
        self.last_ns = 0
        self.version = 0
        self._names = Names(self.tracks, self._texts)
        self._processes = Processes()
        #: Of multiprocessing's: those of which it is known who sent and who received them, in order of their receipt.
        self.messages: list[Message] = []
        self._switches = Switches()
        self._suspensions = Suspensions(self._switches)
        self._wakeups = Wakeups()
        self.suspensions: Rows[Suspension] = Rows(
            self._suspensions.__len__, lambda index: self._suspensions.read(index, self._texts, self._places)
        )
        self.wakeups: Rows[Wakeup] = Rows(self._wakeups.__len__, self._wakeups.read)
        self.schedulers = Schedulers()
        self._blocking = Blocking(self.tracks, self._switches)
        self._order = Order()
        #: The time of the latest entry, and whether none came before one that stands in front of it.
        self._entered_ns = 0
        self._order_is_of_time = True
        #: Times of `remarks`.
        self._remark_ns = array("q")
        self._with_ns: dict[Entry, Spawns | Switches | Wakeups | Exits | Samples] = {
            Entry.SPAWN: self.tracks.spawns, Entry.SWITCH: self._switches, Entry.WAKEUP: self._wakeups,
            Entry.EXIT: self.tracks.exits, Entry.SAMPLE: self.samples,
        }

    @property
    def header(self) -> ev.Header | None:
        """Line 1 of the trace, if it was there. To be set before the first line is taken in: it may bring words."""
        return self._header

    @header.setter
    def header(self, header: ev.Header | None) -> None:
        if header is not self._header:
            self._header, self.words = header, Vocabulary(header)

    def name(self, track: int, at_ns: int | None = None, until_ns: int | None = None) -> str:
        """The track's name, numbered if several share it; "unknown" for a track that is not known.

        One that serves requests is called after these: "GET /report (handle-3)". If they differ, after the one that it
        serves at `at_ns`, or, with `until_ns`, for the longest between the two.
        """
        known = self.tracks.look(track)
        if known is None:
            return "unknown"
        return self._names.of(known, at_ns, until_ns) if isinstance(known, Track) else self._names.of_spawn(known)

    def names(self) -> dict[int, str]:
        """The name of each track, as `name` tells it without a time."""
        return self._names.all()

    def own_name(self, track: int) -> str:
        """The name of a known track without a number, and whatever it serves."""
        return self._names.own(self.tracks[track])

    def all_names(self, track: int) -> set[str]:
        """What a known track may be asked for by: all its names, with and without a number, and what it serves."""
        return self._names.all_of(self.tracks[track])

    @property
    def hubs(self) -> list[int]:
        """Ids of the tracks that schedule others."""
        return [id for id, track in self._blocking.hubs.items() if track.schedules]

    def services(self, track: int) -> list[Service]:
        """The requests that a track served, in order of time."""
        return self._names.services(self.tracks[track])

    @property
    def serving(self) -> Collection[int]:
        """Ids of the tracks of which `services` tells anything."""
        return self._names.serving

    def callback_at(self, track: int, t_ns: int) -> str | None:
        """The callback of no task that a loop runs at that time, as `name` has it in front; None if it runs none."""
        calling = self._names.calling.get(track)
        return calling.between(t_ns, t_ns) if calling is not None else None

    def run_callbacks(self, tracks: Column, ns: Column) -> Column:
        """Of which of these tracks `callback_at` tells anything, at these times."""
        found = np.zeros(len(tracks), dtype=bool)
        for loop, calling in self._names.calling.items():
            (those,) = np.nonzero(tracks == loop)
            if not len(those):
                continue
            # Of these times only: a loop may have run any number of callbacks.
            first = max(0, bisect_right(calling.start_ns, ns[those].min()) - 1)
            stop = bisect_right(calling.start_ns, ns[those].max())
            is_any = np.array([False, *(what is not None for what in calling.what[first:stop])])
            found[those] = is_any[np.searchsorted(calling.start_ns[first:stop], ns[those], side="right")]
        return found

    @property
    def changing_names(self) -> set[int]:
        """Ids of the tracks whose names depend on the time."""
        return self._names.changing

    def call(self, labels: Mapping[str, str]) -> None:
        """Call tracks otherwise from now on: name of a track, or one that several share -> text.

        Raise ValueError, with a sentence, if there is no track of a name.
        """
        for name, text in labels.items():
            if not self._names.call(self.tracks.values(), name, text):
                raise ValueError(f"There is no track {name!r}")

    @property
    def processes(self) -> list[Process]:
        """In order of their appearance; a trace has one at least."""
        known = self._processes.all
        if self.header is not None:
            known[0].pid = self.header.pid
        return known

    def process_of(self, track: int) -> Process:
        """The process that a track belongs to; the first one, if the track is not known."""
        known = self.tracks.get(track)
        return self.processes[known.process if known is not None else 0]

    def sent_by(self, waker: int, track: int, since_ns: int, until_ns: int, value: int) -> int:
        """If `track` waited for a descriptor between these times, it was a message of `waker` that ended that; `value`:
        its text id, or -1. Return when that was; `until_ns` if it did not wait.
        """
        wakeups = self._wakeups
        index = self._last_wakeup(words.IO, since_ns, until_ns, lambda index: wakeups.track[index] == track)
        if index < 0:
            return until_ns
        wakeups.waker[index], wakeups.cause[index] = waker, wakeups.causes.number(words.MESSAGE)
        self._goes_on_with(track, wakeups.ns[index], value)
        return wakeups.ns[index]

    def _goes_on_with(self, track: int, woken_ns: int, value: int) -> None:
        switches = self._switches
        for at in range(bisect_left(switches.ns, woken_ns), len(switches.ns)):
            if switches.target[at] == track:
                if switches.details.known[switches.detail[at]][0] == words.UNPARK:
                    switches.value[at] = value
                break
        self.version += 1

    def not_sent(self, track: int, woken_ns: int) -> None:
        """Take back what was said by `sent_by`."""
        wakeups = self._wakeups
        for index in range(bisect_left(wakeups.ns, woken_ns), bisect_right(wakeups.ns, woken_ns)):
            if wakeups.track[index] == track and wakeups.causes.known[wakeups.cause[index]] == words.MESSAGE:
                wakeups.waker[index], wakeups.cause[index] = words.NOBODY, wakeups.causes.number(words.IO)
                self._goes_on_with(track, woken_ns, words.NOTHING)

    def given_by(self, waker: int, track: int, t_ns: int, is_lock: bool) -> None:
        """`track`, which waited for a lock or semaphore of multiprocessing's, or to read, up to then, has it from
        `waker`."""
        wakeups, causes = self._wakeups, (words.UNKNOWN, words.IO)
        found = (self._last_wakeup(one, t_ns, t_ns, lambda at: wakeups.track[at] == track) for one in causes)
        index = max(found)
        if index < 0:
            return
        cause = words.CALLBACK
        if is_lock and (suspension := self.ended_by(index)) is not None and suspension.reason == words.QUEUE:
            # The queue's own: who has that lets nobody else take, or put.
            cause = words.RELEASE
        self._wakeups.waker[index], self._wakeups.cause[index] = waker, self._wakeups.causes.number(cause)
        self.version += 1

    def not_given(self, track: int, t_ns: int) -> None:
        """Take back what was said by `given_by`."""
        wakeups = self._wakeups
        for index in range(bisect_left(wakeups.ns, t_ns), bisect_right(wakeups.ns, t_ns)):
            if wakeups.track[index] == track and wakeups.causes.known[wakeups.cause[index]] in _GIVEN:
                suspension = self.ended_by(index)
                cause = words.IO if suspension is not None and suspension.reason == words.IO else words.UNKNOWN
                wakeups.waker[index], wakeups.cause[index] = words.NOBODY, wakeups.causes.number(cause)
                self.version += 1

    def ended_wait(self, main: int, pid: int, since_ns: int, until_ns: int) -> bool:
        """If a track waited for that process, it was the end of `main` that ended that. Return whether one did."""
        waited_for = f"{CHILD}{pid}"

        def is_that(index: int) -> bool:
            return self.ended_child(self.wakeups[index], self.ended_by(index)) == waited_for

        index = self._last_wakeup(words.FINISHED, since_ns, until_ns, is_that)
        if index >= 0:
            self._wakeups.waker[index] = main
        return index >= 0

    def ended_child(self, wakeup: Wakeup, suspension: Suspension | None) -> str:
        """The process by whose end a track goes on that waited so, as "process 4711", whether it is recorded or not; ""
        if it waited for something else, or that is not known."""
        # A loop is told of a child when that has ended; who waits in a call, also when it was stopped, or goes on.
        is_end = wakeup.cause == words.FINISHED or (wakeup.cause == words.SUBPROCESS and wakeup.waker in self.tracks)
        if not is_end or suspension is None:
            return ""
        if suspension.object.startswith(CHILD):
            return suspension.object
        found = self.found_ready.get((wakeup.track, wakeup.t_ns), "")
        return found if found.startswith(CHILD) else ""

    def ended_by(self, index: int) -> Suspension | None:
        """What the wakeup of that number ended, if that is known."""
        track, t_ns = self.tracks[self._wakeups.track[index]], self._wakeups.ns[index]
        run = track.slices.at(t_ns)
        for wakeup, suspension in (self.made_ready(track, run), self.made_ready(track, run + 1)):
            if wakeup is not None and suspension is not None and wakeup.t_ns == t_ns:
                return suspension
        return None

    def _last_wakeup(self, cause: str, since_ns: int, until_ns: int, is_wanted: Callable[[int], bool]) -> int:
        """The last one with that cause between these times whose waker is unknown; -1 if there is none."""
        wakeups = self._wakeups
        wanted = wakeups.causes.number(cause)
        first, stop = bisect_left(wakeups.ns, since_ns), bisect_right(wakeups.ns, until_ns)
        for index in range(stop - 1, first - 1, -1):
            if wakeups.cause[index] == wanted and wakeups.waker[index] not in self.tracks and is_wanted(index):
                return index
        return -1

    def text(self, text: int) -> str | None:
        """The text with this id."""
        found: str | None = self._texts.get(text)
        return found

    def place(self, place: int) -> Place | None:
        """The place with this id."""
        return self._places.get(place)

    def innermost(self, suspension: Suspension) -> Suspension:
        """Where a chain of `yield from` and `await` is suspended: the last of those that stand suspended in one
        another."""
        seen = {suspension.track}
        while suspension.reason == words.SUSPENDED:
            inner = suspension.on_track
            if inner not in self.tracks or inner in seen:
                break
            seen.add(inner)
            slices = self.tracks[inner].slices
            index = slices.at(suspension.t_ns)
            if index < 0 or slices.state[index] != State.WAITING:
                break
            suspension = self.suspensions[slices.about[index]]
        return suspension

    def made_ready(self, track: Track, run: int) -> tuple[Wakeup | None, Suspension | None]:
        """What made the track ready before its slice number `run`, and what it had been waiting for until then."""
        state, about = track.slices.state, track.slices.about
        if run < 1 or state[run - 1] != State.READY or about[run - 1] < 0:
            return None, None
        waited = run > 1 and state[run - 2] == State.WAITING
        return self.wakeups[about[run - 1]], self.suspensions[about[run - 2]] if waited else None

    @property
    def columns(self) -> Columns:
        """All switches, suspensions and wakeups, for code that reads many of them."""
        return Columns(self._switches, self._suspensions, self._wakeups, self._texts)

    @property
    def renamed(self) -> int:
        """How often a track that had a name was given another one; and how often one turned out to be of a kind."""
        return self._names.changed

    @property
    def switch_count(self) -> int:
        return len(self._switches)

    @property
    def switch_ns(self) -> array[int]:
        """Time of each switch, ascending."""
        return self._switches.ns

    @property
    def origins(self) -> array[int]:
        """Id of the track that each switch comes from."""
        return self._switches.origin

    @property
    def suspension_switches(self) -> array[int]:
        """Index of the switch that brought each suspension about, below 0 if none did."""
        return self._suspensions.switch

    def switch(self, index: int, suspension: int | None = None) -> Switch:
        """Switch number `index`, from 0. Raise IndexError if there is none.

        `suspension`: the number of that of its origin, if the caller knows it.
        """
        if suspension is None:
            suspension = self._suspensions.of_switch(index)
        return switch_of(self._switches, suspension, index, self._texts, self._places)

    def ends_of(self, index: int) -> tuple[int, int]:
        """Ids of origin and target of switch number `index`: what most loops need of it."""
        return self._switches.origin[index], self._switches.target[index]

    def switch_before(self, t_ns: int) -> int:
        """Index of the last switch at or before `t_ns`, -1 if there is none."""
        return bisect_right(self._switches.ns, t_ns) - 1

    def spent_ns(self, state: State, until_ns: int, since_ns: int = 0) -> int:
        """Nanoseconds that all tracks together spent in `state` (one of SUMMED) between two times."""
        return sum(track.slices.spent_ns(state, until_ns, since_ns) for track in self.tracks.values())

    def order(self) -> Iterator[tuple[int, Entry, int]]:
        """Everything in order of time, what is of the same time as the trace tells it: (t_ns, kind, index).

        The index counts in `spawns`, `switch(index)`, `suspensions`, `wakeups`, `exits`, `outputs`, `remarks` or
        `samples`.
        """
        for t_ns, entry, index in self.order_in_blocks():
            yield from zip(t_ns.tolist(), map(Entry, entry.tolist()), index.tolist(), strict=True)

    def order_in_blocks(self) -> Iterator[tuple[Column, Column, Column]]:
        """The same as columns, some thousands at a time."""
        entry, index = self._order.read(0, len(self._order))
        if not self._order_is_of_time:
            # Two threads' times may cross by the moment between reading the clock and storing the event.
            order = self._times_of(entry, index).argsort(kind="stable")
            entry, index = entry[order], index[order]
        for first in range(0, len(entry), AT_ONCE):
            here = slice(first, first + AT_ONCE)
            with_suspensions = self._with_suspensions(entry[here], index[here])
            yield self._times_of(*with_suspensions), *with_suspensions

    def remark_ns(self, index: int) -> int:
        """When a remark was made, or, where it has no time of its own, the latest time before it."""
        return self._remark_ns[index]

    def _times_of(self, entry: Column, index: Column) -> Column:
        t_ns = np.empty(len(entry), dtype=np.int64)
        for kind in map(Entry, unique(entry).tolist()):
            those = entry == kind
            at = index[those]
            match kind:
                case Entry.SUSPENSION:
                    t_ns[those] = self._suspensions.whose(at)[0]
                case Entry.REMARK:
                    t_ns[those] = np.asarray(self._remark_ns)[at]
                case Entry.OUTPUT:
                    t_ns[those] = [self.outputs[number].t_ns for number in at.tolist()]
                case _:
                    t_ns[those] = np.asarray(self._with_ns[kind].ns)[at]
        return t_ns

    def _with_suspensions(self, entry: Column, index: Column) -> tuple[Column, Column]:
        """With the suspensions that switches bring along, each in front of its switch."""
        (switches,) = np.nonzero(entry == Entry.SWITCH)
        if not len(switches):
            return entry, index
        # Those of a block follow one another.
        first = int(index[switches[0]])
        suspension = self._suspensions.of_switches(first, first + len(switches))
        brings = suspension >= 0
        shift = np.zeros(len(entry), dtype=np.int64)
        shift[switches] = brings
        at = np.arange(len(entry)) + shift.cumsum()
        entries = np.full(len(entry) + int(brings.sum()), Entry.SUSPENSION, dtype=entry.dtype)
        indices = np.empty(len(entries), dtype=np.int64)
        entries[at], indices[at] = entry, index
        indices[at[switches[brings]] - 1] = suspension[brings]
        return entries, indices

    @property
    def arrived(self) -> int:
        """How many entries `arrivals` has so far."""
        return len(self._order)

    def arrivals(self, since: int, until: int) -> Iterator[tuple[Entry, int]]:
        """Entries number `since` up to `until` in the order of the trace: (kind, index), counted as in `order`.

        A switch brings along the suspension before it, which is not counted.
        """
        for first in range(since, until, AT_ONCE):
            entry, index = self.arrived_between(first, min(until, first + AT_ONCE))
            yield from zip(map(Entry, entry.tolist()), index.tolist(), strict=True)

    def arrived_between(self, since: int, until: int) -> tuple[Column, Column]:
        """The same as columns."""
        return self._with_suspensions(*self._order.read(since, until))

    @property
    def finished(self) -> bool:
        return self.end is not None

    def running_at(self, switch: int) -> int:
        """Id of the track that runs after switch number `switch`; before the first, the first track's. -1 if none."""
        if switch >= 0:
            return self._switches.target[switch]
        return next(iter(self.tracks), words.NOBODY)

    def reach(self, t_ns: int) -> None:
        """Nothing is missing up to `t_ns`, without an event that says so: a hub may stand blocked by now."""
        if self._blocking.look(t_ns):
            self.occurred.add(State.BLOCKED)
            self.version += 1

    def busiest(self, hub: Track, start_ns: int, end_ns: int) -> int:
        """Who ran most on the hub's thread from `start_ns`, when the hub stopped or was created, to `end_ns`."""
        return self._blocking.busiest(hub, start_ns, end_ns)


def joined_tracks(thing: str) -> tuple[int, ...]:
    """The tracks that "track 7" or "tracks 7, 8" speaks of; none of any other thing."""
    word, _, numbers = thing.partition(" ")
    if word not in ("track", "tracks"):
        return ()
    return tuple(int(number) for number in numbers.split(", ") if number.isdecimal() and len(number) < 10)
