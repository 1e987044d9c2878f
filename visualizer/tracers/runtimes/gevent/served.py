"""What a greenlet of a server's or a worker's serves: the method and path of a request, the name of a task.

A server's greenlet is named after the library's function that runs in it, and so are all others of that server. What
tells them apart is in plain attributes of the library's own objects. We learn of a request where the library stores an
attribute of such an object that it stores once a request, and reads never or seldom: in place of that attribute stands
one of ours on the library's class, which stores the value where it belongs. So no frame of ours is on the stack while
the program serves, nor in any traceback.
"""

from __future__ import annotations

from types import FunctionType

from visualizer.tracers.core.code import callable_name
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import ATOMS
from visualizer.tracers.runtimes.gevent.hub_frames import dictionary
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: The modules that serve requests.
PYWSGI, GUNICORN = MODULES = "gevent.pywsgi", "gunicorn.http.wsgi"
#: What is served is told with at most so many characters.
LONGEST = 80
#: What celery's pool of greenlets runs for a task: the task's own arguments are the second of its arguments.
_CELERY = frozenset(("apply_target", "apply_timeout"))
#: gevent.baseserver's function around the one that serves, which is its first argument.
_SERVER = "_handle_and_close_when_done"
_MISSING = object()
_own_dict = object.__getattribute__


class Served:
    """Tells what tracks serve, from when to when."""

    def __init__(self, recording: Context, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._greenlets = greenlets
        self._stored: list[tuple[type, str]] = []
        #: The responses of gunicorn's that are being made: their greenlet serves until they are gone.
        self._responses: dict[int, Any] = {}

    def imported(self, name: str, module: ModuleType) -> None:
        """The program has imported one of MODULES."""
        known: Any = module
        if name == PYWSGI:
            # After the request is read, right before the application is called; and right after the response.
            self._watch(known.WSGIHandler, "application", self._begin_pywsgi)
            self._watch(known.WSGIHandler, "time_finish", self._end_pywsgi)
        else:
            # A Response is made for each request, and `upgrade` is stored after the request.
            self._watch(known.Response, "upgrade", self._begin_gunicorn)

    def _watch(self, kind: type, attribute: str, told: Callable[[Any, Any], None]) -> None:
        default = kind.__dict__.get(attribute, _MISSING)
        if default is _MISSING or type(default) in ATOMS:
            setattr(kind, attribute, Stored(attribute, default, told, self._recording.fail))
            self._stored.append((kind, attribute))

    def remove(self) -> None:
        for kind, attribute in self._stored:
            stored = kind.__dict__.get(attribute)
            if type(stored) is Stored:
                stored.put_back(kind)
        self._responses.clear()

    def _begin_pywsgi(self, handler: Any, _: Any) -> None:
        own = dictionary(handler)
        self._serves(_request(own.get("command"), own.get("path")))

    def _end_pywsgi(self, _: Any, finished: Any) -> None:
        # It is stored as 0 before each request.
        if finished:
            self._serves(None)

    def _begin_gunicorn(self, response: Any, _: Any) -> None:
        request = dictionary(dictionary(response).get("req"))
        track = self._serves(_request(request.get("method"), request.get("path")))
        key = id(response)
        if track is None or key in self._responses:
            return

        def gone(_: Any) -> None:
            if self._responses.pop(key, None) is not None:
                self._serves(None, track)

        self._responses[key] = ref(response, gone)

    def _serves(self, what: str | None, only: int | None = None) -> int | None:
        """The track that runs serves that from now on, or nothing. Return it; None if it serves only meanwhile (a hub).

        `only`: which track it has to be.
        """
        recording = self._recording
        if recording.is_over:
            return None
        track = recording.current()
        if track in self._greenlets.hubs or (only is not None and only != track):
            return None
        recording.serves(recording.now(), track, what)
        return track


class Stored:
    """Stands for an attribute of a class's instances: it is where it was, and `told` learns when it is stored."""

    __slots__ = ("_default", "_failed", "_name", "_told")

    def __init__(
        self, name: str, default: Any, told: Callable[[Any, Any], None], failed: Callable[[str, BaseException], None]
    ) -> None:
        """`default`: what the class has where an instance has nothing."""
        self._name = name
        self._default = default
        self._told = told
        self._failed = failed

    def put_back(self, kind: type) -> None:
        """Leave the class as it was."""
        if self._default is _MISSING:
            delattr(kind, self._name)
        else:
            setattr(kind, self._name, self._default)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        found = self._default if instance is None else _own_dict(instance, "__dict__").get(self._name, self._default)
        if found is _MISSING:
            whose = f"type object {owner.__name__!r}" if instance is None else f"{type(instance).__name__!r} object"
            raise AttributeError(f"{whose} has no attribute {self._name!r}", name=self._name, obj=instance or owner)
        return found

    def __set__(self, instance: Any, value: Any) -> None:
        _own_dict(instance, "__dict__")[self._name] = value
        try:
            self._told(instance, value)
        except Exception as error:
            self._failed("gevent", error)

    def __delete__(self, instance: Any) -> None:
        try:
            del _own_dict(instance, "__dict__")[self._name]
        except KeyError:
            raise AttributeError(self._name) from None


def _request(method: Any, path: Any) -> str | None:
    """A request as "GET /report": without its query, which may be long, and private."""
    if type(method) is not str or type(path) is not str:
        return None
    return shortened(f"{method} {path.partition('?')[0]}")


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def name_of(run: Any, args: Any) -> str | None:
    """The name of a greenlet that runs a library's function for a function or task of the program's, by its arguments;
    None for any other."""
    if type(run) is not FunctionType or type(args) is not tuple or len(args) < 2:
        return None
    if run.__name__ == _SERVER:
        return callable_name(args[0])
    if run.__name__ in _CELERY and str(run.__module__).startswith("celery.concurrency."):
        # The task's name is the first of them.
        of_task = args[1]
        return shortened(of_task[0]) if type(of_task) is tuple and of_task and type(of_task[0]) is str else None
    return None
