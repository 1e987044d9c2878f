"""What can be told of generators, coroutines and asynchronous generators from outside, without running them.

The three are one thing to the interpreter (PEP 342, 492 and 525): a frame that can be suspended. A chain of them, each
suspended in a `yield from` or an `await` of the next, is resumed through its outermost member.
"""

from __future__ import annotations

import gc
import opcode
import sys
from types import AsyncGeneratorType, CodeType, CoroutineType, GeneratorType

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import ASYNC_GENERATOR_FLAG, COROUTINE_FLAG, ITERABLE_COROUTINE_FLAG
from visualizer.tracers.core.youngest import youngest

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterator
    from typing import Any

_YIELD = opcode.opmap["YIELD_VALUE"]
_RESUME = opcode.opmap["RESUME"]
_RETURN = opcode.opmap["RETURN_VALUE"]
_SEND = opcode.opmap["SEND"]
_CACHE = opcode.opmap["CACHE"]

#: Where generator functions begin, by the id of their code, which is kept.
_beginnings: dict[int, tuple[int, CodeType]] = {}
_MOST_BEGINNINGS = 4096


async def _asynchronous() -> Any:
    yield


async def _waiting() -> None:
    pass


def _kinds_of_awaitable() -> tuple[type, type, type]:
    """The types of what `asend`, `athrow` and `__await__` return, which have no names in `types`."""
    asynchronous = _asynchronous()
    made = asynchronous.asend(None), asynchronous.athrow(GeneratorExit), _waiting().__await__()
    for awaitable in made:
        # Else the interpreter warns of something that was never awaited.
        awaitable.close()
    return type(made[0]), type(made[1]), type(made[2])


#: The types of `agen.asend()` (and `agen.__anext__()`), of `agen.athrow()` (and `aclose()`), and of a coroutine's
#: `__await__()`.
ASEND, ATHROW, WRAPPER = _kinds_of_awaitable()

_FRAME: dict[type, Callable[[Any], Any]] = {
    GeneratorType: GeneratorType.gi_frame.__get__,
    CoroutineType: CoroutineType.cr_frame.__get__,
    AsyncGeneratorType: AsyncGeneratorType.ag_frame.__get__,
}
_AWAITED: dict[type, Callable[[Any], Any]] = {
    GeneratorType: GeneratorType.gi_yieldfrom.__get__,
    CoroutineType: CoroutineType.cr_await.__get__,
    AsyncGeneratorType: AsyncGeneratorType.ag_await.__get__,
}
_CODE: dict[type, Callable[[Any], Any]] = {
    GeneratorType: GeneratorType.gi_code.__get__,
    CoroutineType: CoroutineType.cr_code.__get__,
    AsyncGeneratorType: AsyncGeneratorType.ag_code.__get__,
}

_RUNNING: dict[type, Callable[[Any], bool]] = {
    GeneratorType: GeneratorType.gi_running.__get__,
    CoroutineType: CoroutineType.cr_running.__get__,
    AsyncGeneratorType: AsyncGeneratorType.ag_running.__get__,
}

#: The types of what has a frame that is a track.
GENERATORS = GeneratorType, CoroutineType, AsyncGeneratorType
#: The types of what has methods that resume such a frame, and those methods: cause of the switch.
RESUMING = GeneratorType, CoroutineType, ASEND, ATHROW, WRAPPER
METHODS = {"send": words.SEND, "throw": words.THROW, "close": words.CLOSE}
#: Methods of an asynchronous generator that make something to await, which resumes it.
ASKING = {"asend": words.SEND, "athrow": words.THROW, "aclose": words.CLOSE}


def is_generator(thing: Any) -> bool:
    """Whether it is a generator, coroutine or asynchronous generator: what has a frame that is a track."""
    # By identity, here and below: a metaclass of the program's may have a __hash__ or __eq__ of its own.
    kind = type(thing)
    return kind is GeneratorType or kind is CoroutineType or kind is AsyncGeneratorType


def is_resuming(thing: Any) -> bool:
    """Whether it is of a type that has the methods in METHODS, and resumes a generator by them."""
    kind = type(thing)
    # Asked of every call of a method in C on 3.11: written out, it takes a fifth of the time.
    return kind is GeneratorType or kind is CoroutineType or kind is ASEND or kind is ATHROW or kind is WRAPPER


