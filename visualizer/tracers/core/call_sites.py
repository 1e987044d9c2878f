"""What a suspended call is about: the value that a greenlet hands over, and the type of the object that it waits on.

Neither greenlet's trace events nor a frame tell it: what lies on a frame's evaluation stack is not shown. But the
greenlet is suspended in that very call, and nothing has run since its operands were evaluated: where an operand is a
constant, a name, or a display or sum of those, it is worked out again from the call's source and the frame's variables.
Where it is anything else (a call, a property), it stays unknown.
"""

from __future__ import annotations

import builtins
import sys

from visualizer.tracers.core import code as code_objects
from visualizer.tracers.core import syntax
from visualizer.tracers.core.lines import NO_VALUE
from visualizer.tracers.core.values import (
    ATOMS,
    Shown,
    bases_of,
    ids_of,
    keep,
    own_attribute,
    show,
    type_module,
    type_name,
)
from visualizer.tracers.core.variables import FUNCTION, LOOKS_AT_LOCALS, NOWHERE, Unknown, of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Mapping
    from types import CodeType
    from typing import Any

    #: Works a value out of a frame's variables: its own, and its module's.
    Recipe = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]

_PLAIN = ATOMS | ids_of(str, bytes)
_LOOKED_UP = ids_of(list, tuple, dict)
#: Types of a method that is bound to its object.
BOUND = frozenset(("builtin_function_or_method", "method", "cython_function_or_method", "method-wrapper"))
#: Functions that go through what they are given first.
_GO_THROUGH = (next, list, tuple, set, frozenset, dict, sorted, sum, min, max, any, all)
#: Methods in which other code runs: what waits there waits for something of its own.
_RUN = frozenset(("run", "_run", "__call__"))
#: Functions that wait for each of what they are given.
JOINS = ("joinall", "wait", "iwait")
#: Methods of generators, which are handed a value as greenlets are by `switch`.
_SENDS = ("send", "asend")


_class_dict = type.__dict__["__dict__"].__get__
_builtins = builtins.__dict__


class New:
    """What a call of `kind` has made, which is not to be found any more."""

    __slots__ = ("kind",)

    def __init__(self, kind: Any) -> None:
        self.kind = kind


class Receiver:
    """Of which thing a method is called, and its name; "" where the thing stands in a `with` or a `for`."""

    __slots__ = ("method", "thing")

    def __init__(self, thing: Any, method: str) -> None:
        self.thing = thing
        self.method = method


class CallSite:
    """What is known of one call in the program's source."""

    __slots__ = (
        "argument", "code", "constant", "first", "joined", "maker", "name", "path", "receiver", "sends", "sent",
        "thrown",
    )

    def __init__(
        self, code: CodeType, argument: Recipe | None = None, receiver: Recipe | None = None,
        first: Recipe | None = None, joined: Recipe | None = None, thrown: Recipe | None = None,
    ) -> None:
        #: Kept so that its id stays its own.
        self.code = code
        #: Of `other.switch(value)`, the value; its name, if that is all of it, and itself, if it is a constant.
        self.argument = argument
        self.name = ""
        self.constant: Any = NO_VALUE
        #: Of `thing.method(...)`, `with thing` or `for ... in thing`, the thing; of `Kind(...).method(...)`, a `New`.
        #: Of a method that is called by another name, as `take()` or `self.take()`, what it is bound to.
        self.receiver = receiver
        #: The names by which the thing is found, if these are all: of `self.queue.get()` "self" and "queue".
        self.path: tuple[str, ...] | None = None
        #: The same of what makes the thing, in a call without arguments: of `self.pool.spawn(work).join()`.
        self.maker: tuple[str, ...] | None = None
        #: Of any other call than a `switch`, its first argument.
        self.first = first
        #: Of `joinall(things)`, the things.
        self.joined = joined
        #: Of `other.throw(...)`, what is thrown, as text.
        self.thrown = thrown
        #: Of `other.send(value)`, the value.
        self.sent: Recipe | None = None
        #: Whether it is a `send` of one value.
        self.sends = False


