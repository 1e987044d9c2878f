"""What a thread waits for in the program's own words: the outermost call of `threading`, `queue` or
`concurrent.futures` that it is in, with its object and its time limit; and whether a call waits at all.

All that is known of a wait in C is a lock. But the thread stands in that call, and its frames tell whose lock it is.
"""

from __future__ import annotations

import sys
from _queue import SimpleQueue as _SimpleQueue

from visualizer.trace import words
from visualizer.tracers.core import code as code_objects
from visualizer.tracers.core import syntax
from visualizer.tracers.core.call_sites import plain_value, work_out
from visualizer.tracers.core.lines import NO_VALUE
from visualizer.tracers.core.queue_sizes import by_dictionary
from visualizer.tracers.core.values import SEQUENCES, bases_of, dictionary, nanoseconds
from visualizer.tracers.core.variables import Unknown, of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.call_sites import Recipe

    #: Its name, or "" by position, and how it is worked out.
    Argument = tuple[str, Recipe | None]

#: Module, function in it -> why one waits there. None: it is no wait of its own.
_FUNCTIONS: dict[str, dict[str, str | None]] = {
    "threading": {
        "Event.wait": words.EVENT, "Condition.wait": words.CONDITION, "Condition.wait_for": words.CONDITION,
        "Condition.__enter__": words.LOCK, "_RLock.acquire": words.LOCK,
        "Semaphore.acquire": words.SEMAPHORE, "Barrier.wait": words.BARRIER, "Thread.join": words.JOIN,
        # A thread that is started runs before the one that starts it goes on.
        "Thread.start": None,
        "_shutdown": words.JOIN,
    },
    "queue": {"Queue.get": words.QUEUE, "Queue.put": words.QUEUE, "Queue.join": words.QUEUE},
    "concurrent.futures._base": {
        "Future.result": words.FUTURE, "Future.exception": words.FUTURE, "wait": words.FUTURE,
        "as_completed": words.FUTURE,
    },
    "concurrent.futures.thread": {"_worker": words.QUEUE},
    "selectors": {
        "SelectSelector.select": words.SELECT, "_PollLikeSelector.select": words.SELECT,
        "EpollSelector.select": words.SELECT,
    },
    "multiprocessing.connection": {
        "_ConnectionBase.recv": words.PIPE, "_ConnectionBase.recv_bytes": words.PIPE,
        "_ConnectionBase.recv_bytes_into": words.PIPE,
    },
    "multiprocessing.queues": {
        "Queue.get": words.QUEUE, "Queue.put": words.QUEUE, "JoinableQueue.put": words.QUEUE,
        "JoinableQueue.join": words.QUEUE, "SimpleQueue.get": words.QUEUE, "SimpleQueue.put": words.QUEUE,
    },
    "multiprocessing.synchronize": {
        "SemLock.__enter__": words.LOCK, "Condition.__enter__": words.LOCK, "Condition.wait": words.CONDITION,
        "Condition.wait_for": words.CONDITION, "Event.wait": words.EVENT,
    },
    "multiprocessing.process": {"BaseProcess.join": words.JOIN},
    "multiprocessing.popen_fork": {"Popen.wait": words.JOIN},
    "subprocess": {"Popen.wait": words.SUBPROCESS},
}
#: Where in them one waits for what these are about. Anywhere else, it is for a lock that they have for themselves.
_WAIT = frozenset(("Condition.wait", "Thread._wait_for_tstate_lock", "_shutdown"))
#: Acquires what a Condition is made with.
_ENTERS = "Condition.__enter__"
#: What these of `threading` acquire, something else releases.
_SIGNALS = ("Condition.wait", "Thread._set_tstate_lock")
#: Nobody's code calls these.
_CALL_THEMSELVES = frozenset(("_worker", "_shutdown"))
#: The modules in which they stand.
MODULES = tuple(_FUNCTIONS)
#: Functions of theirs that run code of the program.
_RUN = frozenset(("Thread.run", "_WorkItem.run"))
#: Parameters of the calls of C's that tell how long they may wait.
PARAMETERS = {"blocking": "blocks", "block": "blocks", "timeout": "limit"}
BLOCKS_AND_LIMIT, LIMIT = ("blocks", "limit"), ("limit",)
#: Of a socket's `connect`.
ADDRESS = ("address",)
#: Of what writes: to a socket, a FileIO; a descriptor.
DATA, DATA_OF_DESCRIPTOR = ("data",), ("fd", "data")
#: In place of the name of an argument: `*it`, `**it`.
_EACH, _EACH_BY_NAME = "*", "**"
#: Of select.select.
TO_READ, TO_WRITE = "read", "write"
SELECT_LIMIT = (TO_READ, TO_WRITE, "except", "limit")
#: Nothing was passed.
_LEFT_OUT = {"blocks": True, "limit": None}


