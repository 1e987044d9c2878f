from __future__ import annotations

import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.tracers.traced import SCENARIOS, Traced, trace

TraceSource = Callable[..., Traced]
TraceScenario = Callable[[str], Traced]


@pytest.fixture
def trace_source(tmp_path: Path) -> TraceSource:
    """Trace a script given as text, with arguments."""

    def run(
        source: str, *args: str, include: tuple[str, ...] = (), marks: bool = False, children: str = "1"
    ) -> Traced:
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(source), encoding="utf-8")
        return trace(tmp_path / "script.trace", str(script), *args, include=include, marks=marks, children=children)

    return run


@pytest.fixture(scope="session")
def trace_scenario(tmp_path_factory: pytest.TempPathFactory) -> TraceScenario:
    """Trace one of the bundled scenarios; each is run once for all tests."""
    folder = tmp_path_factory.mktemp("scenarios")

    @cache
    def run(name: str) -> Traced:
        return trace(folder / f"{name}.trace", str(SCENARIOS / f"{name}.py"))

    return run
