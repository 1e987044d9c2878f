from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import sleeps
from visualizer.analysis.explore.mark_file import MarkFileError, path_of, read, write
from visualizer.analysis.explore.marks import Mark

TIMELINE = sleeps().timeline()
SWITCH_NS = list(TIMELINE.switch_ns)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


def test_it_lies_beside_the_trace() -> None:
    assert path_of("folder/run.trace") == Path("folder/run.trace.marks")


MOMENTS = st.one_of(st.integers(0, TIMELINE.last_ns), st.sampled_from(SWITCH_NS))


@given(st.dictionaries(MOMENTS, st.tuples(TEXTS, TEXTS)))
def test_what_is_kept_is_read_again(tmp_path_factory: pytest.TempPathFactory, of: dict[int, tuple[str, str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "kept.marks"
    marks = sorted(Mark(t_ns, *texts) for t_ns, texts in of.items())
    write(path, marks, TIMELINE)
    assert path.exists() == bool(marks)
    assert read(path, TIMELINE) == marks
    assert "kept.marks.new" not in os.listdir(path.parent)


def test_those_of_the_program_are_there_until_some_are_kept(tmp_path: Path) -> None:
    path, tape = tmp_path / "x.marks", sleeps()
    timeline = tape.marks("main", "one: the first").marks("main", "two").timeline()
    marks = read(path, timeline)
    assert [(mark.name, mark.caption) for mark in marks] == [("one", "the first"), ("two", "")]
    write(path, marks[:1], timeline)
    assert read(path, timeline) == marks[:1]
    write(path, [], timeline)
    assert read(path, timeline) == []


def test_a_file_written_by_hand_names_switches(tmp_path: Path) -> None:
    path = tmp_path / "x.marks"
    path.write_text(
        '{"format": "visualizer-marks", "version": 1, "marks": ['
        '{"switch": 2, "caption": "It sleeps"}, {"switch": 1, "name": "begin"}, {"switch": 999}]}'
    )
    assert read(path, TIMELINE) == [
        Mark(SWITCH_NS[0], "begin"), Mark(SWITCH_NS[1], "mark 1", "It sleeps"), Mark(TIMELINE.last_ns, "mark 3"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", '{"format": "other", "version": 1}', '{"format": "visualizer-marks", "version": 2}',
        '{"format": "visualizer-marks", "version": 1, "marks": [{"switch": "two"}]}',
        # The text would be its name, which goes to each worker and back with each report.
        pytest.param("\0" * 2_000_000, id="large"),
    ],
)
def test_what_is_no_such_file_is_said_in_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.marks"
    path.write_text(content)
    with pytest.raises(MarkFileError) as told:
        read(path, TIMELINE)
    assert str(told.value).startswith(f"The marks in '{path}' cannot be understood: ")
    assert "\n" not in str(told.value)
