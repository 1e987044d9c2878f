"""What the wait for the end of others hands on: nothing, as `join()`, or also what they raised, as `get()`."""

from __future__ import annotations

import ast
from functools import lru_cache

from visualizer.analysis.model.timeline import Suspension, Timeline
from visualizer.analysis.text.source_text import written

#: Calls that only wait -> which of their arguments is `raise_error` (gevent.joinall, Group.join); None: they have none.
_ONLY_WAIT = {"join": 1, "joinall": 2, "wait": None, "iwait": None}


@lru_cache(maxsize=1024)
def only_waits(expression: str) -> bool:
    """Whether what is waited for in this call is not raised again there. False if that is not for sure."""
    call, name = _call(expression)
    if call is None or name not in _ONLY_WAIT or any(isinstance(given, ast.Starred) for given in call.args):
        return False
    if name == "wait" and not call.args and not call.keywords and isinstance(call.func, ast.Attribute):
        # eventlet's green threads hand on what they raised; gevent's `wait()`, of all that there is, does not.
        return isinstance(call.func.value, ast.Name) and call.func.value.id == "gevent"
    at = _ONLY_WAIT[name]
    asked = [word.value for word in call.keywords if word.arg in ("raise_error", None)]
    if at is not None:
        asked += call.args[at : at + 1]
    return all(isinstance(value, ast.Constant) and not value.value for value in asked)


def joins_group(expression: str) -> bool:
    """Whether this call waits for all members of a group, and raises what one of them did: `pool.join(1, True)`."""
    return _call(expression)[1] == "join" and not only_waits(expression)


def _call(expression: str) -> tuple[ast.Call | None, str]:
    """The call that this is, and what is called: the name of the method or function."""
    try:
        call = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None, ""
    if not isinstance(call, ast.Call):
        return None, ""
    called = call.func
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return call, name


def expression(timeline: Timeline, suspension: Suspension) -> str:
    """What is waited for, whole: a trace keeps long expressions cut, but may have the source that they stand in."""
    place = suspension.place
    if not suspension.on.endswith("…") or place is None:
        return suspension.on
    return written(timeline, place) or suspension.on
