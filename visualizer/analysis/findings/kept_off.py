"""Who was kept from running: by the machine, which ran other programs, or by the thread that kept the interpreter's
lock. Neither is the doing of the track that ran on that thread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from visualizer.analysis.findings.base import HOG_NS, LATE_NS, Finding, finding, listed
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import hot_line, mostly
from visualizer.trace import words
from visualizer.trace.columns import Column, unique

#: So many slices of a track are looked at in each of these times.
_MOST_SLICES = 100


class KeptOff:
    """By thread: when it was kept from running, and for how long in each of these times."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        by_machine: dict[int, list[tuple[int, int, int]]] = {}
        held: list[tuple[int, int, int]] = []
        for one in timeline.delayed:
            if one.by == words.NOBODY:
                length_ns = max(0, min(one.length_ns, one.until_ns - one.since_ns))
                by_machine.setdefault(one.track, []).append((one.since_ns, one.until_ns, length_ns))
            elif one.by in timeline.tracks and one.since_ns < one.until_ns:
                held.append((one.since_ns, one.until_ns, one.by))
        self._by_machine = {thread: _Times(rows) for thread, rows in by_machine.items()}
        #: From when to when which thread kept the interpreter's lock.
        self.held = held
        self._held: dict[int, _Times] = {}

    def thread_of(self, hub: int) -> int:
        """The thread that a hub or loop runs on."""
        parent = self._timeline.tracks[hub].parent
        return parent if parent in self._timeline.tracks else hub

    def by_machine_ns(self, hub: int, start_ns: Column, end_ns: Column) -> Column:
        """For how long, in each of these times, the thread of the hub may have been kept off by the machine."""
        times = self._by_machine.get(self.thread_of(hub))
        return times.most_ns(start_ns, end_ns) if times is not None else np.zeros(len(start_ns), dtype=np.int64)

    def of_ns(self, hub: int, start_ns: Column, end_ns: Column) -> Column:
        """The same, by the machine or another thread."""
        thread, process = self.thread_of(hub), self._timeline.tracks[hub].process
        if thread not in self._held:
            others = [
                (since_ns, until_ns, until_ns - since_ns)
                for since_ns, until_ns, by in self.held
                if by != thread and self._timeline.tracks[by].process == process
            ]
            self._held[thread] = _Times(others)
        by_threads: Column = self._held[thread].exactly_ns(start_ns, end_ns)
        found: Column = np.maximum(self.by_machine_ns(hub, start_ns, end_ns), by_threads)
        return found

    def for_ns(self, hub: int, start_ns: int, end_ns: int) -> int:
        """The same of one time."""
        (off_ns,) = self.of_ns(hub, np.array([start_ns]), np.array([end_ns])).tolist()
        return int(off_ns)


class _Times:
    """Times in order, in each of which a thread was kept off for so long."""

    def __init__(self, rows: list[tuple[int, int, int]]) -> None:
        self._since_ns, self._until_ns, lengths_ns = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3).T
        self._until_ns = np.maximum.accumulate(self._until_ns)
        self._sums_ns = np.concatenate(([0], np.cumsum(lengths_ns)))

    def most_ns(self, start_ns: Column, end_ns: Column) -> Column:
        """For how long at most in each of the times asked for: it is not known when within one of its own it was."""
        first = self._until_ns.searchsorted(start_ns, side="right")
        last = self._since_ns.searchsorted(end_ns, side="left")
        sums_ns: Column = self._sums_ns[np.maximum(first, last)] - self._sums_ns[first]
        found: Column = np.minimum(sums_ns, end_ns - start_ns)
        return found

    def exactly_ns(self, start_ns: Column, end_ns: Column) -> Column:
        """The same where it was kept off all the time."""
        if not len(self._since_ns):
            return np.zeros(len(start_ns), dtype=np.int64)
        edges_ns = np.stack((self._since_ns, self._until_ns), axis=1).ravel()
        spent_ns = np.repeat(self._sums_ns, 2)[1:-1]
        until, since = (np.interp(t_ns, edges_ns, spent_ns) for t_ns in (end_ns, start_ns))
        found: Column = (until - since).astype(np.int64)
        return found


