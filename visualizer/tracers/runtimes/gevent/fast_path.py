"""The short way of gevent's commonest switches: a greenlet gives way with `sleep(0)`, or begins to wait where others
did, or returns None, and the hub resumes one that is known to be ready. All others take the long way."""

from __future__ import annotations

from visualizer.trace import words
from visualizer.tracers.core.call_sites import New
from visualizer.tracers.core.object_ids import Numbers
from visualizer.tracers.runtimes.gevent.at_sockets import known_shape
from visualizer.tracers.runtimes.gevent.limits import Limits
from visualizer.tracers.runtimes.gevent.ready import Ready, store_wake
from visualizer.tracers.runtimes.gevent.spawns import given_name
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer
    from visualizer.tracers.runtimes.gevent.at_sockets import Calls
    from visualizer.tracers.runtimes.gevent.callbacks import Asked, HubState
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


class Turns:
    """What is known of who is ready and who waits, for the short way. One for all hubs."""

    def __init__(
        self, greenlets: GreenletTracer, ready: Ready, limits: Limits, numbers: Numbers, unheld: dict[int, CodeType],
        errors: dict[int, Any], returned_nothing: Callable[[Any], bool],
    ) -> None:
        """`errors`: how tracks end of which that is known already. `returned_nothing`: whether a greenlet is one of
        gevent's that has returned None."""
        self._greenlets = greenlets
        self._ready = ready
        self._limits = limits
        self._numbers = numbers
        self._unheld = unheld
        self._errors = errors
        self._returned_nothing = returned_nothing

    def resumed(self, buffer: Buffer, t_ns: int, hub: int, target: Any, asked: Asked | None, shape: int) -> bool:
        """The hub resumes `target`; `asked`: who asked for the callback that it runs. Return whether that is stored."""
        ready, key = self._ready, id(target)
        track = self._greenlets.tracks.get(key)
        if track is None or key in self._limits.waiting:
            return False
        service = asked.service if asked is not None else None
        begins = track in ready.unstarted
        if begins and (track not in ready.first or service is not None or given_name(target)):
            return False
        is_due = key in ready.by_id or track in ready.first or (asked is not None and track in ready.promised)
        if service is not None:
            ready.t_ns = t_ns
            is_due = service.serve(track) or is_due
        if not is_due:
            awaited = ready.awaited.get(track)
            if track in ready.promised or (asked is None) is (awaited is None):
                return False
            if awaited is not None:
                doer = hub, awaited
            elif asked is not None:
                doer = asked.ended if asked.track == track else (asked.track, asked.cause)
            store_wake(buffer, t_ns, track, doer)
        buffer.rows.extend((t_ns, track, shape))
        ready.by_id.pop(key, None)
        ready.first.pop(track, None)
        ready.promised.pop(track, None)
        ready.wakes.pop(track, None)
        ready.unsuspend(track)
        if begins:
            ready.unstarted.pop(track, None)
            self._greenlets.new.pop(track, None)
        return True

    def suspended(
        self, buffer: Buffer, t_ns: int, hub: int, greenlet: Any, frame: Any, known: tuple[Any, ...],
        asked: Asked | None,
    ) -> bool:
        """`greenlet` begins to wait in `frame`, at a place of which that is known. Return whether that is stored."""
        bare, kind, _, is_held, method = known
        if id(greenlet) in self._limits.of:
            return False
        ready = self._ready
        ready.t_ns = t_ns
        if asked is not None and asked.service is not None:
            asked.service.look(greenlet)
        thing = self._greenlets.sites.receiver(frame, lambda called: called.thing)
        said = 0
        if not method:
            if type(thing) is not New or thing.kind is not kind:
                return False
        elif type(thing) is not kind or (is_held and not self._holds_nothing(frame)):
            return False
        else:
            name = self._numbers.name(thing)
            if not name:
                return False
            said = buffer.said(t_ns, name)
        buffer.rows.extend((t_ns, hub, bare + said))
        self._greenlets.raw.pop(id(greenlet), None)
        buffer.left = None
        return True

    def at_socket(
        self, buffer: Buffer, t_ns: int, hub: int, greenlet: Any, frame: Any, sockets: Calls, asked: Asked | None
    ) -> bool:
        """`greenlet` begins to wait in `frame`, perhaps in a method of a socket. Return whether that is stored.
        `sockets`: what is known of those in this thread."""
        track = self._greenlets.tracks.get(id(greenlet))
        if track is None or id(greenlet) in self._limits.of:
            return False
        shape = known_shape(sockets, frame)
        if shape is None:
            return False
        ready = self._ready
        ready.t_ns = t_ns
        if asked is not None and asked.service is not None:
            asked.service.look(greenlet)
        ready.awaited[track] = words.IO
        buffer.rows.extend((t_ns, hub, shape))
        self._greenlets.raw.pop(id(greenlet), None)
        buffer.left = None
        return True

    def ended(self, buffer: Buffer, t_ns: int, hub: int, greenlet: Any, asked: Asked | None, shape: int) -> bool:
        """`greenlet` has returned, and the hub goes on, of which `shape` tells. Return whether that is stored: it
        returned None, and nobody waits for its end in a way of its own."""
        greenlets = self._greenlets
        track = greenlets.tracks.get(id(greenlet))
        is_minded = asked is not None and (asked.service is not None or asked.cause == words.KILL)
        if track is None or is_minded or self._errors or not self._returned_nothing(greenlet):
            return False
        self._ready.t_ns = t_ns
        buffer.rows.extend((t_ns, track, buffer.returned_nothing(t_ns)))
        buffer.rows.extend((t_ns, hub, shape))
        greenlets.raw.pop(id(greenlet), None)
        greenlets.new.pop(track, None)
        buffer.left = None
        return True

    def _holds_nothing(self, frame: Any) -> bool:
        """Whether neither this function nor one below it is known to be in a `with` block of a lock."""
        unheld = self._unheld
        while frame is not None and id(frame.f_code) + frame.f_lasti in unheld:
            frame = frame.f_back
        return frame is None


