"""Why a gevent greenlet waits for the operating system and on which descriptor.

All of it is read off frames. A greenlet that is suspended below a Python function of gevent's leaves the variables of
that function, among them the socket or the watcher that it waits on. One that is suspended in a compiled function of
gevent's leaves the program's own call, whose argument is the watcher, or made it. (What its hub
does when it wakes it: hub_frames.py.)
"""

from __future__ import annotations

import os
import sys

from visualizer.trace import words
from visualizer.tracers.core.call_sites import CallSites
from visualizer.tracers.core.code import is_of_runtime
from visualizer.tracers.core.sockets import Addresses, address_text, several
from visualizer.tracers.core.values import bases_of, dictionary, type_module, type_name
from visualizer.tracers.core.variables import of_variables
from visualizer.tracers.runtimes.gevent.watchers import MAKERS, Makers, is_watcher

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.sockets import Endpoint

_INSIDE = f"{os.sep}gevent{os.sep}"
#: Instead of a reason: somebody waits until its hub has nothing left to wait for.
HUB_ENDS = "hub"
#: Beginning of the path of a file of gevent's -> reason of a wait below its functions; the first row that fits.
_REASON_OF_FILE = (
    ("subprocess.py", words.SUBPROCESS),
    (f"resolver{os.sep}", words.DNS),
    ("threadpool.py", words.THREADPOOL),
    ("pool.py", words.THREADPOOL),
    ("select.py", words.SELECT),
    ("selectors.py", words.SELECT),
    ("_socket", words.IO),
    ("ssl.py", words.IO),
    ("_fileobject", words.IO),
    ("os.py", words.IO),
    ("baseserver.py", words.JOIN),
)
#: The row whose functions serve other pools too.
_POOL = next(row for row, (file, _) in enumerate(_REASON_OF_FILE) if file == "pool.py")
#: Files of gevent's below which one waits for a lock, if nothing better is known.
_LOCKS = ("thread.py", "lock.py")
#: Function and end of the path of the standard library's file -> the reason of a wait below it, in a patched program.
_FUTURES = f"concurrent{os.sep}futures{os.sep}_base.py"
_REASON_OF_CALL = {
    "start": (f"{os.sep}threading.py", words.START),
    "result": (_FUTURES, words.RESULT),
    "exception": (_FUTURES, words.RESULT),
    "wait": (_FUTURES, words.RESULT),
    "as_completed": (_FUTURES, words.RESULT),
    "join": (f"{_INSIDE}hub.py", HUB_ENDS),
}
#: Reason of a wait -> the cause of the wake, where nobody but the hub is seen to bring it about.
_CAUSE_OF_REASON = {
    words.IO: words.IO,
    words.SELECT: words.IO,
    words.DNS: words.DNS,
    words.THREADPOOL: words.THREADPOOL,
    words.SUBPROCESS: words.SUBPROCESS,
    words.SIGNAL: words.SIGNAL,
    words.SLEEP: words.TIMER,
    words.ASYNC: words.ASYNC,
}
_NO_CALL = ("", "")
#: Kind of watcher -> why one waits for it; of another kind, its name.
_REASON_OF_WATCHER = {"io": words.IO, "timer": words.SLEEP, "child": words.SUBPROCESS, "signal": words.SIGNAL}
#: Function of gevent's sockets -> what it waits for; of another, it depends on the watcher.
_DIRECTION_OF_CALL = {"accept": words.ACCEPT, "_internal_connect": words.CONNECT}
#: Bits of an io watcher's events.
_DIRECTION_OF_EVENTS = {1: words.READ, 2: words.WRITE, 3: words.READ_OR_WRITE}


class Awaited:
    """What a greenlet waits for, as far as it is known: reason, and the end of a connection.

    `cause` is that of the wake, where it comes from outside and nobody but the hub is seen to bring it about.
    """

    __slots__ = ("cause", "endpoint", "reason")

    def __init__(self, reason: str | None, endpoint: Endpoint | None = None) -> None:
        self.reason = reason
        self.cause = _cause(reason) if endpoint is None else words.IO
        self.endpoint = endpoint


def _cause(reason: str | None) -> str | None:
    if reason is None:
        return None
    return _CAUSE_OF_REASON.get(reason, reason if reason in MAKERS else None)


