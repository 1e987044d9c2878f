"""The interface of the tracers: what a runtime has, and what the rooms here ask of one another.

Nothing but Protocols. A runtime is a folder in `runtimes/` with a class that has what `Watcher` says, and a row in
`runtimes.TABLE`; what it is given is a `Context` (context.py).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Mapping
    from types import CodeType, ModuleType
    from typing import Any, Protocol

    from visualizer.tracers.core.string_table import Interning

    #: Makes a line of the file: of the numbers of texts and places, `t` since the start in nanoseconds, a, b, value,
    #: code and offset of an event.
    Line = Callable[[Interning, int, Any, Any, Any, Any, Any], str]
    #: An event: its line function, absolute t_ns, a, b, value, code and offset.
    Parts = tuple[Line, int, Any, Any, Any, CodeType | None, int]
    #: For the reader of the trace: the words of a runtime that the reader does not know (trace/FORMAT.md, `runtimes`).
    Words = Mapping[str, Mapping[str, str]]
else:
    Protocol = object


class Watcher(Protocol):
    """Watches one runtime of the program. It is made with a `Context`, and its hooks never raise.

    A hook that fails gives its error to `Context.fail`, which takes the runtime out and lets the program go on.
    """

    #: Its name in the header and notes of the trace.
    name: str

    def imported(self, name: str, module: ModuleType) -> None:
        """The program has imported the module of this name that was waited for: its own code has run. Once for each."""

    def remove(self) -> None:
        """Take every hook out again. Called once, in the main thread at the end, or where a hook failed."""

    def finish(self, t_ns: int) -> None:
        """The program is over: store what is known only now (before `remove`)."""


class Runtime(Watcher, Protocol):
    """One that is there from the start on, as is what stands for another one until that is loaded (late.py)."""

    #: The modules whose import it waits for.
    modules: tuple[str, ...]

    def install(self) -> str:
        """Begin with what needs no module. Return one sentence on how the runtime is watched, or why it is not."""


class Callee(Protocol):
    """Wants to know of calls that only a runtime which watches code sees, in the thread that makes them."""

    def is_entering(self) -> bool:
        """Whether the code that starts on this thread now may be the first on a stack of its own."""

    def entered(self, code: CodeType) -> None:
        """`code` is the first that runs on its stack."""

    def left(self, outcome: str, value: Any) -> None:
        """The first function of this stack is left (words.RETURNED, RAISED or KILLED); the stack's end comes next."""

    def makes(self, kind: type) -> bool:
        """Whether a call of the class `kind` makes something that is to be known of."""

    def was_made(self, kind: type, frame: Any) -> None:
        """A call of such a class in the program's own code, in `frame`, is over."""


class GeneratorSteps(Protocol):
    """The steps of the program's generators, as far as control has to know them."""

    @property
    def watched(self) -> Mapping[int, Any]:
        """The generator functions that are watched, by the id of their code."""

    def is_track(self, frame: Any) -> bool:
        """Whether the step that is made, or was just ended, in the frame of a watched generator is that of a track."""

    def running_in(self, frame: Any) -> list[int]:
        """The tracks of the generators that run in `frame` and below it, the innermost last."""

    def running(self) -> set[int]:
        """The tracks of all generators that run, or are suspended in the middle of that with their greenlet."""

    def track_of(self, thing: Any) -> int:
        """The track of a generator that is suspended, or has not been started; NOBODY of anything else."""

    def on_exception(self, error: BaseException, frame: Any, asked: int, sent: Any = ...) -> None:
        """`error` was raised by a call in `frame`, of a method of `asked` if that is known: tell it if it refused."""


class Points(Protocol):
    """Where a program can be paused beside the switches of greenlets: the steps of its generators, and lines."""

    def install(self, hook: Any) -> Any:
        """Begin. `hook`: what stores the steps; return it, or what is to be set in its place."""

    def arm(self, goal: str) -> None:
        """Watch what that goal needs, in all threads as far as that is possible."""

    def enter(self) -> None:
        """The same in the current thread, which has just come to a switch."""

    def remove(self) -> None:
        """Watch nothing any more."""


class Pausable(Protocol):
    """What would run on while the thread that has it is paused: the timers of a loop."""

    def suspend(self) -> None:
        """Stand still, in the loop's own thread."""

    def resume(self) -> None:
        """Go on."""

    def nudge(self) -> bool:
        """From another thread: have the loop come to `Control.on_nudge`. Return False if it is gone."""


class Control(Protocol):
    """By which the program can be paused, if it was started so (control/)."""

    #: What to pause at; "" for nothing. Hooks ask for it in their slow path, which they take while there is a goal.
    goal: str

    def on_switch(self, track: int | None = None) -> None:
        """A switch was stored: wait here, if that is the goal. `track`: who runs now, if that is known."""

    def on_nudge(self) -> None:
        """In a loop's thread: wait here, if another thread does."""

    def put_back(self, hook: Callable[[], None]) -> None:
        """What a signal's handler raised goes through our hook, which is taken out: have it set again by `hook`."""

    def watch_loop(self, loop: Pausable) -> None:
        """The current thread has this loop: it stands still whenever the thread does."""

    # For the recording.

    def begin(self, recording: Any) -> None:
        """Listen from now on."""

    def finish(self) -> None:
        """The program is over."""

    def abandon(self) -> None:
        """In a forked child, which is nobody's to pause."""

    def share_clock(self, memory: Any) -> None:
        """Before a fork: tell the children through `memory`, two integers, what the clock says."""


class Numbering(Protocol):
    """What the numbers of tracks that the hooks know are in the file (processes/copies.py)."""

    #: By the hooks' number.
    known: dict[int, int]
    #: The ones met since this was last emptied: (number in the file, number of the parent's track).
    met: list[tuple[int, int]]

    def translate(self, line: Line, a: Any, b: Any, value: Any) -> tuple[Any, Any, Any] | None:
        """The same in the parts of an event. None: it is to be left out."""
