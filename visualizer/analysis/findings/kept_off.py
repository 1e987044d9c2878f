"""Who was kept from running: by the machine, which ran other programs, or by the thread that kept the interpreter's
lock. Neither is the doing of the track that ran on that thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from visualizer.analysis.findings.base import HOG_NS, LATE_NS, NAMED_NS, Finding, finding, listed, spot
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.model.timeline import RUNS, Place, State, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import sampled_at
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import Column, nonzero, numbered, unique

#: So many slices of a track are looked at in each of these times.
_MOST_SLICES = 100
#: For how long of the time that a line is about a thread stood in the queue for a processor; did that, or waited for
#: our own thread, which had the interpreter's lock, or was the next to have it, and stood there; and had a processor.
_LASTED: tuple[Callable[[ev.Delayed], int], ...] = (
    lambda one: one.length_ns,
    lambda one: one.length_ns + one.behind_ns,
    lambda one: one.used_ns,
)


class KeptOff:
    """By thread: when it was kept from running, and for how long in each of these times."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        by_machine: dict[int, list[ev.Delayed]] = {}
        held: list[tuple[int, int, int]] = []
        for one in timeline.delayed:
            if one.by == words.NOBODY:
                by_machine.setdefault(one.track, []).append(one)
            elif one.by in timeline.tracks and one.since_ns < one.until_ns:
                held.append((one.since_ns, one.until_ns, one.by))
        self._queued, self._by_machine, self._used = (
            {thread: _Times([_cut(one, lasted(one)) for one in its]) for thread, its in by_machine.items()}
            for lasted in _LASTED
        )
        #: From when to when which thread kept the interpreter's lock.
        self.held = held
        self._held: dict[int, _Times] = {}

    def thread_of(self, hub: int) -> int:
        """The thread that a hub or loop runs on; of a track the hub, if it has one."""
        parent = self._timeline.tracks[hub].parent
        return parent if parent in self._timeline.tracks else hub

    def by_machine_ns(self, hub: int, start_ns: Column, end_ns: Column, in_call: bool = False) -> Column:
        """For how long, in each of these times, the thread of the hub may have been kept off by the machine.

        `in_call`: it is known to have waited in a call, and so not for the interpreter's lock.
        """
        times = (self._queued if in_call else self._by_machine).get(self.thread_of(hub))
        return times.most_ns(start_ns, end_ns) if times is not None else np.zeros(len(start_ns), dtype=np.int64)

    def of_ns(self, hub: int, start_ns: Column, end_ns: Column, in_call: bool = False) -> Column:
        """The same, by the machine or another thread."""
        thread, process = self.thread_of(hub), self._timeline.tracks[hub].process
        if thread not in self._held:
            others = [
                (since_ns, until_ns, until_ns - since_ns)
                for since_ns, until_ns, by in self.held
                if by != thread and self._timeline.tracks[by].process == process
            ]
            self._held[thread] = _Times(others)
        by_threads: Column = self._held[thread].evenly_ns(start_ns, end_ns)
        found: Column = np.maximum(self.by_machine_ns(hub, start_ns, end_ns, in_call), by_threads)
        return found

    def for_ns(self, hub: int, start_ns: int, end_ns: int) -> int:
        """The same of one time."""
        (off_ns,) = self.of_ns(hub, np.array([start_ns]), np.array([end_ns])).tolist()
        return int(off_ns)

    def left_ns(self, tracks: Sequence[int] | Column, start_ns: Column, end_ns: Column) -> Column:
        """Of each of these times, of one track each: how much is left if the machine kept its thread off evenly in each
        of the times that it is told of. Nobody does anything on that thread meanwhile, and others hardly more."""
        left_ns = end_ns - start_ns
        if not self._by_machine:
            return left_ns
        which, index = numbered(np.asarray(tracks, dtype=np.int64))
        threads = np.array([self.thread_of(self.thread_of(track)) for track in which.tolist()], dtype=np.int64)
        threads = threads.take(index)
        for thread, times in self._by_machine.items():
            (its,) = np.nonzero(threads == thread)
            left_ns[its] -= times.evenly_ns(start_ns[its], end_ns[its])
        return left_ns

    def own_ns(self, hub: int, start_ns: int, end_ns: int, in_call: bool = False) -> int:
        """How much of this time is the doing of what ran on the thread of the hub: that for which the thread was not
        kept off, and at least that for which it had a processor."""
        start, end = np.array([start_ns]), np.array([end_ns])
        (off_ns,) = self.of_ns(hub, start, end, in_call).tolist()
        used = self._used.get(self.thread_of(hub))
        (used_ns,) = used.least_ns(start, end).tolist() if used is not None else (0,)
        return int(max(end_ns - start_ns - off_ns, used_ns))


