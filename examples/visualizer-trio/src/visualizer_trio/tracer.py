"""Watches trio: each run is a track, and so is each of its tasks.

trio tells an `Instrument` what happens in a run (trio's manual, "Instrument API"): here, each run gets one of ours
(run.py), which tells visualizer's `Context`.
"""

from __future__ import annotations

import _thread
import sys

from visualizer.trace import words
from visualizer_trio.run import Run
from visualizer_trio.wakes import noting

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import FrameType, ModuleType
    from typing import Any

    from visualizer.tracers.core.context import Context


class TrioTracer:
    """The runtime: what is put into trio, and taken out again."""

    name = "trio"
    modules = ("trio",)
    #: For the reader of the trace, what it does not know of already. Tasks and loops are those of asyncio, too.
    words = {
        "reasons": {
            "send": "made room for what {} was sending",
            "receive": "sent what {} was waiting to receive",
            "parking lot": "unparked {}",
        },
        "causes": {"all blocked": "all other tasks were waiting"},
    }

    def __init__(self, context: Context) -> None:
        self.context = context
        self.is_on = True
        #: The runs, by thread.
        self.runs: dict[int, Run] = {}
        #: `trio.Cancelled`, what a task is given where nothing is raised in it, and the code of the function that makes
        #: the steps of tasks.
        self.cancelled: Any = None
        self.value: Any = None
        self.loop: Any = None
        #: That a guest is not recorded, which is said once.
        self._told = False
        #: (module, name, what stood there, what stands there now).
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def install(self) -> str:
        return "on when trio is imported: an instrument in each run"

    def imported(self, name: str, trio: ModuleType) -> None:
        context, module = self.context, sys.modules["trio._core._run"]
        make, self.loop, self.cancelled = module.Runner, module.unrolled_run.__code__, trio.Cancelled
        self.value = module.Value

        def runner(*args: Any, **more: Any) -> Any:
            made = make(*args, **more)
            try:
                made.instruments.add_instrument(Run(self, made))
            except Exception as error:
                context.fail(self.name, error)
            return made

        # Of all that `trio.run` calls first, the one that does not fail: no traceback has a frame of ours.
        self._replace(module, "Runner", runner)
        self._replace(module, "CancelReason", noting(module.CancelReason, self.asks))
        if context.control is not None:
            # The clock of the runs, which stands still while the program is paused.
            self._replace(module, "perf_counter", lambda: context.now() / 1_000_000_000)
        context.has_tasks = True
        context.steppers.append(self._is_step)

    def _replace(self, module: Any, name: str, new: Any) -> None:
        self._replaced.append((module, name, getattr(module, name), new))
        setattr(module, name, new)

    def remove(self) -> None:
        self.is_on = False
        for module, name, old, new in self._replaced:
            if getattr(module, name) is new:
                setattr(module, name, old)
        if self.loop is not None:
            for run in self.runs.values():
                self.context.inside.pop(run.before, None)
            self.context.steppers.remove(self._is_step)

    def finish(self, t_ns: int) -> None:
        """What has not ended by now never does."""

    def _is_step(self, frame: FrameType, outermost: FrameType) -> bool:
        return frame.f_code is self.loop

    def tell_of_guests(self) -> None:
        if not self._told:
            self._told = True
            self.context.note("trio as a guest in another loop is not recorded.", "trio's guest mode")

    def asks(self) -> int:
        """The track that asks for something in this thread now."""
        try:
            run = self.runs.get(_thread.get_ident())
            return run.asks if run is not None else self.context.current()
        except Exception as error:
            self.context.fail(self.name, error)
            return words.NOBODY
