"""Takes batches of lines into a timeline, whatever they are: first who runs (steps.py), then what that comes to for
each track (per_track.py), then all of it is written.

What a batch leaves open is kept for the next one, so that it does not matter where a trace is divided.
"""

from __future__ import annotations

from functools import cached_property
from itertools import compress

import numpy as np

from visualizer.analysis.load import per_track
from visualizer.analysis.load.awaited import awaited
from visualizer.analysis.load.distinct import NO_NUMBERS, are_any, chosen, edges, last_true, numbers_from, rise, shifted
from visualizer.analysis.load.ends import Ends
from visualizer.analysis.load.leaving import Waits, announced, woken_early
from visualizer.analysis.load.lines import Lines, are_begins
from visualizer.analysis.load.per_track import SHOWN, Before, Items, begun, items_of, states
from visualizer.analysis.load.steps import ALONE, RETURN, TURN, Extra, Steps, arranged, resolve
from visualizer.analysis.load.tails import tails_after, tails_before
from visualizer.analysis.load.templates import Templates
from visualizer.analysis.model.blocking import HOG_NS
from visualizer.analysis.model.numbers import NONE
from visualizer.analysis.model.schedulers import Resumptions
from visualizer.analysis.model.stacks import Stacks
from visualizer.analysis.model.states import State
from visualizer.analysis.model.types import Entry
from visualizer.analysis.model.writer import Passages, Writer
from visualizer.trace import words
from visualizer.trace.columns import (
    BEGIN,
    EXIT,
    IDLE,
    PARK,
    POLL,
    RESUME,
    SPAWN,
    SWITCH,
    UNPARK,
    WAIT,
    WAKE,
    YIELD,
    Column,
    Columnizer,
    Columns,
    kinds,
    nonzero,
    numbered,
)

_switches = kinds(SWITCH, RESUME, YIELD, RETURN, UNPARK)
_suspends = kinds(SWITCH, RESUME, YIELD, ALONE, PARK)
#: They suspend, and are no switches.
_alone = kinds(ALONE, PARK)
_yields = kinds(YIELD, ALONE)
_polls = kinds(POLL, IDLE)
#: Items after which a wait goes on, or a run; and by which that begins.
_undone, _goes_on, _runs = kinds(per_track.UNDONE), kinds(per_track.POLLS, per_track.POLLED), kinds(per_track.RUN)
_waits = kinds(State.WAITING)
#: What so few did is remembered.
_FEW = 1 << 10


