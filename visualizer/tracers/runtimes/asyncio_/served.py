"""What a task of a server's serves: the method and path of a request.

aiohttp's server has a task for each request, eager from Python 3.12 on, and says in a slot of the connection's handler
which one it is. uvicorn has a task for each request, too; what that is about is in ASGI's `scope`.
"""

from __future__ import annotations

import sys
from gc import get_referents

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import NEW
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.sockets import Addresses
from visualizer.tracers.core.stored import StoredAttributes, request
from visualizer.tracers.core.values import own_attribute, slot_of, type_module
from visualizer.tracers.runtimes.asyncio_.library import Library
from visualizer.tracers.runtimes.asyncio_.tasks import Tasks
from visualizer.tracers.runtimes.generators.introspection import code_of, is_generator

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any

#: The modules that serve requests, as far as we have to know when they are imported.
MODULES = ("aiohttp.web_protocol",)
#: So many requests are remembered, as they are told.
_MOST_SAID = 256
#: What that is said is remembered under, by what it is and the connection's two ends (buffer.py).
_KEY = "serves"
#: The coroutine that serves one request in an ASGI server, and whose these are.
_OF_ASGI, _ASGI_SERVERS = "run_asgi", "uvicorn."


class Served:
    """Tells what tracks serve, from when to when."""

    def __init__(
        self, context: Context, tasks: Tasks, library: Library, failed: Callable[[BaseException], None]
    ) -> None:
        """`failed` is called with what a hook has raised."""
        self._context = context
        self._clock = context.stream.clock
        self._tasks = tasks
        self._library = library
        #: aiohttp's class of handlers, and the code of the coroutine that serves one request.
        self._handler: Any = None
        self._handles: CodeType | None = None
        self._stored = StoredAttributes(failed, context.compiled)
        #: The track that serves a request and goes on afterwards, by the id of aiohttp's handler, which belongs to one
        #: connection.
        self._serving: dict[int, int] = {}
        self._looks_for_ends = False
        self._addresses = Addresses()
        #: The slot in which a handler has its connection.
        self._transport: Any = None
        #: aiohttp's classes of messages that were seen, by their ids; and how requests are told, by method and path.
        self._messages: dict[int, type] = context.stream.new_table()
        self._said: dict[tuple[str, str], str | None] = {}

    def imported(self, module: ModuleType, expect: Callable[[CodeType], None]) -> None:
        """The program has imported one of MODULES. `expect` is told which coroutine may be an eager task's."""
        self._handler = handler = module.__dict__["RequestHandler"]
        self._handles = handler.__dict__["_handle_request"].__code__
        expect(self._handles)
        self._transport = slot_of(handler, "transport")
        begin, compiled = self._begin, self._context.compiled
        if compiled is not None and self._transport is not None:
            # The short way in C, in front of this.
            tables = self._tasks.by_id, self._messages, self._said, self._addresses.known
            begin = compiled.serve_way(
                tables, self._context, self._library.current_task, self._handles, self._transport,
                sys.modules["_socket"].socket.fileno, _KEY, begin,
            )
        # It is stored right before the program's function is called.
        self._stored.watch(handler, "_current_request", begin, None)

    def remove(self) -> None:
        self._stored.remove()
        self._serving.clear()

    def _begin(self, handler: Any, asked: Any) -> None:
        if asked is None or self._context.is_over:
            return
        task = self._library.running_task()
        known = self._tasks.of(task)
        track = known.track if known is not None else self._context.current()
        coroutine = self._library.get(task, "_coro") if known is not None else None
        if not is_generator(coroutine) or code_of(coroutine) is not self._handles:
            # What has a task of its own is over with that.
            self._serving[id(handler)] = track
            if not self._looks_for_ends:
                self._looks_for_ends = True
                # It is stored when the answer is sent.
                self._stored.watch(self._handler, "_request_in_progress", self._end, True)
        method: Any = own_attribute(asked, "_method")
        message: Any = own_attribute(asked, "_message")
        kind = type(message)
        if id(kind) not in self._messages and type_module(kind).startswith("aiohttp."):
            if len(self._messages) >= _MOST_SAID:
                self._messages.clear()
            self._messages[id(kind)] = kind
        path: Any = message.path if id(kind) in self._messages else None
        said = None
        if type(method) is str and type(path) is str:
            said = self._said.get((method, path))
            if said is None:
                if len(self._said) >= _MOST_SAID:
                    self._said.clear()
                said = self._said[method, path] = request(method, path)
        try:
            transport = self._transport.__get__(handler) if self._transport is not None else None
        except AttributeError:
            transport = None
        # Not known where it is uvloop's.
        _, local, peer = self._addresses.of_socket(own_attribute(transport, "_sock"))
        self._store(track, said, (local, peer))

    def _end(self, handler: Any, is_in_progress: Any) -> None:
        track = self._serving.pop(id(handler), None) if not is_in_progress else None
        if track is not None and not self._context.is_over:
            self._store(track, None, ("", ""))

    def _store(self, track: int, said: str | None, ends: tuple[str, str]) -> None:
        t_ns = self._clock()
        buffer = self._context.stream.here(t_ns)
        key = _KEY, said, ends
        shape = buffer.again(key)
        if shape is None:
            buffer.store((lines.serves, t_ns, track, said, ends, None, 0))
            return
        if shape == NEW:
            shape = buffer.learn(key, t_ns, (lines.serves, words.SUBJECT, said, ends, None, 0))
        buffer.rows.extend((t_ns, track, shape))

    def may_serve(self, coroutine: Any) -> bool:
        """Whether a task that runs it may be one that serves a request from its beginning to its end."""
        return is_generator(coroutine) and code_of(coroutine).co_name == _OF_ASGI

    def met(self, t_ns: int, track: int, coroutine: Any) -> None:
        """`track` is a task that runs `coroutine`, which may serve a request."""
        for thing in get_referents(coroutine):
            if type_module(type(thing)).startswith(_ASGI_SERVERS):
                self._context.serves(t_ns, track, *_of_scope(own_attribute(thing, "scope")))
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
