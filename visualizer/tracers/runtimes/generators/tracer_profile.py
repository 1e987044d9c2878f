"""Watches generators with `sys.setprofile`, for Python 3.11, which has nothing better.

A profile function is called for every call in its thread, so it is in force only while it is needed: while a module of
the program's own is imported, and from the moment one is found to have a generator. Where code may come to run that no
import statement leads to, it stays in force until then: `exec` and the like, a finder of the program's own (pytest has
one), a library that is run as the script (`-m coverage run ...`). It is called with "call" when a
generator is started, resumed or thrown into, and with "return" when it yields, returns or ends by an exception; the
instruction that the frame stands at tells which. 3.11 has no event for a generator's creation.

While a thread runs tasks it is in force there only if the program has a generator that is no coroutine: what a task
awaits is no track.
"""

from __future__ import annotations

import _thread
import opcode
import sys
from types import BuiltinFunctionType

from visualizer.tracers.core.code import GENERATOR_FLAG, PLAIN_FLAG, place, place_of
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import bases_of, type_module
from visualizer.tracers.runtimes.generators.fast_path import profile_way
from visualizer.tracers.runtimes.generators.frame_events import UNAWAITED, FrameEvents
from visualizer.tracers.runtimes.generators.introspection import ASKING, METHODS, all_codes

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any

_get_ident = _thread.get_ident
#: Of the flags of a code object those of a generator that is neither a coroutine nor asynchronous.
_GLOBAL = opcode.opmap["LOAD_GLOBAL"]
#: These follow what a call's arguments are loaded with (PRECALL is there on 3.11 alone).
_OF_CALLS = frozenset(opcode.opmap[name] for name in ("PRECALL", "CALL", "CACHE") if name in opcode.opmap)
_next = next
_STDLIB_NAMES = sys.stdlib_module_names
#: By these code is run that no import leads to; a child of multiprocessing's runs the program's script by the last two.
_LOADERS = frozenset((
    "exec", "exec_module", "load_module", "run_module", "run_path", "multiprocessing.spawn",
    "multiprocessing.forkserver",
))
#: Functions by which another profiler takes our place: of `sys`, of cProfile's, and of pyinstrument's.
_TAKING_OVER = ("setprofile", "enable", "setstatprofile")
_TAKEN = (
    "The program sets a profile function, where on Python 3.11 the tracer has its own: "
    "generators are missing from here on in that thread"
)
_TAKEN_OUT = (
    "At the end of the program the profile function is not in force any more by which generators are recorded on "
    "Python 3.11, so some may be missing: the interpreter takes it out where a program has no stack left, or a "
    "signal's handler raises in the middle of it"
)
#: So many times these are told.
_TOLD = 10


