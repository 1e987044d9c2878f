"""What comes in the middle of a hook is the program's, and raised only where the program could have met it without us.

A signal's handler that raises, and what another thread sends (PyThreadState_SetAsyncExc), come between two instructions
of a hook as anywhere. If the hook let it out, it would stand in the place of the call, or instruction, that the hook is
told of: a lock would never be released. The interpreter by itself looks for such things only after calls, where
functions begin, and where code jumps back. So what is not to wait is done, and then that is raised.
"""

from __future__ import annotations

import _thread
import opcode

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., object])

_RESUME = opcode.opmap["RESUME"]
#: Where a generator goes on behind a `yield from`: there the interpreter does not look for signals.
_UNINTERRUPTED = 2


def uninterrupted(hook: F) -> F:
    """That hook, in which nothing comes where it begins, ahead of its first `try`."""
    function: Any = hook
    instructions = bytearray(function.__code__.co_code)
    # Of each pair the first says what is done.
    instructions[instructions[::2].index(_RESUME) * 2 + 1] = _UNINTERRUPTED
    function.__code__ = function.__code__.replace(co_code=bytes(instructions))
    return hook


class Postponed:
    """What is to be raised in which thread. `asks` is called with whether events are needed that tell when to do so.

    `keep` is called by such a hook with what came in the middle of it, and whether the end of the call is an event.
    """

    def __init__(self, asks: Callable[[bool], None]) -> None:
        local, count, asked = _thread._local(), [0], [False]

        def keep(error: BaseException, is_seen: bool) -> None:
            try:
                local.errors = [*local.errors, error]
            except AttributeError:
                local.errors = [error]
            count[0] += 1
            if is_seen or asked[0]:
                return
            asked[0] = True
            try:
                asks(True)
            except RecursionError:
                pass  # The end of most calls is seen all the same.
            except BaseException as second:
                asked[0] = False
                local.errors = [*local.errors, second]
                count[0] += 1

        self.keep = uninterrupted(keep)
        self._asks, self._asked = asks, asked
        self._local: Any = local
        #: How many there are, of all threads.
        self.count = count

    def goes_on(self) -> None:
        """Raise what came first in the current thread, if anything did."""
        errors = getattr(self._local, "errors", None)
        if errors:
            if self.count[0] == 1 and self._asked[0]:
                self._asked[0] = False
                self._asks(False)
                if self.count[0] > 1:
                    # Another thread has kept something meanwhile.
                    self._asked[0] = True
                    self._asks(True)
            # From here on nothing is called: nothing else can come.
            self.count[0] -= 1
            error, *self._local.errors = errors
            raise error
