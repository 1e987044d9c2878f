"""The one way by which a timeline is written. Who writes knows how the lines of a trace hang together (analysis/load/);
a timeline and its writer know how that is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.states import FINAL, State
from visualizer.analysis.model.timeline import Timeline, joined_tracks
from visualizer.analysis.model.types import Ended, Entry, Output, Place, Tie, Track
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import Column, Template, nonzero


class Passages(NamedTuple):
    """Switches, in order, as columns: times; ids of tracks; number of the cause and place; text id of the value."""

    ns: Column
    origin: Column
    target: Column
    how: Column
    value: Column


class Writer:
    """Writes into `timeline`. Tracks are ids; times are nanoseconds since the start of the trace."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.schedulers = timeline.schedulers
        self.processes = timeline._processes
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
        known = self.timeline.tracks.get(track)
        if known is None:
            known = Track(track, kind, t_ns)
            known.schedules = kind in self.timeline.words.schedulers
            known.process = self.processes.of(thread).number
            self.timeline.tracks[track] = known
            self.timeline._names.give(known, name)
        return known

    def spawn(
        self, ids: list[int], t_ns: list[int], templates: Iterable[Template], creators: list[int],
        threads: Iterable[int],
    ) -> None:
        """Tracks begin. Their first slices and their places in the order are to follow."""
        timeline, tracks, names, processes = self.timeline, self.timeline.tracks, self.timeline._names, self.processes
        text, place, schedulers = timeline._texts.get, timeline._places.get, timeline.words.schedulers
        several, give, spawned = processes.several, names.give, timeline._blocking.spawned
        for id, at_ns, template, creator, thread in zip(ids, t_ns, templates, creators, threads, strict=True):
            kind, (name_id, parent) = template.text, template.rest
            name, known = text(name_id, kind), tracks.get(id)
            if known is None:
                track = tracks[id] = Track(id, kind, at_ns)
                give(track, name)
            else:
                # Lines before this one were lost or out of order; what the track did in them stands.
                track, known.kind = known, kind
                names.change(track, name)
            track.parent, track.creator, track.place = parent, creator, place(template.place)
            if several and known is None:
                track.process = processes.of(thread).number
            if kind == words.THREAD:
                processes.join(id, processes.of(thread))
            if kind in schedulers or known is not None:
                track.schedules = kind in schedulers
            if parent != words.NOBODY or track.schedules:
                spawned(track)
        timeline._spawn_ns.extend(t_ns)
        timeline.spawns += ids

    def spawned(self, track: Track, t_ns: int) -> int:
        """Count the track among those that were spawned; return its number there."""
        timeline = self.timeline
        timeline._spawn_ns.append(t_ns)
        timeline.spawns.append(track.id)
        timeline._blocking.spawned(track)
        return len(timeline.spawns) - 1

    def exit(self, ids: list[int], t_ns: list[int], templates: Iterable[Template], values: list[int]) -> None:
        """Tracks end. Their last slices and their places in the order are to follow."""
        timeline, tracks = self.timeline, self.timeline.tracks
        text, ended = timeline._texts.get, self.schedulers.ended
        for id, at_ns, template, value in zip(ids, t_ns, templates, values, strict=True):
            track = tracks[id]
            track.exit_ns, track.outcome, track.value = at_ns, template.text, text(value)
            if template.rest[0] != words.NOTHING:
                track.inferred = text(template.rest[0])
            if track.parent != words.NOBODY:
                timeline._blocking.ended(track)
            ended(id)
        timeline._exit_ns.extend(t_ns)
        timeline.exits += ids

    # Slices.

    def begin_slices(
        self, ids: list[int], counts: list[int], bounds: Column, start_ns: Column, state: Column, about: Column,
        steps: Column,
    ) -> None:
        """Begin slices, track by track: those of track ids[i], which has counts[i], from bounds[i] to bounds[i + 1].

        `steps`: which of all these switches began.
        """
        tracks = self.timeline.tracks
        groups, counted = steps.searchsorted(bounds), np.array(counts)
        numbers = (steps + np.repeat(counted - bounds[:-1], np.diff(groups))).astype(np.int32)
        falls = np.zeros(len(start_ns) + 1, dtype=bool)
        falls[1:-1] = start_ns[1:] < start_ns[:-1]
        falls[bounds] = False
        fallen = bounds.searchsorted(nonzero(falls), side="right") - 1
        some = bounds[1:] > bounds[:-1]
        ended = some & (counted == 0)
        ended[ended] = _IS_FINAL.take(state[bounds[1:][ended] - 1])
        ended[fallen] = False
        those = nonzero(ended)
        if len(those):
            some &= ~ended
            (at, ends), (runs_at, run_ends) = _parts(those, bounds), _parts(those, groups)
            kept = Ended(start_ns[at].data, state[at].data, about[at].data, numbers[runs_at].data)
            of_slices, of_runs = pairwise(ends.tolist()), pairwise(run_ends.tolist())
            for number, (low, high), (first, end) in zip(those.tolist(), of_slices, of_runs, strict=True):
                track = tracks[ids[number]]
                track.ended = kept, low, high, first, end
                track.version += high - low
        edges, marks, has_fallen = bounds.tolist(), (4 * groups).tolist(), set(fallen.tolist())
        starts, states, abouts, runs = start_ns.data.cast("B"), state.data, about.data.cast("B"), numbers.data.cast("B")
        some = nonzero(some)
        for number, first_ns in zip(some.tolist(), start_ns[bounds[some]].tolist(), strict=True):
            low, high, track = edges[number], edges[number + 1], tracks[ids[number]]
            slices = track.slices
            if number in has_fallen or (counts[number] and first_ns < slices.start_ns[-1]):
                # A time before the open slice's start is moved to it.
                mine = start_ns[low:high]
                mine[0] = max(first_ns, slices.start_ns[-1]) if counts[number] else first_ns
                np.maximum.accumulate(mine, out=mine)
            slices.extend(starts[8 * low : 8 * high], states[low:high], abouts[4 * low : 4 * high])
            if marks[number] < marks[number + 1]:
                track.step_slices.frombytes(runs[marks[number] : marks[number + 1]])
            track.version += high - low

    def begin_slice(self, track: Track, t_ns: int, state: State, about: int = -1) -> None:
        track.slices.begin(t_ns, state, about)
        track.version += 1
        self.timeline.occurred.add(state)

    def is_over(self, track: int) -> bool:
        """Whether the track has ended."""
        known = self.timeline.tracks.get(track)
        # Of one of which a damaged trace tells more it was told all the same.
        return known is not None and (known.outcome is not None or known.state in FINAL)

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
        return self.timeline._switches.ns[-1] if self.timeline.switch_count else -(1 << 62)

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

    def suspend_new_alone(self, t_ns: int, track: int, on_track: int, how: int) -> int:
        """A track is suspended, and no switch comes with that. Return the number of the suspension."""
        suspensions = self.timeline._suspensions
        suspensions.extend(np.array([~self.timeline.switch_count]), np.array([on_track]), np.array([how]))
        suspensions.leave_alone(len(suspensions) - 1, t_ns, track)
        return len(suspensions) - 1

    def repeat_suspension(self, suspension: int, t_ns: int, track: int, on_track: int) -> int:
        """The same suspension, of another track in another process, and without a switch. Return its number."""
        return self.timeline._suspensions.repeat(suspension, t_ns, track, on_track)

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
        return self.timeline.samples.add(line.t_ns, track, line.place, line.count)

    def note(self, line: ev.Event, t_ns: int, track: int) -> tuple[Entry, int] | None:
        """Any other line, with the track that was current. Return its place among those of its kind, if it has one."""
        timeline, text = self.timeline, self.timeline._texts.get
        kind = type(line)
        if isinstance(line, ev.Output):
            timeline.outputs.append(Output(t_ns, track, line.stream, line.text, line.cut))
            return Entry.OUTPUT, len(timeline.outputs) - 1
        if isinstance(line, ev.Name):
            known, name = timeline.tracks.get(line.track), text(line.name)
            if known is not None and name is not None and name != timeline.own_name(known.id):
                timeline._names.change(known, name)
        elif isinstance(line, ev.Inferred):
            if line.track in timeline.tracks:
                timeline.tracks[line.track].doubt = text(line.text)
        elif isinstance(line, ev.Tie):
            thing = text(line.object, "")
            timeline.ties.append(Tie(t_ns, line.track, line.relation, thing, joined_tracks(thing)))
        elif kind in _REMARKS:
            timeline._remark_ns.append(t_ns)
            timeline.remarks.append(line)  # type: ignore[arg-type]
            if isinstance(line, ev.Serves):
                if (known := timeline.tracks.get(line.track)) is not None:
                    timeline._names.serve(known, t_ns, text(line.what))
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

    def reach(self, last_ns: int, count: int, occurred: Collection[State]) -> None:
        """So many events have come in, the latest of this time."""
        timeline = self.timeline
        timeline.last_ns = max(timeline.last_ns, last_ns)
        timeline.version += count
        timeline.occurred.update(occurred)
        timeline.reach(timeline.last_ns)


def _parts(those: Column, bounds: Column) -> tuple[Column, Column]:
    """Where those of the parts stand that reach from bounds[i] to bounds[i + 1]; and the bounds of these alone."""
    lengths = np.diff(bounds)[those]
    ends = np.concatenate(([0], lengths.cumsum()))
    return np.arange(ends[-1]) + np.repeat(bounds[those] - ends[:-1], lengths), ends


_IS_FINAL = np.isin(np.array([*State]), FINAL)
_REMARKS = frozenset(
    (ev.Note, ev.Serves, ev.Held, ev.Continued, ev.Dropped, ev.Refused, ev.Cancel, ev.Uncaught, ev.End)
)
#: What a bare `yield` gives.
NOTHING_GIVEN = "None"
