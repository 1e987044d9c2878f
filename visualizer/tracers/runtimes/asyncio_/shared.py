"""What all loops share."""

from __future__ import annotations

from types import FunctionType, MethodType

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import is_generated
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.postponed import uninterrupted
from visualizer.tracers.runtimes.asyncio_.causes import is_of_asyncio, named_call
from visualizer.tracers.runtimes.asyncio_.library import Library
from visualizer.tracers.runtimes.asyncio_.served import Served
from visualizer.tracers.runtimes.asyncio_.tasks import Task, Tasks
from visualizer.tracers.runtimes.asyncio_.waits import Waits

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any


#: Whose code is: the program's own, in a file or made while it ran; asyncio's, or ours; a library's.
_OWN, _GENERATED, _BETWEEN, _LIBRARY = range(4)
#: Of so many it is remembered.
_MOST_CODES = 4096
#: So many functions that loops call, and the like, are remembered.
MOST_CALLED = 256


class Shared:
    """The program's asyncio, and its tasks."""

    def __init__(self, context: Context, name: str, asyncio: Any) -> None:
        """`name`: of the runtime, for failures."""
        self.context = context
        #: A hook failed. Raise what is none of its errors.
        self.fail: Callable[[BaseException], None] = context.roomy(self._fail)
        #: The same, but what is none of its errors is kept: for where the interpreter only prints what is raised.
        self.settle: Callable[[BaseException], None] = context.postponed.settles(self.fail)
        self.library = Library(asyncio)
        self.tasks = Tasks(self._collected, context.stream.new_table)
        self.waits = Waits(context, self.library, self.tasks, self.fail)
        self.served = Served(context, self.tasks, self.library, self.fail)
        #: Called with the code of a coroutine that may be the outermost of an eager task, which is not seen by itself.
        self.expect_eager: Callable[[CodeType], None] = lambda code: None
        self._name = name
        #: Whose code it is: (words below, the code), by its id.
        self.whose: dict[int, tuple[int, CodeType]] = context.stream.new_table()
        #: What loops call, by the ids of the code: (name, whether it is the program's own, the code, which is kept). In
        #: C also methods of C's, by their definitions: the last is the type of the object then.
        self.calls: dict[int, tuple[str, bool, CodeType | type]] = context.stream.new_table()
        #: The tasks that have raised, as long as nobody is known to have got that; by their tracks.
        self.failed: dict[int, Task] = {}
        context.bottoms.append(self.library.run)
        #: What a signal's handler raised in a hook of ours, where the program was paused.
        self.raised: BaseException | None = None

    @property
    def is_on(self) -> bool:
        """Whether the tracer was not taken out."""
        return self._name in self.context.tracers and not self.context.is_over

    def _fail(self, error: BaseException) -> None:
        raised, self.raised = self.raised, None
        if raised is error:
            raise error
        self.context.fail(self._name, error)

    def find_retrieved(self, t_ns: int, at_end: bool = False) -> None:
        """Tell of which tasks somebody has got what they raised; and at the program's end, of which nobody has."""
        for track, known in list(self.failed.items()):
            task = known()
            relation = words.UNRETRIEVED if at_end else ""
            if task is not None and not self.library.get(task, "_log_traceback"):
                relation = words.RETRIEVED
            if task is None or relation:
                self.failed.pop(track, None)
            if task is not None and relation:
                self.context.stream.store(lines.tie, t_ns, track, relation, "")

    def named(self, callback: Any) -> tuple[str, bool]:
        """The name of the function that a callback of a loop calls, "" of one of asyncio's, and whether it is own code
        of the program."""
        function = callback.__func__ if type(callback) is MethodType else callback
        key = id(function.__code__) if type(function) is FunctionType else 0
        known = self.calls.get(key)
        if known is not None:
            return known[:2]
        name, code = named_call(callback)
        is_own = code is not None and self.context.own(code)
        # A method without a name may be one that more is asked of than that (`Loop.made_ready`).
        if key and code is not None and (name or type(callback) is FunctionType):
            if len(self.calls) >= MOST_CALLED:
                self.calls.clear()
            self.calls[key] = name, is_own, code
        return name, is_own

    def place_in_step(self, frame: Any, last: Any = None) -> tuple[CodeType | None, int]:
        """The innermost place of the program's own, best in a file, from `frame` on, in what a loop runs now or whoever
        makes it run.

        A library's, if there is none; else (None, 0): below a step there are only those who run the loop. `last`: the
        frame of a signal's handler: it interrupted those below.
        """
        generated: tuple[CodeType | None, int] = None, 0
        library: tuple[CodeType | None, int] = None, 0
        while frame is not None and frame.f_code not in self.context.bottoms:
            code = frame.f_code
            whose, _ = self.whose.get(id(code)) or self._meet(code)
            if whose == _OWN:
                return code, frame.f_lasti
            if whose == _GENERATED:
                generated = generated if generated[0] is not None else (code, frame.f_lasti)
            elif whose == _LIBRARY and library[0] is None:
                library = code, frame.f_lasti
            frame = frame.f_back if frame is not last else None
        return generated if generated[0] is not None else library

    def _meet(self, code: CodeType) -> tuple[int, CodeType]:
        if len(self.whose) >= _MOST_CODES:
            self.whose.clear()
        if self.context.own(code):
            whose = _GENERATED if is_generated(code) else _OWN
        else:
            whose = _BETWEEN if is_of_asyncio(code.co_filename) or self.context.own.is_hook(code) else _LIBRARY
        known = self.whose[id(code)] = whose, code
        return known

    def called(self, frame: Any) -> str:
        """The qualified name of the function that a loop has called, and in which `frame` is; "" of none."""
        name = ""
        while frame is not None and frame.f_code not in self.context.bottoms:
            if not self.context.own.is_hook(frame.f_code):
                name = frame.f_code.co_qualname
            frame = frame.f_back
        return name

    @uninterrupted
    def _collected(self, task: Task) -> None:
        try:
            # Whose tracer was taken out may have ended without our knowing.
            if not task.ended and self.is_on:
                outcome = words.UNKNOWN if task.loop.is_eager(task) else words.DROPPED
                self.context.exited(self.context.now(), task.track, outcome)
        except BaseException as error:
            self.settle(error)
