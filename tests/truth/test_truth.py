"""Random programs that log their own order, in real processes: the trace must tell the same.

`TRUTH_EXAMPLES=2000 pytest tests/truth` runs so many of each language with new ones every time; without it there are
few, and always the same.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, note, settings

from tests.tracers.traced import bare, trace
from tests.truth import checks, generator_language, gevent_language, greenlet_language
from tests.truth.program import Program, read_log

_ASKED = int(os.environ.get("TRUTH_EXAMPLES", "0"))


def _settings(examples: int) -> settings:
    return settings(
        max_examples=_ASKED or examples,
        derandomize=not _ASKED,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )


def _compare(program: Program, which: tuple[Callable[[checks.Truth], None], ...]) -> None:
    note(program.source)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        script, log, own_log = directory / "script.py", directory / "log", directory / "own_log"
        script.write_text(program.source, encoding="utf-8")
        traced = trace(directory / "trace", str(script), str(log))
        assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"", b"")
        assert not traced.timeline.notes
        assert not traced.timeline.dropped
        steps = read_log(log)
        if program.repeatable:
            assert bare(script, str(own_log)).code == 0
            assert [step[1:] for step in read_log(own_log)] == [step[1:] for step in steps]
        truth = checks.Truth(program, steps, traced)
        for check in which:
            check(truth)


@_settings(60)
@given(generator_language.one_thread)
def test_generators(sides: list[generator_language.Side]) -> None:
    _compare(generator_language.render(sides), checks.ALWAYS)


@_settings(15)
@given(generator_language.two_threads)
def test_generators_in_two_threads(sides: list[generator_language.Side]) -> None:
    _compare(generator_language.render(sides), checks.ALWAYS)


@_settings(60)
@given(greenlet_language.one_thread)
def test_greenlets(sides: list[greenlet_language.Side]) -> None:
    _compare(greenlet_language.render(sides), checks.ALWAYS)


@_settings(15)
@given(greenlet_language.two_threads)
def test_greenlets_in_two_threads(sides: list[greenlet_language.Side]) -> None:
    _compare(greenlet_language.render(sides), checks.ALWAYS)


@_settings(40)
@given(gevent_language.one_thread)
def test_gevent(sides: list[gevent_language.Side]) -> None:
    _compare(gevent_language.render(sides), checks.EVERY_CHECK)


@_settings(10)
@given(gevent_language.two_threads)
def test_gevent_in_two_threads(sides: list[gevent_language.Side]) -> None:
    _compare(gevent_language.render(sides), checks.EVERY_CHECK)
