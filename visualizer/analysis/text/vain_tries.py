"""Loops that try again and again, without ever waiting, to get what is not there yet."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import NamedTuple

from visualizer.analysis.model.timeline import Place, Timeline

#: Calls that get something if it is there, and fail or return nothing at once otherwise.
_AT_ONCE = frozenset(("get_nowait", "poll", "recv_nowait"))
#: The same if they are told not to wait.
_TOLD = frozenset(("get", "acquire", "poll", "wait", "result", "select", "join"))
_ASKS = frozenset(("empty", "is_set", "done", "qsize", "full", "locked", "is_alive", "running", "poll"))


class VainTry(NamedTuple):
    """What is tried, as it is written, and the lines of the loop that try it, or do nothing where that failed."""

    written: str
    lines: frozenset[int]


def vain_try(timeline: Timeline, place: Place) -> VainTry | None:
    """What the `while` loop around a place tries without waiting, if it does nothing but to try again where it fails;
    None if the place stands in no such loop. Read in the source of the trace."""
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
        if not isinstance(loop, ast.While):
            continue
        for part in loop.body:
            call, failed = _tried(part)
            if call is not None and all(map(_is_nothing, failed)):
                lines = {loop.lineno, part.lineno, call.lineno}
                lines.update(line for one in failed for line in range(one.lineno, (one.end_lineno or one.lineno) + 1))
                if isinstance(part, ast.Try):
                    lines.update(handler.lineno for handler in part.handlers)
                told = VainTry(ast.get_source_segment(source, call) or "", frozenset(lines))
                found.append((loop.lineno, loop.end_lineno or loop.lineno, told))
                break
    return sorted(found, key=lambda one: one[0])


def _tried(part: ast.stmt) -> tuple[ast.Call | None, list[ast.stmt]]:
    """The call by which a part of a loop tries to get something without waiting, and what is done if that fails."""
    if isinstance(part, ast.Try) and part.handlers:
        call = next((one for one in ast.walk(part.body[0]) if isinstance(one, ast.Call) and _never_waits(one)), None)
        return call, [one for handler in part.handlers for one in handler.body]
    if isinstance(part, ast.If) and not part.orelse:
        asks = part.test.operand if isinstance(part.test, ast.UnaryOp) else part.test
        if isinstance(asks, ast.Call) and (_never_waits(asks) or _method(asks) in _ASKS):
            # Else it is what is done where it did not fail.
            return (asks, part.body) if isinstance(part.body[-1], ast.Continue) else (None, [])
    return None, []


def _never_waits(call: ast.Call) -> bool:
    method = _method(call)
    given = [*call.args[-1:], *(one.value for one in call.keywords if one.arg in ("timeout", "block", "blocking"))]
    if method in _AT_ONCE and not given:
        return True
    return method in _TOLD and any(isinstance(one, ast.Constant) and one.value in (0, False) for one in given)


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


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
