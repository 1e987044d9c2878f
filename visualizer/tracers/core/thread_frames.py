"""The innermost frames of all threads, read without harm to the program."""

from __future__ import annotations

import gc
import sys
from _operator import call
from itertools import chain, compress, starmap

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterator
    from types import FrameType

_current_frames = sys._current_frames
_is_loaded = sys.modules.__contains__
#: What makes interpreters.
_INTERPRETERS = ("_interpreters", "_xxsubinterpreters")


def all_frames() -> Iterator[dict[int, FrameType]]:
    """`sys._current_frames()`, called when it is asked for.

    Up to 3.11 the garbage collector runs wherever something is made, also in that call, which holds a lock of the
    interpreter's meanwhile: garbage with a `threading.local` needs the same lock, and the program would stand still for
    good (CPython's issue 106883). It is off during the call, in which nobody else runs, and on again before a frame is
    given out. From 3.12 on it runs between instructions of Python's, but other interpreters of the program's have their
    own lock and memory, and that call makes frames of theirs, too, with ours: they crash. So where there may be any,
    it is not called, and no thread is found.
    """
    if sys.version_info >= (3, 12):
        return iter(({},)) if any(map(_is_loaded, _INTERPRETERS)) else starmap(_current_frames, ((),))
    was_on: list[bool] = []
    steps = chain(
        map(was_on.append, map(call, (gc.isenabled,))),
        map(call, (gc.disable, _current_frames)),
        map(call, compress((gc.enable,), was_on)),
    )
    return chain.from_iterable(map(tuple, (filter(None, steps),)))
