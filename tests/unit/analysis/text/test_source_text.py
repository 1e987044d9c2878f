"""What is read out of the source that a trace carries, or does not."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import FILE, Tape
from visualizer.analysis.model.timeline import Place
from visualizer.analysis.text.source_text import function_at, in_block_of, in_loop, loop_around

SOURCE = """\
def work():
    with other, lock:  # held
# not indented
        for item in items:
            use(item)
    done()
"""


@pytest.mark.parametrize(
    ("line", "is_inside", "loops"), [(5, True, True), (4, True, True), (2, False, False), (6, False, False)]
)
def test_the_blocks_around_a_line(line: int, is_inside: bool, loops: bool) -> None:
    timeline, place = Tape().lists(SOURCE).timeline(), Place(FILE, "work", line, line, -1, -1)
    assert in_block_of(timeline, place, "lock") is is_inside
    assert in_loop(timeline, place) is loops
    assert function_at(timeline, place) == Place(FILE, "work", 1, 1, -1, -1)


def test_a_line_that_the_trace_does_not_carry_is_in_no_block() -> None:
    timeline = Tape().lists(SOURCE).timeline()
    for place in (Place("elsewhere.py", "work", 5, 5, -1, -1), Place(FILE, "work", 90, 90, -1, -1)):
        assert not in_block_of(timeline, place, "lock")
        assert not in_loop(timeline, place)
        assert function_at(timeline, place) is None
        assert loop_around(timeline, place, None) == place.line
