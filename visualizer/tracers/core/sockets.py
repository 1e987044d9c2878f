"""Which addresses a file descriptor connects, asked of the operating system without touching what is the program's.

A socket object of the program's is asked with `_socket.socket`'s own methods, never with those of a subclass. A bare
descriptor is lent to a socket object that cannot close it. Neither changes whether the descriptor blocks.
"""

from __future__ import annotations

import os
import stat
import sys

from visualizer.trace import words
from visualizer.tracers.core.handlers import raise_of_handler
from visualizer.tracers.core.postponed import makes_uninterrupted
from visualizer.tracers.core.values import show, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    #: (fd, direction, local address, peer address): what a track waits on; -1 and "" where it is not known.
    Endpoint = tuple[int, str, str, str]

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

# Fetched now: gevent's monkey-patching may replace what is in `os`.
_fstat = os.fstat
#: Of so many connections it is remembered, and only where each has a number of its own.
_MOST_CONNECTIONS = 4096 if sys.platform == "linux" else 0
_NO_SOCKET = False, "", ""
#: So many descriptors of a direction are named.
_MOST_NAMED = 16


class Addresses:
    """The two addresses of sockets, as text; "" for one that there is not, or not yet."""

    def __init__(self) -> None:
        #: By id of a connected socket, whose addresses stay: a weak reference to it, its fd, the two addresses.
        self.known: dict[int, tuple[Any, int, str, str]] = {}
        self._lent: Any = None
        #: The same by the number that the system has for a connection, whatever descriptor that has.
        self._connections: dict[int, tuple[str, str]] = {}

    def of_socket(self, real: Any, listens: bool = False) -> tuple[int, str, str]:
        """(fd, local, peer) of a `_socket.socket`; (-1, "", "") of anything else. `listens`: it has no peer."""
        module = sys.modules.get("_socket")
        if module is None or not issubclass(type(real), module.socket):
            return -1, "", ""
        kind: Any = module.socket
        fd = kind.fileno(real)
        key = id(real)
        known = self.known.get(key)
        if known is not None and known[1] == fd and known[0]() is real:
            return known[1:]
        if fd < 0:
            return -1, "", ""
        local = _ask(module, kind.getsockname, real) or ""
        peer = None if listens else _ask(module, kind.getpeername, real)
        if listens or peer is not None:
            self._remember(key, real, fd, local, peer or "")
        return fd, local, peer or ""

    def is_known(self, real: Any) -> bool:
        """Whether somebody has asked for those of that `_socket.socket`."""
        known = self.known.get(id(real))
        return known is not None and known[0]() is real

    @makes_uninterrupted
    def _remember(self, key: int, real: Any, fd: int, local: str, peer: str) -> None:
        known = self.known

        def forget(gone: Any) -> None:
            if key in known and known[key][0] is gone:
                del known[key]

        # Of another kind, one may be gone and another stand at its place without our knowing.
        if type(real).__weakrefoffset__:
            known[key] = (ref(real, forget), fd, local, peer)

    def of_fd(self, fd: int) -> tuple[str, str]:
        """(local, peer) of a descriptor; empty where it is no socket."""
        return self.of_descriptor(fd)[1:]

    def of_descriptor(self, fd: int) -> tuple[bool, str, str]:
        """(whether it is a stream, local, peer). That number may be used again: only of a connection it is remembered,
        by its own."""
        module: Any = sys.modules.get("_socket")
        if module is None:
            return _NO_SOCKET
        try:
            about = _fstat(fd)
        except OSError as error:
            raise_of_handler(error)
            return _NO_SOCKET
        if not stat.S_ISSOCK(about.st_mode):
            return _NO_SOCKET
        known = self._connections.get(about.st_ino)
        if known is not None:
            return True, *known
        if self._lent is None:
            # What closes a forgotten socket is its finalizer, and this class has one that does not.
            self._lent = type("_Lent", (module.socket,), {"__slots__": (), "__del__": lambda this: None})
        try:
            # Said to be non-blocking, so that Python does not make it so where the program has set a default timeout.
            lent = self._lent(-1, module.SOCK_STREAM | getattr(module, "SOCK_NONBLOCK", 0), 0, fd)
        except OSError as error:
            raise_of_handler(error)
            return _NO_SOCKET
        if not hasattr(module, "SOCK_NONBLOCK") and module.getdefaulttimeout() is not None:
            return _NO_SOCKET
        local, peer = _ask(module, lent.getsockname) or "", _ask(module, lent.getpeername)
        is_stream = module.socket.type.__get__(lent) == module.SOCK_STREAM
        if peer is not None and is_stream:
            if len(self._connections) >= _MOST_CONNECTIONS:
                self._connections.clear()
            if _MOST_CONNECTIONS:
                self._connections[about.st_ino] = local, peer
        return is_stream, local, peer or ""


def several(masks: dict[int, int]) -> str:
    """Descriptors by direction, as "read 5 6, write 7", of what is waited for at each: 1 to read, 2 to write."""
    listed = []
    for bit, direction in ((1, words.READ), (2, words.WRITE)):
        fds = [fd for fd in masks if masks[fd] & bit]
        if len(fds) > 1:
            fds.sort()
            more = " …" if len(fds) > _MOST_NAMED else ""
            listed.append(f"{direction} {' '.join(map(str, fds[:_MOST_NAMED]))}{more}")
        elif fds:
            listed.append(f"{direction} {fds[0]}")
    return ", ".join(listed)


def _ask(module: Any, method: Any, *args: Any) -> str | None:
    """The text of the address that a method of a socket gives; None if there is none."""
    real = args[0] if args else method.__self__
    try:
        address = method(*args)
    except OSError as error:
        raise_of_handler(error)
        return None
    return address_text(module, module.socket.family.__get__(real), address)


def address_text(module: Any, family: int, address: Any) -> str:
    """An address as people write it: "127.0.0.1:80", "[::1]:80", a path, "@name" for Linux' abstract names."""
    if type(address) is bytes:
        return address.decode("utf-8", "replace").replace("\0", "@", 1)
    if type(address) is str:
        return address
    if type(address) is tuple and len(address) >= 2 and type(address[0]) is str and type(address[1]) is int:
        if family == module.AF_INET:
            return f"{address[0]}:{address[1]}"
        if family == getattr(module, "AF_INET6", -1):
            scope = address[3] if len(address) == 4 else 0
            return f"[{address[0]}{f'%{scope}' if scope and '%' not in address[0] else ''}]:{address[1]}"
    return show(address) if type(address) is tuple or type(address) is int else f"<{type_name(type(address))}>"
