"""What a callback of a loop tells by itself: why those are woken whom it wakes."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

from visualizer.trace import words
from visualizer.tracers.core.values import own_attribute, type_module, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

#: Functions of asyncio's -> the cause of the wakes that come of it, where a timer, a descriptor or a thread calls it.
_OF_TIMER = {
    "_set_result_unless_cancelled": words.TIMER,
    "Timeout._on_timeout": words.TIMEOUT,
    "_release_waiter": words.TIMEOUT,
    "as_completed.<locals>._on_timeout": words.TIMEOUT,
    "_AsCompletedIterator._handle_timeout": words.TIMEOUT,
}
#: By which the time limit of a cancel scope of anyio's is over.
_OF_SCOPE = "CancelScope._timeout"
_OF_DESCRIPTOR = {
    "BaseSelectorEventLoop._read_from_self": words.SIGNAL,
    "PidfdChildWatcher._do_wait": words.SUBPROCESS,
    "_PidfdChildWatcher._do_wait": words.SUBPROCESS,
}
#: Methods of protocols that a loop calls since a descriptor is ready.
_OF_PROTOCOLS = frozenset((
    "connection_made", "connection_lost", "data_received", "eof_received", "get_buffer", "buffer_updated",
    "datagram_received", "pipe_data_received", "resume_writing",
))
_OF_THREAD = {
    "_chain_future.<locals>._set_state": words.THREADPOOL,
    "BaseEventLoop._do_shutdown": words.THREADPOOL,
    "_UnixSelectorEventLoop._child_watcher_callback": words.SUBPROCESS,
    "BaseSubprocessTransport._process_exited": words.SUBPROCESS,
}


def _name(callback: Any) -> str:
    """The qualified name of a function of asyncio's; "" of anything else."""
    while type(callback) is not MethodType and type(callback) is not FunctionType:
        if type_name(type(callback)) != "partial" or type_module(type(callback)) != "functools":
            return ""
        callback = callback.func
    if type(callback) is MethodType:
        callback = callback.__func__
    if type(callback) is not FunctionType:
        return ""
    code = callback.__code__
    return code.co_qualname if is_of_asyncio(code.co_filename) else ""


def named_call(callback: Any) -> tuple[str, CodeType | None]:
    """The qualified name of the function that a callback of a loop calls, and its code, if it is one in Python. No name
    of one that asyncio has for itself."""
    while type_name(type(callback)) == "partial" and type_module(type(callback)) == "functools":
        callback = callback.func
    if type(callback) is MethodType:
        callback = callback.__func__
    kind = type(callback)
    if kind is FunctionType:
        code = callback.__code__
        is_inner = any(part.startswith(("_", "<")) for part in code.co_qualname.split("."))
        return "" if is_inner and is_of_asyncio(code.co_filename) else code.co_qualname, code
    if issubclass(kind, BuiltinFunctionType):  # One is made of it, which knows its class.
        whose, name = callback.__self__, str(callback.__name__)
        if whose is None or type(whose) is ModuleType:
            return name, None
        return f"{type_name(whose if isinstance(whose, type) else type(whose))}.{name}", None
    return type_name(callback) if issubclass(kind, type) else f"{type_name(kind)}.__call__", None


def cause_of_function(called: str) -> str:
    """Of who is woken by what a loop has called by itself: by the qualified name of that function, "" if it is none."""
    if called.rpartition(".")[2] in _OF_PROTOCOLS:
        return words.IO
    return _OF_TIMER.get(called) or _OF_THREAD.get(called, words.UNKNOWN)


def is_of_asyncio(filename: str) -> bool:
    """Whether it is a source file of asyncio's."""
    return filename.startswith(_FOLDER)


#: Where asyncio is.
_FOLDER = os.path.join(os.path.dirname(os.__file__), "asyncio") + os.sep


def cause_of_timer(callback: Any) -> str:
    """Of a callback that a timer calls."""
    if type(callback) is MethodType and type(callback.__func__) is FunctionType:
        code = callback.__func__.__code__
        if code.co_qualname == _OF_SCOPE and f"{os.sep}anyio{os.sep}" in code.co_filename:
            return words.TIMEOUT
    return _OF_TIMER.get(_name(callback), words.CALLBACK)


def cause_of_descriptor(callback: Any) -> str:
    """Of one that is called since a descriptor is ready."""
    return _OF_DESCRIPTOR.get(_name(callback), words.IO)


def is_interrupted(task: Any) -> bool:
    """Whether SIGINT has come since `asyncio.run` or a Runner runs it, which cancels it then."""
    handler = _signal.getsignal(_signal.SIGINT)
    if type_name(type(handler)) != "partial" or type_module(type(handler)) != "functools":
        return False
    if type(handler.func) is not MethodType or handler.keywords.get("main_task") is not task:
        return False
    count = own_attribute(handler.func.__self__, "_interrupt_count")
    return type(count) is int and count > 0


def is_in_pool(frame: Any) -> bool:
    """Whether what runs in `frame` is work of a pool of threads."""
    while frame is not None:
        if frame.f_code.co_qualname == "_WorkItem.run":
            return True
        frame = frame.f_back
    return False


def cause_of_thread(callback: Any) -> str:
    """Of one that another thread has put into the queue."""
    return _OF_THREAD.get(_name(callback), words.CALLBACK)
