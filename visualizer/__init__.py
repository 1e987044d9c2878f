"""A terminal visualizer of coroutine scheduling; and for programs what docs/api.md tells of.

`visualizer.load(path)` opens a trace, `visualizer.record(target, to=path)` makes one. The rooms are listed in README.md
beside this file.

Importing this loads nothing else, since the traced program imports it, too: a name in `__all__` is loaded on first use.
"""

import sys

# What `typing` calls so would have to be imported.
TYPE_CHECKING = False

__all__ = [
    "Comparison", "CompletedRun", "Details", "Finding", "Moment", "Place", "Slice", "Switch", "TargetError", "Trace",
    "TraceError", "Track", "Tracks", "Wait", "Wake", "load", "mark", "record",
]

#: What records a mark, where this program is being recorded: the recording puts it here.
_record_mark = None


if TYPE_CHECKING:
    from visualizer.api.run import CompletedRun, TargetError, record
    from visualizer.api.trace import Comparison, Details, Trace, TraceError, load
    from visualizer.api.values import Finding, Moment, Place, Slice, Switch, Track, Tracks, Wait, Wake
else:
    #: The module of each name that is not in `values`. Recording loads nothing that only reading needs.
    _ROOMS = {
        **dict.fromkeys(("CompletedRun", "TargetError", "record"), "run"),
        **dict.fromkeys(("Comparison", "Details", "Trace", "TraceError", "load"), "trace"),
    }

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"visualizer.api.{_ROOMS.get(name, 'values')}"), name)

    def __dir__():
        return sorted({*globals(), *__all__})


def mark(text: str) -> None:
    """Mark this moment of a program that is being recorded, where whoever explains the recording has something to say.

    `text`: "name", or "name: caption". Does nothing where nobody records.
    """
    if _record_mark is not None:
        _record_mark(text, sys._getframe(1))
