"""What a task waits for: the reason, the object, the time limit and the place, from the coroutines that it is suspended
in.

The innermost of these that is the program's own tells the place, and what asyncio's own below it are about tells the
rest. Their variables are read, and what they have entered by `async with`, which lies on their stacks: there the
garbage collector finds it.
"""

from __future__ import annotations

import gc
import opcode
from types import CoroutineType, FunctionType, MethodType

from visualizer.trace import words
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.object_ids import Numbers
from visualizer.tracers.core.sockets import Addresses, address_text
from visualizer.tracers.runtimes.asyncio_.causes import is_of_asyncio
from visualizer.tracers.runtimes.asyncio_.library import Library
from visualizer.tracers.runtimes.asyncio_.tasks import Tasks
from visualizer.tracers.runtimes.generators.introspection import (
    chain,
    frame_of,
    is_generator,
    is_resuming,
    resumed_by,
)
from visualizer.tracers.runtimes.greenlets.call_sites import of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Mapping
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.lines import InCall
    from visualizer.tracers.core.sockets import Endpoint

    #: What a wait is for, and what its `on` is where that is no expression of the source.
    Told = tuple[InCall, str | None]

#: Coroutine functions of asyncio's in which an object is waited for, their `self` -> the reason.
_OF_OBJECTS = {
    "Event.wait": words.EVENT,
    "Lock.acquire": words.LOCK,
    "Condition.wait": words.CONDITION,
    "Semaphore.acquire": words.SEMAPHORE,
    "Queue.get": words.QUEUE,
    "Queue.put": words.QUEUE,
    "Queue.join": words.QUEUE,
    "Barrier.wait": words.BARRIER,
}
#: The same in which tracks are waited for -> where these are: a variable, or an attribute of `self`.
_OF_TRACKS = {
    "_wait": ("fs", ""),
    "_wait_for_one": ("self", "_todo"),
    "as_completed.<locals>._wait_for_one": ("todo", ""),
    "_AsCompletedIterator._wait_for_one": ("self", "_todo"),
    "TaskGroup.__aexit__": ("self", "_tasks"),
    "TaskGroup._aexit": ("self", "_tasks"),
}
#: In which something outside of the loop is waited for.
_OF_OUTSIDE = {
    "BaseEventLoop.getaddrinfo": words.DNS,
    "BaseEventLoop.getnameinfo": words.DNS,
    "BaseEventLoop.shutdown_default_executor": words.THREADPOOL,
    "to_thread": words.THREADPOOL,
    "BaseSubprocessTransport._wait": words.SUBPROCESS,
    "Process.communicate": words.SUBPROCESS,
}
#: In which a connection is waited for -> for what, and which variable has it.
_OF_SOCKETS = {
    "StreamReader._wait_for_data": (words.READ, "self"),
    "FlowControlMixin._drain_helper": (words.WRITE, "self"),
    "BaseSelectorEventLoop.sock_recv": (words.READ, "sock"),
    "BaseSelectorEventLoop.sock_recv_into": (words.READ, "sock"),
    "BaseSelectorEventLoop.sock_recvfrom": (words.READ, "sock"),
    "BaseSelectorEventLoop.sock_recvfrom_into": (words.READ, "sock"),
    "BaseSelectorEventLoop.sock_sendall": (words.WRITE, "sock"),
    "BaseSelectorEventLoop.sock_sendto": (words.WRITE, "sock"),
    "BaseSelectorEventLoop.sock_accept": (words.ACCEPT, "sock"),
    "BaseSelectorEventLoop.sock_connect": (words.CONNECT, "sock"),
}
#: What one of these is built on says less.
_OUTER = frozenset(("Queue.join", "Barrier.wait", "Process.communicate", "BaseEventLoop.getaddrinfo", *_OF_TRACKS))
#: Instructions by which `async with` enters something.
_ENTERS = frozenset(opcode.opmap[name] for name in ("BEFORE_ASYNC_WITH", "LOAD_SPECIAL") if name in opcode.opmap)
#: So many are remembered, so that memory does not grow with code that a program makes.
_MOST_STANDS = 4096


class Stand:
    """The places at which a chain of coroutines is suspended, and what can be told from these alone."""

    __slots__ = ("ats", "code", "enters", "limited", "name", "offset", "telling")

    def __init__(
        self, ats: list[tuple[CodeType, int]], number: int, telling: int, name: str, enters: list[int],
        limited: list[int],
    ) -> None:
        #: Code and offset of each; kept, so that the ids of the code objects stay their own.
        self.ats = ats
        #: The place of the program's own, or of a library's; none, if that is -1.
        self.code: CodeType | None = ats[number][0] if number >= 0 else None
        self.offset = ats[number][1] if number >= 0 else 0
        #: Which of them, a function of asyncio's of that name, tells what is waited for; -1 if none.
        self.telling = telling
        self.name = name
        #: Those that may be in an `async with`, and those whose variables tell a time limit.
        self.enters = enters
        self.limited = limited


