"""All cells at once say what one reads off the slices one by one."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.load.test_loader import STEP, beginning, greenlet_lines, taken
from visualizer.analysis.model.timeline import FINAL, SUMMED, State
from visualizer.paint.axis.viewport import BOTH, Axis, Viewport
from visualizer.paint.rows.cells import NONE, cells
from visualizer.paint.rows.track_slices import TrackRow


class Mix(NamedTuple):
    only: int
    running: float
    runs: int
    main: int
    enters: bool
    stays: bool


def mix(spacing: TrackRow, start: float, end: float) -> Mix:
    """What happens in [start, end), read off each slice of the lifeline."""
    until = min(end, spacing.limit)
    states = [State(state) for state in spacing.slices.state]
    found = []
    for index in range(len(states)):
        begin, over = spacing.start(index), spacing.start(index + 1)
        begins_here = start <= begin < end and begin <= spacing.limit
        if begins_here or (begin < start and min(over, until) > start):
            found.append(index)
    if not found:
        return Mix(NONE, 0.0, 0, NONE, False, False)
    spent = dict.fromkeys(SUMMED, 0.0)
    for index in found:
        if states[index] not in FINAL:
            begin, over = max(start, spacing.start(index)), min(until, spacing.start(index + 1))
            spent[states[index]] += max(0.0, over - begin)
    runs = sum(states[index] is State.RUNNING for index in found)
    running = spent.pop(State.RUNNING) / (end - start)
    if len(found) == 1:
        only = states[found[0]]
        main = NONE if only in FINAL or only is State.RUNNING else int(only)
    else:
        most = max(spent, key=spent.__getitem__)
        main = int(most) if spent[most] > 0 else NONE
    enters = states[found[0]] is State.RUNNING and spacing.start(found[0]) < start
    stays = states[found[-1]] is State.RUNNING and end <= spacing.limit
    return Mix(found[0] if len(found) == 1 else NONE, min(1.0, running), min(runs, 2), main, enters, stays)


@given(
    st.lists(STEP, max_size=60),
    st.sampled_from(BOTH),
    st.floats(0, 1),
    st.sampled_from([1, 2, 7, 100, 10_000]),
    st.integers(1, 40),
    st.none() | st.integers(0, 400_000_000),
)
def test_cells_are_what_each_is_by_itself(
    steps: list[tuple[int, int, int, int]], axis: Axis, where: float, closer: int, width: int, until_ns: int | None
) -> None:
    timeline = taken(beginning() + greenlet_lines(steps), 1000)
    fitted = Viewport.fit(timeline, axis, width)
    viewport = fitted.zoomed(closer, int(where * width), timeline)
    edges = tuple(viewport.edges())
    lifelines = [TrackRow(timeline, track, axis, until_ns) for track in timeline.tracks]
    found = cells(lifelines, edges)
    for row, spacing in enumerate(lifelines):
        for cell, (start, end) in enumerate(pairwise(edges)):
            expected, number = mix(spacing, start, end), (row, cell)
            assert found.only[number] == expected.only
            assert found.runs[number] == expected.runs
            assert found.running[number] == pytest.approx(expected.running, abs=1e-6)
            if expected.runs:
                assert (found.enters[number], found.stays[number]) == (expected.enters, expected.stays)
            else:
                assert found.main[number] == expected.main