class CallSites:
    """The calls that frames were seen suspended in, worked out once each."""

    def __init__(self) -> None:
        self._sites: dict[tuple[int, int], CallSite] = {}
        #: Of each, with its code, what is entered there by `with`.
        self._entered: dict[tuple[int, int], tuple[CodeType, list[Recipe | None]]] = {}

    def at(self, frame: Any) -> CallSite:
        """The call that `frame` is suspended in."""
        code = frame.f_code
        key = (id(code), frame.f_lasti)
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = _site(code, frame.f_lasti)
        return site

    def value(self, frame: Any) -> Any:
        """What `keep` makes of the value handed over by the `switch` that `frame` is suspended in; NO_VALUE if none is,
        or it is unknown."""
        recipe = self.at(frame).argument
        return NO_VALUE if recipe is None else _work_out(recipe, frame, keep)

    def first(self, frame: Any) -> Any:
        """The first argument of the call that `frame` is suspended in; NO_VALUE if it has none or it is unknown."""
        recipe = self.at(frame).first
        return NO_VALUE if recipe is None else _work_out(recipe, frame, lambda thing: thing)

    def handed(self, frame: Any, reads_variables: bool) -> Any:
        """What `keep` makes of what was handed over by the call that `frame` is in, of a `switch`, `send` or `asend`
        that refused. Without `reads_variables`, those of functions are unknown."""
        code, site = frame.f_code, self.at(frame)
        recipe = site.argument or site.sent
        if recipe is None:
            return NO_VALUE
        if reads_variables or not code.co_flags & FUNCTION:
            return _work_out(recipe, frame, keep)
        try:
            return keep(recipe(dict.fromkeys((*code.co_varnames, *code.co_freevars), NOWHERE), frame.f_globals))
        except Unknown:
            return NO_VALUE

    def receiver(self, frame: Any, then: Callable[[Receiver], Any]) -> Any:
        """`then` of what `frame` is suspended in a method of; NO_VALUE if that is unknown."""
        recipe = self.at(frame).receiver
        return NO_VALUE if recipe is None else _work_out(recipe, frame, then)

    def joined(self, frame: Any, then: Callable[[Any], Any]) -> Any:
        """`then` of what the call that `frame` is suspended in joins; NO_VALUE if that is unknown."""
        recipe = self.at(frame).joined
        return NO_VALUE if recipe is None else _work_out(recipe, frame, then)

    def thrown(self, frame: Any) -> Any:
        """The exception thrown by the `throw` that `frame` is suspended in; NO_VALUE if none is, or it is unknown."""
        recipe = self.at(frame).thrown
        return NO_VALUE if recipe is None else _work_out(recipe, frame, keep)

    def entered(self, frame: Any, then: Callable[[Any], Any]) -> list[Any]:
        """`then` of each thing whose `with` block `frame` is in, as far as it is known."""
        code = frame.f_code
        key = (id(code), frame.f_lasti)
        known = self._entered.get(key)
        if known is None:
            nodes = code_objects.entered(code, frame.f_lasti) if code_objects.enters(code, frame.f_lineno) else []
            known = self._entered[key] = (code, [_maybe(_path, node) for node in nodes])
        return [_work_out(recipe, frame, then) for recipe in known[1] if recipe is not None]


def plain_value(node: Any) -> Recipe | None:
    """How an argument is worked out that is a constant, a name or an attribute; None if it is anything else."""
    return _maybe(_path, node) or _maybe(_expression, node)


def work_out(recipe: Recipe | None, frame: Any) -> Any:
    """What such an argument of the call that `frame` is in is; NO_VALUE if that is unknown."""
    return NO_VALUE if recipe is None else _work_out(recipe, frame, lambda value: value)


def _work_out(recipe: Recipe, frame: Any, then: Callable[[Any], Any]) -> Any:
    try:
        return of_variables(frame, lambda variables: then(recipe(variables, frame.f_globals)))
    except Unknown:
        return NO_VALUE


