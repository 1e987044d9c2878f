"""The one way by which a timeline is written. Who writes knows how the lines of a trace hang together (analysis/load/);
a timeline and its writer know how that is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from visualizer.analysis.model.names import Renames
from visualizer.analysis.model.shared_locks import SharedLocks
from visualizer.analysis.model.states import FINAL, State
from visualizer.analysis.model.timeline import Timeline, joined_tracks
from visualizer.analysis.model.tracks import Birth
from visualizer.analysis.model.types import Block, Entry, Marked, Output, Place, Size, Tail, Taking, Tie, Track
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import Column, Template, nonzero, numbered, unique


class Passages(NamedTuple):
    """Switches, in order, as columns: times; ids of tracks; number of the cause and place; text id of the value."""

    ns: Column
    origin: Column
    target: Column
    how: Column
    value: Column


class Begun(NamedTuple):
    """Tracks that begin, as columns: `at`, ascending, in the order of what is told; `birth`: number_of_birth of each;
    `thread`: on which its line is."""

    at: Column
    track: Column
    ns: Column
    birth: Column
    creator: Column
    thread: Column


class Writer:
    """Writes into `timeline`. Tracks are ids; times are nanoseconds since the start of the trace."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.schedulers = timeline.schedulers
        self.processes = timeline._processes
        self.shared_locks = SharedLocks(timeline)
        self.number_of_cause = timeline._wakeups.causes.number
        self.number_of_passage = timeline._switches.details.number
        self.number_of_suspension = timeline._suspensions.details.number
        self.number_of_asked = timeline._suspensions.asked.number
        #: Text ids of what a bare `yield` gives.
        self.nothings: list[int] = []
        self._places: dict[Place, int] = {}

    # What numbers stand for.

    def define(self, line: ev.Text | ev.Place | ev.Listing) -> None:
        """Take in what a number stands for, or a source file's text."""
        timeline, text = self.timeline, self.timeline._texts.get
        if type(line) is ev.Text:
            timeline._texts[line.id] = line.text
            if line.text == NOTHING_GIVEN:
                self.nothings.append(line.id)
        elif type(line) is ev.Place:
            file, function = text(line.file, ""), text(line.function, "")
            ends = line.line, line.end_line, line.column, line.end_column
            timeline._places[line.id] = Place(file, function, *ends)
        else:
            assert type(line) is ev.Listing
            timeline.sources[text(line.file, "")] = line.text
        timeline.version += 1

    def number_of_place(self, place: int) -> int:
        """The same for all ids of one place; -1 for one that is not known."""
        known = self.timeline._places.get(place)
        return self._places.setdefault(known, place) if known is not None else words.NOTHING

    def joined(self, thing: int) -> int:
        """The one track whose end is waited for by who waits for a thing (text id); -1 if it is none, or several."""
        tracks = joined_tracks(self.timeline._texts.get(thing, ""))
        return tracks[0] if len(tracks) == 1 else words.NOBODY

    # Tracks.

    def track(self, track: int, t_ns: int, thread: int, kind: str = words.UNKNOWN, name: str = "unknown") -> Track:
        """The track, begun at `t_ns` on `thread` if it is new."""
        tracks = self.timeline.tracks
        if track not in tracks:
            known = Track(track, kind, t_ns)
            tracks.add(known)
            known.schedules = kind in self.timeline.words.schedulers
            self.processes.of(thread).add(known)
            known.base_name, known.number = name, self.timeline._names.give(name, 1, track)
            known.version += 1
        return tracks[track]

    def number_of_birth(self, template: Template) -> int:
        """What such spawns have in common."""
        kind, (name, parent) = template.text, template.rest
        name = self.timeline._texts.get(name, kind)
        birth = Birth(kind, name, parent, template.place, kind in self.timeline.words.schedulers)
        return self.timeline.tracks.spawns.births.number(birth)

    def number_of_outcome(self, template: Template) -> int:
        """What such exits have in common."""
        return self.timeline.tracks.exits.outcomes.number((template.text, *template.rest))

    def spawn(self, begun: Begun, renames: Renames) -> None:
        """Tracks begin, and tracks are called otherwise. The first slices of the former and their places in the order
        are to follow."""
        timeline, tracks, processes = self.timeline, self.timeline.tracks, self.processes
        at, ids, t_ns, births, creators, threads = begun
        differ = bool((ids[1:] > ids[:-1]).all()) or len(unique(ids)) == len(ids)
        is_new = differ and not tracks.are_known(ids).any()
        if not is_new and len(ids) > 1:
            edges = [0, *renames.at.searchsorted(at).tolist(), len(renames.at)]
            for number, (first, stop) in enumerate(pairwise(edges)):
                one, some = slice(max(0, number - 1), number), slice(first, stop)
                self.spawn(Begun(*(column[one] for column in begun)), Renames(*(column[some] for column in renames)))
            return
        different, which = numbered(births)
        known = [tracks.spawns.births.known[birth] for birth in different.tolist()]
        if is_new:
            tracks.spawn(ids, t_ns, births, creators)
            timeline._names.begin(len(tracks.spawns.ns) - len(ids), at, renames)
        else:
            # Lines before this one were lost or out of order; what the track did in them stands.
            track, birth = tracks[int(ids[0])], known[0]
            track.kind, track.parent, track.schedules = birth.kind, birth.parent, birth.schedules
            track.creator, track.place = int(creators[0]), timeline.place(birth.place)
            timeline._names.change(track, birth.name)
            tracks.spawn_again(track, int(t_ns[0]))
            timeline._names.begin(len(tracks.spawns.ns), at[:0], renames)
        for number, (birth, count) in enumerate(zip(known, np.bincount(which).tolist(), strict=True)):
            if birth.parent != words.NOBODY or birth.schedules:
                timeline._blocking.spawned(birth.parent, count)
            if birth.schedules:
                self.hubs.update((id, tracks[id]) for id in ids[which == number].tolist())
        if processes.several:
            for id, thread in zip(ids.tolist(), threads.tolist(), strict=True):
                process = processes.of(thread)
                if is_new:
                    process.add(tracks[id])
                if tracks[id].kind == words.THREAD:
                    processes.join(id, process)
                if id == process.track:
                    process.tell(tracks[id])

    def spawned(self, track: Track, t_ns: int) -> int:
        """Count the track among those that were spawned; return its number there."""
        timeline = self.timeline
        timeline.tracks.spawn_again(track, t_ns)
        timeline._blocking.spawned(track.parent)
        if track.schedules:
            self.hubs[track.id] = track
        return len(timeline.spawns) - 1

    def exit(self, ids: Column, t_ns: Column, outcomes: Column, values: Column) -> None:
        """Tracks end; `outcomes`: number_of_outcome of each. Their last slices and their places in the order are to
        follow."""
        tracks, blocking = self.timeline.tracks, self.timeline._blocking
        tracks.exit(ids, t_ns, outcomes, values)
        if blocking.has_any:
            parents_of = np.maximum(tracks.parents(ids), words.NOBODY)
            different, which = numbered(parents_of - words.NOBODY)
            last_ns = np.empty(len(different), dtype=np.int64)
            last_ns[which] = t_ns
            parents = (different + words.NOBODY).tolist()
            for parent, count, at_ns in zip(parents, np.bincount(which).tolist(), last_ns.tolist(), strict=True):
                blocking.ended(parent, count, at_ns)

    # Slices.

    def begin_slices(
        self, ids: Column, counts: Column, bounds: Column, start_ns: Column, state: Column, about: Column,
        runs: Column, tails: Callable[[Column], Sequence[Tail | None]],
    ) -> None:
        """Begin slices, track by track: those of track ids[i], which has counts[i], from bounds[i] to bounds[i + 1].
        Their times ascend from that of the last one on.

        `runs`: whether a switch began each of these. `tails`: how those of tracks that stand at these places end.
        """
        tracks, begun = self.timeline.tracks, np.diff(bounds)
        # How many there are in front of each bound.
        groups: Column = np.concatenate(([0], np.cumsum(runs, dtype=np.int32))).take(bounds)
        own = (nonzero(runs) + np.repeat(counts - bounds[:-1], np.diff(groups))).astype(np.int32)
        ids, counts, bounds, groups = (column.astype(np.int32) for column in (ids, counts, bounds, groups))
        block = Block.of(ids, counts, tracks.reached(ids), bounds, start_ns, state, about, groups, own)
        those = tracks.keep(block, nonzero(begun))
        for at, id, tail in zip(those.tolist(), ids[those].tolist(), tails(those), strict=True):
            track = tracks.made[id]
            track.extend(block, at, tail)
            track.version += int(begun[at])

    def begin_slice(self, track: Track, t_ns: int, state: State, about: int = -1) -> None:
        track.slices.begin(t_ns, state, about)
        track.tail = None
        if state in FINAL:
            self.timeline.tracks.end(track.id)
        track.version += 1
        self.timeline.occurred.add(state)

    def given(self, track: int) -> int:
        """Text id of what a suspended generator yielded; -1 if that is nothing, or not known."""
        known, suspensions = self.timeline.tracks.get(track), self.timeline._suspensions
        if known is None or not len(known.slices) or known.slices.state[-1] != State.WAITING:
            return words.NOTHING
        number = known.slices.about[-1]
        switch, reason = suspensions.switch[number], suspensions.details.known[suspensions.detail[number]][0]
        return self.timeline._switches.value[switch] if switch >= 0 and reason == words.SUSPENDED else words.NOTHING

    # Hubs.

    @property
    def hubs(self) -> dict[int, Track]:
        return self.timeline._blocking.hubs

    def reopen(self, hub: Track) -> None:
        """More of the hub is to follow: its open slice is WAITING or CREATED again, if it was BLOCKED for so long."""
        self.timeline._blocking.reopen(hub)

    def close(self, hub: Track, index: int, is_left: bool) -> None:
        """See Blocking.close."""
        if self.timeline._blocking.close(hub, index, is_left):
            self.timeline.occurred.add(State.BLOCKED)

    def living(self, hub: int) -> int:
        """How many greenlets the hub may have to wake."""
        return self.timeline._blocking.living(hub)

    # Over all tracks.

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many switches, suspensions and wakeups there are."""
        return self.timeline.switch_count, len(self.timeline._suspensions), len(self.timeline._wakeups)

    @property
    def last_switch_ns(self) -> int:
        """When the last switch was; before any time, if there is none."""
        return self.timeline._switches.last_ns

    def switch(self, passages: Passages) -> None:
        """Add switches, whose times ascend from that of the last on."""
        self.timeline._switches.extend(*passages)

    def suspension(self, switch: Column, on_track: Column, how: Column, timed: Column, asked_ns: Column) -> None:
        """Add suspensions: by which switch, or the complement of the next one's number if there is none, on which
        track, and how. `timed`: the numbers of those that asked for a time, ascending; `asked_ns`: for which."""
        self.timeline._suspensions.extend(switch, on_track, how)
        self.timeline._suspensions.limit(timed, asked_ns)

    def suspend_alone(self, suspension: int, t_ns: int, track: int) -> None:
        """No switch came with a suspension: it was of this track, at this time."""
        self.timeline._suspensions.leave_alone(suspension, t_ns, track)

    def repeat_suspension(self, suspension: int, t_ns: int, track: int, on_track: int) -> int:
        """The same suspension, of another track in another process, and without a switch. Return its number."""
        return self.timeline._suspensions.repeat(suspension, t_ns, track, on_track)

    def suspended_on(self, suspension: int, on_track: int) -> None:
        """It is known now on which track the suspension of that number is."""
        timeline = self.timeline
        timeline._suspensions.on_track[suspension] = on_track
        timeline.tracks[timeline.suspensions[suspension].track].version += 1

    def wake(self, ns: Column, track: Column, waker: Column, cause: Column) -> None:
        """Add wakeups."""
        self.timeline._wakeups.extend(ns, track, waker, cause)

    def enter(self, entry: Column, index: Column, t_ns: Column) -> None:
        """Add entries to the order of the trace, at these times: their kinds, and their numbers within each kind."""
        timeline = self.timeline
        if len(t_ns):
            timeline._order_is_of_time &= bool(t_ns[0] >= timeline._entered_ns and (t_ns[1:] >= t_ns[:-1]).all())
            timeline._entered_ns = int(t_ns[-1])
            timeline._order.extend(entry, index)

    def sample(self, line: ev.Sample, track: int) -> int:
        """A track that runs was seen. Return the number of the sample."""
        self.timeline.tracks[track].version += 1
        return self.timeline.samples.add(line.t_ns, track, line.place, line.count, line.called)

    def note(self, line: ev.Event, t_ns: int, track: int) -> tuple[Entry, int] | None:
        """Any other line, with the track that was current. Return its place among those of its kind, if it has one."""
        timeline, text = self.timeline, self.timeline._texts.get
        kind = type(line)
        if isinstance(line, ev.Output):
            timeline.outputs.append(Output(t_ns, track, line.stream, line.text, line.cut))
            return Entry.OUTPUT, len(timeline.outputs) - 1
        if isinstance(line, ev.Inferred):
            if line.track in timeline.tracks:
                timeline.tracks[line.track].doubt = text(line.text)
        elif isinstance(line, ev.Tie):
            thing = text(line.object, "")
            if line.relation == words.FOUND_READY:
                timeline.found_ready[line.track, t_ns] = thing
                return None
            if line.relation == words.CONNECTED:
                local, _, peer = thing.partition(" ")
                timeline.has_end.setdefault((local, peer), []).append((t_ns, line.track))
                return None
            if line.relation == words.OPENED:
                local, _, peer = thing.partition(" ")
                timeline.opened.add((local, peer))
                return None
            if line.relation == words.POOLED:
                timeline.pool_calls.given(t_ns, line.track, thing)
                return None
            if line.relation == words.WORKS:
                timeline.pool_calls.begins(t_ns, line.track, thing)
                return None
            if line.relation == words.DAEMON:
                timeline.daemons.add(line.track)
                return None
            if line.relation == words.CANCELLED_WITH:
                self._tell_message(line.track, thing)
                return None
            place = timeline.place(line.place)
            tie = Tie(t_ns, line.track, line.relation, thing, joined_tracks(thing), line.since_ns, place)
            timeline.ties.append(tie)
        elif isinstance(line, ev.Takes):
            held = tuple(filter(None, text(line.held, "").split(", ")))
            timeline.takings.append(Taking(t_ns, line.track, text(line.object, ""), held, timeline.place(line.place)))
        elif isinstance(line, ev.Gives):
            self.shared_locks.gives(text(line.lock, ""), line)
        elif isinstance(line, ev.Gets):
            self.shared_locks.gets(text(line.lock, ""), line)
        elif isinstance(line, ev.Size):
            size = Size(t_ns, line.count, line.taken, text(line.on, ""), timeline.place(line.place))
            timeline.sizes.setdefault((line.track, text(line.object, "")), []).append(size)
        elif isinstance(line, ev.Delayed):
            timeline.delayed.append(line)
        elif kind in _REMARKS:
            timeline._remark_ns.append(t_ns)
            timeline.remarks.append(line)  # type: ignore[arg-type]
            if isinstance(line, ev.Serves):
                if (known := timeline.tracks.get(line.track)) is not None:
                    timeline._names.serve(known, t_ns, text(line.what))
                if line.local >= 0:
                    ends = text(line.local, ""), text(line.peer, "")
                    timeline.has_end.setdefault(ends, []).append((t_ns, line.track))
            elif isinstance(line, ev.Mark):
                timeline.marks[t_ns] = Marked(text(line.text, ""), line.track, timeline.place(line.place))
            elif isinstance(line, ev.Note):
                timeline.notes.append(line.text)
                if line.unsupported:
                    timeline.unsupported[line.unsupported] = line.text
            elif isinstance(line, ev.Cancel):
                timeline.cancels.setdefault(line.track, []).append(line)
            elif isinstance(line, ev.Held):
                timeline.pauses.pause(line.t_ns, line.held_ns)
            elif isinstance(line, ev.Continued):
                timeline.pauses.resume(line.t_ns, line.held_ns)
            elif isinstance(line, ev.Dropped):
                timeline.dropped[line.what] = line.count
            elif isinstance(line, ev.Uncaught):
                timeline.uncaught = (line.exception, line.message)
                timeline.uncaught_at = timeline.place(line.place)
            elif isinstance(line, ev.End):
                timeline.end = line
            return Entry.REMARK, len(timeline.remarks) - 1
        return None

    def _tell_message(self, track: int, message: str) -> None:
        """That is what the track was cancelled with, last."""
        timeline = self.timeline
        asked = timeline.cancels.get(track)
        if asked is None or asked[-1].message or not message:
            return
        at = next(at for at in reversed(range(len(timeline.remarks))) if timeline.remarks[at] is asked[-1])
        timeline.remarks[at] = asked[-1] = replace(asked[-1], message=message)

    def reach(self, last_ns: int, count: int, occurred: Collection[State]) -> None:
        """So many events have come in, the latest of this time."""
        timeline = self.timeline
        timeline.last_ns = max(timeline.last_ns, last_ns)
        timeline.version += count
        timeline.occurred.update(occurred)
        self.shared_locks.settle()
        timeline.reach(timeline.last_ns)


_REMARKS = frozenset(
    (ev.Note, ev.Serves, ev.Mark, ev.Held, ev.Continued, ev.Dropped, ev.Refused, ev.Cancel, ev.Struck,
     ev.Unasked, ev.Uncaught, ev.End)
)
#: What a bare `yield` gives.
NOTHING_GIVEN = "None"
