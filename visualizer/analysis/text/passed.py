"""What two functions call the same thing that they were both called with: by the source of who called them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from visualizer.analysis.model.timeline import Place, Timeline

#: A larger source is not looked at.
_LARGEST = 1 << 18

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def called_there(timeline: Timeline, one: tuple[int, Place], other: tuple[int, Place], thing: str) -> set[str] | None:
    """What `other` calls what `one` calls `thing`: each a track and a place in the function that it runs. Empty if it
    was not called with that; None if it is not known, unless the same function called each of them just once, with
    variables, and gave none of these another value.

    Inferred: a variable of that function may have been changed from elsewhere.
    """
    tracks = [timeline.tracks[track] for track, _ in (one, other)]
    where = tracks[0].place
    if where is None or tracks[1].place is None or tracks[0].creator != tracks[1].creator:
        return None
    if (where.file, where.function) != (tracks[1].place.file, tracks[1].place.function):
        return None
    tree = _tree(timeline.sources.get(where.file, ""))
    caller = _around(tree, where) if tree is not None else None
    if tree is None or caller is None:
        return None
    ours, theirs = (_given(tree, caller, place) for _, place in (one, other))
    if ours is None or theirs is None or thing not in ours:
        return None
    return {name for name, variable in theirs.items() if variable == ours[thing]}


@lru_cache(maxsize=16)
def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(source) if 0 < len(source) <= _LARGEST else None
    except (SyntaxError, ValueError, RecursionError):
        return None


def _functions(tree: ast.AST, name: str) -> Iterator[_Function]:
    return (node for node in ast.walk(tree) if isinstance(node, _Function) and node.name == name)


def _around(tree: ast.Module, place: Place) -> ast.AST | None:
    if place.function == "<module>":
        return tree
    named = _functions(tree, place.function.rpartition(".")[2])
    return next((node for node in named if node.lineno <= place.line <= (node.end_lineno or 0)), None)


def _given(tree: ast.Module, caller: ast.AST, place: Place) -> dict[str, str] | None:
    """The names of a function's parameters -> the caller's variables that it is called with; None if that is not known
    of all of them, or a name is given another value somewhere."""
    function = _around(tree, place)
    if not isinstance(function, _Function):
        return None
    calls = [node for node in ast.walk(caller) if isinstance(node, ast.Call) and _name(node.func) == function.name]
    if len(calls) != 1 or calls[0] in ast.walk(function):
        return None
    [call], own = calls, function.args
    names = [parameter.arg for parameter in (*own.posonlyargs, *own.args)]
    if isinstance(call.func, ast.Attribute) and names[:1] == ["self"]:
        del names[0]
    if len(call.args) > len(names) or any(keyword.arg is None for keyword in call.keywords):
        return None
    given = [*zip(names, call.args, strict=False), *((str(one.arg), one.value) for one in call.keywords)]
    found = {name: value.id for name, value in given if isinstance(value, ast.Name)}
    if any(isinstance(value, ast.Starred) for _, value in given):
        return None
    is_kept = not any(_stores(function, name) for name in found)
    return found if is_kept and all(_stores(caller, name) <= 1 for name in found.values()) else None


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _stores(tree: ast.AST, name: str) -> int:
    """How often that is given a value there."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name)
    return sum(not isinstance(node.ctx, ast.Load) for node in names)
