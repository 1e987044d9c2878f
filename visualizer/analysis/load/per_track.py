"""What steps come to, track by track: which slices each begins, worked out as columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from visualizer.analysis.load.distinct import shifted
from visualizer.analysis.load.steps import ALONE, LOST, RETURN, STRAYED, TURN, Steps
from visualizer.analysis.model.states import State
from visualizer.trace.columns import (
    BEGIN,
    EXIT,
    IDLE,
    POLL,
    RESUME,
    SAMPLE,
    SPAWN,
    SWITCH,
    UNREADY,
    WAIT,
    WAKE,
    YIELD,
    Column,
    grouped,
    nonzero,
    numbered,
)

#: What a step is to a track. What the first few come to is always the same; of the rest it depends on the state before.
RUN, SUSPENSION, SUSPENSION_READY, WAITS = range(4)
LEAVE, LEAVE_READY, WOKEN, UNDONE, BORN, ENDED, FAILED, POLLS, POLLED, _LOSE, _STRAY, SEEN, TURNED = range(4, 17)
_ITEMS = 17
_NONE = 255
#: READY where the slice before is a wait, to which it may go back; and not known yet at all.
READY_AGAIN, UNBORN = len(State), len(State) + 1
_STATES = len(State) + 2


def _of_kinds(pairs: dict[int, int]) -> Column:
    table = np.full(TURN + 1, _NONE, dtype=np.uint8)
    for kind, item in pairs.items():
        table[kind] = item
    return table


#: What a step is to its `who`, and to its `by`.
_TO_WHO = _of_kinds({
    SWITCH: RUN, RESUME: RUN, YIELD: RUN, RETURN: RUN, BEGIN: RUN, ALONE: SUSPENSION, WAIT: WAITS, WAKE: WOKEN,
    UNREADY: UNDONE, SPAWN: BORN, EXIT: ENDED, POLL: POLLED, IDLE: POLLED, SAMPLE: SEEN, LOST: _LOSE, STRAYED: _STRAY,
    TURN: TURNED,
})
_TO_BY = _of_kinds({SWITCH: LEAVE, RESUME: SUSPENSION, YIELD: SUSPENSION})


def _transitions() -> tuple[Column, Column]:
    """The state after each item in each state, and how many slices that begins."""
    after = np.tile(np.arange(_STATES, dtype=np.uint8), (_ITEMS, 1))
    begun = np.zeros((_ITEMS, _STATES), dtype=np.int64)
    ended = State.DONE, State.FAILED
    all_states = range(_STATES)
    going = State.READY, READY_AGAIN, State.RUNNING, State.WAITING, State.IDLE, State.BLOCKED
    known = [state for state in all_states if state not in (*ended, UNBORN)]
    left = [state for state in all_states if state not in ended]
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
        (ENDED, known, State.DONE, 1),
        (FAILED, known, State.FAILED, 1),
        (POLLS, (State.RUNNING,), State.IDLE, 1),
        (POLLED, (State.IDLE,), State.RUNNING, 1),
        (_LOSE, going, State.UNKNOWN, 1),
        (_STRAY, (State.RUNNING, State.IDLE), State.UNKNOWN, 1),
    ):
        for before in befores:
            after[item, before], begun[item, before] = then, slices
    return after, begun


_AFTER, _BEGUN = _transitions()
_AFTER_LIST = _AFTER.tolist()
_FIRST_AFTER = np.ascontiguousarray(_AFTER[:, 0])
#: Whether an item suspends its track.
SUSPENDS = np.zeros(_ITEMS, dtype=bool)
SUSPENDS[[SUSPENSION, SUSPENSION_READY, LEAVE, LEAVE_READY]] = True
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
        before = np.concatenate(([0], np.cumsum(mask)))
        return Items(self.ids, before[self.edges], self.track[mask], self.step[mask], self.what[mask])


def items_of(steps: Steps, failed: Column, polls: Column) -> Items:
    """What the steps are to their tracks. `failed`: exits by an exception; `polls`: where a poll or an idle
    time begins."""
    kind = steps.kind
    to_who, to_by = _TO_WHO.take(kind), _TO_BY.take(kind)
    to_who[failed], to_who[polls] = FAILED, POLLS
    if (to_by != _NONE).all():
        track, what = np.empty(2 * len(kind), np.int32), np.empty(2 * len(kind), np.uint8)
        track[0::2], track[1::2], what[0::2], what[1::2] = steps.by, steps.who, to_by, to_who
        return _sorted(track, what, np.repeat(np.arange(len(kind)), 2))
    whos, bys = nonzero(to_who != _NONE), nonzero(to_by != _NONE)
    ends = np.cumsum((to_who != _NONE).astype(np.int64) + (to_by != _NONE))
    total = int(ends[-1]) if len(ends) else 0
    track, what, step = np.empty(total, np.int32), np.empty(total, np.uint8), np.empty(total, np.int64)
    # Whoever is suspended is so right before the other goes on.
    for which, back, column, names in ((whos, 1, to_who, steps.who), (bys, 2, to_by, steps.by)):
        at = ends[which] - back
        track[at], what[at], step[at] = names[which], column[which], which
    return _sorted(track, what, step)


def _sorted(track: Column, what: Column, step: Column) -> Items:
    """The same by their tracks."""
    track += 1
    ids, index = numbered(track)
    order, edges = grouped(index, len(ids))
    return Items(ids - 1, edges, index.take(order), step.take(order), what.take(order))


class Before(NamedTuple):
    """The tracks as they are in front of a batch: state (also READY_AGAIN, UNBORN), index of the switch of the run that
    lasts, of the suspension that lasts or can be gone back to, and how many slices there are."""

    state: Column
    run: Column
    suspension: Column
    counts: list[int]


def states(items: Items, before: Before) -> tuple[Column, Column]:
    """In which state each item finds its track, where it depends on that, and leaves it."""
    what, edges = items.what, items.edges
    depends = what > WAITS
    is_first = np.zeros(len(what) + 1, dtype=bool)
    is_first[edges[:-1]] = True
    is_first = is_first[:-1]
    after = _FIRST_AFTER.take(what)
    # A switch away suspends whoever has run since the step before it.
    depends[(what == LEAVE) & ~shifted(depends, False) & ~is_first] = False
    found = np.full(len(what), UNBORN, dtype=np.uint8)
    left = nonzero(depends)
    starts = left[is_first[left] | ~depends[left - 1]]
    state = np.where(is_first[starts], before.state[items.track[starts]], after[starts - 1])
    count, is_depending = len(what), depends & ~is_first
    # What depends on what depends: the first of each in a row at once, then the second of each.
    while len(starts) > _FEW:
        found[starts] = state
        state = after[starts] = _AFTER[what[starts], state]
        starts = starts + 1
        goes_on = starts < count
        goes_on[goes_on] = is_depending[starts[goes_on]]
        starts, state = starts[goes_on], state[goes_on]
    for at, one in zip(starts.tolist(), state.tolist(), strict=True):
        while True:
            found[at] = one
            one = after[at] = _AFTER_LIST[what[at]][one]
            at += 1
            if at == count or not is_depending[at]:
                break
    return found, after


#: So few in a row are followed one by one.
_FEW = 16


def begun(items: Items, found: Column) -> Column:
    """How many slices each item begins."""
    slices: Column = _BEGUN.ravel().take(items.what.astype(np.int64) * _STATES + found)
    return slices
