"""What a task waits for: the reason, the object, the time limit and the place, from the coroutines that it is suspended
in.

The innermost of these that is the program's own tells the place, and what asyncio's own below it are about tells the
rest. Their variables are read, and what they have entered by `async with`, which lies on their stacks: there the
garbage collector finds it.
"""

from __future__ import annotations

import gc
import opcode
import os
import sys
from types import BuiltinFunctionType, CoroutineType, FunctionType, GeneratorType, MethodType

from visualizer.trace import words
from visualizer.tracers.core.code import is_generated
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.object_ids import Numbers
from visualizer.tracers.core.queue_sizes import Sizes, by_dictionary
from visualizer.tracers.core.sockets import Addresses, address_text
from visualizer.tracers.core.values import (
    CONTAINERS,
    NUMBERS,
    SEQUENCES,
    bases_of,
    nanoseconds,
    own_attribute,
    slot_of,
    type_module,
    type_name,
)
from visualizer.tracers.core.variables import of_variables
from visualizer.tracers.runtimes.asyncio_.causes import is_of_asyncio
from visualizer.tracers.runtimes.asyncio_.library import Library
from visualizer.tracers.runtimes.asyncio_.scopes import Scopes
from visualizer.tracers.runtimes.asyncio_.tasks import Tasks
from visualizer.tracers.runtimes.generators.introspection import (
    chain,
    frame_of,
    handler,
    is_generator,
    is_resuming,
    resumed_by,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Mapping
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer
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
    "as_completed.<locals>._wait_for_one": ("todo", ""),  # of `as_completed` (3.11, 3.12)
    "_AsCompletedIterator._wait_for_one": ("self", "_todo"),
    "TaskGroup.__aexit__": ("self", "_tasks"),
    "TaskGroup._aexit": ("self", "_tasks"),
}
#: In which there may be a time limit -> where its timer is, in the same way.
_LIMITED = {
    "wait_for": ("timeout_handle", ""),
    "_wait": ("timeout_handle", ""),
    "as_completed.<locals>._wait_for_one": ("timeout_handle", ""),
    "_AsCompletedIterator._wait_for_one": ("self", "_timeout_handle"),
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
#: In which a connection is waited for -> for what, and where its transport or socket is: a variable, and attributes one
#: of the other.
_OF_SOCKETS = {
    "StreamReader._wait_for_data": (words.READ, "self", "_transport"),
    "FlowControlMixin._drain_helper": (words.WRITE, "self", "_transport"),
    "BaseSelectorEventLoop.sock_recv": (words.READ, "sock"),
    "BaseSelectorEventLoop.sock_recv_into": (words.READ, "sock"),
    "BaseSelectorEventLoop.sock_recvfrom": (words.READ, "sock"),
    "BaseSelectorEventLoop.sock_recvfrom_into": (words.READ, "sock"),
    "BaseSelectorEventLoop.sock_sendall": (words.WRITE, "sock"),
    "BaseSelectorEventLoop.sock_sendto": (words.WRITE, "sock"),
    "BaseSelectorEventLoop.sock_accept": (words.ACCEPT, "sock"),
    "BaseSelectorEventLoop.sock_connect": (words.CONNECT, "sock"),
    "aiohttp:DataQueue.read": (words.READ, "self", "transport"),
    "aiohttp:StreamReader._wait": (words.READ, "self", "_protocol", "transport"),
    "aiohttp:BaseProtocol._drain_helper": (words.WRITE, "self", "transport"),
    # Below these it is compiled.
    "aiohttp:ClientWebSocketResponse.receive": (words.READ, "self", "_writer", "transport"),
    "aiohttp:WebSocketResponse.receive": (words.READ, "self", "_writer", "transport"),
}
#: What one of these is built on says less.
_OUTER = frozenset(("Queue.join", "Barrier.wait", "Process.communicate", "BaseEventLoop.getaddrinfo", *_OF_TRACKS))
#: The instructions by which an `async with` begins to deal with an exception; a `with` awaits nothing there.
_LEAVES = bytes((opcode.opmap["PUSH_EXC_INFO"], 0, opcode.opmap["WITH_EXCEPT_START"], 0, opcode.opmap["GET_AWAITABLE"]))
#: Classes of timers that may be asked when they are due.
_TIMERS = frozenset((("asyncio.events", "TimerHandle"), ("uvloop.loop", "TimerHandle")))
#: Whether a frame makes a dictionary of its variables for who asks, and keeps that.
_ARE_SNAPSHOTS = sys.version_info < (3, 13)
#: Stands for the functions in which there is a time limit, where that is anyio's.
_BY_SCOPES = -1
#: So many are remembered, so that memory does not grow with code that a program makes.
_MOST_STANDS = 4096


def _told_by(code: CodeType) -> str:
    """The name of a function of asyncio's, or of one of aiohttp's in which a connection is waited for; else ""."""
    if is_of_asyncio(code.co_filename):
        return code.co_qualname
    name = f"aiohttp:{code.co_qualname}"
    return name if name in _OF_SOCKETS and f"{os.sep}aiohttp{os.sep}" in code.co_filename else ""


class Stand:
    """The places at which a chain of coroutines is suspended, and what can be told from these alone."""

    __slots__ = (
        "ats", "buffer", "code", "enters", "is_entering", "join", "limited", "name", "offset", "place", "regains",
        "shape", "sleeps", "telling", "turn",
    )

    def __init__(
        self, ats: list[tuple[CodeType, int]], number: int, telling: int, name: str, enters: list[int],
        limited: list[int], is_entering: bool, regains: bool,
    ) -> None:
        #: Code and offset of each; kept, so that the ids of the code objects stay their own.
        self.ats = ats
        #: The place of the program's own, or of a library's; none, if that is -1.
        self.code: CodeType | None = ats[number][0] if number >= 0 else None
        self.offset = ats[number][1] if number >= 0 else 0
        #: Which of them, a function of asyncio's of that name, tells what is waited for; -1 if none.
        self.telling = telling
        self.name = name
        #: Those that are in an `async with`, and those whose variables tell a time limit.
        self.enters = enters
        self.limited = limited
        #: Whether one of these is about to enter a lock as well; and whether a condition is waited for, whose lock the
        #: task does not have meanwhile.
        self.is_entering = is_entering
        self.regains = regains
        #: In which thread the shapes below are known (`learn`). Of waiting there as one did before (short way:
        #: `thing`), or of sleeping, by how long that was to be; none where a limit, or an `async with`, tells more.
        self.buffer: Buffer | None = None
        self.shape = -1
        self.sleeps: dict[float, int] = {}
        #: Of waiting there for a task's end.
        self.join = -1
        #: The same of giving way there; and what is `Task.place` then.
        self.turn = -1
        self.place: tuple[int, CodeType] | None = None

    def learn(self, buffer: Buffer) -> None:
        """A shape of this place is known to `buffer`: forget those that another one knows."""
        if self.buffer is not buffer:
            self.buffer, self.shape, self.join, self.turn, self.place = buffer, -1, -1, -1, None
            self.sleeps.clear()


def _is_within(code: CodeType, offset: int) -> bool:
    """Whether that place of a function is inside of an `async with`."""
    seen = set()
    while offset >= 0 and offset not in seen:
        seen.add(offset)
        offset = handler(code, offset)
        if code.co_code[offset : offset + len(_LEAVES)] == _LEAVES:
            return True
    return False


class Waits:
    """Tells what tasks wait for. One for all loops."""

    def __init__(
        self, context: Context, library: Library, tasks: Tasks, failed: Callable[[BaseException], None]
    ) -> None:
        """`failed` is called with what a hook has raised."""
        self._own = context.own
        self._library = library
        self.task = library.task
        self._tasks = tasks
        self.sizes = Sizes(by_dictionary(library.queue, "_maxsize", "_queue"), lambda thing: self.numbers.name(thing))
        self.numbers = Numbers(self._known_track, self.sizes.met, library.future, context.stream.new_table)
        self._addresses = Addresses()
        #: Both addresses of a connection that the program has opened, for which a task waits as the first; "" once that
        #: is told. And those that were told.
        self.opened = ""
        self._openings: set[str] = set()
        #: Slots by the ids of types, which are kept, and their names.
        self._slots: dict[tuple[int, str], tuple[type, Any]] = {}
        #: Types of what coroutines await that is no coroutine or the like, by their ids.
        self.ends: dict[int, type] = context.stream.new_table()
        #: Where tasks were suspended, by what is the same whenever one is; nothing while there are limits that no place
        #: tells (scopes.py), so that nothing goes the short way. Then these are kept, and others are used.
        self.stands: dict[tuple[int, ...], Stand] = {}
        self._kept: dict[tuple[int, ...], Stand] = {}
        self._in_scopes: dict[tuple[int, ...], Stand] = {}
        self._scoped = False
        self.scopes = Scopes(failed, context.compiled, self._turn)

    def _known_track(self, thing: Any) -> int | None:
        known = self._tasks.of(thing)
        return known.track if known is not None else None

    def _turn(self, scoped: bool) -> None:
        """From now on there are limits that no place tells, or none any more."""
        self._scoped = scoped
        if scoped:
            self._kept.update(self.stands)
            self.stands.clear()
        else:
            self.stands.update(self._kept)
            self._kept.clear()

    # Where.

    def stand(self, task: Any) -> tuple[Stand, list[Any]]:
        """Where a task is suspended, and in which coroutines, the innermost last."""
        coroutine = task._coro if type(task) is self._library.task else self._library.get(task, "_coro")
        coroutines: list[Any] = []
        # Of living code objects no two have the same sum, since the instructions lie inside of the object.
        ats: list[int] = []
        while type(coroutine) is CoroutineType:
            frame = coroutine.cr_frame
            if frame is None:
                break
            coroutines.append(coroutine)
            ats.append(id(coroutine.cr_code) + frame.f_lasti)
            coroutine = coroutine.cr_await
        if id(type(coroutine)) not in self.ends:
            rest = self._below(coroutine)
            coroutines += rest
            ats += [id(frame.f_code) + frame.f_lasti for frame in map(frame_of, rest)]
        key = tuple(ats)
        stands = self._in_scopes if self._scoped else self.stands
        known = stands.get(key)
        if known is None:
            if len(stands) >= _MOST_STANDS:
                stands.clear()
            frames = [frame_of(one) for one in coroutines]
            for frame in frames:
                self.sizes.waits_in(frame, self._own)
            known = stands[key] = self._stand([(frame.f_code, frame.f_lasti) for frame in frames])
            if self._scoped:
                known.limited.append(_BY_SCOPES)
        return known, coroutines

    def _below(self, awaited: Any) -> list[Any]:
        """What a chain of coroutines goes on with that awaits this, which is none or has none."""
        if is_generator(awaited) or is_resuming(awaited):
            first = resumed_by(awaited)
            return [one for one in chain(first) if frame_of(one) is not None] if first is not None else []
        self.ends[id(type(awaited))] = type(awaited)
        return []

    def _stand(self, ats: list[tuple[CodeType, int]]) -> Stand:
        names = [_told_by(code) for code, _ in ats]
        number = library = -1
        for at, (code, _) in enumerate(ats):
            if self._own(code):
                number = number if number >= 0 and is_generated(code) else at
            elif not names[at]:
                library = at
        number = number if number >= 0 else library
        telling = -1
        for at in range(len(ats) - 1, number, -1):
            if names[at] in _TELLING and (telling < 0 or names[at] in _OUTER):
                telling = at
        enters = [at for at, (code, offset) in enumerate(ats) if _is_within(code, offset)]
        # What `wait_for` has cancelled it waits for as long as that takes (up to 3.11).
        inner = [code.co_qualname for code, _ in ats[1:]] + [""]
        limited = [at for at, name in enumerate(names) if name in _LIMITED and inner[at] != "_cancel_and_wait"]
        name = names[telling] if telling >= 0 else ""
        is_entering = any(name.endswith(".__aenter__") and at - 1 in enters for at, name in enumerate(names))
        return Stand(ats, number, telling, name, enters, limited, is_entering, "Condition.wait" in names)

    # What.

    def of(
        self, t_ns: int, task: Any, future: Any, stand: Stand, coroutines: list[Any], entered: list[Any]
    ) -> Told:
        """What a task waits for that is suspended there, by `future`."""
        if stand.telling >= 0:
            frame = _with_variables(coroutines, stand.telling)
            about, text = self._told(stand.name, frame) if frame is not None else ((words.JOIN, -1, "", None), None)
        else:
            about, text = self._of_future(future), None
        if entered or stand.limited:
            limit_ns = self._limit_ns(t_ns, task, stand, coroutines, entered)
            if limit_ns != words.NO_LIMIT and not 0 <= about[1] <= limit_ns:
                about = about[0], limit_ns, *about[2:]
        return about, text

    def _told(self, name: str, frame: Any) -> Told:
        told: Told = of_variables(frame, lambda own: self._in(name, own, frame.f_code))
        return told

    def _in(self, name: str, own: Mapping[str, Any], code: CodeType) -> Told:
        """What is waited for in the function of that name, which has these variables."""
        if name == "sleep":
            delay = own.get("delay")
            asked_ns = nanoseconds(delay)
            return (words.SLEEP, asked_ns, "", None), f"{delay:g} s" if asked_ns >= 0 else None
        reason = _OF_OBJECTS.get(name)
        if reason is not None:
            return (reason, -1, self.numbers.name(own.get("self")), None), None
        reason = _OF_OUTSIDE.get(name)
        if reason is not None:
            # Of a transport: `communicate` waits for other things first.
            pid = own_attribute(own.get("self"), "_pid") if reason is words.SUBPROCESS else None
            return (reason, -1, f"process {pid}" if type(pid) is int else "", None), None
        if name == "wait_for":
            return self._of_future(own.get("fut")), None
        if name in _OF_TRACKS:
            variable, attribute = _OF_TRACKS[name]
            there = own.get(variable)
            joined = own_attribute(there, attribute) if attribute else there
            return (words.JOIN, -1, self._joined(joined), None), None
        direction, variable, *attributes = _OF_SOCKETS[name]
        whose = thing = own.get(variable)
        for attribute in attributes:
            thing = self._stored(thing, attribute)
        endpoint = self._endpoint(direction, thing, own.get("address"))
        if attributes and endpoint is not None and self._has_connection(whose, code):
            fd, _, local, peer = endpoint
            # Where it is called so, a wait like this one is a row (`thing`).
            called = self.numbers.call(whose, f"fd {fd} {local} {peer}") if local and peer else ""
            if called.count(" ") == 3:
                return (words.IO, -1, called, (-1, direction, "", "")), None
        return (words.IO, -1, "", endpoint), None

    def _has_connection(self, thing: Any, code: CodeType) -> bool:
        """Whether it is of the class that has that method, in which its connection is waited for."""
        for base in bases_of(type(thing)):
            method = base.__dict__.get(code.co_name)
            if type(method) is FunctionType and method.__code__ is code:
                self.numbers.called[id(base)] = base
                return True
        return False

    def _stored(self, thing: Any, name: str) -> Any:
        """An attribute of an object's own, in a slot or its dictionary; None if it has none."""
        key = id(type(thing)), name
        if key not in self._slots:
            if len(self._slots) >= _MOST_STANDS:
                self._slots.clear()
            self._slots[key] = type(thing), slot_of(type(thing), name)
        slot = self._slots[key][1]
        try:
            return slot.__get__(thing) if slot is not None else own_attribute(thing, name)
        except AttributeError:
            return None

    def _joined(self, things: Any) -> str:
        """The tracks that are waited for."""
        if id(type(things)) in CONTAINERS - SEQUENCES:
            known = [track for one in things if (track := self._known_track(one)) is not None]
            things = [one for _, one in sorted(zip(known, things, strict=False))] if len(known) == len(things) else []
        return self.numbers.name(things) if id(type(things)) in SEQUENCES or self._library.is_task(things) else ""

    def may_be_short(self, stand: Stand, reason: str | None) -> bool:
        """Whether `thing` tells all that there is to tell of who waits there, for that reason."""
        if stand.enters or stand.limited:
            return False
        return reason is words.FUTURE if stand.telling < 0 else stand.name in _OF_SELF

    def awaited(self, stand: Stand, future: Any) -> str:
        """The task that is awaited there, by `future`, where that tells all there is to tell; else "".

        Only of asyncio's own class, as others may be more than that.
        """
        if stand.telling >= 0 or stand.enters or stand.limited or type(future) is not self.task:
            return ""
        known = self._tasks.of(future)
        return f"track {known.track}" if known is not None else ""

    def delay(self, stand: Stand, coroutines: list[Any]) -> Any:
        """How long who waits there asked to sleep; None of what is no `asyncio.sleep`, or where what is around it tells
        more."""
        if stand.name != "sleep" or stand.enters or stand.limited:
            return None
        delay = self._variable(coroutines[stand.telling], "delay")
        return delay if id(type(delay)) in NUMBERS else None

    def thing(self, stand: Stand, future: Any, coroutines: list[Any]) -> str:
        """What is waited for there, where `may_be_short` is true and it is again of the same kind; else ""."""
        if stand.telling < 0:
            return self.numbers.of_no_track(future) if self.is_plain(future) else ""
        return self.numbers.of_no_track(self._variable(coroutines[stand.telling], "self"))

    def _variable(self, coroutine: Any, name: str) -> Any:
        """A variable of a coroutine function of asyncio's."""
        variables = coroutine.cr_frame.f_locals
        found = variables[name]
        if _ARE_SNAPSHOTS:
            variables.clear()  # As `of_variables` does.
        return found

    def is_plain(self, future: Any) -> bool:
        """Whether it is a future of asyncio's own class, for which one task waits and nobody else."""
        if type(future) is not self._library.future:
            return False
        callbacks = future._callbacks
        return callbacks is not None and len(callbacks) == 1 and type(callbacks[0][0]) is BuiltinFunctionType

    def _of_future(self, future: Any) -> InCall:
        """What a future is for, that is awaited as such."""
        library = self._library
        if self.is_plain(future):
            return words.FUTURE, -1, self.numbers.of_no_track(future), None
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
                    return self._of_future(inner["inner"].cell_contents)
        return words.FUTURE, -1, self.numbers.name(future), None

    def _endpoint(self, direction: str, thing: Any, address: Any) -> Endpoint | None:
        """The end of a connection that a socket or a transport has."""
        transport = own_attribute(own_attribute(thing, "_ssl_protocol"), "_transport")
        if transport is None:
            transport = thing
        real = own_attribute(transport, "_sock", thing)
        fd, local, peer = self._addresses.of_socket(real, direction is words.ACCEPT)
        if local and peer and own_attribute(transport, "_server", self) is None:
            # No server has accepted it.
            between = f"{local} {peer}"
            if between not in self._openings:
                if len(self._openings) >= _MOST_STANDS:
                    self._openings.clear()
                self._openings.add(between)
                self.opened = between
        if fd < 0:
            fd = own_attribute(transport, "_fileno", -1)
            return (fd, direction, "", "") if type(fd) is int and fd >= 0 else None
        if direction is words.CONNECT and not peer:
            module: Any = self._library.socket
            peer = address_text(module, module.socket.family.__get__(real), address)
        return fd, direction, local, peer

    # What was entered by `async with`.

    def entered(self, stand: Stand, coroutines: list[Any]) -> list[Any]:
        """The objects whose `async with` block a suspended task is in."""
        found = gc.get_referents(*[coroutines[at] for at in stand.enters]) if stand.enters else []
        entered = []
        for one, behind in zip(found, (*found[1:], None), strict=True):
            if type(one) is MethodType and type(one.__func__) is FunctionType:
                if one.__func__.__name__ == "__aexit__":
                    entered.append(one.__self__)
            elif type(one) is FunctionType and one.__name__ == "__aexit__":
                entered.append(behind)  # From 3.14 on the method and its object lie there apart.
        return entered

    def _limit_ns(self, t_ns: int, task: Any, stand: Stand, coroutines: list[Any], entered: list[Any]) -> int:
        """What is left until the first time limit that is around it, or NO_LIMIT, UNKNOWN_LIMIT."""
        first = words.NO_LIMIT
        for one in entered:
            # Once it has struck, its timer is gone.
            if type(one) is self._library.timeout and own_attribute(one, "_timeout_handler") is not None:
                first = self._sooner(first, t_ns, own_attribute(one, "_when"))
        for at in stand.limited:
            if at == _BY_SCOPES:
                when = self.scopes.first(task) if type(task) is self.task else words.UNKNOWN_LIMIT
                if when == words.UNKNOWN_LIMIT:
                    return words.UNKNOWN_LIMIT
                first = self._sooner(first, t_ns, when)
                continue
            frame = _with_variables(coroutines, at)
            if frame is None:
                return words.UNKNOWN_LIMIT
            variable, attribute = _LIMITED[stand.ats[at][0].co_qualname]
            there = _variable(frame, variable)
            handle = own_attribute(there, attribute) if attribute else there
            # uvloop's has another class if it is due at once.
            if (type_module(type(handle)), type_name(type(handle))) in _TIMERS:
                first = self._sooner(first, t_ns, handle.when())
        return first

    def _sooner(self, first_ns: int, t_ns: int, when: Any) -> int:
        when_ns = nanoseconds(when)
        if when_ns < 0:
            return first_ns
        left_ns = max(0, when_ns - t_ns)
        return left_ns if first_ns < 0 else min(first_ns, left_ns)

    def held(self, stand: Stand, entered: list[Any], thing: str) -> list[str]:
        """The locks and semaphores among these, which a suspended task holds; it waits for `thing`.

        A lock that it waits for itself is one of them if it has it already.
        """
        locks = []
        for one in entered:
            if self._library.is_condition(one):
                locks += [] if stand.regains else [own_attribute(one, "_lock")]
            elif self._library.is_lock(one):
                locks.append(one)
        names = [self.numbers.name(one) for one in locks]
        found = [name for name in dict.fromkeys(names) if name and name != thing]
        # What is about to be entered is among these; and a semaphore may let one in several times.
        if names.count(thing) > stand.is_entering and thing.startswith("Lock "):
            found.append(thing)
        return found


def _variable(frame: Any, name: str) -> Any:
    """One of a frame of asyncio's; None if it has none of that name."""
    return of_variables(frame, lambda own: own.get(name))


def _with_variables(coroutines: list[Any], at: int) -> Any:
    """The frame that has the variables of that function of asyncio's; None if it is not found.

    What `as_completed` gives has its own (up to 3.12): who awaits one in a `for` has it on the stack.
    """
    frame = frame_of(coroutines[at])
    if frame.f_code.co_qualname != "as_completed.<locals>._wait_for_one":
        return frame
    done = _variable(frame, "done")
    for one in gc.get_referents(coroutines[at - 1]) if at else ():
        if type(one) is GeneratorType and one.gi_code.co_qualname == "as_completed" and one.gi_frame is not None:
            if _variable(one.gi_frame, "done") is done:
                return one.gi_frame
    return None


#: Those that tell it by their `self` alone.
_OF_SELF = frozenset((*_OF_OBJECTS, *(name for name, (_, variable, *_) in _OF_SOCKETS.items() if variable == "self")))
#: Functions that tell what is waited for in them.
_TELLING = frozenset(("sleep", "wait_for", *_OF_OBJECTS, *_OF_TRACKS, *_OF_OUTSIDE, *_OF_SOCKETS))
