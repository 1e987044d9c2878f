from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.analysis.tape import Tape, sleeps
from visualizer.analysis.explore import tour
from visualizer.trace import words


def test_a_stop_that_a_run_does_not_have_where_it_belongs_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.tour"
    path.write_text(
        '{"format": "visualizer-tour", "version": 1, "stops": ['
        '{"name": "first", "caption": "", "from": "hub"}, {"name": "never", "caption": "", "to": "nobody"},'
        '{"name": "second", "caption": "", "from": "hub", "nth": 2}, {"name": "before", "caption": "", "from": "hub"},'
        '{"name": "too often", "caption": "", "nth": 99}, {"name": "unsaid", "caption": "", "says": "of the kind"}]}'
    )
    timeline = sleeps().timeline()
    marks, missing = tour.read(path, timeline)
    from_hub = [at for at in range(timeline.switch_count) if timeline.name(timeline.switch(at).origin) == "hub"]
    assert [(mark.name, timeline.switch_before(mark.t_ns)) for mark in marks] == (
        [("first", from_hub[0]), ("second", from_hub[1])]
    )
    assert missing == ("never", "before", "too often", "unsaid")


def test_of_switches_at_one_time_only_the_last_can_be_a_stop(tmp_path: Path) -> None:
    """Whoever goes to that time sees the sentence of the last one."""
    path = tmp_path / "x.tour"
    path.write_text(
        '{"format": "visualizer-tour", "version": 1, "stops": ['
        '{"name": "hidden", "caption": "", "to": "a"}, {"name": "seen", "caption": "", "from": "a"}]}'
    )
    tape = Tape().spawn("a", words.GREENLET).at(50).switch("main", "a").at(50).switch("a", "main")
    timeline = tape.timeline()
    assert list(timeline.switch_ns) == [50, 50]
    marks, missing = tour.read(path, timeline)
    assert ([mark.name for mark in marks], missing) == (["seen"], ("hidden",))


@pytest.mark.parametrize("written", ["", "{}", '{"format": "visualizer-marks", "version": 1, "stops": []}'])
def test_what_is_no_tour(tmp_path: Path, written: str) -> None:
    path = tmp_path / "x.tour"
    path.write_text(written)
    with pytest.raises(ValueError):
        tour.read(path, sleeps().timeline())