class Awaited:
    """`reason` of a wait; `thing`: the object, or None. `limit_ns`: for how long at most, or NO_LIMIT, UNKNOWN_LIMIT.

    `function`: the code that waits, None if that is the one that calls C; `frame`: what calls that.
    """

    __slots__ = ("frame", "function", "limit_ns", "reason", "thing")

    def __init__(self, reason: str, thing: Any, limit_ns: int, frame: Any, function: CodeType | None = None) -> None:
        self.reason = reason
        self.thing = thing
        self.limit_ns = limit_ns
        self.frame = frame
        self.function = function


class Primitives:
    """Those of one recording."""

    def __init__(self) -> None:
        #: Function's code, by its id -> reason. The modules keep the code.
        self._reasons: dict[int, str | None] = {}
        #: Those of a selector's `select`, by their ids.
        self.selecting: set[int] = set()
        self._files: set[str] = set()
        #: The functions, by the ids of their code, out of which a child of multiprocessing's is run: what is called
        #: there is its own.
        self.children: set[int] = set()
        #: The functions, by the ids of their code, that acquire locks which something else releases.
        self.signals: set[int] = set()
        self._items_of_queue: Callable[[Any], Any] = lambda queue: None
        self._items_of_shared: Callable[[Any], Any] = lambda queue: None
        #: What a call of C's passes, by its place: how its arguments are worked out. With its code.
        self._arguments: dict[tuple[int, int], tuple[CodeType, list[Argument] | None]] = {}

    def learn(self, name: str, module: Any) -> list[CodeType]:
        """The program has imported that module, one of MODULES. Return its functions in which one waits."""
        learned = []
        if name == "queue":
            self._items_of_queue = by_dictionary(module.Queue, "maxsize", "queue")
        if name == "multiprocessing.queues":
            self._items_of_shared = _by_semaphore(module)
        if name == "multiprocessing.process":
            self.children.add(id(module.BaseProcess._bootstrap.__code__))
        elif name == "multiprocessing.popen_fork":
            # That forks; the child calls the functions of `atexit` there (3.13).
            self.children.add(id(module.Popen._launch.__code__))
        for path, reason in _FUNCTIONS[name].items():
            code = code_of(module, path)
            if code is not None:
                self._reasons[id(code)] = reason
                self._files.add(code.co_filename)
                if reason == words.SELECT:
                    self.selecting.add(id(code))
                learned.append(code)
        if name == "threading":
            self.signals.update(id(code_of(module, path)) for path in _SIGNALS)
        return learned

    def items(self, queue: Any) -> Any:
        """What a queue that takes any number keeps its items in, or how many they are; None if it is no such queue."""
        kind = type(queue)
        if kind is _SimpleQueue:
            return int(_SimpleQueue.qsize(queue))
        items = self._items_of_queue(queue)
        return self._items_of_shared(queue) if items is None else items

    def selects(self, code: CodeType) -> bool:
        """Whether that is a selector's `select`."""
        return id(code) in self.selecting

    def is_among(self, code: CodeType) -> bool:
        """Whether it stands in one of their modules."""
        return code.co_filename in self._files

    def is_of_child(self, frame: Any) -> bool:
        """Whether `frame` is in what a child of multiprocessing's does."""
        while self.children and frame is not None:
            if id(frame.f_code) in self.children:
                return True
            frame = frame.f_back
        return False

    def above(self, frame: Any, is_lock: bool) -> Awaited | None:
        """The outermost of them that `frame` is in, whose call of C's acquires a lock (`is_lock`), or does something
        else; None if it waits for that itself. Raise Unknown if that is no wait of its own."""
        found, reason, code, files, reasons = None, None, frame.f_code, self._files, self._reasons
        if code.co_filename not in files:
            return None
        is_own = is_lock and code.co_qualname not in _WAIT
        while code.co_filename in files:
            its = reasons.get(id(code), "")
            if its is None:
                raise Unknown
            if its:
                found, reason = frame, its
            elif code.co_qualname in _RUN:
                break
            frame = frame.f_back
            if frame is None:
                break
            code = frame.f_code
        if found is None or reason is None or is_own:
            return None
        thing, limit = of_variables(found, lambda known: (known.get("self"), known.get("timeout")))
        if found.f_code.co_qualname in _CALL_THEMSELVES or found.f_back is None:
            return Awaited(reason, thing, nanoseconds(limit), found)
        return Awaited(reason, thing, nanoseconds(limit), found.f_back, found.f_code)

    def limit(self, frame: Any, parameters: tuple[str, ...]) -> int | None:
        """How long the call of C's that `frame` is in waits at most, in ns, or NO_LIMIT, UNKNOWN_LIMIT; 0 if it does
        not wait; None if it is not known whether it does."""
        passed = self.passed(frame, parameters)
        if passed is None:
            return None
        blocks, limit = (passed.get(name, default) for name, default in _LEFT_OUT.items())
        if blocks is NO_VALUE:
            return None
        return limit_of(limit) if blocks else 0

    def has_for_itself(self, frame: Any) -> bool:
        """Whether it is a lock that one of them has for itself which `frame` acquires: not that of the program's
        Condition."""
        if frame.f_code.co_qualname == _ENTERS:
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename in self._files

    def waits_for_ever(self, frame: Any) -> bool:
        """Whether the call of C's that `frame` is in is known to wait as long as it takes."""
        passed = self.passed(frame, BLOCKS_AND_LIMIT)
        if passed is None:
            return False
        blocks, limit = (passed.get(name, default) for name, default in _LEFT_OUT.items())
        return blocks is True and (limit is None or ((type(limit) is int or type(limit) is float) and limit == -1))

    def passed(self, frame: Any, parameters: tuple[str, ...]) -> dict[str, Any] | None:
        """What the call of C's that `frame` is in is given for these, as far as it is given, NO_VALUE where that is not
        known; None if even that cannot be told."""
        code, offset = frame.f_code, frame.f_lasti
        known = self._arguments.get((id(code), offset))
        if known is None:
            known = self._arguments[id(code), offset] = code, _arguments(code, offset)
        if known[1] is None:
            return None
        given: list[Any] = []
        named: dict[str, Any] = {}
        for name, recipe in known[1]:
            value = work_out(recipe, frame)
            if name == _EACH:
                if id(type(value)) not in SEQUENCES:
                    return None
                given += value
            elif name == _EACH_BY_NAME:
                if type(value) is not dict or any(type(key) is not str for key in value):
                    return None
                named |= value
            elif name:
                named[name] = value
            else:
                given.append(value)
        if not named.keys() <= PARAMETERS.keys():
            return None
        passed = dict(zip(parameters, given, strict=False))
        return passed | {PARAMETERS[name]: value for name, value in named.items()}


