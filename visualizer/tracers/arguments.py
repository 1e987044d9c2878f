"""The value that a greenlet hands over with `other.switch(value)`.

greenlet's trace events do not tell it, and a frame does not show what lies on its evaluation stack. But the origin is
parked in that very call, and nothing has run since its arguments were evaluated: where the argument is a constant, a
name, or a display or sum of those, the value is worked out again from the call's source and the frame's variables.
Where it is anything else (a call, an attribute), it stays unknown.
"""

from __future__ import annotations

import sys

from visualizer.tracers import code as code_objects
from visualizer.tracers.lines import NO_VALUE
from visualizer.tracers.values import ATOMS, keep

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Mapping
    from types import CodeType
    from typing import Any

    #: Works a value out of a frame's variables.
    Recipe = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]

_PLAIN = ATOMS | {str, bytes}
#: A function that looks at its own local variables could see that we did too (before PEP 667, Python 3.13).
_LOOKS_AT_LOCALS = frozenset(("locals", "vars", "dir", "eval", "exec", "_getframe", "currentframe"))


class _Unknown(Exception):
    """The value cannot be worked out without running code of the program."""


class Arguments:
    """Finds the value of the argument of the call that a frame is parked in."""

    def __init__(self) -> None:
        self._recipes: dict[tuple[int, int], tuple[Recipe | None, CodeType]] = {}

    def hands_nothing_over(self, frame: Any) -> bool:
        """Whether `value` gives NO_VALUE for the call that a frame is parked in, always."""
        found = self._recipes.get((id(frame.f_code), frame.f_lasti))
        return found is not None and found[0] is None

    def value(self, frame: Any) -> Any:
        """The value handed over, fit for `lines`; NO_VALUE if there is none or it cannot be known."""
        code = frame.f_code
        key = (id(code), frame.f_lasti)
        found = self._recipes.get(key)
        if found is None:
            recipe = _recipe(code, frame.f_lasti)
            # The code object is kept so that its id stays its own.
            self._recipes[key] = (recipe, code)
        else:
            recipe = found[0]
        if recipe is None:
            return NO_VALUE
        variables = _variables(frame)
        try:
            return keep(recipe(variables, frame.f_globals))
        except _Unknown:
            return NO_VALUE
        finally:
            if sys.version_info < (3, 13) and variables is not frame.f_globals:
                # A snapshot that the frame keeps: emptied, so that it holds nothing of the program's alive.
                variables.clear()


def _variables(frame: Any) -> Any:
    if frame.f_code.co_flags & 0x2 == 0:  # inspect.CO_NEWLOCALS: a module's variables are its globals
        return frame.f_globals
    return frame.f_locals


def _recipe(code: CodeType, offset: int) -> Recipe | None:
    if sys.version_info < (3, 13) and code.co_flags & 0x2 and not _LOOKS_AT_LOCALS.isdisjoint(code.co_names):
        return None
    text = code_objects.segment(code_objects.place(code, offset))
    call = code_objects.parse_call(text) if text is not None else None
    if call is None or getattr(call.func, "attr", None) != "switch" or call.keywords:
        return None
    try:
        if len(call.args) == 1:
            return _expression(call.args[0])
        return _sequence(call.args, tuple) if call.args else None
    except _Unknown:
        return None


def _expression(node: Any) -> Recipe:
    kind = type(node).__name__
    if kind == "Constant":
        constant = node.value
        return lambda _l, _g: constant
    if kind == "Name":
        return _name(node.id)
    if kind in ("Tuple", "List"):
        return _sequence(node.elts, tuple if kind == "Tuple" else list)
    if kind == "BinOp":
        return _binary(node)
    raise _Unknown


def _name(name: str) -> Recipe:
    def look_up(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
        if name in variables:
            return variables[name]
        if name in module:
            return module[name]
        raise _Unknown

    return look_up


def _sequence(nodes: list[Any], kind: type) -> Recipe:
    recipes = [_expression(node) for node in nodes]
    return lambda variables, module: kind(recipe(variables, module) for recipe in recipes)


def _binary(node: Any) -> Recipe:
    left, right = _expression(node.left), _expression(node.right)
    operator = type(node.op).__name__

    def work_out(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
        a, b = left(variables, module), right(variables, module)
        if type(a) not in _PLAIN or type(b) not in _PLAIN:
            raise _Unknown
        try:
            if operator == "Add":
                return a + b
            if operator == "Sub":
                return a - b
            if operator == "Mult" and type(a) is not str and type(b) is not str:
                return a * b
        except TypeError:
            pass
        raise _Unknown

    return work_out
