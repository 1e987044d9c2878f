"""The bundled scenarios: what each is called, on what it runs and what it shows."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from visualizer.trace.words import TOUR_SUFFIX

#: Order in which runtimes are listed; one that is not named here comes after these, by its name.
RUNTIMES = ("generator", "greenlet", "gevent", "asyncio")

_RUNTIME_LINE = "Runtime:"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A bundled script."""

    name: str
    #: What its coroutines are: one of `RUNTIMES`, or another word.
    runtime: str
    #: One sentence: what it shows.
    sentence: str
    #: The whole docstring, its indentation and the line naming the runtime taken away.
    docstring: str
    path: Path

    @property
    def tour(self) -> Path | None:
        """The captions of its guided tour, if it has one (FORMAT.md)."""
        beside = self.path.with_suffix(TOUR_SUFFIX)
        return beside if beside.is_file() else None


def scenarios() -> list[Scenario]:
    """All bundled scenarios, by runtime and name. None of them is imported."""
    found = [_read(path) for path in folder().glob("*.py")]
    return sorted(found, key=lambda scenario: (_rank(scenario.runtime), scenario.runtime, scenario.name))


def scenario(name: str) -> Scenario | None:
    """The scenario called `name`, if there is one."""
    return next((known for known in scenarios() if known.name == name), None)


def folder() -> Path:
    """Where the scenarios are: inside the installed package, or in a checkout beside it."""
    package = Path(__file__).parent.parent
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def _read(path: Path) -> Scenario:
    lines = (ast.get_docstring(ast.parse(path.read_bytes())) or "").splitlines()
    runtime = next((line.removeprefix(_RUNTIME_LINE).strip() for line in lines if line.startswith(_RUNTIME_LINE)), "")
    docstring = "\n".join(line for line in lines if not line.startswith(_RUNTIME_LINE)).strip()
    return Scenario(path.stem, runtime, docstring.partition("\n")[0], docstring, path)


def _rank(runtime: str) -> int:
    return RUNTIMES.index(runtime) if runtime in RUNTIMES else len(RUNTIMES)
