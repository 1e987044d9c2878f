"""Watches threads up to Python 3.13, by the recorder in C: the functions that may block are called by way of it.

Ordinary calls cost what they do without us, and so do those functions in a program that starts no thread. What the
hooks here are told, from the first thread on (or the first process that may talk to others by multiprocessing), is a
call's object and arguments, before it is made and after: a lock that is free, or that nobody waits for, the recorder
notes by itself. What a function in Python of the standard library's does is told by what it calls (on 3.11 no event
tells of it): Thread.start starts a thread, a worker of a pool gets what it is to work on.
"""

from __future__ import annotations

import _thread
import os
import sys
from _io import FileIO
from types import CodeType, MethodType, ModuleType

from visualizer.tracers.core.buffer import Buffer
from visualizer.tracers.core.compiled import built
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.lines import NO_VALUE
from visualizer.tracers.core.output import PRINTS
from visualizer.tracers.core.values import NUMBERS, dictionary, type_name
from visualizer.tracers.core.variables import of_variables
from visualizer.tracers.runtimes.threads.asked import Asked
from visualizer.tracers.runtimes.threads.births import Births
from visualizer.tracers.runtimes.threads.calls import (
    ACQUIRE,
    ACQUIRE_AGAIN,
    ACQUIRE_SHARED,
    CALLING,
    GET,
    GET_NOW,
    OF_PROCESSES,
    OF_SELECT,
    OF_WRITERS,
    PUT,
    READ,
    RELEASE_AGAIN,
    RELEASE_SHARED,
    SAVE,
    STARTING,
    WRITE,
    Calls,
    Lock,
    RLock,
)
from visualizer.tracers.runtimes.threads.messages import MODULE as MESSAGES
from visualizer.tracers.runtimes.threads.messages import Messages, Transfers
from visualizer.tracers.runtimes.threads.parked import Wait
from visualizer.tracers.runtimes.threads.pools import MODULE as POOLS
from visualizer.tracers.runtimes.threads.primitives import BLOCKS_AND_LIMIT, MODULES, PARAMETERS, Primitives, code_of
from visualizer.tracers.runtimes.threads.selecting import found_by, keys_of
from visualizer.tracers.runtimes.threads.shared_locks import MODULE as SHARED_LOCKS
from visualizer.tracers.runtimes.threads.waits import Waits

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterable
    from typing import Any

# Fetched now: gevent's monkey-patching replaces them.
_get_ident = _thread.get_ident
#: From 3.13 on `threading` has one of its own.
_start_thread = getattr(_thread, "start_joinable_thread", _thread.start_new_thread)
_pipe = os.pipe
#: What a call does beside what calls.py lists: it starts a thread; it makes a pipe, or connected sockets; it gets to
#: know a lock of multiprocessing's that another process has made; it cancels a task of asyncio's.
_START, _PIPE, _PAIR, _REBUILD = 23, 25, 26, 27
_CANCEL = 29
#: It starts another program.
_SPAWN = 33
#: It becomes another program, or starts one by a shell.
_EXEC = 34
#: Of these nothing is known before.
_AFTERWARDS = frozenset((_PIPE, _PAIR, _REBUILD))
#: When a function is told of: once there is a second thread; before that at some places, too; only there; or always.
_ONCE_THREADED, _EARLY, _AT_PLACES, _ALWAYS = range(4)
#: Where the class of tasks is, that in C.
_TASKS = "asyncio"
#: The parameters of os.posix_spawn.
_OF_SPAWN = ("path", "argv", "env")
#: What a worker of a pool gets.
_ITEM = "_WorkItem"


class GivenArguments(Primitives):
    """Knows what a call of C's is given."""

    def __init__(self) -> None:
        super().__init__()
        #: By the id of the thread: the arguments by place and by name of the call that is told of.
        self.given: dict[int, tuple[tuple[Any, ...], dict[str, Any] | None]] = {}

    def passed(self, frame: Any, parameters: tuple[str, ...]) -> dict[str, Any] | None:
        args, names = self.given.get(_get_ident(), ((), None))
        passed = dict(zip(parameters, args, strict=False))
        for name, value in (names or {}).items():
            passed[PARAMETERS.get(name, name)] = value
        if parameters is BLOCKS_AND_LIMIT:
            # Nothing that would have to be asked what it is worth.
            return {name: value if _is_plain(value) else NO_VALUE for name, value in passed.items()}
        return passed


