"""Who waits for a socket, file or Waiter already where gevent refuses a second one to.

It tells both by an exception of a class of its own alone, which nobody need see: the program may catch it. So the class
gets an `__init__`, which notes who raises it, and has returned before it is raised.
"""

from __future__ import annotations

import sys

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import own_frame
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import Shown, dictionary, type_name
from visualizer.tracers.core.variables import Unknown, of_variables
from visualizer.tracers.runtimes.gevent.watchers import is_watcher

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer


class Refusals:
    """One for all hubs."""

    def __init__(self, recording: Context, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._greenlets = greenlets
        self._kind: Any = None

    def begin(self, kind: Any) -> None:
        """`kind` is gevent's ConcurrentObjectUseError."""
        inherited = kind.__init__

        def __init__(this: Any, *args: Any, **more: Any) -> None:  # noqa: N807
            inherited(this, *args, **more)
            if self._kind is not None and args:
                self._note(args[0])

        __init__.__qualname__ = f"{kind.__qualname__}.__init__"
        self._kind, kind.__init__ = kind, __init__

    def remove(self) -> None:
        kind, self._kind = self._kind, None
        if kind is not None:
            del kind.__init__

    def _note(self, said: Any) -> None:
        try:
            frame: Any = sys._getframe(2)
            own = own_frame(frame, self._recording.own)
            waiter = self._waiter(frame, own, said) if type(said) is str else None
            if waiter is None or own is None:
                return
            holder = self._greenlets.tracks.get(id(waiter.greenlet), words.NOBODY)
            # It goes on with addresses.
            text = Shown(f"{type_name(self._kind)}({said.partition(': ')[0].partition(' by <')[0]!r})")
            stream, by = self._recording.stream, self._recording.current()
            stream.extend((lines.refused, stream.clock(), by, holder, (text, lines.NO_VALUE), own.f_code, own.f_lasti))
        except Exception as error:
            self._recording.fail("gevent", error)

    def _waiter(self, frame: Any, own: Any, said: str) -> Any:
        """The Waiter of whoever waits already, by which the exception calls it, or that is asked itself; else None."""
        sites = self._greenlets.sites
        if own is not None:
            asked = sites.receiver(own, lambda receiver: receiver.thing)
            if type_name(type(asked)) in ("Waiter", "MultipleWaiter") and asked.greenlet is not None:
                return asked
        watchers = [] if own is None else [sites.first(own)]
        while frame is not None and frame is not own:
            try:  # noqa: SIM105  # contextlib is not imported into the program
                watchers += of_variables(frame, _watchers)
            except Unknown:
                pass
            frame = frame.f_back
        waiters = [getattr(watcher.callback, "__self__", None) for watcher in watchers if is_watcher(watcher)]
        return next(
            (one for one in waiters if type_name(type(one)) == "Waiter" and f" at {id(one):#x}>" in said), None
        )


def _watchers(variables: Any) -> list[Any]:
    """Those of a method of gevent's sockets and files."""
    this, sockets = variables.get("self"), sys.modules.get("gevent._socketcommon")
    mixin: Any = getattr(sockets, "SocketMixin", None)
    if mixin is not None and issubclass(type(this), mixin):
        return [mixin._read_event.__get__(this), mixin._write_event.__get__(this)]
    own = dictionary(this)
    return [own.get("_read_watcher"), own.get("_write_watcher")]
