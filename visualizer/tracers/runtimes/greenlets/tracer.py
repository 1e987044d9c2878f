"""Watches greenlets: `greenlet.settrace`, which calls back in the target, after each switch, in that thread.

greenlet's manual, "Tracing And Profiling Greenlets": there is one trace function a thread, called with "switch" or
"throw" and (origin, target). A program that sets a trace function of its own still gets its events: the module's
`settrace` and `gettrace` are replaced by ones that keep the program's function behind ours.
"""

from __future__ import annotations

import sys

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import Buffer
from visualizer.tracers.core.call_sites import CallSite, CallSites, work_out
from visualizer.tracers.core.code import callable_name, function_name, is_of_runtime, place_of
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.postponed import uninterrupted
from visualizer.tracers.core.values import Shown, bases_of, keep, show, type_name
from visualizer.tracers.runtimes.greenlets.creation import function_of, newest

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterator
    from types import CodeType, ModuleType
    from typing import Any

    from visualizer.tracers.runtimes.greenlets.family import Family, Hook

try:
    from _weakref import ref
except ImportError:
    from weakref import ref



class Link(ref):  # type: ignore[type-arg]
    """A weak reference to a greenlet; its id, and its track."""

    __slots__ = ("key", "track")
    key: int
    track: int


#: Stands in `unsettled` as soon as the program sets a trace function of its own in any thread.
_CHAINED = -2