@once
def kept_off(timeline: Timeline, observed: Observed) -> KeptOff:
    return KeptOff(timeline)


@once
def own_delays(timeline: Timeline, observed: Observed) -> Column:
    """The delays that are not mostly due to a thread that was kept off."""
    delays = observed.ready.delays
    if not timeline.delayed:
        return delays
    off_ns, off = np.zeros(len(delays), dtype=np.int64), kept_off(timeline, observed)
    for hub in unique(delays["hub"]).tolist():
        (mine,) = np.nonzero(delays["hub"] == hub)
        off_ns[mine] = off.of_ns(hub, delays["due_ns"][mine], delays["ran_ns"][mine])
    found: Column = delays[2 * off_ns < delays["ran_ns"] - delays["due_ns"]]
    return found


def interpreter_held(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A thread kept the interpreter's lock for HOG_NS or longer in a call of C's, while a hub or loop of another thread
    had something to do. One for each thread, about the longest time."""
    found: dict[int, list[tuple[int, int, dict[int, int]]]] = {}
    off = kept_off(timeline, observed)
    hubs = [timeline.tracks[hub] for hub in timeline.tracks.scheduling()]
    for since_ns, until_ns, by in off.held:
        late = dict[int, int]()
        for hub in hubs:
            if hub.process == timeline.tracks[by].process and off.thread_of(hub.id) != by:
                late.update(_late(timeline, hub, since_ns, until_ns))
        if max(late.values(), default=0) >= HOG_NS:
            found.setdefault(by, []).append((since_ns, until_ns, late))
    for by, times in found.items():
        since_ns, until_ns, _ = max(times, key=lambda one: one[1] - one[0])
        lost_by = dict.fromkeys(track for *_, late in times for track in late)
        cost_ns = sum(sum(late.values()) for *_, late in times)
        seen = mostly(timeline, by, since_ns, until_ns)
        where = f", {hot_line(timeline, seen)}" if seen is not None else ""
        who = listed([timeline.name(track) for track in lost_by])
        several = f"; the longest of {len(times)} such times" if len(times) > 1 else ""
        sentence = (
            f"{timeline.name(by)} kept the interpreter for {duration(until_ns - since_ns, 2)}{where} (inferred: it "
            f"alone used the processor, and no other thread could run) → {who} could not run meanwhile{several}"
        )
        place = seen.place if seen is not None else timeline.tracks[by].place
        yield finding("interpreter_held", sentence, (by, *lost_by), since_ns, place, cost_ns, lost_by)


def _late(timeline: Timeline, hub: Track, since_ns: int, until_ns: int) -> Iterator[tuple[int, int]]:
    """Who on that hub would have run in that time, and how much later it did."""
    for track in timeline.tracks.values():
        if track.parent != hub.id or track.spawn_ns >= until_ns or 0 <= track.exit_ns <= since_ns:
            continue
        late_ns, slices = 0, track.slices
        first, last = max(0, slices.at(since_ns)), slices.at(until_ns)
        # Nobody but the one that kept the others off could do much meanwhile.
        for at in range(max(first, last - _MOST_SLICES), last + 1):
            ended_ns = slices.start_ns[at + 1] if at + 1 < len(slices) else timeline.last_ns
            due_ns = max(_due_ns(timeline, track, at), since_ns)
            late_ns += max(0, min(until_ns, ended_ns) - due_ns)
        if late_ns >= LATE_NS:
            yield track.id, late_ns


def _due_ns(timeline: Timeline, track: Track, at: int) -> int:
    """From when on the track could have run in its slice of that number; never, if it waits for others."""
    slices = track.slices
    if slices.state[at] in (State.READY, State.RUNNING):
        return slices.start_ns[at]
    if slices.state[at] != State.WAITING or slices.about[at] < 0:
        return timeline.last_ns
    asked_ns = timeline.suspensions[slices.about[at]].asked_ns
    return slices.start_ns[at] + asked_ns if asked_ns >= 0 else timeline.last_ns
