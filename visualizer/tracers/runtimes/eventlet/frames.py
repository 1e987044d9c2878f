"""What a green thread waits for, read off the frames of the functions of eventlet's that it is suspended in."""

from __future__ import annotations

import os

from visualizer.trace import words
from visualizer.tracers.core.sockets import Addresses
from visualizer.tracers.core.values import type_name
from visualizer.tracers.core.variables import Unknown, of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.sockets import Endpoint

_INSIDE = f"{os.sep}eventlet{os.sep}"
_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
#: Function of eventlet's, or of the standard library's in a patched program -> the reason of a wait in it. The
#: outermost one that the program has called tells it.
_REASONS = {
    ("greenthread.py", "sleep"): words.SLEEP,
    ("greenthread.py", "GreenThread.wait"): words.JOIN,
    ("event.py", "Event.wait"): words.EVENT,
    ("queue.py", "LightQueue.put"): words.QUEUE,
    ("queue.py", "LightQueue.get"): words.QUEUE,
    ("queue.py", "Queue.join"): words.QUEUE,
    ("semaphore.py", "Semaphore.acquire"): words.SEMAPHORE,
    ("semaphore.py", "CappedSemaphore.acquire"): words.SEMAPHORE,
    ("semaphore.py", "CappedSemaphore.release"): words.SEMAPHORE,
    ("greenpool.py", "GreenPool.spawn"): words.POOL,
    ("greenpool.py", "GreenPool.spawn_n"): words.POOL,
    ("greenpool.py", "GreenPool.waitall"): words.JOIN,
    ("greenpool.py", "GreenPile._next"): words.RESULT,
    ("pools.py", "Pool.get"): words.POOL,
    ("db_pool.py", "BaseConnectionPool.get"): words.POOL,
    ("tpool.py", "execute"): words.THREADPOOL,
    ("hubs/__init__.py", "trampoline"): words.IO,
    ("green/select.py", "select"): words.SELECT,
    ("threading.py", "Condition.wait"): words.CONDITION,
    ("threading.py", "Condition.wait_for"): words.CONDITION,
    ("threading.py", "Event.wait"): words.EVENT,
    ("threading.py", "Barrier.wait"): words.BARRIER,
    ("threading.py", "Semaphore.acquire"): words.SEMAPHORE,
    ("threading.py", "_RLock.acquire"): words.LOCK,
    ("threading.py", "Thread.start"): words.START,
    ("threading.py", "Thread.join"): words.JOIN,
    ("queue.py", "Queue.put"): words.QUEUE,
    ("queue.py", "Queue.get"): words.QUEUE,
    ("concurrent/futures/_base.py", "Future.result"): words.RESULT,
    ("concurrent/futures/_base.py", "Future.exception"): words.RESULT,
    ("concurrent/futures/_base.py", "wait"): words.RESULT,
    ("concurrent/futures/_base.py", "as_completed"): words.RESULT,
}
#: The same of all functions of a file.
_REASON_OF_FILE = {"green/subprocess.py": words.SUBPROCESS, "support/greendns.py": words.DNS}
#: Function of eventlet's sockets -> what it waits for; of another, it depends on what it asks for.
_DIRECTIONS = {"GreenSocket.accept": words.ACCEPT, "GreenSocket.connect": words.CONNECT}
_paths: dict[str, str] = {}


def is_of_eventlet(code: CodeType) -> bool:
    return _INSIDE in code.co_filename


def _path(filename: str) -> str:
    """The path of a file inside of eventlet, or of the standard library; "" of any other."""
    known = _paths.get(filename)
    if known is None:
        _, inside, path = filename.rpartition(_INSIDE)
        standard = filename[len(_STANDARD) :] if filename.startswith(_STANDARD) else ""
        known = _paths[filename] = (path if inside else standard).replace(os.sep, "/")
    return known


class Awaited:
    """Why a green thread waits, on which thing, and on which end of a connection."""

    __slots__ = ("endpoint", "reason", "thing")

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.thing = ""
        self.endpoint: Endpoint | None = None


class Frames:
    """Reads frames of suspended greenlets."""

    def __init__(self, name: Callable[[Any], str]) -> None:
        """`name` gives the thing that is waited on a number."""
        self._name = name
        self._addresses = Addresses()

    def awaited(self, frame: Any, own: Any) -> Awaited:
        """What the greenlet waits for that is suspended in `frame`, by what it has called in `own` (None: at all)."""
        found = Awaited(words.UNKNOWN)
        outermost: Any = None
        innermost: str | None = None
        while frame is not None and frame is not own:
            path, function = _path(frame.f_code.co_filename), frame.f_code.co_qualname
            reason = _REASONS.get((path, function)) or _REASON_OF_FILE.get(path)
            if reason is not None:
                found.reason, outermost = reason, frame
                innermost = innermost or reason
            if reason is words.IO:
                found.endpoint = self._end(frame)
            frame = frame.f_back
        if innermost == words.SLEEP:
            # Whatever a library waits for, it looks for again and again.
            found.reason = innermost
        elif outermost is not None:
            self._find_thing(found, outermost)
        return found

    def _find_thing(self, found: Awaited, frame: Any) -> None:
        thing = variable(frame, "self")
        if thing is None or found.reason in (words.IO, words.SUBPROCESS, words.DNS, words.RESULT):
            return
        if found.reason == words.JOIN and "Pool" in type_name(type(thing)):
            return
        found.thing = self._name(thing)
        if found.reason == words.SEMAPHORE and "Lock" in type_name(type(thing)):
            found.reason = words.LOCK

    def _end(self, frame: Any) -> Endpoint | None:
        """Of `trampoline`, which descriptor it waits on."""
        fd = variable(frame, "fileno")
        if type(fd) is not int or fd < 0:
            return None
        direction = words.WRITE if variable(frame, "write") else words.READ
        caller = frame.f_back
        while caller is not None and is_of_eventlet(caller.f_code):
            direction = _DIRECTIONS.get(caller.f_code.co_qualname, direction)
            caller = caller.f_back
        return (fd, direction, *self._addresses.of_fd(fd))


def variable(frame: Any, name: str) -> Any:
    """The value of a variable of a suspended function of a library's; None if it has none."""
    try:
        return of_variables(frame, lambda variables: variables.get(name))
    except Unknown:
        return None


def waiting_putter(frame: Any) -> Any:
    """The greenlet whose item the hub, which is suspended in `frame`, hands over now; None if that is not so."""
    while frame is not None:
        if frame.f_code.co_name == "_unlock" and is_of_eventlet(frame.f_code):
            return getattr(variable(frame, "putter"), "greenlet", None)
        frame = frame.f_back
    return None
