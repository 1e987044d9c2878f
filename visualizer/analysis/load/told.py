"""Takes in what another tool's trace tells: the state of each track from a time on, and not how it came to that."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.load.distinct import last_true
from visualizer.analysis.model.columns import asked_of
from visualizer.analysis.model.states import RUNS, State
from visualizer.analysis.model.types import Entry
from visualizer.analysis.model.writer import Passages, Writer
from visualizer.trace import words
from visualizer.trace.columns import Column, grouped, nonzero, unique
from visualizer.trace.foreign.gathered import Told

#: Reason of a wait that has no name, as it is told.
_NAMELESS = "waiting"


def take(writer: Writer, told: Told) -> None:
    """Write these rows."""
    timeline, (t_ns, track, state) = writer.timeline, (told.t_ns, told.track, told.state)
    timeline.is_foreign = True
    if not len(t_ns):
        return
    entries: list[tuple[Column, Column, Entry]] = []
    first = len(timeline.spawns)
    for id, at_ns, name in told.tracks:
        writer.spawned(writer.track(id, at_ns, words.NOBODY, words.TRACK, timeline.text(name) or ""), at_ns)
    spawned_ns = np.array([at_ns for _, at_ns, _ in told.tracks], dtype=np.int64)
    entries.append((spawned_ns, np.arange(first, first + len(spawned_ns)), Entry.SPAWN))
    switches, suspensions, wakes = writer.counts
    wake_ns, woken, waker, cause = told.wakes
    causes = np.array([writer.number_of_cause(text) for text in told.causes], dtype=np.int64)
    writer.wake(wake_ns, woken, waker, causes[cause])
    entries.append((wake_ns, np.arange(wakes, wakes + len(wake_ns)), Entry.WAKEUP))
    # Who begins to run.
    is_switch = (state == State.RUNNING) & (told.by >= 0)
    runs = nonzero(is_switch)
    how = writer.number_of_passage((words.SLICE, words.NOTHING))
    writer.switch(Passages(t_ns[runs], told.by[runs], track[runs], np.full(len(runs), how), told.name[runs]))
    numbers = np.cumsum(is_switch) - 1 + switches
    entries.append((t_ns[runs], numbers[runs], Entry.SWITCH))
    about = np.where(is_switch, numbers, np.where(state == State.READY, told.by, words.NOTHING))
    about[state == State.BLOCKED] = told.by[state == State.BLOCKED]
    for at in runs[told.flow[runs] >= 0].tolist():
        timeline.flows[int(numbers[at])] = int(told.flow[at])
    # Who waits: suspended by the switch of that moment, or by none that is known.
    waits = nonzero(state == State.WAITING)
    if len(waits):
        stops = zip(told.by[runs].tolist(), t_ns[runs].tolist(), strict=True)
        by = dict(zip(stops, numbers[runs].tolist(), strict=True))
        reached, links = -1, []
        for at, pair in zip(waits.tolist(), zip(track[waits].tolist(), t_ns[waits].tolist(), strict=True), strict=True):
            following, one = int(numbers[at]) + 1, by.get(pair, -1)
            linked = one == following or (one == following - 1 and one >= reached)
            links.append(one if linked else ~following)
            reached = max(reached, one if linked else following)
        names, index = np.unique(told.name[waits], return_inverse=True)
        details = np.array([_suspension(writer, int(name)) for name in names])[index]
        writer.suspension(
            np.array(links), np.full(len(waits), words.NOBODY), details, np.zeros(0, np.int64), np.zeros(0, np.int64)
        )
        about[waits] = np.arange(suspensions, suspensions + len(waits))
        alone = nonzero(np.array(links) < 0)
        for at in alone.tolist():
            writer.suspend_alone(suspensions + at, int(t_ns[waits[at]]), int(track[waits[at]]))
        entries.append((t_ns[waits[alone]], suspensions + alone, Entry.SUSPENSION))
    _write_slices(writer, told, is_switch, about)
    when = np.concatenate([ns for ns, _, _ in entries])
    index = np.concatenate([of_entry for _, of_entry, _ in entries])
    kinds = np.concatenate([np.full(len(ns), kind) for ns, _, kind in entries])
    order = np.argsort(when, kind="stable")
    writer.enter(kinds[order].astype(np.uint32), index[order].astype(np.uint32), when[order])
    writer.reach(told.until_ns, len(t_ns), [State(one) for one in unique(state).tolist()])


def _suspension(writer: Writer, name: int) -> int:
    """How a wait of that name is kept: it is not known what kind it is."""
    if name == words.NOTHING:
        return writer.number_of_suspension((_NAMELESS, words.NOTHING, words.NOTHING))
    asked = writer.number_of_asked(asked_of(words.UNKNOWN, name, words.NOTHING, -1, "", -1, -1))
    return writer.number_of_suspension((words.UNKNOWN, asked, words.NOTHING))


def _write_slices(writer: Writer, told: Told, is_switch: Column, about: Column) -> None:
    """Begin slices, track by track."""
    ids, which = np.unique(told.track, return_inverse=True)
    order, edges = grouped(which, len(ids))
    state, about, is_switch = told.state[order].astype(np.uint8), about[order].astype(np.int32), is_switch[order]
    before = [writer.timeline.tracks[one].slices for one in ids.tolist()]
    # Who only polled goes on with the run that it had begun.
    runs = (state == State.RUNNING) | (state == State.IDLE)
    last = last_true(is_switch)
    for at in nonzero(runs & ~is_switch).tolist():
        group = int(which[order[at]])
        known = before[group]
        if last[at] >= edges[group]:
            about[at] = about[last[at]]
        else:
            about[at] = known.about[-1] if len(known) and known.state[-1] in RUNS else words.NOTHING
    counts = np.array([*map(len, before)])
    # How their slices end is not kept: whoever asks finds out.
    writer.begin_slices(
        ids, counts, edges, told.t_ns[order], state, about, is_switch, lambda those: [None] * len(those)
    )
