"""Watches generators on Python 3.11: by the slots of their types where the recorder is in C, else by a profile hook."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from visualizer.tracers.core.api import Runtime
    from visualizer.tracers.core.context import Context


class Choice:
    """A row that makes one of the two, of which only that one is loaded."""

    name = "generators"

    def __call__(self, context: Context) -> Runtime:
        if context.compiled is not None:
            from visualizer.tracers.runtimes.generators.tracer_slots import SlotsTracer

            return SlotsTracer(context)
        from visualizer.tracers.runtimes.generators.tracer_profile import ProfileTracer

        return ProfileTracer(context)


GeneratorTracer = Choice()
