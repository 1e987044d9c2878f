"""Watches threads with `sys.monitoring` (PEP 669, Python 3.12 and later).

A program that starts no thread pays nothing: two functions of `threading` are watched, and the rest once the first
thread begins, or a process that may talk to others by multiprocessing. Then CALL is asked for everywhere, and every
place that calls nothing that may block answers the first time with DISABLE. In code that has a `with`, which is not
always a call, INSTRUCTION is asked for (entering.py).
"""

from __future__ import annotations

import _thread
import os
import sys
from itertools import chain
from types import CodeType, ModuleType

from visualizer.tracers.core.context import Context
from visualizer.tracers.core.thread_frames import all_stacks
from visualizer.tracers.core.values import dictionary
from visualizer.tracers.core.variables import of_variables
from visualizer.tracers.runtimes.threads.again import Again
from visualizer.tracers.runtimes.threads.births import Births
from visualizer.tracers.runtimes.threads.calls import (
    ACQUIRE,
    ACQUIRE_AGAIN,
    CALLING,
    MAY_WAIT,
    OF_SELECT,
    RELEASE,
    RELEASE_AGAIN,
    STARTING,
    Calls,
    Lock,
    RLock,
)
from visualizer.tracers.runtimes.threads.entering import Entering, Site
from visualizer.tracers.runtimes.threads.fast_path import call_hook, enter_hook, return_hooks
from visualizer.tracers.runtimes.threads.messages import MODULE as MESSAGES
from visualizer.tracers.runtimes.threads.messages import Messages
from visualizer.tracers.runtimes.threads.pools import MODULE as POOLS
from visualizer.tracers.runtimes.threads.primitives import MODULES, code_of
from visualizer.tracers.runtimes.threads.shared_locks import MODULE as SHARED_LOCKS
from visualizer.tracers.runtimes.threads.waits import Waits

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    #: Are called with the code, its frame, and what it returns.
    Begins = Callable[[CodeType, Any], None]
    Returns = Callable[[CodeType, Any, Any], None]

if sys.version_info < (3, 12):
    raise ImportError("sys.monitoring is there from Python 3.12 on")

_monitoring = sys.monitoring
_events = _monitoring.events
_DISABLE = _monitoring.DISABLE
_getframe = sys._getframe
_get_ident = _thread.get_ident
#: The last first: the others are asked for by the generators, by asyncio's eager tasks, and by what pauses the program.
_TOOL_IDS = (5, 3, 4)
_LOCKS = (Lock, RLock)
_CALLS = _events.CALL | _events.C_RETURN | _events.C_RAISE
#: What is asked for of all code once there are threads.
_EVERYWHERE = _events.PY_START | _CALLS
#: What there is of any other code.
_NOT_WATCHED = None, 0, None, None


