"""What holds of every row: its width, and that nobody runs unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.paint.drawn import paint_row, styles, width
from tests.unit.paint.events import greenlet_runs, naps, timelines
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.rows import states
from visualizer.paint.rows.states import paint_rows
from visualizer.paint.text.palette import DARK, LIGHT

AXES = st.sampled_from(Axis)
CELLS = st.integers(1, 90)


@st.composite
def viewports(draw: st.DrawFn, timeline: Timeline) -> Viewport:
    viewport = Viewport.fit(timeline, draw(AXES), draw(CELLS))
    for factor, cell in draw(st.lists(st.tuples(st.floats(0.2, 50), st.integers(0, 90)), max_size=3)):
        viewport = viewport.zoomed(factor, cell, timeline)
    return viewport.panned(draw(st.integers(-100, 100)), timeline)


@given(st.data(), timelines(), st.booleans(), st.one_of(st.none(), st.integers(0, 10**9)))
def test_a_row_is_as_wide_as_its_viewport(
    data: st.DataObject, timeline: Timeline, ascii: bool, until_ns: int | None
) -> None:
    viewport = data.draw(viewports(timeline))
    for track in timeline.tracks:
        runs = paint_row(timeline, track, viewport, ascii=ascii, until_ns=until_ns)
        assert width(runs) == viewport.width
        assert all(run.style in DARK and run.style in LIGHT for run in runs)
        assert not ascii or all(run.text.isascii() for run in runs)


@given(st.data(), timelines(), st.booleans(), st.one_of(st.none(), st.integers(0, 10**9)))
def test_rows_are_painted_together_as_each_is_alone(
    data: st.DataObject, timeline: Timeline, ascii: bool, until_ns: int | None
) -> None:
    viewport = data.draw(viewports(timeline))
    tracks = data.draw(st.lists(st.sampled_from([*timeline.tracks]))) if timeline.tracks else []
    alone = [paint_row(timeline, track, viewport, ascii=ascii, until_ns=until_ns) for track in tracks]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(states, "_AT_ONCE", 3)
        assert [*paint_rows(timeline, tracks, viewport, ascii=ascii, until_ns=until_ns)] == alone


@given(st.one_of(timelines(), naps()), CELLS, st.sampled_from((Axis.TIME, Axis.BUSY)))
def test_no_run_vanishes_from_the_time_axis(timeline: Timeline, cells: int, axis: Axis) -> None:
    viewport = Viewport.whole(timeline, axis, cells)
    _, edges = viewport.laid_out(timeline)
    for track in timeline.tracks.values():
        painted = styles(paint_row(timeline, track.id, viewport))
        for start_ns, state in zip(track.slices.start_ns, track.slices.state, strict=True):
            if state == State.RUNNING:
                cell = next(cell for cell in range(cells) if edges[cell] <= start_ns < edges[cell + 1])
                assert painted[cell] == "running"


@given(greenlet_runs(), st.integers(1, 4))
def test_exactly_who_runs_is_seen_on_the_switch_axis(timeline: Timeline, per_switch: int) -> None:
    """Also where the clock stood still between two switches."""
    count = timeline.switch_count
    viewport = Viewport(Axis.SWITCHES, 0, 1 / per_switch, (count + 1) * per_switch)
    running = [timeline.running_at(segment - 1) for segment in range(count + 1) for _ in range(per_switch)]
    for track in timeline.tracks:
        painted = styles(paint_row(timeline, track, viewport))
        assert [style == "running" for style in painted] == [who == track for who in running]


@given(greenlet_runs(), st.integers(2, 30))
def test_on_a_crowded_switch_axis_every_run_is_seen(timeline: Timeline, per_cell: int) -> None:
    count = timeline.switch_count
    viewport = Viewport(Axis.SWITCHES, 0, per_cell, count // per_cell + 1)
    for track in timeline.tracks.values():
        painted = styles(paint_row(timeline, track.id, viewport))
        assert {(step + 1) // per_cell for step in track.steps} <= {
            cell for cell, style in enumerate(painted) if style == "running"
        }