class Batches:
    """Takes the columns of one trace, in order, into its timeline."""

    def __init__(self, writer: Writer, columnizer: Columnizer, stacks: Stacks) -> None:
        self.writer = writer
        self.stacks = stacks
        self.templates = Templates(writer, columnizer)
        #: What tracks have announced to wait for: template, the time that was asked for, and the thing.
        self.pending: dict[int, tuple[int, int, int]] = {}
        #: By which wakeup greenlets that run are ready as soon as they are suspended; by the bottom of the stack.
        self.early: dict[int, int] = {}
        #: Whom each track resumed last, and where.
        self.resumed: dict[int, tuple[int, int]] = {}
        self._most = _FEW

    def take(self, columns: Columns) -> None:
        """Take in all of them."""
        self.templates.learn()
        _Batch(self, columns).take()

    def tidy(self) -> None:
        """Forget what tracks did that have ended, whenever as much again has come."""
        schedulers, over = self.writer.schedulers, self.writer.timeline.tracks.over
        if len(self.resumed) + schedulers.remembered > self._most:
            is_left = over.take(np.fromiter(self.resumed, np.int64, len(self.resumed))) == NONE
            self.resumed = dict(compress(self.resumed.items(), is_left.tolist()))
            schedulers.forget(over)
            self._most = max(_FEW, 2 * (len(self.resumed) + schedulers.remembered))


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
        exits = nonzero((columns.kind == EXIT) & (columns.a >= 0))
        ends = self._ends_first(exits)
        #: By which line each track ends in this batch.
        self.ends = Ends(columns.a.take(ends), ends, len(columns.kind))
        steps, extras, returns = resolve(columns, stacks, np.setdiff1d(exits, ends, assume_unique=True))
        stacks.tidy()
        #: Of lines that resume, whether a scheduler does.
        self.by_scheduler = np.zeros(len(columns.kind), dtype=bool)
        extras += self._turns(steps)
        #: Exits of generators that were being closed.
        self.closed = self._closed_by(steps.kind)
        self.steps = arranged(steps, extras, returns)
        self.t_ns, self.template, self.value = (
            column if self.steps is steps else column.take(self.steps.event)
            for column in (columns.t_ns, columns.template, columns.value)
        )

    # What else has to be told of lines.

    def _ends_first(self, exits: Column) -> Column:
        """Those that do not end what has ended before, nor what nothing has been told of yet."""
        a, tracks = self.columns.a, self.writer.timeline.tracks
        begins = nonzero(are_begins(self.columns.kind) & (a >= 0))
        different, index = numbered(np.concatenate((a[begins], a[exits])))
        first = np.full(len(different), len(a))
        first[index[: len(begins)][::-1]] = begins[::-1]
        whose = a[exits]
        is_known = (first.take(index[len(begins) :]) < exits) | tracks.are_known(whose)
        for number in nonzero(~is_known).tolist():
            is_known[number] = self._is_known(int(whose[number]), int(exits[number]))
        is_known &= ~tracks.are_over(whose)
        exits = exits.compress(is_known)
        first = np.full(len(different), -1)
        which = index[len(begins) :].compress(is_known)
        first[which[::-1]] = exits[::-1]
        ends: Column = exits.compress(first.take(which) == exits)
        return ends

    def _is_known(self, track: int, line: int) -> bool:
        """Whether a line in front of this one, other than that by which it begins, speaks of a track that is new."""
        kind, a, b = (column[:line] for column in (self.columns.kind, self.columns.a, self.columns.b))
        runs = _switches(kind)
        if any(track in stack for stack in self.batches.stacks.stacks.values()) and runs.any():
            return True
        return bool((((runs | (kind == WAKE)) & (a == track)) | ((kind == SWITCH) & (b == track))).any())

    def _ends_of(self, tracks: Column) -> Column:
        """By which line each of these ends: behind all of them, if by none; before all, if it had ended then."""
        ends = self.ends.of(tracks)
        # Those that end here may have been written by now.
        ends[nonzero((ends == len(self.columns.kind)) & self.writer.timeline.tracks.are_over(tracks))] = -1
        return ends

    def _turns(self, steps: Steps) -> list[Extra]:
        """Those who are found to be resumed in turn, and gave nothing before that, are ready from then on."""
        resumes = nonzero(steps.kind == RESUME)
        if not len(resumes):
            return []
        # In a damaged trace those who have ended may go on.
        by_ends, who_ends = self._ends_of(steps.by.take(resumes)), self._ends_of(steps.who.take(resumes))
        told = nonzero((by_ends >= resumes) & (who_ends >= resumes))
        if not len(told):
            return []
        resumes, by_lasts, who_lasts = (
            chosen(column, told) for column in (resumes, by_ends == len(steps.kind), who_ends == len(steps.kind))
        )
        places = self.batches.templates.same_place.take(self.columns.template.take(resumes))
        resumptions = Resumptions(resumes, steps.by.take(resumes), places, steps.who.take(resumes))
        self.by_scheduler[resumes], found = self.writer.schedulers.take(
            resumptions, by_lasts, who_lasts, self._ends_of
        )
        extras = []
        for line, tracks in found:
            left = nonzero(_suspends(steps.kind[: line + 1]))
            values = np.where(steps.kind[left] == YIELD, self.columns.value[left], words.NOTHING)
            given = dict(zip(steps.by[left].tolist(), values.tolist(), strict=True))
            for track in tracks:
                value = given[track] if track in given else self.writer.given(track)
                extras += [Extra(line, 2, TURN, track, words.NOBODY)] if value in self.writer.nothings else []
        return extras

    def _closed_by(self, kind: Column) -> Column:
        closing, a, may_close = self.batches.stacks.closing, self.columns.a, self.batches.templates.closes
        if not closing and not may_close.any():
            return NO_NUMBERS
        closes = (kind == RESUME) & may_close.take(self.columns.template)
        if not closing and not closes.any():
            return NO_NUMBERS
        tracks = np.array([*closing, *a[closes].tolist()])
        is_one = np.zeros(max(int(tracks.max()), int(a.max())) + 1, dtype=bool)
        is_one[tracks] = True
        those = is_one.take(a, mode="clip") & ((kind == YIELD) | (kind == ALONE) | (kind == EXIT))
        lines = nonzero(those | closes)
        lines = lines[a[lines].argsort(kind="stable")]
        track, is_close = a[lines], closes[lines]
        is_first, is_last = edges(track)
        was_closing = shifted(is_close, False)
        was_closing[is_first] = np.isin(track[is_first], [*closing])
        closing.difference_update(track[is_last].tolist())
        closing.update(track[is_last & is_close].tolist())
        closed: Column = lines[was_closing & (kind[lines] == EXIT)]
        return closed

    # What it comes to.

    def take(self) -> None:
        steps, kind, writer = self.steps, self.steps.kind, self.writer
        exits = nonzero(kind == EXIT)
        ends = self.batches.templates.ends.take(self.template[exits])
        polls, idles = nonzero(_polls(kind)), kind == IDLE
        items = items_of(steps, exits, ends, polls.compress(self.value[polls] != 0))
        if idles.any():
            # Of a scheduler it is observed when it polls.
            items = items.those(~(idles[items.step] & self._is_hub(items)[items.track]))
        before = tails_before(writer, items.ids)
        waits = announced(items, self.batches.pending, self._said)
        if (kind == WAIT).any():
            items = items.those(items.what != per_track.WAITS)
        self._find_turns(items)
        found, after = states(items, before)
        early = woken_early(items, found, steps, self.batches.early, lambda: self._is_hub(items))
        if len(early.items):
            items.what[early.items] = per_track.LEAVE_READY
            found, after = states(items, before)
        what = items.what
        over = items.step[nonzero((what == per_track.LEAVE) & per_track.is_over(found))]
        is_switch, is_suspension, is_wake = _switches(kind), _suspends(kind), kind == WAKE
        is_suspension[over] = False
        self.over = set(over.tolist())
        turned = (what == per_track.TURNED) & _waits(found)
        is_wake[items.step[nonzero((what == per_track.SUSPENSION_READY) | turned)]] = True
        switch, suspension, wake = map(numbers_from, (is_switch, is_suspension, is_wake), writer.counts)
        for bottom, step in early.open:
            self.batches.early.setdefault(bottom, int(wake[step]))
        begins = begun(items, found)
        lines = Lines(
            writer, self.batches.templates, self.columns, steps, self.t_ns, self.template, self.value, self.thread
        )
        number, entry, t_ns = lines.write(items, before, found, begins, self._is_hub)
        # Slices.
        about = np.where(is_switch, switch, np.int32(-1))
        woken = nonzero(is_wake & ~is_switch)
        about[woken] = wake[woken]
        about = about.take(items.step)
        leaves = nonzero(per_track.suspends(what))
        about[leaves] = suspension.take(items.step.take(leaves))
        state, steps_, bounds = SHOWN.take(after), items.step, items.edges
        runs = what == per_track.RUN
        if (kind == BEGIN).any():
            runs &= is_switch.take(steps_)
        self._restore(items, before, begins, about)
        if not (begins == 1).all():
            which = np.repeat(np.arange(len(what)), begins)
            state, about, steps_, runs = (column.take(which) for column in (state, about, steps_, runs))
            ends = np.concatenate(([0], np.cumsum(begins, dtype=np.int64)))
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
        self._write_order(entry, number, t_ns, is_switch, is_suspension, is_wake, switch, suspension, wake)
        start_ns = self.t_ns.take(steps_)
        rise(start_ns, bounds, before.last_ns)
        writer.begin_slices(
            items.ids, before.counts, bounds, start_ns, state, about, runs,
            lambda tracks: tails_after(tracks, items, before, after, bounds, about, start_ns),
        )
        self._close_hubs(items, before, bounds, steps_)
        occurred = [one for one in State if one not in writer.timeline.occurred and (state == int(one)).any()]
        writer.reach(int(self.columns.t_ns.max()), len(self.columns.kind), occurred)
        self.batches.tidy()

    def _said(self, waits: Column) -> Column:
        """What is kept of steps that announce a wait."""
        return np.array([column.take(waits) for column in (self.template, self.value, self.steps.by)])

    def _find_turns(self, items: Items) -> None:
        """Who gives its scheduler nothing is ready for its next turn, as far as can be inferred."""
        if not self.in_turn and not self.by_scheduler.any():
            return
        yields = nonzero(self.steps.kind == YIELD)
        gives_nothing = np.zeros(len(self.value), dtype=bool)
        gives_nothing[yields] = are_any(self.value.take(yields), self.writer.nothings)
        if not gives_nothing.any():
            return
        kind, what = self.steps.kind.take(items.step), items.what
        is_resumed = (what == per_track.RUN) & (kind == RESUME)
        is_yield = (what == per_track.SUSPENSION) & (kind == YIELD)
        those = nonzero(is_resumed | is_yield)
        track, step, last = items.track.take(those), items.step.take(those), last_true(is_resumed.take(those))
        known = (last >= 0) & (track.take(last) == track)
        before = np.isin(items.ids, self.in_turn).take(track)
        in_turn = np.where(known, self.by_scheduler.take(self.steps.event.take(step.take(last))), before)
        in_turn &= is_yield.take(those) & gives_nothing.take(step)
        what[those[in_turn]] = per_track.SUSPENSION_READY

    def _is_hub(self, items: Items) -> Column:
        spawned = self.steps.who[self.batches.templates.schedules.take(self.template)]
        return np.isin(items.ids, np.array([*self.writer.hubs, *spawned.tolist()], dtype=np.int64))

    def _restore(self, items: Items, before: Before, begins: Column, about: Column) -> None:
        """What slices are about that go on with what was before them: a wait, or a run."""
        what = items.what
        for those, of, first in (
            (_undone, per_track.suspends, before.suspension), (_goes_on, _runs, before.run),
        ):
            again = nonzero(those(what))
            if len(again):
                last, track = last_true(of(what) & (begins > 0))[again], items.track[again]
                about[again] = np.where((last >= 0) & (items.track[last] == track), about[last], first[track])

    def _write_columns(
        self, waits: Waits, is_switch: Column, is_suspension: Column, is_wake: Column, switch: Column,
        suspension: Column,
    ) -> None:
        steps, kind, writer, templates = self.steps, self.steps.kind, self.writer, self.batches.templates
        first_suspension = writer.counts[1]
        those = nonzero(is_suspension)
        kinds_, number, on_track = kind.take(those), switch.take(those), steps.who.take(those)
        how = templates.suspension.take(chosen(self.template, those))
        alone = nonzero(_alone(kinds_))
        number[alone] = ~(number[alone] + 1)
        on_track[nonzero(kinds_ == PARK)] = words.NOBODY
        yields = nonzero(_yields(kinds_))
        on_track[yields] = awaited(
            those.take(yields), steps, templates.same_place.take(self.template), self.batches.resumed, self._ends_of,
            lambda tracks: self.ends.of(tracks) == len(self.columns.kind),
        )
        timed = asked_ns = NO_NUMBERS
        if len(waits.steps):
            some = is_suspension[waits.steps]
            of, said, asked_ns, things = (column[some] for column in waits)
            at = suspension[of] - first_suspension
            how[at], on_track[at] = templates.waits(self.template[of], said, things)
            timed, asked_ns = suspension[of][asked_ns != words.NO_LIMIT], asked_ns[asked_ns != words.NO_LIMIT]
        suspended = steps.who[those[alone]].tolist()
        writer.suspension(number, on_track, how, timed, asked_ns)
        for index, t_ns, track in zip(
            suspension[those[alone]].tolist(), self.t_ns[those[alone]].tolist(), suspended, strict=True
        ):
            writer.suspend_alone(index, t_ns, track)
        those = nonzero(is_switch)
        t_ns, template, value = (chosen(column, those) for column in (self.t_ns, self.template, self.value))
        how, returns = templates.how.take(template), nonzero(chosen(kind, those) == RETURN)
        if len(returns):
            is_closed = np.isin(steps.event[those[returns]], self.closed)
            how[returns] = np.where(is_closed, templates.closed[template[returns]], templates.left[template[returns]])
        self.switched_ns = np.maximum(t_ns, writer.last_switch_ns)
        if (self.switched_ns[1:] < self.switched_ns[:-1]).any():
            np.maximum.accumulate(self.switched_ns, out=self.switched_ns)
        writer.switch(Passages(self.switched_ns, chosen(steps.by, those), chosen(steps.who, those), how, value))
        those = nonzero(is_wake)
        is_told = kind[those] == WAKE
        turn = writer.number_of_cause(words.TURN) if not is_told.all() else -1
        writer.wake(
            self.t_ns[those],
            np.where(kind[those] == YIELD, steps.by[those], steps.who[those]),
            np.where(is_told, steps.by[those], words.NOBODY),
            np.where(is_told, templates.how[self.template[those]], turn),
        )

    def _write_order(
        self, entry: Column, number: Column, t_ns: Column, is_switch: Column, is_suspension: Column, is_wake: Column,
        switch: Column, suspension: Column, wake: Column,
    ) -> None:
        both, alone = is_switch & is_wake, _alone(self.steps.kind) & is_suspension
        for mask, one, numbers in (
            (is_wake, Entry.WAKEUP, wake), (is_switch, Entry.SWITCH, switch), (alone, Entry.SUSPENSION, suspension),
        ):
            those = nonzero(mask)
            entry[those], number[those] = one, chosen(numbers, those)
        t_ns = t_ns.copy()
        t_ns[nonzero(is_switch)] = self.switched_ns
        those = nonzero(entry >= 0)
        if both.any():
            # Who yields to its scheduler is ready behind the switch.
            those = np.repeat(those, 1 + both.take(those))
            entry, number, t_ns = (column.take(those) for column in (entry, number, t_ns))
            after = nonzero(those[1:] == those[:-1]) + 1
            ready = those[after]
            entry[after], number[after], t_ns[after] = Entry.WAKEUP, wake[ready], self.t_ns[ready]
        else:
            entry, number, t_ns = (chosen(column, those) for column in (entry, number, t_ns))
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
        steps, parents = self._with_parents
        behind = kind[steps[(steps >= step) & (parents == hub)]]
        return self.writer.living(hub) + 2 * int((behind == EXIT).sum()) > len(behind)

    @cached_property
    def _with_parents(self) -> tuple[Column, Column]:
        """The steps by which tracks begin and end, and the parents of these."""
        kind, tracks = self.steps.kind, self.writer.timeline.tracks
        steps = nonzero((kind == SPAWN) | (kind == BEGIN) | (kind == EXIT))
        steps = steps[tracks.are_known(self.steps.who[steps])]
        return steps, tracks.parents(self.steps.who[steps])
