"""Text for a value that crosses from one track to another, made without running any of the program's code.

Plain data is shown as `repr` shows it; of everything else the type's name. Only exact built-in types count as plain:
a subclass may bring its own `__repr__`.
"""

from __future__ import annotations

from types import FunctionType, MemberDescriptorType, MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Mapping
    from typing import Any


LONGEST_TEXT = 80
LONGEST_CONTAINER = 8
#: repr of a larger integer takes time that grows with its square.
LONGEST_INT_BITS = 256
#: Who waits for longer, waits for ever.
_LONGEST_S = 1_000_000_000

_type_name = type.__dict__["__name__"].__get__
_type_module = type.__dict__["__module__"].__get__
#: The bases of a class, itself the first; unlike `type.mro`, without working them out.
bases_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_class_dict: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
#: The arguments of an exception.
arguments_of: Callable[[BaseException], tuple[Any, ...]] = BaseException.__dict__["args"].__get__


def ids_of(*kinds: type) -> frozenset[int]:
    """To tell whether a type is one of these: to compare it, or work out its hash, may be its metaclass's code."""
    return frozenset(map(id, kinds))


#: Immutable, and without references: a hook may keep the object and leave its text to the flush.
ATOMS = ids_of(int, bool, float, type(None))
NUMBERS = ids_of(int, float)
SEQUENCES = ids_of(list, tuple)
CONTAINERS = SEQUENCES | ids_of(set, frozenset, dict)


class Shown(str):
    """Text that was already made from a value (a plain str stands for itself, and is shown in quotes)."""

    __slots__ = ()


#: Of these types `show` says what a value holds, not only which type it is of. So it does of exceptions.
_BY_CONTENT = ATOMS | CONTAINERS | ids_of(complex, str, bytes, Shown)


def keep(value: Any) -> Any:
    """What a hook stores for `value`: itself if it cannot change and keeps nothing alive, else its text now."""
    kind = type(value)
    if kind is Shown:
        return value
    if id(kind) in ATOMS or (kind is str and len(value) <= LONGEST_TEXT):
        return value
    return Shown(show(value))


def show(value: Any, depth: int = 2) -> str:
    """Text for `value`. Never raises, never calls code of the program."""
    kind = type(value)
    if kind is Shown:
        return str.__str__(value)
    if kind is int:
        bits = value.bit_length()
        return repr(value) if bits <= LONGEST_INT_BITS else f"<int of {bits} bits>"
    if id(kind) in ATOMS or kind is complex:
        return repr(value)
    if kind is str or kind is bytes:
        return repr(value) if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]!r}… ({len(value)} long)"
    if depth and id(kind) in CONTAINERS:
        return _show_container(value, kind, depth - 1)
    if issubclass(kind, BaseException):
        return _show_exception(value, kind)
    return f"<{type_name(kind)}>"


def shown_type(value: Any) -> str:
    """The name of the type of `value`, if `show` says no more of it than that; else ""."""
    kind = type(value)
    if id(kind) in _BY_CONTENT or issubclass(kind, BaseException):
        return ""
    # As `type_name`, which would take as long as all the rest: this is asked of each object that crosses.
    name = _type_name(kind)
    return name if type(name) is str else str.__str__(name)


def shown_types(value: Any) -> tuple[str | bool | None, ...]:
    """Of a tuple of None, booleans, and what `show` tells by its type alone: these, and the names of the types. () of
    any other value."""
    if type(value) is not tuple or len(value) > LONGEST_CONTAINER:
        return ()
    shown = tuple([one if one is None or type(one) is bool else shown_type(one) for one in value])
    return () if "" in shown else shown


def dictionary(thing: Any) -> dict[str, Any]:
    """The instance's own dictionary, without asking it; empty if it has none."""
    try:
        own = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return {}
    return own if type(own) is dict else {}


