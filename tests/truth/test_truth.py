"""Random programs that log their own order, in real processes: the trace must tell the same.

`make soak ARGS=tests/truth` runs many of each language, new ones every time; else there are few, and always the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.soak import BRIEF, SOAK
from tests.tracers.traced import SEES_WAITS, bare, trace
from tests.truth import (
    asyncio_language,
    checks,
    eventlet_language,
    generator_language,
    gevent_language,
    greenlet_language,
    processes_language,
    threads_language,
)
from tests.truth.process_checks import OF_PROCESSES
from tests.truth.program import Program, read_log
from tests.truth.thread_checks import OF_THREADS

#: Programs that one test runs.
_EXAMPLES = 200 if SOAK else 2 if BRIEF else 3


class Language(NamedTuple):
    """`strategy` draws the sides of a program, which `render` writes; `parts` tests share the programs of it."""

    strategy: SearchStrategy[Any]
    render: Callable[[Any], Program]
    checks: tuple[Callable[[checks.Truth], None], ...]
    parts: int


LANGUAGES = {
    "generators": Language(generator_language.one_thread, generator_language.render, checks.OF_GENERATORS, 4),
    "coroutines": Language(generator_language.with_coroutines, generator_language.render, checks.OF_GENERATORS, 4),
    "generators in two threads": Language(
        generator_language.two_threads, generator_language.render, checks.OF_GENERATORS, 2
    ),
    "greenlets": Language(greenlet_language.one_thread, greenlet_language.render, checks.ALWAYS, 6),
    "greenlets in two threads": Language(greenlet_language.two_threads, greenlet_language.render, checks.ALWAYS, 2),
    "gevent": Language(gevent_language.one_thread, gevent_language.render, checks.EVERY_CHECK, 4),
    "gevent in two threads": Language(gevent_language.two_threads, gevent_language.render, checks.EVERY_CHECK, 1),
    "eventlet": Language(eventlet_language.one_thread, eventlet_language.render, checks.EVERY_CHECK, 1),
    "asyncio": Language(
        asyncio_language.one_thread, asyncio_language.render, (*checks.ALWAYS, *checks.OF_ASYNCIO), 1
    ),
    "asyncio in two threads": Language(
        asyncio_language.two_threads, asyncio_language.render, (*checks.ALWAYS, *checks.OF_ASYNCIO), 1
    ),
}
if SEES_WAITS:
    LANGUAGES["threads"] = Language(threads_language.several, threads_language.render, OF_THREADS, 4)
    LANGUAGES["processes"] = Language(processes_language.several, processes_language.render, OF_PROCESSES, 2)


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
            assert program.repeated(read_log(own_log)) == program.repeated(steps)
        truth = checks.Truth(program, steps, traced)
        for check in which:
            check(truth)


@pytest.mark.parametrize(
    ("name", "part"), [(name, part) for name, language in LANGUAGES.items() for part in range(language.parts)]
)
def test_the_trace_tells_what_the_program_logs(name: str, part: int) -> None:
    language = LANGUAGES[name]

    @settings(
        max_examples=_EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(language.strategy)
    def run(sides: Sequence[object]) -> None:
        _compare(language.render(sides), language.checks)

    (run if SOAK else seed(part)(run))()
