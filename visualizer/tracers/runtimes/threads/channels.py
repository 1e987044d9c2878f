"""Who ends the wait of a thread that reads: what is written at one end of a connection or pipe is read at the other.

An end that is read from has a name, the same in all processes; so has one that is connected to. Right before a thread
writes, the system is asked whether there is something to read already where another one waits. If there is not, it was
that one who wrote, unless several do so at once: then nothing is said.
"""

from __future__ import annotations

import _thread
import os
import stat
import sys
from _io import FileIO
from types import BuiltinFunctionType

from visualizer.trace import words
from visualizer.tracers.core.handlers import raise_of_handler
from visualizer.tracers.core.sockets import address_text
from visualizer.tracers.runtimes.threads.calls import ACCEPT, CONNECT, OF_SOCKETS

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterator
    from typing import Any

    from visualizer.tracers.core.sockets import Addresses
    from visualizer.tracers.core.used_ends import UsedEnds

_get_ident, _fstat = _thread.get_ident, os.fstat
#: Descriptors are smaller than that.
MOST_FDS = 1 << 31
#: poll's events: something to read, room to write.
TO_READ, TO_WRITE = 1, 4
#: What stands for all of this machine's addresses where one listens; and the host of one that only it has.
_EVERYWHERE = {4: ("0.0.0.0", "[::]"), 6: ("[::]",)}
_LOCAL = ("127.", "[::1]", "localhost")
#: Of so many sockets with a path, or without a name, it is remembered which one is at the other end.
_MOST_PEERS = 4096


class Reader:
    """A thread that waits to read at `fd`, or for somebody to connect to that. `name`: of that end. `writer`: the track
    that has written what it waits for, or is about to, and since when; NOBODY if none has, or that is not known.
    `is_sure`: that does not change any more."""

    __slots__ = ("fd", "is_sure", "name", "since_ns", "writer")

    def __init__(self, fd: int, name: str) -> None:
        self.fd = fd
        self.name = name
        self.writer, self.since_ns = words.NOBODY, 0
        self.is_sure = False

    def is_ready(self) -> bool:
        """Whether there is something to read."""
        return is_ready(self.fd, TO_READ)


class Channels:
    """Those of one process. Its methods are called in the thread that reads or writes."""

    def __init__(self, addresses: Addresses, ends: UsedEnds) -> None:
        self._addresses = addresses
        self._ends = ends
        #: By the name of the end: who waits there.
        self.readers: dict[str, list[Reader]] = {}
        #: By the id of the thread that writes: those that may wait for it, and whether there is something to read then.
        self.writing: dict[int, tuple[list[Reader], bool]] = {}
        #: Tells the inode of the socket at the other end of that with an inode; 0 if it is not known. The recorder in C
        #: has one, which opens nothing among the program's descriptors.
        self.other_end: Callable[[int], int] | None = None
        #: By the inode of a socket with a path, or without a name: that.
        self._peers: dict[int, int] = {}

    def forget(self) -> None:
        """In a forked child: the other threads are not here."""
        self.readers.clear()
        self.writing.clear()

    def reads(self, thing: Any, what: int) -> Reader | None:
        """The current thread is about to wait to read from that descriptor, FileIO or socket, or to accept; None if
        nobody can be known to write there."""
        fd = descriptor(thing)
        names = list(self._names(thing, fd, what, False)) if fd >= 0 and _poll() is not None else []
        if not names:
            return None
        reader = Reader(fd, names[0])
        # Before it is looked for the last time whether there is anything: who writes after that sees this.
        self._ends.waits(reader.name)
        self.readers.setdefault(reader.name, []).append(reader)
        return reader

    def over(self, reader: Reader) -> None:
        """It waits no more."""
        reader.is_sure = True
        there = self.readers.get(reader.name, [])
        if reader in there:
            there.remove(reader)
        if not there:
            self.readers.pop(reader.name, None)

    def awaited(self, thing: Any, what: int, asked: Any, is_told: bool) -> list[str]:
        """The names of the ends where what is written to that is read, or what connects to `asked` is accepted, if
        somebody waits there; and, if it `is_told` to other processes, if somebody ever did."""
        fd, readers, was_awaited = descriptor(thing), self.readers, self._ends.was_awaited
        if fd < 0:
            return []
        names = self._names(thing, fd, what, True, asked)
        return [name for name in names if name in readers or (is_told and was_awaited(name))]

    def writes(
        self, names: list[str], is_sure: bool, track: int, t_ns: int, tell: Callable[[str], None] | None
    ) -> None:
        """`track` is about to write where that is read, to connect to that, or to close its end. `is_sure`: there is
        something to read then, if that does not fail. `tell`: is called with those where nobody waits in this process;
        None if no other is to be told."""
        mine: list[Reader] = []
        for name in names:
            readers = self.readers.get(name, ())
            for reader in list(readers):
                if not reader.is_sure and reader.is_ready():
                    # By who has written before, if anybody was seen to.
                    reader.is_sure = True
                elif not reader.is_sure and reader.writer == words.NOBODY:
                    reader.writer, reader.since_ns = track, t_ns
                    mine.append(reader)
                elif not reader.is_sure and reader.writer != track:
                    # Of two that are at it at once, it is not known who was the first.
                    reader.writer, reader.is_sure = words.NOBODY, True
            if not readers and tell is not None:
                self._ends.tells(name)
                tell(name)
        if mine:
            self.writing[_get_ident()] = mine, is_sure

    def wrote(self, failed: bool) -> None:
        """It has, unless it `failed`, or wrote nothing."""
        readers, is_sure = self.writing.pop(_get_ident(), ((), False))
        for reader in readers:
            if reader.is_sure:
                continue
            # Others may have the same end, which one of them has only closed for itself.
            if not failed and (is_sure or reader.is_ready()):
                reader.is_sure = True
            else:
                reader.writer = words.NOBODY

    # Names.

    def _names(self, thing: Any, fd: int, what: int, is_writer: bool, asked: Any = None) -> Iterator[str]:
        """Of the end that is read from where `thing` is, or (`is_writer`) that gets what is written there."""
        module: Any = sys.modules.get("_socket")
        if what == CONNECT:
            yield from _asked(module, thing, asked)
            return
        if what in OF_SOCKETS or (module is not None and issubclass(type(thing), module.socket)):
            is_stream = module.socket.type.__get__(thing) == module.SOCK_STREAM
            _, local, peer = self._addresses.of_socket(thing, what == ACCEPT)
        else:
            about = _about(fd)
            if about is not None and stat.S_ISFIFO(about.st_mode):
                yield f"pipe {about.st_dev}.{about.st_ino}"
            if about is None or not stat.S_ISSOCK(about.st_mode):
                return
            is_stream, local, peer = self._addresses.of_descriptor(fd)
        # What else there is may be connected anew, or write to somebody else for once.
        if not is_stream:
            return
        if what == ACCEPT:
            if local:
                yield f"accept {local}"
        elif _has_port(local) and _has_port(peer):
            yield f"{peer} {local}" if is_writer else f"{local} {peer}"
        elif self.other_end is not None and not (_has_port(local) or _has_port(peer)):
            about = _about(fd)
            end = about.st_ino if about is not None else 0
            if end and is_writer:
                end = self._peer(end)
            if end:
                yield f"socket {end}"

    def _peer(self, inode: int) -> int:
        """The inode of the socket at the other end; 0 if that is not known."""
        peers = self._peers
        found = peers.get(inode, 0)
        if not found and self.other_end is not None:
            found = self.other_end(inode)
            if len(peers) >= _MOST_PEERS:
                peers.clear()
            # One that nobody has accepted yet has no number.
            if found:
                peers[inode] = found
        return found


