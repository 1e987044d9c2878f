"""Numbers of tracks by their ids, also by those that only a damaged trace has."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visualizer.analysis.model.numbers import NONE, Numbers

IDS = st.one_of(st.integers(0, 40), st.integers(-3, 2**30 - 1))


@given(st.lists(st.lists(st.tuples(IDS, st.integers(0, 2**31 - 1)), max_size=8), max_size=6), st.lists(IDS))
def test_each_track_has_the_number_that_it_was_given_last(given: list[list[tuple[int, int]]], asked: list[int]) -> None:
    numbers, expected = Numbers(), dict[int, int]()
    for pairs in given:
        ids, given_now = np.array(pairs, dtype=np.int32).reshape(-1, 2).T.copy()
        numbers.put(ids, given_now)
        expected.update(pairs)
    asked = [*asked, *expected]
    found = [expected.get(id, NONE) for id in asked]
    assert numbers.take(np.array(asked, dtype=np.int64)).tolist() == found
    assert [numbers[id] for id in asked] == found


def test_ids_that_were_far_above_all_others_are_found_when_they_no_longer_are() -> None:
    numbers = Numbers()
    numbers[3 << 20] = 7
    numbers.put(np.arange(1 << 20), np.arange(1 << 20))
    numbers.put(np.array([(3 << 20) + 1]), np.array([8]))
    assert numbers.take(np.array([3 << 20, (3 << 20) + 1, 5, 2 << 20])).tolist() == [7, 8, 5, NONE]
