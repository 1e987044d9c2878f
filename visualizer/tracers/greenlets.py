"""Watches greenlets: `greenlet.settrace`, which calls back in the target, after each switch, in that thread.

greenlet's manual, "Tracing And Profiling Greenlets": there is one trace function a thread, called with "switch" or
"throw" and (origin, target). A program that sets a trace function of its own still gets its events: the module's
`settrace` and `gettrace` are replaced by ones that keep the program's function behind ours.
"""

from __future__ import annotations

import _thread
import sys

from visualizer.trace import words
from visualizer.tracers import lines
from visualizer.tracers.arguments import Sites
from visualizer.tracers.code import callable_name, function_name
from visualizer.tracers.imports import Imports
from visualizer.tracers.recording import Recording, place_of
from visualizer.tracers.stream import FULL
from visualizer.tracers.values import type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any

    #: What a runtime built on greenlets tells of one: (kind, name), or None if it is not its own.
    Describe = Callable[[Any], tuple[str, str] | None]
    #: Called after a switch between two known tracks was seen, before it is stored: (t_ns, event, origin, origin's
    #: track, target, target's track). Returns a function to call after it is stored, or None.
    Watch = Callable[[int, str, Any, int, Any, int], Callable[[], None] | None]

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

_get_ident = _thread.get_ident


