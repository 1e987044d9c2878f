"""All cells at once say what each says by itself."""

from __future__ import annotations

from itertools import pairwise
from math import inf, nextafter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.analysis.test_intake import STEP, beginning, greenlet_lines, one_by_one
from visualizer.paint.cells import NONE, cells
from visualizer.paint.lane import Lane
from visualizer.paint.viewport import BOTH, Axis, Viewport


@settings(deadline=None, max_examples=150)
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
    timeline = one_by_one(beginning() + greenlet_lines(steps))
    fitted = Viewport.fit(timeline, axis, width)
    viewport = fitted.zoomed(closer, int(where * width), timeline)
    edges = viewport.edges()
    for track in timeline.tracks:
        lane = Lane(timeline, track, axis, until_ns)
        found = cells(lane, edges)
        behind = nextafter(lane.limit, inf)
        at = [lane.find(min(edge, behind)) for edge in edges]
        for number, ((start, end), (after, before)) in enumerate(zip(pairwise(edges), pairwise(at), strict=True)):
            mix = lane.mix(start, end, after, max(after, before))
            assert found.only[number] == mix.only
            assert min(found.runs[number], 2) == min(mix.runs, 2)
            assert found.running[number] == pytest.approx(min(1.0, mix.running), abs=1e-6)
            if mix.runs:
                assert (found.enters[number], found.stays[number]) == (mix.enters, mix.stays)
            else:
                assert found.main[number] == (NONE if mix.main is None else mix.main)


@settings(deadline=None, max_examples=100)
@given(st.lists(STEP, max_size=60))
def test_where_slices_begin_on_the_axis_of_switches(steps: list[tuple[int, int, int, int]]) -> None:
    timeline = one_by_one(beginning() + greenlet_lines(steps))
    for track in timeline.tracks.values():
        lane = Lane(timeline, track.id, Axis.SWITCHES)
        numbers = range(len(track.slices) + 1)
        found = lane.starts(np.array(numbers))
        assert found.tolist() == pytest.approx([lane.start(number) for number in numbers])
        places = [place / 4 for place in range(4 * timeline.switch_count + 8)]
        indices, begins = lane.find_all(np.array(places))
        assert indices.tolist() == [lane.find(place) for place in places]
        assert begins.tolist() == pytest.approx([lane.start(index) for index in indices.tolist()])