def _site(code: CodeType, offset: int) -> CallSite:
    if sys.version_info < (3, 13) and code.co_flags & FUNCTION and not LOOKS_AT_LOCALS.isdisjoint(code.co_names):
        return CallSite(code)
    text = code_objects.segment(code_objects.place(code, offset))
    tree: Any = syntax.expression(text) if text is not None else None
    if type(tree).__name__ != "Call":
        site = CallSite(code, None, _maybe(_entered, tree))
        site.path = _names(tree) if code.co_flags & FUNCTION else None
        return site
    method = getattr(tree.func, "attr", None)
    receiver = _maybe(_called, tree)
    if method == "throw" and not tree.keywords:
        return CallSite(code, receiver=receiver, thrown=_maybe(_exception, tree.args))
    if method == "switch" and tree.args and not tree.keywords:
        if len(tree.args) == 1:
            site = CallSite(code, _maybe(_expression, tree.args[0]), receiver)
            site.name = getattr(tree.args[0], "id", "")
            if type(tree.args[0]).__name__ == "Constant":
                site.constant = tree.args[0].value
            return site
        return CallSite(code, _maybe(lambda nodes: _sequence(nodes, tuple), tree.args), receiver)
    joins = tree.args and (method or getattr(tree.func, "id", None)) in JOINS
    site = CallSite(
        code, None, receiver,
        _maybe(_path, tree.args[0]) if tree.args else None,
        _maybe(_expression, tree.args[0]) if joins else None,
    )
    if method in _SENDS and len(tree.args) == 1 and not tree.keywords:
        site.sent, site.sends = plain_value(tree.args[0]), type(tree.args[0]).__name__ != "Starred"
    if method is not None and code.co_flags & FUNCTION:
        site.path = _names(tree.func.value)
        if type(tree.func.value).__name__ == "Call" and not tree.args and not tree.keywords:
            site.maker = _names(tree.func.value.func)
    return site


def _names(node: Any) -> tuple[str, ...] | None:
    """A name, and those of attributes, one of the other; None of any other expression."""
    attributes: list[str] = []
    while type(node).__name__ == "Attribute":
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if type(node).__name__ == "Name" else None


def _maybe(make: Callable[[Any], Recipe], node: Any) -> Recipe | None:
    try:
        return make(node)
    except Unknown:
        return None


def _entered(node: Any) -> Recipe:
    thing = _path(node)
    return lambda variables, module: Receiver(thing(variables, module), "")