def limit_of(limit: Any) -> int:
    """What is passed as a time limit, in ns, or NO_LIMIT, UNKNOWN_LIMIT."""
    return words.UNKNOWN_LIMIT if limit is NO_VALUE else nanoseconds(limit)


def waits_for_itself(frame: Any) -> bool:
    """Whether `frame` is that of a `shutdown()` of a server of socketserver's, which waits until its `serve_forever()`
    is over, and is called by that, as in a handler."""
    server = _server(frame, "BaseServer.shutdown")
    while server is not None and (frame := frame.f_back) is not None:
        if _server(frame, "BaseServer.serve_forever") is server:
            return True
    return False


def _server(frame: Any, function: str) -> Any:
    code = frame.f_code
    if code.co_qualname != function or code.co_filename != _file_of("socketserver"):
        return None
    return of_variables(frame, lambda known: known.get("self"))


def _file_of(module: str) -> Any:
    return getattr(sys.modules.get(module), "__file__", None)


def code_of(module: Any, path: str) -> CodeType | None:
    """That of the function with such a path in the module, if it is there."""
    found = module
    for part in path.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return getattr(found, "__code__", None)


def _arguments(code: CodeType, offset: int) -> list[Argument] | None:
    """What is passed in that call, those by position first; None if that cannot be told."""
    text = code_objects.segment(code_objects.place(code, offset))
    call: Any = syntax.expression(text) if text is not None else None
    if call is None:
        return None
    if type(call).__name__ != "Call":
        # Of a `with`.
        return []
    found: list[Argument] = []
    for node in call.args:
        is_each = type(node).__name__ == "Starred"
        found.append((_EACH if is_each else "", plain_value(node.value if is_each else node)))
    return found + [(one.arg or _EACH_BY_NAME, plain_value(one.value)) for one in call.keywords]


def _by_semaphore(module: Any) -> Callable[[Any], Any]:
    """How many items there are in a queue of multiprocessing's that takes any number: so many less than the most that a
    semaphore counts. What its process has put is among them, whether it has been sent or not."""
    shared: Any = sys.modules["_multiprocessing"]
    semaphore: Any = shared.SemLock
    kind, most, value_of = module.Queue, semaphore.SEM_VALUE_MAX, semaphore._get_value

    def items(queue: Any) -> int | None:
        if not any(base is kind for base in bases_of(type(queue))):
            return None
        own = dictionary(queue)
        lock = dictionary(own.get("_sem")).get("_semlock")
        if type(lock) is not semaphore or type(limit := own.get("_maxsize")) is not int or limit != most:
            return None
        try:
            return int(most - value_of(lock))
        except NotImplementedError:
            return None  # macOS has nothing that tells it.

    return items
