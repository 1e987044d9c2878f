"""How numbers are ordered and grouped, also such as only a damaged trace has."""

from __future__ import annotations

import numpy as np
import pytest

from visualizer.trace.columns import grouped, ordering


@pytest.mark.parametrize("most", [1, 40, 1 << 16, 1 << 17, 1 << 31, (1 << 62) - 1])
@pytest.mark.parametrize("count", [0, 1, 300, 70_000])
def test_numbers_ascend_and_equal_ones_stay_in_order(most: int, count: int) -> None:
    numbers = np.random.default_rng(count).integers(0, most, count)
    numbers[count // 2 :] = numbers[: count - count // 2]
    expected = numbers.argsort(kind="stable").tolist()
    assert ordering(numbers, most).tolist() == expected
    if most < 1 << 20:
        order, edges = grouped(numbers, most)
        assert order.tolist() == expected
        assert np.diff(edges).tolist() == np.bincount(numbers, minlength=most).tolist()
