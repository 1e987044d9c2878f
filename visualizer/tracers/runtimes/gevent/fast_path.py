"""The short way of gevent's commonest switches: a greenlet gives way with `sleep(0)`, and the hub resumes one that is
known to be ready. All others take the long way."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.runtimes.greenlets.family import Hook


class Giving:
    """How to tell that a greenlet gives way: it is suspended in `gevent.hub.sleep`, in the call that `sleep(0)`
    makes."""

    __slots__ = ("code", "line", "offsets")

    def __init__(self, code: CodeType) -> None:
        self.code = code
        #: The line of that call, once it was seen; and its offsets, which are two where the interpreter specializes it.
        self.line = -1
        self.offsets: set[int] = set()


def make_hook(
    extend: Callable[[tuple[int, int, int]], None],
    clock: Callable[[], int],
    giving: Giving,
    tracks: tuple[dict[int, int], dict[int, int], dict[int, int], dict[int, int]],
    by_place: tuple[dict[int, int], dict[int, int], int],
    unsettled: set[int],
    otherwise: Hook,
    frame_of: Callable[[Any], Any],
) -> Hook:
    """Greenlet's trace function for a thread with a hub.

    `extend`: stores rows in the thread's buffer. `tracks`: of all greenlets, of hubs, of those that are ready, and of
    those that may be switched to past the hub; by the id of the greenlet. `by_place`: shapes of switches and of
    `sleep(0)`; and that of every resumption by the hub. `frame_of`: the frame in which a greenlet is suspended.
    """
    everybody, hubs, ready, raw = tracks
    shapes, sleeps, resumed = by_place
    sleep_code, offsets = giving.code, giving.offsets

    def visualizer_hook(event: str, args: Any) -> None:
        if event == "switch" and not unsettled:
            origin, target = args
            try:
                if id(origin) in hubs:
                    extend((clock(), ready.pop(id(target)), resumed))
                    return
                frame = frame_of(origin)
                if frame.f_code is sleep_code:
                    if frame.f_lasti in offsets:
                        caller = frame.f_back
                        row = (clock(), hubs[id(target)], sleeps[id(caller.f_code) + caller.f_lasti])
                        ready[id(origin)] = everybody[id(origin)]
                        extend(row)
                        return
                else:
                    extend((clock(), raw[id(target)], shapes[id(frame.f_code) + frame.f_lasti]))
                    return
            except (KeyError, AttributeError):
                pass
        otherwise(event, args)

    return visualizer_hook
