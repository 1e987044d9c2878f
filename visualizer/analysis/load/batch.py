"""Takes batches of lines into a timeline, whatever they are: first who runs (steps.py), then what that comes to for
each track (per_track.py), then all of it is written.

What a batch leaves open is kept for the next one, so that it does not matter where a trace is divided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from visualizer.analysis.load import per_track
from visualizer.analysis.load.distinct import last_true, shifted
from visualizer.analysis.load.per_track import READY_AGAIN, SHOWN, UNBORN, Before, Items, begun, items_of, states
from visualizer.analysis.load.steps import ALONE, RETURN, TURN, Extra, Steps, arranged, kinds, resolve
from visualizer.analysis.load.templates import Templates
from visualizer.analysis.model.blocking import HOG_NS
from visualizer.analysis.model.schedulers import Resumptions
from visualizer.analysis.model.stacks import Stacks
from visualizer.analysis.model.states import RUNS, State
from visualizer.analysis.model.types import Entry
from visualizer.analysis.model.writer import Passages, Writer
from visualizer.trace import words
from visualizer.trace.columns import (
    BEGIN,
    EXIT,
    IDLE,
    NOTED,
    POLL,
    RESUME,
    SAMPLE,
    SPAWN,
    SWITCH,
    THREAD,
    WAIT,
    WAKE,
    YIELD,
    Column,
    Columnizer,
    Columns,
    Template,
    grouped,
    nonzero,
    numbered,
)
from visualizer.trace.events import Sample

_SWITCHES = kinds(SWITCH, RESUME, YIELD, RETURN)
_SUSPENDS = kinds(SWITCH, RESUME, YIELD, ALONE)
_KEPT = kinds(SPAWN, BEGIN, EXIT, SAMPLE, NOTED)
_TURNS_THREAD = kinds(THREAD, BEGIN)
#: Of one step it stands behind tracks that this speaks of first.
_KEPT_LAST = 2
_NO_NUMBERS: Column = np.zeros(0, dtype=np.int64)


class Batches:
    """Takes the columns of one trace, in order, into its timeline."""

    def __init__(self, writer: Writer, columnizer: Columnizer, stacks: Stacks) -> None:
        self.writer = writer
        self.stacks = stacks
        self.templates = Templates(writer, columnizer)
        #: What tracks have announced to wait for: template, and the time that was asked for.
        self.pending: dict[int, tuple[int, int]] = {}
        #: By which wakeup greenlets that run are ready as soon as they are suspended; by the bottom of the stack.
        self.early: dict[int, int] = {}
        #: Generators that are being closed.
        self.closing: set[int] = set()
        #: Whom each track resumed last, and where.
        self.resumed: dict[int, tuple[int, int]] = {}

    def take(self, columns: Columns) -> None:
        """Take in all of them."""
        self.templates.learn()
        _Batch(self, columns).take()


class _Batch:
    """One batch on its way. `steps`, and what is beside them, are columns; `items` are what each step is to whom."""

    def __init__(self, batches: Batches, columns: Columns) -> None:
        self.batches = batches
        self.writer = batches.writer
        self.columns = columns
        stacks, schedulers = batches.stacks, batches.writer.schedulers
        self.thread = stacks.thread
        #: Generators that run on behalf of a scheduler.
        self.in_turn = [one for stack in stacks.stacks.values() for one in stack[1:] if schedulers.is_in_turn(one)]
        exits, begins = (nonzero(mask.take(columns.kind)).tolist() for mask in (kinds(EXIT), kinds(SPAWN, BEGIN)))
        #: By which line of this batch tracks begin.
        self.begins = dict(zip(columns.a[begins[::-1]].tolist(), begins[::-1], strict=True)) if exits else {}
        #: When tracks end, by the number of the line.
        self.exits: dict[int, int] = {}
        steps, extras, returns = resolve(columns, stacks, self._void(exits))
        stacks.tidy()
        #: Of lines that resume, whether a scheduler does.
        self.by_scheduler = np.zeros(len(columns.kind), dtype=bool)
        extras += self._turns(steps)
        #: Exits of generators that were being closed.
        self.closed = self._closed_by(steps.kind)
        self.steps = arranged(steps, extras, returns)
        event = self.steps.event
        self.t_ns, self.template, self.value = columns.t_ns[event], columns.template[event], columns.value[event]

    # What else has to be told of lines.

    def _void(self, exits: list[int]) -> list[int]:
        """Those that end what has ended before, or what nothing has been told of yet."""
        void, tracks = [], self.writer.timeline.tracks
        for line, track in zip(exits, self.columns.a[exits].tolist(), strict=True):
            is_void = self.writer.is_over(track) if track in tracks else not self._is_known(track, line)
            if is_void or track in self.exits:
                void.append(line)
            else:
                self.exits[track] = line
        return void

    def _is_known(self, track: int, line: int) -> bool:
        """Whether a line in front of this one speaks of a track that is new."""
        if self.begins.get(track, line) < line:
            return True
        kind, a, b = (column[:line] for column in (self.columns.kind, self.columns.a, self.columns.b))
        runs = _SWITCHES.take(kind)
        if any(track in stack for stack in self.batches.stacks.stacks.values()) and runs.any():
            return True
        return bool((((runs | (kind == WAKE)) & (a == track)) | ((kind == SWITCH) & (b == track))).any())

    def _end_of(self, track: int) -> int:
        """By which line the track ends: before all of them, or behind, if by none."""
        return (
            self.exits[track] if track in self.exits else -1 if self.writer.is_over(track) else len(self.columns.kind)
        )

    def _has_ended(self, track: int, line: int) -> bool:
        return self._end_of(track) < line

    def _turns(self, steps: Steps) -> list[Extra]:
        """Those who are found to be resumed in turn, and gave nothing before that, are ready from then on."""
        resumes = nonzero(steps.kind == RESUME)
        if not len(resumes):
            return []
        places = self.batches.templates.place[self.columns.template[resumes]]
        resumptions = Resumptions(resumes, steps.by[resumes], places, steps.who[resumes])
        self.by_scheduler[resumes], found = self.writer.schedulers.take(resumptions, self._has_ended)
        extras = []
        for line, tracks in found:
            left = nonzero(_SUSPENDS[steps.kind[: line + 1]])
            values = np.where(steps.kind[left] == YIELD, self.columns.value[left], words.NOTHING)
            given = dict(zip(steps.by[left].tolist(), values.tolist(), strict=True))
            for track in tracks:
                value = given[track] if track in given else self.writer.given(track)
                extras += [Extra(line, 2, TURN, track, words.NOBODY)] if value in self.writer.nothings else []
        return extras

    def _closed_by(self, kind: Column) -> set[int]:
        closing, a, may_close = self.batches.closing, self.columns.a, self.batches.templates.closes
        closed: set[int] = set()
        if not closing and not may_close.any():
            return closed
        closes = may_close.take(self.columns.template) & (kind == RESUME)
        if not closing and not closes.any():
            return closed
        tracks = np.array([*closing, *a[closes].tolist()])
        is_one = np.zeros(max(int(tracks.max()), int(a.max())) + 1, dtype=bool)
        is_one[tracks] = True
        those = is_one.take(a, mode="clip") & ((kind == YIELD) | (kind == ALONE) | (kind == EXIT))
        for line in nonzero(those | closes).tolist():
            track = int(a[line])
            if closes[line]:
                closing.add(track)
            else:
                if kind[line] == EXIT and track in closing:
                    closed.add(line)
                closing.discard(track)
        return closed

    # What it comes to.

    def take(self) -> None:
        steps, kind, writer = self.steps, self.steps.kind, self.writer
        exits = nonzero(kind == EXIT)
        failed = exits[self.batches.templates.raises.take(self.template[exits])]
        idles = kind == IDLE
        items = items_of(steps, failed, ((kind == POLL) | idles) & (self.value != 0))
        if idles.any():
            # Of a scheduler it is observed when it polls.
            items = items.those(~(idles[items.step] & self._is_hub(items)[items.track]))
        before = self._before(items.ids.tolist())
        waits = self._waits(items)
        if (kind == WAIT).any():
            items = items.those(items.what != per_track.WAITS)
        self._find_turns(items)
        found, after = states(items, before)
        early = self._early(items, before, found)
        if len(early.items):
            items.what[early.items] = per_track.LEAVE_READY
            found, after = states(items, before)
        what = items.what
        over = items.step[(what == per_track.LEAVE) & ((found == State.DONE) | (found == State.FAILED))]
        # The number that each step has among the switches, the suspensions and the wakeups, or the last one before it.
        is_switch, is_suspension, is_wake = _SWITCHES.take(kind), _SUSPENDS.take(kind), kind == WAKE
        is_suspension[over] = False
        self.over = set(over.tolist())
        is_wake[items.step[what == per_track.SUSPENSION_READY]] = True
        is_wake[items.step[(what == per_track.TURNED) & (found == State.WAITING)]] = True
        switch, suspension, wake = (
            np.cumsum(those, dtype=np.int32) + np.int32(count - 1)
            for those, count in zip((is_switch, is_suspension, is_wake), writer.counts, strict=True)
        )
        for bottom, step in early.open:
            self.batches.early.setdefault(bottom, int(wake[step]))
        begins = begun(items, found)
        number, entry, t_ns = self._write_lines(items, before, found, begins)
        # Slices.
        about = np.where(is_switch, switch, np.int32(-1))
        woken = nonzero(is_wake & ~is_switch)
        about[woken] = wake[woken]
        about = about.take(items.step)
        leaves = nonzero(per_track.SUSPENDS.take(what))
        about[leaves] = suspension.take(items.step.take(leaves))
        state, steps_, bounds = SHOWN.take(after), items.step, items.edges
        runs = what == per_track.RUN
        if (kind == BEGIN).any():
            runs &= is_switch.take(steps_)
        self._restore(items, before, begins, about)
        if not (begins == 1).all():
            which = np.repeat(np.arange(len(what)), begins)
            state, about, steps_, runs = (column.take(which) for column in (state, about, steps_, runs))
            ends = np.concatenate(([0], np.cumsum(begins)))
            bounds = ends[bounds]
            twice = nonzero(which[1:] == which[:-1])
            state[twice] = State.WAITING
            about[twice + 1] = wake[steps_[twice]]
            if len(early.items):
                ready = early.wakes.copy()
                ready[early.steps >= 0] = wake[early.steps[early.steps >= 0]]
                about[ends[early.items + 1] - 1] = ready
        # All tracks.
        self._write_columns(waits, is_switch, is_suspension, is_wake, switch, suspension)
        self._write_order(entry, number, t_ns, is_switch, is_wake, switch, suspension, wake)
        writer.begin_slices(
            items.ids.tolist(), before.counts, bounds, self.t_ns.take(steps_), state, about, nonzero(runs)
        )
        self._close_hubs(items, before, bounds, steps_)
        occurred = [State(one) for one in nonzero(np.bincount(state, minlength=1)).tolist()]
        writer.reach(int(self.columns.t_ns.max()), len(self.columns.kind), occurred)

    def _before(self, ids: list[int]) -> Before:
        """The tracks as they are in front of all this."""
        tracks, hubs = self.writer.timeline.tracks, self.writer.hubs
        states, counts = np.full(len(ids), UNBORN, dtype=np.uint8), [0] * len(ids)
        runs, suspensions = np.full((2, len(ids)), -1, dtype=np.int32)
        for number, track in enumerate(map(tracks.get, ids)):
            if track is None:
                continue
            if track.id in hubs:
                self.writer.reopen(track)
            slices = track.slices
            count = counts[number] = len(slices.state)
            if not count:
                continue
            state = slices.state[-1]
            if state == State.WAITING:
                suspensions[number] = slices.about[-1]
            elif state == State.READY:
                if count > 1 and slices.state[-2] == State.WAITING:
                    state, suspensions[number] = READY_AGAIN, slices.about[-2]
            elif state in RUNS:
                runs[number] = slices.about[-1]
            states[number] = state
        return Before(states, runs, suspensions, counts)

    def _waits(self, items: Items) -> _Waits:
        """The switches that end what was announced as a wait."""
        pending, what = self.batches.pending, items.what
        those = nonzero((what == per_track.WAITS) | (what == per_track.SUSPENSION) | (what == per_track.LEAVE))
        step, track, is_wait = items.step[those], items.track[those], what[those] == per_track.WAITS
        if not pending and not is_wait.any():
            return _Waits(_NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS)
        is_first, is_last = _edges(track)
        leaves = what[those] == per_track.LEAVE
        hits = nonzero(leaves & shifted(is_wait, False) & ~is_first)
        steps, wait = step[hits], step[hits - 1]
        templates, asked_ns = self.template[wait], self.value[wait]
        firsts = nonzero(is_first)
        ids = items.ids[track[firsts]]
        there = set(ids.tolist()) if pending else ()
        for id in [id for id in pending if id in there]:
            first = int(firsts[np.searchsorted(ids, id)])
            template, asked = pending.pop(id)
            if leaves[first]:
                steps, templates = np.append(steps, step[first]), np.append(templates, template)
                asked_ns = np.append(asked_ns, asked)
        open_ = nonzero(is_wait & is_last)
        said = zip(self.template[step[open_]].tolist(), self.value[step[open_]].tolist(), strict=True)
        pending.update(zip(items.ids[track[open_]].tolist(), said, strict=True))
        order = steps.argsort(kind="stable")
        return _Waits(steps[order], templates[order], asked_ns[order])

    def _find_turns(self, items: Items) -> None:
        """Who gives its scheduler nothing is ready for its next turn, as far as can be inferred."""
        if not self.in_turn and not self.by_scheduler.any():
            return
        gives_nothing = (self.steps.kind == YIELD) & np.isin(self.value, self.writer.nothings)
        if not gives_nothing.any():
            return
        kind, what, event = self.steps.kind[items.step], items.what, self.steps.event[items.step]
        is_resumed = (what == per_track.RUN) & (kind == RESUME)
        is_yield = (what == per_track.SUSPENSION) & (kind == YIELD)
        those = nonzero(is_resumed | is_yield)
        track, last = items.track[those], last_true(is_resumed[those])
        known = (last >= 0) & (track[last] == track)
        before = np.isin(items.ids, self.in_turn)[track]
        in_turn = np.where(known, self.by_scheduler[event[those[last]]], before)
        in_turn &= is_yield[those] & gives_nothing[items.step[those]]
        what[those[in_turn]] = per_track.SUSPENSION_READY

    def _early(self, items: Items, before: Before, found: Column) -> _Early:
        """Who is woken while it runs is ready as soon as it is suspended; the first wake of a run counts."""
        what, early, steps = items.what, self.batches.early, self.steps
        woken = nonzero((what == per_track.WOKEN) & np.isin(found, RUNS))
        if len(woken):
            woken = woken[~self._is_hub(items)[items.track[woken]]]
        if not len(woken) and not early:
            return _Early(_NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS, [])
        leaves = nonzero((what == per_track.LEAVE) & (found != State.DONE) & (found != State.FAILED))
        # By bottom: who is woken, and who leaves.
        item_of = np.full(len(steps.kind), -1)
        item_of[items.step[woken]], item_of[items.step[leaves]] = woken, leaves
        step = nonzero(item_of >= 0)
        bottoms, index = numbered(steps.bottom[step] + 1)
        order, edges = grouped(index, len(bottoms))
        step = step[order]
        is_wake = what[item_of[step]] == per_track.WOKEN
        is_first, is_last = np.zeros((2, len(step)), dtype=bool)
        is_first[edges[:-1]] = is_last[edges[1:] - 1] = True
        is_open = ~is_first & shifted(is_wake, False)
        run = last_true(is_wake & ~is_open)
        hits = nonzero(~is_wake & is_open)
        leaving, by, wakes = step[hits], step[run[hits]], np.full(len(hits), -1)
        ids = (bottoms - 1).tolist()
        for bottom in [bottom for bottom in ids if bottom in early] if early else ():
            first, end = edges[ids.index(bottom)], edges[ids.index(bottom) + 1]
            left = nonzero(~is_wake[first:end])
            if len(left):
                at, number = step[first + left[0]], early.pop(bottom)
                is_other = leaving != at
                leaving, by = np.append(leaving[is_other], at), np.append(by[is_other], -1)
                wakes = np.append(wakes[is_other], number)
        tails = nonzero(is_last & is_wake)
        open_ = list(zip(steps.bottom[step[tails]].tolist(), step[run[tails]].tolist(), strict=True))
        return _Early(item_of[leaving], by, wakes, open_)

    def _is_hub(self, items: Items) -> Column:
        spawned = self.steps.who[self.batches.templates.schedules.take(self.template)]
        return np.isin(items.ids, [*self.writer.hubs, *spawned.tolist()])

    def _restore(self, items: Items, before: Before, begins: Column, about: Column) -> None:
        """What slices are about that go on with what was before them: a wait, or a run."""
        what = items.what
        for those, of, first in (
            (what == per_track.UNDONE, per_track.SUSPENDS.take(what) & (begins > 0), before.suspension),
            ((what == per_track.POLLS) | (what == per_track.POLLED), what == per_track.RUN, before.run),
        ):
            again = nonzero(those)
            if len(again):
                last, track = last_true(of)[again], items.track[again]
                about[again] = np.where((last >= 0) & (items.track[last] == track), about[last], first[track])

    def _write_lines(
        self, items: Items, before: Before, found: Column, begins: Column
    ) -> tuple[Column, Column, Column]:
        """Tracks that begin and end, and what else was kept as a line. Return of each step its number among others of
        its entry, and that (none: below 0); and its time."""
        kind, writer = self.steps.kind, self.writer
        number, entry = np.full(len(kind), -1), np.full(len(kind), -1, dtype=np.int8)
        t_ns = self.t_ns
        kept = nonzero(_KEPT.take(kind))
        step, of = kept, np.full((2, len(kept)), _KEPT_LAST)
        # Tracks of which no line has told that they begin, where they are first spoken of.
        unborn = nonzero(before.state == UNBORN)
        if len(unborn):
            some = nonzero(begins)
            at = np.concatenate((some, [len(begins)]))[some.searchsorted(items.edges[unborn])]
            unborn, at = unborn[at < items.edges[unborn + 1]], at[at < items.edges[unborn + 1]]
            spawned = kind[items.step[at]]
            strays = (spawned != SPAWN) & (spawned != BEGIN)
            if strays.any():
                unborn, at = unborn[strays], at[strays]
                of = np.concatenate(([items.what[at] == per_track.RUN, items.ids[unborn]], of), axis=1)
                step = np.concatenate((items.step[at], step))
                order = np.lexsort((of[1], of[0], step))
                step, of = step[order], of[:, order]
        if not len(step):
            return number, entry, t_ns
        valid = np.zeros(len(kind), dtype=bool)
        valid[items.step[begins > 0]] = True
        seen = items.what == per_track.SEEN
        idle = nonzero(seen & (found == State.IDLE))
        valid[items.step[seen & (found == State.RUNNING)]] = True
        # Of a hub, that is a poll.
        valid[items.step[idle[~self._is_hub(items)[items.track[idle]]]]] = True
        is_spawn, is_exit = (kind == SPAWN) | (kind == BEGIN), (kind == EXIT) & valid
        for those, one, count in (
            (is_spawn, Entry.SPAWN, len(writer.timeline.spawns)), (is_exit, Entry.EXIT, len(writer.timeline.exits)),
        ):
            entry[those], number[those] = one, np.arange(count, count + np.count_nonzero(those))
        is_new = (of[0] == _KEPT_LAST) & is_spawn[step]
        births, others = step[is_new], nonzero(~is_new & ((of[0] < _KEPT_LAST) | (kind[step] != EXIT)))
        thread_of, t_ns = self._threads(), t_ns.copy()
        begun = 0
        for at, (last, id), born in zip(
            step[others].tolist(), of[:, others].T.tolist(), np.cumsum(is_new)[others].tolist(), strict=True
        ):
            # In this order: names are numbered as the tracks come.
            self._spawn(births[begun:born], thread_of)
            begun = born
            event = int(self.steps.event[at])
            if last < _KEPT_LAST:
                writer.track(id, int(t_ns[at]), thread_of(event))
            else:
                noted = self._note(self.columns.kept[int(self.value[at])], at, bool(valid[at]), t_ns)
                if noted is not None:
                    entry[at], number[at] = noted
        self._spawn(births[begun:], thread_of)
        exits = nonzero(is_exit)
        writer.exit(
            self.steps.who[exits].tolist(), self.t_ns[exits].tolist(), self._templates_of(exits),
            self.value[exits].tolist(),
        )
        return number, entry, t_ns

    def _spawn(self, births: Column, thread_of: Callable[[int], int]) -> None:
        """These steps bring new tracks."""
        if len(births):
            self.writer.spawn(
                self.steps.who[births].tolist(), self.t_ns[births].tolist(), self._templates_of(births),
                self.steps.by[births].tolist(), map(thread_of, self.steps.event[births].tolist()),
            )

    def _templates_of(self, steps: Column) -> Iterator[Template]:
        return map(self.batches.templates.all.__getitem__, self.template[steps].tolist())

    def _note(self, line: Any, step: int, is_valid: bool, t_ns: Column) -> tuple[Entry, int] | None:
        """Any other line that was kept. Return its place among others of its entry, if it has one."""
        writer = self.writer
        if type(line) is Sample:
            track = int(self.steps.who[step])
            is_valid &= track in writer.timeline.tracks and writer.timeline.place(line.place) is not None
            return (Entry.SAMPLE, writer.sample(line, track)) if is_valid and line.count > 0 else None
        if line.t_ns < 0:
            t_ns[step] = max(writer.timeline.last_ns, int(self.columns.t_ns[: int(self.steps.event[step]) + 1].max()))
        return writer.note(line, int(t_ns[step]), int(self.steps.by[step]))

    def _threads(self) -> Callable[[int], int]:
        """On which thread a line is."""
        if not self.writer.processes.several:
            # Which it is makes no difference.
            return lambda line: self.thread
        turns = nonzero(_TURNS_THREAD.take(self.columns.kind))
        threads = [self.thread, *self.columns.a[turns].tolist()]
        return lambda line: threads[int(turns.searchsorted(line))]

    def _write_columns(
        self, waits: _Waits, is_switch: Column, is_suspension: Column, is_wake: Column, switch: Column,
        suspension: Column,
    ) -> None:
        steps, kind, writer, templates = self.steps, self.steps.kind, self.writer, self.batches.templates
        first_suspension = writer.counts[1]
        those = nonzero(is_suspension)
        number, template = switch[those], self.template[those]
        how, on_track = templates.suspension[template], steps.who[those]
        alone = nonzero(kind[those] == ALONE)
        number[alone] = ~(number[alone] + 1)
        yields = nonzero((kind[those] == YIELD) | (kind[those] == ALONE))
        on_track[yields] = self._awaited(those[yields])
        timed = asked_ns = _NO_NUMBERS
        if len(waits.steps):
            some = is_suspension[waits.steps]
            of, said, asked_ns = waits.steps[some], waits.templates[some], waits.asked_ns[some]
            at = suspension[of] - first_suspension
            how[at] = templates.suspensions_of_waits(self.template[of], said)
            on_track[at] = templates.joined[said]
            timed, asked_ns = suspension[of][asked_ns >= 0], asked_ns[asked_ns >= 0]
        suspended = steps.who[those[alone]].tolist()
        writer.suspension(number, on_track, how, timed, asked_ns)
        for index, t_ns, track in zip(
            suspension[those[alone]].tolist(), self.t_ns[those[alone]].tolist(), suspended, strict=True
        ):
            writer.suspend_alone(index, t_ns, track)
        those = nonzero(is_switch)
        template, value, how = self.template[those], self.value[those], templates.how[self.template[those]]
        returns = nonzero(kind[those] == RETURN)
        if len(returns):
            is_closed = np.isin(steps.event[those[returns]], [*self.closed])
            how[returns] = np.where(is_closed, templates.closed[template[returns]], templates.left[template[returns]])
        self.switched_ns = np.maximum.accumulate(np.maximum(self.t_ns[those], writer.last_switch_ns))
        writer.switch(Passages(self.switched_ns, steps.by[those], steps.who[those], how, value))
        those = nonzero(is_wake)
        is_told = kind[those] == WAKE
        turn = writer.number_of_cause(words.TURN) if not is_told.all() else -1
        writer.wake(
            self.t_ns[those],
            np.where(kind[those] == YIELD, steps.by[those], steps.who[those]),
            np.where(is_told, steps.by[those], words.NOBODY),
            np.where(is_told, templates.how[self.template[those]], turn),
        )

    def _awaited(self, yields: Column) -> Column:
        """Whom generators that are suspended by these steps have their `yield from` or `await` on, -1 if on nobody
        known.

        It is the one that each resumed there last: at an expression that suspends its own track, there is no other.
        """
        steps, resumed = self.steps, self.batches.resumed
        found = np.full(len(yields), words.NOBODY, dtype=np.int32)
        is_either = steps.kind == RESUME
        is_either[yields] = True
        those, places = nonzero(is_either), self.batches.templates.same_place[self.template]
        ids, index = numbered(steps.by[those] + 1)
        ids = ids - 1
        is_resume = steps.kind[those] == RESUME
        latest = np.full(len(ids), -1)
        latest[index[is_resume]] = those[is_resume]
        # Only who yields and has resumed somebody can wait for that.
        may_wait, inner, where = np.zeros(len(ids), dtype=bool), *np.full((2, len(ids)), words.NOBODY)
        may_wait[index[~is_resume]] = True
        asking = nonzero(may_wait)
        for number, track in zip(asking.tolist(), ids[asking].tolist(), strict=True):
            if track in resumed:
                inner[number], where[number] = resumed[track]
        may_wait &= (latest >= 0) | (inner >= 0)
        if may_wait.any():
            some = nonzero(may_wait[index])
            order, edges = grouped(index[some], len(ids))
            some = some[order]
            step, group, last = those[some], index[some], last_true(is_resume[some])
            at, valid = step[last], last >= edges[group]
            whom, place = np.where(valid, steps.who[at], inner[group]), np.where(valid, places[at], where[group])
            asked = nonzero(~is_resume[some] & (whom >= 0) & (place == places[step]))
            awaited, asking, exits = whom[asked], step[asked], self.exits
            different, which = numbered(awaited)
            ends = [exits[one] if one in exits else self._end_of(one) for one in different.tolist()]
            awaited[np.array(ends, dtype=np.int64)[which] < steps.event[asking]] = words.NOBODY
            found[yields.searchsorted(asking)] = awaited
        resuming = nonzero(latest >= 0)
        at = latest[resuming]
        said = zip(steps.who[at].tolist(), places[at].tolist(), strict=True)
        resumed.update(zip(ids[resuming].tolist(), said, strict=True))
        return found

    def _write_order(
        self, entry: Column, number: Column, t_ns: Column, is_switch: Column, is_wake: Column, switch: Column,
        suspension: Column, wake: Column,
    ) -> None:
        kind = self.steps.kind
        both = nonzero(is_switch & is_wake)
        entry[is_wake], number[is_wake] = Entry.WAKEUP, wake[is_wake]
        entry[is_switch], number[is_switch] = Entry.SWITCH, switch[is_switch]
        alone = kind == ALONE
        entry[alone], number[alone] = Entry.SUSPENSION, suspension[alone]
        t_ns = t_ns.copy()
        t_ns[is_switch] = self.switched_ns
        those = nonzero(entry >= 0)
        entry, number, t_ns = entry[those], number[those], t_ns[those]
        if len(both):
            # Who yields to its scheduler is ready behind the switch.
            at = np.searchsorted(those, both) + 1
            entry, number = np.insert(entry, at, Entry.WAKEUP), np.insert(number, at, wake[both])
            t_ns = np.insert(t_ns, at, self.t_ns[both])
        self.writer.enter(entry.astype(np.uint32), number.astype(np.uint32), t_ns)

    def _close_hubs(self, items: Items, before: Before, bounds: Column, step: Column) -> None:
        """Where hubs stood still for long while there was somebody to wake, they were blocked."""
        writer = self.writer
        for id, hub in writer.hubs.items():
            at = int(items.ids.searchsorted(id))
            if at == len(items.ids) or items.ids[at] != id:
                continue
            low, first = int(bounds[at]), before.counts[at]
            start_ns = np.array(hub.slices.start_ns[max(0, first - 1) :])
            was = np.array(hub.slices.state[max(0, first - 1) : -1])
            still = (was == State.WAITING) | (was == State.CREATED)
            for number in nonzero(still & (np.diff(start_ns) >= HOG_NS)).tolist():
                index = max(0, first - 1) + number
                writer.close(hub, index, self._is_left(id, int(step[low + index + 1 - first])))

    def _is_left(self, hub: int, step: int) -> bool:
        """Whether a hub has anybody to wake at this step, or had until the one by which it runs then."""
        kind = self.steps.kind
        if kind[step] == RETURN or step in self.over:
            return True
        count = self.writer.living(hub)
        for other in nonzero((kind == SPAWN) | (kind == BEGIN) | (kind == EXIT)).tolist():
            known = self.writer.timeline.tracks.get(int(self.steps.who[other]))
            if other >= step and known is not None and known.parent == hub:
                count += 1 if kind[other] == EXIT else -1
        return count > 0


class _Waits(NamedTuple):
    """Steps that suspend tracks that had announced a wait, ascending; its template, and for how long."""

    steps: Column
    templates: Column
    asked_ns: Column


class _Early(NamedTuple):
    """Which items leave who have been woken before; by which step, or, where that is -1, which wakeup. `open`: who has
    been woken and is still to leave, and by which step."""

    items: Column
    steps: Column
    wakes: Column
    open: list[tuple[int, int]]


def _edges(track: Column) -> tuple[Column, Column]:
    """Whether each is the first, and the last, of its track."""
    differs = np.ones(len(track) + 1, dtype=bool)
    differs[1:-1] = track[1:] != track[:-1]
    return differs[:-1][: len(track)], differs[1:]
