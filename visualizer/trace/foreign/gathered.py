"""The slices of another tool's trace, as they are found in any order, and then in that of time.

A track runs while any slice of it lasts: those inside of others are calls, and not told apart. What it does between two
slices is not known. Only our own exports say more: which state each slice is.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from visualizer.trace import words
from visualizer.trace.columns import Column, nonzero
from visualizer.trace.events import Text

#: States by number, as the model has them.
STATES = ("created", "ready", "running", "waiting", "idle", "blocked", "done", "failed", "unknown")
_READY, _RUNNING, _IDLE, _BLOCKED, _UNKNOWN = map(STATES.index, ("ready", "running", "idle", "blocked", "unknown"))
#: The state of a slice of which only that is known that it is one.
_SLICE = -1
#: So many rows are told at a time.
_AT_A_TIME = 20_000
#: No time is further from another, in ns.
_LATEST_NS = 2**61
#: Longer names are cut: nobody reads them.
_LONGEST_NAME = 4_096
_BLOCKED_BY = "blocked by "


class Told(NamedTuple):
    """From `t_ns` on a track is in that state, in order of time; columns. `name`: text id of what the slice is called,
    -1 if it is called as its state. `by`: of who runs, the track that stopped then, else itself, or -1 if it did not
    begin to run; of who is blocked, the track by which; of who is ready, the number of the wake. `flow`: the number of
    the wake that a flow to this very slice is, -1 without one.

    `wakes`: time, track, waker and number in `causes` of each; those of a batch are not later than its rows. `tracks`:
    the new ones, their times, and text ids of their names. `until_ns`: up to when all is told.
    """

    t_ns: Column
    track: Column
    state: Column
    name: Column
    by: Column
    flow: Column
    wakes: list[Column]
    causes: list[str]
    tracks: list[tuple[int, int, int]]
    until_ns: int


class _Rows(NamedTuple):
    """The columns of Told, of all rows."""

    t_ns: Column
    track: Column
    state: Column
    name: Column
    by: Column
    flow: Column
    wakes: list[Column]
    causes: list[str]
    last_ns: int


class Reader(Protocol):
    """Reads a trace of another tool, piece by piece."""

    def take(self, piece: bytes) -> None:
        """Take in a piece of the file, the next one. Raise ValueError, with a sentence, if it is none at all."""

    def finish(self) -> Gathered:
        """No more will come: what was found."""


class Gathered:
    """`notices`: what is wrong with the file, in sentences; `tool`: what it is; `own`: it is an export of ours."""

    def __init__(self, tool: str) -> None:
        self.tool, self.own, self.notices = tool, False, list[str]()
        self._numbers: dict[Hashable, int] = {}
        self._names: list[str] = []
        self._processes: list[int] = []
        self._of_process: dict[Hashable, int] = {}
        self._called: dict[Hashable, str] = {}
        self._texts: dict[str, int] = {}
        self._nested = 0
        self._track, self._name, self._cause = array("i"), array("i"), array("i")
        self._start, self._end, self._state = array("q"), array("q"), array("b")
        self._open: dict[int, list[int]] = {}
        self._begun: dict[Hashable, tuple[int, int]] = {}
        self._ended: dict[Hashable, list[tuple[int, int]]] = {}
        self._flows = array("q"), array("q"), array("q"), array("q")

    # What is found.

    def track(self, key: Hashable, process: Hashable, name: str = "") -> int:
        """The number of the track of that key. The name that `call` gives it counts before this one."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._names)
            self._names.append(name)
            self._processes.append(self._of_process.setdefault(process, len(self._of_process)))
        return number

    def call(self, key: Hashable, name: str) -> None:
        """Give a track, or a process, its name, whether it is known by now or not."""
        self._called[key] = name[:_LONGEST_NAME]

    def begin(self, track: int, t_ns: int, name: str, state: str = "", cause: str = "") -> None:
        """A slice begins; `state`: one of STATES, of our own; `cause`: why it is ready."""
        self._open.setdefault(track, []).append(len(self._track))
        self.slice(track, t_ns, _LATEST_NS, name, state, cause)

    def end(self, track: int, t_ns: int) -> None:
        """The slice that began last ends. One that did not begin, as far as is known, is nothing."""
        if known := self._open.get(track):
            at = known.pop()
            self._end[at] = max(t_ns, self._start[at])

    def slice(self, track: int, start_ns: int, end_ns: int, name: str, state: str = "", cause: str = "") -> None:
        """A whole slice."""
        self._track.append(track)
        self._start.append(start_ns)
        self._end.append(max(start_ns, end_ns))
        self._name.append(self._text(name) if name != state else words.NOTHING)
        self._state.append(STATES.index(state) if state in STATES else _SLICE)
        self._cause.append(self._text(cause) if cause else words.NOTHING)

    def flow_from(self, flow: Hashable, track: int, t_ns: int) -> None:
        """A flow begins."""
        for ended in self._ended.pop(flow, ()):
            self._flow((track, t_ns), ended)
        self._begun[flow] = track, t_ns

    def has_flow(self, flow: Hashable) -> bool:
        """Whether it has begun."""
        return flow in self._begun

    def flow_to(self, flow: Hashable, track: int, t_ns: int) -> None:
        """A flow ends, or passes."""
        if flow in self._begun:
            self._flow(self._begun[flow], (track, t_ns))
        else:
            self._ended.setdefault(flow, []).append((track, t_ns))

    def _flow(self, begun: tuple[int, int], ended: tuple[int, int]) -> None:
        if begun[0] != ended[0] and begun[1] <= ended[1]:
            for column, number in zip(self._flows, (begun[1], ended[0], begun[0], ended[1]), strict=True):
                column.append(number)

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text[:_LONGEST_NAME], len(self._texts))

    def leave_out(self, what: Mapping[str, int]) -> None:
        """Say how many of each kind are not shown."""
        if what:
            told = ", ".join(f"{name} ({count:,})" for name, count in sorted(what.items()))
            self.notices.append(f"Left out: {told}.")

    # What is told.

    @property
    def notice(self) -> str:
        """What such a trace does not know, in a few sentences; once `lines` has begun to tell."""
        if self.own:
            return (
                f"This is {self.tool} that visualizer exported: values, lines and ends are not in it, and problems are "
                "not looked for; the recording itself has them."
            )
        inside = f" ({self._nested:,} inside of others, calls, are not told apart)" if self._nested else ""
        return (
            f"This is {self.tool}: a track is shown as running while a slice of it lasts{inside}. What it does "
            "between, waits, values, lines and ends are not known, nor wakes unless a flow says so; problems are "
            "not looked for."
        )

    def lines(self) -> Iterator[list[Text | Told]]:
        """All of it, in order of time."""
        rows = self._rows()
        if rows is None:
            nothing = np.zeros(0, dtype=np.int64)
            yield [Told(nothing, nothing, nothing, nothing, nothing, nothing, [nothing] * 4, [], [], 0)]
            return
        t_ns, track, state, name, by, flow, wakes, causes, last_ns = rows
        names = self._names_of_tracks()
        first: list[Text | Told] = [Text(number, text) for text, number in self._texts.items()]
        yield first + [Text(len(self._texts) + number, text) for number, text in enumerate(names)]
        # A track is there from its first slice on, or the first wake that speaks of it.
        seen_ns = np.full(len(names), _LATEST_NS)
        for when, whose in ((t_ns, track), (wakes[0], wakes[1]), (wakes[0], wakes[2])):
            known = whose >= 0
            np.minimum.at(seen_ns, whose[known], when[known])
        order = np.argsort(seen_ns, kind="stable")
        order = order[seen_ns[order] < _LATEST_NS]
        told, woken = 0, 0
        for begin in range(0, len(t_ns), _AT_A_TIME):
            some = slice(begin, begin + _AT_A_TIME)
            is_last = begin + _AT_A_TIME >= len(t_ns)
            until_ns = last_ns if is_last else int(t_ns[some][-1])
            to_wake = int(np.searchsorted(wakes[0], until_ns, side="right"))
            to_track = int(np.searchsorted(seen_ns[order], until_ns, side="right"))
            some_tracks = order[told:to_track].tolist()
            new = [(number, int(seen_ns[number]), len(self._texts) + number) for number in some_tracks]
            of_wakes = [column[woken:to_wake] for column in wakes]
            columns = t_ns[some], track[some], state[some], name[some], by[some], flow[some]
            yield [Told(*columns, of_wakes, causes, new, until_ns)]
            told, woken = to_track, to_wake

    def _names_of_tracks(self) -> list[str]:
        keys = {number: key for key, number in self._numbers.items()}
        processes = {number: key for key, number in self._of_process.items()}
        several = len(set(self._processes)) > 1
        found = []
        for number, name in enumerate(self._names):
            called = self._called.get(keys[number], name) or f"track {number + 1}"
            process = processes[self._processes[number]]
            known = self._called.get(process, "")
            found.append(f"{known or f'process {process}'}: {called}" if several else called)
        return found

    def _outer(self) -> Column:
        """Which slices are inside of no other of their track."""
        track, start, end = (np.frombuffer(column, dtype=column.typecode) for column in (
            self._track, self._start, self._end
        ))
        outer: Column = np.frombuffer(self._state, dtype=np.int8) != _SLICE
        plain = nonzero(~outer)
        order = plain[np.lexsort((-end[plain], start[plain], track[plain]))]
        edges = np.append(nonzero(np.append(True, np.diff(track[order]) != 0)[: len(order)]), len(order))
        outer[order[edges[:-1]]] = True
        for group in nonzero(np.diff(edges) > 1).tolist():
            those = order[edges[group] : edges[group + 1]]
            reached = np.maximum.accumulate(end[those])
            outer[those[1:][start[those[1:]] >= reached[:-1]]] = True
        return outer

    def _rows(self) -> _Rows | None:
        """The columns of Told, of all rows."""
        if not len(self._track):
            return None
        track, name, cause = (np.array(column, dtype=np.int64) for column in (self._track, self._name, self._cause))
        start, end = (np.array(column, dtype=np.int64) for column in (self._start, self._end))
        state = np.array(self._state, dtype=np.int64)
        flows = [np.array(column, dtype=np.int64) for column in self._flows]
        zero = int(min(start.min(), flows[0].min(initial=_LATEST_NS)))
        known = end < _LATEST_NS
        last = int(max(start.max(), end[known].max(initial=zero), flows[3].max(initial=zero)))
        if unended := int(len(end) - known.sum()):
            those = "1 slice has" if unended == 1 else f"{unended:,} slices have"
            self.notices.append(f"{those} no end: shown up to the end of the trace.")
        end[~known] = last
        outer = self._outer()
        self._nested = len(outer) - int(outer.sum())
        # Which reach as far as the last of what is inside of them.
        order = np.lexsort((np.arange(len(track)), -end * (state == _SLICE), start, track))
        bounds = nonzero(outer[order])
        ends = np.maximum.reduceat(end[order], bounds)
        order = order[bounds]
        ends = np.where(state[order] == _SLICE, ends, end[order])
        track, start, end, state, name, cause = (
            column[order] for column in (track, start - zero, end, state, name, cause)
        )
        end, last = ends - zero, last - zero
        state[state == _SLICE] = _RUNNING
        # Between two slices nothing is known.
        is_last = np.append(track[1:] != track[:-1], True)
        follows = np.append(start[1:], last)
        gap = nonzero((end < last) & (is_last | (follows > end)))
        by, flow, wakes, causes = self._by(track, start, end, state, name, cause, zero)
        place = np.concatenate((np.arange(len(track)), gap))
        of_gap = np.full(len(gap), words.NOTHING)
        both = (start, end[gap]), (state, of_gap * 0 + _UNKNOWN), (name, of_gap), (by, of_gap), (flow, of_gap)
        t_ns, state, name, by, flow = map(np.concatenate, both)
        order = np.lexsort((np.arange(len(place)) >= len(track), place, t_ns))
        t_ns, track, state, name, by, flow = (column[order] for column in (t_ns, track[place], state, name, by, flow))
        return _Rows(t_ns, track, state, name, by, flow, wakes, causes, last)

    def _by(
        self, track: Column, start: Column, end: Column, state: Column, name: Column, cause: Column, zero: int
    ) -> tuple[Column, Column, list[Column], list[str]]:
        """`by` and `flow` of Told, and the wakes."""
        by = np.full(len(track), words.NOBODY)
        runs = (state == _RUNNING) | (state == _IDLE)
        contiguous = np.append(False, (track[1:] == track[:-1]) & (start[1:] == end[:-1]))
        goes_on = contiguous & runs & np.append(False, runs[:-1])
        begins = nonzero((state == _RUNNING) & ~(goes_on & np.append(False, state[:-1] == _IDLE)) & (start > 0))
        by[begins] = track[begins]
        # Who stopped at that very moment, if it is one of its process, and no other one begins to run then.
        stops = nonzero(runs & ~np.append(goes_on[1:], False))
        processes = np.array(self._processes)
        _, index = np.unique(np.concatenate((start[begins], end[stops])), return_inverse=True)
        pairs = index * (len(self._of_process) + 1) + processes[track[np.concatenate((begins, stops))]]
        keys, index = np.unique(pairs, return_inverse=True)
        began, stopped = index[: len(begins)], index[len(begins) :]
        alone = (np.bincount(began, minlength=len(keys)) == 1) & (np.bincount(stopped, minlength=len(keys)) == 1)
        origin = np.full(len(keys), words.NOBODY)
        origin[stopped] = track[stops]
        by[begins] = np.where(alone[began], origin[began], track[begins])
        blocked = nonzero(state == _BLOCKED)
        if len(blocked):
            names = [*self._texts]
            tracks = {called: number for number, called in enumerate(self._names_of_tracks())}
            for at in blocked.tolist():
                by[at] = tracks.get(names[name[at]].removeprefix(_BLOCKED_BY) if name[at] >= 0 else "", words.NOBODY)
        # Wakes: what flows say, and what is said of who is ready.
        from_ns, woken, waker, to_ns = (np.array(column, dtype=np.int64) for column in self._flows)
        number = np.zeros(len(woken), dtype=np.int64)
        ready = nonzero((state == _READY) & (cause >= 0))
        flow_of = {pair: at for at, pair in enumerate(zip(woken.tolist(), (to_ns - zero).tolist(), strict=True))}
        more, by_flow = list[tuple[int, int, int, int]](), dict[int, int]()
        for at in ready.tolist() if self.own else ():
            flow = flow_of.get((int(track[at]), int(start[at])), -1)
            if flow >= 0:
                number[flow] = cause[at] + 1
            else:
                flow = len(woken) + len(more)
                more.append((int(start[at]), int(track[at]), words.NOBODY, int(cause[at]) + 1))
            by_flow[at] = flow
        columns = np.column_stack((from_ns - zero, woken, waker, number))
        columns = np.concatenate((columns, np.array(more, dtype=np.int64).reshape(-1, 4)))
        order = np.argsort(columns[:, 0], kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        for at, flow in by_flow.items():
            by[at] = place[flow]
        flows = np.full(len(track), words.NOTHING)
        for at in begins.tolist() if flow_of else ():
            flow = flow_of.get((int(track[at]), int(start[at])), -1)
            flows[at] = place[flow] if flow >= 0 else flow
        texts = [words.UNKNOWN, *self._texts]
        numbers, columns[:, 3] = np.unique(columns[:, 3], return_inverse=True)
        return by, flows, [*columns[order].T], [texts[number] for number in numbers.tolist()]
