"""Loops that ask, or try to get, again and again, without ever waiting, what is not there yet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from visualizer.analysis.model.timeline import Place, Timeline

#: Calls that get something if it is there, and fail or return nothing at once otherwise.
_AT_ONCE = frozenset(("get_nowait", "poll", "recv_nowait"))
#: The same if they are told not to wait.
_TOLD = frozenset(("get", "acquire", "poll", "wait", "result", "select", "join"))
#: Those of them that return what is there, if anything.
_RETURN = frozenset(("poll", "wait", "select"))
_ASKS = frozenset(
    ("empty", "is_set", "done", "qsize", "full", "locked", "is_alive", "running", "cancelled", "ready", "poll")
)
#: Those that take what is there: to ask once more is to ask for the next one.
_TAKE = frozenset(("get", "get_nowait", "recv_nowait", "result"))
#: Whether something is so of all that are asked, or of any.
_OF_SEVERAL = frozenset(("all", "any"))


class VainTry(NamedTuple):
    """What is tried, as it is written, and the lines of the loop that try it, or do nothing where that failed."""

    written: str
    lines: frozenset[int]


def vain_try(timeline: Timeline, place: Place) -> VainTry | None:
    """What the `while` loop around a place asks, or tries without waiting, if it does nothing but to try again where
    that fails; None if the place stands in no such loop. Read in the source of the trace."""
    found = [one for head, end, one in _vain_tries(timeline.sources.get(place.file, "")) if head <= place.line <= end]
    return found[-1] if found else None


@lru_cache(maxsize=16)
def _vain_tries(source: str) -> list[tuple[int, int, VainTry]]:
    """Each such loop: its first and last line, those inside of others last."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for loop in ast.walk(tree):
        if isinstance(loop, ast.While):
            told = _only_asks(source, loop) or _tries(source, loop)
            if told is not None:
                found.append((loop.lineno, loop.end_lineno or loop.lineno, told))
    return sorted(found, key=lambda one: one[0])


def _only_asks(source: str, loop: ast.While) -> VainTry | None:
    """The head of a loop that does nothing else, if only others can change what it asks for."""
    calls = [one for one in ast.walk(loop.test) if isinstance(one, ast.Call)]
    asked = [*filter(_asks, calls)]
    if not all(map(_is_nothing, loop.body)) or any(one not in asked and _name(one) not in _OF_SEVERAL for one in calls):
        return None
    # Who counts, and asks nobody, computes.
    if not asked and (calls or any(isinstance(part, ast.AugAssign) for part in loop.body)):
        return None
    lines = frozenset(range(loop.lineno, (loop.end_lineno or loop.lineno) + 1))
    return VainTry(f"while {ast.get_source_segment(source, loop.test) or ''}", lines)


def _tries(source: str, loop: ast.While) -> VainTry | None:
    zeros = _zeros(loop)
    for part in loop.body:
        call, failed = _tried(part, zeros)
        if call is not None and all(map(_is_nothing, failed)):
            lines = {loop.lineno, part.lineno, call.lineno}
            lines.update(line for one in failed for line in range(one.lineno, (one.end_lineno or one.lineno) + 1))
            if isinstance(part, ast.Try):
                lines.update(handler.lineno for handler in part.handlers)
            return VainTry(ast.get_source_segment(source, call) or "", frozenset(lines))
    return None


def _zeros(loop: ast.While) -> frozenset[str]:
    """The names that the loop gives no value but 0."""
    parts = [*ast.walk(loop)]
    stored = [one.id for one in parts if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    zeros = [
        one.targets[0].id
        for one in parts
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and _is_zero(one.value)
    ]
    return frozenset(name for name in zeros if zeros.count(name) == stored.count(name))


def _is_zero(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (0, False)


def _tried(part: ast.stmt, zeros: frozenset[str]) -> tuple[ast.Call | None, list[ast.stmt]]:
    """The call by which a part of a loop tries to get something without waiting, and what is done if that fails."""
    if isinstance(part, ast.Try) and part.handlers:
        call = next((one for one in ast.walk(part.body[0]) if isinstance(one, ast.Call) and _never_waits(one)), None)
        return call, [one for handler in part.handlers for one in handler.body]
    if isinstance(part, ast.If) and not part.orelse:
        asks = part.test.operand if isinstance(part.test, ast.UnaryOp) else part.test
        if isinstance(asks, ast.Call) and (_never_waits(asks) or _asks(asks)):
            # Else it is what is done where it did not fail.
            return (asks, part.body) if isinstance(part.body[-1], ast.Continue) else (None, [])
    # What it does with what is there is another line.
    values = [*_values(part)]
    if len(values) == 1 and isinstance(values[0], ast.Call):
        call = values[0]
        return (call, []) if _name(call) in _RETURN and _never_waits(call, zeros) else (None, [])
    return None, []


def _values(part: ast.stmt) -> Iterator[ast.expr]:
    if isinstance(part, ast.Expr | ast.Assign):
        yield part.value
    elif isinstance(part, ast.For):
        yield part.iter


def _asks(call: ast.Call) -> bool:
    name = _name(call)
    return (name in _ASKS and not call.args and not call.keywords) or (name not in _TAKE and _never_waits(call))


def _never_waits(call: ast.Call, zeros: frozenset[str] = frozenset()) -> bool:
    name = _name(call)
    given = [*call.args[-1:], *(one.value for one in call.keywords if one.arg in ("timeout", "block", "blocking"))]
    if name in _AT_ONCE and not given:
        return True
    return name in _TOLD and any(_is_zero(one) or (isinstance(one, ast.Name) and one.id in zeros) for one in given)


def _name(call: ast.Call) -> str:
    """The method or function that is called."""
    what = call.func
    return what.attr if isinstance(what, ast.Attribute) else what.id if isinstance(what, ast.Name) else ""


def _is_nothing(part: ast.stmt) -> bool:
    """Whether it only goes on: `pass`, `continue`, `...`, `time.sleep(0)`, `os.sched_yield()`, or counts: `n += 1`."""
    if isinstance(part, ast.Pass | ast.Continue):
        return True
    if isinstance(part, ast.AugAssign):
        counts = isinstance(part.value, ast.Constant) and isinstance(part.value.value, int | float)
        return counts and not any(isinstance(one, ast.Call) for one in ast.walk(part.target))
    if not isinstance(part, ast.Expr):
        return False
    if isinstance(part.value, ast.Constant):
        return True
    if not isinstance(part.value, ast.Call):
        return False
    name = ast.unparse(part.value.func)
    zero = [isinstance(one, ast.Constant) and one.value == 0 for one in part.value.args]
    return (name in ("time.sleep", "sleep") and zero == [True]) or name == "os.sched_yield"