def _called(call: Any) -> Recipe:
    """What is called is bound to; of `next(thing)` or `list(thing)`, what goes through the thing."""
    function = _function(call.func)
    first = _maybe(_gone_through, call.args[0]) if call.args else None
    if first is None or type(call.func).__name__ != "Name":
        return function
    name, goes_through = _path(call.func), first

    def find(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
        called = name(variables, module)
        known = goes_through if any(called is one for one in _GO_THROUGH) else function
        return known(variables, module)

    return find


def _function(node: Any) -> Recipe:
    """What a function is bound to: `thing.method`, or another name of one, or `partial(function, ...)`."""
    if type(node).__name__ == "Call":
        if not node.args:
            raise Unknown
        made, inner = _path(node.func), _function(node.args[0])

        def find(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
            if not _is_partial(made(variables, module)):
                raise Unknown
            return inner(variables, module)

        return find
    if type(node).__name__ == "Attribute":
        return _method(node)
    function = _path(node)
    return lambda variables, module: _bound_to(function(variables, module))


def _method(function: Any) -> Recipe:
    """What `thing.method` is a method of: the thing, unless it keeps something else under that name."""
    owner, name = function.value, function.attr
    if name in _RUN:
        raise Unknown
    if type(owner).__name__ == "Call":
        made = _path(owner.func)
        return lambda variables, module: Receiver(New(made(variables, module)), name)
    thing = _path(owner)

    def find(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
        found = thing(variables, module)
        kept = _kept(found, name)
        return Receiver(found, name) if kept is NOWHERE else _bound_to(kept)

    return find


def _gone_through(node: Any) -> Recipe:
    """A thing, or the method that has just made it."""
    if type(node).__name__ == "Call" and getattr(node.func, "attr", None) is not None:
        return _method(node.func)
    thing = _path(node)
    return lambda variables, module: Receiver(thing(variables, module), "__next__")


def _bound_to(called: Any) -> Receiver:
    while _is_partial(type(called)):
        called = called.func
    # A compiled function that is no method has none.
    thing = getattr(called, "__self__", None) if type_name(type(called)) in BOUND else None
    if thing is None or called.__name__ in _RUN:
        raise Unknown
    return Receiver(thing, called.__name__)


def _is_partial(kind: Any) -> bool:
    return issubclass(type(kind), type) and (type_module(kind), type_name(kind)) == ("functools", "partial")


def _kept(thing: Any, name: str) -> Any:
    """What an object itself keeps under a name, if anything."""
    return own_attribute(thing, name, NOWHERE)


def _path(node: Any) -> Recipe:
    """A name, or attributes of one that stand in the instances' own dictionaries."""
    kind = type(node).__name__
    if kind == "Name":
        return _name(node.id)
    if kind == "Subscript":
        return _item(node)
    if kind != "Attribute":
        raise Unknown
    owner, attribute = _path(node.value), node.attr
    return lambda variables, module: attribute_of(owner(variables, module), attribute)


def attribute_of(thing: Any, attribute: str) -> Any:
    """An attribute that is found without running anything: the object's own, a slot, or a plain one of its class."""
    in_class: Any = NOWHERE
    for base in bases_of(type(thing)):
        own = _class_dict(base)
        if attribute in own:
            in_class = own[attribute]
            break
    if type(in_class).__name__ == "member_descriptor":
        try:
            return in_class.__get__(thing)
        except AttributeError:
            raise Unknown from None
    own = own_attribute(thing, attribute, NOWHERE)
    if own is not NOWHERE:
        return own
    if in_class is NOWHERE or any("__get__" in _class_dict(base) for base in bases_of(type(in_class))):
        raise Unknown
    return in_class


def _item(node: Any) -> Recipe:
    """An item of a plain list, tuple or dictionary."""
    owner, index = _path(node.value), _expression(node.slice)

    def look_up(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
        thing, key = owner(variables, module), index(variables, module)
        if id(type(thing)) not in _LOOKED_UP or id(type(key)) not in _PLAIN:
            raise Unknown
        if type(thing) is dict and any(id(type(known)) not in _PLAIN for known in thing):
            raise Unknown
        try:
            return thing[key]
        except (LookupError, TypeError):
            raise Unknown from None

    return look_up


def _exception(nodes: list[Any]) -> Recipe:
    """The arguments of a `throw`: nothing, a class, an instance, or a class that is called here."""
    if not nodes:
        return lambda _l, _g: Shown("GreenletExit()")
    node = nodes[1] if len(nodes) > 1 else nodes[0]
    if type(node).__name__ == "Call" and not node.keywords:
        made, arguments = _path(node.func), [_maybe(_expression, argument) for argument in node.args]

        def look_up(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
            kind = made(variables, module)
            if not isinstance(kind, type) or not issubclass(kind, BaseException):
                raise Unknown
            shown = [_shown(recipe, variables, module) for recipe in arguments]
            return Shown(f"{type_name(kind)}({', '.join(shown)})")

        return look_up
    thrown = _path(node)

    def find(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
        value = thrown(variables, module)
        if isinstance(value, type) and issubclass(value, BaseException):
            return Shown(f"{type_name(value)}()")
        if not issubclass(type(value), BaseException):
            raise Unknown
        return value

    return find


def _shown(recipe: Recipe | None, variables: Mapping[str, Any], module: Mapping[str, Any]) -> str:
    try:
        return show(recipe(variables, module), 1) if recipe is not None else "…"
    except Unknown:
        return "…"


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
    raise Unknown


def _name(name: str) -> Recipe:
    def look_up(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
        if name in variables:
            if variables[name] is NOWHERE:
                raise Unknown
            return variables[name]
        if name in module:
            return module[name]
        if name in _builtins:
            return _builtins[name]
        raise Unknown

    return look_up


def _sequence(nodes: list[Any], kind: type) -> Recipe:
    recipes = [_expression(node) for node in nodes]
    return lambda variables, module: kind(recipe(variables, module) for recipe in recipes)


def _binary(node: Any) -> Recipe:
    left, right = _expression(node.left), _expression(node.right)
    operator = type(node.op).__name__

    def work_out(variables: Mapping[str, Any], module: Mapping[str, Any]) -> Any:
        a, b = left(variables, module), right(variables, module)
        if id(type(a)) not in _PLAIN or id(type(b)) not in _PLAIN:
            raise Unknown
        try:
            if operator == "Add":
                return a + b
            if operator == "Sub":
                return a - b
            if operator == "Mod" and type(a) is int and type(b) is int and b:
                return a % b
            if operator == "Mult" and type(a) is not str and type(b) is not str:
                return a * b
        except TypeError:
            pass
        raise Unknown

    return work_out
