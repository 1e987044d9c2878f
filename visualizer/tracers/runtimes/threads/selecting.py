"""What a thread that waits in `select` asks for, what it finds ready, and which generators go on by that.

A selector of the standard library says both itself. Of a call of select.select the arguments tell what is asked for,
where they are names, and the system is asked once more what is ready. What poll and epoll objects were told to watch is
not known.
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, FunctionType, MethodType

from visualizer.trace import words
from visualizer.tracers.core.lines import NO_VALUE
from visualizer.tracers.core.sockets import several
from visualizer.tracers.core.values import CONTAINERS, SEQUENCES, dictionary, own_attribute
from visualizer.tracers.runtimes.threads.calls import SELECT
from visualizer.tracers.runtimes.threads.primitives import TO_READ, TO_WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterator
    from typing import Any

    from visualizer.tracers.core.context import Context
    from visualizer.tracers.core.sockets import Addresses, Endpoint

#: Of the masks of selectors, and of poll.
_READ, _WRITE = 1, 2
_POLL_READ, _POLL_WRITE = 1, 4


def of_selector(selector: Any) -> dict[int, int]:
    """What it was told to watch: by descriptor, the events."""
    return _watched(own_attribute(selector, "_fd_to_key"))


def _watched(keys: Any) -> dict[int, int]:
    masks: dict[int, int] = {}
    # Another thread may register one at the same time.
    for fd, key in [*keys.items()] if type(keys) is dict else ():
        if type(fd) is int and isinstance(key, tuple) and len(key) == 4:
            _, _, events, _ = tuple.__iter__(key)
            if type(events) is int:
                masks[fd] = events
    return masks


def of_lists(passed: dict[str, Any]) -> dict[int, int]:
    """What select.select is asked for, as far as that is known."""
    masks: dict[int, int] = {}
    for name, event in ((TO_READ, _READ), (TO_WRITE, _WRITE)):
        for fd in descriptors(passed.get(name, NO_VALUE)):
            masks[fd] = masks.get(fd, 0) | event
    return masks


def descriptors(things: Any) -> Iterator[int]:
    """Those that are given in such a list, as far as that is known."""
    module: Any = sys.modules.get("_socket")
    if id(type(things)) not in CONTAINERS:
        return
    for thing in list(things):
        if type(thing) is int:
            yield thing
        elif module is not None and issubclass(type(thing), module.socket):
            # Not the object's own method, which may be the program's.
            yield module.socket.fileno(thing)


def has_socket(asked: Any, fd: int) -> bool:
    """Whether that descriptor was given as a socket to a selector, or in one of several lists."""
    module: Any = sys.modules.get("_socket")
    if type(asked) is tuple:
        things = [one for several in asked if id(type(several)) in CONTAINERS for one in list(several)]
    else:
        key = (own_attribute(asked, "_fd_to_key") or {}).get(fd)
        things = [tuple.__getitem__(key, 0)] if isinstance(key, tuple) and key else []
    sockets = [one for one in things if module is not None and issubclass(type(one), module.socket)]
    return any(module.socket.fileno(one) == fd for one in sockets)


def poller(masks: dict[int, int]) -> Any:
    """What `ready_now` asks about them, again and again; None if that cannot be told."""
    poll: Any = getattr(sys.modules.get("select"), "poll", None)
    # gevent puts its own in the place of that.
    if type(poll) is not BuiltinFunctionType or not masks:
        return None
    made: Any = poll()
    for fd, events in masks.items():
        if fd >= 0:
            made.register(fd, _POLL_READ * bool(events & _READ) | _POLL_WRITE * bool(events & _WRITE))
    return made


def ready_now(asked: Any, masks: dict[int, int]) -> dict[int, int] | None:
    """Which of them are ready; None if that cannot be told."""
    if asked is None:
        return None
    found = {}
    for fd, events in asked.poll(0):
        # An end or an error of a connection is told to who wants to read, and to who wants to write.
        mask = masks[fd] & (_READ * bool(events & ~_POLL_WRITE) | _WRITE * bool(events & ~_POLL_READ))
        found[fd] = mask or masks[fd]
    return found


def found_by(what: int, result: Any) -> dict[int, int]:
    """What such a call has returned: by descriptor, the events that it has found."""
    found: dict[int, int] = {}
    if what == SELECT:
        for things, event in zip(result, (_READ, _WRITE), strict=False):
            for fd in descriptors(things):
                found[fd] = found.get(fd, 0) | event
        return found
    for fd, events in result:
        # An end or an error of a connection is told to who wants to read, and to who wants to write.
        found[fd] = _READ * bool(events & ~_POLL_WRITE) | _WRITE * bool(events & ~_POLL_READ)
    return found


def keys_of(selector: Any, found: dict[int, int]) -> list[tuple[Any, int]]:
    """What a selector makes of that, as it returns it."""
    known: Any = own_attribute(selector, "_fd_to_key")
    asked = _watched({fd: known[fd] for fd in found if fd in known} if type(known) is dict else None)
    return [(known[fd], events & asked[fd]) for fd, events in found.items() if fd in asked]


def of_result(result: Any) -> tuple[dict[int, int], list[Any]]:
    """What a selector has found ready: by descriptor, the events; and the data that these were registered with,
    if any."""
    masks, data = {}, []
    for pair in result if type(result) is list else ():
        if type(pair) is tuple and len(pair) == 2 and isinstance(pair[0], tuple) and len(pair[0]) == 4:
            fd, mask = tuple.__getitem__(pair[0], 1), pair[1]
            if type(fd) is int and type(mask) is int:
                masks[fd] = mask
                if (own := tuple.__getitem__(pair[0], 3)) is not None:
                    data.append(own)
    return masks, data


def endpoint(masks: dict[int, int], addresses: Addresses) -> Endpoint | None:
    """Of one descriptor, all that is known; of several their numbers."""
    if len(masks) != 1:
        return (-1, several(masks), "", "") if masks else None
    ((fd, events),) = masks.items()
    direction = {_READ: words.READ, _WRITE: words.WRITE, _READ | _WRITE: words.READ_OR_WRITE}.get(events)
    return (fd, direction, *addresses.of_fd(fd)) if direction is not None else None


def waiting(data: Any, context: Context) -> int:
    """The track of the generator that a descriptor was registered for: the only one that its data is, has, or is a
    method or function of; NOBODY if there is none, or more than one."""
    steps = context.steps
    if steps is None:
        return words.NOBODY
    found = {steps.track_of(thing) for thing in _within(data)} - {words.NOBODY}
    return found.pop() if len(found) == 1 else words.NOBODY


def _within(data: Any) -> list[Any]:
    kind = type(data)
    if id(kind) in SEQUENCES:
        return list(data)
    if kind is MethodType:
        return [data.__self__, *dictionary(data.__self__).values()]
    if kind is FunctionType:
        return [cell.cell_contents for cell in data.__closure__ or () if _is_filled(cell)]
    return [data, *dictionary(data).values()]


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
