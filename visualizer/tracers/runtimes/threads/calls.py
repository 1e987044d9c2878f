"""Which calls may block a thread, or end the wait of another: those of C functions of the standard library.

All that waits in Python code (Event, Condition, Queue, Future, join, pools) comes down to a few of them.
"""

from __future__ import annotations

import _thread
import os
import sys
import time
from _io import FileIO
from types import BuiltinFunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

#: What a call does.
ACQUIRE, RELEASE, ACQUIRE_AGAIN, RELEASE_AGAIN, GET, GET_NOW, PUT = range(7)
SLEEP, JOIN, JOIN_ALL, SEND, RECEIVE, ACCEPT, CONNECT = range(7, 14)
#: Of processes: it reads from a pipe, acquires or releases a lock of multiprocessing's; waits for a child.
READ, ACQUIRE_SHARED, RELEASE_SHARED = range(14, 17)
#: For the child that is named first; for any; for those that are told by the first two arguments.
AWAIT_CHILD, AWAIT_ANY, AWAIT_THOSE = range(17, 20)
SELECT, POLL, EPOLL = range(20, 23)
#: It writes to a descriptor; it closes one, or a socket, or lets that write no more.
WRITE, CLOSE = 24, 30
#: It releases an RLock that may be held more than once.
SAVE = 28
#: Those that wait until one of several descriptors is ready.
OF_SELECT = frozenset((SELECT, POLL, EPOLL))
#: Those that wait for a socket.
OF_SOCKETS = frozenset((SEND, RECEIVE, ACCEPT, CONNECT))
#: Those that may end the wait of a thread that reads at the other end.
OF_WRITERS = frozenset((SEND, CONNECT, WRITE, CLOSE))
OF_CHILDREN = frozenset((AWAIT_CHILD, AWAIT_ANY, AWAIT_THOSE))
#: Whose limit in a call is that of the call, or what is left of it.
OF_LOCKS = frozenset((ACQUIRE, ACQUIRE_AGAIN, ACQUIRE_SHARED))
OF_PROCESSES = frozenset((READ, ACQUIRE_SHARED)) | OF_CHILDREN
#: All that may wait.
MAY_WAIT = OF_PROCESSES | OF_SELECT | OF_SOCKETS | {ACQUIRE, ACQUIRE_AGAIN, GET, SLEEP, JOIN, JOIN_ALL}

#: Module -> the functions in it that wait for another process.
CALLING = {
    "multiprocessing.connection": ("Connection._recv",),
    "multiprocessing.synchronize": ("SemLock.__enter__", "SemLock.__exit__", "Condition.wait", "Event.wait"),
    "multiprocessing.popen_fork": ("Popen.poll",),
    "subprocess": ("Popen._try_wait",),
}
#: They start processes that are not forked, to talk to.
STARTING = ("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver")

Lock = type(_thread.allocate_lock())
RLock = _thread.RLock
_ACQUIRE = ("acquire", "acquire_lock", "__enter__")
_RELEASE = ("release", "release_lock", "__exit__")
_OF_SOCKET = {
    "accept": ACCEPT, "_accept": ACCEPT, "connect": CONNECT, "recv": RECEIVE, "recv_into": RECEIVE, "recvfrom": RECEIVE,
    "recvfrom_into": RECEIVE, "recvmsg": RECEIVE, "recvmsg_into": RECEIVE, "send": SEND, "sendall": SEND,
    "sendto": SEND, "sendmsg": SEND, "close": CLOSE, "shutdown": CLOSE,
}
#: Of a FileIO, by which the buffered and the text files of Python read and write.
_OF_FILE = {"read": READ, "readall": READ, "readinto": READ, "write": WRITE, "close": CLOSE}


