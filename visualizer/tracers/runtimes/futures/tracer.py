"""Exceptions that a Future of concurrent.futures keeps, and that nobody ever asks it for.

Whoever asks, by `result()` or `exception()`, reads an attribute of the Future's that is stored when it is made, and
once more if the call has raised. In its place stands one of ours on the class, which keeps the value where it belongs:
no frame of ours is on the stack while the program's code runs, nor in any traceback.
"""

from __future__ import annotations

import os
import sys

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import absolute, is_generated, place_of
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import dictionary, keep

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType, ModuleType
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

MODULE = "concurrent.futures._base"
_ATTRIBUTE = "_exception"
#: The callback by which asyncio takes over what a Future has.
_HANDS_ON = "_chain_future.<locals>._call_set_state"
#: It reads the attribute, and tells nobody what that is.
_ASKS_NOT = "Future.__repr__"
#: Runs a call in the very thread in which its exception is stored.
_RUNS = "_WorkItem.run"
_own_dict = object.__getattribute__
_getframe = sys._getframe
_traceback_of = BaseException.__dict__["__traceback__"].__get__
_cause_of = BaseException.__dict__["__cause__"].__get__


class _Given(ref):  # type: ignore[type-arg]
    """A Future. `code`, `offset`: where the program had it made; `error`: what it got, as a text, None as long as that
    is nothing, or somebody has asked for it; `raised_at`: where that was raised; `track`: by whom, NOBODY if that was
    somebody else than who stored it here, at `t_ns`."""

    __slots__ = ("code", "error", "key", "offset", "raised_at", "t_ns", "track")

    key: int
    code: CodeType | None
    offset: int
    error: Any
    raised_at: str
    t_ns: int
    track: int


class FutureTracer:
    name = "futures"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._given: dict[int, _Given] = {}
        #: Where those were made of which somebody has asked for an exception: the others may be left alone then.
        self._asked: set[tuple[int, int]] = set()

    def imported(self, name: str, module: ModuleType) -> None:
        kind: Any = module.__dict__.get("Future")
        if kind is not None and _ATTRIBUTE not in kind.__dict__:
            os.register_at_fork(after_in_child=self._given.clear)
            setattr(kind, _ATTRIBUTE, _Exception(self))

    def remove(self) -> None:
        kind: Any = getattr(sys.modules.get(MODULE), "__dict__", {}).get("Future")
        if type(getattr(kind, "__dict__", {}).get(_ATTRIBUTE)) is _Exception:
            delattr(kind, _ATTRIBUTE)
        self._given.clear()

    def finish(self, t_ns: int) -> None:
        for given in list(self._given.values()):
            self._tell(given)

    def failed(self, error: BaseException) -> None:
        """A hook has raised."""
        self._context.fail(self.name, error)

    def made(self, future: Any, frame: Any) -> None:
        """`future` is made in `frame`."""
        given = self._given[id(future)] = _Given(future, self._gone)
        given.key, given.error = id(future), None
        given.code, given.offset = place_of(frame, self._context.own)

    def raised(self, future: Any, error: Any, frame: Any) -> None:
        """The call that `future` stands for has raised `error`, as is stored in `frame`."""
        given, context = self._given.get(id(future)), self._context
        callbacks: Any = dictionary(future).get("_done_callbacks")
        if given is None or any(getattr(one, "__qualname__", "") == _HANDS_ON for one in _functions(callbacks)):
            return
        caller = frame.f_back
        is_here = caller is not None and caller.f_code.co_qualname == _RUNS
        given.track = context.current() if is_here else words.NOBODY
        given.t_ns, given.raised_at = context.now(), self._raised_at(error)
        given.error = keep(error)

    def asked(self, future: Any, frame: Any) -> None:
        """What `future` raised is read in `frame`."""
        given = self._given.get(id(future))
        if given is not None and given.error is not None and frame.f_code.co_qualname != _ASKS_NOT:
            given.error = None
            self._asked.add((id(given.code), given.offset))

    def _gone(self, given: _Given) -> None:
        if self._given.get(given.key) is given:
            del self._given[given.key]
            try:
                self._tell(given)
            except Exception as error:
                self.failed(error)

    def _tell(self, given: _Given) -> None:
        error, given.error = given.error, None
        if error is None or self._context.is_over or (id(given.code), given.offset) in self._asked:
            return
        about = given.t_ns, given.raised_at
        self._context.stream.store(
            lines.unasked, self._context.now(), given.track, about, error, given.code, given.offset
        )

    def _raised_at(self, error: Any) -> str:
        """The innermost line of the program's own that it passed, best in a file, as "demo.py:5"; "" if there is none.
        What another process raised has its traceback as a text."""
        remote = dictionary(_cause_of(error)).get("tb")
        if type(remote) is str:
            return self._in_text(remote)
        found, code, entry = "", None, _traceback_of(error)
        while entry is not None:
            passed = entry.tb_frame.f_code
            if self._context.own(passed) and (code is None or is_generated(code) or not is_generated(passed)):
                code, found = passed, f"{absolute(passed.co_filename)}:{entry.tb_lineno}"
            entry = entry.tb_next
        return found

    def _in_text(self, traceback: str) -> str:
        found = ""
        for line in traceback.splitlines():
            file, quote, rest = line.partition('", line ')
            number = rest.partition(",")[0]
            if quote and file.startswith('  File "') and number.isdigit():
                name = file.removeprefix('  File "')
                found = f"{absolute(name)}:{number}" if self._context.own.owns_file(name) else found
        return found


def _functions(callbacks: Any) -> list[Any]:
    return [one for one in callbacks if type(one) is type(_functions)] if type(callbacks) is list else []


class _Exception:
    """Stands for that attribute of all Futures."""

    __slots__ = ("_errors",)

    def __init__(self, errors: FutureTracer) -> None:
        self._errors = errors

    def __get__(self, future: Any, owner: Any = None) -> Any:
        if future is None:
            raise AttributeError(f"type object {owner.__name__!r} has no attribute {_ATTRIBUTE!r}")
        own = _own_dict(future, "__dict__")
        if _ATTRIBUTE not in own:
            raise AttributeError(
                f"{type(future).__name__!r} object has no attribute {_ATTRIBUTE!r}", name=_ATTRIBUTE, obj=future
            )
        error = own[_ATTRIBUTE]
        if error is not None:
            try:
                self._errors.asked(future, _getframe(1))
            except Exception as failure:
                self._errors.failed(failure)
        return error

    def __set__(self, future: Any, error: Any) -> None:
        _own_dict(future, "__dict__")[_ATTRIBUTE] = error
        try:
            if error is None:
                self._errors.made(future, _getframe(1))
            else:
                self._errors.raised(future, error, _getframe(1))
        except Exception as failure:
            self._errors.failed(failure)

    def __delete__(self, future: Any) -> None:
        try:
            del _own_dict(future, "__dict__")[_ATTRIBUTE]
        except KeyError:
            raise AttributeError(_ATTRIBUTE) from None