class GreenletTracer:
    name = "greenlets"

    def __init__(self, recording: Recording, imports: Imports) -> None:
        self._recording = recording
        self._imports = imports
        #: The program's greenlet module, once it has imported it.
        self.module: Any = None
        self._originals: tuple[Any, Any] | None = None
        #: Track of each living greenlet by id, with a weak reference that takes the entry out again.
        self.tracks: dict[int, int] = {}
        self._references: dict[int, Any] = {}
        #: Tracks of hubs: where in its own code a hub is parked says nothing.
        self.hubs: set[int] = set()
        self._nameless: set[int] = set()
        self._thrown: set[int] = set()
        #: Our trace function, by thread.
        self._hooks: dict[int, Callable[[str, Any], None]] = {}
        #: Calls of `switch` in the program's own code that hand no value over: (id of the code, offset). The code is
        #: kept by `sites`.
        self._plain: set[tuple[int, int]] = set()
        #: The program's own trace function, by thread.
        self._chained: dict[int, Any] = {}
        self.sites = Sites()
        recording.name_entered = self._name_entered
        # gevent's row, or that of any other runtime built on greenlets.
        self.describe: Describe | None = None
        self.watch: Watch | None = None
        self.outcome: Callable[[Any], tuple[str, Any] | None] | None = None

    def install(self) -> str:
        self._imports.after("greenlet", self.name, self._begin)
        return "on when greenlet is imported: greenlet.settrace"

    def remove(self) -> None:
        self._imports.remove()
        if self.module is not None and self._originals is not None:
            settrace, _ = self._originals
            settrace(self._chained.get(_get_ident()))
            self.module.settrace, self.module.gettrace = self._originals

    def finish(self, t_ns: int) -> None:
        """Nothing is known only at the end: a greenlet that is parked then stays parked."""

    def _begin(self, module: ModuleType) -> None:
        greenlet: Any = module
        self.module = greenlet
        self._originals = greenlet.settrace, greenlet.gettrace
        greenlet.settrace, greenlet.gettrace = self._settrace, self._gettrace
        self.watch_thread()

    def watch_thread(self) -> None:
        """Watch the greenlets of the current thread, also where greenlet took our function out after an error."""
        if self._originals is not None:
            ident = _get_ident()
            hook = self._hooks.get(ident)
            if hook is None:
                hook = self._hooks[ident] = self._make_hook(ident)
            previous = self._originals[0](hook)
            if previous is not None and previous is not hook:
                self._chained[ident] = previous

    def _settrace(self, callback: Any) -> Any:
        """What the program calls as greenlet.settrace."""
        ident = _get_ident()
        previous = self._chained.pop(ident, None)
        if callback is not None:
            self._chained[ident] = callback
        self.watch_thread()
        return previous

    def _gettrace(self) -> Any:
        """What the program calls as greenlet.gettrace."""
        return self._chained.get(_get_ident())

    # In the target greenlet, after the switch; greenlet has profiling and tracing switched off meanwhile.

    def _make_hook(self, ident: int) -> Callable[[str, Any], None]:
        """The trace function of thread `ident`: the commonest switch at once, everything else in `_on_event`.

        The commonest is one between two raw greenlets that are known, in a call that hands no value over.
        """
        recording, stream = self._recording, self._recording.stream
        clock, extend, buffer, track_of = stream.clock, stream.extend, stream.buffer, self.tracks.get
        plain, hubs, nameless, thrown, chained = self._plain, self.hubs, self._nameless, self._thrown, self._chained
        line, no_value, full = lines.switch, lines.NO_VALUE, FULL
        on_event = self._on_event

        def visualizer_hook(event: str, args: Any) -> None:
            if event == "switch" and recording.ident == ident and not (nameless or thrown or chained or hubs):
                origin, target = args
                from_track, to_track, frame = track_of(id(origin)), track_of(id(target)), origin.gr_frame
                if frame is not None and from_track is not None and to_track is not None and origin is not target:
                    code, offset = frame.f_code, frame.f_lasti
                    if (id(code), offset) in plain:
                        extend((line, clock(), from_track, to_track, no_value, code, offset))
                        if len(buffer) > full:
                            stream.flush()
                        return
            on_event(event, args)

        return visualizer_hook

    def _on_event(self, event: str, args: Any) -> None:
        if event == "switch" or event == "throw":
            try:
                self._on_switch(event, *args)
            except Exception as error:
                self._recording.fail(self.name, error)
        if self._chained:
            chained = self._chained.get(_get_ident())
            if chained is not None:
                try:
                    chained(event, args)
                except BaseException:
                    # It goes on into the program, and greenlet takes out the trace function it came from: ours.
                    del self._chained[_get_ident()]
                    self._recording.at_next_event(self.watch_thread)
                    raise

    def _on_switch(self, event: str, origin: Any, target: Any) -> None:
        recording = self._recording
        stream = recording.stream
        t_ns = stream.clock()
        ident = _get_ident()
        if ident != recording.ident:
            recording.on_thread(ident, t_ns)
        from_track = self.tracks.get(id(origin))
        if from_track is None:
            from_track = self.adopt(origin, t_ns)
        to_track = self.tracks.get(id(target))
        if to_track is None:
            to_track = self.adopt(target, t_ns)
        if to_track in self._nameless:
            # Entered for the first time: by the time it has parked once, it has a name.
            recording.entering = ident, to_track
            if sys.version_info < (3, 12):
                _on_first_call(self._name_entered)
        if origin is target:
            return
        frame = origin.gr_frame
        code: CodeType | None = None
        offset = 0
        value: Any = lines.NO_VALUE
        if frame is None:
            returned = self._on_dead(event, origin, from_track, t_ns)
            if to_track not in self.hubs:
                value = returned
        elif from_track not in self.hubs:
            code, offset = place_of(frame, recording.own)
            if from_track in self._nameless:
                self._name_parked(from_track, frame, t_ns)
            if event == "switch" and to_track not in self.hubs:
                value = self.sites.value(frame)
                if code is frame.f_code and self.sites.at(frame).argument is None:
                    self._plain.add((id(code), offset))
        if event == "throw":
            self._thrown.add(to_track)
        elif self._thrown:
            self._thrown.discard(to_track)
        after = self.watch(t_ns, event, origin, from_track, target, to_track) if self.watch is not None else None
        line = lines.switch if event == "switch" else lines.throw
        stream.store(line, t_ns, from_track, to_track, value, code, offset)
        if after is not None:
            after()

    def adopt(self, greenlet: Any, t_ns: int, creator: int = words.NOBODY, frame: Any = None) -> int:
        """Give a greenlet that is seen for the first time a track, and store its spawn. Return the track."""
        recording = self._recording
        parent = greenlet.parent
        if parent is None:
            # The main greenlet of its thread: the thread's own track.
            track = recording.threads[_get_ident()]
        else:
            parent_track = self.tracks.get(id(parent))
            if parent_track is None:
                parent_track = self.adopt(parent, t_ns)
            track = recording.new_track()
            described = self.describe(greenlet) if self.describe is not None else None
            if described is None:
                described = (words.GREENLET, self._run_name(greenlet) or "greenlet")
                if described[1] == "greenlet":
                    self._nameless.add(track)
            code, offset = place_of(frame, recording.own) if frame is not None else (None, 0)
            if described[0] == words.HUB:
                self.hubs.add(track)
            about = (*described, parent_track, creator)
            recording.stream.extend((lines.spawn, t_ns, track, about, None, code, offset))
        key = id(greenlet)
        self.tracks[key] = track

        def forget(gone: Any) -> None:
            if self._references.get(key) is gone:
                del self._references[key]
                self.tracks.pop(key, None)

        self._references[key] = ref(greenlet, forget)
        return track

    def _on_dead(self, event: str, greenlet: Any, track: int, t_ns: int) -> Any:
        """Store that a greenlet ended; return the value that goes to its parent."""
        inferred = None
        value: Any = lines.NO_VALUE
        known = (self.outcome(greenlet) if self.outcome is not None else None) or self._recording.left
        self._recording.left = None
        if known is not None:
            outcome, value = known
        elif event == "throw":
            outcome = words.RAISED
        elif track in self._thrown:
            outcome, inferred = words.KILLED, "it was thrown into, and ended without an error"
        else:
            outcome = words.RETURNED
        self._thrown.discard(track)
        self._nameless.discard(track)
        if self._recording.entering == (_get_ident(), track):
            self._recording.entering = None
        self._recording.stream.extend((lines.exited, t_ns, track, (outcome, inferred), value, None, 0))
        return value

    # Names. The function of a raw greenlet can be asked for only before it is entered, and there is no event then.

    def _run_name(self, greenlet: Any) -> str | None:
        """The name of what a greenlet runs: of a subclass's method `run`, or of the function it was given."""
        kind = type(greenlet)
        for base in kind.__mro__:
            if base is self.module.greenlet:
                break
            if "run" in base.__dict__:
                return callable_name(base.__dict__["run"]) or type_name(kind)
        return None

    def _name_entered(self, code: CodeType) -> None:
        """The first code that runs in a greenlet that was just entered is its function."""
        entering, self._recording.entering = self._recording.entering, None
        if entering is not None and entering[1] in self._nameless:
            self._store_name(entering[1], function_name(code), self._recording.stream.clock())

    def _name_parked(self, track: int, frame: Any, t_ns: int) -> None:
        while frame.f_back is not None:
            frame = frame.f_back
        self._store_name(track, function_name(frame.f_code), t_ns)

    def _store_name(self, track: int, name: str, t_ns: int) -> None:
        self._nameless.discard(track)
        self._recording.stream.extend((lines.name, t_ns, track, name, None, None, 0))


def _on_first_call(tell: Callable[[CodeType], None]) -> None:
    """Have `tell` called with the code of the next Python function that starts in this thread (3.11 only)."""
    previous = sys.getprofile()
    if previous is not None:
        return

    def first(frame: Any, event: str, _: Any) -> None:
        sys.setprofile(None)
        if event == "call" and frame.f_back is None:
            tell(frame.f_code)

    sys.setprofile(first)
