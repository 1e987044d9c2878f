"""The timeline: what a stream of events means.

`Timeline.feed` takes the events of a trace one at a time, in file order, and keeps for each track its *slices*
(which state, from when, why) and over all tracks the *switches*. It is incremental: a live run and a recording go
through the same code. Nothing here is ever removed or changed once later events stand after it, except names, which
are numbered when a second track takes the same one, and the open slice of a hub, which turns out to be blocked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from visualizer.analysis.model.blocking import Blocks
from visualizer.analysis.model.forking import Forking
from visualizer.analysis.model.processes import Process
from visualizer.analysis.model.queries import Contents
from visualizer.analysis.model.schedulers import NOTHING_GIVEN, Turns
from visualizer.analysis.model.slices import Slices
from visualizer.analysis.model.stacks import Strands, returns_by
from visualizer.analysis.model.states import FINAL, SUMMED, State
from visualizer.analysis.model.types import Entry, Output, Park, Place, Switch, Tie, Track, Wakeup
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import Column

__all__ = [
    "FINAL",
    "SUMMED",
    "Entry",
    "Output",
    "Park",
    "Place",
    "Process",
    "Slices",
    "State",
    "Switch",
    "Tie",
    "Timeline",
    "Track",
    "Wakeup",
    "joined_tracks",
]


class Timeline(Contents):
    """A trace as a model: feed it events, and ask what they come to (queries.py)."""

    def __init__(self) -> None:
        super().__init__()
        self._strands = Strands()
        self.turns = Turns()
        self._pending: dict[int, ev.Wait] = {}
        self._early: dict[int, int] = {}
        self._closing: set[int] = set()
        #: Text id of what each parked generator gave last.
        self._given: dict[int, int] = {}
        #: Whom each track resumed last, and where (place id).
        self._resumed: dict[int, tuple[int, int]] = {}
        self._blocks = Blocks(self)
        self._forking = Forking(self)

    def feed(self, event: ev.Event) -> None:
        """Take the next event."""
        kind = type(event)
        # In order of how often they come.
        if kind is ev.Switch:
            self._on_switch(event)  # type: ignore[arg-type]
        elif kind is ev.Resume:
            self._on_resume(event)  # type: ignore[arg-type]
        elif kind is ev.Yield:
            self._on_yield(event)  # type: ignore[arg-type]
        else:
            self._rare[kind](self, event)
        self.version += 1

    def feed_all(self, events: Iterable[ev.Event]) -> None:
        for event in events:
            self.feed(event)

    def _enter_many(self, entry: Column, index: Column, t_ns: Column) -> None:
        """As `_enter`; the times ascend."""
        if len(t_ns):
            self._order_is_of_time &= bool(t_ns[0] >= self._entered_ns)
            self._entered_ns = int(t_ns[-1])
            self._order.extend(entry, index)

    def reach(self, t_ns: int) -> None:
        """Nothing is missing up to `t_ns`, without an event that says so: a hub may stand blocked by now."""
        if t_ns >= self._blocks.due_ns:
            self._blocks.look(t_ns)

    def _at(self, t_ns: int) -> int:
        if t_ns > self.last_ns:
            self.last_ns = t_ns
            if t_ns >= self._blocks.due_ns:
                self._blocks.look(t_ns)
        return t_ns

    def _enter(self, t_ns: int, entry: Entry, index: int) -> None:
        if t_ns < self._entered_ns:
            self._order_is_of_time = False
        self._entered_ns = t_ns
        self._order.add(entry, index)

    def _set(self, track: int, t_ns: int, state: State, about: int = -1) -> Track:
        known = self.tracks.get(track)
        if known is None:
            known = self._new_track(track, words.UNKNOWN, "unknown", t_ns)
        known.slices.begin(t_ns, state, about)
        known.version += 1
        self.occurred.add(state)
        return known

    def _state(self, track: int) -> int:
        known = self.tracks.get(track)
        return known.slices.state[-1] if known is not None else State.UNKNOWN

    def _new_track(self, track: int, kind: str, name: str, t_ns: int) -> Track:
        process = self._processes.of(self._strands.thread).number
        schedules = kind in self.words.schedulers
        new = self.tracks[track] = Track(track, kind, name, spawn_ns=t_ns, schedules=schedules, process=process)
        self._names.give(new, name)
        return new

    def _who(self, track: int) -> int:
        return self._strands.current() if track == words.CURRENT else track

    def _lose(self, t_ns: int, tracks: list[int]) -> None:
        """The trace must have left out how these stopped running."""
        for track in tracks:
            if self._state(track) in (State.RUNNING, State.WAITING, State.IDLE, State.READY, State.BLOCKED):
                self._set(track, t_ns, State.UNKNOWN)

    def _on_text(self, event: ev.Text) -> None:
        self._texts[event.id] = event.text

    def _on_listing(self, event: ev.Listing) -> None:
        self.sources[self._texts.get(event.file, "")] = event.text

    def _on_place(self, event: ev.Place) -> None:
        self._places[event.id] = Place(
            self._texts.get(event.file, ""),
            self._texts.get(event.function, ""),
            event.line,
            event.end_line,
            event.column,
            event.end_column,
        )

    def _on_spawn(self, event: ev.Spawn) -> None:
        t_ns = self._at(event.t_ns)
        self._enter(t_ns, Entry.SPAWN, len(self.spawns))
        track = self.begin_track(event, t_ns, self._who(event.creator))
        if event.kind == words.THREAD:
            self._processes.join(event.track, self._processes.of(self._strands.thread))
            self._strands.thread = event.track
            self._record_run(t_ns, event.track, -1)
        elif not len(track.slices):
            self._set(event.track, t_ns, State.CREATED)

    def begin_track(self, event: ev.Spawn, t_ns: int, creator: int) -> Track:
        """All that a spawn means but for its place in the order and the track's first slice."""
        name = self._texts.get(event.name, event.kind)
        track = self.tracks.get(event.track)
        if track is None:
            track = self._new_track(event.track, event.kind, name, t_ns)
        else:
            # Lines before this one were lost or out of order; what the track did in them stands.
            track.kind, track.schedules = event.kind, event.kind in self.words.schedulers
            self._names.change(track, name)
        track.parent = event.parent
        track.creator = creator
        track.place = self._places.get(event.place)
        self._spawn_ns.append(t_ns)
        self.spawns.append(event.track)
        self._blocks.spawned(track)
        return track

    def _on_name(self, event: ev.Name) -> None:
        track = self.tracks.get(event.track)
        name = self._texts.get(event.name)
        if track is not None and name is not None and name != track.base_name:
            self._names.change(track, name)

    def _on_thread(self, event: ev.Thread) -> None:
        self._strands.thread = event.track

    def _on_fork(self, event: ev.Fork) -> None:
        self._at(event.t_ns)

    def _on_process(self, event: ev.Process) -> None:
        self._forking.on_process(event)

    def _on_copy(self, event: ev.Copy) -> None:
        self._forking.on_copy(event)

    def _record_switch(self, t_ns: int, origin: int, target: int, cause: str, value: int, place: int) -> int:
        index = self._switches.add(t_ns, origin, target, cause, value, place)
        self._enter(self._switches.ns[index], Entry.SWITCH, index)
        return index

    def _record_run(self, t_ns: int, track: int, switch: int, *, origin_ended: bool = False) -> None:
        if switch >= 0 and track in self._blocks.hubs:
            self._blocks.resumes(track, t_ns, origin_ended=origin_ended)
        known = self._set(track, t_ns, State.RUNNING, switch)
        if switch >= 0:
            known.step_slices.append(len(known.slices) - 1)

    def _park(self, t_ns: int, track: int, reason: str, on_track: int, place: int, wait: ev.Wait | None = None) -> None:
        """The next switch, if there is one, is what the park comes with."""
        self._set(track, t_ns, State.WAITING, self._parks.add(reason, on_track, place, wait))

    def _on_resume(self, event: ev.Resume) -> None:
        t_ns = self._at(event.t_ns)
        strand = self._strands.now()
        resumer = strand[-1]
        # It announced a wait and then went on.
        self._pending.pop(resumer, None)
        self._park(t_ns, resumer, words.RESUMED, event.track, event.place)
        strand.append(event.track)
        self._resumed[resumer] = event.track, event.place
        if event.cause == words.CLOSE:
            self._closing.add(event.track)
        index = self._record_switch(t_ns, resumer, event.track, event.cause, event.value, event.place)
        self._record_run(t_ns, event.track, index)
        for track in self.turns.on_resume(resumer, event.place, event.track):
            # Known from now on: what they gave before was not looked at.
            if self._state(track) == State.WAITING and self._texts.get(self._given.get(track, -1)) == NOTHING_GIVEN:
                self._take_turn(t_ns, track)

    def _take_turn(self, t_ns: int, track: int) -> None:
        """A generator gave its scheduler nothing: it is ready for its next turn, as far as can be inferred."""
        index = self._wakeups.add(t_ns, track, words.NOBODY, words.TURN)
        self._enter(t_ns, Entry.WAKEUP, index)
        self._set(track, t_ns, State.READY, index)

    def _leave(self, t_ns: int, generator: int) -> int:
        """A generator gives control back. Return to whom, or -1 if the trace does not tell that it had it."""
        resumer, lost = self._strands.leave(generator)
        self._lose(t_ns, lost)
        return resumer

    def _awaited(self, track: int, place: int) -> int:
        """Whom a generator that is parked at `place` has its `yield from` or `await` on, -1 if on nobody known.

        It is the one that it resumed there last: at an expression that parks its own track, there is no other.
        """
        inner, where = self._resumed.get(track, (words.NOBODY, words.NOTHING))
        if inner == words.NOBODY or self._places.get(where) != self._places.get(place):
            return words.NOBODY
        return inner if self._state(inner) not in FINAL else words.NOBODY

    def _on_yield(self, event: ev.Yield) -> None:
        t_ns = self._at(event.t_ns)
        resumer = self._leave(t_ns, event.track)
        self._pending.pop(event.track, None)
        self._closing.discard(event.track)
        inner = self._awaited(event.track, event.place)
        self._park(t_ns, event.track, words.SUSPENDED, inner, event.place)
        if resumer == words.NOBODY:
            self._parks.leave_alone(t_ns, event.track)
            self._enter(t_ns, Entry.PARK, len(self._parks) - 1)
        else:
            index = self._record_switch(t_ns, event.track, resumer, words.YIELD, event.value, event.place)
            self._given[event.track] = event.value
            if self._texts.get(event.value) == NOTHING_GIVEN and self.turns.is_in_turn(event.track):
                self._take_turn(t_ns, event.track)
            self._record_run(t_ns, resumer, index)

    def _on_switch(self, event: ev.Switch) -> None:
        t_ns = self._at(event.t_ns)
        bottom = self._strands.bottom() if event.origin == words.CURRENT else event.origin
        origin = self._strands.of(bottom)[-1]
        target = self._strands.of(event.target)[-1]
        believed = self._strands.current()
        if believed not in (origin, target) and self._state(believed) == State.RUNNING:
            self._lose(t_ns, [believed])
        ended = self._state(origin) in FINAL
        if not ended:
            asked = self._pending.pop(origin, None)
            if asked is None:
                self._park(t_ns, origin, words.SWITCHED, target, event.place)
            else:
                self._park(t_ns, origin, asked.reason, self._joined(asked.object), event.place, asked)
            early = self._early.pop(bottom, None)
            if early is not None:
                self._set(origin, t_ns, State.READY, early)
        self._strands.go_to(event.target)
        index = self._record_switch(t_ns, origin, target, event.cause, event.value, event.place)
        self._record_run(t_ns, target, index, origin_ended=ended)

    def _joined(self, thing: int) -> int:
        """The one track whose end is waited for; -1 if that is not what this text says."""
        tracks = joined_tracks(self._texts.get(thing, ""))
        return tracks[0] if len(tracks) == 1 else words.NOBODY

    def _on_wait(self, event: ev.Wait) -> None:
        self._at(event.t_ns)
        self._pending[self._strands.top(self._who(event.track))] = event

    def _on_tie(self, event: ev.Tie) -> None:
        thing = self._texts.get(event.object, "")
        self.ties.append(Tie(self._at(event.t_ns), event.track, event.relation, thing, joined_tracks(thing)))

    def _on_wake(self, event: ev.Wake) -> None:
        t_ns = self._at(event.t_ns)
        strand = self._who(event.track)
        track = self._strands.top(strand)
        index = self._wakeups.add(t_ns, track, self._who(event.waker), event.cause)
        self._enter(t_ns, Entry.WAKEUP, index)
        state = self._state(track)
        # Of several wakeups the first is what made it ready.
        if state in (State.CREATED, State.WAITING, State.UNKNOWN):
            self._set(track, t_ns, State.READY, index)
        elif state == State.RUNNING and not self.tracks[track].schedules:
            # Its next turn is arranged already; it is ready as soon as it parks.
            self._early.setdefault(strand, index)

    def _on_unready(self, event: ev.Unready) -> None:
        t_ns = self._at(event.t_ns)
        track = self._strands.top(event.track)
        slices = self.tracks[track].slices if track in self.tracks else None
        if slices is not None and len(slices) > 1 and slices.state[-1] == State.READY:
            before = State(slices.state[-2])
            if before is State.WAITING:
                self._set(track, t_ns, State.WAITING, slices.about[-2])

    def _on_exit(self, event: ev.Exit) -> None:
        t_ns = self._at(event.t_ns)
        known = self.tracks.get(event.track)
        if known is None or known.state in FINAL:
            return
        resumer = self._leave(t_ns, event.track)
        self._lose(t_ns, self._strands.cut(event.track))
        self._enter(t_ns, Entry.EXIT, len(self.exits))
        self.end_track(event, known)
        self._set(event.track, t_ns, State.FAILED if event.outcome == words.RAISED else State.DONE)
        if resumer != words.NOBODY:
            cause = returns_by(event.outcome, event.track in self._closing)
            index = self._record_switch(t_ns, event.track, resumer, cause, event.value, words.NOTHING)
            self._record_run(t_ns, resumer, index, origin_ended=True)
        self._closing.discard(event.track)
        self._forking.ended(event.track, t_ns)

    def end_track(self, event: ev.Exit, track: Track) -> None:
        """All that an exit means but for its place in the order, the track's last slice, and who has control then."""
        self._blocks.ended(track)
        track.exit_ns = event.t_ns
        track.outcome = event.outcome
        track.value = self._texts.get(event.value)
        track.inferred = self._texts.get(event.inferred)
        self._exit_ns.append(event.t_ns)
        self.exits.append(event.track)
        self.turns.on_exit(event.track)
        self._given.pop(event.track, None)

    def _on_inferred(self, event: ev.Inferred) -> None:
        self._at(event.t_ns)
        known = self.tracks.get(event.track)
        if known is not None:
            known.doubt = self._texts.get(event.text)

    def _on_poll(self, event: ev.Poll) -> None:
        t_ns = self._at(event.t_ns)
        known = self.tracks.get(event.track)
        state = State.IDLE if event.polling else State.RUNNING
        if known is not None and known.state in (State.RUNNING, State.IDLE) and known.state != state:
            self._set(event.track, t_ns, state, known.slices.about[-1])

    def _on_sample(self, event: ev.Sample) -> None:
        t_ns = self._at(event.t_ns)
        known = self.tracks.get(self._who(event.track))
        # Of lines that were lost, it is not known who ran in fact.
        if known is not None and known.state is State.RUNNING and event.place in self._places and event.count > 0:
            index = self.samples.add(t_ns, known.id, event.place, event.count)
            self._enter(t_ns, Entry.SAMPLE, index)
            known.version += 1

    def _on_output(self, event: ev.Output) -> None:
        t_ns = self._at(event.t_ns)
        self._enter(t_ns, Entry.OUTPUT, len(self.outputs))
        self.outputs.append(Output(t_ns, self._strands.current(), event.stream, event.text, event.cut))

    def _remark(self, event: ev.Note | ev.Held | ev.Continued | ev.Dropped | ev.Uncaught | ev.End) -> None:
        # The source itself counts unreadable lines, and knows no time for it.
        t_ns = self._at(event.t_ns) if event.t_ns >= 0 else self.last_ns
        self._enter(t_ns, Entry.REMARK, len(self.remarks))
        self._remark_ns.append(t_ns)
        self.remarks.append(event)

    def _on_note(self, event: ev.Note) -> None:
        self._remark(event)
        self.notes.append(event.text)
        if event.unsupported:
            self.unsupported[event.unsupported] = event.text

    def _on_held(self, event: ev.Held) -> None:
        self._remark(event)
        self.stops.hold(event.t_ns, event.held_ns)

    def _on_continued(self, event: ev.Continued) -> None:
        self._remark(event)
        self.stops.go_on(event.t_ns, event.held_ns)

    def _on_dropped(self, event: ev.Dropped) -> None:
        self._remark(event)
        self.dropped[event.what] = event.count

    def _on_uncaught(self, event: ev.Uncaught) -> None:
        self._remark(event)
        self.uncaught = (event.exception, event.message)

    def _on_end(self, event: ev.End) -> None:
        self._remark(event)
        self.end = event
        self._forking.end()

    _rare: ClassVar[dict[type, Callable[[Timeline, Any], None]]] = {
        ev.Text: _on_text,
        ev.Place: _on_place,
        ev.Listing: _on_listing,
        ev.Spawn: _on_spawn,
        ev.Name: _on_name,
        ev.Thread: _on_thread,
        ev.Fork: _on_fork,
        ev.Process: _on_process,
        ev.Copy: _on_copy,
        ev.Wait: _on_wait,
        ev.Tie: _on_tie,
        ev.Wake: _on_wake,
        ev.Unready: _on_unready,
        ev.Exit: _on_exit,
        ev.Inferred: _on_inferred,
        ev.Poll: _on_poll,
        ev.Sample: _on_sample,
        ev.Output: _on_output,
        ev.Note: _on_note,
        ev.Held: _on_held,
        ev.Continued: _on_continued,
        ev.Dropped: _on_dropped,
        ev.Uncaught: _on_uncaught,
        ev.End: _on_end,
    }


def joined_tracks(thing: str) -> tuple[int, ...]:
    """The tracks that "track 7" or "tracks 7, 8" speaks of; none of any other thing."""
    word, _, numbers = thing.partition(" ")
    if word not in ("track", "tracks"):
        return ()
    return tuple(int(number) for number in numbers.split(", ") if number.isdecimal() and len(number) < 10)