def is_of_machine(name: str) -> bool:
    """Whether another process of this machine may have the end of that name."""
    one, _, other = name.partition(" ")
    return not _has_port(one) or one.rpartition(":")[0] == other.rpartition(":")[0]


def descriptor(thing: Any) -> int:
    """That of a descriptor, FileIO or socket; -1 if it has none."""
    if type(thing) is int:
        return thing if 0 <= thing < MOST_FDS else -1
    module: Any = sys.modules.get("_socket")
    kind: Any = module.socket if module is not None and issubclass(type(thing), module.socket) else FileIO
    try:
        return int(kind.fileno(thing))
    except (OSError, TypeError, ValueError) as error:
        raise_of_handler(error)
        return -1


def is_ready(fd: int, events: int, unknown: bool = False) -> bool:
    """Whether one can read from it, or write; `unknown` if that cannot be told."""
    poll = _poll()
    if fd < 0 or poll is None:
        return unknown
    asked: Any = poll()
    asked.register(fd, events)
    try:
        return bool(asked.poll(0))
    except OSError as error:
        # Where the program may have no descriptors.
        raise_of_handler(error)
        return unknown


def _about(fd: int) -> os.stat_result | None:
    try:
        return _fstat(fd)
    except OSError as error:
        # Another thread has closed it.
        raise_of_handler(error)
        return None


def _poll() -> Any:
    poll: Any = getattr(sys.modules.get("select"), "poll", None)
    # gevent puts its own in the place of that.
    return poll if type(poll) is BuiltinFunctionType else None


def _has_port(address: str) -> bool:
    return address.rpartition(":")[2].isdecimal() and not address.startswith(("/", "@"))


def _asked(module: Any, socket: Any, asked: Any) -> Iterator[str]:
    """The ends that get a connection to that address."""
    text = address_text(module, module.socket.family.__get__(socket), asked)
    yield f"accept {text}"
    host, _, port = text.rpartition(":")
    if _has_port(text) and host.startswith(_LOCAL):
        hosts = ("127.0.0.1", "[::1]") if host == "localhost" else ()
        for other in (*hosts, *_EVERYWHERE[6 if host.startswith("[") else 4]):
            yield f"accept {other}:{port}"