def kept_off_told(length_ns: int, own_ns: int) -> str:
    """How much of that time is not its own doing, in parentheses; empty if that is little."""
    off_ns = length_ns - own_ns
    if 4 * off_ns < length_ns:
        return ""
    return f" (for {duration(off_ns, 2)} of that the machine, or another thread, kept it off)"


class Runs:
    """When each track kept others from running, idle in a call or not: its runs, worked out once for each track that
    somebody asks about."""

    def __init__(self, timeline: Timeline, off: KeptOff) -> None:
        self._timeline = timeline
        self._off = off
        #: Track -> from when to when, and how much of these and all before them is not the machine's doing, from 0 on.
        self._runs: dict[int, tuple[Column, Column, Column]] = {}

    def ran_ns(self, track: int, since_ns: int, until_ns: int) -> int:
        """For how long between two times, without what of that is the machine's doing."""
        if track not in self._runs:
            slices = self._timeline.tracks[track].slices
            edges_ns = np.append(slices.start_ns, self._timeline.last_ns)
            ran = nonzero(np.isin(np.asarray(slices.state), RUNS))
            start_ns, end_ns = edges_ns[ran], edges_ns[ran + 1]
            self._runs[track] = start_ns, end_ns, np.append(0, self._left_ns(track, start_ns, end_ns).cumsum())
        start_ns, end_ns, sums_ns = self._runs[track]
        first, last = int(end_ns.searchsorted(since_ns, side="right")), int(start_ns.searchsorted(until_ns)) - 1
        if first > last:
            return 0
        # The first and the last may only lie partly within.
        some = [first, last] if first < last else [first]
        start_ns, end_ns = np.maximum(start_ns[some], since_ns), np.minimum(end_ns[some], until_ns)
        between_ns = sums_ns[last] - sums_ns[first + 1] if first < last else 0
        return int(self._left_ns(track, start_ns, end_ns).sum() + between_ns)

    def _left_ns(self, track: int, start_ns: Column, end_ns: Column) -> Column:
        return self._off.left_ns(np.full(len(start_ns), track), start_ns, end_ns)


class _Times:
    """Times in order, in each of which a thread was kept off for so long."""

    def __init__(self, rows: list[tuple[int, int, int]]) -> None:
        self._since_ns, self._until_ns, lengths_ns = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3).T
        self._until_ns = np.maximum.accumulate(self._until_ns)
        #: From when on each of them is alone.
        self._after_ns = np.maximum(self._since_ns, np.concatenate((self._since_ns[:1], self._until_ns[:-1])))
        self._sums_ns = np.concatenate(([0], np.cumsum(lengths_ns)))

    def most_ns(self, start_ns: Column, end_ns: Column) -> Column:
        """For how long at most in each of the times asked for: it is not known when within one of its own it was."""
        first = self._until_ns.searchsorted(start_ns, side="right")
        last = self._since_ns.searchsorted(end_ns, side="left")
        sums_ns: Column = self._sums_ns[np.maximum(first, last)] - self._sums_ns[first]
        found: Column = np.minimum(sums_ns, end_ns - start_ns)
        return found

    def least_ns(self, start_ns: Column, end_ns: Column) -> Column:
        """The same at least: in those of its times that lie wholly within."""
        first = self._since_ns.searchsorted(start_ns, side="left")
        last = self._until_ns.searchsorted(end_ns, side="right")
        found: Column = self._sums_ns[np.maximum(first, last)] - self._sums_ns[first]
        return found

    def evenly_ns(self, start_ns: Column, end_ns: Column) -> Column:
        """The same as if it had been kept off evenly in each of them; exactly, where it was all the time."""
        if not len(self._since_ns):
            return np.zeros(len(start_ns), dtype=np.int64)
        edges_ns = np.stack((self._after_ns, self._until_ns), axis=1).ravel()
        spent_ns = np.repeat(self._sums_ns, 2)[1:-1]
        until, since = (np.interp(t_ns, edges_ns, spent_ns) for t_ns in (end_ns, start_ns))
        found: Column = (until - since).astype(np.int64)
        return found


def _cut(one: ev.Delayed, length_ns: int) -> tuple[int, int, int]:
    """From when to when, and for how long in that time."""
    return one.since_ns, one.until_ns, max(0, min(length_ns, one.until_ns - one.since_ns))


@once
def kept_off(timeline: Timeline, observed: Observed) -> KeptOff:
    return KeptOff(timeline)


