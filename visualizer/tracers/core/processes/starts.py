"""Records the Python programs that the program starts by exec, into the same file.

What is started without an environment of its own (os.system, os.exec..., multiprocessing) inherits that of C, in which
we put our variables: the program's os.environ does not show them. Where it is given one, they are put into that
(`_posixsubprocess.fork_exec`, by which subprocess and multiprocessing start everything). The child's `sitecustomize`
takes them out again, before any code of the program.

A program that is given an environment by another function (os.posix_spawn, os.execve) is not recorded, nor is an
interpreter that ignores it (-I, -E) or has no `site` (-S).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys
import time
from itertools import pairwise

from visualizer.trace import words
from visualizer.tracers.__main__ import is_closed
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import place_of
from visualizer.tracers.core.stored import StoredAttributes
from visualizer.tracers.core.values import SEQUENCES, dictionary

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from visualizer.tracers.core.context import Context
    from visualizer.tracers.core.processes.forks import Forks

#: Has what a child is told, see `Starts.told`.
CHILD = "VISUALIZER_CHILD"
#: Of VISUALIZER_CHILDREN: multiprocessing's own processes are recorded, too.
ALL = "all"
#: The lines that a process writes of which nothing else is to be told: its children may refer to them.
DEFINITIONS = (b'["text"', b'["place"', b'["listing"', b'["shape"')
_PATH = "PYTHONPATH"
_LONGEST_COMMAND = 200
#: Of so many it is told, of each command line once, that they are not recorded.
_MOST_UNRECORDED = 3
_EXEC, _SUBPROCESS, _FORK, _FORKSERVER = (
    "_posixsubprocess", "subprocess", "multiprocessing.popen_fork", "multiprocessing.popen_forkserver",
)
#: Of subprocess.
_SWITCH = "_USE_POSIX_SPAWN"
#: What multiprocessing starts for its own use: so it says behind -c.
_TRACKER, _SERVER = "from multiprocessing.resource_tracker import main", "from multiprocessing.forkserver import main"


def is_server(command: list[str]) -> bool:
    """Whether that is multiprocessing's fork server, which does nothing but to fork the program's children."""
    return _runs(command, _SERVER)


def _runs(command: list[str], what: str) -> bool:
    return any(option == "-c" and what in code for option, code in pairwise(command))


def _is_python(command: list[str]) -> bool:
    return bool(command) and "python" in os.path.basename(command[0])


def shown(command: list[str]) -> str:
    """A command line, its interpreter without the folder."""
    text = " ".join([os.path.basename(command[0]), *command[1:]]) if command else ""
    return text if len(text) <= _LONGEST_COMMAND else text[: _LONGEST_COMMAND - 1] + "…"


class Starts:
    """The programs that this process starts, and those that it forks."""

    name = "processes"
    modules: tuple[str, ...] = (_EXEC, _SUBPROCESS, _FORK, _FORKSERVER)

    def __init__(self, context: Context, variables: dict[str, str], forks: Forks) -> None:
        """`variables`: those by which a child is recorded."""
        self._context = context
        self._variables = variables
        self._forks = forks
        self._stored = StoredAttributes(lambda error: context.fail(self.name, error))
        self._is_on = False
        #: The command lines of those of which it was told that they are not recorded.
        self._unrecorded: set[str] = set()
        #: subprocess, if we have switched off that it starts programs in another way.
        self._switched: ModuleType | None = None
        #: The program's own PYTHONPATH when ours was put in front of it.
        self._path: str | None = None

    def install(self) -> str:
        self._is_on = True
        self._context.spawns = self.spawns
        self.put()
        self._forks.on_child = self.put
        return "on: children that are forked; and Python programs that are started by exec, by their environment"

    def imported(self, name: str, module: ModuleType) -> None:
        known: Any = module
        if name == _EXEC:
            # Whoever has imported it keeps it: it is not put back.
            known.fork_exec = self._wrapped(known.fork_exec)
        elif name == _FORKSERVER:
            self._stored.watch(known.Popen, "pid", self._served)
        else:
            self._stored.watch(known.Popen, "returncode", self._returned)
        if name == _SUBPROCESS and getattr(known, _SWITCH, False):
            # What it does instead is seen. Its manual allows to switch it off.
            setattr(known, _SWITCH, False)
            self._switched = module

    def remove(self) -> None:
        self._stored.remove()
        if self._switched is not None:
            setattr(self._switched, _SWITCH, True)
            self._switched = None
        if self._is_on:
            self._is_on = False
            self._take_out()

    def finish(self, t_ns: int) -> None:
        """All has been said."""

    # The environment.

    @property
    def told(self) -> str:
        """For a child: this process, the first one and its zero, by which the trace is known, and by how much the
        program's clock is behind. That is 0 as long as it never stood still, and not the little that passes between two
        looks: a child that is told of none may be recorded in C."""
        before = self._variables.get(CHILD)
        stream = self._context.stream
        first = before.split(":")[1] if before else os.getpid()
        behind_ns = max(0, time.monotonic_ns() - stream.clock())
        return f"{os.getpid()}:{first}:{stream.start_ns}:{behind_ns}"

    def put(self) -> None:
        """Have what inherits C's environment recorded, as started by this process."""
        if not self._is_on:
            return
        self._path = os.environ.get(_PATH)
        self._variables[CHILD] = self.told
        for name, value in self._variables.items():
            os.putenv(name, value if name != _PATH else self._in_front_of(self._path))

    def _take_out(self) -> None:
        for name in self._variables:
            os.unsetenv(name)
        path = os.environ.get(_PATH)
        if path is not None:
            os.putenv(_PATH, path)

    def _in_front_of(self, path: str | None) -> str:
        ours = self._variables[_PATH]
        return ours if path is None else f"{ours}{os.pathsep}{path}"

    def _with_ours(self, env: list[bytes]) -> list[bytes]:
        rest, path = [], None
        for entry in env:
            if entry.startswith(b"PYTHONPATH="):
                path = os.fsdecode(entry[11:])
            else:
                rest.append(entry)
        ours = {**self._variables, _PATH: self._in_front_of(path)}
        return rest + [os.fsencode(f"{name}={value}") for name, value in ours.items()]

    # What is started.

    def _wrapped(self, fork_exec: Callable[..., int]) -> Callable[..., int]:
        def visualizer_fork_exec(*given: Any) -> int:
            how = ""
            if self._is_on:
                given, how = self._prepared(given)
            pid = fork_exec(*given)
            if how:
                self._started(pid, how, sys._getframe(1))
            return pid

        return visualizer_fork_exec

    def _prepared(self, given: tuple[Any, ...]) -> tuple[tuple[Any, ...], str]:
        """The arguments of `fork_exec`, the sixth of which is the environment; and how that starts something that may
        be recorded."""
        try:
            args, env = given[0], given[5]
            command = [os.fsdecode(word) for word in args if isinstance(word, str | bytes)]
            is_own = _runs(command, _TRACKER) or is_server(command)
            hidden = _runs(command, _TRACKER) and self._variables["VISUALIZER_CHILDREN"] != ALL
            closed = not hidden and _is_python(command) and is_closed(command[1:])
            if closed:
                self._not_recorded(command, "-I, -E and -S keep its start from being seen")
            if hidden or closed:
                # Nobody would take our variables out again.
                if env is None:
                    env = [name + b"=" + value for name, value in os.environb.items()]
                    given = (*given[:5], env, *given[6:])
                return given, "" if hidden else words.BY_SUBPROCESS
            self._context.ends.tell_all()
            if env is None:
                if os.environ.get(_PATH) != self._path:
                    self.put()
            elif type(env) is list:
                given = (*given[:5], self._with_ours(env), *given[6:])
            if is_own:
                return given, words.BY_ITSELF if self._variables["VISUALIZER_CHILDREN"] == ALL else ""
            return given, words.BY_SPAWN if "--multiprocessing-fork" in command else words.BY_SUBPROCESS
        except Exception as error:
            self._context.fail(self.name, error)
            return given, ""

    def spawns(self, argv: Any, env: Any) -> None:
        """The program calls `os.posix_spawn` with that: its own environment has not what a child is recorded by."""
        self._context.ends.tell_all()
        if not self._is_on or id(type(argv)) not in SEQUENCES:
            return
        command = [os.fsdecode(word) for word in argv if type(word) is str or type(word) is bytes]
        has_ours = type(env) is dict and CHILD in env
        if (type(env) is dict or env is os.environ) and not has_ours and _is_python(command):
            self._not_recorded(command, "os.posix_spawn gives it the environment that it is passed")

    def _not_recorded(self, command: list[str], why: str) -> None:
        said = shown(command)
        if said not in self._unrecorded and len(self._unrecorded) < _MOST_UNRECORDED:
            self._unrecorded.add(said)
            self._context.note(f"A Python program that was started is not recorded: {said} ({why}).")

    def _started(self, pid: int, how: str, frame: Any) -> None:
        context = self._context
        try:
            if context.is_over:
                return
            t_ns = context.now()
            by = [context.current(), *context.running_in(frame)][-1]
            context.stream.store(lines.started, t_ns, by, (pid, how), None, *place_of(frame, context.own))
            if how != words.BY_FORKSERVER:
                self._forks.started(pid)
        except Exception as error:
            context.fail(self.name, error)

    def _served(self, _: Any, pid: Any) -> None:
        """multiprocessing's fork server has forked a child for us."""
        if type(pid) is int:
            self._started(pid, words.BY_FORKSERVER, sys._getframe(2))

    def _returned(self, popen: Any, code: Any) -> None:
        """The program has learnt how one has ended."""
        pid = dictionary(popen).get("pid")
        if type(code) is not int or type(pid) is not int or not -_signal.NSIG < code < 256:
            return
        if code == 0 and _signal.getsignal(_signal.SIGCHLD) is _signal.SIG_IGN:
            return  # subprocess takes it for 0 where nobody can know.
        self._forks.returned(pid, max(code, -1), max(-code, 0))