class ProfileTracer(FrameEvents):
    name = "generators"
    modules: tuple[str, ...] = ()

    def __init__(self, recording: Context) -> None:
        super().__init__(recording, {})
        # The interpreter writes back what it showed of them.
        self._generators.reads_variables = False
        self._imports = recording.imports
        #: Whether the program is known to have a generator; what --include names is taken to have one.
        self._found = bool(recording.own.include)
        #: The same of one that no task awaits, as far as can be told.
        self._found_plain = bool(recording.own.include)
        #: The threads in which tasks run.
        self._with_tasks: set[int] = set()
        #: What `warnings` has for coroutines that were never awaited, while it is asked for by way of us.
        self._warn: Any = None
        self._main_began = False
        #: Code of the program's own may come to run without our having been asked for a module.
        self._stays = False
        #: Has the track of a greenlet that was just entered, if its name is to be found.
        self._unsettled = recording.unsettled
        #: Another profile function may be told of so often.
        self._telling = _TOLD
        #: The threads where another profile function has our place.
        self._without_us: set[int] = set()
        entered, methods = frozenset(("<module>", UNAWAITED)), frozenset((*METHODS, *ASKING, *_TAKING_OVER))
        self._hook: Any = profile_way(self._generators, entered, methods, self._on_event)
        #: Has it called in the current thread.
        self._begin: Callable[[], None] = lambda: sys.setprofile(self._hook)

    def install(self) -> str:
        if sys.getprofile() is not None:
            return "refused: the program already has a profile function"
        self._calibrate()
        if self._recording.points is not None:
            self._hook = self._recording.points.install(self._hook)
        self._imports.before_any = self._before_import
        self._imports.install()
        self._recording.on_tasks.append(self._on_tasks)
        self._begin()
        return "on: sys.setprofile"

    def imported(self, name: str, module: ModuleType) -> None:
        """No module is waited for."""

    def remove(self) -> None:
        self._imports.before_any = None
        self._found = self._found_plain = False
        self._leave_warnings()
        self._telling = -1
        if sys.getprofile() is self._hook:
            sys.setprofile(None)

    def finish(self, t_ns: int) -> None:
        if self._is_needed() and sys.getprofile() is None and _get_ident() not in self._without_us:
            self._recording.note(f"{_TAKEN_OUT}.")
        self._generators.finish(t_ns)

    def _before_import(self, name: str, path: Any) -> None:
        """A module is about to be looked for: if it may be the program's own, see what is in it."""
        if not self._stays and sys.meta_path[0] is not self._imports:
            # Whoever stands in front of us answers without our being asked.
            self._stays = True
            if sys.getprofile() is None:
                self._begin()
        if not self._is_needed() and name.partition(".")[0] not in _STDLIB_NAMES and sys.getprofile() is None:
            for finder in sys.meta_path:
                find = getattr(finder, "find_spec", None)
                if finder is self._imports or find is None:
                    continue
                spec = find(name, path)
                if spec is not None:
                    if spec.has_location and self._recording.own.owns_file(spec.origin):
                        self._begin()
                    return

    def _is_needed(self) -> bool:
        """Whether the program has generators that are to be seen in this thread."""
        return self._found_plain if _get_ident() in self._with_tasks else self._found

    def _on_tasks(self, begins: bool) -> None:
        """This thread begins or ceases to run tasks."""
        if begins:
            self._with_tasks.add(_get_ident())
            if not self._found_plain and not self._stays and sys.getprofile() is self._hook:
                # It is called for this call, too.
                telling, self._telling = self._telling, -1
                sys.setprofile(None)
                self._telling = telling
                self._mind_warnings()
        else:
            self._with_tasks.discard(_get_ident())
            if not self._with_tasks:
                self._leave_warnings()
            if self._found and sys.getprofile() is None:
                self._begin()

    def _mind_warnings(self) -> None:
        """Learn of coroutines that are never awaited while no profile function is in force.

        The interpreter asks `warnings` for the function to call then (PEP 562: for one that is not there, a function of
        the module's is asked). From there on a profile function is in force up to that call: no frame of ours stands
        between the two, by which the place of the warning is found.
        """
        warnings = sys.modules.get("warnings")
        if self._warn is not None or warnings is None or "__getattr__" in warnings.__dict__:
            return
        self._warn = warn = warnings.__dict__.pop(UNAWAITED, None)

        def first(frame: Any, event: str, _: Any) -> None:
            if event == "call":
                sys.setprofile(None)
                if frame.f_code is warn.__code__:
                    self._on_event(frame, event, None)

        def __getattr__(name: str) -> Any:  # noqa: N807
            if name != UNAWAITED or warn is None:
                raise AttributeError(f"module 'warnings' has no attribute {name!r}")
            if sys.getprofile() is None:
                sys.setprofile(first)
            return warn

        warnings.__dict__["__getattr__"] = __getattr__

    def _leave_warnings(self) -> None:
        warnings, warn, self._warn = sys.modules.get("warnings"), self._warn, None
        if warnings is not None and warn is not None:
            warnings.__dict__.pop("__getattr__", None)
            warnings.__dict__.setdefault(UNAWAITED, warn)

    def _on_event(self, frame: Any, event: str, arg: Any) -> None:
        try:
            code = frame.f_code
            if event == "call":
                if code.co_flags & GENERATOR_FLAG:
                    self._on_generator_call(frame, code)
                elif code.co_name == "<module>":
                    self._on_module(frame, code)
                elif code.co_name == UNAWAITED:
                    self._generators.births.on_unawaited(frame)
                elif self._unsettled and frame.f_back is None and self._recording.is_entering():
                    self._recording.entered(code)
            elif event == "return":
                if code.co_flags & GENERATOR_FLAG:
                    self._on_generator_return(frame, code, arg)
            elif event == "c_call":
                if type(arg) is BuiltinFunctionType and not self._on_method(arg, frame, code):
                    self._on_other_method(arg, frame)
            elif type(arg) is BuiltinFunctionType:
                if self._generators.calls:
                    self._generators.on_called(arg.__self__)
                if event == "c_exception":
                    asked = _argument(frame, code) if arg is _next else arg.__self__
                    self._on_refused(asked, frame, code, arg.__name__)
        except Exception as error:
            try:
                self._recording.fail(self.name, error)
            except BaseException:
                self._put_back(frame)
                raise

    def _put_back(self, frame: Any) -> None:
        """A signal's handler raised something, and the interpreter takes out the profile function: have it set again
        by a trace function, which is called when that comes to `frame`, or from there to its caller."""
        if sys.gettrace() is not None:
            return  # The program's own.
        both = [one for one in (frame, frame.f_back) if one is not None]

        def again(*_: Any) -> None:
            sys.settrace(None)
            for one in both:
                one.f_trace = None
            self._begin()

        for one in both:
            one.f_trace = again
        sys.settrace(again)

    def _on_module(self, frame: Any, code: CodeType) -> None:
        """A module begins: out of the way, as long as the program has no generator."""
        own = self._recording.own(code)
        if not self._main_began and frame.f_globals.get("__name__") == "__main__":
            self._main_began = True
            self._stays = self._stays or not own
        if not self._found_plain and own:
            codes = all_codes(code)
            self._stays = self._stays or any(not _LOADERS.isdisjoint(one.co_names) for one in codes)
            if not self._found and any(one.co_flags & GENERATOR_FLAG for one in codes):
                self._found = True
                self._imports.in_threads(self.name, self._begin)
            self._found_plain = any(one.co_flags & GENERATOR_FLAG == PLAIN_FLAG for one in codes)
        if self._main_began and not self._is_needed() and not self._stays and sys.getprofile() is self._hook:
            sys.setprofile(None)

    def _on_other_method(self, method: Any, frame: Any) -> None:
        if method.__name__ in _TAKING_OVER and self._telling >= 0 and not self._imports.is_threads_own(frame):
            bases = bases_of(type(method.__self__))
            if method.__name__ != "enable" or any(type_module(base) == "_lsprof" for base in bases):
                self._taken(frame)

    # Another profile function, of the program's own.

    def _taken(self, frame: Any) -> None:
        """Our place is taken in this thread by the call in `frame`."""
        self._tell(_TAKEN, frame)
        self._without_us.add(_get_ident())

    def _tell(self, text: str, frame: Any) -> None:
        if self._telling:
            code, offset = place_of(frame, self._recording.own)
            file, function, line, *_ = place(code if code is not None else frame.f_code, offset)
            self._recording.note(f"{text} ({function}, {file}:{line}).")

def _argument(frame: Any, code: CodeType) -> Any:
    """The one argument of the call in `frame` if that is a global variable; None if it is anything else.

    Its own variables are not looked at: the interpreter writes back what it showed of them.
    """
    instructions, at = code.co_code, frame.f_lasti
    while at > 0 and instructions[at] in _OF_CALLS:
        at -= 2
    if at < 0 or instructions[at] != _GLOBAL:
        return None
    return frame.f_globals.get(code.co_names[instructions[at + 1] >> 1])
