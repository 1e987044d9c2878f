"""Random programs that log their own order, in real processes: the trace must tell the same.

Here there are few, and always the same; `python -m tests.truth` compares as many new ones as one likes.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.soak import BRIEF, SOAK
from tests.truth.languages import LANGUAGES
from tests.truth.runs import Compared, compare, compare_programs

#: Programs that one test runs.
_PROGRAMS = 50 if SOAK else 6 if BRIEF else 12
#: Tests of each language.
_PARTS = 8 if SOAK else 1


@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.parametrize("name", LANGUAGES)
def test_the_trace_tells_what_the_program_logs(name: str, part: int) -> None:
    compared = Compared()
    # One that has a process to itself takes a second.
    count = _PROGRAMS // 4 if LANGUAGES[name].alone else _PROGRAMS
    compare(name, [f"{name} {part * count + number}" for number in range(count)], compared)
    assert compared.counts["programs"] == count
    assert not compared.disagreements, compared.disagreements[0].told


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        pytest.param(
            "coroutines",
            [
                (
                    [("make", 3, 2, False), ("send_none", 3, 7, False), ("drop", 3, 1, True)],
                    [
                        ("asynchronous generator", True, []),
                        ("generator", False, []),
                        ("generator", True, []),
                        ("coroutine", False, [("ignore_pause", 2, 1, True), ("pause", 2, 0, True)]),
                    ],
                    1,
                )
            ],
            id="one is closed unstarted whose frame is where that of one was that did not let itself be closed",
        ),
    ],
)
def test_what_was_found(name: str, sides: Any) -> None:
    compared = Compared()
    compare_programs(name, {"": LANGUAGES[name].render(sides)}, compared)
    assert not compared.disagreements, compared.disagreements[0].told
