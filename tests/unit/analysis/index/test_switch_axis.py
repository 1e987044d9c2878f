"""Where slices begin along the switches: the column is what one finds slice by slice, also while the trace grows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.load.test_loader import STEP, beginning, greenlet_lines, taken
from tests.unit.analysis.tape import feed
from visualizer.analysis.index import switch_axis as along
from visualizer.analysis.index.switch_axis import PER_SWITCH, places
from visualizer.analysis.model.timeline import FINAL, SUMMED, State, Timeline, Track
from visualizer.trace import events as ev


def place(timeline: Timeline, track: Track, index: int) -> float:
    """Where slice number `index` begins, in switches."""
    steps, step_slices, slices = track.steps, track.step_slices, track.slices
    step = bisect_right(step_slices, index) - 1
    least = steps[step] + 1 if step >= 0 else 0
    if step >= 0 and step_slices[step] == index:
        return least
    suspended = suspended_by(timeline, track, index)
    ended_by = left(timeline, track, index, least) if suspended < 0 else suspended
    if ended_by >= 0:
        found = float(ended_by + 1)
    elif slices.state[index] == State.RUNNING and is_early(track, index):
        segment = max(least, bisect_left(timeline.switch_ns, slices.start_ns[index]))
        found = in_segment(timeline, segment, slices.start_ns[index])
    else:
        t_ns = slices.start_ns[index]
        found = max(least, in_segment(timeline, bisect_right(timeline.switch_ns, t_ns), t_ns))
    return min(found, steps[step + 1] + 1) if step + 1 < len(steps) else found


def in_segment(timeline: Timeline, segment: int, t_ns: int) -> float:
    switch_ns = timeline.switch_ns
    start_ns = switch_ns[segment - 1] if segment else 0
    end_ns = switch_ns[segment] if segment < len(switch_ns) else timeline.last_ns
    return segment + min(1.0, max(0.0, (t_ns - start_ns) / (end_ns - start_ns))) if end_ns > start_ns else segment


def suspended_by(timeline: Timeline, track: Track, index: int) -> int:
    """The switch that began the slice by parking the track; -1 if that is not how it began."""
    state, about = track.slices.state, track.slices.about
    if state[index] != State.WAITING or (index and state[index - 1] == State.READY):
        return -1
    return timeline.suspension_switches[about[index]]


def is_early(track: Track, index: int) -> bool:
    """Whether the slice may come before the switches of its very moment: they may be what ended it."""
    return index == 0 or track.slices.start_ns[index - 1] < track.slices.start_ns[index]


def left(timeline: Timeline, track: Track, index: int, least: int) -> int:
    """The switch that ended the run in front of the slice; -1 if that is no run, or none did."""
    slices, switch_ns = track.slices, timeline.switch_ns
    if not index or slices.state[index - 1] != State.RUNNING or slices.state[index] == State.IDLE:
        return -1
    if not (index - 1 in track.step_slices or is_early(track, index - 1)):
        return -1
    ended = slices.state[index] in FINAL and index == len(slices) - 1
    switch = max(least, bisect_left(switch_ns, slices.start_ns[index]))
    if switch >= len(switch_ns):
        return len(switch_ns) if ended and switch_ns else -1
    if switch_ns[switch] == slices.start_ns[index]:
        return switch
    return switch if ended and timeline.switch(switch).origin == track.id else -1


@given(st.lists(STEP, max_size=60), st.lists(st.integers(0, 200), max_size=3))
def test_places_are_those_of_each_slice_while_the_trace_grows(
    steps: list[tuple[int, int, int, int]], looks: list[int]
) -> None:
    lines = beginning() + greenlet_lines(steps)
    timeline = Timeline()
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(along, "_PIECE", 7)
    for number, line in enumerate(lines):
        feed(timeline, [line])
        if number in looks or number == len(lines) - 1:
            for track in timeline.tracks.values():
                found = [start / PER_SWITCH for start in places(timeline, track).start]
                expected = [place(timeline, track, index) for index in range(len(track.slices))]
                assert found == pytest.approx(expected, abs=2e-6)
                assert found == sorted(found)
    monkeypatch.undo()


def test_what_is_said_to_be_another_state_is_added_up_anew() -> None:
    timeline = taken(beginning(), 100)
    for number in range(40):
        origin, target = (0, 2) if number % 2 == 0 else (2, 0)
        feed(timeline, [ev.Switch(1_000_000 * (number + 1), origin, target, "switch", -1, -1)])
    track = timeline.tracks[2]
    slices = track.slices
    running = [index for index in range(len(slices)) if slices.state[index] == State.RUNNING]
    end = np.array([41.0 * PER_SWITCH])

    def spent(state: State) -> float:
        return float(places(timeline, track).cumulative(slices.state).spent(end)[SUMMED.index(state), 0]) / PER_SWITCH

    assert spent(State.RUNNING) == len(running) == 20
    slices.restate(State.BLOCKED, 0, running[3])
    assert (spent(State.RUNNING), spent(State.BLOCKED)) == (19, 1)
