"""To which lines a program may come."""

from __future__ import annotations

from pathlib import Path

import pytest

from visualizer.analysis.explore.targets import Line
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.tui.state.breakpoint_check import refusal


@pytest.fixture
def timeline(tmp_path: Path) -> Timeline:
    """Of a script in a folder, of which the trace carries the text as it was."""
    (tmp_path / "later.py").write_text("import os\n\nos.sep\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    timeline = Timeline()
    timeline.header = ev.Header(words.FORMAT, words.VERSION, argv=["demo.py"], cwd=str(tmp_path))
    timeline.sources[str(tmp_path / "demo.py")] = "a = 1\n\n# end\n"
    return timeline


def test_of_a_file_that_the_trace_carries(timeline: Timeline) -> None:
    assert refusal(timeline, Line("demo.py", 1)) is None
    assert refusal(timeline, Line("demo.py", 4)) == "demo.py has no line 4; its last line is 3."
    refused = refusal(timeline, Line("demo.py", 2))
    assert refused == "Line 2 of demo.py has no code to run; the last line with code is 1."


def test_of_a_file_that_may_be_loaded_yet(timeline: Timeline, tmp_path: Path) -> None:
    for file in ("later.py", str(tmp_path / "later.py")):
        assert refusal(timeline, Line(file, 3)) is None
        refused = refusal(timeline, Line(file, 2))
        assert refused == "Line 2 of later.py has no code to run; the next line with code is 3."
    assert refusal(timeline, Line("json/decoder.py", 1)) is not None, "its docstring"
    assert refusal(timeline, Line("json/decoder.py", 3)) is None, "where Python finds modules"


def test_what_cannot_be_told_is_let_through(timeline: Timeline) -> None:
    assert refusal(timeline, Line("<string>", 1)) is None
    assert refusal(timeline, Line("broken.py", 1)) is None


def test_of_a_file_that_does_not_exist(timeline: Timeline) -> None:
    refused = refusal(timeline, Line("nosuch.py", 1))
    assert refused is not None
    assert refused.startswith("Found no nosuch.py among the modules that have run, ")
