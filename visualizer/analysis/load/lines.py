"""Writes the tracks that begin and end in a batch, and what else was kept as a line of the trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from visualizer.analysis.load import per_track
from visualizer.analysis.load.distinct import NO_NUMBERS
from visualizer.analysis.load.per_track import UNBORN, Before, Items
from visualizer.analysis.load.steps import Steps
from visualizer.analysis.load.templates import Templates
from visualizer.analysis.model.names import Renames
from visualizer.analysis.model.states import State
from visualizer.analysis.model.types import Entry
from visualizer.analysis.model.writer import Begun, Writer
from visualizer.trace.columns import BEGIN, EXIT, NAME, NOTED, SAMPLE, SPAWN, THREAD, Column, Columns, kinds, nonzero
from visualizer.trace.events import Inferred, Sample, Serves

are_begins = kinds(SPAWN, BEGIN)
_are_kept = kinds(SPAWN, BEGIN, EXIT, SAMPLE, NOTED)
_turns_thread = kinds(THREAD, BEGIN)
#: Of one step it stands behind tracks that this speaks of first.
_KEPT_LAST = 2


@dataclass
class Lines:
    """The lines of one batch. `steps`, and what is beside them, are columns; `thread`: on which it begins."""

    writer: Writer
    templates: Templates
    columns: Columns
    steps: Steps
    t_ns: Column
    template: Column
    value: Column
    thread: int

    def write(
        self, items: Items, before: Before, found: Column, begins: Column, is_hub: Callable[[Items], Column]
    ) -> tuple[Column, Column, Column]:
        """Return of each step its number among others of its entry, and that (none: below 0); and its time. `found`: in
        which state each item finds its track; `begins`: how many slices it begins; `is_hub`: of each track, whether it
        is a hub's."""
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
            strays = ~are_begins(kind.take(items.step.take(at)))
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
            valid[items.step[idle[~is_hub(items)[items.track[idle]]]]] = True
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
            writer.exit(who, t_ns_, self.templates.numbers(template, writer.number_of_outcome), value)
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
        steps, numbers = self.steps, NO_NUMBERS
        if len(births):
            numbers = self.templates.numbers(self.template[births], self.writer.number_of_birth)
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
