"""What comes in the middle of a hook is the program's, and raised only where the program could have met it without us.

A signal's handler that raises, and what another thread sends (PyThreadState_SetAsyncExc), come between two instructions
of a hook as anywhere. If the hook let it out, it would stand in the place of the call, or instruction, that the hook is
told of: a lock would never be released, a generator not be closed. The interpreter by itself looks for such things only
after calls, where functions begin, and where code jumps back. So what is not to wait is done, and then that is raised.
The recorder in C, if it calls the hook, has the interpreter raise it so (`or_later`); else it is done here, with
`sys.monitoring`.
"""

from __future__ import annotations

import _thread
import opcode
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., object])

#: The names of functions in C that may wait: what comes before that may end it. (What they do where it is known whose
#: they are: runtimes/threads/calls.py.)
WAITING = frozenset((
    "__enter__", "_acquire_restore", "_accept", "accept", "acquire", "acquire_lock", "connect", "get", "join", "pause",
    "poll", "read", "readinto", "readline", "recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into",
    "result", "select", "send", "sendall", "sendmsg", "sendto", "sigtimedwait", "sigwait", "sigwaitinfo", "sleep",
    "wait", "wait3", "wait4", "waitid", "waitpid",
))
#: Those first that no tool is asked to use by convention.
_TOOL_IDS = (4, 3, 5, 2, 1, 0)
_get_ident = _thread.get_ident
_RESUME = opcode.opmap["RESUME"]
#: Where a generator goes on behind a `yield from`: there the interpreter does not look for signals.
_UNINTERRUPTED = 2


def uninterrupted(hook: F) -> F:
    """That hook, in which nothing comes where it begins, ahead of its first `try`; nor where it makes no calls."""
    function: Any = hook
    function.__code__ = _begins_at_once(function.__code__)
    return hook


def makes_uninterrupted(maker: F) -> F:
    """That function, which makes such hooks."""
    function: Any = maker
    code = function.__code__
    inner = (_begins_at_once(one) if type(one) is type(code) else one for one in code.co_consts)
    function.__code__ = code.replace(co_consts=tuple(inner))
    return maker


def _begins_at_once(code: CodeType) -> CodeType:
    instructions = bytearray(code.co_code)
    # Of each pair the first says what is done.
    instructions[instructions[::2].index(_RESUME) * 2 + 1] = _UNINTERRUPTED
    return code.replace(co_code=bytes(instructions))


class Postponed:
    """What is to be raised in which thread.

    `keep` is called by a hook with what came in the middle of it, and whether the end of the call is an event; where a
    call is not to be made, the hook returns what `at_once` does.
    """

    def __init__(self, is_own: Callable[[CodeType], bool], by_interpreter: bool) -> None:
        """`is_own`: whether code is ours. `by_interpreter`: the recorder in C has the interpreter raise what a hook
        raises."""
        raises = by_interpreter or sys.version_info < (3, 12)
        self._is_own = is_own
        #: The tool of `sys.monitoring` that tells when to raise something, while there is anything.
        self._tool = -1
        #: By the id of a thread: the code that jumps back there.
        self._jumped: dict[int, CodeType] = {}
        local, count, asked = _thread._local(), [0], [False]

        def keep(error: BaseException, is_seen: bool) -> None:
            if raises:
                raise error
            try:
                local.errors = [*local.errors, error]
            except AttributeError:
                local.errors = [error]
            count[0] += 1
            if is_seen or asked[0]:
                return
            asked[0] = True
            try:
                self._ask(True)
            except RecursionError:
                pass  # The end of most calls is seen all the same.
            except BaseException as second:
                asked[0] = False
                local.errors = [*local.errors, second]
                count[0] += 1

        def at_once(error: BaseException) -> BaseException:
            if by_interpreter:
                return error
            raise error

        self.keep, self.at_once = uninterrupted(keep), uninterrupted(at_once)
        self._asked = asked
        self._local: Any = local
        #: How many there are, of all threads.
        self.count = count

    def settles(self, fail: Callable[[BaseException], None]) -> Callable[[BaseException], None]:
        """What hooks call where they failed: `fail`, which raises again what came from outside; that is kept."""
        keep = self.keep

        def settle(error: BaseException) -> None:
            while True:
                try:
                    fail(error)
                    return
                except (RecursionError, MemoryError):
                    return  # It is nothing that can be told.
                except BaseException as second:
                    keep(second, False)
                    if second is error:
                        return
                # Something else came in the middle of it.

        return uninterrupted(settle)

    def _ask(self, is_any: bool) -> None:
        """Have something raised, or nothing more, where code next jumps back or returns, if not at the end of a call
        before."""
        if sys.version_info >= (3, 12):
            monitoring, events = sys.monitoring, sys.monitoring.events
            callbacks = (
                (events.JUMP, self._on_jump), (events.INSTRUCTION, self._on_instruction),
                (events.PY_RETURN, self._on_return),
            )
            if not is_any:
                tool, self._tool = self._tool, -1
                if tool >= 0:
                    monitoring.set_events(tool, 0)
                    for event, _ in callbacks:
                        monitoring.register_callback(tool, event, None)
                    monitoring.free_tool_id(tool)
                return
            tool = next((number for number in _TOOL_IDS if monitoring.get_tool(number) is None), -1)
            if tool >= 0 > self._tool:
                monitoring.use_tool_id(tool, "visualizer: postponed")
                self._tool = tool
                for event, callback in callbacks:
                    monitoring.register_callback(tool, event, callback)
                monitoring.set_events(tool, events.JUMP | events.INSTRUCTION | events.PY_RETURN)

    def _on_jump(self, code: CodeType, offset: int, to: int) -> None:
        if to < offset:
            self._jumped[_get_ident()] = code

    def _on_instruction(self, code: CodeType, _offset: int) -> None:
        # Not where it jumps: what is raised there passes all handlers of that code.
        if self._jumped.pop(_get_ident(), None) is code and not self._is_own(code):
            self.goes_on()

    def _on_return(self, code: CodeType, _offset: int, _value: Any) -> None:
        if not self._is_own(code):
            self.goes_on()

    def goes_on(self) -> None:
        """Raise what came first in the current thread, if anything did."""
        errors = getattr(self._local, "errors", None)
        if errors:
            if self.count[0] == 1 and self._asked[0]:
                self._asked[0] = False
                self._ask(False)
                if self.count[0] > 1:
                    # Another thread has kept something meanwhile.
                    self._asked[0] = True
                    self._ask(True)
            # From here on nothing is called: nothing else can come.
            self.count[0] -= 1
            error, *self._local.errors = errors
            raise error