def frame_of(generator: Any) -> Any:
    """The frame of a generator, coroutine or asynchronous generator, None if that has ended."""
    return _FRAME[type(generator)](generator)


def code_of(generator: Any) -> CodeType:
    """The code of a generator, coroutine or asynchronous generator."""
    code: CodeType = _CODE[type(generator)](generator)
    return code


def may_run(generator: Any) -> bool:
    """Whether it runs; or, of an asynchronous generator on 3.11, whether it is being awaited.

    To be asked before the frame of one is that was only found: if it ran in a greenlet that was given up with its
    thread, it is said to run for ever, and has a frame that was freed.
    """
    return _RUNNING[type(generator)](generator) and not getattr(generator, "ag_suspended", False)


def is_suspended(generator: Any) -> bool:
    """Whether a generator is suspended at a yield."""
    for attribute in ("gi_suspended", "cr_suspended", "ag_suspended"):
        suspended = getattr(generator, attribute, None)
        if suspended is not None:
            return bool(suspended)
    # An asynchronous generator on 3.11 does not tell. Ended, it refers to nothing of its frame's stack.
    return bool(not generator.ag_running and generator.ag_frame is not None)


def kind_of(code: CodeType) -> str:
    """The kind of track. An asynchronous generator is a generator: who uses it need not use it up."""
    return words.COROUTINE if code.co_flags & (COROUTINE_FLAG | ITERABLE_COROUTINE_FLAG) else words.GENERATOR


def youngest_of(code: CodeType, is_it: Callable[[Any], bool], alone: bool = False, new: bool = True) -> Any:
    """The youngest generator of that code of which `is_it` is true, see `youngest`."""
    flags = code.co_flags
    kind: type = CoroutineType if flags & COROUTINE_FLAG else GeneratorType
    if flags & ASYNC_GENERATOR_FLAG:
        kind = AsyncGeneratorType
    return youngest(kind, is_it, _CODE[kind], code, alone, new)


def resumed_by(target: Any) -> Any:
    """The generator that a call of a method of `target`, which is resuming, resumes; None if it is not known."""
    if is_generator(target):
        return target
    referents = gc.get_referents(target)
    return referents[0] if referents and is_generator(referents[0]) else None


def chain(generator: Any) -> list[Any]:
    """`generator` and what it awaits, as far as those are generators; the innermost last."""
    found = [generator]
    while True:
        awaited = _AWAITED[type(found[-1])](found[-1])
        if not is_generator(awaited) and not is_resuming(awaited):
            return found
        inner = resumed_by(awaited)
        if inner is None or any(inner is one for one in found):
            return found
        found.append(inner)


def delegations(code: CodeType) -> frozenset[int]:
    """Offsets of the YIELD_VALUE instructions that are part of a `yield from` or `await`.

    The RESUME that follows one says so: 2 and 3 in the lowest bits of its argument (the dis module's manual).
    """
    instructions = code.co_code
    return frozenset(
        at
        for at in range(0, len(instructions) - 2, 2)
        if instructions[at] == _YIELD and instructions[at + 2] == _RESUME and instructions[at + 3] & 3 >= 2
    )


def beginning(code: CodeType) -> int:
    """Offset of the instruction at which a generator's own code begins: before it stands one that was not started."""
    known = _beginnings.get(id(code))
    if known is None:
        if len(_beginnings) >= _MOST_BEGINNINGS:
            _beginnings.clear()
        # The interpreter copies all instructions for whoever asks for them, and this is asked of each that is made.
        instructions = code.co_code
        first = next(at for at in range(0, len(instructions), 2) if instructions[at] == _RESUME)
        known = _beginnings[id(code)] = first, code
    return known[0]


def returns(code: CodeType) -> frozenset[int]:
    """Offsets of the instructions by which a generator returns."""
    instructions = code.co_code
    return frozenset(at for at in range(0, len(instructions), 2) if instructions[at] == _RETURN)


def delegating_calls(code: CodeType) -> frozenset[int]:
    """Where a frame stands while its `yield from` or `await` resumes what it waits for: at a SEND instruction.

    From 3.12 on it may also be the instruction's cache, which follows.
    """
    instructions = code.co_code
    found = {at for at in range(0, len(instructions), 2) if instructions[at] == _SEND}
    return frozenset(found | {at + 2 for at in found} if sys.version_info >= (3, 12) else found)


