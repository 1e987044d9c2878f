"""Slices as boxes of a drawing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import Tape, feed, ping_pong
from tests.unit.paint.events import greenlet_runs, timelines
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.paint.axis.viewport import BOTH, Axis, extent
from visualizer.paint.rows.svg_boxes import boxes
from visualizer.paint.rows.track_slices import TrackRow
from visualizer.trace import events as ev
from visualizer.trace import words


def drawn(timeline: Timeline, track: int, axis: Axis, start: float, per_pixel: float) -> list[tuple[float, float, str]]:
    spacing = TrackRow(timeline, track, axis)
    return [(round(box.left, 2), round(box.right, 2), box.state.name) for box in boxes(spacing, start, per_pixel)]


def test_slices_that_can_be_seen_are_exact() -> None:
    timeline = ping_pong().timeline()
    assert drawn(timeline, 1, Axis.TIME, 0, 100) == [
        (10, 20, "CREATED"), (20, 40, "RUNNING"), (40, 50, "WAITING"), (50, 60, "RUNNING"), (60, 80, "WAITING"),
    ]
    assert drawn(timeline, 1, Axis.SWITCHES, 0, 0.01) == [
        (50, 100, "CREATED"), (100, 200, "RUNNING"), (200, 300, "WAITING"), (300, 400, "RUNNING"),
        (400, 600, "WAITING"),
    ]


def test_a_drawing_that_begins_later() -> None:
    assert drawn(ping_pong().timeline(), 1, Axis.TIME, 3_000, 100)[:2] == [(0, 10, "RUNNING"), (10, 20, "WAITING")]


def test_what_cannot_be_told_apart_is_added_up() -> None:
    timeline = Tape().spawn("a", words.GREENLET).timeline()
    for begin_ns in range(10_000, 20_000, 100):
        feed(timeline, [ev.Switch(begin_ns, 0, 1, words.SWITCH, -1, -1)])
        feed(timeline, [ev.Switch(begin_ns + 30, 1, 0, words.SWITCH, -1, -1)])
    feed(timeline, [ev.End(20_000, 0, 0)])
    found = list(boxes(TrackRow(timeline, 1, Axis.TIME), 10_000, 1_000))
    assert {box.state for box in found} == {State.RUNNING, State.WAITING}
    runs = [box for box in found if box.state is State.RUNNING]
    assert len(runs) == 10
    assert sum(box.share * (box.right - box.left) for box in runs) == pytest.approx(3, rel=0.05)


@given(timelines(), st.sampled_from(BOTH), st.integers(1, 300))
def test_boxes_run_from_left_to_right_and_are_few(timeline: Timeline, axis: Axis, pixels: int) -> None:
    per_pixel = max(1e-6, extent(timeline, axis) / pixels)
    for track in timeline.tracks:
        found = list(boxes(TrackRow(timeline, track, axis), 0, per_pixel))
        assert len(found) <= 4 * (pixels + 1)
        assert [box.left for box in found] == sorted(box.left for box in found)
        assert all(0 <= box.left <= box.right <= pixels + 1 and 0 <= box.share <= 1 for box in found)


@given(greenlet_runs(), st.sampled_from(BOTH), st.integers(1, 300))
def test_no_run_vanishes(timeline: Timeline, axis: Axis, pixels: int) -> None:
    per_pixel = max(1e-6, extent(timeline, axis) / pixels)
    for track in timeline.tracks.values():
        spacing = TrackRow(timeline, track.id, axis)
        runs = [box for box in boxes(spacing, 0, per_pixel) if box.state is State.RUNNING]
        for index, state in enumerate(track.slices.state):
            if state == State.RUNNING:
                left = spacing.start(index) / per_pixel
                assert any(box.left - 1e-6 <= left <= max(box.right, box.left + 1) + 1e-6 for box in runs)
