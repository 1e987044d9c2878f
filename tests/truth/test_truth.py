"""Random programs that log their own order, in real processes: the trace must tell the same.

Here there are few, and always the same; `python -m tests.truth` compares as many new ones as one likes.
"""

from __future__ import annotations

import pytest

from tests.soak import BRIEF, SOAK
from tests.truth.languages import LANGUAGES
from tests.truth.runs import Compared, compare

#: Programs that one test runs.
_PROGRAMS = 50 if SOAK else 6 if BRIEF else 12
#: Tests of each language.
_PARTS = 8 if SOAK else 1


@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.parametrize("name", LANGUAGES)
def test_the_trace_tells_what_the_program_logs(name: str, part: int) -> None:
    compared = Compared()
    compare(name, [str(part * _PROGRAMS + number) for number in range(_PROGRAMS)], compared)
    assert compared.counts["programs"] == _PROGRAMS
    assert not compared.disagreements, compared.disagreements[0].told
