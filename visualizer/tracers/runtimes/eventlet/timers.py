"""Who asked an eventlet hub for what: its timers.

Whoever makes a green thread ready, limits a wait or sleeps has the hub call something, at once or later: all that comes
to `BaseHub.add_timer`, in the greenlet that asks. While the hub does it, the timer is a variable of the hub's frames.
"""

from __future__ import annotations

from visualizer.trace.words import NOBODY
from visualizer.tracers.core.call_sites import BOUND
from visualizer.tracers.core.code import callable_name
from visualizer.tracers.core.lines import NO_VALUE
from visualizer.tracers.core.postponed import makes_uninterrupted
from visualizer.tracers.core.values import Shown, bases_of, dictionary, keep, nanoseconds, type_module, type_name
from visualizer.tracers.runtimes.eventlet.frames import is_of_eventlet, variable
from visualizer.tracers.runtimes.greenlets.timeouts import is_stray

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: Functions of eventlet's that a limit calls to end the wait of the greenlet that asked: of a socket, of a `select`.
_LIMITS = ("_timeout", "on_timeout", "on_timeout2")


class Asked:
    """What a timer was asked for: by which track, to be called after `ns`, and whom it would resume, if that is known.

    `limits`: it ends a wait of the greenlet that asked. `sleeps`: that was to last so long. `thrown`: what it throws.
    """

    __slots__ = (
        "due_ns", "givers", "is_new", "is_stray", "limits", "ns", "sleeps", "started", "thrown", "timer", "track",
        "turn",
    )  # fmt: skip

    def __init__(self, timer: Any, track: int, ns: int, due_ns: int) -> None:
        #: Weakly.
        self.timer = timer
        self.track = track
        self.ns = ns
        self.due_ns = due_ns
        self.limits = self.sleeps = False
        self.thrown: Any = NO_VALUE
        #: Of a queue: who has put something, or made room, since the hub went through it, once for each time; and whom
        #: it has resumed. Whether that is only who asked.
        self.givers: list[int] = [track]
        self.is_new = True
        #: How often the greenlet had been resumed when it asked.
        self.turn = 0
        #: Of a Timeout, where code of the program's own started it; and whether nobody could cancel it any more when
        #: the wait began.
        self.started: tuple[Any, int] | None = None
        self.is_stray = False

    def look(self, frame: Any) -> None:
        """Its greenlet begins to wait, in `frame`: see whether somebody can still cancel it."""
        timer = self.timer()
        if self.started is not None and timer is not None:
            args = dictionary(timer)["tpl"][1]
            self.is_stray = is_stray(args[0], args, False, self.started[0], frame)

    @property
    def runs(self) -> bool:
        """Whether it is still to come."""
        timer = self.timer()
        return timer is not None and not dictionary(timer).get("called", True)

    def giver(self, track: int) -> int:
        """By whose doing the hub resumes `track` now; NOBODY if that was only its own."""
        found = next((giver for giver in self.givers if giver != track), NOBODY)
        if found != NOBODY:
            self.givers.remove(found)
        self.givers.append(track)
        return found

    @property
    def key(self) -> int:
        """The id of the timer, as long as it lives."""
        return id(self.timer())


class Timers:
    """The timers of all hubs that may still be called."""

    def __init__(self, greenlet_class: Any, calls: tuple[CodeType, ...]) -> None:
        """`calls`: the functions by which a timer is called."""
        self._greenlet_class = greenlet_class
        self._calls = calls
        self._asked: dict[int, Asked] = {}

    @makes_uninterrupted
    def add(self, timer: Any, track: int, current: Any, t_ns: int) -> tuple[Asked, Any, Any] | None:
        """`current`, whose track that is, asks for a timer. Return what for, whom it resumes, and with which arguments.

        None if it is nothing that is known.
        """
        own = dictionary(timer)
        ns, what = nanoseconds(own.get("seconds")), own.get("tpl")
        if type(what) is not tuple or len(what) != 3:
            return None
        key, (called, args, _) = id(timer), what
        # Not asked for as an attribute: it may be of a class of the program's.
        name = (callable_name(called) or "").rpartition(".")[2]

        def forget(gone: Any) -> None:
            if key in self._asked and self._asked[key].timer is gone:
                del self._asked[key]

        self._asked[key] = asked = Asked(ref(timer, forget), track, max(0, ns), t_ns + max(0, ns))
        whom = self._whom(called, name, args, current)
        if whom is current:
            asked.limits, asked.sleeps = True, name == "switch"
        if name in ("throw", "_timeout"):
            asked.thrown = thrown(args)
        elif name == "_do_send" and len(args) == 3 and type(args[1]) is tuple:
            asked.thrown = thrown(args[1])
        return asked, whom, args

    def _whom(self, called: Any, name: str, args: Any, current: Any) -> Any:
        """The greenlet that a timer would resume; None if that is not known."""
        kind = type_name(type(called))
        owner = called.__self__ if kind in BOUND else None
        if kind == "builtin_function_or_method" and issubclass(type(owner), self._greenlet_class):
            return owner
        function = called.__func__ if kind == "method" else called
        if type_name(type(function)) != "function" or not is_of_eventlet(function.__code__):
            return None
        if name in _LIMITS:
            return current
        if name == "_do_send" and len(args) == 3:
            return args[2]
        own = dictionary(owner)
        if name == "_do_acquire":
            return next(iter(own.get("_waiters", ())), None)
        # Of a queue, whose turn it is is known only then: others may wait for it, too, before the hub goes through it.
        return None

    def running(self, frame: Any) -> Asked | None:
        """What the hub does, which is suspended in `frame`: None if no timer has made it do so."""
        while frame is not None:
            if frame.f_code in self._calls:
                return self._asked.get(id(variable(frame, "self")))
            frame = frame.f_back
        return None

    def also(self, queue: Any, track: int) -> None:
        """`track` has the hub go through a queue, which it may be about to do already."""
        known = self._asked.get(id(dictionary(queue).get("_event_unlock")))
        if known is not None and not known.is_new:
            known.givers.append(track)
        elif known is not None:
            known.is_new = False


def is_timeout(kind: type) -> bool:
    """Whether that is eventlet's Timeout, or a class that the program made of it."""
    return any(type_name(base) == "Timeout" and type_module(base) == "eventlet.timeout" for base in bases_of(kind))


def thrown(args: Any) -> Any:
    """What `throw(*args)` throws."""
    if type(args) is not tuple:
        return NO_VALUE
    for one in args:
        if issubclass(type(one), BaseException):
            return keep(one)
    if not args:
        return Shown("GreenletExit()")
    return Shown(f"{type_name(args[0])}()") if issubclass(type(args[0]), type) else NO_VALUE
