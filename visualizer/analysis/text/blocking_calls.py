"""Calls that wait and let nobody else run meanwhile, as the source that a trace carries writes them.

A name means what the file imports under it. That is read, never run: so a call counts as one that blocks only for who
saw that its thread used no processor time in it.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import NamedTuple

from visualizer.analysis.model.timeline import Place, Timeline
from visualizer.analysis.text.hot_lines import QUOTED
from visualizer.analysis.text.source_text import imports, source_line, written

_SLEEP = "time.sleep"
#: Of these modules each function that is found waiting waits for something outside.
_MODULES = frozenset(
    ("httpx", "requests", "select", "shutil", "socket", "sqlite3", "ssl", "subprocess", "urllib.request")
)
_FUNCTIONS = frozenset(
    (
        _SLEEP, "concurrent.futures.ProcessPoolExecutor", "concurrent.futures.ThreadPoolExecutor",
        "concurrent.futures.wait", "input", "multiprocessing.Pool", "open", "os.fsync", "os.read", "os.system",
        "os.wait", "os.waitpid", "os.write", "psycopg.connect", "psycopg2.connect", "pymysql.connect", "signal.pause",
        "smtplib.SMTP",
    )
)  # fmt: skip
#: Methods of locks, queues, threads, processes, futures, sockets, files and connections.
_METHODS = frozenset(
    (
        "accept", "acquire", "communicate", "connect", "execute", "executemany", "fetchall", "fetchone", "flush", "get",
        "getresponse", "join", "post", "put", "read", "readinto", "readline", "readlines", "recv", "recv_into",
        "recvfrom", "request", "result", "select", "send", "sendall", "shutdown", "sleep", "wait", "write",
    )
)  # fmt: skip
#: The first line of a `with` of one thing.
_WITH = re.compile(r"with\s+(.+?)(?:\s+as\s+[^,]+)?:")
#: Library of a loop -> what sleeps there and lets others run, and what runs a function in a thread; "" for nothing.
_INSTEAD = {
    "asyncio": ("asyncio.sleep", "asyncio.to_thread"),
    "eventlet": ("eventlet.sleep", "eventlet.tpool.execute"),
    "gevent": ("gevent.sleep", ""),
    "trio": ("trio.sleep", "trio.to_thread.run_sync"),
}


class BlockingCall(NamedTuple):
    """`written`: as "time.sleep(0.3)" or "`with lock:`". `instead`: what would let others run, "" if none is sure.
    `sleeps`: it does nothing but wait.
    """

    written: str
    instead: str
    sleeps: bool = False


def blocking_call(timeline: Timeline, place: Place) -> BlockingCall | None:
    """The call that is written at a place, if it is one that may block; None if not, or if that is not known."""
    expression = " ".join(written(timeline, place).split())
    # What is entered; up to 3.11 the place is that of the whole block.
    enters = _WITH.match(source_line(timeline, place).lstrip())
    if enters is not None and expression.startswith("with "):
        expression = enters[1]
    called = _called(expression)
    if called is None or not (called or enters):
        return None
    first, dot, rest = called.partition(".")
    meant = imports(timeline.sources[place.file]).get(first, first) + dot + rest
    module, _, method = meant.rpartition(".")
    is_function = meant in _FUNCTIONS or module in _MODULES
    if not (is_function or (dot and method in _METHODS) or not called):
        return None
    shown = expression if len(expression) <= QUOTED or not called else f"{called[-QUOTED:]}(…)"
    instead = _instead(timeline, meant) if is_function else ""
    return BlockingCall(f"`with {shown}:`" if enters else shown, instead, meant == _SLEEP)


@lru_cache(maxsize=1024)
def _called(expression: str) -> str | None:
    """The dotted name of what an expression calls; "" if it is no call, but such a name itself; else None."""
    try:
        found = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    called = found.func if isinstance(found, ast.Call) else found
    if not isinstance(called, (ast.Attribute, ast.Name)):
        return None
    return ast.unparse(called) if called is not found else ""


def _instead(timeline: Timeline, meant: str) -> str:
    """What there is instead in the only library of a loop that the program's own files import."""
    names = {name.partition(".")[0] for text in timeline.sources.values() for name in imports(text).values()}
    used = [library for library in _INSTEAD if library in names]
    if len(used) != 1:
        return ""
    sleep, thread = _INSTEAD[used[0]]
    if meant == _SLEEP:
        return f"{sleep} would let others run meanwhile"
    return f"{thread} would run it in a thread" if thread else ""