class MonitoringTracer:
    name = "threads"
    modules = (*MODULES, "socket", "select", *STARTING)

    def __init__(self, context: Context) -> None:
        self._context = context
        self._calls = Calls()
        self._waits = Waits(context)
        self._entering = Entering()
        self._messages = Messages(context)
        self._again = Again(self._waits, context)
        #: Functions of the standard library that are watched by themselves, also where there is no second thread. By
        #: the id of the code: that, the events, and what is called where it begins and returns.
        self._watched: dict[int, tuple[CodeType, int, Begins | None, Returns | None]] = {}
        self._tool: int | None = None
        self._watches = False
        context.on_tasks.append(self._on_tasks)
        self._births = Births(context, self._waits)
        self._postponed = context.postponed
        self._waits.spins.watch = self._watch_calls

    def install(self) -> str:
        if not getattr(sys, "_is_gil_enabled", lambda: True)():
            return "off: what threads wait for is not recorded where no lock keeps them apart (free threading)"
        tool = next((number for number in _TOOL_IDS if _monitoring.get_tool(number) is None), None)
        if tool is None:
            return "refused: every tool id of sys.monitoring is taken"
        _monitoring.use_tool_id(tool, "visualizer: threads")
        self._tool = tool
        postponed = self._postponed
        call = call_hook(
            self._calls, self._waits, self._on_slow_call, _DISABLE, self._failed, postponed, self._undo
        )
        entry = enter_hook(
            self._entering.sites, self._waits, self._on_slow_entry, self._over, _DISABLE, self._failed, postponed,
            self._undo,
        )
        returned, raised = return_hooks(self._waits, self._over, postponed)
        for event, callback in (
            (_events.PY_START, self._on_start),
            (_events.PY_RETURN, self._on_return),
            (_events.CALL, call),
            (_events.C_RETURN, returned),
            (_events.C_RAISE, raised),
            (_events.INSTRUCTION, entry),
        ):
            _monitoring.register_callback(tool, event, self._context.told(callback))
        os.register_at_fork(after_in_child=self._on_fork, after_in_parent=self._on_fork)
        return "on once a second thread begins, or a process that talks to others: sys.monitoring"

    def imported(self, name: str, module: ModuleType) -> None:
        if name == "threading" and self._tool is not None:
            kind: Any = module.__dict__.get("Thread")
            for function in ("start", "_bootstrap_inner"):
                self._watch_code(code_of(kind, function), _events.PY_START, begins=self._starts_or_begins)
        if name in MODULES:
            for code in self._waits.primitives.learn(name, module):
                # Until a loop runs that is another runtime's. That calls it each time around, and tells of its polls
                # itself.
                if self._waits.primitives.selects(code) and not self._context.has_tasks:
                    self._watch_code(code, _events.CALL | _events.PY_RETURN, returns=self._selected)
        if name == "selectors" and not self._context.has_tasks:
            for code in self._again.learn(module):
                self._watch_code(code, _events.PY_START | _events.PY_RETURN, self._again.changes, self._again.changes)
        self._calls.learn(name)
        for path in CALLING.get(name, ()):
            self._watch_code(code_of(module, path), _CALLS)
        if name == POOLS:
            self._watch_code(code_of(module, "ThreadPoolExecutor.submit"), _events.PY_RETURN, returns=self._submitted)
            self._watch_code(code_of(module, "_WorkItem.run"), _events.PY_START, begins=self._works)
        if name == MESSAGES:
            for code in self._messages.learn(module):
                events = _events.PY_START | _events.PY_RETURN
                self._watch_code(code, events, self._messages.begins, self._messages.returns)
        if name == SHARED_LOCKS:
            for code in self._waits.shared.learn(module):
                self._watch_code(code, _events.PY_RETURN, returns=self._waits.shared.made)
        if name in STARTING or (name in (MESSAGES, SHARED_LOCKS) and self._context.is_child):
            self._watch()

    def _watch_code(
        self, code: CodeType | None, events: int, begins: Begins | None = None, returns: Returns | None = None
    ) -> None:
        if self._tool is not None and code is not None:
            self._watched[id(code)] = code, events, begins, returns
            _monitoring.set_local_events(self._tool, code, events)

    def remove(self) -> None:
        tool, self._tool = self._tool, None
        if tool is None:
            return
        _monitoring.set_events(tool, 0)
        for code in (*self._entering.codes.values(), *(code for code, *_ in self._watched.values())):
            _monitoring.set_local_events(tool, code, 0)
        for event in (
            _events.PY_START, _events.PY_RETURN, _events.CALL, _events.C_RETURN, _events.C_RAISE, _events.INSTRUCTION,
        ):
            _monitoring.register_callback(tool, event, None)
        _monitoring.free_tool_id(tool)

    def finish(self, t_ns: int) -> None:
        """Threads that still wait do so to the end."""

    def _on_tasks(self, begins: bool) -> None:
        if begins and self._tool is not None:
            self._calls.forget_select()
            # Another thread may begin to run tasks at the same time.
            for key, (code, *_, returns) in list(self._watched.items()):
                if returns in (self._selected, self._again.changes):
                    _monitoring.set_local_events(self._tool, code, 0)
                    self._watched.pop(key, None)

    # Callbacks: in the thread that runs the code, before the event takes effect.

    def _on_start(self, code: CodeType, _offset: int) -> Any:
        try:
            begins = self._watched.get(id(code), _NOT_WATCHED)[2]
            if begins is not None:
                begins(code, _getframe(1))
                return None
            self._watch_blocks(code)
        except Exception as error:
            self._context.fail(self.name, error)
            return None
        return _DISABLE

    def _on_return(self, code: CodeType, _offset: int, value: Any) -> None:
        try:
            returns = self._watched.get(id(code), _NOT_WATCHED)[3]
            if returns is not None:
                returns(code, _getframe(1), value)
        except Exception as error:
            self._failed(error)

    def _selected(self, _code: CodeType, _frame: Any, found: Any) -> None:
        if self._waits.selected(found):
            self._goes_on()

    def _submitted(self, _code: CodeType, frame: Any, future: Any) -> None:
        executor, function = of_variables(frame, lambda known: (known.get("self"), known.get("fn")))
        self._waits.submitted(executor, future, function)

    def _works(self, _code: CodeType, frame: Any) -> None:
        self._waits.works(dictionary(of_variables(frame, lambda known: known.get("self"))).get("future"))

    def _starts_or_begins(self, code: CodeType, frame: Any) -> None:
        thread = of_variables(frame, lambda known: known.get("self"))
        if code.co_name == "start":
            self._births.asked(thread, frame)
        elif self._births.began(thread):
            self._watch()

    def _watch_calls(self) -> bool:
        watches = self._watches
        self._watch()
        return watches

    def _watch(self) -> None:
        """There is a second thread, or process."""
        if not self._watches and self._tool is not None:
            self._watches = True
            os.register_at_fork(after_in_child=self._waits.forget)
            _monitoring.set_events(self._tool, _EVERYWHERE)
            self._waits.shared.begin()
            # In code where another tool sees starts, the interpreter tells a third one no instructions any more (3.12,
            # 3.13): by them the end of an eager task's first step is seen, which may be what makes the thread.
            _monitoring.restart_events()
            # What runs by now has begun unseen.
            for code, _ in chain.from_iterable(all_stacks()):
                self._watch_blocks(code)

    def _watch_blocks(self, code: CodeType) -> None:
        """Have the `with` blocks of `code` seen."""
        if self._tool is not None and self._entering.has_any(code) and not self._context.own.is_hook(code):
            events = self._watched.get(id(code), _NOT_WATCHED)[1]
            _monitoring.set_local_events(self._tool, code, _events.INSTRUCTION | events)

    def _on_fork(self) -> None:
        """In both: they may wait for one another."""
        self._watch()

    def _on_slow_call(self, code: CodeType, offset: int, what: int, thing: Any) -> Any:
        try:
            if self._context.own.is_hook(code):
                return _DISABLE
            if what in MAY_WAIT and self._postponed.count[0]:
                self._postponed.goes_on()
            frame = _getframe(2)
            if what not in OF_SELECT or not self._again.begins(code, what, thing, frame):
                self._waits.calls(code, offset, what, thing, frame)
        except Exception as error:
            self._failed(error)
        return None

    def _undo(self, code: CodeType, offset: int, what: int, thing: Any) -> None:
        """What may wait is not called: something is raised in its place."""
        self._waits.channels.wrote(True)
        wait = self._waits.parked.get(_get_ident())
        if wait is not None and wait.code is code and wait.offset == offset:
            self._waits.over(wait, True)
        elif what in (ACQUIRE, ACQUIRE_AGAIN):
            self._waits.undone(ACQUIRE_AGAIN if type(thing) is RLock else ACQUIRE, thing)

    def _failed(self, error: BaseException) -> None:
        self._context.fail(self.name, error)

    def _over(self, code: CodeType, offset: int, raised: bool) -> None:
        try:
            if _get_ident() in self._waits.channels.writing:
                self._waits.channels.wrote(raised)
            wait = self._waits.parked.get(_get_ident())
            if wait is None or wait.code is not code or wait.offset != offset:
                return
            if not raised and self._watched.get(id(code), _NOT_WATCHED)[3] == self._selected:
                wait.is_over = True
                return  # What is ready is known once the selector returns.
            self._waits.over(wait, raised)
        except Exception as error:
            self._failed(error)
            return
        self._goes_on()

    def _goes_on(self) -> None:
        """The current thread does, after a wait: it is paused here, if that was asked for."""
        control = self._context.control
        if control is not None and control.goal:
            # What a signal's handler raises meanwhile is the program's.
            control.on_switch()

    def _on_slow_entry(self, code: CodeType, offset: int, thing: Any) -> Any:
        try:
            frame = _getframe(2)
            if type(thing) not in _LOCKS:
                thing = self._entering.thing(frame)
            if type(thing) not in _LOCKS or self._context.own.is_hook(code):
                # Not known, or nothing that blocks by itself.
                self._entering.forget(code, offset)
                return _DISABLE
            site, is_lock = self._entering.sites.get(id(code) + offset), type(thing) is Lock
            if isinstance(site, Site) and site.leaves:
                self._waits.releases(RELEASE if is_lock else RELEASE_AGAIN, thing, frame)
            else:
                self._waits.acquires(code, offset, ACQUIRE if is_lock else ACQUIRE_AGAIN, thing, frame)
        except Exception as error:
            self._failed(error)
        return None