_NOT_KNOWN = Awaited(None)


class Waits:
    """Tells what greenlets wait for. One for all hubs."""

    def __init__(self, own: Callable[[CodeType], bool], sites: CallSites) -> None:
        self._own = own
        self._sites = sites
        self.addresses = Addresses()
        #: Row of _REASON_OF_FILE for each file that was seen on a suspended stack.
        self._ranks: dict[str, int] = {}
        self.makers = Makers(own, sites)

    # Who is suspended below functions of gevent's.

    def below(self, greenlet: Any, frame: Any, own: Any) -> Awaited:
        """What `greenlet`, suspended in `frame`, waits for, if there are functions of gevent's from there to `own`."""
        if frame is None:
            return _NOT_KNOWN
        found = len(_REASON_OF_FILE)
        standard: str | None = None
        endpoint: Endpoint | None = None
        kind = "io"
        stop = own if own is not frame or self._own(own.f_code) else None
        while frame is not stop:
            rank = self._rank_of_file(frame.f_code.co_filename)
            if rank == _POOL and not self._is_of_thread_pool(frame):
                rank = len(_REASON_OF_FILE)
            if _POOL < rank < len(_REASON_OF_FILE) and endpoint is None:
                endpoint, kind = self._of_frame(greenlet, frame)
            found = min(found, rank)
            end, reason = _REASON_OF_CALL.get(frame.f_code.co_name, _NO_CALL)
            if end and frame.f_code.co_filename.endswith(end):
                standard = reason
            frame = frame.f_back
        if found == len(_REASON_OF_FILE):
            return Awaited(standard) if standard is not None else _NOT_KNOWN
        reason = _REASON_OF_FILE[found][1]
        return Awaited(_reason_of_watcher(kind) if reason is words.IO else reason, endpoint)

    def _rank_of_file(self, filename: str) -> int:
        rank = self._ranks.get(filename)
        if rank is None:
            _, inside, path = filename.rpartition(_INSIDE)
            names = enumerate(part for part, _ in _REASON_OF_FILE)
            rank = next((i for i, part in names if inside and path.startswith(part)), len(_REASON_OF_FILE))
            self._ranks[filename] = rank
        return rank

    def locks(self, frame: Any, own: Any) -> str | None:
        """The reason where all that is known is that somebody waits, below `own`, in a lock of gevent's."""
        while frame is not None:
            _, inside, path = frame.f_code.co_filename.rpartition(_INSIDE)
            if inside and path in _LOCKS:
                return words.LOCK
            frame = frame.f_back if frame is not own else None
        return None

    def is_called_by(self, own: Any, frame: Any) -> bool:
        """Whether all frames from `frame` on, up to the one that `own` called, are of gevent's."""
        while frame is not own:
            if not is_of_runtime(frame.f_code):
                return False
            frame = frame.f_back
        return True

    def _is_of_thread_pool(self, frame: Any) -> bool:
        """Pools of greenlets and of threads share their methods."""
        return bool(of_variables(frame, lambda own: _comes_from(type(own.get("self")), "gevent.threadpool")))

    def _of_frame(self, greenlet: Any, frame: Any) -> tuple[Endpoint | None, str]:
        """What a function of gevent's tells: an end of a connection, and the kind of watcher."""
        function = frame.f_code.co_name
        reported: tuple[Endpoint | None, str] = of_variables(
            frame, lambda variables: self._of_variables(greenlet, function, variables)
        )
        return reported

    def _of_variables(self, greenlet: Any, function: str, variables: Any) -> tuple[Endpoint | None, str]:
        this = variables.get("self")
        if this is not None:
            endpoint = self._of_owner(greenlet, this, function, variables)
            if endpoint is not None:
                return endpoint, "io"
        several = variables.get("watchers")
        if type(several) is list:
            return self._of_several(several), "io"
        for name in ("watcher", "new_watcher", "event"):
            watcher = variables.get(name)
            if is_watcher(watcher) and _waits_for(watcher) is greenlet:
                return self._of_watcher(watcher)
        return None, "io"

    def _of_owner(self, greenlet: Any, this: Any, function: str, variables: Any) -> Endpoint | None:
        """Of gevent's sockets, files and selectors."""
        kind = type(this)
        sockets: Any = sys.modules.get("gevent._socketcommon")
        if sockets is not None and issubclass(kind, sockets.SocketMixin):
            return self._of_socket(greenlet, this, sockets, function, variables)
        own = dictionary(this)
        if _comes_from(kind, "gevent._fileobjectposix"):
            for name in ("_read_watcher", "_write_watcher"):
                watcher = own.get(name)
                if is_watcher(watcher) and _waits_for(watcher) is greenlet:
                    return self._of_watcher(watcher)[0]
        elif _comes_from(kind, "gevent.selectors") and type(own.get("_active_watchers")) is dict:
            return self._of_several(list(own["_active_watchers"].values()))
        return None

    def _of_socket(self, greenlet: Any, this: Any, sockets: Any, function: str, variables: Any) -> Endpoint | None:
        mixin = sockets.SocketMixin
        direction = _DIRECTION_OF_CALL.get(function)
        if direction is None:
            reads = mixin._read_event.__get__(this)
            if is_watcher(reads) and _waits_for(reads) is greenlet:
                direction = words.READ
            else:
                writes = mixin._write_event.__get__(this)
                if not is_watcher(writes) or _waits_for(writes) is not greenlet:
                    return None
                direction = words.WRITE
        real = mixin._sock.__get__(this)
        fd, local, peer = self.addresses.of_socket(real, direction is words.ACCEPT)
        if direction is words.CONNECT and not peer and fd >= 0:
            module: Any = sys.modules["_socket"]
            peer = address_text(module, module.socket.family.__get__(real), variables.get("address"))
        return (fd, direction, local, peer) if fd >= 0 else None

    # Who is suspended in a compiled function of gevent's.

    def in_call(self, greenlet: Any, own: Any) -> Awaited:
        """What `greenlet` waits for in the call that the frame `own` is suspended in, if its argument is a watcher."""
        made = self.makers.made_for(own)
        watcher = self._sites.first(own)
        if is_watcher(watcher) and _waits_for(watcher) is greenlet:
            endpoint, kind = self._of_watcher(watcher)
            return Awaited(_reason_of_watcher(kind), endpoint)
        if made is not None:
            endpoint = self._of_fd(made.fd, made.events) if made.kind == "io" else None
            return Awaited(_reason_of_watcher(made.kind), endpoint)
        return _NOT_KNOWN

    # Watchers.

    def _of_watcher(self, watcher: Any) -> tuple[Endpoint | None, str]:
        kind = _kind(watcher)
        if kind == "io":
            return self._of_fd(watcher.fd, watcher.events), kind
        return None, kind

    def _of_fd(self, fd: int, events: int) -> Endpoint | None:
        direction = _DIRECTION_OF_EVENTS.get(events & 3)
        if fd < 0 or direction is None:
            return None
        return (fd, direction, *self.addresses.of_fd(fd))

    def _of_several(self, watchers: list[Any]) -> Endpoint | None:
        """Of one descriptor, all that is known; of several their numbers, by direction: "read 5 6, write 7"."""
        ends = [(one.fd, one.events & 3) for one in watchers if is_watcher(one) and _kind(one) == "io"]
        masks: dict[int, int] = {}
        for fd, events in ends:
            masks[fd] = masks.get(fd, 0) | events
        if len(masks) < 2:
            return next((self._of_fd(fd, events) for fd, events in masks.items()), None)
        return (-1, several(masks), "", "")


def _reason_of_watcher(kind: str) -> str:
    return _REASON_OF_WATCHER.get(kind, kind)


def _comes_from(kind: type, module: str) -> bool:
    return any(type_module(base) == module for base in bases_of(kind))


def _kind(watcher: Any) -> str:
    name = type_name(type(watcher)).rstrip("_")
    return "io" if name == "_multiplexwatcher" else name


def _waits_for(watcher: Any) -> Any:
    """The greenlet that waits for a watcher, by `hub.wait`; None if there is none."""
    waiter: Any = getattr(watcher.callback, "__self__", None)
    return waiter.greenlet if type_name(type(waiter)) == "Waiter" else None