class Waits:
    """Tells what tasks wait for. One for all loops."""

    def __init__(self, context: Context, library: Library, tasks: Tasks) -> None:
        self._own = context.own
        self._library = library
        self._tasks = tasks
        self._numbers = Numbers(self._known_track)
        self._addresses = Addresses()
        #: Types of what coroutines await that is no coroutine or the like, by their ids.
        self._ends: dict[int, type] = {}
        #: Where tasks were suspended, by what is the same whenever one is.
        self._stands: dict[tuple[int, ...], Stand] = {}

    def _known_track(self, thing: Any) -> int | None:
        known = self._tasks.of(thing)
        return known.track if known is not None else None

    # Where.

    def chain(self, task: Any) -> list[Any]:
        """The coroutines that a task is suspended in, the innermost last."""
        coroutine = self._library.get(task, "_coro")
        found: list[Any] = []
        while type(coroutine) is CoroutineType and coroutine.cr_frame is not None:
            found.append(coroutine)
            coroutine = coroutine.cr_await
        if id(type(coroutine)) in self._ends:
            return found
        if is_generator(coroutine) or is_resuming(coroutine):
            first = resumed_by(coroutine)
            found += [one for one in chain(first) if frame_of(one) is not None] if first is not None else []
        else:
            self._ends[id(type(coroutine))] = type(coroutine)
        return found

    def stand(self, task: Any) -> tuple[Stand, list[Any]]:
        """Where a task is suspended, and in which coroutines."""
        coroutines = self.chain(task)
        frames = [frame_of(one) for one in coroutines]
        # Of living code objects no two have the same sum, since the instructions lie inside of the object.
        key = tuple([id(frame.f_code) + frame.f_lasti for frame in frames])
        known = self._stands.get(key)
        if known is None:
            if len(self._stands) >= _MOST_STANDS:
                self._stands.clear()
            known = self._stands[key] = self._stand([(frame.f_code, frame.f_lasti) for frame in frames])
        return known, coroutines

    def _stand(self, ats: list[tuple[CodeType, int]]) -> Stand:
        names = [code.co_qualname if is_of_asyncio(code.co_filename) else "" for code, _ in ats]
        number = library = -1
        for at, (code, _) in enumerate(ats):
            if self._own(code):
                number = at
            elif not names[at]:
                library = at
        number = number if number >= 0 else library
        telling = -1
        for at in range(len(ats) - 1, number, -1):
            if names[at] in _TELLING and (telling < 0 or names[at] in _OUTER):
                telling = at
        enters = [at for at, (code, _) in enumerate(ats) if not _ENTERS.isdisjoint(code.co_code[::2])]
        limited = [at for at, name in enumerate(names) if name in ("wait_for", "_wait")]
        return Stand(ats, number, telling, names[telling] if telling >= 0 else "", enters, limited)

    # What.

    def of(self, t_ns: int, task: Any, stand: Stand, coroutines: list[Any]) -> Told:
        """What a task waits for that is suspended there."""
        if stand.telling >= 0:
            about, text = self._told(stand.name, frame_of(coroutines[stand.telling]))
        else:
            about, text = self._of_future(self._library.get(task, "_fut_waiter")), None
        if stand.enters or stand.limited:
            limit_ns = self._limit_ns(t_ns, stand, coroutines)
            if limit_ns >= 0 and not 0 <= about[1] <= limit_ns:
                about = about[0], limit_ns, *about[2:]
        return about, text

    def _told(self, name: str, frame: Any) -> Told:
        told: Told = of_variables(frame, lambda own: self._in(name, own))
        return told

    def _in(self, name: str, own: Mapping[str, Any]) -> Told:
        """What is waited for in the function of asyncio's of that name, which has these variables."""
        if name == "sleep":
            delay: Any = own.get("delay")
            if type(delay) is not float and type(delay) is not int:
                return (words.SLEEP, -1, "", None), None
            return (words.SLEEP, int(delay * 1_000_000_000), "", None), f"{delay:g} s"
        reason = _OF_OBJECTS.get(name)
        if reason is not None:
            return (reason, -1, self._numbers.name(own.get("self")), None), None
        reason = _OF_OUTSIDE.get(name)
        if reason is not None:
            return (reason, -1, "", None), None
        if name == "wait_for":
            return self._of_future(own.get("fut")), None
        if name in _OF_TRACKS:
            variable, attribute = _OF_TRACKS[name]
            there = own.get(variable)
            joined = _dictionary(there).get(attribute) if attribute else there
            return (words.JOIN, -1, self._joined(joined), None), None
        direction, variable = _OF_SOCKETS[name]
        endpoint = self._endpoint(direction, own.get(variable), own.get("address"))
        return (words.IO, -1, "", endpoint), None

    def _joined(self, things: Any) -> str:
        """The tracks that are waited for."""
        if type(things) in (set, frozenset, dict):
            known = [track for one in things if (track := self._known_track(one)) is not None]
            things = [one for _, one in sorted(zip(known, things, strict=False))] if len(known) == len(things) else []
        return self._numbers.name(things) if type(things) in (list, tuple) or self._library.is_task(things) else ""

    def _of_future(self, future: Any) -> InCall:
        """What a future is for, that is awaited as such."""
        library = self._library
        track = self._known_track(future)
        if track is not None:
            return words.JOIN, -1, f"track {track}", None
        if not library.is_future(future):
            return words.UNKNOWN, -1, "", None
        if type(future) is library.gathering:
            return words.JOIN, -1, self._joined(future._children), None
        for callback, _ in library.get(future, "_callbacks") or ():
            if type(callback) is FunctionType and is_of_asyncio(callback.__code__.co_filename):
                name = callback.__code__.co_qualname
                if name == "_chain_future.<locals>._call_check_cancel":
                    return words.THREADPOOL, -1, "", None
                if name == "shield.<locals>._outer_done_callback":
                    inner = dict(zip(callback.__code__.co_freevars, callback.__closure__ or (), strict=False))
                    return words.JOIN, -1, self._joined([inner["inner"].cell_contents]), None
        return words.FUTURE, -1, self._numbers.name(future), None

    def _endpoint(self, direction: str, thing: Any, address: Any) -> Endpoint | None:
        """The end of a connection that a socket, a stream or a protocol of one has."""
        own = _dictionary(thing)
        transport = _dictionary(own.get("_transport"))
        wrapped = _dictionary(transport.get("_ssl_protocol")).get("_transport")
        if wrapped is not None:
            transport = _dictionary(wrapped)
        real = transport.get("_sock", thing)
        fd, local, peer = self._addresses.of_socket(real, direction is words.ACCEPT)
        if fd < 0:
            fd = transport.get("_fileno", -1)
            return (fd, direction, "", "") if type(fd) is int and fd >= 0 else None
        if direction is words.CONNECT and not peer:
            module: Any = self._library.socket
            peer = address_text(module, module.socket.family.__get__(real), address)
        return fd, direction, local, peer

    # What was entered by `async with`.

    def _entered(self, stand: Stand, coroutines: list[Any]) -> list[Any]:
        """The objects whose `async with` block a suspended task is in, or about to enter."""
        found = gc.get_referents(*[coroutines[at] for at in stand.enters]) if stand.enters else []
        return [one.__self__ for one in found if type(one) is MethodType and one.__func__.__name__ == "__aexit__"]

    def _limit_ns(self, t_ns: int, stand: Stand, coroutines: list[Any]) -> int:
        """What is left until the first time limit that is around it; -1 if there is none."""
        first = -1
        for entered in self._entered(stand, coroutines):
            if type(entered) is self._library.timeout:
                first = self._sooner(first, t_ns, _dictionary(entered).get("_when"))
        for at in stand.limited:
            handle = of_variables(frame_of(coroutines[at]), lambda own: own.get("timeout_handle"))
            if handle is not None:
                first = self._sooner(first, t_ns, handle._when)
        return first

    def _sooner(self, first_ns: int, t_ns: int, when: Any) -> int:
        if type(when) is not float and type(when) is not int:
            return first_ns
        left_ns = max(0, int(when * 1_000_000_000) - t_ns)
        return left_ns if first_ns < 0 else min(first_ns, left_ns)

    def held(self, stand: Stand, coroutines: list[Any], thing: str) -> list[str]:
        """The locks and semaphores that a suspended task holds; it waits for `thing`."""
        locks = (one for one in self._entered(stand, coroutines) if self._library.is_lock(one))
        return [name for name in dict.fromkeys(map(self._numbers.name, locks)) if name and name != thing]


#: Functions that tell what is waited for in them.
_TELLING = frozenset(("sleep", "wait_for", *_OF_OBJECTS, *_OF_TRACKS, *_OF_OUTSIDE, *_OF_SOCKETS))


def _dictionary(thing: Any) -> dict[str, Any]:
    """The instance's own dictionary, without asking it; empty if it has none."""
    try:
        own = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return {}
    return own if type(own) is dict else {}