def own_attribute(thing: Any, name: str, otherwise: Any = None) -> Any:
    """What an instance has under a name in its own dictionary, or else its class, as a plain value; `otherwise` if
    neither has, or what its class has, as a slot or property, comes before.

    The dictionary is not asked for if that can be avoided: up to 3.12 it would only be made for that, and from then on
    the interpreter reads all attributes of that instance the slow way.
    """
    kind, in_class, is_method = type(thing), None, False
    for base in bases_of(kind):
        if name in _class_dict(base):
            in_class = _class_dict(base)[name]
            break
    if in_class is not None:
        if _has(type(in_class), "__set__") or _has(type(in_class), "__delete__"):
            return otherwise
        is_method = type(in_class) is FunctionType
        if not is_method and _has(type(in_class), "__get__"):
            return dictionary(thing).get(name, otherwise)
    if issubclass(kind, type):
        return otherwise
    try:
        found = object.__getattribute__(thing, name)
    except AttributeError:
        return otherwise
    return otherwise if is_method and type(found) is MethodType and found.__func__ is in_class else found


def _has(kind: type, method: str) -> bool:
    return any(method in _class_dict(base) for base in bases_of(kind))


def slot_of(kind: type, name: str) -> MemberDescriptorType | None:
    """The slot of that name which instances of a class have; None if they have none."""
    slots = (base.__dict__.get(name) for base in bases_of(kind))
    return next((slot for slot in slots if type(slot) is MemberDescriptorType), None)


def nanoseconds(seconds: Any) -> int:
    """As an integer; -1 of what is no number of Python's or of a class made of one, below 0, infinite or nearly so."""
    if seconds is None:
        return -1
    if id(type(seconds)) not in NUMBERS:
        kind = type(seconds)
        made_of = next((known for known in (float, int) if issubclass(kind, known)), None)
        if made_of is None:
            return -1
        # As it is, whatever its class makes of it.
        seconds = made_of.__pos__(seconds)
    if not 0 <= seconds < _LONGEST_S:
        return -1
    return int(seconds * 1_000_000_000)


def type_name(kind: type) -> str:
    """The name a class was given; neither a metaclass can interfere, nor a name that is no plain text."""
    return str.__str__(_type_name(kind))


def type_module(kind: type) -> str:
    """The name of the module a class was made in; a metaclass cannot interfere."""
    module = _type_module(kind)
    return module if type(module) is str else ""


def exception_text(error: BaseException) -> str:
    """What `str` gives for an exception of a single text or number, else nothing."""
    args = _args_shown(error, type(error))
    if len(args) == 1 and type(args[0]) is str:
        text: str = args[0]
        return text if len(text) <= 4 * LONGEST_TEXT else text[: 4 * LONGEST_TEXT] + "…"
    return ", ".join(show(arg, 1) for arg in args[:LONGEST_CONTAINER])


def _show_exception(value: BaseException, kind: type) -> str:
    return f"{type_name(kind)}({', '.join(show(arg, 1) for arg in _args_shown(value, kind)[:LONGEST_CONTAINER])})"


def _args_shown(error: BaseException, kind: type) -> tuple[Any, ...]:
    """Its arguments; those of the compiler's own as `str` has them: ("invalid syntax (bad.py, line 2)",)."""
    args = arguments_of(error)
    if not issubclass(kind, SyntaxError) or len(args) != 2 or type(args[1]) is not tuple:
        return args
    message, (file, line) = args[0], args[1][:2] if len(args[1]) > 1 else (None, None)
    if type(message) is not str or type(file) is not str or type(line) is not int:
        return args
    return (f"{message} ({file.rpartition('/')[2]}, line {line})",)


def _show_container(value: Any, kind: type, depth: int) -> str:
    # One call in C each, so that another thread cannot change the container half-way.
    items = list(value.items()) if kind is dict else list(value)
    shown = [
        f"{show(item[0], depth)}: {show(item[1], depth)}" if kind is dict else show(item, depth)
        for item in items[:LONGEST_CONTAINER]
    ]
    if len(items) > LONGEST_CONTAINER:
        shown.append(f"… {len(items)} in all")
    inside = ", ".join(shown)
    if kind is tuple:
        return f"({inside},)" if len(items) == 1 else f"({inside})"
    if kind is list:
        return f"[{inside}]"
    if kind is frozenset:
        return f"frozenset({{{inside}}})" if items else "frozenset()"
    return f"{{{inside}}}" if items or kind is dict else "set()"
