"""How a track spent its time, in a few lines of bars."""

from __future__ import annotations

from tests.unit.analysis.tape import Tape
from visualizer.analysis.report.track_times import TrackTimes
from visualizer.paint.panes.track_profile import profile
from visualizer.trace import words


def test_of_a_span_in_which_a_track_did_not_live_nothing_else_is_said() -> None:
    tape = Tape().spawn("worker", words.GREENLET, parent="main", creator="main").at(1_000).switch("main", "worker")
    timeline = tape.at(2_000).exits("worker").switch("worker", "main").at(9_000).end().timeline()

    def said(span: tuple[int, int] | None) -> list[str]:
        lengths = TrackTimes(timeline, tape.ids["worker"], span)
        while lengths.take():
            pass
        return ["".join(run.text for run in line).rstrip() for line in profile(lengths, 40)]

    assert said((5_000, 8_000)) == [" life    none of it in this time"]
    assert len(said(None)) > 2
