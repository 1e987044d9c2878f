"""The slices of many tracks together are those of each."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.unit.analysis.load.programs import program
from visualizer.analysis.load.loader import Loader
from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import Timeline


def loaded(seed: int) -> Timeline:
    """A program whose tracks begin and end in several batches."""
    loader, lines = Loader(), program(seed, 400)
    for first in range(0, len(lines), 150):
        loader.take(lines[first : first + 150])
    return loader.timeline


@pytest.mark.parametrize("seed", range(20))
def test_in_any_order(seed: int) -> None:
    each, together = loaded(seed), loaded(seed)
    ids = random.Random(seed).sample([*each.tracks], len(each.tracks) * 3 // 4)
    every = AllSlices(together.tracks, ids)
    bounds, steps = every.bounds.tolist(), every.step_bounds.tolist()
    times_ns = range(-1, each.last_ns + 2, max(1, each.last_ns // 50))
    for at, track in enumerate(map(each.tracks.__getitem__, ids)):
        here, slices = slice(bounds[at], bounds[at + 1]), track.slices
        for name in ("start_ns", "state", "about"):
            assert getattr(every, name)[here].tolist() == [*getattr(slices, name)]
        assert (every.runs[steps[at] : steps[at + 1]] - bounds[at]).tolist() == [*track.step_slices]
        found = every.at(np.full(len(times_ns), at), np.array(times_ns))
        assert found.tolist() == [bounds[at] + index if index >= 0 else -1 for index in map(slices.at, times_ns)]
