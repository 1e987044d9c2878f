"""The frames of all threads, read without harm to the program."""

from __future__ import annotations

import sys
from _operator import attrgetter, call, itemgetter
from itertools import accumulate, chain, compress, repeat, starmap

from visualizer.tracers.core.collector import is_turned_on, turn_off, turn_on

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterator
    from types import CodeType, FrameType
    from typing import Any

    #: Code and offset of a frame.
    At = tuple[CodeType, int]

_current_frames = sys._current_frames
#: What makes interpreters, by version.
_INTERPRETERS = ("_interpreters", "_xxsubinterpreters")
#: One call without arguments.
_CALL: tuple[tuple[Any, ...], ...] = ((),)
_at = attrgetter("f_code", "f_lasti")


def all_frames() -> Iterator[dict[int, FrameType]]:
    """`sys._current_frames()`, called when it is asked for.

    Up to 3.11 the garbage collector runs wherever something is made, also in that call, which holds a lock of the
    interpreter's meanwhile: garbage with a `threading.local` needs the same lock, and the program would stand still for
    good (CPython's issue 106883). It is off during the call, in which nobody else runs, and on again before a frame is
    given out. From 3.12 on it runs between instructions of Python's, but other interpreters of the program's have their
    own lock and memory, and that call makes frames of theirs, too, with ours: they crash. So while there are any, it
    is not called, and nothing is given out.
    """
    if sys.version_info >= (3, 12):
        # Nobody else runs between the answer and the call.
        calls: Iterator[tuple[Any, ...]] = filter(_is_alone, _CALL)
        return starmap(_current_frames, calls)
    was_on: list[bool] = []
    steps = chain(
        map(was_on.append, map(call, (is_turned_on,))),
        map(call, (turn_off, _current_frames)),
        map(call, compress((turn_on,), was_on)),
    )
    return chain.from_iterable(map(tuple, (filter(None, steps),)))


def _is_alone(_: tuple[Any, ...]) -> bool:
    """Whether there is no other interpreter in this process."""
    made = next(filter(None, map(sys.modules.get, _INTERPRETERS)), None)
    return made is None or len(made.list_all()) == 1


def stack_of(ident: int, most: int = sys.maxsize) -> list[At]:
    """Where the frames of a thread are, innermost first, and `most` below that; none if it has ended.

    No reference to a frame is left when another thread may run: it would keep what the program expects to be freed. Nor
    is one kept in a variable of ours: a frame in which its own is kept stays, with all that have called it, until the
    collector runs. What gives out the frames has them all where it was not used up: of a thread that has ended.
    """
    stack: list[At] = []
    try:  # noqa: SIM105  # contextlib is not imported into the program
        # The first comes from the thread, each other one from the one before; at the outermost there is an error.
        stack.extend(
            map(_at, accumulate(chain(map(itemgetter(ident), all_frames()), repeat("f_back", most)), getattr))
        )
    except (AttributeError, KeyError):
        pass
    return stack


def all_stacks() -> list[list[At]]:
    """Those of all threads."""
    return list(map(stack_of, list(chain.from_iterable(all_frames()))))
