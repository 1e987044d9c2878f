"""Columns that grow by many rows at a time, whenever they are read."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visualizer.analysis.model.columns import Switches

NUMBERS = st.lists(st.integers(-1, 2**31 - 1), max_size=9)


@given(st.lists(st.tuples(NUMBERS, st.booleans()), max_size=100))
def test_what_came_in_parts_is_read_as_one(parts: list[tuple[list[int], bool]]) -> None:
    switches, expected = Switches(), list[int]()
    for number, (more, is_read) in enumerate(parts):
        column = np.array(more, dtype=np.int64)
        switches.extend(column + number, column, column, column, column)
        # It is the caller's again.
        column[:] = 7
        expected += [one + number for one in more]
        assert len(switches) == len(expected)
        if is_read:
            assert switches.ns.tolist() == expected
            # As waits are given values later, and more comes then.
            switches.ns[-1:] = switches.ns[-1:]
    assert switches.ns.tolist() == expected
    assert (switches.ns.typecode, switches.target.typecode) == ("q", "i")
    assert [switches.origin[at] for at in range(len(expected))] == [one for more, _ in parts for one in more]
    assert not expected or switches.last_ns == expected[-1]


def test_what_is_written_into_a_column_stays_when_more_comes() -> None:
    switches = Switches()
    for number in range(4):
        column = np.full(2 * number + 1, number)
        switches.extend(column, column, column, column, column)
        switches.value[-1] = 90 + number
    assert switches.value.tolist() == [90, 1, 1, 91, 2, 2, 2, 2, 92, 3, 3, 3, 3, 3, 3, 93]