class GreenletTracer:
    name = "greenlets"

    def __init__(self, recording: Context) -> None:
        self._recording = recording
        self._control = recording.control
        #: The runtimes that have greenlets of their own.
        self.families: list[Family] = []
        #: The program's greenlet module, once it has imported it.
        self.module: Any = None
        #: The descriptor of the frame in which a greenlet is suspended.
        self.suspended_in: Any = None
        #: That frame, and a greenlet's parent: what a subclass has under their names is the program's code.
        self.frame_of: Callable[[Any], Any] = bool
        self.parent_of: Callable[[Any], Any] = bool
        #: Whether a greenlet has ended. One that waits in a compiled function has no frame either.
        self.is_dead: Callable[[Any], bool] = bool
        #: Whether one has begun and not ended.
        self.is_active: Callable[[Any], bool] = bool
        self._originals: tuple[Any, Any] | None = None
        #: Track of each living greenlet by id, with a weak reference that takes the entry out again.
        self.tracks: dict[int, int] = recording.stream.new_table()
        self.references: dict[int, Any] = recording.stream.new_table()
        #: Tracks of schedulers (hubs), and whose they are. Those that live also by the greenlet's id.
        self.hubs: dict[int, Family] = {}
        self.living_hubs: dict[int, int] = recording.stream.new_table()
        self._nameless: set[int] = set()
        #: Tracks of greenlets that were seen being made and have not run.
        self._made: set[int] = set()
        self._thrown: set[int] = set()
        #: Tracks that were not seen to run yet, each with True.
        self.new: dict[int, Any] = recording.stream.new_table()
        #: While it has anything, hooks take the long way: tracks that are nameless or were thrown into.
        self.unsettled = recording.unsettled
        #: Tracks of greenlets that have a name and are not suspended in a hub, by the greenlet's id: the short way may
        #: be taken to them.
        self.raw: dict[int, int] = recording.stream.new_table()
        #: Everything that is kept by the id of a greenlet, to be taken out when it is no more.
        self.by_id: list[dict[int, Any]] = [self.tracks, self.living_hubs, self.raw]
        self._later = recording.postponed.settles(lambda error: recording.fail(self.name, error))
        #: What is told of a greenlet that is no more, by its `Link`: `forget`, or what comes before it.
        self.forgetting: Callable[[Any], None] = recording.told(self.forget)
        self.sites = CallSites()
        recording.callees.append(self)

    def remove(self) -> None:
        if self.module is not None and self._originals is not None:
            settrace, _ = self._originals
            settrace(self._here().chained)
            if self._recording.compiled is not None:
                self._recording.compiled.leave_switches()
            self.module.settrace, self.module.gettrace = self._originals
            self._recording.runners.remove(self._running)
            self._recording.running = None
            self._recording.suspended_greenlets = tuple

    def finish(self, t_ns: int) -> None:
        """Nothing is known only at the end: a greenlet that is suspended then stays suspended."""

    def imported(self, name: str, module: ModuleType) -> None:
        greenlet: Any = module
        self.module = greenlet
        self.suspended_in = greenlet.greenlet.__dict__["gr_frame"]
        self.frame_of = self.suspended_in.__get__
        self.parent_of = greenlet.greenlet.__dict__["parent"].__get__
        self.is_dead = greenlet.greenlet.__dict__["dead"].__get__
        self.is_active = greenlet.greenlet.__bool__
        self._recording.runners.append(self._running)
        self._recording.running = self.running
        self._recording.greenlet = self._known
        self._recording.suspended_greenlets = self._suspended
        self._recording.on_tasks.append(self._on_tasks)
        self._originals = greenlet.settrace, greenlet.gettrace
        greenlet.settrace, greenlet.gettrace = self._settrace, self._gettrace
        if self._recording.compiled is not None:
            # From 3.12 on, the interpreter tells of what is raised, and of returns.
            told = (self._on_refused, self._on_left) if sys.version_info < (3, 12) else (None, None)
            self._recording.compiled.watch_switches(
                greenlet.greenlet, greenlet._C_API, self._originals[0], greenlet.error, *told
            )
        self.watch_thread()
        self._recording.on_thread.append(self.watch_thread)
        self._recording.imports.in_threads(self.name, self._await_thread)

    def _await_thread(self) -> None:
        """Watch the current thread from its first switch on; a thread without one is none of our business."""

        def visualizer_hook(event: str, args: Any) -> None:
            try:
                self.watch_thread()
            except Exception as error:
                self._failed(error)
            else:
                raised = self.on_event(event, args)
                if raised is not None:
                    raise raised

        if self._originals is not None:
            self._originals[0](visualizer_hook)

    def watch_thread(self) -> None:
        """Watch the greenlets of the current thread, also where greenlet took our function out after an error."""
        if self._originals is not None:
            buffer = self._here()
            if buffer.hook is None:
                buffer.hook = self._make_hook(buffer)
            previous = self._originals[0](buffer.hook)
            if previous is not None and getattr(previous, "__name__", "") != "visualizer_hook":
                self._chain(buffer, previous)

    def _failed(self, error: Exception) -> None:
        """A trace function has failed; or a signal's handler raised that, and greenlet takes out our function."""
        try:
            self._recording.fail(self.name, error)
        except BaseException:
            self._recording.at_next_event(self.rehook)
            raise

    def _known(self, thing: Any) -> int:
        is_greenlet = self.module is not None and issubclass(type(thing), self.module.greenlet)
        return self.tracks.get(id(thing), words.NOBODY) if is_greenlet else words.NOBODY

    def _on_refused(self, greenlet: Any, error: Any) -> None:
        """A switch to `greenlet` was refused, in the frame that called for it."""
        steps = self._recording.steps
        try:
            if steps is not None and self._recording.own(sys._getframe(1).f_code):
                steps.on_exception(error, sys._getframe(1), self._known(greenlet))
        except Exception as failure:
            self._failed(failure)

    def rehook(self) -> None:
        """Have the trace function of the current thread made anew: a family has something to put in front of it, or it
        was out for a while, and nobody knows who runs."""
        buffer = self._here()
        buffer.hook, buffer.runs = None, 0
        self.watch_thread()

    def _here(self) -> Buffer:
        stream = self._recording.stream
        return stream.here(stream.clock())

    def _chain(self, buffer: Buffer, callback: Any) -> Any:
        """Call the program's own trace function behind ours, in the thread of that buffer. Return the one before."""
        previous, buffer.chained = buffer.chained, callback
        if callback is not None:
            self.unsettled.add(_CHAINED)
        return previous

    def _settrace(self, callback: Any) -> Any:
        """What the program calls as greenlet.settrace."""
        previous = self._chain(self._here(), callback)
        self.watch_thread()
        return previous

    def _gettrace(self) -> Any:
        """What the program calls as greenlet.gettrace."""
        return self._here().chained

    # In the target greenlet, after the switch; greenlet has profiling and tracing switched off meanwhile.

    def _make_hook(self, buffer: Buffer) -> Hook:
        """The trace function of the thread of `buffer`."""
        otherwise = self.raw_hook(buffer)
        hook: Hook | None = None
        for family in self.families:
            hook = family.hook(buffer, hook or otherwise) or hook
        compiled = self._recording.compiled
        if hook is None and compiled is not None:
            hook = compiled.switch_hook(buffer, self.raw, self.unsettled, self.suspended_in, otherwise)
        return hook or otherwise

    def raw_hook(self, buffer: Buffer) -> Hook:
        """The trace function of the thread of `buffer`: the commonest switch at once, all others in `on_event`.

        The commonest is one between two raw greenlets that are known, in a call of `switch` that stands in the
        program's own code, was met before, and hands over no value, a constant, or what a row can say.
        """
        stream, extend, shapes, handed = self._recording.stream, buffer.rows.extend, buffer.shapes, buffer.handed
        raw, unsettled, otherwise, frame_of = self.raw, self.unsettled, self.on_event, self.frame_of
        clock, tell, nothing = stream.clock, buffer.tell_value, lines.NO_VALUE

        def visualizer_hook(event: str, args: Any) -> BaseException | None:
            if event == "switch" and not unsettled:
                origin, target = args
                buffer.runs = id(target)
                track, frame = raw.get(id(target)), frame_of(origin)
                if track is not None and frame is not None:
                    place = id(frame.f_code) + frame.f_lasti
                    shape = shapes.get(place)
                    if shape is not None:
                        extend((clock(), track, shape))
                        return None
                    known = handed.get(place)
                    if known is not None:
                        try:
                            value, t_ns = work_out(known[2], frame), clock()
                            said = 0 if value is nothing else tell(t_ns, value)
                            if said or value is nothing:
                                extend((t_ns, track, known[0] + said))
                            else:
                                where = frame.f_code, frame.f_lasti
                                stream.store(lines.switch, t_ns, words.CURRENT, track, keep(value), *where)
                        except Exception as error:
                            self._failed(error)
                        return None
            return otherwise(event, args)

        return visualizer_hook

    def on_event(self, event: str, args: Any) -> BaseException | None:
        """Return what is to be raised at once, other than what comes in between."""
        if event == "switch" or event == "throw":
            try:
                self._on_switch(event, *args)
            except Exception as error:
                self._failed(error)
            control = self._control
            if control is not None and control.goal and args[0] is not args[1]:
                try:
                    control.on_switch()
                except BaseException:
                    # A signal's handler raised it. It goes on into the program, and greenlet takes out our function.
                    control.put_back(self.rehook)
                    raise
        if _CHAINED in self.unsettled:
            buffer = self._here()
            if buffer.chained is not None:
                try:
                    buffer.chained(event, args)
                except BaseException as error:
                    # It goes on into the program, and greenlet takes out the trace function it came from: ours.
                    buffer.chained = None
                    self._recording.at_next_event(self.rehook)
                    return self._recording.postponed.at_once(error)
        return None

    def _running(self) -> int | None:
        """The track of the greenlet that runs."""
        return self.tracks.get(self.running())

    def running(self) -> int:
        """The id of the greenlet that runs in the current thread: whoever was switched to last.

        `getcurrent` would first make an end of those whose last reference another thread has dropped: code of the
        program's would run in the middle of a hook, and perhaps where without us it never runs. So it is asked only
        where nobody has switched yet.
        """
        compiled = self._recording.compiled
        known = self._here().runs if compiled is None else compiled.running_greenlet()
        return known or id(self.module.getcurrent())

    def _suspended(self) -> Iterator[tuple[int, Any]]:
        """The tracks of greenlets that are suspended, each with the frame in which it is."""
        for greenlet in self.living():
            frame = self.frame_of(greenlet)
            if frame is not None:
                yield self.tracks[id(greenlet)], frame

    def _on_tasks(self, begins: bool) -> None:
        """The greenlet that runs begins or ceases to run a loop: not always the same track runs in its place.

        So there is no short way to it.
        """
        self.raw.pop(self.running(), None)

    def _on_switch(self, event: str, origin: Any, target: Any) -> None:
        recording = self._recording
        stream = recording.stream
        t_ns = stream.clock()
        buffer = stream.here(t_ns)
        if words.NOBODY in self.unsettled:
            self.unsettled.discard(words.NOBODY)
            stream.attend(buffer)
        buffer.runs = id(target)
        from_track = self.tracks.get(id(origin))
        if from_track is None:
            from_track = self.adopt(origin, t_ns)
        to_track = self.tracks.get(id(target))
        if to_track is None:
            to_track = self.adopt(target, t_ns)
        if to_track in self._made:
            self._made.discard(to_track)
            buffer.entering = to_track
        elif to_track in self._nameless:
            # Entered for the first time: by the time it is suspended once, it has a name.
            buffer.entering = to_track
            if sys.version_info < (3, 12):
                _on_first_call(self.entered)
        if origin is target:
            if event == "throw":
                # It threw into itself, in the frame below our hook's.
                below: Any = sys._getframe(2)
                while below is not None and below.f_code.co_name == "visualizer_hook":
                    below = below.f_back
                self._note_thrown(to_track, lines.NO_VALUE if below is None else self.sites.thrown(below))
            return
        frame = self.frame_of(origin)
        code: CodeType | None = None
        offset = 0
        value: Any = lines.NO_VALUE
        if frame is None and self.is_dead(origin):
            returned = self._on_dead(event, origin, from_track, t_ns, buffer)
            if to_track not in self.hubs and not (to_track in self.new and show(returned).startswith("GreenletExit(")):
                # One that had not begun is entered with nothing when its child is killed.
                value = returned
        elif from_track not in self.hubs:
            # It was only a function that a compiled one had called.
            buffer.left = None
            code, offset = place_of(frame, recording.own)
            if from_track in self._nameless:
                self._name_suspended(from_track, frame, t_ns)
            if event == "switch" and to_track not in self.hubs and frame is not None:
                value = self.sites.value(frame)
                if code is frame.f_code:
                    self._learn(buffer, self.sites.at(frame), code, offset, t_ns)
        if event == "throw":
            if frame is not None:
                family = self.hubs.get(from_track)
                value = family.thrown(from_track) if family is not None else lines.NO_VALUE
                for asked in (*(one.thrown_in for one in self.families), self.sites.thrown):
                    if value is lines.NO_VALUE:
                        value = asked(frame)
            self._note_thrown(to_track, value)
        else:
            if self._thrown:
                self._thrown.discard(to_track)
                self.unsettled.discard(to_track)
            if to_track in self.hubs:
                # It may be resumed by the hub, or by who switches to it past the hub: that is not to be missed.
                self.raw.pop(id(origin), None)
            elif from_track not in self.hubs and to_track not in self._nameless and to_track not in recording.inside:
                self.raw[id(target)] = to_track
        self.new.pop(to_track, None)
        family = self.hubs.get(to_track) or self.hubs.get(from_track)
        for one in self.families if family is None else (family,):
            shape = one.on_switch(t_ns, event, origin, from_track, target, to_track)
            if shape is not None:
                buffer.rows.extend((t_ns, to_track, shape))
                return
        if family is None:
            from_track, to_track = map(recording.in_place_of, (from_track, to_track))
        line = lines.switch if event == "switch" else lines.throw
        stream.store(line, t_ns, from_track, to_track, value, code, offset)

    def _note_thrown(self, track: int, value: Any) -> None:
        """`track` was thrown into: if it then ends without an error, that was GreenletExit, or it caught it."""
        if type(value) is not Shown or value.startswith("GreenletExit("):
            self._thrown.add(track)
            self.unsettled.add(track)

    def _learn(self, buffer: Buffer, site: CallSite, code: CodeType, offset: int, t_ns: int) -> None:
        """From now on the short way may be taken for a switch that leaves its origin suspended here.

        The code is kept alive by `sites`.
        """
        place, value = id(code) + offset, site.constant
        if place in buffer.shapes or place in buffer.handed:
            return
        shape = buffer.shape(t_ns, (lines.switch, words.CURRENT, words.SUBJECT, value, code, offset))
        if site.argument is None or value is not lines.NO_VALUE:
            buffer.shapes[place] = shape
        else:
            buffer.handed[place] = shape, site.name, site.argument

    def adopt(
        self, greenlet: Any, t_ns: int, creator: int = words.NOBODY, frame: Any = None,
        place: tuple[CodeType, int] | None = None, name: str | None = None,
    ) -> int:
        """Give a greenlet that is seen for the first time a track, and store its spawn. Return the track."""
        recording = self._recording
        parent = self.parent_of(greenlet)
        if parent is None:
            # The main greenlet of its thread: the thread's own track.
            track = recording.thread()
        else:
            parent_track = self.tracks.get(id(parent))
            if parent_track is None:
                parent_track = self.adopt(parent, t_ns)
            track = recording.new_track()
            self.new[track] = True
            family, described = self.describe(greenlet)
            if described is None:
                run = self.run_name(greenlet) or callable_name(function_of(greenlet, self.module))
                described = (words.GREENLET, name or run or "greenlet")
                if name is not None:
                    self._made.add(track)
                elif described[1] == "greenlet":
                    self._nameless.add(track)
                    self.unsettled.add(track)
            code, offset = place or place_of(frame, recording.own)
            if family is not None and described[0] in family.schedulers:
                self.hubs[track] = family
                self.living_hubs[id(greenlet)] = track
            about = (*described, parent_track, creator)
            self._store_spawn(t_ns, track, about, code, offset)
        link = Link(greenlet, self.forgetting)
        link.key, link.track = key, track = id(greenlet), track
        self.tracks[key] = track
        self.references[key] = link
        return track

    @uninterrupted
    def forget(self, gone: Link) -> None:
        """A greenlet that had a track is no more. Where the interpreter tells that, it only prints what is raised."""
        try:
            if self.references.get(gone.key) is gone:
                del self.references[gone.key]
                for by_id in self.by_id:
                    by_id.pop(gone.key, None)
                self.new.pop(gone.track, None)
                for family in self.families:
                    family.collected(gone.track)
        except BaseException as error:
            self._later(error)

    def _store_spawn(
        self, t_ns: int, track: int, about: tuple[str, str, int, int], code: CodeType | None, offset: int
    ) -> None:
        """Store a spawn, as a row where the same was spawned at the same place before, by whoever ran."""
        stream = self._recording.stream
        if about[3] == words.CURRENT and code is not None:
            buffer = stream.here(t_ns)
            buffer.spawns(("spawn", about, id(code), offset), code, t_ns, track, lambda: about, code, offset)
            stream.attend(buffer)
        else:
            stream.extend((lines.spawn, t_ns, track, about, lines.NO_VALUE, code, offset))

    def describe(self, greenlet: Any) -> tuple[Family | None, tuple[str, str] | None]:
        """Whose a greenlet is, and what it is."""
        for family in self.families:
            described = family.describe(greenlet)
            if described is not None:
                return family, described
        return None, None

    def reference(self, greenlet: Any) -> Any:
        """The weak reference to a greenlet that has a track."""
        return self.references[id(greenlet)]

    def rename(self, track: int, name: str | None, t_ns: int) -> None:
        """Store a better name, if there is one."""
        if name is not None:
            self._recording.named(t_ns, track, name)

    def living(self) -> list[Any]:
        """The greenlets that have a track and are not collected."""
        found = [reference() for reference in list(self.references.values())]
        return [greenlet for greenlet in found if greenlet is not None]

    def _on_dead(self, event: str, greenlet: Any, track: int, t_ns: int, buffer: Buffer) -> Any:
        """Store that a greenlet ended; return the value that goes to its parent."""
        inferred = None
        value: Any = lines.NO_VALUE
        outcomes = (family.outcome(greenlet) for family in self.families)
        known = self._recording.thread_errors.take(track)
        known = known or next((outcome for outcome in outcomes if outcome is not None), buffer.left)
        buffer.left = None
        if known is not None:
            outcome, value = known
        elif event == "throw":
            outcome = words.RAISED
        elif track in self._thrown:
            outcome, inferred = words.KILLED, "it was thrown into, and ended without an error"
        else:
            # Or GreenletExit, raised by itself: its parent gets that as it would get a value.
            outcome, inferred = words.RETURNED, "it ended without an error"
        self._thrown.discard(track)
        self.raw.pop(id(greenlet), None)
        self._settle(track)
        if buffer.entering == track:
            buffer.entering = words.NOBODY
        if outcome == words.RETURNED and value is None and inferred is None:
            buffer.rows.extend((t_ns, track, buffer.returned_nothing(t_ns)))
        else:
            self._recording.exited(t_ns, track, outcome, value, inferred)
        return value

    # Names. The function of a raw greenlet can be asked for only before it is entered, and there is no event then.

    def run_name(self, greenlet: Any) -> str | None:
        """The name of what a greenlet runs: of a subclass's method `run`, or of the function it was given."""
        kind = type(greenlet)
        for base in kind.__mro__:
            if base is self.module.greenlet:
                break
            if "run" in base.__dict__:
                return callable_name(base.__dict__["run"]) or type_name(kind)
        return None

    def is_entering(self) -> bool:
        """Whether the code that starts on this thread now may be the function of a greenlet just entered."""
        stream = self._recording.stream
        return stream.is_known() and stream.here(0).entering != words.NOBODY

    def entered(self, code: CodeType) -> None:
        """The first code that runs in a greenlet that was just entered is its function, unless it is ours: `print`."""
        buffer = self._here()
        track, buffer.entering = buffer.entering, words.NOBODY
        if track in self._nameless and not is_of_runtime(code) and not self._recording.own.is_hook(code):
            self._store_name(track, function_name(code), self._recording.stream.clock())

    def left(self, outcome: str, value: Any) -> None:
        """The function of the greenlet that runs on this thread is left; its end comes next."""
        self._here().left = (outcome, keep(value))

    def _on_left(self, value: Any, error: BaseException | None) -> None:
        """The function of the greenlet that runs on this thread has returned `value`, or raised `error`."""
        try:
            if error is None:
                self.left(words.RETURNED, value)
            else:
                self.left(words.KILLED if type_name(type(error)) == "GreenletExit" else words.RAISED, error)
        except Exception as failure:
            self._failed(failure)

    def makes(self, kind: type) -> bool:
        """Whether a call of the class `kind` makes a greenlet of which no family tells."""
        is_one = self.module is not None and self.module.greenlet in bases_of(kind)
        return is_one and not any(family.owns(kind) for family in self.families)

    def was_made(self, kind: type, frame: Any) -> None:
        """A call of `kind` in the program's own code, in `frame`, is over."""
        greenlet = newest(kind, self.module, self.tracks, self._recording.stream.is_alone)
        if greenlet is None:
            return
        name = self.run_name(greenlet) or callable_name(function_of(greenlet, self.module))
        if name is not None:
            place = frame.f_code, frame.f_lasti
            self.adopt(greenlet, self._recording.now(), words.CURRENT, place=place, name=name)

    def _name_suspended(self, track: int, frame: Any, t_ns: int) -> None:
        if frame is None:
            # Its function is compiled.
            self._settle(track)
            return
        while frame.f_back is not None:
            frame = frame.f_back
        self._store_name(track, function_name(frame.f_code), t_ns)

    def _settle(self, track: int) -> None:
        self._nameless.discard(track)
        self.unsettled.discard(track)

    def _store_name(self, track: int, name: str, t_ns: int) -> None:
        self._settle(track)
        self._recording.named(t_ns, track, name)


def _on_first_call(report: Callable[[CodeType], None]) -> None:
    """Have `report` called with the code of the next Python function that starts in this thread (3.11 only)."""
    previous = sys.getprofile()
    if previous is not None:
        return

    def first(frame: Any, event: str, _: Any) -> None:
        sys.setprofile(None)
        if event == "call" and frame.f_back is None:
            report(frame.f_code)

    sys.setprofile(first)