def _given(
    what: int, args: tuple[Any, ...], names: dict[str, Any] | None
) -> tuple[tuple[Any, ...], dict[str, Any] | None]:
    # The state that an RLock is restored to is no argument as those of others.
    return ((), None) if what == ACQUIRE_AGAIN and args and type(args[0]) is tuple else (args, names)


def _is_plain(value: Any) -> bool:
    return value is None or id(type(value)) in NUMBERS or type(value) is bool


class MethodsTracer:
    name = "threads"
    modules = (*MODULES, "socket", "select", _TASKS, *STARTING)

    def __init__(self, context: Context) -> None:
        self._context = context
        # Whatever clock there is: it stores nothing itself.
        self._recorder = built()
        self._calls = Calls()
        self._primitives = GivenArguments()
        self._waits = Waits(context, self._primitives)
        self._births = Births(context, self._waits)
        self._transfers = Transfers(Messages(context))
        self._watches = self._is_removed = False
        #: What may be told of before there is a second thread, and at which places: the ids of code, which is kept.
        self._early: set[int] = set()
        self._places: set[int] = set()
        self._kept: list[CodeType] = []
        self._start: CodeType | None = None
        self._begins: CodeType | None = None
        self._submit: CodeType | None = None
        self._work: CodeType | None = None
        self._receive: CodeType | None = None
        self._send: CodeType | None = None
        #: The ids of frames that are in such a call.
        self._cancelling: set[int] = set()
        context.on_tasks.append(self._on_tasks)
        self._waits.spins.watch = self._watch_calls

    def install(self) -> str:
        waits, context = self._waits, self._context
        told = (
            waits.local, waits.holders, waits.waiting, waits.depths, waits.names, context.runners, context.inside,
            self._primitives.signals, waits.orders, waits.orders.known, waits.orders.locks, self._places, self._before,
            self._after, self._got, self._gone, waits.parked, context.hubs, context.unsettled,
            self._primitives.selecting, waits.spins.rows, waits.stands_apart, waits.channels.readers, context.others,
        )
        self._recorder.watch_calls(Buffer, Lock, RLock, Asked, Wait, told)
        waits.connection = self._recorder.ends
        waits.channels.other_end = self._recorder.other_end
        self._recorder.see_call(_start_thread, _START, _AT_PLACES)
        self._recorder.watch_files(FileIO)
        for name in ("posix_spawn", "posix_spawnp"):
            if (function := getattr(os, name, None)) is not None:
                self._recorder.see_call(function, _SPAWN, _ALWAYS)
        for function in (os.execv, os.execve, os.system):
            self._recorder.see_call(function, _EXEC, _ALWAYS)
        self._see()
        os.register_at_fork(before=self._before_fork, after_in_child=self._on_child, after_in_parent=self._watch)
        return "on once a second thread begins, or a process that talks to others: methods in C are called by way of us"

    def imported(self, name: str, module: ModuleType) -> None:
        if self._is_removed:
            return
        if name == "threading":
            kind: Any = module.__dict__.get("Thread")
            self._start, self._begins = code_of(kind, "start"), code_of(kind, "_bootstrap_inner")
            self._tell_early(self._start)
        if name in MODULES:
            for code in self._primitives.learn(name, module):
                # Until a loop runs that is another runtime's.
                if self._primitives.selects(code) and not self._context.has_tasks:
                    self._tell_early(code, OF_SELECT)
        if name == POOLS:
            self._submit, self._work = code_of(module, "ThreadPoolExecutor.submit"), code_of(module, "_worker")
            # The first worker is started by that.
            self._tell_early(self._submit, (PUT,))
        for path in CALLING.get(name, ()):
            self._tell_early(code_of(module, path), (*OF_PROCESSES, RELEASE_SHARED))
        if name == MESSAGES:
            self._learn_messages(module)
        task: Any = getattr(sys.modules.get("_asyncio"), "Task", None) if name == _TASKS else None
        # From 3.12 on the events of calls tell.
        if task is not None and sys.version_info < (3, 12):
            self._recorder.see_call(task.__dict__["cancel"], _CANCEL, _ALWAYS)
        if name == SHARED_LOCKS:
            self._waits.shared.learn(module)
            self._tell_early(code_of(module, "SemLock.__setstate__"))
            shared: Any = sys.modules["_multiprocessing"]
            self._recorder.see_call(shared.SemLock.__dict__["_rebuild"], _REBUILD, _AT_PLACES)
        if name == "socket" and (made_in_c := sys.modules.get("_socket")) is not None:
            self._recorder.watch_sockets(made_in_c.__dict__["socket"])
        self._calls.learn(name)
        self._see()
        if name in STARTING or (name in (MESSAGES, SHARED_LOCKS) and self._context.is_child):
            self._watch()

    def _learn_messages(self, module: ModuleType) -> None:
        self._transfers.learn(module)
        self._tell_early(code_of(module, "Pipe"))
        self._tell_early(code_of(sys.modules.get("socket"), "socketpair"))
        self._receive = code_of(module, "Connection._recv")
        self._send = code_of(module, "Connection._send")
        self._tell_early(self._send, (WRITE,))
        self._tell_early(self._receive, (READ,))
        self._recorder.see_call(_pipe, _PIPE, _AT_PLACES)
        pair: Any = getattr(sys.modules.get("_socket"), "socketpair", None)
        if pair is not None:
            self._recorder.see_call(pair, _PAIR, _AT_PLACES)

    def _tell_early(self, code: CodeType | None, what: Iterable[int] = ()) -> None:
        if code is not None:
            self._kept.append(code)
            self._places.add(id(code))
            self._early.update(what)

    def _see(self) -> None:
        """Have those called by way of the recorder that are of interest by now."""
        for function, what in (*self._calls.methods.items(), *self._calls.functions.items()):
            when = self._when(function, what)
            if self._watches or when != _ONCE_THREADED:
                # That one it tells by its name.
                does = RELEASE_AGAIN if what == SAVE else what
                self._recorder.see_call(function, does, when)

    def _when(self, function: Any, what: int) -> int:
        # Of files the recorder itself leaves out all that are no pipes; and another process may wait for what this one
        # writes.
        if getattr(function, "__objclass__", None) is FileIO or (what in OF_WRITERS and self._context.is_child):
            return _ALWAYS
        return _EARLY if what in self._early else _ONCE_THREADED

    def _watch_calls(self) -> bool:
        watches = self._watches
        self._watch()
        return watches

    def _watch(self) -> None:
        """There is a second thread, or process."""
        if not self._watches and not self._is_removed:
            self._watches = True
            self._see()
            self._recorder.watch_threads()
            self._waits.shared.look()
            self._waits.shared.begin()

    def _before_fork(self) -> None:
        """What the child has, too, has one name in both."""
        if not self._is_removed:
            self._waits.shared.look()

    def _on_child(self) -> None:
        """In a forked child, whose only thread that is."""
        if not self._is_removed:
            self._waits.forget()
            self._watch()

    def remove(self) -> None:
        self._is_removed = True
        self._recorder.leave_calls()

    def finish(self, t_ns: int) -> None:
        """Threads that still wait do so to the end."""

    def _on_tasks(self, begins: bool) -> None:
        if begins and not self._is_removed:
            for function, what in (*self._calls.methods.items(), *self._calls.functions.items()):
                if what in OF_SELECT:
                    self._recorder.forget_call(function)
            self._calls.forget_select()

    # Hooks: in the thread that calls, with nothing of what they do themselves being told of. `frame` calls.

    def _is_ours(self, frame: Any) -> bool:
        """Whether nothing is to be told of it. If it is the first of a thread, that begins."""
        if frame is None or self._waits.ours[frame.f_code.co_filename]:
            return True
        if not self._context.stream.is_known():
            self._look_for_thread(frame)
        return False

    def _look_for_thread(self, frame: Any) -> None:
        while frame is not None:
            if frame.f_code is self._begins:
                self._births.began(of_variables(frame, lambda known: known.get("self")))
                return
            frame = frame.f_back

    def _before(self, frame: Any, what: int, thing: Any, args: tuple[Any, ...], names: dict[str, Any] | None) -> Any:
        """A call is about to be made. Return what `_after` is to be given, None if there is nothing to be told then."""
        ident, given, is_done = _get_ident(), self._primitives.given, False
        try:
            given[ident] = _given(what, args, names)
            token = self._begin(frame, what, thing, args)
            is_done = True
            return token
        except Exception as error:
            self._failed(error)
            return None
        finally:
            given.pop(ident, None)
            if not is_done:
                self._undo(frame, what, thing)

    def _begin(self, frame: Any, what: int, thing: Any, args: tuple[Any, ...]) -> Any:
        waits, first = self._waits, args[0] if args else None
        while what == WRITE and frame is not None and frame.f_code.co_name in PRINTS:
            # By way of us the program prints.
            frame = frame.f_back
        is_lock = what in (ACQUIRE, ACQUIRE_AGAIN)
        if self._is_ours(frame):
            if is_lock:
                waits.no_longer(id(thing))
            return None
        if is_lock:
            return what if self._acquires(frame, what, thing) else None
        code = frame.f_code
        if what == _CANCEL:
            cancels = self._context.on_method.get("cancel")
            # In C it cancels in turn what the task waits for, which is told of with that.
            if cancels is None or not self._context.own(code) or id(frame) in self._cancelling:
                return None
            self._cancelling.add(id(frame))
            cancels(thing, code, frame.f_lasti)
            return what
        if what == _EXEC:
            self._context.ends.tell_all()
            return None
        if what == _SPAWN:
            passed = self._primitives.passed(frame, _OF_SPAWN) or {}
            self._context.spawns(passed.get("argv"), passed.get("env"))
            return None
        if what == _START:
            if code is self._start and type(first) is MethodType:
                self._births.asked(first.__self__, frame)
                self._watch()
            return None
        if what in _AFTERWARDS:
            return what
        if what == WRITE and code is self._send:
            self._transfers.begins(frame)
            return what
        if what in (ACQUIRE_SHARED, RELEASE_SHARED):
            waits.shared.look()
            if what == RELEASE_SHARED and not waits.shared.releases(thing):
                return None
        is_received = what == READ and code is self._receive
        if is_received:
            self._transfers.begins(frame)
        waits.calls(code, frame.f_lasti, what, first if type(thing) is ModuleType else thing, frame)
        if what == PUT and code is self._submit:
            # Before a worker can get it.
            item, executor = dictionary(first), of_variables(frame, lambda known: known.get("self"))
            waits.submitted(executor, item.get("future"), item.get("fn"), is_there=False)
        is_item = what in (GET, GET_NOW) and code is self._work
        is_selected = what in OF_SELECT and self._primitives.selects(code)
        return what if is_received or is_item or is_selected or self._has_begun(frame) else None

    def _has_begun(self, frame: Any) -> bool:
        """Whether something is to be told when the call of `frame` is over."""
        return self._is_parked(frame) or _get_ident() in self._waits.channels.writing

    def _undo(self, frame: Any, what: int, thing: Any) -> None:
        """What comes in the middle of it is raised in the place of the call."""
        self._waits.channels.wrote(True)
        if frame is not None and self._is_parked(frame):
            self._waits.over(self._waits.parked[_get_ident()], True)
        elif what in (ACQUIRE, ACQUIRE_AGAIN):
            self._waits.no_longer(id(thing))

    def _acquires(self, frame: Any, what: int, lock: Any) -> bool:
        """That lock is taken, and the thread counted among those who wait for it. Return whether it will wait."""
        waits, t_ns = self._waits, self._context.now()
        held = waits.held()
        if held and id(frame.f_code) not in waits.primitives.signals:
            waits.orders.takes(lock, held, waits.local.buffer, frame)
        # It may have been released since it was tried, and before that moment.
        return waits.blocks(frame.f_code, frame.f_lasti, what, lock, t_ns, frame, waits.released(lock))

    def _is_parked(self, frame: Any) -> bool:
        wait = self._waits.parked.get(_get_ident())
        return wait is not None and wait.code is frame.f_code and wait.offset == frame.f_lasti

    def _after(self, token: Any, frame: Any, thing: Any, result: Any, raised: bool) -> None:
        """It was made: it has returned that, or raised. Without a token, it has got a lock after all."""
        try:
            waits = self._waits
            if token is None:
                if not self._is_ours(frame):
                    waits.has(ACQUIRE if type(thing) is Lock else ACQUIRE_AGAIN, thing, frame.f_code)
                return
            if token == _CANCEL:
                self._cancelling.discard(id(frame))
                return  # Who cancels a task goes on, and is not paused there.
            self._over(frame, token, result, raised)
        except Exception as error:
            self._failed(error)
            return
        control = self._context.control
        if control is not None and control.goal:
            control.on_switch()

    def _over(self, frame: Any, what: int, result: Any, raised: bool) -> None:
        waits, code = self._waits, frame.f_code
        if what in OF_WRITERS:
            is_vain = result == 0 if type(result) is int else result is None and what == WRITE
            waits.channels.wrote(raised or is_vain)
        wait = waits.parked[_get_ident()] if self._is_parked(frame) else None
        if what in OF_SELECT and not raised:
            ready = found_by(what, result)
            if wait is not None:
                wait.ready, wait.is_over = ready, True
            if self._primitives.selects(code):
                waits.selected(keys_of(of_variables(frame, lambda known: known.get("self")), ready))
                return
        if wait is not None:
            if what in (ACQUIRE, ACQUIRE_AGAIN) and type(result) is bool:
                wait.got = result
            waits.over(wait, raised)
        if what == WRITE and code is self._send:
            self._transfers.written(frame, result, raised)
        elif what == READ and code is self._receive:
            self._transfers.read(frame, result, raised)
        elif what == _REBUILD and not raised:
            waits.shared.met(of_variables(frame, lambda known: known.get("self")), result)
        elif what == _PIPE and not raised:
            self._transfers.made(frame, result)
        elif what == _PAIR and not raised:
            fileno: Any = type(result[0]).fileno
            self._transfers.made(frame, (fileno(result[0]), fileno(result[1])))
        elif what in (GET, GET_NOW) and not raised and type_name(type(result)) == _ITEM and code is self._work:
            waits.works(dictionary(result).get("future"))

    def _failed(self, error: Exception) -> None:
        # What comes from outside is raised: the call is made all the same, if it is one that gives something back.
        self._context.fail(self.name, error)

    def _got(self, frame: Any, what: int, lock: Any, args: tuple[Any, ...], names: dict[str, Any] | None) -> None:
        """That lock was free, and the current thread has it."""
        ident, given = _get_ident(), self._primitives.given
        try:
            if self._is_ours(frame):
                return
            if what == ACQUIRE_SHARED:
                self._waits.took_shared(lock, frame)
                return
            given[ident] = _given(what, args, names)
            waits = self._waits
            held = waits.held()
            if held and all(one is not lock for one in held):
                waits.orders.takes(lock, held, waits.local.buffer, frame)
            waits.has(what, lock, frame.f_code)
        except Exception as error:
            self._failed(error)
        finally:
            given.pop(ident, None)

    def _gone(self, frame: Any, what: int, lock: Any, args: tuple[Any, ...], names: dict[str, Any] | None) -> None:
        """The current thread releases a lock that it does not have."""
        try:
            if not self._is_ours(frame):
                self._waits.orders.released_by_another(lock)
        except Exception as error:
            self._failed(error)