class Calls:
    """The table of them, which grows as the program imports modules."""

    def __init__(self) -> None:
        #: By the method as it stands in its class.
        self.methods: dict[Any, int] = {}
        #: By the function, that of a module.
        self.functions: dict[Any, int] = {time.sleep: SLEEP, os.read: READ, os.write: WRITE, os.close: CLOSE}
        children = {"waitpid": AWAIT_CHILD, "wait4": AWAIT_CHILD, "wait": AWAIT_ANY, "wait3": AWAIT_ANY}
        # By that one we see whether they have ended; not on every system.
        if (waitid := getattr(os, "waitid", None)) is not None:
            self.functions.update((getattr(os, name), what) for name, what in children.items() if hasattr(os, name))
            self.functions[waitid] = AWAIT_THOSE
        self._names: list[tuple[type, dict[str, int]]] = []
        #: The same by the id of the class, which the module keeps.
        self._of_class: dict[int, dict[str, int]] = {}
        self._add(Lock, dict.fromkeys(_ACQUIRE, ACQUIRE) | dict.fromkeys(_RELEASE, RELEASE))
        self._add(FileIO, _OF_FILE)
        again = dict.fromkeys((*_ACQUIRE, "_acquire_restore"), ACQUIRE_AGAIN)
        self._add(RLock, again | dict.fromkeys(_RELEASE, RELEASE_AGAIN) | {"_release_save": SAVE})
        # From 3.13 on.
        handle, wait_for_all = getattr(_thread, "_ThreadHandle", None), getattr(_thread, "_shutdown", None)
        if handle is not None:
            self._add(handle, {"join": JOIN})
        if wait_for_all is not None:
            self.functions[wait_for_all] = JOIN_ALL

    def learn(self, module: str) -> None:
        """The program has imported that one."""
        found: Any = sys.modules.get("_queue" if module == "queue" else "_socket")
        if module == "queue" and found is not None:
            self._add(found.SimpleQueue, {"get": GET, "get_nowait": GET_NOW, "put": PUT, "put_nowait": PUT})
        elif module == "socket" and found is not None:
            self._add(found.socket, _OF_SOCKET)
        elif module == "multiprocessing.synchronize":
            shared: Any = sys.modules.get("_multiprocessing")
            if shared is not None:
                again = dict.fromkeys(("release", "__exit__"), RELEASE_SHARED)
                self._add(shared.SemLock, dict.fromkeys(("acquire", "__enter__"), ACQUIRE_SHARED) | again)
        elif module == "select":
            self._learn_select(sys.modules["select"])

    def _learn_select(self, module: Any) -> None:
        # gevent puts functions of its own in the place of these.
        if type(module.select) is BuiltinFunctionType:
            self.functions[module.select] = SELECT
        poll = getattr(module, "poll", None)
        if type(poll) is BuiltinFunctionType:
            self._add(type(poll()), {"poll": POLL})
        if isinstance(kind := getattr(module, "epoll", None), type):
            self._add(kind, {"poll": EPOLL})

    def forget_select(self) -> None:
        """Such calls are the business of another runtime."""
        for table in (self.methods, self.functions):
            # Another thread may do the same.
            for function, what in list(table.items()):
                if what in OF_SELECT:
                    table.pop(function, None)
        self._names = [(kind, names) for kind, names in self._names if not OF_SELECT & {*names.values()}]
        self._of_class = {id(kind): names for kind, names in self._names}

    def _add(self, kind: type, names: dict[str, int]) -> None:
        there = {name: what for name, what in names.items() if name in kind.__dict__}
        self.methods.update((kind.__dict__[name], what) for name, what in there.items())
        self._names.append((kind, there))
        self._of_class[id(kind)] = there

    def of_bound(self, thing: Any, name: str) -> int:
        """What the method of that name does, bound to `thing`; -1: nothing of that kind."""
        of_class = self._of_class.get(id(type(thing)))
        if of_class is not None:
            return of_class.get(name, -1)
        for kind, names in self._names:
            if issubclass(type(thing), kind):
                return names.get(name, -1)
        return -1
