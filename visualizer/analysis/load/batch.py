"""Takes batches of lines into a timeline, whatever they are: first who runs (steps.py), then what that comes to for
each track (per_track.py), then all of it is written.

What a batch leaves open is kept for the next one, so that it does not matter where a trace is divided.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from visualizer.analysis.load import per_track
from visualizer.analysis.load.distinct import chosen, last_true, shifted
from visualizer.analysis.load.per_track import READY_AGAIN, SHOWN, UNBORN, Before, Items, begun, items_of, states
from visualizer.analysis.load.steps import ALONE, RETURN, TURN, Extra, Steps, arranged, resolve
from visualizer.analysis.load.templates import Templates
from visualizer.analysis.model.blocking import HOG_NS
from visualizer.analysis.model.names import Renames
from visualizer.analysis.model.numbers import NONE
from visualizer.analysis.model.schedulers import Resumptions
from visualizer.analysis.model.slices import Slices
from visualizer.analysis.model.stacks import Stacks
from visualizer.analysis.model.states import RUNS, State
from visualizer.analysis.model.types import Block, Entry, Tail
from visualizer.analysis.model.writer import Begun, Passages, Writer
from visualizer.trace import words
from visualizer.trace.columns import (
    BEGIN,
    EXIT,
    IDLE,
    NAME,
    NOTED,
    PARK,
    POLL,
    RESUME,
    SAMPLE,
    SPAWN,
    SWITCH,
    THREAD,
    UNPARK,
    WAIT,
    WAKE,
    YIELD,
    Column,
    Columnizer,
    Columns,
    are_among,
    grouped,
    kinds,
    nonzero,
    numbered,
)
from visualizer.trace.events import Inferred, Sample, Serves

_switches = kinds(SWITCH, RESUME, YIELD, RETURN, UNPARK)
_suspends = kinds(SWITCH, RESUME, YIELD, ALONE, PARK)
#: They suspend, and are no switches.
_alone = kinds(ALONE, PARK)
_yields = kinds(YIELD, ALONE)
_begins = kinds(SPAWN, BEGIN)
_polls = kinds(POLL, IDLE)
_are_kept = kinds(SPAWN, BEGIN, EXIT, SAMPLE, NOTED)
_turns_thread = kinds(THREAD, BEGIN)
#: Items after which a wait goes on, or a run; and by which that begins.
_undone, _goes_on, _runs = kinds(per_track.UNDONE), kinds(per_track.POLLS, per_track.POLLED), kinds(per_track.RUN)
#: Of one step it stands behind tracks that this speaks of first.
_KEPT_LAST = 2
_waits = kinds(State.WAITING)
#: What so few did is remembered.
_FEW = 1 << 10
#: In a damaged trace the ids of tracks may be so far apart that they are not listed.
_MOST_APART, _APART = 1 << 22, 4
_NO_NUMBERS: Column = np.zeros(0, dtype=np.int64)


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
        self.ends = _Ends(columns.a.take(ends), ends, len(columns.kind))
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
        begins = nonzero(_begins(self.columns.kind) & (a >= 0))
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
            return _NO_NUMBERS
        closes = (kind == RESUME) & may_close.take(self.columns.template)
        if not closing and not closes.any():
            return _NO_NUMBERS
        tracks = np.array([*closing, *a[closes].tolist()])
        is_one = np.zeros(max(int(tracks.max()), int(a.max())) + 1, dtype=bool)
        is_one[tracks] = True
        those = is_one.take(a, mode="clip") & ((kind == YIELD) | (kind == ALONE) | (kind == EXIT))
        lines = nonzero(those | closes)
        lines = lines[a[lines].argsort(kind="stable")]
        track, is_close = a[lines], closes[lines]
        is_first, is_last = _edges(track)
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
        before = self._before(items.ids)
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
        over = items.step[nonzero((what == per_track.LEAVE) & per_track.is_over(found))]
        is_switch, is_suspension, is_wake = _switches(kind), _suspends(kind), kind == WAKE
        is_suspension[over] = False
        self.over = set(over.tolist())
        turned = (what == per_track.TURNED) & _waits(found)
        is_wake[items.step[nonzero((what == per_track.SUSPENSION_READY) | turned)]] = True
        switch, suspension, wake = map(_numbers, (is_switch, is_suspension, is_wake), writer.counts)
        for bottom, step in early.open:
            self.batches.early.setdefault(bottom, int(wake[step]))
        begins = begun(items, found)
        number, entry, t_ns = self._write_lines(items, before, found, begins)
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
        _rise(start_ns, bounds, before.last_ns)
        writer.begin_slices(
            items.ids, before.counts, bounds, start_ns, state, about, runs,
            lambda tracks: self._tails(tracks, items, before, after, bounds, about, start_ns),
        )
        self._close_hubs(items, before, bounds, steps_)
        occurred = [one for one in State if one not in writer.timeline.occurred and (state == int(one)).any()]
        writer.reach(int(self.columns.t_ns.max()), len(self.columns.kind), occurred)
        self.batches.tidy()

    def _before(self, ids: Column) -> Before:
        """The tracks as they are in front of all this."""
        hubs, tracks, found = self.writer.hubs, self.writer.timeline.tracks, np.empty((5, len(ids)), dtype=np.int64)
        found.T[:] = _UNBORN
        is_made = tracks.are_made(ids)
        for at in nonzero(is_made).tolist():
            track = tracks[int(ids[at])]
            if track.id in hubs:
                self.writer.reopen(track)
                track.tail = None
            found[:, at] = track.tail or _tail(track.slices)
        reached = tracks.reached(ids)
        reached[is_made] = NONE
        for those, block, where in tracks.in_blocks(ids, reached):
            found[:, those] = _tails_in(block, where)
            # Who was ready is so again if the slice in front of that, which may be in another block, is a wait.
            ready = nonzero((found[0, those] == State.READY) & (_begun_in(block, where) == 1))
            one, before = those[ready], block.previous[where[ready]]
            for some, other, at in tracks.in_blocks(ids[one], before):
                state, _, suspension = _tails_in(other, at)[:3]
                waited = state == State.WAITING
                found[0, one[some[waited]]], found[2, one[some[waited]]] = READY_AGAIN, suspension[waited]
        return Before(*found)

    def _tails(
        self, tracks: Column, items: Items, before: Before, after: Column, bounds: Column, about: Column,
        start_ns: Column,
    ) -> list[Tail]:
        """Of those that begin slices, and stand at these places, how they end."""
        begun = bounds[tracks + 1] - bounds[tracks]
        last, end = after[items.edges[tracks + 1] - 1].astype(np.int64), bounds[tracks + 1] - 1
        waited = np.where(begun > 1, about[end - 1], before.suspension[tracks])
        suspension = np.where(last == State.WAITING, about[end], np.where(last == READY_AGAIN, waited, -1))
        run = np.where(per_track.runs(last), about[end], -1)
        tails: list[Tail] = np.stack(
            (last, run, suspension, before.counts[tracks] + begun, start_ns[end]), axis=1
        ).tolist()
        return tails

    def _waits(self, items: Items) -> _Waits:
        """The switches that end what was announced as a wait."""
        pending, what = self.batches.pending, items.what
        is_wait = what == per_track.WAITS
        if not pending and not is_wait.any():
            return _Waits(_NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS)
        those = nonzero(is_wait | (what == per_track.SUSPENSION) | (what == per_track.LEAVE))
        step, track, is_wait = (column.take(those) for column in (items.step, items.track, is_wait))
        is_first, is_last = _edges(track)
        leaves = what.take(those) == per_track.LEAVE
        hits = nonzero(leaves & shifted(is_wait, False) & ~is_first)
        steps, said = step[hits], self._said(step[hits - 1])
        firsts = nonzero(is_first)
        ids = items.ids[track[firsts]]
        there = set(ids.tolist()) if pending else ()
        for id in [id for id in pending if id in there]:
            first = int(firsts[np.searchsorted(ids, id)])
            announced = pending.pop(id)
            if leaves[first]:
                steps, said = np.append(steps, step[first]), np.append(said, np.transpose([announced]), axis=1)
        open_ = nonzero(is_wait & is_last)
        announcements = map(tuple, self._said(step[open_]).T.tolist())
        pending.update(zip(items.ids[track[open_]].tolist(), announcements, strict=True))
        order = steps.argsort(kind="stable")
        return _Waits(steps[order], *said[:, order])

    def _said(self, waits: Column) -> Column:
        """What is kept of steps that announce a wait."""
        return np.array([column.take(waits) for column in (self.template, self.value, self.steps.by)])

    def _find_turns(self, items: Items) -> None:
        """Who gives its scheduler nothing is ready for its next turn, as far as can be inferred."""
        if not self.in_turn and not self.by_scheduler.any():
            return
        yields = nonzero(self.steps.kind == YIELD)
        gives_nothing = np.zeros(len(self.value), dtype=bool)
        gives_nothing[yields] = _is_any(self.value.take(yields), self.writer.nothings)
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

    def _early(self, items: Items, before: Before, found: Column) -> _Early:
        """Who is woken while it runs is ready as soon as it is suspended; the first wake of a run counts."""
        what, early, steps = items.what, self.batches.early, self.steps
        woken = nonzero(what == per_track.WOKEN)
        if len(woken):
            woken = woken.compress(per_track.runs(found.take(woken)))
            woken = woken[~self._is_hub(items)[items.track[woken]]]
        if not len(woken) and not early:
            return _Early(_NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS, [])
        leaves = nonzero((what == per_track.LEAVE) & ~per_track.is_over(found))
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

    def _write_lines(
        self, items: Items, before: Before, found: Column, begins: Column
    ) -> tuple[Column, Column, Column]:
        """Tracks that begin and end, and what else was kept as a line. Return of each step its number among others of
        its entry, and that (none: below 0); and its time."""
        kind, writer = self.steps.kind, self.writer
        number, entry = np.full(len(kind), -1, dtype=np.int32), np.full(len(kind), -1, dtype=np.int8)
        t_ns = self.t_ns
        kept, named = nonzero(_are_kept(kind)), nonzero(kind == NAME)
        step, of = kept, np.full((2, len(kept)), _KEPT_LAST)
        # Tracks of which no line has told that they begin, where they are first spoken of.
        unborn = nonzero(before.state == UNBORN)
        if len(unborn) and len(begins):
            at, behind = items.edges.take(unborn), items.edges.take(unborn + 1)
            later = nonzero(begins.take(at, mode="clip") == 0)
            if len(later):
                some = nonzero(begins > 0)
                at[later] = np.append(some, len(begins)).take(some.searchsorted(at.take(later)))
            those = nonzero(at < behind)
            unborn, at = unborn.take(those), at.take(those)
            strays = ~_begins(kind.take(items.step.take(at)))
            if strays.any():
                unborn, at = unborn[strays], at[strays]
                of = np.concatenate(([items.what[at] == per_track.RUN, items.ids[unborn]], of), axis=1)
                step = np.concatenate((items.step[at], step))
                order = np.lexsort((of[1], of[0], step))
                step, of = step[order], of[:, order]
        if not len(step) and not len(named):
            return number, entry, t_ns
        valid = np.zeros(len(kind), dtype=bool)
        valid[items.step[nonzero(per_track.ends(items.what) & (begins > 0))]] = True
        if (kind == SAMPLE).any():
            seen = items.what == per_track.SEEN
            idle = nonzero(seen & (found == State.IDLE))
            valid[items.step[nonzero(seen & (found == State.RUNNING))]] = True
            # Of a hub, that is a poll.
            valid[items.step[idle[~self._is_hub(items)[items.track[idle]]]]] = True
        is_spawn, is_exit = (kind == SPAWN) | (kind == BEGIN), (kind == EXIT) & valid
        for those, one, count in (
            (is_spawn, Entry.SPAWN, len(writer.timeline.spawns)), (is_exit, Entry.EXIT, len(writer.timeline.exits)),
        ):
            which = nonzero(those)
            entry[which], number[which] = one, np.arange(count, count + len(which))
        is_new = (of[0] == _KEPT_LAST) & is_spawn.take(step)
        births, others = step[is_new], nonzero(~is_new & ((of[0] < _KEPT_LAST) | (kind.take(step) != EXIT)))
        thread_of, t_ns = self._threads(), t_ns.copy()
        lines = [
            self.columns.kept[line] if last == _KEPT_LAST else None
            for line, last in zip(self.value[step[others]].tolist(), of[0, others].tolist(), strict=True)
        ]
        renames, every = Renames(named, self.steps.who[named], self.value[named]), (len(births), len(named))
        until = self._until(lines, np.cumsum(is_new)[others], named.searchsorted(step[others]), every)
        spawned, done = self._births(births, thread_of), (0, 0)
        for at, id, line, reached in zip(step[others].tolist(), of[1, others].tolist(), lines, until, strict=True):
            # In this order: names are numbered as the tracks come.
            done = self._spawn(spawned, renames, done, reached)
            event = self.steps.event[at]
            if line is None:
                writer.track(id, int(t_ns[at]), int(thread_of(event)))
            else:
                noted = self._note(line, at, bool(valid[at]), t_ns)
                if noted is not None:
                    entry[at], number[at] = noted
        self._spawn(spawned, renames, done, every)
        exits = nonzero(is_exit)
        if len(exits):
            template, who, t_ns_, value = (
                column.take(exits) for column in (self.template, self.steps.who, self.t_ns, self.value)
            )
            writer.exit(who, t_ns_, self.batches.templates.numbers(template, writer.number_of_outcome), value)
        return number, entry, t_ns

    @staticmethod
    def _until(lines: list[Any], born: Column, told: Column, every: tuple[int, int]) -> list[tuple[int, int]]:
        """How many of the tracks that begin here may have begun before each line, and how many names may have been
        told, of those in front of which so many are `born` and `told`: all before the next one for which it matters
        that no more of them are."""
        until, found = every, []
        for line, *counts in zip(reversed(lines), reversed(born.tolist()), reversed(told.tolist()), strict=True):
            if line is None or type(line) in (Inferred, Serves):
                until = counts[0], counts[1]
            found.append(until)
        return found[::-1]

    def _spawn(
        self, spawned: Begun, renames: Renames, done: tuple[int, int], until: tuple[int, int]
    ) -> tuple[int, int]:
        """Have tracks begin, and be renamed, so many as `until` says, of which so many have been `done`."""
        if until != done:
            begun, told = map(slice, done, until)
            some = Begun(*(column[begun] for column in spawned))
            self.writer.spawn(some, Renames(*(column[told] for column in renames)))
        return until

    def _births(self, births: Column, thread_of: Callable[[Column], Column]) -> Begun:
        """The tracks that these steps bring."""
        steps, numbers = self.steps, _NO_NUMBERS
        if len(births):
            numbers = self.batches.templates.numbers(self.template[births], self.writer.number_of_birth)
        columns = steps.who[births], self.t_ns[births], numbers, steps.by[births], thread_of(steps.event[births])
        return Begun(births, *columns)

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

    def _threads(self) -> Callable[[Column], Column]:
        """On which thread each line is."""
        turns = nonzero(_turns_thread(self.columns.kind))
        threads = np.array([self.thread, *self.columns.a[turns].tolist()])
        return lambda lines: threads[turns.searchsorted(lines) if len(turns) else np.zeros_like(lines)]

    def _write_columns(
        self, waits: _Waits, is_switch: Column, is_suspension: Column, is_wake: Column, switch: Column,
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
        on_track[yields] = self._awaited(those.take(yields))
        timed = asked_ns = _NO_NUMBERS
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

    def _awaited(self, yields: Column) -> Column:
        """Whom generators that are suspended by these steps have their `yield from` or `await` on, -1 if on nobody
        known.

        It is the one that each resumed there last: at an expression that suspends its own track, there is no other.
        """
        steps, resumed = self.steps, self.batches.resumed
        found = np.full(len(steps.kind), words.NOBODY, dtype=np.int32)
        is_either = steps.kind == RESUME
        is_either[yields] = True
        those, places = nonzero(is_either), self.batches.templates.same_place.take(self.template)
        ids, index = numbered(chosen(steps.by, those) + 1)
        ids = ids - 1
        is_resume = chosen(steps.kind, those) == RESUME
        latest, resumes = np.full(len(ids), -1), nonzero(is_resume)
        latest[index.take(resumes)] = those.take(resumes)
        # Only who yields and has resumed somebody can wait for that.
        may_wait, inner, where = np.zeros(len(ids), dtype=bool), *np.full((2, len(ids)), words.NOBODY)
        may_wait[index.take(nonzero(~is_resume))] = True
        asking = nonzero(may_wait)
        asking = asking.compress(are_among(ids.take(asking), resumed))
        if len(asking):
            inner[asking], where[asking] = np.array([resumed[track] for track in ids.take(asking).tolist()]).T
        may_wait &= (latest >= 0) | (inner >= 0)
        if may_wait.any():
            some = nonzero(may_wait.take(index))
            order, edges = grouped(chosen(index, some), len(ids))
            some = some.take(order)
            step, group, last = those.take(some), index.take(some), last_true(is_resume.take(some))
            # Of those who yield, whom they have resumed last, and where.
            asked = nonzero(~is_resume.take(some))
            step, group, last, at = step.take(asked), group.take(asked), last.take(asked), step.take(last.take(asked))
            valid = last >= edges.take(group)
            whom = np.where(valid, steps.who.take(at), inner.take(group))
            place = np.where(valid, places.take(at), where.take(group))
            asked = nonzero((whom >= 0) & (place == places.take(step)))
            awaited, asking = whom.take(asked), step.take(asked)
            ends = np.minimum(self._ends_of(awaited), self._ends_of(steps.by.take(asking)))
            awaited[nonzero(ends < steps.event.take(asking))] = words.NOBODY
            found[asking] = awaited
        resuming = nonzero((latest >= 0) & (self.ends.of(ids) == len(self.columns.kind)))
        at = latest[resuming]
        said = zip(steps.who[at].tolist(), places[at].tolist(), strict=True)
        resumed.update(zip(ids[resuming].tolist(), said, strict=True))
        return found.take(yields)

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


class _Ends:
    """By which of `count` lines tracks end: `tracks`, each of which stands there once, and `lines`."""

    def __init__(self, tracks: Column, lines: Column, count: int) -> None:
        self._count = count
        self._first = int(tracks.min()) if len(tracks) else 0
        width = int(tracks.max(initial=self._first)) - self._first + 1
        self._tracks, self._lines = _NO_NUMBERS, lines
        if width > max(_MOST_APART, _APART * len(tracks)):
            order = tracks.argsort()
            self._tracks, self._lines = tracks.take(order), lines.take(order)
            return
        #: Of each track from one in front of the first on, up to one behind the last.
        self._lines = np.full(width + 2, count, dtype=np.int32)
        self._lines[tracks - (self._first - 1)] = lines

    def of(self, tracks: Column) -> Column:
        """By which each of these ends; behind all, if by none."""
        if not len(self._tracks):
            found: Column = self._lines.take(tracks - (self._first - 1), mode="clip")
            return found
        at = np.minimum(self._tracks.searchsorted(tracks), len(self._tracks) - 1)
        return np.where(self._tracks[at] == tracks, self._lines[at], self._count)


class _Waits(NamedTuple):
    """Steps that suspend tracks that had announced a wait, ascending; its template, for how long, and for which thing
    (text id)."""

    steps: Column
    templates: Column
    asked_ns: Column
    things: Column


class _Early(NamedTuple):
    """Which items leave who have been woken before; by which step, or, where that is -1, which wakeup. `open`: who has
    been woken and is still to leave, and by which step."""

    items: Column
    steps: Column
    wakes: Column
    open: list[tuple[int, int]]


#: How a track ends that is not known.
_UNBORN = UNBORN, -1, -1, 0, -(1 << 62)


def _tail(slices: Slices) -> Tail:
    """How a track with these slices ends."""
    if not len(slices):
        return _UNBORN
    count, last_ns, state, about = len(slices), slices.start_ns[-1], slices.state[-1], slices.about[-1]
    if state == State.READY and count > 1 and slices.state[-2] == State.WAITING:
        return READY_AGAIN, -1, slices.about[-2], count, last_ns
    return state, about if state in RUNS else -1, about if state == State.WAITING else -1, count, last_ns


def _tails_in(block: Block, where: Column) -> Column:
    """The same of tracks whose last slices are in a block, and that stand there, as far as these slices tell."""
    state, about = np.frombuffer(block.state, dtype=np.uint8), np.frombuffer(block.about, dtype=np.int32)
    begun, end = _begun_in(block, where), np.asarray(block.bounds)[where + 1] - 1
    last = state[end]
    again = (last == State.READY) & (begun > 1) & (state[end - 1] == State.WAITING)
    run = np.where(per_track.runs(last), about[end], -1)
    suspension = np.where(last == State.WAITING, about[end], np.where(again, about[end - 1], -1))
    last_ns = np.frombuffer(block.start_ns, dtype=np.int64)[end]
    return np.stack((np.where(again, READY_AGAIN, last), run, suspension, block.counts[where] + begun, last_ns))


def _begun_in(block: Block, where: Column) -> Column:
    """How many slices tracks that stand there have in the block."""
    bounds = np.asarray(block.bounds)
    begun: Column = bounds[where + 1] - bounds[where]
    return begun


def _numbers(mask: Column, count: int) -> Column:
    """The number that each has, from `count` on, among those of which it is true, or that of the last one before it."""
    if mask.all():
        return np.arange(count, count + len(mask), dtype=np.int32)
    if not mask.any():
        return np.full(len(mask), count - 1, dtype=np.int32)
    return np.cumsum(mask, dtype=np.int32) + np.int32(count - 1)


def _rise(start_ns: Column, bounds: Column, last_ns: Column) -> None:
    """Slices, those of each track between two bounds, begin no earlier than the one before, the first of which began
    at `last_ns`."""
    some = nonzero(bounds[1:] > bounds[:-1])
    first = bounds[some]
    start_ns[first] = np.maximum(start_ns[first], last_ns[some])
    falls = np.zeros(len(start_ns) + 1, dtype=bool)
    falls[1:-1] = start_ns[1:] < start_ns[:-1]
    falls[bounds] = False
    for at in {*(bounds.searchsorted(nonzero(falls), side="right") - 1).tolist()}:
        own = start_ns[bounds[at] : bounds[at + 1]]
        np.maximum.accumulate(own, out=own)


def _is_any(column: Column, numbers: list[int]) -> Column:
    """Whether each is one of these few numbers."""
    found = np.zeros(len(column), dtype=bool)
    for one in numbers:
        found |= column == one
    return found


def _edges(track: Column) -> tuple[Column, Column]:
    """Whether each is the first, and the last, of its track."""
    differs = np.ones(len(track) + 1, dtype=bool)
    differs[1:-1] = track[1:] != track[:-1]
    return differs[:-1][: len(track)], differs[1:]
