"""Whether somebody can still close a Timeout, of gevent's or eventlet's, when its greenlet begins to wait.

If nothing but its timer has it, nobody can. If the function that started it has returned by then, it strikes whatever
its greenlet happens to do.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any


def is_stray(timeout: Any, args: tuple[Any, ...], is_bound: bool, code: CodeType, frame: Any) -> bool:
    """Whether nothing but its timer has `timeout`, which code that does not run in `frame` any more had started.

    The timer has it in `args`, and if `is_bound` by the method that it calls.
    """
    return frame is not None and _references(timeout, args) <= _UNKEPT + is_bound and not _runs(code, frame)


def _references(timeout: Any, args: tuple[Any, ...]) -> int:
    """How many references there are but for those of `args`."""
    count = sys.getrefcount(timeout)
    for one in args:
        count -= one is timeout
    return count


def _runs(code: CodeType, frame: Any) -> bool:
    """Whether `frame`, or what has called it, runs this code."""
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def _passed_on(timeout: Any, args: tuple[Any, ...]) -> int:
    """As `is_stray` is called, and calls."""
    return _references(timeout, args)


def _of_none() -> int:
    """So many references there are in `is_stray` to what nothing has: how they are counted differs between versions."""
    args = (object(),)
    return _passed_on(args[0], args)


_UNKEPT = _of_none()
