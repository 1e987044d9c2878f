"""Which part of a timeline is looked at."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.analysis.load.test_loader import STEP, beginning, greenlet_lines, taken
from tests.unit.analysis.tape import Tape, ping_pong, sleeps
from tests.unit.paint.events import greenlet_runs, naps
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.viewport import (
    CLOSEST,
    MARGIN_CELLS,
    Axis,
    Viewport,
    extent,
    span,
    time_of_position,
    times_of_places,
)
from visualizer.trace import words

AXES = st.sampled_from(Axis)
CELLS = st.integers(1, 200)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("zoomed"), st.floats(0.01, 100), st.integers(0, 200)),
        st.tuples(st.just("panned"), st.integers(-300, 300)),
        st.tuples(st.just("resized"), CELLS),
    ),
    max_size=8,
)


def test_fit_shows_the_whole_trace_and_a_margin() -> None:
    timeline = sleeps().timeline()
    viewport = Viewport.fit(timeline, Axis.TIME, 82)
    assert viewport.start == 0
    assert viewport.cell_of_time(timeline, timeline.last_ns) == pytest.approx(80)
    assert viewport.shows_end(timeline)
    assert len(viewport.edges()) == 83


def test_fit_fills_the_width_with_switches_of_whole_cells() -> None:
    timeline = ping_pong().timeline()
    viewport = Viewport.fit(timeline, Axis.SWITCHES, 40)
    begins = [viewport.cell_of_switch(timeline, index) for index in range(-1, timeline.switch_count + 1)]
    assert begins == [0, 6, 12, 19, 25, 31, 38]
    edges = viewport.edges()
    assert [edges[int(begin)] for begin in begins] == list(range(7))
    assert edges == sorted(edges)
    # Inside of a switch time runs evenly.
    assert [viewport.position(cell) for cell in (12, 15.5, 19)] == [2, 2.5, 3]
    assert [viewport.cell(place) for place in (2, 2.5, 3)] == [12, 15.5, 19]
    assert Viewport.fit(timeline, Axis.SWITCHES, 8) == Viewport(Axis.SWITCHES, 0, 1, 8)
    assert Viewport.fit(timeline, Axis.SWITCHES, 5) == Viewport(Axis.SWITCHES, 0, 2, 5)


def test_where_more_may_come_every_switch_has_the_same_number_of_cells() -> None:
    timeline = ping_pong().timeline()
    assert Viewport.fit(timeline, Axis.SWITCHES, 40, even=True) == Viewport(Axis.SWITCHES, 0, 1 / 6, 40)
    assert Viewport.fit(timeline, Axis.TIME, 40, even=True) == Viewport.fit(timeline, Axis.TIME, 40)


def test_from_uneven_cells_zooming_comes_to_even_ones_and_back() -> None:
    timeline = ping_pong().timeline()
    fitted = Viewport.fit(timeline, Axis.SWITCHES, 40)
    closer = fitted.zoomed(1.01, 0, timeline)
    assert closer.per_cell == 1 / 7
    assert closer.zoomed(1 / 1.01, 0, timeline) == fitted


@given(naps(), CELLS, st.floats(-0.5, 1.5))
def test_a_place_is_found_again_in_uneven_cells(timeline: Timeline, width: int, part: float) -> None:
    viewport = Viewport.fit(timeline, Axis.SWITCHES, width)
    cell = part * width
    assert viewport.cell(viewport.position(cell)) == pytest.approx(cell, abs=1e-6)
    edges = viewport.edges()
    assert edges == sorted(set(edges))
    if viewport.per_cell <= 1:
        for number in range(timeline.switch_count + 1):
            assert edges[int(viewport.cell(number))] == number


def test_fit_leaves_out_the_time_in_which_a_single_track_runs() -> None:
    tape = Tape().at(8_000_000).spawn("g", words.GENERATOR).resume("g").yields("g")
    tape.at(8_160_000).exits("main").at(12_000_000).end()
    timeline = tape.timeline()
    assert span(timeline, Axis.TIME) == (7_990_000, 8_170_000)
    assert span(timeline, Axis.SWITCHES) == (0, 3)
    viewport = Viewport.fit(timeline, Axis.TIME, 20)
    assert viewport.start == 7_990_000
    assert viewport.per_cell == pytest.approx(10_000, rel=1e-4)
    whole = viewport.zoomed(1e-9, 0, timeline)
    assert whole.start == 0
    assert whole.shows_end(timeline)


def test_a_program_that_hangs_is_not_cut_short() -> None:
    tape = Tape().spawn("hub", words.HUB).switch("main", "hub").poll("hub", 1).at(60_000_000_000).end(signal=9)
    assert span(tape.timeline(), Axis.TIME) == (0, 60_000_000_000)


def test_zoom_keeps_what_is_at_the_cell() -> None:
    timeline = sleeps().timeline()
    viewport = Viewport.fit(timeline, Axis.TIME, 100)
    closer = viewport.zoomed(4, 30, timeline)
    assert closer.per_cell == viewport.per_cell / 4
    assert closer.time_at(timeline, 30) == viewport.time_at(timeline, 30)
    assert closer.zoomed(1 / 4, 30, timeline).start == pytest.approx(0, abs=1e-3)


def test_zoom_on_the_switch_axis_keeps_whole_cells() -> None:
    timeline = ping_pong().timeline()
    viewport = Viewport.fit(timeline, Axis.SWITCHES, 8)
    widths = []
    for _ in range(9):
        widths.append(round(1 / viewport.per_cell))
        viewport = viewport.zoomed(1.3, 4, timeline)
    assert widths == [1, 2, 3, 4, 5, 6, 7, 9, 11]
    for _ in range(20):
        viewport = viewport.zoomed(1 / 1.3, 4, timeline)
    assert viewport == Viewport.fit(timeline, Axis.SWITCHES, 8)


def test_pan_stays_in_the_trace() -> None:
    timeline = sleeps().timeline()
    viewport = Viewport.fit(timeline, Axis.TIME, 100).zoomed(10, 0, timeline)
    assert viewport.panned(-5, timeline) == viewport
    last = viewport.panned(10**6, timeline)
    assert last.end == pytest.approx(timeline.last_ns + MARGIN_CELLS * last.per_cell)
    assert last.panned(-3, timeline).start == pytest.approx(last.start - 3 * last.per_cell)


def test_a_switch_is_shown_with_as_little_panning_as_can_be() -> None:
    timeline = greenlets(100)
    viewport = Viewport(Axis.SWITCHES, 0, 1, 20)
    assert viewport.showing(timeline, 9) is viewport
    right = viewport.showing(timeline, 30)
    assert right.cell_of_switch(timeline, 30) == 15
    assert right.showing(timeline, 20).cell_of_switch(timeline, 20) == 5
    assert right.showing(timeline, 17).cell_of_switch(timeline, 17) == 4
    assert right.showing(timeline, -1).start == 0


def greenlets(count: int) -> Timeline:
    tape = Tape().spawn("a", words.GREENLET)
    for number in range(count):
        tape.switch(*(("main", "a") if number % 2 == 0 else ("a", "main")))
    return tape.timeline()


def test_the_other_axis_shows_about_the_same_part() -> None:
    timeline = greenlets(1000)
    viewport = Viewport.fit(timeline, Axis.TIME, 100).zoomed(20, 50, timeline)
    switches = viewport.with_axis(timeline, Axis.SWITCHES, 500)
    assert 0 <= switches.cell_of_switch(timeline, 500) < 100
    assert switches.time_at(timeline, 0) == pytest.approx(viewport.time_at(timeline, 0), rel=0.03)
    back = switches.with_axis(timeline, Axis.TIME, 500)
    # A switch is a whole number of cells wide.
    assert viewport.per_cell <= back.per_cell <= 2 * viewport.per_cell
    whole = Viewport.whole(timeline, Axis.TIME, 100)
    assert whole.with_axis(timeline, Axis.SWITCHES, 999) == Viewport.fit(timeline, Axis.SWITCHES, 100)


def test_nothing_recorded() -> None:
    for axis in Axis:
        viewport = Viewport.fit(Timeline(), axis, 10)
        assert viewport.start == 0
        assert viewport.zoomed(3, 2, Timeline()).panned(4, Timeline()).time_at(Timeline(), 3) == 0


@given(greenlet_runs(), AXES, CELLS, MOVES)
def test_wherever_one_goes_it_is_in_the_trace(
    timeline: Timeline, axis: Axis, cells: int, moves: list[tuple[str, *tuple[float, ...]]]
) -> None:
    viewport = Viewport.fit(timeline, axis, cells)
    for name, *arguments in moves:
        if name == "resized":
            viewport = viewport.resized(int(arguments[0]))
        else:
            viewport = getattr(viewport, name)(*arguments, timeline)
        assert viewport.start >= 0
        assert viewport.start <= extent(timeline, axis)
        assert viewport.per_cell >= CLOSEST[axis]
        assert viewport.edges() == sorted(viewport.edges())
        assert len(viewport.edges()) == viewport.width + 1
    assert Viewport.whole(timeline, axis, viewport.width).per_cell >= viewport.zoomed(1e-9, 0, timeline).per_cell


@given(greenlet_runs(), AXES, CELLS, st.data())
def test_time_and_cell_are_inverse(timeline: Timeline, axis: Axis, cells: int, data: st.DataObject) -> None:
    assume(timeline.last_ns > 0)
    t_ns = data.draw(st.integers(0, timeline.last_ns))
    viewport = Viewport.fit(timeline, axis, cells)
    assert abs(viewport.time_at(timeline, viewport.cell_of_time(timeline, t_ns)) - t_ns) <= 1


@given(greenlet_runs(), AXES, st.integers(1, 60), st.data())
def test_a_switch_that_shall_show_shows(timeline: Timeline, axis: Axis, cells: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(-1, timeline.switch_count - 1))
    viewport = Viewport.fit(timeline, axis, cells).zoomed(data.draw(st.floats(1, 30)), 0, timeline)
    assert -1e-6 <= viewport.showing(timeline, index).cell_of_switch(timeline, index) < cells
    other = viewport.with_axis(timeline, data.draw(AXES), index)
    assert -1e-6 <= other.cell_of_switch(timeline, index) < cells


def test_cells_of_a_folded_gap_are_longer_and_share_it_evenly() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").waits("main", words.SLEEP, "9 s").switch("main", "hub")
    tape.at(100_000).poll("hub", 1).at(10_000_000).poll("hub", 0).at(10_100_000).switch("hub", "main").end()
    timeline = tape.timeline()
    viewport = Viewport.fit(timeline, Axis.BUSY, 102)
    axis, edges = viewport.laid_out(timeline)
    assert axis is Axis.TIME
    assert len(edges) == 103
    lengths = [round(after - before) for before, after in pairwise(edges)]
    gap = [length for length in lengths if length > 100_000]
    assert sum(gap) == pytest.approx(9_900_000, abs=10)
    assert 4 < len(gap) < 10
    assert len(set(gap)) <= 2, "but for rounding"
    assert lengths[0] == pytest.approx(viewport.per_cell, abs=1)


@given(naps(), CELLS, MOVES)
def test_cells_of_folded_gaps_follow_one_another(timeline: Timeline, width: int, moves: list[tuple[Any, ...]]) -> None:
    viewport = Viewport.fit(timeline, Axis.BUSY, width)
    for name, *how in moves:
        viewport = getattr(viewport, name)(*how) if name == "resized" else getattr(viewport, name)(*how, timeline)
    _, edges = viewport.laid_out(timeline)
    assert len(edges) == viewport.width + 1
    assert all(before < after for before, after in pairwise(edges))


@given(st.lists(STEP, max_size=40), st.lists(st.floats(-2, 60), min_size=1, max_size=20))
def test_times_of_many_places_are_those_of_each(steps: list[tuple[int, int, int, int]], places: list[float]) -> None:
    timeline = taken(beginning() + greenlet_lines(steps), 1000)
    found = times_of_places(timeline, np.array(places))
    assert found.tolist() == [time_of_position(timeline, Axis.SWITCHES, place) for place in places]
