"""What all loops share."""

from __future__ import annotations

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.context import Context
from visualizer.tracers.runtimes.asyncio_.causes import is_of_asyncio
from visualizer.tracers.runtimes.asyncio_.library import Library
from visualizer.tracers.runtimes.asyncio_.tasks import Task, Tasks
from visualizer.tracers.runtimes.asyncio_.waits import Waits

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any


class Shared:
    """The program's asyncio, and its tasks."""

    def __init__(self, context: Context, name: str, asyncio: Any) -> None:
        """`name`: of the runtime, for failures."""
        self.context = context
        self.library = Library(asyncio)
        self.tasks = Tasks(self._collected)
        self.waits = Waits(context, self.library, self.tasks)
        self._name = name
        #: The tasks that have raised, as long as nobody is known to have got that; by their tracks.
        self.failed: dict[int, Task] = {}
        #: What a signal's handler raised in a hook of ours, where the program was paused.
        self.raised: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        """A hook failed. Raise what is none of its errors."""
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

    def in_step(self, frame: Any) -> Any:
        """The innermost frame of the program's own, from `frame` on, in what a loop runs now or whoever makes it run.

        A library's, if there is none; else None: below a step there are only those who run the loop.
        """
        library = None
        while frame is not None and frame.f_code is not self.library.run:
            if self.context.own(frame.f_code):
                return frame
            if library is None and not is_of_asyncio(frame.f_code.co_filename):
                library = frame
            frame = frame.f_back
        return library

    def _collected(self, task: Task) -> None:
        if not task.ended and not self.context.is_over:
            self.context.exited(self.context.now(), task.track, words.DROPPED)
