"""What `import visualizer` offers, and what it loads for that."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import visualizer
from tests.conftest import ROOT


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter loads to run this."""
    watched = f"import sys; before = set(sys.modules); {code}; print(*set(sys.modules) - before)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return set(
        subprocess.run(
            [sys.executable, "-c", watched], env=env, capture_output=True, check=True, text=True
        ).stdout.split()
    )


def test_importing_it_loads_nothing_else() -> None:
    assert loaded_by("import visualizer") == {"visualizer"}


@pytest.mark.parametrize(
    ("name", "needed"),
    [("record", {"msgspec"}), ("load", {"msgspec", "numpy"}), ("Trace", {"msgspec", "numpy"})],
)
def test_what_is_asked_for_loads_no_more_than_it_needs(name: str, needed: set[str]) -> None:
    libraries = {"asyncio", "click", "gevent", "greenlet", "msgspec", "numpy", "rich", "textual", "wcwidth"}
    assert loaded_by(f"from visualizer import {name}") & libraries == needed


def test_all_that_is_offered_is_there() -> None:
    offered = {name: getattr(visualizer, name) for name in visualizer.__all__}
    assert {name for name, found in offered.items() if found.__name__ != name} == set()
    assert set(offered) <= set(dir(visualizer))
    assert all(found.__doc__ for found in offered.values())


def test_what_is_not_offered_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'visualizer' has no attribute 'nonsense'"):
        visualizer.nonsense  # type: ignore[attr-defined]  # noqa: B018
