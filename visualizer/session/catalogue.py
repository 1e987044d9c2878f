"""The bundled scenarios: what each is called, on what it runs and what it shows."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from visualizer.trace.words import TOUR_SUFFIX

#: Order in which runtimes are listed; one that is not named here comes after these, by its name.
RUNTIMES = ("generator", "greenlet", "gevent", "asyncio", "threads", "processes", "select")

_RUNTIME_LINE, _NEEDS_LINE = "Runtime:", "Needs:"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A bundled script."""

    name: str
    #: What its coroutines are: one of `RUNTIMES`, or another word.
    runtime: str
    #: One sentence: what it shows.
    sentence: str
    #: The whole docstring, its indentation and the lines that name the runtime and what is needed taken away.
    docstring: str
    path: Path
    #: What it imports that may not be installed.
    needs: tuple[str, ...] = ()

    def missing(self) -> str:
        """One sentence where something that it needs is not installed, else nothing."""
        absent = " ".join(name for name in self.needs if find_spec(name) is None)
        return f"{self.name} needs {absent}: `python -m pip install {absent}` installs it." if absent else ""

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
    text = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    lines = [line for line in text.splitlines() if not line.startswith((_RUNTIME_LINE, _NEEDS_LINE))]
    docstring = "\n".join(lines).strip()
    runtime, needs = _after(text, _RUNTIME_LINE), tuple(_after(text, _NEEDS_LINE).split())
    return Scenario(path.stem, runtime, docstring.partition("\n")[0], docstring, path, needs)


def _after(text: str, word: str) -> str:
    """What the line says that begins with the word."""
    return next((line.removeprefix(word).strip() for line in text.splitlines() if line.startswith(word)), "")


def _rank(runtime: str) -> int:
    return RUNTIMES.index(runtime) if runtime in RUNTIMES else len(RUNTIMES)
