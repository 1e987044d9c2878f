"""The captions of the guided tours: each has its switch in a run that is recorded now, and speaks of what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import visualizer
from visualizer.analysis.explore import tour
from visualizer.analysis.text.sentences import sentence
from visualizer.session.catalogue import Scenario, scenarios

TOURS = [scenario for scenario in scenarios() if scenario.tour is not None]
#: What is code in a caption: what is called, what is quoted, a name with an underscore in it.
CODE = re.compile(r"([\w.]+)\(|('[^']*')|\b(\w+_\w+)\b")


def test_there_are_tours_of_these() -> None:
    those = {"producer_consumer", "ping_pong", "gevent_sleeps", "deadlock", "sync_vs_async"}
    assert {one.name for one in TOURS} == those


@pytest.mark.parametrize("scenario", TOURS, ids=lambda scenario: scenario.name)
def test_each_caption_has_its_switch_and_speaks_of_it(scenario: Scenario, tmp_path: Path) -> None:
    done = visualizer.record(scenario.name, to=tmp_path / "run.trace")
    assert (done.exit_code, done.warning) == (0, None)
    timeline = done.load().timeline
    assert scenario.tour is not None
    marks, missing = tour.read(scenario.tour, timeline)
    assert missing == ()
    assert len({mark.t_ns for mark in marks}) == len(marks) >= 4
    source = scenario.path.read_text(encoding="utf-8")
    for mark in marks:
        index = timeline.switch_before(mark.t_ns)
        assert timeline.switch_ns[index] == mark.t_ns
        switch, told = timeline.switch(index), f"{mark.name} {mark.caption}"
        tracks = {timeline.name(track) for track in (switch.origin, switch.target)}
        assert tracks & set(re.findall(r"[\w-]+", told)), f"{told!r} names none of {tracks}"
        said = sentence(timeline, index)
        for code in filter(None, (word for words in CODE.findall(told) for word in words)):
            assert code in source or code in said, f"{code!r} is neither in the script nor in {said!r}"
