"""What steps come to, track by track: which slices each begins, worked out as columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from visualizer.analysis.load.distinct import chosen, shifted
from visualizer.analysis.load.steps import ALONE, LOST, RETURN, STRAYED, TURN, Steps
from visualizer.analysis.model.states import FINAL, RUNS, State
from visualizer.trace.columns import (
    BEGIN,
    EXIT,
    IDLE,
    PARK,
    POLL,
    RESUME,
    SAMPLE,
    SPAWN,
    SWITCH,
    UNPARK,
    UNREADY,
    WAIT,
    WAKE,
    YIELD,
    Column,
    grouped,
    kinds,
    nonzero,
    numbered,
)

#: What a step is to a track. What the first few come to is always the same; of the rest it depends on the state before.
RUN, SUSPENSION, SUSPENSION_READY, WAITS = range(4)
(
    LEAVE, LEAVE_READY, WOKEN, UNDONE, BORN, _ENDED, _FAILED, _STOPPED, POLLS, POLLED, _LOSE, _STRAY, SEEN, TURNED,
    _ITEMS,
) = range(4, 19)
_NONE = 255
#: READY where the slice before is a wait, to which it may go back; and not known yet at all.
READY_AGAIN, UNBORN = len(State), len(State) + 1
_STATES = len(State) + 2


def _of_kinds(pairs: dict[int, int]) -> Column:
    table = np.full(TURN + 1, _NONE, dtype=np.uint8)
    for kind, item in pairs.items():
        table[kind] = item
    return table


#: What an exit is, by the state in which it ends the track.
_ENDS = np.full(len(State), _NONE, dtype=np.uint8)
_ENDS[[*FINAL]] = _ENDED, _FAILED, _STOPPED
#: What a step is to its `who`, and to its `by`.
_TO_WHO = _of_kinds({
    SWITCH: RUN, RESUME: RUN, YIELD: RUN, RETURN: RUN, BEGIN: RUN, UNPARK: RUN, ALONE: SUSPENSION, PARK: LEAVE,
    WAIT: WAITS, WAKE: WOKEN, UNREADY: UNDONE, SPAWN: BORN, EXIT: _ENDED, POLL: POLLED, IDLE: POLLED, SAMPLE: SEEN,
    LOST: _LOSE, STRAYED: _STRAY, TURN: TURNED,
})
_TO_BY = _of_kinds({SWITCH: LEAVE, RESUME: SUSPENSION, YIELD: SUSPENSION})


def _transitions() -> tuple[Column, Column]:
    """The state after each item in each state, and how many slices that begins."""
    after = np.tile(np.arange(_STATES, dtype=np.uint8), (_ITEMS, 1))
    begun = np.zeros((_ITEMS, _STATES), dtype=np.uint8)
    all_states = range(_STATES)
    going = State.READY, READY_AGAIN, State.RUNNING, State.WAITING, State.IDLE, State.BLOCKED
    known = [state for state in all_states if state not in (*FINAL, UNBORN)]
    left = [state for state in all_states if state not in FINAL]
    for item, befores, then, slices in (
        (RUN, all_states, State.RUNNING, 1),
        (SUSPENSION, all_states, State.WAITING, 1),
        (SUSPENSION_READY, all_states, READY_AGAIN, 2),
        (LEAVE, left, State.WAITING, 1),
        (LEAVE_READY, left, READY_AGAIN, 2),
        (WOKEN, (State.CREATED, State.UNKNOWN, UNBORN), State.READY, 1),
        (WOKEN, (State.WAITING,), READY_AGAIN, 1),
        (TURNED, (State.WAITING,), READY_AGAIN, 1),
        (UNDONE, (READY_AGAIN,), State.WAITING, 1),
        (BORN, (UNBORN,), State.CREATED, 1),
        (_ENDED, known, State.DONE, 1),
        (_FAILED, known, State.FAILED, 1),
        (_STOPPED, known, State.STOPPED, 1),
        (POLLS, (State.RUNNING,), State.IDLE, 1),
        (POLLED, (State.IDLE,), State.RUNNING, 1),
        (_LOSE, going, State.UNKNOWN, 1),
        (_STRAY, (State.RUNNING, State.IDLE), State.UNKNOWN, 1),
    ):
        for before in befores:
            after[item, before], begun[item, before] = then, slices
    return after, begun


_AFTER, _BEGUN = _transitions()
_FIRST_AFTER = np.ascontiguousarray(_AFTER[:, 0])
#: Whether a state, also one of these two, is an end, or one of a track that runs.
is_over, runs = kinds(*FINAL), kinds(*RUNS)
#: Whether an item ends its track, or suspends it.
ends = kinds(_ENDED, _FAILED, _STOPPED)
suspends = kinds(SUSPENSION, SUSPENSION_READY, LEAVE, LEAVE_READY)
#: What a state is shown as.
SHOWN = np.array([*State, State.READY, State.UNKNOWN], dtype=np.uint8)


class Items(NamedTuple):
    """What happens to whom, track by track and in order. `ids`: the tracks, ascending; those of one are from one of
    `edges` to the next. `track`: its place in `ids`; `step`: which step it is of, and `what`."""

    ids: Column
    edges: Column
    track: Column
    step: Column
    what: Column

    def those(self, mask: Column) -> Items:
        """Some of them."""
        before, those = np.concatenate(([0], np.cumsum(mask, dtype=np.int32))), nonzero(mask)
        return Items(self.ids, before[self.edges], *(column.take(those) for column in self[2:]))


def items_of(steps: Steps, exits: Column, ends: Column, polls: Column) -> Items:
    """What the steps are to their tracks. `exits`, and the state in which each `ends` its track; `polls`: where a poll
    or an idle time begins."""
    kind, count = steps.kind, len(steps.kind)
    track, what = np.empty(2 * count, np.int32), np.empty(2 * count, np.uint8)
    # Whoever is suspended is so right before the other goes on.
    track[0::2], track[1::2], what[0::2], what[1::2] = steps.by, steps.who, _TO_BY.take(kind), _TO_WHO.take(kind)
    what[2 * exits + 1], what[2 * polls + 1] = _ENDS.take(ends), POLLS
    those = nonzero(what != _NONE)
    track += 1
    ids, index = numbered(chosen(track, those))
    order, edges = grouped(index, len(ids))
    if len(those) < len(what):
        order = those.take(order)
    return Items(ids - 1, edges, np.repeat(np.arange(len(ids)), np.diff(edges)), order >> 1, what.take(order))


class Before(NamedTuple):
    """The tracks as they are in front of a batch: state (also READY_AGAIN, UNBORN), index of the switch of the run that
    lasts, of the suspension that lasts or can be gone back to, how many slices there are, and when the last
    one began."""

    state: Column
    run: Column
    suspension: Column
    counts: Column
    last_ns: Column


def states(items: Items, before: Before) -> tuple[Column, Column]:
    """In which state each item finds its track, where it depends on that, and leaves it."""
    what, edges = items.what, items.edges
    depends = what > WAITS
    is_first = np.zeros(len(what) + 1, dtype=bool)
    is_first[edges[:-1]] = True
    is_first = is_first[:-1]
    after = _FIRST_AFTER.take(what)
    # A switch away suspends whoever has run since the step before it.
    depends &= (what != LEAVE) | shifted(depends, False) | is_first
    found = np.full(len(what), UNBORN, dtype=np.uint8)
    left = nonzero(depends)
    begins = is_first.take(left) | ~depends[left - 1]
    starts = left.compress(begins)
    # Most items leave a state as it is, or come to the same in any that is likely: all that depend on one another are
    # taken to find what the first of them does, and where that turns out wrong, what follows is looked at again.
    state = np.where(is_first[starts], before.state[items.track[starts]], after[starts - 1])
    found[left] = state.take(np.cumsum(begins, dtype=np.int32) - 1)
    after[left] = _AFTER.take(_cells(what.take(left), found.take(left)))
    count, is_depending, wrong = len(what), depends & ~is_first, left.compress(~begins)
    while True:
        wrong = wrong.compress(after[wrong - 1] != found.take(wrong))
        if len(wrong) <= _FEW:
            break
        found[wrong] = after[wrong - 1]
        after[wrong] = _AFTER[what[wrong], found[wrong]]
        wrong = wrong[wrong < count - 1] + 1
        wrong = wrong[is_depending[wrong]]
    for at in wrong.tolist():
        while at < count and is_depending[at] and found[at] != after[at - 1]:
            found[at] = after[at - 1]
            after[at] = _AFTER[what[at], found[at]]
            at += 1
    return found, after


#: So few are followed one by one.
_FEW = 16


def begun(items: Items, found: Column) -> Column:
    """How many slices each item begins."""
    slices: Column = _BEGUN.take(_cells(items.what, found))
    return slices


def _cells(what: Column, found: Column) -> Column:
    """Where items that find such states stand in the tables of transitions."""
    return np.multiply(what, _STATES, dtype=np.uint16) + found
