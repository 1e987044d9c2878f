"""What a task of a server's serves: the method and path of a request.

aiohttp's server has a task for each request, eager from Python 3.12 on, and says in a slot of the connection's handler
which one it is. uvicorn has a task for each request, too; what that is about is in ASGI's `scope`.
"""

from __future__ import annotations

from gc import get_referents

from visualizer.tracers.core.context import Context
from visualizer.tracers.core.sockets import Addresses
from visualizer.tracers.core.stored import StoredAttributes, request
from visualizer.tracers.core.values import dictionary, type_module
from visualizer.tracers.core.variables import Unknown
from visualizer.tracers.runtimes.generators.introspection import code_of, is_generator
from visualizer.tracers.runtimes.greenlets.call_sites import attribute_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any

#: The modules that serve requests, as far as we have to know when they are imported.
MODULES = ("aiohttp.web_protocol",)
#: The coroutine that serves one request in an ASGI server, and whose these are.
_OF_ASGI, _ASGI_SERVERS = "run_asgi", "uvicorn."


class Served:
    """Tells what tracks serve, from when to when."""

    def __init__(self, context: Context, failed: Callable[[BaseException], None]) -> None:
        """`failed` is called with what a hook has raised."""
        self._context = context
        self._stored = StoredAttributes(failed)
        #: The track that serves a request, by the id of aiohttp's handler, which belongs to one connection.
        self._serving: dict[int, int] = {}
        self._addresses = Addresses()

    def imported(self, module: ModuleType, expect: Callable[[CodeType], None]) -> None:
        """The program has imported one of MODULES. `expect` is told which coroutine may be an eager task's."""
        handler = module.__dict__["RequestHandler"]
        expect(handler.__dict__["_handle_request"].__code__)
        # The first is stored right before the program's function is called, the second when the answer is sent.
        self._stored.watch(handler, "_current_request", self._begin, None)
        self._stored.watch(handler, "_request_in_progress", self._end, True)

    def remove(self) -> None:
        self._stored.remove()
        self._serving.clear()

    def _begin(self, handler: Any, asked: Any) -> None:
        if asked is None or self._context.is_over:
            return
        own = dictionary(asked)
        message: Any = own.get("_message")
        path = message.path if type_module(type(message)).startswith("aiohttp.") else None
        self._serving[id(handler)] = track = self._context.current()
        try:
            socket = dictionary(attribute_of(handler, "transport")).get("_sock")
        except Unknown:
            socket = None  # Not known; as where it is uvloop's.
        ends = self._addresses.of_socket(socket)[1:]
        self._context.serves(self._context.now(), track, request(own.get("_method"), path), ends)

    def _end(self, handler: Any, is_in_progress: Any) -> None:
        track = self._serving.pop(id(handler), None) if not is_in_progress else None
        if track is not None and not self._context.is_over:
            self._context.serves(self._context.now(), track, None)

    def may_serve(self, coroutine: Any) -> bool:
        """Whether a task that runs it may be one that serves a request from its beginning to its end."""
        return is_generator(coroutine) and code_of(coroutine).co_name == _OF_ASGI

    def met(self, t_ns: int, track: int, coroutine: Any) -> None:
        """`track` is a task that runs `coroutine`, which may serve a request."""
        for thing in get_referents(coroutine):
            if type_module(type(thing)).startswith(_ASGI_SERVERS):
                self._context.serves(t_ns, track, *_of_scope(dictionary(thing).get("scope")))
                return


def _of_scope(scope: Any) -> tuple[str | None, tuple[str, str]]:
    """What ASGI's `scope` is about, and the two ends of the connection. A connection that stays has no method."""
    if type(scope) is not dict:
        return None, ("", "")
    kind = scope.get("type")
    said = request(scope.get("method") if kind == "http" else kind, scope.get("path"))
    return said, (_address(scope.get("server")), _address(scope.get("client")))


def _address(end: Any) -> str:
    """As those of sockets are written (core/sockets.py)."""
    if type(end) not in (tuple, list) or [*map(type, end)] != [str, int]:
        return ""
    host, port = end
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