@once
def runs(timeline: Timeline, observed: Observed) -> Runs:
    return Runs(timeline, kept_off(timeline, observed))


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
    """A thread kept the interpreter's lock for HOG_NS or longer in a call of C's, while another thread, or its
    hub's tracks, had something to do. One for each thread, about the longest time."""
    found: dict[int, list[tuple[int, int, dict[int, int]]]] = {}
    off = kept_off(timeline, observed)
    hubs = [timeline.tracks[hub] for hub in timeline.tracks.scheduling()]
    alone: dict[int, list[Track]] = {}
    for thread in timeline.tracks.of_kind(words.THREAD):
        if thread.id not in {hub.parent for hub in hubs}:
            alone.setdefault(thread.process, []).append(thread)
    ids = np.array(list(timeline.tracks) if off.held else [], dtype=np.int64)
    parents = np.array(timeline.tracks.parents(ids.tolist()), dtype=np.int64)
    spawn_ns, exit_ns = np.array([timeline.tracks.life(one) for one in ids.tolist()], dtype=np.int64).reshape(-1, 2).T
    for since_ns, until_ns, by in off.held:
        late = dict[int, int]()
        was_there = (spawn_ns < until_ns) & ((exit_ns < 0) | (exit_ns > since_ns))
        for hub in hubs:
            if hub.process == timeline.tracks[by].process and off.thread_of(hub.id) != by:
                theirs = (timeline.tracks[one] for one in ids[was_there & (parents == hub.id)].tolist())
                late.update(_late(timeline, theirs, since_ns, until_ns))
        # Of a thread without a hub it is known where it slept, or a time limit was over.
        others = (one for one in alone.get(timeline.tracks[by].process, ()) if one.id != by)
        late.update(_late(timeline, others, since_ns, until_ns))
        if max(late.values(), default=0) >= HOG_NS:
            found.setdefault(by, []).append((since_ns, until_ns, late))
    for by, times in found.items():
        since_ns, until_ns, _ = max(times, key=lambda one: one[1] - one[0])
        lost_by = dict.fromkeys(track for *_, late in times for track in late)
        cost_ns = sum(sum(late.values()) for *_, late in times)
        where, place = _behind(timeline, timeline.tracks[by], until_ns)
        who = listed([timeline.name(track) for track in lost_by])
        several = f"; the longest of {len(times)} such times" if len(times) > 1 else ""
        sentence = (
            f"{timeline.name(by)} kept the interpreter for {duration(until_ns - since_ns, 2)}{where} (inferred: it "
            f"alone used the processor, and no other thread could run) → {who} could not run meanwhile{several}"
        )
        place = place or timeline.tracks[by].place
        yield finding("interpreter_held", sentence, (by, *lost_by), since_ns, place, cost_ns, lost_by)


def _behind(timeline: Timeline, track: Track, t_ns: int) -> tuple[str, Place | None]:
    """In words, where a thread was next seen once it let others run, and the place; no words if not soon after that.

    Nobody sees the call itself: a sample from before it is of something else.
    """
    soon_ns = t_ns + NAMED_NS
    place = sampled_at(timeline, timeline.samples.nearest(track.id, t_ns, t_ns, soon_ns))
    if place is not None:
        return f", and was then at {spot(place)}", place
    slices = track.slices
    after = slices.at(t_ns) + (slices.state[max(0, slices.at(t_ns))] != State.WAITING)
    if not 0 <= after < len(slices) or slices.state[after] != State.WAITING or slices.about[after] < 0:
        return "", None
    if not t_ns - NAMED_NS <= slices.start_ns[after] <= soon_ns:
        return "", None
    place = timeline.suspensions[slices.about[after]].place
    return (f", up to where it waited at {spot(place)}", place) if spot(place) else ("", None)


def _late(timeline: Timeline, tracks: Iterable[Track], since_ns: int, until_ns: int) -> Iterator[tuple[int, int]]:
    """Which of the tracks would have run in that time, and how much later they did."""
    for track in tracks:
        if track.spawn_ns >= until_ns or 0 <= track.exit_ns <= since_ns:
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
    # What a thread that runs does is not known: it may wait in a call of C's.
    if slices.state[at] == State.READY or (slices.state[at] == State.RUNNING and track.kind != words.THREAD):
        return slices.start_ns[at]
    if slices.state[at] != State.WAITING or slices.about[at] < 0:
        return timeline.last_ns
    asked_ns = timeline.suspensions[slices.about[at]].asked_ns
    return slices.start_ns[at] + asked_ns if asked_ns >= 0 else timeline.last_ns
