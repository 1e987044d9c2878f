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

#: Further kinds of steps: one that is none; a generator yields that nobody is known to have resumed; one has ended, and
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
_MAY_BE_CURRENT = kinds(WAIT, WAKE, IDLE, SAMPLE)
_NAMES_ANOTHER = kinds(WAKE, SPAWN, BEGIN, NOTED)
_ASKS = kinds(WAIT, WAKE, UNREADY)
_GENERATORS = kinds(RESUME, YIELD)
#: Who yields is named; whom a switch or a resumption comes from, and whom a switch or a yield goes to, is current.
_GIVES, _GOES, _ARRIVES = kinds(YIELD, ALONE), kinds(SWITCH, RESUME), kinds(SWITCH, YIELD)
_NO_LINES: Column = np.zeros(0, dtype=np.int64)
_NO_EXTRAS: Column = np.zeros((5, 0), dtype=np.int64)
_NO_STEPS = kinds(THREAD, VOID)
#: What a number in `_walk` says beside a track: below 0 it yields, else it is resumed, unless it is more than these.
_GO, _ASK, _STRAY, _END = 1 << 32, 1 << 33, 1 << 32, 1 << 34
_LARGEST = (1 << 31) - 1


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
        # What happens to the stacks, and who is asked for: on whose stack, and where a stray origin stands.
        numbers = a.astype(np.int64)
        np.invert(numbers, out=numbers, where=kind == YIELD)
        numbers[moves] = after.astype(np.int64) + _GO
        numbers[kind == EXIT] += _END
        asks = _NO_LINES if every else nonzero(_ASKS.take(kind) & (a >= 0))
        numbers[asks] += _ASK
        lines = np.sort(np.concatenate((turns, asks))) if len(asks) else turns
        numbers = numbers if every else numbers[lines]
        if len(odd):
            strays = np.searchsorted(lines, moves[odd])
            numbers = np.insert(numbers, strays, named[odd].astype(np.int64) + (_ASK | _STRAY))
            lines = np.insert(lines, strays, moves[odd])
        top = stacks.stack(first)[-1]
        is_ask, is_resume = (numbers >= _ASK) & (numbers < _END), (numbers >= 0) & (numbers < _GO)
        left, pairs = _unpaired(numbers)
        told, asked, strayed, breaks, ended = _walk(numbers[left].tolist(), stacks.stacks, stacks.stack(first))
        who[asks], origins = asked, np.array(strayed, dtype=np.int32)
        others = left[~(is_ask | is_resume)[left]]
        tops = np.where(is_resume, numbers, top).astype(np.int32)
        tops[others] = np.frombuffer(array("i", told), dtype=np.int32)
        for places, yields, is_left in reversed(pairs):
            # Behind a pair it is as it was before.
            before = last_true(is_left & ~is_ask[places])[yields]
            tops[places[yields]] = np.where(before >= 0, tops[places[before]], np.int32(top))
        returns = _returns(lines[others[ended]], tops[others[ended]], a)
        events, tops = lines[others], tops[~is_ask]
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


def _returns(lines: Column, resumers: Column, a: Column) -> Column:
    """By these exits control returns to their resumers, if those are known."""
    known = nonzero(resumers != words.NOBODY)
    lines, resumers = lines[known], resumers[known]
    return np.array([lines, np.full(len(lines), 2), np.full(len(lines), RETURN), resumers, a[lines]], dtype=np.int64)


def _unpaired(numbers: Column) -> tuple[Column, list[tuple[Column, Column, Column]]]:
    """Where the numbers for `_walk` stand without who is resumed and yields right behind that, which leaves the stack
    as it was; and without who does so once these are left out, as long as those are many. Also of each time what was
    there, which of it are such yields, and what was left."""
    places: Column = np.arange(len(numbers))
    pairs: list[tuple[Column, Column, Column]] = []
    while len(numbers):
        yields = nonzero((numbers[:-1] == ~numbers[1:]) & (numbers[1:] < 0)) + 1
        is_left = np.ones(len(numbers), dtype=bool)
        is_left[yields] = is_left[yields - 1] = False
        pairs.append((places, yields, is_left))
        places, numbers = places[is_left], numbers[is_left]
        if 8 * len(yields) < len(is_left):
            break
    return places, pairs


def _walk(
    numbers: list[int], stacks: dict[int, list[int]], stack: list[int]
) -> tuple[list[int], list[int], list[int], list[tuple[int, list[int], int]], list[int]]:
    """Who is current behind each number but a resumption; who is asked for; whom a stray switch comes from; which of
    the first, by number, do not only take the top off their stack: whom they lose, and who goes on, or nobody; and
    which are exits that only do that."""
    told: list[int] = []
    asked: list[int] = []
    strayed: list[int] = []
    breaks: list[tuple[int, list[int], int]] = []
    ended: list[int] = []
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
        elif number < _ASK:
            bottom = number - _GO
            going = stacks.get(bottom)
            if going is None:
                going = stacks[bottom] = [bottom]
            stack, push, pop = going, going.append, going.pop
            tell(stack[-1])
        elif number < _END:
            track = number & _LARGEST
            there = stacks.get(track)
            (strayed if number & _STRAY else asked).append(there[-1] if there else track)
        else:
            track = number - _END
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
    return told, asked, strayed, breaks, ended


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
