"""What a parked call is about: the value that a greenlet hands over, and the type of the object that it waits on.

Neither greenlet's trace events nor a frame tell it: what lies on a frame's evaluation stack is not shown. But the
greenlet is parked in that very call, and nothing has run since its operands were evaluated: where an operand is a
constant, a name, or a display or sum of those, it is worked out again from the call's source and the frame's variables.
Where it is anything else (a call, a property), it stays unknown.
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

    #: Works a value out of a frame's variables: its own, and its module's.
    Recipe = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]

_PLAIN = ATOMS | {str, bytes}
#: A function that looks at its own local variables could see that we did too (before PEP 667, Python 3.13).
_LOOKS_AT_LOCALS = frozenset(("locals", "vars", "dir", "eval", "exec", "_getframe", "currentframe"))
#: inspect.CO_OPTIMIZED: a function's variables are no dictionary, but copied into one for whoever asks.
_FUNCTION = 0x1
_own_dict = object.__getattribute__


class _Unknown(Exception):
    """The value cannot be worked out without running code of the program."""


class Site:
    """What is known of one call in the program's source."""

    __slots__ = ("argument", "code", "first", "limit", "receiver")

    def __init__(
        self,
        code: CodeType,
        argument: Recipe | None,
        receiver: Recipe | None,
        limit: Recipe | None = None,
        first: Recipe | None = None,
    ) -> None:
        #: Kept so that its id stays its own.
        self.code = code
        #: Of `other.switch(value)`, the value.
        self.argument = argument
        #: Of `thing.method(...)`, `with thing` or `for ... in thing`, the thing.
        self.receiver = receiver
        #: Of a call with `timeout=seconds`, the seconds.
        self.limit = limit
        #: Of any other call than a `switch`, its first argument.
        self.first = first


class Sites:
    """The calls that frames were seen parked in, worked out once each."""

    def __init__(self) -> None:
        self._sites: dict[tuple[int, int], Site] = {}

    def at(self, frame: Any) -> Site:
        """The call that `frame` is parked in."""
        code = frame.f_code
        key = (id(code), frame.f_lasti)
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = _site(code, frame.f_lasti)
        return site

    def value(self, frame: Any) -> Any:
        """The value handed over by the `switch` that `frame` is parked in; NO_VALUE if none is, or it is unknown."""
        recipe = self.at(frame).argument
        return NO_VALUE if recipe is None else _work_out(recipe, frame, keep)

    def limit_ns(self, frame: Any) -> int:
        """The time limit of the call that `frame` is parked in, in nanoseconds; -1 if it has none or it is unknown."""
        recipe = self.at(frame).limit
        seconds: Any = NO_VALUE if recipe is None else _work_out(recipe, frame, keep)
        return int(seconds * 1_000_000_000) if type(seconds) in (int, float) and 0 <= seconds < 1e9 else -1

    def first(self, frame: Any) -> Any:
        """The first argument of the call that `frame` is parked in; NO_VALUE if it has none or it is unknown."""
        recipe = self.at(frame).first
        return NO_VALUE if recipe is None else _work_out(recipe, frame, lambda thing: thing)

    def receiver_type(self, frame: Any) -> Any:
        """The type of the object whose method `frame` is parked in; NO_VALUE if it is unknown."""
        recipe = self.at(frame).receiver
        return NO_VALUE if recipe is None else _work_out(recipe, frame, type)


def _work_out(recipe: Recipe, frame: Any, then: Callable[[Any], Any]) -> Any:
    variables = frame.f_locals
    try:
        return then(recipe(variables, frame.f_globals))
    except _Unknown:
        return NO_VALUE
    finally:
        if sys.version_info < (3, 13) and frame.f_code.co_flags & _FUNCTION:
            # A snapshot that the frame keeps: emptied, so that it holds nothing of the program's alive.
            variables.clear()


def _site(code: CodeType, offset: int) -> Site:
    if sys.version_info < (3, 13) and code.co_flags & _FUNCTION and not _LOOKS_AT_LOCALS.isdisjoint(code.co_names):
        return Site(code, None, None)
    text = code_objects.segment(code_objects.place(code, offset))
    tree: Any = code_objects.parse(text) if text is not None else None
    if type(tree).__name__ != "Call":
        return Site(code, None, _maybe(_path, tree))
    method = getattr(tree.func, "attr", None)
    receiver = _maybe(_path, tree.func.value) if method is not None else None
    if method != "switch" or tree.keywords or not tree.args:
        limit = next((word.value for word in tree.keywords if word.arg == "timeout"), None)
        first = _maybe(_path, tree.args[0]) if tree.args else None
        return Site(code, None, receiver, _maybe(_expression, limit) if limit is not None else None, first)
    if len(tree.args) == 1:
        return Site(code, _maybe(_expression, tree.args[0]), receiver)
    return Site(code, _maybe(lambda nodes: _sequence(nodes, tuple), tree.args), receiver)


def _maybe(make: Callable[[Any], Recipe], node: Any) -> Recipe | None:
    try:
        return make(node)
    except _Unknown:
        return None


def _path(node: Any) -> Recipe:
    """A name, or attributes of one that stand in the instances' own dictionaries."""
    kind = type(node).__name__
    if kind == "Name":
        return _name(node.id)
    if kind != "Attribute":
        raise _Unknown
    owner, attribute = _path(node.value), node.attr

    def look_up(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
        thing = owner(variables, module)
        try:
            own = _own_dict(thing, "__dict__")
        except AttributeError:
            raise _Unknown from None
        if type(own) is not dict or attribute not in own:
            raise _Unknown
        return own[attribute]

    return look_up


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
