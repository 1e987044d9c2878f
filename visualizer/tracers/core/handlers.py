"""What comes in the middle of a hook, between any two lines: what the handlers of signals raise, in the main thread,
and what another thread sends (PyThreadState_SetAsyncExc)."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
from types import FunctionType, MethodType

from visualizer.tracers.core.values import bases_of, type_module, type_name
from visualizer.tracers.core.variables import of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Mapping
    from types import CodeType
    from typing import Any

_traceback = BaseException.__dict__["__traceback__"].__get__
_class_dict = type.__dict__["__dict__"].__get__
_flags_of = type.__dict__["__flags__"].__get__
#: Py_TPFLAGS_HEAPTYPE: of classes that are made while the program runs.
_HEAP_TYPE = 1 << 9
#: A handler that is wrapped more often than that is not looked for.
_MOST_WRAPPED = 8


def _is_sent(error: BaseException) -> bool:
    """Whether another thread sent it to this one, where only our own code runs: it is of a class of somebody else's, in
    Python."""
    kind = type(error)
    return bool(_flags_of(kind) & _HEAP_TYPE) and type_module(kind).partition(".")[0] != __name__.partition(".")[0]


def is_from_outside(error: BaseException, is_own: Callable[[CodeType], bool]) -> bool:
    """Whether the handler of a signal raised it, one that is in force, or code of the program's own; or another
    thread has sent it.

    Hooks run no other code of the program's, and a handler may take itself out before it raises.
    """
    if _is_sent(error):
        return True
    codes = _codes()
    at: Any = _traceback(error)
    while at is not None:
        if id(at.tb_frame.f_code) in codes or is_own(at.tb_frame.f_code):
            return True
        at = at.tb_next
    return False


def raise_of_handler(error: BaseException) -> None:
    """Raise it again if it is not what a call of C's has raised in the function that has caught it: what a signal's
    handler raises may be a TimeoutError, which is an OSError."""
    at: Any = _traceback(error)
    if at is not None and at.tb_next is not None:
        raise error


def handling(frame: Any) -> Any:
    """The frame of the handler of a signal in which `frame` runs; None if there is none. It was given the frame that it
    interrupted: what is a handler may be called by anybody else, too."""
    codes = _codes()
    while frame is not None:
        back = frame.f_back
        if id(frame.f_code) in codes and back is not None and of_variables(frame, _has(back)):
            return frame
        frame = back
    return None


def _has(interrupted: Any) -> Callable[[Mapping[str, Any]], bool]:
    """Tells whether that frame is among some variables, or in the tuple that takes all arguments."""

    def has(variables: Mapping[str, Any]) -> bool:
        return any(
            one is interrupted or (type(one) is tuple and any(each is interrupted for each in one))
            for one in [*variables.values()]
        )

    return has


def _codes() -> set[int]:
    """The ids of the code of all handlers that are in force."""
    handlers = [_signal.getsignal(number) for number in range(1, _signal.NSIG)]
    # Most are SIG_DFL or SIG_IGN, numbers here, or none of Python's.
    wanted = [one for one in handlers if one is not None and type(one) is not int]
    return {id(code) for one in wanted if (code := _code(one)) is not None}


def _code(handler: Any) -> CodeType | None:
    """What runs where `handler` is called, if that is known."""
    for _ in range(_MOST_WRAPPED):
        kind = type(handler)
        if kind is FunctionType:
            code: CodeType = handler.__code__
            return code
        if kind is MethodType:
            handler = handler.__func__
        elif type_name(kind) == "partial" and type_module(kind) == "functools":
            handler = handler.func
        else:
            handler = next((own["__call__"] for own in map(_class_dict, bases_of(kind)) if "__call__" in own), None)
            if handler is None:
                break
    return None
