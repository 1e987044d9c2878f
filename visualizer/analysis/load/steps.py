"""Who runs: the lines of a batch as steps, in which everybody is named.

Which track a line is about depends on all that came before: on which stack each thread is, and who stands on top of it.
That is all that is followed one event at a time, and only where generators run at all; the rest is columns. A trace
from which lines are missing comes to the same steps as any other, and to a few more, by which tracks are lost sight of.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np

from visualizer.analysis.load.distinct import last_true, shifted
from visualizer.analysis.model.stacks import Stacks
from visualizer.trace import words
from visualizer.trace.columns import (
    BEGIN,
    EXIT,
    IDLE,
    NOTED,
    PARK,
    RESUME,
    SAMPLE,
    SPAWN,
    SWITCH,
    THREAD,
    UNPARK,
    UNREADY,
    WAIT,
    WAKE,
    YIELD,
    Column,
    Columns,
    grouped,
    kinds,
    nonzero,
    numbered,
    unique,
)

#: Further kinds of steps: one that is none; a generator yields that nobody is known to have resumed; one has ended, and
#: its resumer goes on; it is not known what became of a track; nor of one that ran; and one is ready for its next turn.
VOID, ALONE, RETURN, LOST, STRAYED, TURN = range(NOTED + 1, NOTED + 7)

_moves = kinds(SWITCH, THREAD, BEGIN)
_stacks = kinds(SWITCH, THREAD, BEGIN, RESUME, YIELD, EXIT)
_may_be_current = kinds(WAIT, WAKE, IDLE, SAMPLE, PARK, UNPARK)
_names_another = kinds(WAKE, SPAWN, BEGIN, NOTED)
_asks = kinds(WAIT, WAKE, UNREADY, PARK, UNPARK)
_generators = kinds(RESUME, YIELD)
#: Who yields is named; whom a switch or a resumption comes from, and whom a switch or a yield goes to, is current.
_gives, _goes, _arrives = kinds(YIELD, ALONE), kinds(SWITCH, RESUME), kinds(SWITCH, YIELD)
_NO_LINES: Column = np.zeros(0, dtype=np.int64)
_NO_EXTRAS: Column = np.zeros((5, 0), dtype=np.int64)
_is_none = kinds(THREAD, VOID)
#: What happens to the stacks: a generator is resumed, or yields, or a track ends; it is gone to another stack; who is
#: current on a stack is asked for, or is where a stray origin stands.
_PUSH, _POP, _END, _GO, _ASK, _STRAY = range(6)
_STACKS = np.full(TURN + 1, _GO, dtype=np.uint8)
_STACKS[[RESUME, YIELD, EXIT, WAIT, WAKE, UNREADY, PARK, UNPARK]] = _PUSH, _POP, _END, *[_ASK] * 5
_changes = kinds(_POP, _END, _GO)
#: So few are followed one by one.
_FEW = 64


class Steps(NamedTuple):
    """In order. event: the line of each; who: the target, or the track; by: the origin, the waker, or the creator.

    `bottom`: of a SWITCH the bottom of the stack that is left, of a WAKE whom the line names.
    """

    event: Column
    kind: Column
    who: Column
    by: Column
    bottom: Column


class Extra(NamedTuple):
    """A step that no line tells by itself: in front of (0), or behind (2), that of its line."""

    event: int
    side: int
    kind: int
    who: int
    by: int


def resolve(columns: Columns, stacks: Stacks, void: Column) -> tuple[Steps, list[Extra], Column]:
    """A step for each of these lines, and what has to be added to them, most of it as columns of Extra. The stacks
    become what they are behind all.

    `void`: lines that are to be passed over.
    """
    kind, a, b = columns.kind.copy(), columns.a.astype(np.int32), columns.b.astype(np.int32)
    kind[void] = VOID
    if int(a.min()) < 0:
        kind[(a < 0) & ~((a == words.CURRENT) & _may_be_current(kind))] = VOID
    first = stacks.bottom
    moves = nonzero(_moves(kind))
    after = _bottoms(kind[moves], a[moves], stacks)
    left, named = shifted(after, first), b[moves]
    odd = nonzero((kind[moves] == SWITCH) & (named >= 0) & (named != left))
    who, by, bottom, extras, returns = a, b, a.copy(), list[Extra](), _NO_EXTRAS
    bottom[moves] = left
    bottom[moves[odd]] = origins = named[odd]
    nested = bool(stacks.stacks) or bool(_generators(kind).any())
    is_turn = (_stacks if nested else _moves)(kind)
    turns = nonzero(is_turn)
    top, tops = first, after
    every = len(turns) == len(kind)
    turn_kind, turn_a = (kind, a) if every else (kind[turns], a[turns])
    if nested:
        # What happens to the stacks, and who is asked for: whose stack that is.
        of, whom = _STACKS.take(kind), a
        if len(moves):
            whom = a.copy()
            whom[moves] = after
        asks = _NO_LINES if every else nonzero(_asks(kind) & (a >= 0))
        lines = turns
        if not every:
            lines = np.sort(np.concatenate((turns, asks))) if len(asks) else turns
            of, whom = of.take(lines), whom.take(lines)
        if len(odd):
            strays = np.searchsorted(lines, moves[odd])
            of, whom = np.insert(of, strays, _STRAY), np.insert(whom, strays, named[odd])
            lines = np.insert(lines, strays, moves[odd])
        top = stacks.stack(first)[-1]
        is_ask = of >= _ASK
        left, pairs = _unpaired(of, whom, np.array([first, *stacks.stacks, *unique(after)]))
        told, asked, strayed, breaks, ended = _walk(of[left], whom[left], stacks.stacks, stacks.stack(first))
        who[asks], origins = asked, np.array(strayed, dtype=np.int32)
        others = left.compress(_changes(of.take(left)))
        tops = np.where(of == _PUSH, whom, np.int32(top))
        tops[others] = np.frombuffer(array("i", told), dtype=np.int32)
        for places, yields, is_left in reversed(pairs):
            # Behind a pair it is as it was before.
            before = last_true(is_left & ~is_ask.take(places)).take(yields)
            tops[places.take(yields)] = np.where(before >= 0, tops.take(places.take(before)), np.int32(top))
        paired = np.concatenate([_NO_LINES, *(places.take(yields) for places, yields, _ in pairs)])
        exits = np.concatenate((others[ended], paired.compress(of.take(paired) == _END)))
        returns = _returns(lines[exits], tops[exits], a)
        events, tops = lines[others], tops if len(lines) == len(turns) else tops.compress(~is_ask)
        # Where not even the thread is known, nobody is known to go on.
        kind[turns[(turn_kind == YIELD) & (tops < 0)]] = ALONE
        for number, lost, resumer in breaks:
            event = int(events[number])
            extras += [Extra(event, 0, LOST, track, words.NOBODY) for track in lost]
            if kind[event] == YIELD and resumer == words.NOBODY:
                kind[event] = ALONE
            elif kind[event] == EXIT and resumer != words.NOBODY:
                extras.append(Extra(event, 2, RETURN, resumer, int(a[event])))
        turn_kind = kind if every else kind[turns]
    before = shifted(tops, top)
    if not every or (kind == BEGIN).any():
        behind = np.cumsum(is_turn, dtype=np.int32)
        behind[moves] -= 1
        currents = np.concatenate((np.array([top], dtype=np.int32), tops))
        for column, may_be in ((who, _may_be_current), (by, _names_another)):
            those = nonzero(may_be(kind) & (column == words.CURRENT))
            column[those] = currents[behind[those]]
            if column is who:
                bottom[those] = column[those]
    turn_by = np.where(
        _gives(turn_kind), turn_a, np.where(_goes(turn_kind), before, by if every else by[turns])
    )
    turn_who = np.where(_arrives(turn_kind), tops, turn_a)
    if every:
        who, by = turn_who, turn_by
    else:
        who[turns], by[turns] = turn_who, turn_by
    goes_on = kind == UNPARK
    by[goes_on] = who[goes_on]
    for event, origin in zip(moves[odd].tolist(), origins.tolist(), strict=True):
        believed = int(by[event])
        by[event] = origin
        if believed not in (origin, int(who[event])):
            extras.append(Extra(event, 0, STRAYED, believed, words.NOBODY))
    return Steps(np.arange(len(kind)), kind, who, by, bottom), extras, returns


def _bottoms(kind: Column, a: Column, stacks: Stacks) -> Column:
    """The bottom of the stack that is current behind each switch, or from where another thread goes on."""
    is_switch = kind == SWITCH
    if is_switch.all():
        if len(a):
            stacks.go_to(int(a[-1]))
        return a
    threads = np.concatenate(([stacks.thread], a[~is_switch])).astype(np.int64)
    different, index = numbered(threads + 1)
    which = index[np.cumsum(~is_switch)]
    order, edges = grouped(which, len(different))
    last = last_true(is_switch[order])
    known = last >= edges[which[order]]
    begins = [stacks.of_thread.get(thread, thread) for thread in (different - 1).tolist()]
    ordered = np.where(known, a[order][last], np.array(begins, dtype=np.int32)[which[order]])
    after = np.empty_like(a)
    after[order] = ordered
    for thread, begin, end in zip((different - 1).tolist(), edges.tolist(), edges[1:].tolist(), strict=False):
        if end > begin and known[end - 1]:
            stacks.of_thread[thread] = int(ordered[end - 1])
    stacks.thread = int(threads[-1])
    return after


def _returns(lines: Column, resumers: Column, a: Column) -> Column:
    """By these exits control returns to their resumers, if those are known."""
    known = nonzero(resumers != words.NOBODY)
    lines, resumers = lines[known], resumers[known]
    return np.array([lines, np.full(len(lines), 2), np.full(len(lines), RETURN), resumers, a[lines]], dtype=np.int64)


def _unpaired(of: Column, whom: Column, apart: Column) -> tuple[Column, list[tuple[Column, Column, Column]]]:
    """Where what happens stands without who is resumed and yields, or ends, right behind that, which leaves the stack
    as it was; and without who does so once these are left out, as long as those are many. Also of each time what was
    there, which of it are such yields and ends, and what was left. `apart`: those with a stack."""
    places: Column = np.arange(len(of))
    pairs: list[tuple[Column, Column, Column]] = []
    while len(of):
        is_pair = (of[:-1] == _PUSH) & (whom[:-1] == whom[1:]) & ((of[1:] == _POP) | (of[1:] == _END))
        yields = nonzero(is_pair) + 1
        ends = nonzero(of.take(yields) == _END)
        if len(ends):
            yields = np.delete(yields, ends[np.isin(whom[yields[ends]], apart)])
        is_left = np.ones(len(of), dtype=bool)
        is_left[yields] = is_left[yields - 1] = False
        pairs.append((places, yields, is_left))
        left = nonzero(is_left)
        places, of, whom = places.take(left), of.take(left), whom.take(left)
        if 8 * len(yields) < len(is_left):
            break
    return places, pairs


def _walk(
    of: Column, whom: Column, stacks: dict[int, list[int]], stack: list[int]
) -> tuple[list[int], list[int], list[int], list[tuple[int, list[int], int]], list[int]]:
    """Who is current behind each of these but a resumption; who is asked for; whom a stray switch comes from; which of
    the first, by number, do not only take the top off their stack: whom they lose, and who goes on, or nobody; and
    which are exits that only do that."""
    told: list[int] = []
    asked: list[int] = []
    strayed: list[int] = []
    breaks: list[tuple[int, list[int], int]] = []
    ended: list[int] = []
    tell, push, pop = told.append, stack.append, stack.pop
    # Long rows of those that leave all stacks as they are.
    edges = nonzero(np.diff(of >= _GO, prepend=False, append=False)).reshape(-1, 2)
    begin = 0
    for low, high in [*edges[edges[:, 1] - edges[:, 0] > _FEW].tolist(), [len(of), len(of)]]:
        for what, track in zip(of[begin:low].tolist(), whom[begin:low].tolist(), strict=True):
            if what == _POP:
                if stack[-1] == track and len(stack) > 1:
                    pop()
                else:
                    breaks.append((len(told), *_leave(stack, track)))
                tell(stack[-1])
            elif what == _PUSH:
                push(track)
            elif what == _GO:
                going = stacks.get(track)
                if going is None:
                    going = stacks[track] = [track]
                stack, push, pop = going, going.append, going.pop
                tell(stack[-1])
            elif what != _END:
                there = stacks.get(track)
                (strayed if what == _STRAY else asked).append(there[-1] if there else track)
            else:
                if stack[-1] == track and len(stack) > 1 and track not in stacks:
                    pop()
                    ended.append(len(told))
                    tell(stack[-1])
                    continue
                lost, resumer = _leave(stack, track)
                there = stacks.get(track)
                if there is not None:
                    lost += there[1:]
                    del there[1:]
                if lost or resumer != words.NOBODY:
                    breaks.append((len(told), lost, resumer))
                tell(stack[-1])
        begin = high
        if low < high:
            stack = _look(of[low:high], whom[low:high], stacks, told, asked, strayed) or stack
            tell, push, pop = told.append, stack.append, stack.pop
    return told, asked, strayed, breaks, ended


def _look(
    of: Column, whom: Column, stacks: dict[int, list[int]], told: list[int], asked: list[int], strayed: list[int]
) -> list[int] | None:
    """The same, of many that leave all stacks as they are. Return that which is current behind them, if one becomes
    that."""
    goes = of == _GO
    tracks, which = numbered(whom)
    for bottom in tracks[unique(which[goes])].tolist():
        stacks.setdefault(bottom, [bottom])
    tops = np.array([stacks[track][-1] if track in stacks else track for track in tracks.tolist()])[which]
    told += tops[goes].tolist()
    asked += tops[of == _ASK].tolist()
    strayed += tops[of == _STRAY].tolist()
    return stacks[int(whom[goes][-1])] if goes.any() else None


def _leave(stack: list[int], generator: int) -> tuple[list[int], int]:
    """Take the generator off the stack. Return who stood above it, of whom the trace should have told before, and who
    is on top then; nobody if it was not there."""
    if generator not in stack[1:]:
        return [], words.NOBODY
    depth = len(stack) - 1 if stack[-1] == generator else stack.index(generator, 1)
    lost = stack[depth + 1 :]
    del stack[depth:]
    return lost, stack[-1]


def arranged(steps: Steps, extras: list[Extra], returns: Column) -> Steps:
    """With these, and without lines that are none."""
    columns = [*steps]
    if extras or returns.size:
        more = np.concatenate((returns, np.array(extras, dtype=np.int64).reshape(-1, 5).T), axis=1)
        more = more[:, (4 * more[0] + more[1]).argsort(kind="stable")]
        event, side, kind, who, by = more
        # Behind its line, or in front of it.
        at = event + (side > 0) + np.arange(len(event))
        is_line = np.ones(len(steps.event) + len(event), dtype=bool)
        is_line[at] = False
        lines = nonzero(is_line)
        for number, (column, own) in enumerate(zip(steps, (event, kind, who, by, who), strict=True)):
            columns[number] = np.empty(len(is_line), dtype=column.dtype)
            columns[number][lines], columns[number][at] = column, own
    is_step = ~_is_none(columns[1])
    if not is_step.all():
        where = nonzero(is_step)
        columns = [column.take(where) for column in columns]
    return Steps(*columns)
