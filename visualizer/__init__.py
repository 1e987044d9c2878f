"""A terminal visualizer of coroutine scheduling; and for programs what docs/api.md tells of.

`visualizer.load(path)` opens a trace, `visualizer.record(target, to=path)` makes one. The rooms are listed in README.md
beside this file.

Importing this loads nothing else, since the program under watch imports it, too: what stands in `__all__` is loaded
when it is asked for.
"""

# What `typing` calls so would have to be imported.
TYPE_CHECKING = False

__all__ = [
    "CompletedRun",
    "Finding",
    "Moment",
    "Place",
    "Slice",
    "Switch",
    "TargetError",
    "Trace",
    "TraceError",
    "Track",
    "Tracks",
    "Wait",
    "Wake",
    "load",
    "record",
]

if TYPE_CHECKING:
    from visualizer.api.run import CompletedRun, TargetError, record
    from visualizer.api.trace import Trace, TraceError, load
    from visualizer.api.values import Finding, Moment, Place, Slice, Switch, Track, Tracks, Wait, Wake
else:
    #: Where what is no value is from. Who records loads nothing of what it takes to read.
    _ROOMS = {
        **dict.fromkeys(("CompletedRun", "TargetError", "record"), "run"),
        **dict.fromkeys(("Trace", "TraceError", "load"), "trace"),
    }

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"visualizer.api.{_ROOMS.get(name, 'values')}"), name)

    def __dir__():
        return sorted({*globals(), *__all__})
