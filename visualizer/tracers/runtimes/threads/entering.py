"""Where code enters a `with` block, and leaves it by an exception.

The instruction WITH_EXCEPT_START calls `__exit__` without an event, and so does BEFORE_WITH, up to 3.13, `__enter__`.

What is entered lies on the frame's stack, where nobody can see it. But mostly it was just loaded: a variable, or an
attribute that an object keeps. From the instructions in front it is known which.
"""

from __future__ import annotations

import opcode

from visualizer.tracers.core.call_sites import CallSites
from visualizer.tracers.runtimes.generators.introspection import after, handler

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

_BEFORE_WITH = opcode.opmap.get("BEFORE_WITH")
#: From 3.14 on.
_LOAD_SPECIAL = bytes([opcode.opmap["LOAD_SPECIAL"]]) if "LOAD_SPECIAL" in opcode.opmap else b""
_COPY, _CALL, _WITH_EXCEPT_START = (opcode.opmap[name] for name in ("COPY", "CALL", "WITH_EXCEPT_START"))
#: Load a variable; and two, of which the last has the lower bits of the argument.
_LOADS = ("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "LOAD_DEREF")
_LOAD_TWO = ("LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW")
_CACHE, _EXTENDED_ARG = opcode.opmap["CACHE"], opcode.opmap["EXTENDED_ARG"]


class Site:
    """An instruction that enters the variable `name`, or what that keeps as `attribute`; "": it is not known what.

    Or one that `leaves` it, because of an exception.
    """

    __slots__ = ("attribute", "is_local", "leaves", "name")

    def __init__(self, name: str, is_local: bool, attribute: str, leaves: bool = False) -> None:
        self.leaves = leaves
        self.name = name
        self.is_local = is_local
        self.attribute = attribute


class Entering:
    """Those of all code."""

    def __init__(self) -> None:
        #: By the id of the code + the offset: such an instruction; and of the one behind it, the offset of the former.
        #: Of living code objects no two have the same sum (buffer.py).
        self.sites: dict[int, Site | int] = {}
        self.codes: dict[int, CodeType] = {}
        self._sites = CallSites()

    def has_any(self, code: CodeType) -> bool:
        """Whether there are any in `code`, which are known from then on."""
        if id(code) not in self.codes:
            found = _blocks(code)
            if not found:
                return False
            self.codes[id(code)] = code
            for offset, behind in found:
                site = _site(code, offset)
                if _BEFORE_WITH is not None:
                    self.sites[id(code) + offset], self.sites[id(code) + behind] = site, offset
                exit_ = handler(code, behind) + 2
                if code.co_code[exit_] == _WITH_EXCEPT_START:
                    self.sites[id(code) + exit_] = Site(site.name, site.is_local, site.attribute, True)
        return True

    def thing(self, frame: Any) -> Any:
        """What `frame` is about to enter, worked out from the source; if that is not known, no lock."""
        return self._sites.receiver(frame, lambda found: found.thing)

    def forget(self, code: CodeType, offset: int) -> None:
        """What is entered there is of no interest."""
        self.sites.pop(id(code) + offset, None)
        self.sites.pop(id(code) + after(code, offset), None)


def _blocks(code: CodeType) -> list[tuple[int, int]]:
    """Of each `with`, where what it enters has been loaded, and where its block begins."""
    # Each block has a handler. The interpreter keeps the copy that it makes of the instructions.
    instructions = code.co_code if code.co_exceptiontable else b""
    # What stands at an odd place is an argument.
    places = range(0, len(instructions), 2)
    if _BEFORE_WITH is not None:
        return [(at, after(code, at)) for at in places if instructions[at] == _BEFORE_WITH]
    loaded = [at for at in places if instructions[at] == _COPY and instructions[at + 2 : at + 3] == _LOAD_SPECIAL]
    calls = (next(call for call in range(at, len(instructions), 2) if instructions[call] == _CALL) for at in loaded)
    return [(at, after(code, call)) for at, call in zip(loaded, calls, strict=True)]


def _site(code: CodeType, offset: int) -> Site:
    name, *attributes = _path(code, offset) or ("",)
    if len(attributes) > 1:
        return Site("", False, "")
    is_local = name in code.co_varnames or name in code.co_cellvars or name in code.co_freevars
    return Site(name, is_local, "".join(attributes))


def _path(code: CodeType, offset: int) -> tuple[str, ...]:
    """The variable that is loaded right in front of that instruction, and the attributes of it that are looked up."""
    names = (*code.co_varnames, *(cell for cell in code.co_cellvars if cell not in code.co_varnames), *code.co_freevars)
    instructions, path, argument = code.co_code[:offset], list[str](), 0
    for at in range(0, offset, 2):
        operation, argument = instructions[at], argument << 8 | instructions[at + 1]
        if operation in (_CACHE, _EXTENDED_ARG):
            argument *= operation == _EXTENDED_ARG
            continue
        word = opcode.opname[operation]
        if word in _LOADS:
            path = [names[argument]]
        elif word in _LOAD_TWO:
            path = [names[argument & 15]]
        elif word == "LOAD_GLOBAL":
            path = [code.co_names[argument >> 1]]
        elif word == "LOAD_ATTR" and path and not argument & 1:
            path.append(code.co_names[argument >> 1])
        else:
            path = []
        argument = 0
    return tuple(path)
