"""The messages of multiprocessing: what is sent and received, at which end of which pipe, and by whom.

Both ends of a pipe are one inode, and of two connected sockets it is noted which belong together when they are made.
Whose message one receives is worked out by the reader of the trace: what is sent as the n-th is received as the n-th.
"""

from __future__ import annotations

import _thread
import os
import sys
from binascii import crc32
from io import BytesIO

from visualizer.tracers.core import lines
from visualizer.tracers.core.values import dictionary, ids_of, show
from visualizer.tracers.core.variables import of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType, ModuleType
    from typing import Any

    from visualizer.tracers.core.context import Context

_get_ident = _thread.get_ident
_fstat = os.fstat
MODULE = "multiprocessing.connection"
#: So much of a message is summed up; and one up to this length is looked into for what it says.
_SUMMED, _SHOWN = 4096, 256
#: Variables of Connection._send_bytes: how long a message is, and what says so before it.
_HEADS = "n", "header", "pre_header"
_EMPTY = b"\0\0\0\0"
_BYTES = ids_of(bytes, bytearray, memoryview)


#: The class that unpickles, once one is needed; and what stands for the program's own, by their names: at most so many.
_unpicklers: list[Any] = []
_named: dict[str, Any] = {}
_NAMED = 256


class Messages:
    """Those of one process. Its methods are called in the thread that sends or receives."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._send: CodeType | None = None
        self._receive: CodeType | None = None
        #: By the id of the thread: when what it is in began.
        self._began: dict[int, int] = {}

    def learn(self, module: ModuleType) -> tuple[CodeType, ...]:
        """The program has imported MODULE. Return the functions in it that are to be watched."""
        known: Any = module
        self._send, self._receive = known.Connection._send_bytes.__code__, known.Connection._recv_bytes.__code__
        return known.Connection._send_bytes.__code__, known.Connection._recv_bytes.__code__, known.Pipe.__code__

    def begins(self, _code: CodeType, _frame: Any) -> None:
        """One of the functions begins."""
        self._began[_get_ident()] = self._context.now()

    def has_begun(self) -> bool:
        """Whether the current thread is in one of them, as far as is known."""
        return _get_ident() in self._began

    def breaks(self) -> None:
        """The one that it is in comes to nothing."""
        self._began.pop(_get_ident(), None)

    def paired(self, one: int, other: int) -> None:
        """Both ends, by their descriptors: of a pipe in one direction these are the same."""
        self._context.stream.store(lines.pair, self._context.now(), _fstat(one).st_ino, _fstat(other).st_ino)

    def returns(self, code: CodeType | None, frame: Any, value: Any) -> None:
        """One of them returns that."""
        context, t_ns = self._context, self._context.now()
        began_ns = self._began.pop(_get_ident(), t_ns)
        if context.is_over or context.stream.is_flushing_here():
            return
        if code is not self._send and code is not self._receive:
            self.paired(*map(_descriptor, value))
            return
        connection, sent = of_variables(frame, lambda known: (known.get("self"), known.get("buf")))
        is_sent = code is self._send
        content = sent if is_sent else value
        if type(content) is BytesIO:
            content = content.getvalue()
        if id(type(content)) not in _BYTES:
            return
        size = len(content) if type(content) is not memoryview else content.nbytes
        about = _fstat(_descriptor(connection)).st_ino, began_ns, size, crc32(content[:_SUMMED])
        said = _Pickled(bytes(content)) if size <= _SHOWN else lines.NO_VALUE
        track = [context.current(), *context.running_in(frame)][-1]
        context.stream.store(lines.sent if is_sent else lines.received, t_ns, track, about, said)


def _descriptor(connection: Any) -> int:
    found: int = dictionary(connection)["_handle"]
    return found


class Transfers:
    """Where no event tells of these functions: by the calls of C's that they make, and what these have done."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._send: CodeType | None = None
        self._receive: CodeType | None = None
        self._pipe: CodeType | None = None

    def learn(self, module: ModuleType) -> None:
        """The program has imported MODULE."""
        self._send, self._receive, self._pipe = self._messages.learn(module)

    def begins(self, frame: Any) -> None:
        """`frame`, of Connection._send or _recv, is about to write or read: a message, or a part of one."""
        code = frame.f_back.f_code
        if not self._messages.has_begun():
            self._messages.begins(code, frame.f_back)

    def written(self, frame: Any, count: int, raised: bool) -> None:
        """It has written so many bytes."""
        above = frame.f_back
        if raised:
            self._messages.breaks()
        elif above.f_code is self._send:
            written = of_variables(frame, lambda known: known["buf"])
            # What comes before a long one is written by itself; an empty one is nothing but that.
            size, *heads = of_variables(above, lambda known: [known.get(name) for name in _HEADS])
            if len(written) == count and (size == 0 or all(written is not head for head in heads)):
                self._messages.returns(above.f_code, above, None)

    def read(self, frame: Any, part: bytes, raised: bool) -> None:
        """It has read that."""
        above = frame.f_back
        if raised or not part:
            self._messages.breaks()
        elif above.f_code is self._receive:
            before, left = of_variables(frame, lambda known: (known["buf"].getvalue(), known["remaining"]))
            size, content = of_variables(above, lambda known: known.get("size", -1)), before + part
            # First comes how long it is: of an empty one there is nothing more to read.
            if len(part) == left and (size >= 0 or content == _EMPTY):
                self._messages.returns(above.f_code, above, content if size >= 0 else b"")

    def made(self, frame: Any, ends: tuple[int, int]) -> None:
        """`frame` has made two descriptors that are connected."""
        if self._pipe in (frame.f_code, frame.f_back.f_code):
            self._messages.paired(*ends)


class _Pickled:
    """A message, of which it is found out later what it says."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def text(self) -> str | None:
        """What was pickled, as text; None if that is nothing that can be shown. Runs no code of the program's."""
        pickle: Any = sys.modules.get("_pickle")
        # As every pickle of multiprocessing's begins and ends. What is sent as bytes is no such thing, as a rule.
        if pickle is None or self.content[:1] != b"\x80" or self.content[-1:] != b".":
            return None

        try:
            if not _unpicklers:
                # What is pickled by its name, which is all that would run code, becomes something of ours.
                _unpicklers.append(type("Unpickler", (pickle.Unpickler,), {"find_class": _find_class}))
            return show(_unpicklers[0](BytesIO(self.content)).load(), 3)
        except Exception:
            return None


def _find_class(_self: Any, _module: str, name: str) -> Any:
    known = _named.get(name)
    if known is None:
        # Both it and what is made of it are shown by that name.
        called = name.rpartition(".")[2]
        known = type(called, (type,), {})(called, (_Any,), {})
        if len(_named) < _NAMED:
            _named[name] = known
    return known


class _Any:
    """Stands for an instance, or a class or function, of the program's."""

    def __new__(cls, *_: Any, **_more: Any) -> Any:
        return object.__new__(cls)

    def __init__(self, *_: Any, **_more: Any) -> None:
        """Nothing is kept."""

    def __setstate__(self, _: Any) -> None:
        """Nothing is kept."""

    def append(self, _: Any) -> None:
        """Nothing is kept."""

    def __setitem__(self, _key: Any, _: Any) -> None:
        """Nothing is kept."""
