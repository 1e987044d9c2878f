"""Who runs: the lines of a batch as steps, in which everybody is named.

Which track a line is about depends on all that came before: on which stack each thread is, and who stands on top of it.
That is all that is followed one event at a time, and only where generators run at all; the rest is columns. A trace
from which lines are missing comes to the same steps as any other, and to a few more, by which tracks are lost sight of.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from visualizer.analysis.load.distinct import last_true, shifted
from visualizer.analysis.model.stacks import Stacks
from visualizer.trace import words
from visualizer.trace.columns import (
    BEGIN,
    EXIT,
    NOTED,
    RESUME,
    SAMPLE,
    SPAWN,
    SWITCH,
    THREAD,
    UNREADY,
    WAIT,
    WAKE,
    YIELD,
    Column,
    Columns,
    grouped,
    nonzero,
    numbered,
)

#: Further kinds of steps: one that is none; a generator parks that nobody is known to have resumed; one has ended, and
#: its resumer goes on; it is not known what became of a track; nor of one that ran; and one is ready for its next turn.
VOID, ALONE, RETURN, LOST, STRAYED, TURN = range(NOTED + 1, NOTED + 7)
_KINDS = TURN + 1


def kinds(*those: int) -> Column:
    """A table that says of each kind whether it is one of those."""
    table = np.zeros(_KINDS, dtype=bool)
    table[list(those)] = True
    return table


_MOVES = kinds(SWITCH, THREAD, BEGIN)
_STACKS = kinds(SWITCH, THREAD, BEGIN, RESUME, YIELD, EXIT)
_MAY_BE_CURRENT = kinds(WAIT, WAKE, SAMPLE)
_NAMES_ANOTHER = kinds(WAKE, SPAWN, BEGIN, NOTED)
_ASKS = kinds(WAIT, WAKE, UNREADY)
_GENERATORS = kinds(RESUME, YIELD)
#: Who yields is named; whom a switch or a resumption comes from, and whom a switch or a yield goes to, is current.
_GIVES, _GOES, _ARRIVES = kinds(YIELD, ALONE), kinds(SWITCH, RESUME), kinds(SWITCH, YIELD)
_NO_LINES: Column = np.zeros(0, dtype=np.int64)
_NO_STEPS = kinds(THREAD, VOID)
_NO_EXTRAS: Column = np.zeros((5, 0), dtype=np.int64)
#: What changes a stack, VOID for the end of its bottom; and by how much it grows.
_ON_STACKS = kinds(RESUME, YIELD, EXIT, VOID)
_DEPTHS = kinds(RESUME).astype(np.int64) - kinds(YIELD, EXIT)
#: What a number in `_walk` says beside a track: below 0 it yields, else it is resumed, unless it is more than these.
_GO, _END = 1 << 32, 1 << 33


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


def resolve(columns: Columns, stacks: Stacks, void: list[int]) -> tuple[Steps, list[Extra], Column]:
    """A step for each of these lines, and what has to be added to them, most of it as columns of Extra. The stacks
    become what they are behind all.

    `void`: lines that are to be passed over.
    """
    kind, a, b = columns.kind.copy(), columns.a.astype(np.int32), columns.b.astype(np.int32)
    kind[void] = VOID
    if int(a.min()) < 0:
        kind[(a < 0) & ~((a == words.CURRENT) & _MAY_BE_CURRENT.take(kind))] = VOID
    first = stacks.bottom
    moves = nonzero(_MOVES.take(kind))
    after = _bottoms(kind[moves], a[moves], stacks)
    left, named = shifted(after, first), b[moves]
    odd = nonzero((kind[moves] == SWITCH) & (named >= 0) & (named != left))
    who, by, bottom, extras, returns = a, b, a.copy(), list[Extra](), _NO_EXTRAS
    bottom[moves] = left
    bottom[moves[odd]] = origins = named[odd]
    nested = bool(stacks.stacks) or bool(_GENERATORS.take(kind).any())
    is_turn = (_STACKS if nested else _MOVES).take(kind)
    turns = nonzero(is_turn)
    top, tops = first, after
    every = len(turns) == len(kind)
    turn_kind, turn_a = (kind, a) if every else (kind[turns], a[turns])
    if nested:
        asks = _NO_LINES if every else nonzero(_ASKS.take(kind) & (a >= 0))
        # Whose stack each is about: a move the one that it goes to, what asks for somebody the one that is named.
        moved = np.cumsum(_MOVES.take(turn_kind)) if len(moves) else np.zeros(len(turns), dtype=np.int64)
        stack = np.concatenate(([first], after)).take(moved)
        top = stacks.stack(first)[-1]
        line = np.concatenate((turns, asks, moves[odd]))
        told = _Told(line, np.concatenate((stack, a[asks], named[odd])), kind[line], a[line])
        found, breaks, returns = _follow(told, stacks, first)
        tops, who[asks], origins = np.split(found, [len(turns), len(turns) + len(asks)])
        for event, lost, resumer in breaks:
            extras += [Extra(event, 0, LOST, track, words.NOBODY) for track in lost]
            if kind[event] == YIELD and resumer == words.NOBODY:
                kind[event] = ALONE
            elif kind[event] == EXIT and resumer != words.NOBODY:
                extras.append(Extra(event, 2, RETURN, resumer, int(a[event])))
        # Where not even the thread is known, nobody is known to go on.
        kind[turns[(turn_kind == YIELD) & (tops < 0)]] = ALONE
        turn_kind = kind if every else kind[turns]
    before = shifted(tops, top)
    if not every or (kind == BEGIN).any():
        behind = np.cumsum(is_turn)
        behind[moves] -= 1
        currents = np.concatenate((np.array([top], dtype=np.int32), tops))
        for column, may_be in ((who, _MAY_BE_CURRENT), (by, _NAMES_ANOTHER)):
            those = nonzero(may_be.take(kind) & (column == words.CURRENT))
            column[those] = currents[behind[those]]
            if column is who:
                bottom[those] = column[those]
    turn_by = np.where(
        _GIVES.take(turn_kind), turn_a, np.where(_GOES.take(turn_kind), before, by if every else by[turns])
    )
    turn_who = np.where(_ARRIVES.take(turn_kind), tops, turn_a)
    if every:
        who, by = turn_who, turn_by
    else:
        who[turns], by[turns] = turn_who, turn_by
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


class _Told(NamedTuple):
    """What is told of stacks: by which line, of which stack (its bottom), of which kind, and of which track. Only those
    of _ON_STACKS change the stack; the others ask who is on top of it."""

    line: Column
    bottom: Column
    kind: Column
    track: Column


def _follow(told: _Told, stacks: Stacks, first: int) -> tuple[Column, list[tuple[int, list[int], int]], Column]:
    """Who is on top of each stack behind each of these. Also those, by their lines, that do not only take the top off
    their stack: whom they lose, and who goes on, or nobody; and what is returned to otherwise, as columns of Extra.

    Most are resumptions and what ends them, with nothing in between but others of that sort: these leave a stack as it
    was, and are found as neighbours among those of the same depth. Only what is left is followed one by one.
    """
    count = len(told.line)
    carried = [(-1, bottom, RESUME, one) for bottom, stack in stacks.stacks.items() for one in stack[1:]]
    ends = nonzero((told.kind == EXIT) & (told.track != told.bottom))
    if len(ends):
        ends = ends[np.isin(told.track[ends], np.append(numbered(told.bottom + 1)[0] - 1, [*stacks.stacks]))]
    if carried or len(ends):
        # What the stacks are before; and who ends whose own stack that is, wherever that is told.
        before = np.array(carried, dtype=np.int64).reshape(-1, 4).T
        over = told.line[ends], told.track[ends], np.full(len(ends), VOID), told.track[ends]
        told = _Told(*map(np.concatenate, zip(told, before, over, strict=True)))
    bottoms, index = numbered(told.bottom + 1)
    bottoms = bottoms - 1
    order: Column = np.arange(len(index))
    if len(index) > 1 and (told.line[1:] < told.line[:-1]).any():
        order = told.line.argsort(kind="stable")
    order = order[grouped(index[order], len(bottoms))[0]]
    index, is_change = index[order], _ON_STACKS.take(told.kind[order])
    changes = order if is_change.all() else order[is_change]
    top, breaks, returns = _changed(told, changes, bottoms, index[is_change], stacks, first)
    if len(changes) < len(order):
        last = np.cumsum(is_change) - 1
        begins = index[is_change].searchsorted(np.arange(len(bottoms)))
        top = np.where(last >= begins[index], np.append(top, -1)[last], bottoms[index])
    found = np.empty(len(order), dtype=np.int32)
    found[order] = top
    return found[:count], breaks, returns


def _changed(
    told: _Told, changes: Column, bottoms: Column, index: Column, stacks: Stacks, first: int
) -> tuple[Column, list[tuple[int, list[int], int]], Column]:
    """The same of `changes` alone, which are in order, stack by stack; `index`: which of `bottoms`."""
    line, _, kind, track = (column[changes] for column in told)
    resumes, depth = kind == RESUME, _DEPTHS.take(kind)
    exits = nonzero(kind == EXIT)
    if len(exits):
        # Only those who run take themselves off.
        different, which = numbered(track)
        last = np.full((2, len(different)), -1)
        for is_there, those in enumerate((nonzero(kind == YIELD), nonzero(resumes))):
            last[is_there, which[those]] = those
        ended, runs = track[exits], last[1, which[exits]] > last[0, which[exits]]
        depth[exits[~runs | np.isin(ended, bottoms)]] = 0
    goes = depth < 0
    depth = depth.cumsum()
    begins = index.searchsorted(np.arange(len(bottoms)))
    depth -= np.concatenate(([0], depth))[begins][index]
    order, level = _by_depth(index, depth - resumes)
    one, next_ = order[:-1], order[1:]
    fits = resumes[one] & goes[next_] & (track[one] == track[next_]) & (level[one] == level[next_]) & (line[one] >= 0)
    one, next_ = one[fits], next_[fits]
    is_left = np.ones(len(kind), dtype=bool)
    is_left[one] = is_left[next_] = False
    behind = is_left.cumsum()
    fits = behind[one] == behind[next_]
    one, next_ = one[fits], next_[fits]
    is_left[:] = True
    is_left[one] = is_left[next_] = False
    # What is left, in the order of lines.
    left = nonzero(is_left & (line >= 0) & (kind != VOID))
    left = left[line[left].argsort(kind="stable")]
    numbers = track[left].astype(np.int64)
    np.invert(numbers, out=numbers, where=kind[left] == YIELD)
    numbers[kind[left] == EXIT] += _END
    whose = bottoms[index[left]]
    moves = nonzero(whose != shifted(whose, first))
    numbers = np.insert(numbers, moves, whose[moves].astype(np.int64) + _GO)
    tops, breaks = _walk(numbers.tolist(), stacks.stacks, stacks.stack(first))
    top, others = track.copy(), left[~resumes[left]]
    top[others] = tops
    top[kind == VOID] = bottoms[index[kind == VOID]]
    # Behind what fits the top is that of the last step, of those that are left or resume, behind which is that depth.
    order, level = _by_depth(index, depth)
    is_known = np.ones(len(kind), dtype=bool)
    is_known[next_] = False
    is_known = is_known[order]
    last = order[last_true(is_known)]
    same = (level[last] == level[order]) & (last <= order)
    top[order] = np.where(same, top[last], bottoms[index[order]])
    ends = np.sort(next_[(kind[next_] == EXIT) & (top[next_] != words.NOBODY)])
    returns = np.array([line[ends], np.full(len(ends), 2), np.full(len(ends), RETURN), top[ends], track[ends]])
    return top, [(int(line[others[number]]), lost, resumer) for number, lost, resumer in breaks], returns


def _by_depth(index: Column, depth: Column) -> tuple[Column, Column]:
    """In which order they stand stack by stack and depth by depth; and a number for each of these."""
    low = int(depth.min(initial=0))
    number = index.astype(np.int64) * (int(depth.max(initial=0)) - low + 1) + (depth - low)
    small = number.astype(np.uint16) if int(number.max(initial=0)) < 1 << 16 else number
    return small.argsort(kind="stable"), number


def _walk(
    numbers: list[int], stacks: dict[int, list[int]], stack: list[int]
) -> tuple[list[int], list[tuple[int, list[int], int]]]:
    """Who is current behind each number but resumptions and moves; and which of the first, by number, do not only take
    the top off their stack: whom they lose, and who goes on, or nobody."""
    told: list[int] = []
    breaks: list[tuple[int, list[int], int]] = []
    tell, push, pop = told.append, stack.append, stack.pop
    for number in numbers:
        if number < 0:
            if stack[-1] == ~number and len(stack) > 1:
                pop()
            else:
                breaks.append((len(told), *_leave(stack, ~number)))
            tell(stack[-1])
        elif number < _GO:
            push(number)
        elif number < _END:
            bottom = number - _GO
            going = stacks.get(bottom)
            if going is None:
                going = stacks[bottom] = [bottom]
            stack, push, pop = going, going.append, going.pop
        else:
            track = number - _END
            lost, resumer = _leave(stack, track)
            there = stacks.get(track)
            if there is not None:
                lost += there[1:]
                del there[1:]
            if lost or resumer != words.NOBODY:
                breaks.append((len(told), lost, resumer))
            tell(stack[-1])
    return told, breaks


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
    event, kind, who, by, bottom = steps
    if extras or returns.size:
        more = np.concatenate((returns, np.array(extras, dtype=np.int64).reshape(-1, 5).T), axis=1)
        place = np.concatenate((4 * event + 1, 4 * more[0] + more[1]))
        order = place.argsort(kind="stable")
        event, kind, who, by, bottom = (
            np.concatenate((column, rest.astype(column.dtype)))[order]
            for column, rest in zip(steps, (more[0], more[2], more[3], more[4], more[3]), strict=True)
        )
    is_step = ~_NO_STEPS.take(kind)
    if is_step.all():
        return Steps(event, kind, who, by, bottom)
    return Steps(*(column[is_step] for column in (event, kind, who, by, bottom)))
