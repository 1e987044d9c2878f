"""Attributes of a library's classes that tell when they are stored; and what a server is said to serve.

We learn of a request where a library stores an attribute of one of its own objects that it stores once a request, and
reads never or seldom: in place of that attribute stands one of ours on the library's class, which stores the value
where it belongs. So no frame of ours is on the stack while the program serves, nor in any traceback.
"""

from __future__ import annotations

from types import MemberDescriptorType

from visualizer.tracers.core.values import ATOMS

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    #: Is told of an object and of the value that was stored in it.
    Told = Callable[[Any, Any], None]

#: What is served is told with at most so many characters.
LONGEST = 80
_MISSING = object()
_own_dict = object.__getattribute__


def request(method: Any, path: Any) -> str | None:
    """A request as "GET /report": without its query, which may be long, and private."""
    if type(method) is not str or type(path) is not str:
        return None
    return shortened(f"{method} {path.partition('?')[0]}")


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


class StoredAttributes:
    """Those of one runtime."""

    def __init__(self, failed: Callable[[BaseException], None], compiled: Any = None) -> None:
        """`failed` is called with what a hook has raised. `compiled`: the recorder in C, where it is used."""
        self._failed = failed
        self._in_slot: Any = _InSlot if compiled is None else compiled.InSlot
        #: Of which class, which attribute; what stands there now, and what stood there before.
        self._stored: list[tuple[type, str, Any, Any]] = []

    def watch(self, kind: type, attribute: str, told: Told, but: Any = _MISSING) -> None:
        """Have `told` called whenever that attribute of an instance of `kind` is stored, in a slot: with anything `but`
        that."""
        default = kind.__dict__.get(attribute, _MISSING)
        if type(default) is MemberDescriptorType:
            ours = self._in_slot(default, told, but, self._failed)
        elif default is _MISSING or id(type(default)) in ATOMS:
            ours = _InDict(attribute, default, told, self._failed)
        else:
            return
        setattr(kind, attribute, ours)
        self._stored.append((kind, attribute, ours, default))

    def remove(self) -> None:
        """Leave the classes as they were."""
        for kind, attribute, ours, default in self._stored:
            if kind.__dict__.get(attribute) is not ours:
                continue
            if default is _MISSING:
                delattr(kind, attribute)
            else:
                setattr(kind, attribute, default)


class _InSlot:
    """Stands for a slot. The recorder in C has a type of its own for that."""

    __slots__ = ("_but", "_failed", "_slot", "_told")

    def __init__(self, slot: Any, told: Told, but: Any, failed: Callable[[BaseException], None]) -> None:
        self._slot = slot
        self._told = told
        self._but = but
        self._failed = failed

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self._slot.__get__(instance, owner)

    def __set__(self, instance: Any, value: Any) -> None:
        self._slot.__set__(instance, value)
        if value is self._but:
            return
        try:
            self._told(instance, value)
        except Exception as error:
            self._failed(error)

    def __delete__(self, instance: Any) -> None:
        self._slot.__delete__(instance)


class _InDict:
    """Stands for an attribute that each instance has in its dictionary."""

    __slots__ = ("_default", "_failed", "_name", "_told")

    def __init__(self, name: str, default: Any, told: Told, failed: Callable[[BaseException], None]) -> None:
        """`default`: what the class has where an instance has nothing."""
        self._name = name
        self._default = default
        self._told = told
        self._failed = failed

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        found = self._default if instance is None else _own_dict(instance, "__dict__").get(self._name, self._default)
        if found is _MISSING:
            whose = f"type object {owner.__name__!r}" if instance is None else f"{type(instance).__name__!r} object"
            raise AttributeError(f"{whose} has no attribute {self._name!r}", name=self._name, obj=instance or owner)
        return found

    def __set__(self, instance: Any, value: Any) -> None:
        _own_dict(instance, "__dict__")[self._name] = value
        try:
            self._told(instance, value)
        except Exception as error:
            self._failed(error)

    def __delete__(self, instance: Any) -> None:
        try:
            del _own_dict(instance, "__dict__")[self._name]
        except KeyError:
            raise AttributeError(self._name) from None