def make_hook(
    buffer: Buffer,
    clock: Callable[[], int],
    giving: Giving,
    tracks: tuple[dict[int, int], dict[int, int], dict[int, int], dict[int, int]],
    state: HubState,
    unsettled: set[int],
    otherwise: Hook,
    frame_of: Callable[[Any], Any],
    turns: Turns,
    fail: Callable[[Exception], None],
) -> Hook:
    """Greenlet's trace function for a thread with a hub.

    `buffer`, `state`: of the thread. `tracks`: of all greenlets, of hubs, of those that are ready, and of those that
    may be switched to past the hub; by the id of the greenlet. `frame_of`: the frame in which a greenlet is suspended.
    `fail`: called with what went wrong.
    """
    everybody, hubs, ready, raw = tracks
    shapes, sleeps, waits, resumed, extend = buffer.shapes, state.sleeps, state.waits, state.resumed, buffer.rows.extend
    sockets = state.sockets
    sleep_code, offsets = giving.code, giving.offsets

    def take(origin: Any, target: Any) -> bool:
        """The short way where a service follows it, or somebody waits."""
        asked = state.asked
        try:
            resumer = hubs.get(id(origin))
            if resumer is not None:
                return turns.resumed(buffer, clock(), resumer, target, asked, resumed)
            hub, frame = hubs.get(id(target)), frame_of(origin)
            if hub is None:
                return False
            if frame is None:
                return turns.ended(buffer, clock(), hub, origin, asked, resumed)
            known = waits.get(id(frame.f_code) + frame.f_lasti)
            if known is None:
                return turns.at_socket(buffer, clock(), hub, origin, frame, sockets, asked)
            return turns.suspended(buffer, clock(), hub, origin, frame, known, asked)
        except Exception as error:
            fail(error)
            return False

    def visualizer_hook(event: str, args: Any) -> BaseException | None:
        if event == "switch" and not unsettled:
            origin, target = args
            buffer.runs = id(target)
            asked = state.asked
            if asked is None or asked.service is None:
                if id(origin) in hubs:
                    track = ready.pop(id(target), None)
                    if track is not None:
                        extend((clock(), track, resumed))
                        return None
                elif (frame := frame_of(origin)) is not None:
                    if frame.f_code is sleep_code:
                        caller = frame.f_back
                        if frame.f_lasti in offsets and caller is not None:
                            hub, shape = hubs.get(id(target)), sleeps.get(id(caller.f_code) + caller.f_lasti)
                            track = everybody.get(id(origin))
                            if hub is not None and shape is not None and track is not None:
                                row = clock(), hub, shape
                                ready[id(origin)] = track
                                extend(row)
                                return None
                    elif id(target) not in hubs:
                        track, shape = raw.get(id(target)), shapes.get(id(frame.f_code) + frame.f_lasti)
                        if track is not None and shape is not None:
                            extend((clock(), track, shape))
                            return None
            if take(origin, target):
                return None
        return otherwise(event, args)

    return visualizer_hook
