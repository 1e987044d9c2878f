"""What a greenlet of a server's or a worker's serves: the method and path of a request, the name of a task.

A server's greenlet is named after the library's function that runs in it, and so are all others of that server. What
tells them apart is in plain attributes of the library's own objects (core/stored.py).
"""

from __future__ import annotations

import sys
from types import FunctionType

from visualizer.tracers.core.code import callable_name
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.postponed import makes_uninterrupted
from visualizer.tracers.core.sockets import Addresses
from visualizer.tracers.core.stored import StoredAttributes, request, shortened
from visualizer.tracers.core.values import dictionary
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import ModuleType
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: The modules that serve requests.
PYWSGI, GUNICORN = MODULES = "gevent.pywsgi", "gunicorn.http.wsgi"
#: What celery's pool of greenlets runs for a task: the task's own arguments are the second of its arguments.
_CELERY = frozenset(("apply_target", "apply_timeout"))
#: gevent.baseserver's function around the one that serves, which is its first argument.
_SERVER = "_handle_and_close_when_done"


class Served:
    """Tells what tracks serve, from when to when."""

    def __init__(self, recording: Context, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._greenlets = greenlets
        self._stored = StoredAttributes(lambda error: recording.fail("gevent", error))
        self._settle = recording.postponed.settles(lambda error: recording.fail("gevent", error))
        #: The responses of gunicorn's that are being made: their greenlet serves until they are gone.
        self._responses: dict[int, Any] = {}
        self._addresses = Addresses()

    def imported(self, name: str, module: ModuleType) -> None:
        """The program has imported one of MODULES."""
        known: Any = module
        if name == PYWSGI:
            # After the request is read, right before the application is called; and right after the response.
            self._stored.watch(known.WSGIHandler, "application", self._begin_pywsgi)
            self._stored.watch(known.WSGIHandler, "time_finish", self._end_pywsgi)
        else:
            # A Response is made for each request, and `upgrade` is stored after the request.
            self._stored.watch(known.Response, "upgrade", self._begin_gunicorn)

    def remove(self) -> None:
        self._stored.remove()
        self._responses.clear()

    def _begin_pywsgi(self, handler: Any, _: Any) -> None:
        own = dictionary(handler)
        self._serves(request(own.get("command"), own.get("path")), by=own.get("socket"))

    def _end_pywsgi(self, _: Any, finished: Any) -> None:
        # It is stored as 0 before each request.
        if finished:
            self._serves(None)

    @makes_uninterrupted
    def _begin_gunicorn(self, response: Any, _: Any) -> None:
        own = dictionary(response)
        asked = dictionary(own.get("req"))
        track = self._serves(request(asked.get("method"), asked.get("path")), by=own.get("sock"))
        key = id(response)
        if track is None or key in self._responses:
            return

        def gone(_: Any) -> None:
            try:
                if self._responses.pop(key, None) is not None:
                    self._serves(None, track)
            except BaseException as error:
                self._settle(error)

        self._responses[key] = ref(response, self._recording.told(gone))

    def _serves(self, what: str | None, only: int | None = None, by: Any = None) -> int | None:
        """The track that runs serves that from now on, or nothing. Return it; None if it serves only meanwhile (a hub).

        `only`: which track it has to be. `by`: the socket by which it was asked.
        """
        recording = self._recording
        if recording.is_over:
            return None
        track = recording.current()
        if track in self._greenlets.hubs or (only is not None and only != track):
            return None
        recording.serves(recording.now(), track, what, self._addresses.of_socket(_real(by))[1:])
        return track


def _real(socket: Any) -> Any:
    """The system's socket of one of gevent's; any other one itself."""
    gevents: Any = sys.modules.get("gevent._socketcommon")
    is_gevents = gevents is not None and issubclass(type(socket), gevents.SocketMixin)
    return gevents.SocketMixin._sock.__get__(socket) if is_gevents else socket


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
