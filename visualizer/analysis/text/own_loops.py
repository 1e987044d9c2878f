"""Loops of the program's own that ask `select`, and what they call to run others: read in the source."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import NamedTuple

from visualizer.analysis.model.timeline import Place, Timeline

_IMPORTS = re.compile(r"^\s*(?:from|import)\s+(?:select|selectors)\b", re.MULTILINE)
_ASKS = frozenset(("select", "poll"))


class SelectingLoop(NamedTuple):
    """A loop from its first to its last line, the line at which it asks, in which function, and what it calls."""

    first: int
    last: int
    asks: int
    function: str
    calls: frozenset[str]


def selecting_loop(timeline: Timeline, place: Place) -> SelectingLoop | None:
    """The loop that asks `select` and has generators resumed at this place: there, or in a function that it calls."""
    function = place.function.rpartition(".")[2]
    for loop in _selecting_loops(timeline.sources.get(place.file, "")):
        if loop.first <= place.line <= loop.last or function in loop.calls:
            return loop
    return None


@lru_cache(maxsize=16)
def _selecting_loops(source: str) -> list[SelectingLoop]:
    """Inner functions and loops last."""
    if not _IMPORTS.search(source):
        return []
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.Module):
            continue
        name = function.name if isinstance(function, ast.FunctionDef) else ""
        for loop in function.body if isinstance(function, ast.Module) else ast.walk(function):
            if not isinstance(loop, ast.While):
                continue
            calls = [one for one in ast.walk(loop) if isinstance(one, ast.Call)]
            asks = [one.lineno for one in calls if isinstance(one.func, ast.Attribute) and one.func.attr in _ASKS]
            names = frozenset(map(_name, calls)) - {""}
            if asks:
                found.append(SelectingLoop(loop.lineno, loop.end_lineno or loop.lineno, asks[0], name, names))
    return found


@lru_cache(maxsize=64)
def handed_to(source: str, line: int) -> str:
    """What is called with what a call at this line made, as "kernel.start"; "" if nothing is."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for one in ast.walk(tree):
        if isinstance(one, ast.Call) and one.lineno <= line <= (one.end_lineno or one.lineno):
            if any(isinstance(given, ast.Call) and given.lineno == line for given in one.args):
                return ast.unparse(one.func)
    return ""


def _name(call: ast.Call) -> str:
    what = call.func
    return what.attr if isinstance(what, ast.Attribute) else what.id if isinstance(what, ast.Name) else ""
