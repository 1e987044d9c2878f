"""Pausing the timers of one of gevent's loops: what was due in a second when it was paused, is so when it goes on.

libev has functions for that (its manual, "ev_suspend, ev_resume"). libuv has none: there the moment at which each timer
is due, on the loop's own clock, is moved. Both are reached in the library that gevent has loaded.
"""

from __future__ import annotations

import ctypes
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    from visualizer.tracers.core.api import Control

#: Module in which a class of gevent's loops is made -> the library behind it.
_LIBRARIES = {
    "gevent.libev.corecext": "gevent.libev.corecext",
    "gevent.libev.corecffi": "gevent.libev._corecffi",
    "gevent.libuv.loop": "gevent.libuv._corecffi",
}
#: Of uv_handle_type (uv.h).
_UV_HANDLE, _UV_TIMER = 5, 13
#: Of struct uv_timer_s: `timeout` stands behind the callback and three pointers, which follow what all handles have.
_BEFORE_TIMEOUT = 4 * ctypes.sizeof(ctypes.c_void_p)


def pause_with(control: Control) -> Callable[[Any], None]:
    """What has the timers of a loop, of the current thread, stand still while the thread is paused.

    It raises LookupError, AttributeError or OSError where they cannot.
    """
    return lambda loop: control.watch_loop(Loop(loop, control.on_nudge))


class Loop:
    """One loop. All but `nudge` is called in the loop's own thread."""

    def __init__(self, loop: Any, on_nudge: Callable[[], None]) -> None:
        """`on_nudge` is called in the loop's thread when another one nudges it.

        Raise LookupError, AttributeError or OSError if its timers cannot be paused.
        """
        name = next((base.__module__ for base in type(loop).__mro__ if base.__module__ in _LIBRARIES), None)
        if name is None:
            raise LookupError("this loop is not known")
        library: Any = ctypes.CDLL(sys.modules[_LIBRARIES[name]].__file__)
        self._loop = loop
        self._cffi = getattr(sys.modules[_LIBRARIES[name]], "ffi", None)
        self._timers: Any = None
        if name == "gevent.libuv.loop":
            self._timers = _Timers(library)
        else:
            self._suspend, self._resume = library.ev_suspend, library.ev_resume
            for function in (self._suspend, self._resume):
                function.argtypes, function.restype = (ctypes.c_void_p,), None
        self._held = 0
        # It does not keep the loop alive.
        self._nudged = loop.async_(ref=False)
        self._nudged.start(on_nudge)

    def nudge(self) -> bool:
        """From any thread: have the loop called. Return False if it is no more."""
        try:
            self._nudged.send()
        except Exception:
            return False
        return True

    def suspend(self) -> None:
        """Hold the timers."""
        self._held = address = self._address()
        if not address:
            return
        if self._timers is not None:
            self._timers.suspend(address)
        else:
            self._suspend(address)

    def resume(self) -> None:
        """Let the timers go on."""
        address, self._held = self._held, 0
        if not address or address != self._address():
            return
        if self._timers is not None:
            self._timers.resume(address)
        else:
            self._resume(address)

    def _address(self) -> int:
        try:
            pointer = self._loop.ptr
        except ValueError:
            return 0  # "operation on destroyed loop"
        if not pointer or type(pointer) is int:
            return pointer or 0
        ffi: Any = self._cffi
        return int(ffi.cast("intptr_t", pointer))


class _Timers:
    """The timers of libuv's loops."""

    def __init__(self, library: Any) -> None:
        self._update, self._now, self._walk = library.uv_update_time, library.uv_now, library.uv_walk
        self._due_in, self._type, self._is_active = (
            library.uv_timer_get_due_in, library.uv_handle_get_type, library.uv_is_active,
        )
        self._on_handle = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
        for function, result in (
            (self._update, None), (self._now, ctypes.c_uint64), (self._due_in, ctypes.c_uint64),
            (self._type, ctypes.c_int), (self._is_active, ctypes.c_int), (library.uv_handle_size, ctypes.c_size_t),
        ):
            function.argtypes, function.restype = (ctypes.c_void_p,), result
        self._walk.argtypes, self._walk.restype = (ctypes.c_void_p, self._on_handle, ctypes.c_void_p), None
        library.uv_handle_size.argtypes = (ctypes.c_int,)
        # What all handles have is a uv_handle_t.
        self._offset = library.uv_handle_size(_UV_HANDLE) + _BEFORE_TIMEOUT
        self._since_ms = 0

    def suspend(self, loop: int) -> None:
        self._update(loop)
        self._since_ms = self._now(loop)

    def resume(self, loop: int) -> None:
        self._update(loop)
        passed_ms = self._now(loop) - self._since_ms
        moments = [ctypes.c_uint64.from_address(timer + self._offset) for timer in self._active(loop)]
        # All by the same: their order in the loop's heap stays as it is.
        for moment in moments:
            moment.value += passed_ms

    def _active(self, loop: int) -> list[int]:
        """The addresses of the timers that run. Raise LookupError if they are not as they are known to be."""
        found: list[int] = []

        def look(handle: int, _: Any) -> None:
            if self._type(handle) == _UV_TIMER and self._is_active(handle):
                found.append(handle)

        self._walk(loop, self._on_handle(look), None)
        now_ms = self._now(loop)
        for timer in found:
            timeout_ms = ctypes.c_uint64.from_address(timer + self._offset).value
            if max(0, timeout_ms - now_ms) != self._due_in(timer):
                raise LookupError("this libuv keeps its timers elsewhere")
        return found
