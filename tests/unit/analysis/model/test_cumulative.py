"""What was spent before many places of many tracks is what one adds up slice by slice."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visualizer.analysis.model.cumulative import Cumulative, CumulativeSlices, Tally
from visualizer.analysis.model.states import SUMMED, State

SLICES = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(SUMMED)), max_size=70)


def cumulative(slices: list[tuple[int, State]]) -> CumulativeSlices:
    starts = accumulate(passed for passed, _ in slices)
    return CumulativeSlices(Cumulative(), array("q", starts), array("B", [state for _, state in slices]))


def added_up(of: CumulativeSlices, state: State, until: float) -> float:
    """Slice by slice; the last goes on."""
    ends = [*of.start[1:], float("inf")][: len(of.start)]
    return sum(
        max(0.0, min(until, end) - start)
        for start, end, is_in in zip(of.start, ends, of.state, strict=True)
        if is_in == state
    )


@given(st.lists(st.tuples(SLICES, st.lists(st.floats(-5, 2200), max_size=12)), min_size=1, max_size=4))
def test_many_tracks_at_once(asked: list[tuple[list[tuple[int, State]], list[float]]]) -> None:
    tracks = [cumulative(slices) for slices, _ in asked]
    until = [place for _, places in asked for place in places]
    bounds = [0, *accumulate(len(places) for _, places in asked)]
    last = [
        bisect_right(of.start, place) - 1 for of, (_, places) in zip(tracks, asked, strict=True) for place in places
    ]
    tally = Tally(tracks, bounds, np.array(until, dtype=np.float64), np.array(last, dtype=np.int64))
    of_all = tally.by_state(np.arange(len(until)))
    for of, (begin, end) in zip(tracks, pairwise(bounds), strict=True):
        alone = of.spent(np.array(until[begin:end], dtype=np.float64))
        for row, state in enumerate(SUMMED):
            expected = [added_up(of, state, place) for place in until[begin:end]]
            assert np.allclose(of_all[row, begin:end], expected, atol=1e-9, rtol=0)
            assert np.allclose(tally.in_state(state)[begin:end], expected, atol=1e-9, rtol=0)
            assert np.allclose(alone[row], expected, atol=1e-9, rtol=0)
