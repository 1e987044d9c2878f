"""The short way of a greenlet that begins to wait for a socket, where greenlets waited for that one before.

Which row tells that is kept by the calls that led there, from the method of the socket's, whose instruction says what
it waits for, to the program's own; and there by the socket. The recorder in C follows the same tables.
"""

from __future__ import annotations

import sys

from visualizer.tracers.core.variables import of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    from visualizer.tracers.core.call_sites import CallSites
    from visualizer.tracers.core.sockets import Addresses, Endpoint

    #: By id(code) + offset of a frame: the table for the frame below it, or, of the program's own, a tuple of one by
    #: the id of a socket of gevent's: a weak reference to it, where it has Python's socket, a weak reference to that,
    #: how its descriptor is asked for, the descriptor, and the shape.
    Calls = dict[int, Any]

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: So many sockets are known at a place.
_MOST = 1024


def learn(
    calls: Calls, frame: Any, own: Any, sites: CallSites, addresses: Addresses, end: Endpoint, shape: int,
    new_table: Callable[[], dict[int, Any]],
) -> None:
    """A greenlet that is suspended in `frame`, below the program's `own`, waits for `end`, which `shape` tells: note
    that, if it is one of a socket whose method `frame` is, and which it keeps."""
    sockets: Any = sys.modules.get("gevent._socketcommon")
    this = of_variables(frame, _this)
    if sockets is None or not issubclass(type(this), sockets.SocketMixin):
        return
    slot, fileno = sockets.SocketMixin._sock, sys.modules["_socket"].socket.fileno
    real = slot.__get__(this)
    known = addresses.known.get(id(real))
    fd, _, *both = end
    if known is None or known[0]() is not real or known[1:] != (fd, *both):
        return
    while frame is not own:
        # The sites keep the code, so that its id stays its own.
        place = id(sites.at(frame).code) + frame.f_lasti
        below = calls.get(place)
        if below is None:
            below = calls[place] = new_table()
        calls, frame = below, frame.f_back
    place = id(sites.at(own).code) + own.f_lasti
    if place not in calls:
        calls[place] = (new_table(),)
    (ends,) = calls[place]
    if len(ends) >= _MOST:
        ends.clear()
    ends[id(this)] = ref(this), slot, known[0], fileno, fd, shape


def known_shape(calls: Calls, frame: Any) -> int | None:
    """The shape of the wait of a greenlet that is suspended in `frame`, if that is known."""
    this, found = frame, calls.get(id(frame.f_code) + frame.f_lasti)
    while found is not None and type(found) is not tuple:
        frame = frame.f_back
        found = found.get(id(frame.f_code) + frame.f_lasti) if frame is not None else None
    if found is None:
        return None
    this = of_variables(this, _this)
    known = found[0].get(id(this))
    if known is None:
        return None
    its, slot, its_real, fileno, fd, shape = known
    real = its_real()
    is_same = its() is this and real is not None and slot.__get__(this) is real and fileno(real) == fd
    return shape if is_same else None


def _this(variables: Any) -> Any:
    return variables.get("self")
