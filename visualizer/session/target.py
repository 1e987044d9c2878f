"""What shall be run: a bundled scenario, a script, or a module, with its arguments."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

from visualizer.session import why
from visualizer.session.catalogue import scenarios


class TargetError(Exception):
    """There is nothing there that could be run; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that `python` can run."""

    #: What a person calls it: the scenario's, the script's or the module's name.
    name: str
    #: Exactly what one would write after `python`: `script.py ARGS...` or `-m module ARGS...`.
    python_args: tuple[str, ...]
    #: The file it is run from, if that is known without importing anything.
    path: Path | None = None


def resolve(words: Sequence[str], module: bool) -> Target:
    """Say what `words`, a target and its arguments, stand for. With `module` the first is a module's name, as in `-m`.

    A plain name is a scenario if there is one of that name; `./name` is always a path.
    Raise TargetError if there is nothing that could be run.
    """
    if not words:
        raise TargetError("There is nothing to run.")
    first, *arguments = words
    if module:
        return _module(first, arguments)
    bundled = {scenario.name: scenario for scenario in scenarios()}
    if first in bundled:
        if missing := bundled[first].missing():
            raise TargetError(missing)
        path = bundled[first].path
        return Target(first, (str(path), *arguments), path)
    return _script(first, arguments, list(bundled))


def _script(word: str, arguments: list[str], known: list[str]) -> Target:
    if word == "-":
        raise TargetError("A script cannot be read from stdin; it must be a file.")
    path = Path(word)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise TargetError(_missing(word, known)) from None
    except (OSError, ValueError) as error:
        raise TargetError(f"Cannot run {word!r}: {why(error)}.") from None
    if stat.S_ISDIR(mode):
        if not (path / "__main__.py").is_file():
            raise TargetError(f"{word!r} is a directory without a __main__.py.")
    elif not stat.S_ISREG(mode):
        raise TargetError(f"{word!r} is not a regular file.")
    if not os.access(path, os.R_OK):
        raise TargetError(f"Cannot read {word!r}: permission denied.")
    if stat.S_ISREG(mode) and zipfile.is_zipfile(path) and not _has_main(path):
        raise TargetError(f"{word!r} is an archive without a __main__.py.")
    # Python would take a name that begins with a dash for an option of its own.
    spelled = f"./{word}" if word.startswith("-") else word
    return Target(path.stem or word, (spelled, *arguments), path / "__main__.py" if stat.S_ISDIR(mode) else path)


def _has_main(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name in ("__main__.py", "__main__.pyc") for name in archive.namelist())
    except zipfile.BadZipFile:
        # Something that only ends like an archive: Python will say what it thinks of it.
        return True


def _missing(word: str, known: list[str]) -> str:
    if os.sep in word or word.endswith(".py"):
        return f"There is no script {word!r}."
    near = get_close_matches(word, known)
    hint = f"did you mean {' or '.join(near)}?" if near else "`visualizer list` shows the scenarios."
    return f"There is no scenario or script {word!r}; {hint}"


def _module(name: str, arguments: list[str]) -> Target:
    """Look for the outermost package only: finding one inside it would import it, and that is left to the script."""
    outermost = name.partition(".")[0]
    spec = PathFinder.find_spec(outermost, [os.getcwd()]) if outermost else None
    if spec is None and outermost:
        try:
            spec = find_spec(outermost)
        except (ImportError, ValueError):
            spec = None
    if spec is None:
        raise TargetError(f"There is no module {name!r}.")
    path = Path(spec.origin) if name == outermost and spec.has_location and spec.origin else None
    return Target(name, ("-m", name, *arguments), path)
