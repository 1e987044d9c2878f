"""What a runtime on greenlets tells of its own, beside those of other runtimes and those that are switched by hand."""

from __future__ import annotations

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import NEW
from visualizer.tracers.core.context import NO_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer

    #: Greenlet's trace function of a thread: (event, (origin, target)), in the target.
    #: What it returns is to be raised at once.
    Hook = Callable[[str, Any], BaseException | None]


class Family:
    """To be put into `GreenletTracer.families`. Here it claims nothing, and tells of nothing.

    It is asked in the thread of the greenlets, and in the target of a switch.
    """

    #: The kinds of its tracks that schedule others: where in its own code such a one is suspended says nothing.
    schedulers: frozenset[str] = frozenset((words.HUB,))

    def owns(self, kind: type) -> bool:
        """Whether greenlets of this class are of this runtime: they become tracks when they first run."""
        return False

    def describe(self, greenlet: Any) -> tuple[str, str] | None:
        """Kind and name of a greenlet that is seen for the first time; None if it is not of this runtime."""
        return None

    def on_switch(self, t_ns: int, event: str, origin: Any, from_track: int, target: Any, to_track: int) -> int | None:
        """A switch was seen: to or from a scheduler of this runtime, or between two greenlets that are no schedulers.

        Tell of what comes before it. Return the shape of the switch, if it has one already (buffer.py).
        """
        return None

    def outcome(self, greenlet: Any) -> tuple[str, Any] | None:
        """How a greenlet of this runtime ended: outcome and value; None if that is not known, or it is another's."""
        return None

    def thrown(self, scheduler: int) -> Any:
        """What that scheduler has just thrown, where its own call does not tell; else NO_VALUE."""
        return NO_VALUE

    def thrown_in(self, frame: Any) -> Any:
        """What a function of this runtime throws in whose frame, or below it, somebody was suspended who threw; else
        NO_VALUE."""
        return NO_VALUE

    def collected(self, track: int) -> None:
        """The garbage collector has taken the greenlet of `track`."""

    def hook(self, buffer: Buffer, otherwise: Hook) -> Hook | None:
        """A short way in front of `otherwise` for the thread of `buffer`, called in that thread; None if there is none.

        It has to take the short way between greenlets that are switched by hand as well (GreenletTracer.raw_hook).
        """
        return None


def store_suspension(
    buffer: Buffer, t_ns: int, track: int, about: Any, code: CodeType | None, offset: int, again: bool,
    call: str | None = None,
) -> int | None:
    """Store why a greenlet is suspended. From the second time on it is a shape, which its switch to the hub makes: a
    row that says itself for which thing. Return that.

    `about`: reason, limit in ns, thing and endpoint (lines.wait_in_call). `again`: it may well do so again. `call`:
    what it has called, where there is no source of it.
    """
    reason, limit_ns, thing, end = about
    open_about = reason, limit_ns, words.SUBJECT if thing else "", end
    key = ("suspension", open_about, id(code), offset, call)
    shape = buffer.again(key, code) if again else None
    if shape is None:
        buffer.store((lines.wait_in_call, t_ns, track, about, call, code, offset))
    elif shape == NEW:
        shape = buffer.learn(
            key,
            t_ns,
            (lines.wait_in_call, words.CURRENT, open_about, call, code, offset),
            (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset),
        )
    return shape + buffer.said(t_ns, thing) if shape is not None and thing else shape