def throwing_calls(code: CodeType) -> frozenset[int]:
    """Where a frame stands while something is thrown through its `yield from` or `await` into what it waits for.

    It is not resumed for that: it stands where it is suspended, from 3.13 on at the RESUME that follows.
    """
    return frozenset(at + further for at in delegations(code) for further in (0, 2))


def outside_of_blocks(code: CodeType) -> frozenset[int]:
    """Offsets of the YIELD_VALUE instructions that no `try`, `with` or the like of the source is around.

    From 3.13 on, 4 in the argument of the RESUME that follows says so.
    """
    instructions = code.co_code
    return frozenset(
        at
        for at in range(0, len(instructions) - 2, 2)
        if instructions[at] == _YIELD and instructions[at + 2] == _RESUME and instructions[at + 3] & 4
    )


def after(code: CodeType, offset: int) -> int:
    """Offset of the instruction that follows the one at `offset`, behind its cache."""
    instructions = code.co_code
    at = offset + 2
    while at < len(instructions) and instructions[at] == _CACHE:
        at += 2
    return at


def ask_for_instructions(tool: int, code: CodeType) -> None:
    """Have INSTRUCTION events in `code` told to a tool of sys.monitoring, also where it had disabled them before."""
    if sys.version_info >= (3, 12):
        monitoring = sys.monitoring
        event = monitoring.events.INSTRUCTION
        events = monitoring.get_local_events(tool, code) & ~event
        monitoring.set_local_events(tool, code, events)
        monitoring.set_local_events(tool, code, events | event)
        others = [one for one in range(6) if one != tool and monitoring.get_tool(one) is not None]
        if any(monitoring.get_local_events(one, code) & event for one in others):
            # Where another tool alone had not disabled them, the interpreter tells it no more (3.12, 3.13).
            monitoring.restart_events()


def handler(code: CodeType, offset: int) -> int:
    """Offset of the code that an exception raised at `offset` leads to, -1 if it leaves the function."""
    table = iter(code.co_exceptiontable)
    found = -1
    for first in table:
        start, length, target, _ = (_number(first, table), *(_number(next(table), table) for _ in range(3)))
        if 2 * start <= offset < 2 * (start + length):
            found = 2 * target
    return found


def _number(first: int, rest: Iterator[int]) -> int:
    number = first & 63
    while first & 64:
        first = next(rest)
        number = number << 6 | first & 63
    return number


def all_codes(code: CodeType) -> list[CodeType]:
    """The functions, classes and expressions in `code`, itself included, however deep."""
    found = [code]
    for one in found:
        found += [constant for constant in one.co_consts if type(constant) is CodeType]
    return found


class Calibration:
    """Where in `gc.get_referents(generator)` the value just sent to it stands, found out by trying.

    The order is that of CPython's gen_traverse: the frame's variables, its evaluation stack, and last, in some
    versions or while the generator handles an exception, that exception.
    """

    def __init__(self) -> None:
        self.plain = 0
        self.handling = 0

    def learn(self, generator: Any, sent: Any, handling: bool) -> None:
        """Take the position of `sent`, which has just been sent to `generator`, from inside a resume hook."""
        found = gc.get_referents(generator)
        for back in range(1, min(4, len(found)) + 1):
            if found[-back] is sent:
                if handling:
                    self.handling = -back
                else:
                    self.plain = -back
                return

    def sent(self, generator: Any, ended_in_none: bool) -> Any:
        """What was just sent to `generator`, NO_VALUE if it cannot be told.

        `ended_in_none`: what `ends_in_none` said before. Before 3.13 a generator in which an exception was handled
        (by a hook of ours, too) has None in the place of the exception.
        """
        found = gc.get_referents(generator)
        handled = sys.exc_info()[1]
        position = self.plain
        if found and (found[-1] is handled if handled is not None else ended_in_none and found[-1] is None):
            position = self.handling
        return found[position] if position and len(found) >= -position else lines.NO_VALUE


def ends_in_none(generator: Any) -> bool:
    """Whether the last of what a suspended generator refers to is None, on an interpreter where that matters."""
    if sys.version_info >= (3, 13):
        return False
    found = gc.get_referents(generator)
    return bool(found) and found[-1] is None


def probe() -> Any:
    """A generator to find the place of a sent value with: first plain, then while it handles an exception."""
    yield
    try:
        raise LookupError
    except LookupError:
        yield
    yield
